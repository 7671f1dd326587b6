"""A batch of temporary limits: two persons, nothing before its day, undone before the start, stopped after, each customer once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from honghua.allocation.api import solve
from honghua.base.errors import BadInput, Conflict
from honghua.features.core import key_of_text, keys_of_texts
from honghua.limits import api as limits
from honghua.limits.core import Moment
from honghua.limits.response import api as response
from honghua.limits.response.api import OUTSIDE, Allotment, Batch, CampaignTerms, Labels, Rows, Slice, Why
from honghua.limits.response.auditing import check_temporary

NOW = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ON = NOW.date()
TERMS = CampaignTerms(margin_ppm=50_000, loss_minor=1_000, drawn_minor=10_000, asking_minor=1, marketing_minor=100)
BATCH = Batch(name="618", from_on=ON + DAY, until_on=ON + 20 * DAY, terms=TERMS, told={"coverage": 0.5})
PEOPLE = [f"p{k}" for k in range(9)]
SLICE = Slice(name="a test", share_ppm=500_000, factors_ppm=(800_000, 1_000_000, 1_250_000))


def allot() -> Allotment:
    amounts = np.array([100 * (k % 3) for k in range(9)], np.int64)
    why = np.where(amounts > 0, Why.OFFERED, Why.NOT_WORTH_IT).astype(np.int8)
    solved = solve(np.zeros((9, 1)), np.zeros((9, 1, 1), np.int64), np.array([1], np.int64))
    return Allotment(amounts, why, solved)


def sign(person: str) -> limits.Signed:
    return limits.Signed(person, "for the feast")


def let_all(_conn, wanted):
    return {name: "OVERDUE" if name == "p1" else "" for name, _ in wanted}


def propose(conn, **changes):
    return response.propose_temporary(conn, replace(BATCH, **changes), allot(), PEOPLE, sign("ann"), now=NOW)


def test_another_person_approves_what_was_proposed_and_pieces_go_out_once(conn):
    row = propose(conn)
    assert (row.state, row.chosen, row.settled) == ("proposed", 6, 0)
    with pytest.raises(Conflict, match="propose"):
        response.answer_temporary(conn, row.campaign_id, sign(" ANN "), approved=True, digest=row.digest.hex(), now=NOW)
    with pytest.raises(Conflict) as differs:
        response.answer_temporary(conn, row.campaign_id, sign("bob"), approved=True, digest="0" * 16, now=NOW)
    assert differs.value.code == "DIGEST_DIFFERS"
    assert response.offer_piece(conn, row.campaign_id, let_all, rulebook="r", at=Moment(on=ON + DAY, now=NOW)) == (0, 0)
    approved = response.answer_temporary(
        conn, row.campaign_id, sign("bob"), approved=True, digest=row.digest.hex()[:16], now=NOW
    )
    assert (approved.state, approved.persons) == ("approved", ["bob"])
    assert response.list_begun(conn, on=ON) == [], "not before its first day"
    assert response.list_begun(conn, on=ON + DAY) == [row.campaign_id]
    piece = lambda: response.offer_piece(  # noqa: E731
        conn, row.campaign_id, let_all, rulebook="r", at=Moment(on=ON + DAY, now=NOW + DAY), most=4
    )
    assert piece() == (3, 1)
    assert response.get_temporary(conn, row.campaign_id).state == "running"
    assert piece() == (2, 0)
    assert piece() == (0, 0)
    done = response.get_temporary(conn, row.campaign_id)
    assert (done.state, done.offered, done.left_out) == ("done", 5, 1)
    assert response.list_begun(conn, on=ON + DAY) == []
    assert response.count_reasons(conn, row.campaign_id) == ({0: 6, 6: 3}, {"OVERDUE": 1})
    offered = {name: [one.amount_minor for one in limits.list_offers(conn, name, on=ON + DAY)] for name in PEOPLE}
    assert offered == {name: [100 * (k % 3)] if k % 3 and k != 1 else [] for k, name in enumerate(PEOPLE)}
    with pytest.raises(Conflict):
        response.end_temporary(conn, row.campaign_id, sign("eve"), now=NOW)


def test_undone_before_the_start_and_stopped_after(conn):
    first, second = propose(conn), propose(conn, name="double 11")
    for row in (first, second):
        response.answer_temporary(conn, row.campaign_id, sign("bob"), approved=True, digest=row.digest.hex(), now=NOW)
    assert response.end_temporary(conn, first.campaign_id, sign("ann"), now=NOW).state == "undone"
    response.offer_piece(conn, second.campaign_id, let_all, rulebook="r", at=Moment(on=ON + DAY, now=NOW), most=2)
    assert response.end_temporary(conn, second.campaign_id, sign("ann"), now=NOW).state == "stopped"
    assert response.list_begun(conn, on=ON + DAY) == []
    for row in (first, second):
        assert response.offer_piece(conn, row.campaign_id, let_all, rulebook="r", at=Moment(on=ON + DAY, now=NOW)) == (
            0,
            0,
        )
    assert [row.state for row in response.list_temporary(conn, limit=9)] == ["stopped", "undone"]


def test_the_database_itself_refuses_one_person_and_another_choice(conn):
    row = propose(conn)
    with pytest.raises(Conflict):
        propose(conn)
    with pytest.raises(BadInput):
        propose(conn, name="x", until_on=ON)
    insert = "INSERT INTO limits_temporary_act (campaign_id, act, person, why, digest, acted_at) VALUES (%s, 'approved', %s, 'x', %s, %s)"
    for person, digest in (("Ann", row.digest), ("bob", bytes(32))):
        with pytest.raises(psycopg.Error), conn.transaction():
            conn.execute(insert, [row.campaign_id, person, digest, NOW])
    with pytest.raises(psycopg.Error), conn.transaction():
        conn.execute("UPDATE limits_temporary SET why = 'other'")


def test_the_slice_is_kept_once_and_read_as_evidence(conn):
    rng = np.random.default_rng(4)
    n, names = 60, ("a", "b")
    people = [f"p{k}" for k in range(n)]
    rows = Rows(
        np.arange(n), rng.normal(size=(n, 2)).astype(np.float32), rng.integers(1, 9, n) * 1_000, rng.random(n), np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )  # fmt: skip
    arms = [response.keep_slice(conn, SLICE, period, rows, Labels(people, names), now=NOW) for period in (0, 1, 1)]
    assert (arms[1] == arms[2]).all()
    assert ((arms[0] == OUTSIDE) == (arms[1] == OUTSIDE)).all(), "the same customers for good"
    inside = np.flatnonzero(arms[0] != OUTSIDE)
    assert 10 < len(inside) < 50
    assert len(response.read_evidence(conn, SLICE, names=names).arm) == 0, "no period is over"
    told = [(people[k], 10 * k, k) for k in inside.tolist()]
    assert response.note_outcomes(conn, SLICE, 1, told, now=NOW + DAY) == len(inside)
    response.note_outcomes(conn, SLICE, 1, [(name, 0, 0) for name, _, _ in told], now=NOW + DAY)
    found = response.read_evidence(conn, SLICE, names=names)
    order = np.argsort([people[k] for k in inside], kind="stable")
    kept = inside[order]
    assert (found.arm == arms[1][kept]).all()
    assert (found.rows.x == rows.x[kept]).all()
    assert (found.rows.used_minor == 10 * kept).all()
    assert (found.rows.limit_minor == rows.limit_minor[kept]).all()
    with pytest.raises(BadInput):
        response.read_evidence(conn, SLICE, names=("b", "a"))
    with pytest.raises(BadInput):
        response.read_evidence(conn, replace(SLICE, factors_ppm=(900_000, 1_000_000, 1_250_000)), names=names)
    with pytest.raises(psycopg.Error), conn.transaction():
        conn.execute("DELETE FROM limits_slice_row")


def test_who_leaves_is_severed_and_what_was_signed_and_learnt_still_stands(conn, owner_conn):
    row = propose(conn)
    response.answer_temporary(conn, row.campaign_id, sign("bob"), approved=True, digest=row.digest.hex(), now=NOW)
    at = Moment(on=ON + DAY, now=NOW + DAY)
    response.offer_piece(conn, row.campaign_id, let_all, rulebook="r", at=at, most=3)
    n = len(PEOPLE)
    rows = Rows(
        keys_of_texts(PEOPLE), np.zeros((n, 1), np.float32), np.full(n, 1_000), np.ones(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    )  # fmt: skip
    lots = replace(SLICE, share_ppm=1_000_000)
    for period in (0, 1):
        response.keep_slice(conn, lots, period, rows, Labels(PEOPLE, ("a",)), now=NOW)
        response.note_outcomes(conn, lots, period, [(name, 5, 1) for name in PEOPLE], now=NOW)
    conn.commit()
    before = response.read_evidence(conn, lots, names=("a",))
    with conn.transaction():
        assert limits.sever_person(conn, "p2", bytes(range(24))) == (2, 1)
        assert limits.sever_person(conn, "p5", bytes(range(1, 25))) == (2, 1), "its turn had not come"
        with pytest.raises(BadInput):
            limits.sever_person(conn, "p3", b"short")
    assert response.offer_piece(conn, row.campaign_id, let_known, rulebook="r", at=at) == (2, 1)
    assert [check for check in check_temporary(conn) if not check.ok] == []
    conn.commit()
    texts = {
        table: [text for (text,) in owner_conn.execute(f"SELECT t::text FROM {table} t".encode())]
        for table in ("limits_slice_row", "limits_slice_outcome", "limits_temporary_choice")
    }
    assert not any(
        name in text or str(key_of_text(name)) in text
        for name in ("p2", "p5")
        for one in texts.values()
        for text in one
    )
    assert sum("left:" in text for text in texts["limits_slice_outcome"]) == 4
    after = response.read_evidence(conn, lots, names=("a",))
    assert (sorted(after.arm), after.rows.used_minor.sum()) == (sorted(before.arm), before.rows.used_minor.sum())
    assert len(set(after.rows.person.tolist())) == n, "a person's rows stay together"
    for statement in (
        "UPDATE limits_slice_row SET limit_minor = 1",
        "UPDATE limits_slice_row SET customer = 'p9' WHERE customer = 'p1'",
        "UPDATE limits_temporary_choice SET customer = 'p9' WHERE customer = 'p1'",
        "UPDATE limits_temporary_choice SET salt = NULL WHERE customer = 'p1'",
    ):
        with pytest.raises(psycopg.Error), conn.transaction():
            conn.execute(statement.encode())


def let_known(_conn, wanted):
    return {name: "NOT_REGISTERED" if name.startswith("left:") else "" for name, _ in wanted}
