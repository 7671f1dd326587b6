"""A name says its definition, a definition has one name, and nothing else is a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.features.core import FeatureSet, Window
from honghua.lab.factory.api import Factory, Quotient, parse_dictionary, shipped_dictionary
from honghua.lab.factory.grammar import definitions_of
from honghua.lab.factory.tests.town import TEXT, dictionary

TOWN = Factory(dictionary())
NAMES = list(TOWN.names())


def test_every_name_is_there_once_and_means_its_variable():
    assert len(set(NAMES)) == len(NAMES) == TOWN.count
    assert [TOWN.find(name) for name in NAMES] == list(TOWN.variables())


def test_a_city_has_a_hundred_thousand_and_each_goes_to_the_online_language():
    city = Factory(shipped_dictionary("city"))
    names = list(city.names())
    assert len(set(names)) == city.count >= 100_000
    some = tuple(names[::2500])
    told = FeatureSet(city.dictionary.schema, definitions_of(city, some))
    assert set(some) <= set(told.names)
    for name in some:
        variable = city.find(name)
        assert variable.name == name
        lineage = city.lineage(name)
        assert lineage.tables
        assert lineage.columns
        assert bool(lineage.operands) == isinstance(variable, Quotient)


@given(st.sampled_from(NAMES), st.integers(0, 60), st.sampled_from(["_", "x", "__", "share", "30d", "7d_vs_30d", ""]))
def test_a_name_with_a_part_changed_is_another_name_or_none(name, place, part):
    pieces = name.split("__")
    pieces[place % len(pieces)] = part
    changed = "__".join(pieces)
    if changed in NAMES:
        assert TOWN.find(changed).name == changed
    else:
        with pytest.raises(BadInput, match="no variable"):
            TOWN.find(changed)


def test_what_is_closed_or_protected_is_in_no_variable():
    assert TOWN.dictionary.protected == ("people.age",)
    assert not [name for name in NAMES if "health" in name or "age" in name.split("__")[1].split("_")[-1:]]
    columns = {column for name in NAMES[::7] for column in TOWN.lineage(name).columns}
    assert "people.age" not in columns
    assert {"purchases.price", "purchases.who", "purchases.goods", "repayments.paid_minor"} <= columns


def test_a_lineage_says_it_in_two_languages():
    told = TOWN.lineage("customer__sum_amount__purchases__food__night__30d__share")
    assert told.en.startswith("total of amount purchases food at night of the customer within 30d as a share of all")
    assert told.zh.startswith("总额 金额 消费 食品 夜间 客户 近30d 占比")
    assert told.operands == (
        "customer__sum_amount__purchases__food__night__30d",
        "customer__sum_amount__purchases__30d",
    )


def test_a_window_of_the_online_language_stands_behind_a_name():
    (found,) = definitions_of(TOWN, ("merchant__max_items__purchases__fun__7d",))
    where = (("kind", "==", 1), ("goods", "==", 2))
    assert found == Window(found.name, ("merchant",), "max", value="items", window="7d", where=where)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "town"', "name = ", "no TOML"),
        ("kind = 4", "kind = 1", "kind 1 is used twice"),
        ("kind = 4", "kind = 62", "kind is 1 … 61"),
        ("always_known = true", "", "name its time column, or say always_known"),
        ('windows = ["1d"', 'windows = ["25h"', "no multiple of its hop"),
        ('delay = "2d"', 'delay = "soon"', "delay 'soon'"),
        ("night = {", "night__x = {", "is no name"),
        ("night = {", "share = {", "is no name"),
        ('["hour", "<", 6]', '["minute", "<", 6]', "no column 'minute'"),
        ('over = "repayments"', 'over = "payments"', "no table 'payments'"),
        ("merchant = { en", "seller = { en", "no entity 'seller'"),
        ('file = "people.parquet"', "", "lacks or mistakes 'file'"),
    ],
)  # fmt: skip
def test_a_dictionary_that_means_nothing_is_refused_with_a_sentence(old, new, said):
    assert old in TEXT
    with pytest.raises(BadInput, match=said):
        parse_dictionary(TEXT.replace(old, new, 1))
