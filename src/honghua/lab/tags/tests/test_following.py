"""Profiles from the platform's own facts: what is booked is in the next pass's profile, only for declared uses, as far as consent goes."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.features.core import keys_of_texts
from honghua.lab.factory.api import shipped_dictionary
from honghua.lab.tags.api import (
    ProfileFollower,
    find_unused,
    forbidden_inputs,
    keep_known,
    read_profile,
    read_tags,
    read_uses,
)
from honghua.lab.tags.store import count_tags, read_place

FIRST = dt.date(2026, 2, 2)
NOW = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
CITY = shipped_dictionary("city")


def allow(conn, names):
    return {name: frozenset({"limits"} if name == "li" else {"limits", "offers"}) for name in names if name != "gone"}


def test_only_tags_with_a_use_are_kept_and_none_reads_what_is_protected():
    book = read_tags()
    uses = read_uses(book)
    kept = ProfileFollower(CITY).book
    assert find_unused(tuple(tag.name for tag in kept.tags), book, uses) == ()
    assert {tag.group for tag in kept.tags}.isdisjoint({"life stage", "kind of work", "means and stability"})
    assert find_unused(("new_parent", "no such tag"), book, uses) == ("new_parent", "no such tag")
    assert forbidden_inputs(kept, CITY) == ()


def test_another_dictionary_keeps_the_tags_that_it_can_tell():
    assert keep_known(read_tags(), CITY).tags == read_tags().tags
    assert keep_known(read_tags(), shipped_dictionary("handbook")).tags == ()


def test_a_use_of_a_group_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "uses.toml").write_text(
        '[[use]]\nname = "x"\nsays = "y"\nbasis = ""\ngroups = ["star sign"]\nsensitivities = ["deep"]\n', "utf-8"
    )
    with pytest.raises(BadInput, match=r"star sign.*deep.*ground"):
        read_uses(read_tags(), folder=tmp_path)


def test_facts_become_profiles_at_once_and_after_a_restart(conn):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    people = ("an", "li", "gone")
    credit.execute(
        conn, registry, [c.OpenAccount(key=f"o {one}", customer=one, limit_minor=200_000) for one in people], now=NOW
    )
    follower = ProfileFollower(CITY, allow, capacity=64)

    def buy(customer: str, count: int, at: dt.datetime) -> None:
        orders = [
            c.BuyNow(
                key=f"{customer} {at} {k}", customer=customer, amount_minor=20_000, merchant="M", order=f"{customer} {at} {k}",
                category="milk-powder",
            ) for k in range(count)
        ]  # fmt: skip
        answers = credit.execute(conn, registry, orders, now=at)
        assert all(one["outcome"] == "approved" for one in answers), answers

    for one in people:
        buy(one, 8, NOW + MINUTE)
    done = follower.follow(conn, now=NOW + 2 * MINUTE)
    assert (done.written, done.events, done.is_behind) == (2, 24, False)
    assert read_profile(conn, "gone", allowed=allow) is None
    an, li = (read_profile(conn, one, allowed=allow) for one in ("an", "li"))
    assert an is not None
    assert li is not None
    book = read_tags()
    groups = {tag.name: tag.group for tag in book.tags}
    assert {groups[tag] for tag in li.tags} <= {"use of credit", "repayment habit"}
    assert set(an.tags) >= set(li.tags)
    evidence = {name: value for told in an.evidence.values() for name, value in told.items()}
    assert evidence["customer__count__purchases__on_credit__90d"] == 8
    assert evidence["customer__last_limit__purchases__ever"] == 200_000
    assert set(count_tags(conn)) <= {tag.name for tag in follower.book.tags}
    conn.rollback()
    assert follower.follow(conn, now=NOW + 3 * MINUTE).written == 0, "nothing happened"

    buy("li", 1, NOW + 4 * MINUTE)
    credit.execute(conn, registry, [c.Repay(key="r", customer="an", amount_minor=100_000)], now=NOW + 4 * MINUTE)
    again = ProfileFollower(CITY, allow, capacity=64)  # another process: its memory is empty
    done = again.follow(conn, now=NOW + 5 * MINUTE)
    assert (done.written, done.events) == (2, 26)
    assert read_place(conn) > (0, 0)
    lived, born = (one.follow(conn, now=NOW + 6 * MINUTE) for one in (follower, again))
    assert (lived.events, born.events) == (2, 0)
    first = follower._profiles.profiles(_keys("an", "li"), _us(NOW + 6 * MINUTE))  # type: ignore[union-attr]
    second = again._profiles.profiles(_keys("an", "li"), _us(NOW + 6 * MINUTE))  # type: ignore[union-attr]
    assert [one.evidence for one in first] == [one.evidence for one in second]


def test_a_profile_without_new_facts_is_told_anew_and_what_may_not_be_kept_is_erased(conn):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    credit.execute(conn, registry, [c.OpenAccount(key="o", customer="an", limit_minor=200_000)], now=NOW)
    credit.execute(
        conn, registry,
        [c.BuyNow(key="b", customer="an", amount_minor=24_000, merchant="M", order="b", category="milk-powder")], now=NOW,
    )  # fmt: skip
    allowed = {"an": frozenset({"limits"})}
    follower = ProfileFollower(
        CITY, lambda _conn, names: {name: allowed[name] for name in names if name in allowed}, capacity=64
    )
    assert follower.follow(conn, now=NOW).written == 1
    later = NOW + dt.timedelta(days=2)
    assert follower.follow(conn, now=later).renewed == 1
    row = read_profile(conn, "an")
    assert row is not None
    assert row.as_of == later
    conn.rollback()
    allowed.clear()
    assert read_profile(conn, "an", allowed=follower.allowed) is None, "at once, also before it is erased"
    conn.rollback()
    assert follower.follow(conn, now=later + dt.timedelta(days=2)).erased == 1
    assert conn.execute("SELECT count(*) FROM lab_profile").fetchone() == (0,)


def _keys(*names: str):
    return keys_of_texts(names)


def _us(at: dt.datetime) -> int:
    return int(at.timestamp() * 1_000_000)
