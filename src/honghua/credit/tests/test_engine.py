"""The risk engine at work in units: outcomes, suspensions, records, and a state that every restart finds again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.credit import core as c
from honghua.credit.api import execute, open_registry
from honghua.credit.engine import RiskDesk, RiskSetup, attach
from honghua.credit.proving import FakeProver, send_step_ups
from honghua.credit.suspensions import claim, decide_review, lapse_expired, list_queue
from honghua.credit.tests.days import NOW, Town, settle
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import engine_vocabulary
from honghua.decision.invariants import check_decisions
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.store.database import connect

POLICY = '''"""Amounts that mean something, for tests."""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with score:
    proven = step_up("RISK_STEP_UP", kind="sms", when=amount_minor == minor(11111))
    slow = delay("TELECOM_FRAUD", minutes=60, warning="scam", when=amount_minor == minor(22222))
    looked = review("RISK_REVIEW", queue="fraud", when=amount_minor == minor(33333))
    wrong = refuse("RISK_REFUSED", when=amount_minor == minor(44444))

with amount:
    extra = temporary_limit("ORDER_LIMIT", amount=amount_minor - available_minor, when=amount_minor == minor(555555))
    partly = approve_less("LIMIT_PARTLY", amount=available_minor, when=amount_minor > available_minor and available_minor >= minor(100))
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
'''
SCHEMA = Schema(("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit"))
SIZE = SensorSize(entities=500, nodes=500, edges=2_000, keys=200)


def release(conn: psycopg.Connection) -> None:
    """Put the test's policy in force, by two people."""
    with conn.transaction():
        row = decision.propose(
            conn, decision.Proposal("test", POLICY, engine_vocabulary()), decision.Act("Ann", "a test")
        )
        decision.review(conn, row.release_id, decision.Act("Ben", "a test"), approved=True)
        decision.activate(conn, row.release_id, decision.Act("Ben", "a test"), role=decision.Role.CHAMPION)


def make_setup(folder: Path | None = None, *, silent_days: int = 0) -> RiskSetup:
    return RiskSetup(RiskPlan(SCHEMA), EngineSettings(SIZE, silent_days), 8 * 3_600_000_000, folder)


@pytest.fixture
def town(database, conn, tmp_path):
    """A town whose purchases the engine judges."""
    town = settle(database, conn, 3)
    release(conn)
    attach(conn, town.registry, make_setup(tmp_path / "risk"))
    return town


def desk_of(town: Town) -> RiskDesk:
    assert isinstance(town.registry.risk, RiskDesk)
    return town.registry.risk


