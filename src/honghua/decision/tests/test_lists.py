"""Lists: append-only events, expiry by event time, imports with their line problems; suppressions and the brake in the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision import api
from honghua.decision.core.listing import NEVER, Entry, ListBook
from honghua.decision.invariants import check_decisions
from honghua.decision.lists import find_key, read_csv
from honghua.decision.tests.policies import ANN, BEN, EVENTS, LIMIT, NOW, NOW_US, TERMS, judge_all, purchases, release
from honghua.features.core import key_of_text
from honghua.store.database import connect
from honghua.store.wishes import WishState, count_wishes

DENY = api.ListName("deny", "customer")
COLUMNS = {"customer": 0, "device": 1}
DAY = dt.timedelta(days=1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from(sorted(COLUMNS)), st.integers(1, 9), st.sampled_from([5, 9, NEVER])
        ),
        max_size=30,
    ),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 12)), min_size=1, max_size=20),
)
def test_lookup_is_membership(rows, asked):
    book = ListBook(Entry(*row) for row in rows)
    events = np.array([(customer, device) for customer, device, _ in asked], np.int64)
    at_us = np.array([at for _, _, at in asked], np.int64)
    found = book.flags(["a", "none", "b"], COLUMNS, events, at_us=at_us)
    for row, (customer, device, at) in zip(found, asked):
        who = {"customer": customer, "device": device}
        on = {name for name, entity, key, until in rows if who[entity] == key and at < until}
        assert row.tolist() == [float("a" in on), 0.0, float("b" in on)]
    again = ListBook(reversed([Entry(*row) for row in rows]))
    assert again.digest == book.digest
    assert ListBook([*again_entries(rows), Entry("b", "device", 77)]).digest != book.digest


def again_entries(rows):
    return [Entry(*row) for row in rows]


def test_a_policy_sees_the_list_at_the_next_batch(conn):
    release(conn)
    watch = api.Watch(TERMS)
    made = purchases(30)
    first, _ = judge_all(conn, watch, made)
    assert "DENY_LIST" not in first.reason
    with conn.transaction():
        api.add_entries(conn, DENY, [api.Listed("#7"), api.Listed("#8", NOW - DAY), api.Listed("#9", NOW + DAY)], ANN)
        api.add_entries(conn, api.ListName("deny", "device"), [api.Listed(f"#{made[1][20, 5]}")], ANN)
    second, _ = judge_all(conn, watch, made, first_id=101)
    listed = [i for i, reason in enumerate(second.reason) if reason == "DENY_LIST"]
    same_device = np.flatnonzero(made[1][:, 5] == made[1][20, 5]).tolist()
    expected = {6, 8, *same_device} - {i for i, reason in enumerate(first.reason) if reason == "LIMIT_SHORT"}
    assert set(listed) == expected
    with conn.transaction():
        api.remove_entries(conn, DENY, ["#7"], BEN)
    third, _ = judge_all(conn, watch, made, first_id=201)
    assert third.reason[6] == first.reason[6]
    with pytest.raises(NotFound, match="not on the list"):
        api.remove_entries(conn, DENY, ["#7"], BEN)
    assert [e.label for e in api.list_entries(conn, name="deny", now=NOW, limit=9) if e.entity == "customer"] == ["#9"]
    assert all(check.ok for check in check_decisions(conn)), check_decisions(conn)


def test_a_changed_list_is_found(conn, owner_conn):
    release(conn)
    api.add_entries(conn, DENY, [api.Listed("#7")], ANN)
    api.Watch(TERMS).judge(conn)
    owner_conn.execute("ALTER TABLE decision_list_event DISABLE TRIGGER USER")
    owner_conn.execute("UPDATE decision_list_event SET key = 8")
    broken = {check.name: check.broken for check in check_decisions(conn)}
    assert len(broken["decision.lists_known"]) == 1


def test_keys_as_people_write_them():
    assert find_key("device", "abc") == key_of_text("abc")
    assert find_key("customer", "#12") == 12
    for wrong in ("#0", f"#{2**63}"):
        with pytest.raises(BadInput, match="key"):
            find_key("customer", wrong)
    for name, entity in (("Deny!", "device"), ("deny", "planet")):
        with pytest.raises(BadInput, match=r"list|entity"):
            api.ListName(name, entity)


def test_an_import_tells_each_wrong_line(conn):
    lines = "key,note,expires_at\nd1,x,\nd2,x,2030-01-01\n,x,\nd1,x,\nd4,x,soon\nd5,x,2020-01-01\nd6,x,2030-01-01T08:00+08:00\n"
    good, problems = api.read_csv(lines.splitlines(keepends=True), now=NOW)
    assert [(p.row, p.code) for p in problems] == [
        (4, "KEY_INVALID"),
        (5, "KEY_TWICE"),
        (6, "INSTANT_INVALID"),
        (7, "EXPIRED"),
    ]
    assert [entry.label for entry in good] == ["d1", "d2", "d6"]
    assert good[1].expires_at == good[2].expires_at == dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert api.read_csv(["device\n", "d1\n"], now=NOW)[1][0].code == "COLUMN_MISSING"
    assert api.add_entries(conn, api.ListName("deny", "device"), good, ANN) == 3


def test_a_rule_is_silent_for_one_or_for_all_until_its_day(conn):
    number = release(conn)
    bundle = api.recompile(api.get_release(conn, number))
    watch = api.Watch(TERMS)
    made = purchases(60)
    first, _ = judge_all(conn, watch, made)
    refused = np.flatnonzero(np.array(first.reason) == "RISK_REFUSED")
    alone = api.Silenced("risky", NOW + DAY, "customer", f"#{refused[0] + 1}")
    with conn.transaction():
        api.suppress(conn, alone, ANN, bundles=[bundle], now=NOW - DAY)
    second, _ = judge_all(conn, watch, made, first_id=101)
    assert [i for i in refused if second.reason[i] != "RISK_REFUSED"] == [refused[0]]
    with conn.transaction():
        everybody = api.suppress(conn, replace(alone, entity=None, label=None), ANN, bundles=[bundle], now=NOW - DAY)
    third, _ = judge_all(conn, watch, made, first_id=201)
    assert "RISK_REFUSED" not in third.reason
    late = purchases(60, at_us=NOW_US + 2 * 86_400_000_000)
    assert "RISK_REFUSED" in judge_all(conn, watch, late, first_id=301)[0].reason
    with conn.transaction():
        api.lift(conn, everybody, BEN)
    assert judge_all(conn, watch, made, first_id=401)[0].reason == second.reason
    trace = api.find_trace(conn, 201 + int(refused[1]), find_scorer=None)
    assert trace is not None
    assert trace.muted == ("risky",)
    assert all(check.ok for check in check_decisions(conn)), check_decisions(conn)
    with pytest.raises(Conflict, match="books lean"):
        api.suppress(conn, replace(alone, rule="short"), ANN, bundles=[bundle], now=NOW)
    with pytest.raises(NotFound):
        api.suppress(conn, replace(alone, rule="nothing"), ANN, bundles=[bundle], now=NOW)
    for until in (NOW, NOW + 400 * DAY):
        with pytest.raises(BadInput, match="ends within"):
            api.suppress(conn, replace(alone, expires_at=until), ANN, bundles=[bundle], now=NOW)
    with pytest.raises(NotFound):
        api.lift(conn, everybody, BEN)


def test_the_brake_stops_a_rule_and_a_person_reopens_it(conn):
    """Everybody's score jumps (a broken feed): the rule is stopped, people are told, other engines follow."""
    release(conn)
    watch, other = api.Watch(TERMS), api.Watch(TERMS)
    base, events, signals = purchases(120, step_us=1_000_000)
    base[:, 0], base[:, 2] = 100, 0.95
    columns, changes = judge_all(conn, watch, (base, events, signals))
    assert (np.array(columns.reason) == "RISK_REFUSED").all()
    assert [change.state.name for _, change in changes] == ["STOPPED"]
    after, _ = judge_all(conn, watch, (base, events, signals), first_id=1_001)
    assert set(after.reason) == {None}
    assert other.judge(conn).one(other.judge(conn).complete(base[:1], events[:1], events[:1, 0]), 0).code == ""
    assert count_wishes(conn, "decision.alert").get(WishState.WAITING) == 1
    (row,) = api.list_brakes(conn)
    assert (row.rule, row.state) == ("risky", "stopped")
    with conn.transaction():
        api.reopen(conn, "risky", api.Act("Ben", "the feed is mended"), now=NOW)
    again, _ = judge_all(conn, watch, (base[:20], events[:20], signals[:20]), first_id=2_001)
    assert set(again.reason) == {"RISK_REFUSED"}
    with pytest.raises(NotFound):
        api.reopen(conn, "risky", BEN, now=NOW)
    assert all(check.ok for check in check_decisions(conn)), check_decisions(conn)


