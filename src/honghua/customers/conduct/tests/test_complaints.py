"""Complaint clocks, and the duties and the list that come from a partners' registry."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict
from honghua.customers import api as customers
from honghua.customers.core import (
    DUTIES,
    ComplaintRules,
    Party,
    PartyKind,
    Stage,
    build_duty_matrix,
    build_white_list,
    find_due,
)
from honghua.customers.jobs import alert_late, rotate_keys
from honghua.decision.api import deliver_alerts, list_alerts
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 1)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)


@pytest.mark.parametrize(
    ("stage", "due"), [(Stage.PLAIN, (2026, 3, 16)), (Stage.COMPLEX, (2026, 3, 31)), (Stage.SPECIAL, (2026, 4, 30))]
)
def test_the_day_of_receipt_does_not_count(stage, due):
    assert find_due(DAY, stage) == dt.date(*due)


def test_working_days_follow_the_rules_calendar():
    """From Friday 25 September 2026: the feast of 1 … 7 October falls out, Saturday 10 October is worked."""
    feast = frozenset(dt.date(2026, 10, day) for day in range(1, 8))
    rules = ComplaintRules(
        days={Stage.PLAIN: 5, Stage.COMPLEX: 6, Stage.SPECIAL: 7}, working_days=True, holidays=feast,
        workdays=frozenset({dt.date(2026, 10, 10)}),
    )  # fmt: skip
    start = dt.date(2026, 9, 25)
    assert [find_due(start, stage, rules=rules).day for stage in Stage] == [9, 10, 12]


def test_a_complaint_runs_until_it_is_answered(conn: psycopg.Connection):
    said = customers.Complained(channel="phone", about="collection", words="they call at night", key="k")

    def receive(c: psycopg.Connection) -> customers.Complaint:
        customers.register(c, VAULT, "13800138000", now=NOW, customer="anna")
        customers.make_request(c, "anna", customers.RightKind.COPY, now=NOW)
        return customers.receive_complaint(c, VAULT, "anna", said, on=DAY, now=NOW)

    first = run_unit(conn, receive)
    again = run_unit(conn, lambda c: customers.receive_complaint(c, VAULT, "anna", said, on=DAY, now=NOW))
    assert (again, first.stage, first.due_on) == (first, Stage.PLAIN, dt.date(2026, 3, 16))
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: customers.extend_complaint(c, 1, Stage.SPECIAL, person="bo", why="x", now=NOW))

    def alert(on: dt.date) -> int:
        at = dt.datetime.combine(on, dt.time(12), dt.UTC)
        return run_unit(conn, lambda c: alert_late(c, on=on, now=at))

    assert alert(dt.date(2026, 3, 15)) == 0
    assert alert(dt.date(2026, 3, 16)) == 1, "the copy: 15 days to the hour; the complaint has until midnight"
    assert alert(dt.date(2026, 3, 17)) == 1
    assert alert(dt.date(2026, 3, 18)) == 0, "each is told once"
    deliver_alerts(conn, now=NOW + dt.timedelta(days=20))
    assert {one.kind for one in list_alerts(conn)} == {"conduct"}
    longer = run_unit(
        conn, lambda c: customers.extend_complaint(c, 1, Stage.COMPLEX, person="bo", why="three banks", now=NOW)
    )
    assert (longer.due_on, longer.is_overdue(dt.date(2026, 3, 31))) == (dt.date(2026, 3, 31), False)
    assert rotate_keys(conn, customers.Vault({1: b"f" * 32, 2: b"g" * 32}, b"i" * 32)) == 1
    newer = customers.Vault({2: b"g" * 32}, b"i" * 32)
    access = customers.Access("bo", customers.Purpose.DISPUTE)
    assert run_unit(conn, lambda c: customers.read_complaint(c, newer, 1, access, now=NOW)) == "they call at night"
    assert customers.list_access(conn, "anna")[0].fields == ["complaint"]
    answer = customers.Answered(person="bo", words="it was a robot; it is stopped", why="found in the log")
    done = run_unit(conn, lambda c: customers.answer_complaint(c, newer, 1, answer, now=NOW))
    assert customers.list_answers(conn, newer, "anna") == {1: "it was a robot; it is stopped"}
    assert [(one.act, one.why) for one in customers.list_complaint_acts(conn, 1)] == [
        ("complex", "three banks"), ("answered", "found in the log"),
    ]  # fmt: skip
    assert rotate_keys(conn, customers.Vault({2: b"g" * 32, 3: b"h" * 32}, b"i" * 32)) == 1
    newest = customers.Vault({3: b"h" * 32}, b"i" * 32)
    assert customers.list_answers(conn, newest, "anna") == {1: "it was a robot; it is stopped"}
    told = conn.execute("SELECT string_agg(encode(sealed, 'escape'), '') FROM customers_complaint_answer").fetchone()
    assert told is not None
    assert "robot" not in told[0]
    assert [one.complaint_id for one in customers.list_answered(conn)] == [1]
    assert done.answered_at == NOW
    assert customers.list_complaints(conn) == []
    assert [one.complaint_id for one in customers.list_complaints(conn, customer="anna")] == [1]
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: customers.answer_complaint(c, newest, 1, answer, now=NOW))
    with pytest.raises(BadInput):
        run_unit(
            conn,
            lambda c: customers.receive_complaint(
                c, newest, "anna", customers.Complained(channel="a", about="b", words=" ", key="e"), on=DAY, now=NOW
            ),
        )


def test_the_public_list_names_who_is_at_work_with_their_duties():
    parties = [
        Party(name="own", kind=PartyKind.LENDER),
        Party(name="shop b", kind=PartyKind.SHOP_PARTNER, does=("purchases", "checkouts"), since=DAY),
        Party(name="shop a", kind=PartyKind.SHOP_PARTNER, is_stopped=True),
        Party(name="agency", kind=PartyKind.COLLECTION_AGENCY),
    ]
    listed = build_white_list(parties)
    assert [(one.name, one.does) for one in listed] == [("agency", ()), ("shop b", ("checkouts", "purchases"))]
    matrix = build_duty_matrix(parties)
    assert set(matrix) == {"own", "shop b", "agency"}
    assert all(matrix.values())
    assert {duty.party for duty in DUTIES} == set(PartyKind), "every kind of party has a duty"
