"""The book is whole and reads nothing that it must not; tags in a table are the tags of a live profile; a fact is in the next profile."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.features.core import MISSING
from honghua.lab.factory.api import Factory, Rows, Stream, online_events, shipped_dictionary
from honghua.lab.following.api import Profiles
from honghua.lab.tags.api import accuracy, fit_tags, forbidden_inputs, read_tags, values_of
from honghua.lab.tags.book import DATA, TagBook
from honghua.lab.tags.rules import parse_rule

CITY = shipped_dictionary("city")
BOOK = read_tags()
START_US = 1_700_000_000_000_000
DAY_US = 86_400_000_000
PEOPLE = np.arange(1, 31, dtype=np.int64)


def few_tags(*names):
    chosen = tuple(tag for tag in BOOK.tags if not names or tag.name in names)
    return TagBook(chosen, BOOK.forbidden)


@pytest.fixture(scope="module")
def stream():
    """Random events of thirty people in the city's schema: purchases, repayments, transfers and what is known of people."""
    rng = np.random.default_rng(3)
    n = 4_000
    columns = {name: np.full(n, MISSING, np.int64) for name in CITY.schema.columns}
    columns["at_us"] = columns["origin_at_us"] = START_US + np.sort(rng.integers(0, 170 * DAY_US, n))
    columns["kind"] = rng.choice([1, 1, 1, 1, 1, 3, 4, 8], n)
    columns["amount_minor"] = np.exp(rng.normal(8, 1.5, n)).astype(np.int64)
    for entity in CITY.entities:
        columns[entity] = rng.integers(1, 31 if entity == "customer" else 60, n)
    local = columns["at_us"] + 8 * 3_600_000_000
    columns["hour"], columns["weekday"] = local // 3_600_000_000 % 24, (local // DAY_US + 3) % 7
    columns["monthday"] = local // DAY_US % 30 + 1
    bought = columns["kind"] == 1
    columns["scene"] = np.where(bought, rng.integers(1, 45, n), MISSING)
    columns["items"] = np.where(bought, rng.integers(1, 9, n), MISSING)
    columns["credit"] = np.where(bought, rng.integers(0, 2, n), MISSING)
    columns["instalments"] = np.where(bought, rng.choice([0, 0, 3, 12], n), MISSING)
    columns["limit_minor"] = np.where(bought, 500_000, MISSING)
    columns["available"] = np.where(bought, rng.integers(0, 500_000, n), MISSING)
    return Stream(CITY, columns)


def test_the_book_holds_what_was_promised():
    assert len(BOOK.tags) >= 300
    assert sum(tag.credit for tag in BOOK.tags) >= 120
    assert len({tag.name for tag in BOOK.tags}) == len(BOOK.tags)
    texts = {(tag.rule.alternatives, tag.definition) for tag in BOOK.tags}
    assert len({rule for rule, _ in texts}) == len(BOOK.tags), "no rule stands there twice"
    assert {"life stage", "preference", "repayment habit"} <= {tag.group for tag in BOOK.tags}
    assert {tag.refresh for tag in BOOK.tags} == {"fact", "night"}
    factory = Factory(CITY)
    for name in BOOK.variables:
        assert factory.find(name).name == name


def test_no_tag_reads_what_none_may_and_a_planted_one_is_found():
    assert forbidden_inputs(BOOK, CITY) == ()
    tag = BOOK.tags[0]
    sick = type(tag)(
        "sick",
        "病",
        "Sick",
        "x",
        True,
        parse_rule("customer__count__purchases__care__30d >= 1"),
        "…",
        "fact",
        "personal",
        "",
    )
    with pytest.raises(BadInput, match="no variable"):
        forbidden_inputs(TagBook((sick,), BOOK.forbidden), CITY)
    words = (*BOOK.forbidden, ("baby", "planted"))
    assert [one for one in forbidden_inputs(TagBook(BOOK.tags, words), CITY) if one.startswith("new_parent reads baby")]


def test_a_wrong_line_is_told_with_its_number(tmp_path):
    (tmp_path / "forbidden.toml").write_text((DATA / "forbidden.toml").read_text())
    with (DATA / "tags.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:4]
    rows[1]["rule"] = "never"
    rows[2]["sensitivity"] = "who cares"
    rows[3]["name"] = rows[0]["name"]
    with (tmp_path / "tags.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(BadInput, match=rf"line 3: no clause.*line 4: needs.*{rows[0]['name']}: named twice"):
        read_tags(folder=tmp_path)


def test_the_profile_of_a_moment_is_the_table_of_that_moment(stream):
    rows = Rows({"customer": PEOPLE}, np.full(len(PEOPLE), stream.last_us, np.int64))
    fitted = fit_tags(BOOK, stream, rows)
    flags = fitted.assign(stream, rows)
    assert 0.02 < flags.mean() < 0.5
    live = Profiles(CITY, fitted, capacity=10_000)
    live.feed(online_events(stream))
    assert (fitted.judge(live.values(PEOPLE, stream.last_us)) == flags).all()
    one = live.profile(7, stream.last_us)
    assert one.tags == tuple(name for name, flag in zip(fitted.names, flags[6], strict=True) if flag)
    assert set(one.evidence) == set(one.tags)
    reach = fitted.reach(stream, rows)
    assert [told.tagged for told in reach] == pytest.approx(flags.mean(axis=0).tolist())


def test_a_fact_is_in_the_next_profile(stream):
    book = few_tags("big_transfer", "refused_lately")
    rows = Rows({"customer": PEOPLE}, np.full(len(PEOPLE), stream.last_us, np.int64))
    live = Profiles(CITY, fit_tags(book, stream, rows), capacity=1_000)
    now = stream.last_us + 60 * DAY_US
    assert live.profile(5, now).tags == ()
    told = online_events(stream, start=stream.rows - 1).copy()
    told[0, :4] = now, 3, 300_000, now
    told[0, CITY.schema.place("customer")] = 5
    live.feed(told)
    assert live.profile(5, now).tags == ("big_transfer",)
    assert live.profile(5, now).evidence["big_transfer"] == {"customer__count__transfers__amount_from_200000__30d": 1.0}
    assert live.profile(6, now).tags == ()


def test_accuracy_is_counted_by_hand(stream):
    rows = Rows({"customer": PEOPLE}, np.full(len(PEOPLE), stream.last_us, np.int64))
    book = few_tags("tenant", "big_spender")
    fitted = fit_tags(book, stream, rows)
    flags = fitted.assign(stream, rows)
    place = fitted.names.index("big_spender")
    truth = np.arange(len(PEOPLE)) % 3 == 0
    (found,) = accuracy(fitted, values_of(book, stream, rows), {"income:high": truth, "tenant": None})
    mine = flags[:, place]
    assert found.name == "big_spender"
    assert found.precision == pytest.approx(truth[mine].mean())
    assert found.recall == pytest.approx(mine[truth].mean())
    assert found.lift == pytest.approx(truth[mine].mean() / truth.mean())