def at(minutes: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def do(town: Town, command: c.Command, minutes: int = 0) -> dict[str, Any]:
    return execute(town.conn, town.registry, [command], now=at(minutes))[0]


def order(key: str, customer: str, amount: int, **more: Any) -> c.BuyNow:
    more.setdefault("order", key)
    return c.BuyNow(key=key, customer=customer, amount_minor=amount, merchant="M", category="food", **more)


def check_sound(town: Town, decided: int) -> None:
    """The audits of book and decisions are content, and every decision replays."""
    assert town.broken() == []
    with connect(town.database) as conn, conn.transaction():
        assert [check for check in check_decisions(conn) if not check.ok] == []
    assert decision.replay_decisions(town.conn) == (decided, [])


def test_each_outcome_is_answered_booked_and_recorded(town):
    answers = [
        town.buy("b1", "C00", 10_000),
        town.buy("b2", "C00", 44_444),
        town.buy("b3", "C01", 600_000, accept_less=True),
        town.buy("b4", "C02", 555_555),
        town.buy("b5", "C00", 11_111),
    ]
    assert [answer["outcome"] for answer in answers] == ["approved", "refused", "approved", "approved", "step_up"]
    assert answers[1]["code"] == "RISK_REFUSED"
    assert answers[2]["amount_minor"] == 500_000
    assert answers[3]["temporary_minor"] == 55_555
    assert answers[4]["token"]
    assert town.buy("b5", "C00", 11_111) == {**answers[4], "repeated": True}
    check_sound(town, 5)


def test_a_step_up_is_sent_after_the_commit_and_passes_once_with_its_proof(town):
    prover = FakeProver()
    town.registry.prover = prover
    asked = town.buy("s1", "C00", 11_111)
    assert prover.sent == {}
    assert send_step_ups(town.conn, prover, now=at(1)) == 1
    assert send_step_ups(town.conn, prover, now=at(2)) == 0
    code = prover.sent[asked["token"]][2]

    def again(key: str, proof: str) -> dict[str, Any]:
        going_on = c.Continuation(suspension_id=asked["suspension_id"], proof=proof)
        return do(town, order(key, "C00", 11_111, order="s1", continues=going_on), 3)

    assert again("s2", "no")["code"] == "PROOF_WRONG"
    assert again("s3", code)["outcome"] == "approved"
    assert again("s4", code)["code"] == "SUSPENSION_DONE"
    check_sound(town, 2)


def test_five_wrong_proofs_end_a_step_up(town):
    prover = town.registry.prover = FakeProver()
    asked = town.buy("w", "C00", 11_111)
    send_step_ups(town.conn, prover, now=at(0))
    codes = []
    for k in range(6):
        proof = "x" if k < 5 else prover.sent[asked["token"]][2]
        going_on = c.Continuation(suspension_id=asked["suspension_id"], proof=proof)
        codes.append(do(town, order(f"w{k}", "C00", 11_111, order="w", continues=going_on))["code"])
    assert codes == ["PROOF_WRONG"] * 5 + ["SUSPENSION_EXPIRED"]


def test_a_delay_ends_and_a_lapse_ends_it_for_good(town):
    asked = town.buy("d", "C00", 22_222)
    assert asked["until"] == at(60).isoformat()
    going_on = c.Continuation(suspension_id=asked["suspension_id"], confirmed=True)
    assert do(town, order("d1", "C00", 22_222, order="d", continues=going_on), 59)["code"] == "DELAYED"
    assert do(town, order("d2", "C00", 22_222, order="d", continues=going_on), 60)["outcome"] == "approved"
    late = town.buy("e", "C00", 22_222)
    assert lapse_expired(town.conn, town.registry, now=at(60)) == 0
    beyond = at(60 * 24 * 4)
    assert lapse_expired(town.conn, town.registry, now=beyond) == 1
    assert lapse_expired(town.conn, town.registry, now=beyond) == 0
    assert town.one("SELECT state FROM credit_suspension WHERE suspension_id = %s", late["suspension_id"]) == "lapsed"
    check_sound(town, 3)


@pytest.mark.parametrize("approve", [True, False])
def test_a_review_is_claimed_by_one_decided_once_and_is_a_label(town, approve):
    asked = town.buy("r", "C00", 33_333)
    (waiting,) = list_queue(town.conn, now=NOW)
    assert (waiting.customer, waiting.claimed_by) == ("C00", None)
    suspension_id = asked["suspension_id"]
    say = {"approve": approve, "now": NOW}
    assert decide_review(town.conn, town.registry, suspension_id, reviewer="Eve", **say)["code"] == "NOT_CLAIMED"
    assert claim(town.conn, reviewer="Eve", now=NOW) is not None
    assert claim(town.conn, reviewer="Dan", now=NOW) is None
    assert decide_review(town.conn, town.registry, suspension_id, reviewer="Eve", **say)["outcome"] == "done"
    assert list_queue(town.conn, now=NOW) == []
    labels = town.rows("SELECT args[1], args[2] FROM store_fact WHERE kind = 19")
    assert labels == [(0 if approve else 1, c.LABEL_REVIEW)]
    going_on = c.Continuation(suspension_id=suspension_id)
    answer = do(town, order("r1", "C00", 33_333, order="r", continues=going_on), 5)
    assert answer["outcome"] == ("approved" if approve else "refused")
    check_sound(town, 2 if approve else 1)


def live_a_little(town: Town) -> None:
    """Purchases in batches and alone, refunds, labels, repayments, raises."""
    bought = [
        town.do(*(order(f"{k}{n}", n, 1_000 + 7 * k, scene=c.Scene(device=f"d{k % 2}")) for n in town.names))
        for k in range(3)
    ]
    ids = [answer["purchase_id"] for answers in bought for answer in answers]
    town.do(
        c.RefundPurchase(key="f", customer="C00", purchase_id=ids[0], amount_minor=500),
        c.ReportFraud(key="p", customer="C01", purchase_id=ids[1]),
        order("mixed", "C02", 9_999, scene=c.Scene(device="d1")),
        c.Repay(key="y", customer="C02", amount_minor=300),
        c.ChangeLimit(key="l", customer="C02", limit_minor=700_000),
        order("refused", "C02", 44_444),
        c.ClearReport(key="q", customer="C01", purchase_id=ids[1]),
        order("after", "C02", 1_234),
    )


def fresh_desk(town: Town, setup: RiskSetup) -> RiskDesk:
    """The engine as another process builds it: from its snapshots and the facts alone."""
    with connect(town.database) as conn:
        return attach(conn, open_registry(conn), setup)


@pytest.mark.parametrize("silent_days", [0, 1])
def test_a_restart_finds_the_same_state(database, conn, tmp_path, silent_days):
    town = settle(database, conn, 3)
    release(conn)
    setup = make_setup(tmp_path / "risk", silent_days=silent_days)
    desk = attach(conn, town.registry, setup)
    live_a_little(town)
    town.do(order("late", "C00", 777))
    do(town, order("tomorrow", "C01", 888), 60 * 30)
    without = fresh_desk(town, make_setup(silent_days=silent_days))
    assert without.engine.digest() == desk.engine.digest()
    assert desk.snapshot() is not None
    do(town, order("tail", "C02", 999), 60 * 31)
    again = fresh_desk(town, setup)
    assert again.saved_at < again.cursor == desk.cursor
    assert again.engine.digest() == desk.engine.digest()


def test_what_comes_later_does_not_change_what_was_sensed(town):
    live_a_little(town)
    query = "SELECT frozen FROM decision_judged ORDER BY decision_id"
    before = [bytes(row[0]) for row in town.rows(query)]
    for k in range(3):
        town.buy(f"x{k}", "C00", 100)
    after = [bytes(row[0]) for row in town.rows(query)]
    assert len(after) == len(before) + 3
    assert after[: len(before)] == before


def test_a_failed_unit_leaves_no_trace_in_the_state(town, monkeypatch):
    live_a_little(town)
    desk = desk_of(town)
    before = desk.engine.digest()
    monkeypatch.setattr("honghua.credit.unit.save_commands", fail)
    with pytest.raises(RuntimeError):
        town.buy("lost", "C00", 500)
    monkeypatch.undo()
    assert desk.engine.digest() != before
    desk.catch_up(town.conn)
    assert desk.engine.digest() == before
    assert town.buy("lost", "C00", 500)["outcome"] == "approved"
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def fail(*_: object) -> None:
    raise RuntimeError("planted")


def test_two_engines_take_turns_and_see_each_other(town):
    with connect(town.database) as conn:
        registry = open_registry(conn)
        other = attach(conn, registry, make_setup())
        twin = Town(town.database, conn, registry, town.names)
        for k in range(4):
            (town if k % 2 else twin).buy(f"t{k}", "C00", 1_000 + k, scene=c.Scene(device="same"))
        other.catch_up(conn)
        desk_of(town).catch_up(town.conn)
        assert other.engine.digest() == desk_of(town).engine.digest()
        fourth = town.one("SELECT frozen FROM decision_judged ORDER BY decision_id DESC LIMIT 1")
        first = town.one("SELECT frozen FROM decision_judged ORDER BY decision_id LIMIT 1")
        assert fourth != first, "the fourth purchase knows of those that the other engine judged"


def test_without_the_engine_orders_of_its_book_are_not_judged(town):
    with connect(town.database) as conn:
        twin = Town(town.database, conn, open_registry(conn), town.names)
        with pytest.raises(Conflict):
            twin.buy("u", "C00", 100)
        assert twin.do(c.Repay(key="z", customer="C00", amount_minor=100))[0]["outcome"] == "done"


def test_silence_clears_and_a_report_in_time_does_not(database, conn):
    town = settle(database, conn, 2)
    release(conn)
    desk = attach(conn, town.registry, make_setup(silent_days=1))
    bought = town.do(order("a", "C00", 1_000), order("b", "C01", 2_000))
    town.do(c.ReportFraud(key="p", customer="C01", purchase_id=bought[1]["purchase_id"]))
    known = {name: i for i, name in enumerate(desk.engine.sensor.names)}
    found: list[list[bool]] = []
    desk.observer = lambda _, sensed: found.append((sensed.values[:, known["customer_labels"]] > 0).tolist())
    for k, minutes in enumerate((60 * 24 - 1, 60 * 24 + 1)):
        do(town, order(f"c{k}", "C00", 1_000), minutes)
        do(town, order(f"d{k}", "C01", 1_000), minutes)
    assert found == [[False], [True], [True], [True]]


def test_orders_of_one_batch_are_judged_on_the_account_as_it_then_stands(town):
    """What was foreseen and what came otherwise: the words, and the figures that they were judged on."""
    hold = c.AuthorisePurchase(key="h", customer="C00", amount_minor=70_000, merchant="M", order="h", category="food")
    answers = town.do(
        order("o1", "C00", 100_000), hold, order("o2", "C00", 44_444), order("o3", "C00", 250_000),
        order("o4", "C00", 90_000), order("o5", "C00", 90_000, accept_less=True), order("o6", "C00", 50),
        order("p1", "C01", 600_000), order("p2", "C01", 400_000), order("p3", "C01", 33_333), order("p4", "C01", 1),
    )  # fmt: skip
    said = ["approved", "approved", "refused", "approved", "refused", "approved", "refused"]
    said += ["refused", "approved", "review", "approved"]
    assert [answer["outcome"] for answer in answers] == said
    ids = [next(a[k] for k in ("purchase_id", "suspension_id", "decision_id") if k in a) for a in answers]
    traces = [decision.find_trace(town.conn, number, find_scorer=None) for number in ids]
    available = [500_000, 400_000, 330_000, 330_000, 80_000, 80_000, 0, 500_000, 500_000, 100_000, 100_000]
    assert [trace.inputs["available_minor"] for trace in traces if trace is not None] == available
    assert [trace.inputs["held_minor"] for trace in traces[:3] if trace is not None] == [0, 0, 70_000]
    check_sound(town, len(answers))


def test_answers_that_were_known_already_leave_the_state_as_it_is(town):
    """The first thing that a process does after a start may be a batch that was answered before."""
    live_a_little(town)
    with connect(town.database) as conn:
        registry = open_registry(conn)
        other = attach(conn, registry, make_setup())
        twin = Town(town.database, conn, registry, town.names)
        before = other.cursor, other.engine.digest()
        assert twin.do(order("after", "C02", 1_234))[0]["repeated"]
        assert (other.cursor, other.engine.digest()) == before
        twin.do(order("next", "C02", 1_235))
    assert fresh_desk(town, make_setup()).engine.digest() == other.engine.digest()