def test_experiments_start_once_and_end(conn):
    made = api.start_experiment(conn, "face", {"control": 500_000, "strict": 500_000}, ANN)
    assert api.list_experiments(conn) == (made,)
    assert "arm.face" in api.find_vocabulary(conn).names
    for name, arms in (("face", {"a": 1, "b": 999_999}), ("Bad name", {"a": 1, "b": 999_999}), ("x", {"a": 1_000_000})):
        with pytest.raises((Conflict, BadInput)):
            api.start_experiment(conn, name, arms, ANN)
    release(conn)
    judge = api.Watch(TERMS).judge(conn)
    base, events, _ = purchases(400)
    prepared = judge.complete(base, events, events[:, 0])
    assert np.array_equal(prepared.inputs[:, judge.force.layout.inputs.index("arm.face")], prepared.arms[:, 0])
    api.stop_experiment(conn, "face", BEN)
    ended = api.Watch(TERMS).judge(conn).complete(base, events, events[:, 0])
    assert (ended.arms.shape, ended.inputs[:, judge.force.layout.inputs.index("arm.face")].max()) == ((400, 0), 0.0)
    with pytest.raises(NotFound):
        api.stop_experiment(conn, "face", BEN)
    api.set_holdout(conn, 10_000, ANN)
    with pytest.raises(Conflict, match="permanent"):
        api.set_holdout(conn, 20_000, ANN)
    with pytest.raises(psycopg.Error, match=r"append-only|permission"):
        conn.execute("DELETE FROM decision_holdout")


