"""Every key that a page uses is written in both languages, none is written in vain, and no template speaks by itself."""

from __future__ import annotations

import string

import pytest

from honghua.web.consumer.words import WORDS as CONSUMER
from honghua.web.ui.tests.reading_templates import find_bare, find_keys, find_stems, sources_of, templates_of
from honghua.web.ui.vocabulary import look_up
from honghua.web.ui.words import WORDS as UI

TABLES = {"ui": UI, "consumer": CONSUMER}


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("console", TABLES)
def test_keys_used_are_written_and_keys_written_are_used(console):
    written = {key for table in TABLES.values() for key in table}
    source = "\n".join(sources_of(name) for name in TABLES)
    prefixes = tuple(f"{name}." for name in TABLES)
    stems = find_stems(source)
    used = {key for key in find_keys(source) if key.startswith(prefixes)} - stems
    routes = {key for key in used if f'name="{key}"' in source}
    assert not {key for key in used - written - routes if key.startswith(f"{console}.")}
    assert not {key for key in TABLES[console] if key not in used and not key.startswith(tuple(stems))}


@pytest.mark.parametrize("console", TABLES)
def test_both_languages_say_the_same_values(console):
    for key, (chinese, english) in TABLES[console].items():
        assert chinese, key
        assert english, key
        assert names_in(chinese) == names_in(english), key
        assert "|" not in chinese, key
        assert all(names_in(one) <= names_in(chinese) | {"n"} for one in english.split("|")), key


@pytest.mark.parametrize("console", [*TABLES, "signin"])
def test_no_template_speaks_by_itself(console):
    for path in templates_of(console):
        assert find_bare(path.read_text(encoding="utf-8")) == [], path.name


def test_a_planted_word_is_seen():
    assert find_bare('<p title="Hello there">{{ t("x") }}</p>') == ["Hello there"]
    assert find_bare("<p>你好 {{ name }}</p>") == ["你好"]
    assert find_bare("<script>const word = 1</script>{# a remark #}<b>红花</b>") == []


def test_plurals_follow_the_number():
    words = {"x.days": ("{n} 天", "{n} day|{n} days")}
    assert look_up(words, "en", "x.days", {"n": 1}) == "1 day"
    assert look_up(words, "en", "x.days", {"n": 3}) == "3 days"
    assert look_up(words, "zh", "x.days", {"n": 1}) == "1 天"
    with pytest.raises(KeyError):
        look_up(words, "en", "x.months", {})
