"""Profiles from the platform's own facts: what is booked is in the next pass's profile, only for declared uses, as far as consent goes."""

from __future__ import annotations

import datetime as dt
import struct

import pytest

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.features.core import keys_of_texts
from honghua.lab.factory.api import shipped_dictionary
from honghua.lab.fairness.api import note_traits
from honghua.lab.following.api import ProfileFollower
from honghua.lab.profiles.api import count_tags, forget_person, key_of_person, read_profile, refuse_tag
from honghua.lab.profiles.reading import find_book
from honghua.lab.profiles.store import read_place
from honghua.lab.tags.api import find_unused, forbidden_inputs, keep_known, read_tags, read_uses
from honghua.store.database import run_unit

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
    told = 'zh = "x"\nsays = "y"\nsays_zh = "y"\nbasis = ""\ngroups = ["star sign"]\nsensitivities = ["deep"]\n'
    (tmp_path / "uses.toml").write_text(f'[[use]]\nname = "x"\n{told}purposes = []\nrefusable = true\n', "utf-8")
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


def open_with(conn, *names):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    opening = [c.OpenAccount(key=f"o {one}", customer=one, limit_minor=900_000) for one in names]
    credit.execute(conn, registry, opening, now=NOW)

    def buy(customer: str, count: int, at: dt.datetime) -> None:
        orders = [
            c.BuyNow(
                key=f"{customer} {at} {k}", customer=customer, amount_minor=20_000, merchant="M", order=f"{customer} {at} {k}",
                category="milk-powder",
            ) for k in range(count)
        ]  # fmt: skip
        answers = credit.execute(conn, registry, orders, now=at)
        assert all(one["outcome"] == "approved" for one in answers), answers

    return buy


def test_a_new_process_goes_on_from_a_snapshot_with_the_very_same_windows(conn, tmp_path):
    buy = open_with(conn, "an", "li")
    buy("an", 9, NOW + MINUTE)
    first = ProfileFollower(CITY, allow, capacity=64, folder=tmp_path / "kept")
    first.follow(conn, now=NOW + 2 * MINUTE)
    assert not (tmp_path / "kept").exists(), "nothing is saved after so few facts"
    first.follow(conn, now=NOW + 70 * MINUTE)
    (snapshot,) = (tmp_path / "kept").glob("at-*")
    buy("li", 8, NOW + 71 * MINUTE)
    first.follow(conn, now=NOW + 72 * MINUTE)
    second = ProfileFollower(CITY, allow, capacity=64, folder=tmp_path / "kept")
    done = second.follow(conn, now=NOW + 72 * MINUTE)
    assert (done.facts, done.events, done.written) == (8, 8, 0), (
        "what was told before the restart is fed again, not written again"
    )
    moment = _us(NOW + 73 * MINUTE)
    both = [one._profiles.profiles(_keys("an", "li"), moment) for one in (first, second)]  # type: ignore[union-attr]
    assert both[0] == both[1]
    buy("li", 1, NOW + 74 * MINUTE)
    assert second.follow(conn, now=NOW + 75 * MINUTE).written == 1
    (snapshot / "windows" / "0" / "rows.raw").write_bytes(b"rotten")
    third = ProfileFollower(CITY, allow, capacity=64, folder=tmp_path / "kept")
    assert third.follow(conn, now=NOW + 76 * MINUTE).events == 18, "what is not whole is not taken: all facts are read"


def test_who_leaves_is_in_no_table_no_memory_and_no_file(conn, owner_conn, tmp_path):
    buy = open_with(conn, "an", "leaving-li")
    for one in ("an", "leaving-li"):
        buy(one, 9, NOW + MINUTE)
    left: set[str] = set()
    follower, other = (
        ProfileFollower(
            CITY, lambda c, names: {k: v for k, v in allow(c, names).items() if k not in left}, capacity=64, folder=tmp_path / "kept"
        ) for _ in range(2)
    )  # fmt: skip
    follower.follow(conn, now=NOW + MINUTE)
    other.follow(conn, now=NOW + MINUTE)
    follower.follow(conn, now=NOW + 70 * MINUTE)
    key = key_of_person("leaving-li")
    with conn.transaction():
        note_traits(conn, "sex", _keys("an", "leaving-li"), ["m", "f"], source="a census", now=NOW)
        tag = next(tag.name for tag in find_book().tags if tag.group == "preference" and tag.sensitivity == "ordinary")
        refuse_tag(conn, "leaving-li", tag, now=NOW)
    assert find_traces(owner_conn, "leaving-li", key) == ["lab_profile", "lab_protected", "lab_tag_refused"]
    assert find_in_files(tmp_path, "leaving-li", key)
    left.add("leaving-li")
    gone = run_unit(conn, lambda c: forget_person(c, "leaving-li", now=NOW + 71 * MINUTE))
    assert (gone.profiles, gone.refusals, gone.traits) == (1, 1, 1)
    assert find_traces(owner_conn, "leaving-li", key) == ["lab_leaver"], (
        "until windows and snapshots are rid of them, too"
    )
    buy("an", 1, NOW + 72 * MINUTE)
    buy("leaving-li", 1, NOW + 72 * MINUTE)  # what still comes is nobody's
    assert follower.follow(conn, now=NOW + 73 * MINUTE).forgotten == 1
    assert find_traces(owner_conn, "leaving-li", key) == []
    assert not find_in_files(tmp_path, "leaving-li", key)
    assert find_in_files(tmp_path, "an", key_of_person("an")), "the scan sees who is still there"
    other.follow(conn, now=NOW + 140 * MINUTE)  # a process that never saw the note
    assert find_traces(owner_conn, "leaving-li", key) == []
    assert not find_in_files(tmp_path, "leaving-li", key)


def find_traces(owner_conn, name: str, key: int) -> list[str]:
    """Tables of the lab with a row that tells of somebody."""
    tables = owner_conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'lab\\_%' ORDER BY 1"
    )
    return [
        table for (table,) in tables.fetchall()
        if any(name in row or str(key) in row for (row,) in owner_conn.execute(f'SELECT t::text FROM "{table}" t'.encode()))
    ]  # fmt: skip


def find_in_files(folder, name: str, key: int) -> bool:
    """Whether a file below tells of somebody, by reference or by key as text or as the eight bytes that windows hold."""
    needles = (f'"{name}"'.encode(), str(key).encode(), struct.pack("<q", key))
    return any(needle in path.read_bytes() for path in folder.rglob("*") if path.is_file() for needle in needles)


def _keys(*names: str):
    return keys_of_texts(names)


def _us(at: dt.datetime) -> int:
    return int(at.timestamp() * 1_000_000)