def test_what_is_in_force_names_itself(conn):
    """The regime tells lists, line-up, layout, model; nothing new is registered while nothing changes."""
    release(conn, LIMIT)
    watch = api.Watch(replace(TERMS, model_digest=b"m"))
    force = watch.judge(conn).force
    assert api.Watch(replace(TERMS, model_digest=b"m")).judge(conn).force.regime_id == force.regime_id
    row = conn.execute("SELECT change_id, lineup_id, lists_digest, model_digest FROM decision_regime").fetchall()
    assert [tuple(map(bytes_or_same, r)) for r in row] == [(force.change_id, force.lineup_id, force.lists.digest, b"m")]
    assert force.layout.events == EVENTS
    with conn.transaction(), pytest.raises(AssertionError, match="outside of transactions"):
        api.Watch(TERMS).judge(conn)


def test_a_change_while_reading_is_not_half_seen(database, conn):
    """Somebody lists an entity between two reads of the engine: it reads again, and registers only what it judges by."""
    release(conn)
    with connect(database) as other:

        class Interrupted(api.Watch):
            def _find_book(self, conn):
                book = super()._find_book(conn)
                if not len(book):
                    with other.transaction():
                        api.add_entries(other, DENY, [api.Listed("#7")], ANN)
                return book

        force = Interrupted(TERMS).judge(conn).force
    assert (len(force.lists), force.change_id) == (
        1,
        conn.execute("SELECT max(change_id) FROM decision_change").fetchone()[0],
    )
    assert conn.execute("SELECT count(*) FROM decision_regime").fetchone() == (1,)
    assert all(check.ok for check in check_decisions(conn)), check_decisions(conn)


def bytes_or_same(value):
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("key\na\0b\n", "KEY_INVALID"),
        ('key\n"open\nb\nc\n', "KEY_INVALID"),  # one key over three lines
        ('key\n"open' + "\nb" * 200_000, "ROW_UNREADABLE"),
        ("KEY\na\n", "COLUMN_MISSING"),
        ("key,expires_at\na,0001-01-01T00:00+08:00\n", "INSTANT_INVALID"),
    ],
)
def test_imports_that_went_wrong_are_told(text, code):
    good, problems = read_csv([text], now=NOW)
    assert (good, [problem.code for problem in problems]) == ([], [code])
