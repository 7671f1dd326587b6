"""What becomes of a judged order, outcome by outcome: pure handlers, a decider that says what the test wants."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import pytest

from honghua.base.clock import from_micros
from honghua.credit.core import commands as c
from honghua.credit.core.account import Account, event_row
from honghua.credit.core.deciding import ACCOUNT_INPUTS, DELAY_MINUTES, RULE_INPUTS
from honghua.credit.core.desk import AGE_MAX_US, SKEW_US, Desk, Result
from honghua.credit.core.dispatch import handle
from honghua.credit.core.persons.others import OtherLines
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.decision.core import FEATURES, Outcome, Verdict
from honghua.facts.kinds import SCENE, Fact, FactKind
from honghua.features.core import key_of_text

TERMS = ProductTerms()
TODAY, NOW_US = 20_500, 20_500 * 86_400_000_000 + 43_200_000_000
LIMIT = 100_000
ME: dict[str, Any] = {"key": "k", "customer": "C"}
ORDER: dict[str, Any] = {**ME, "merchant": "M", "order": "O1", "category": "food"}


@dataclass
class Says:
    """A decider that always says the same and remembers what it was asked."""

    verdict: Verdict
    asked: tuple[int, ...] = ()

    def judge(self, row: int, account_inputs: Any) -> Any:
        self.asked = tuple(account_inputs)
        return self.verdict


def make_account() -> Account:
    account = Account(1, "C", terms_matrix({1: TERMS}))
    opened = Fact(FactKind.ACCOUNT_OPENED, 1, TODAY, TODAY, LIMIT, (*TERMS.pairs[0], 1))
    account.apply(event_row(opened), terms_id=1)
    return account


def make_desk(outcome: Outcome | None = None, **more: Any) -> Desk:
    desk = Desk(TODAY, 700, {1: TERMS}, {TERMS.name: 1}, {"M": 50}, {"food": 3}, now_us=NOW_US)
    if outcome is not None:
        desk.decider, desk.row = Says(Verdict(**{"outcome": outcome, "code": "TEST", "amount_minor": 0, **more})), 0
    return desk


def buy(desk: Desk, amount: int = 5_000, **more: Any) -> Result:
    return handle(c.BuyNow(**{**ORDER, "amount_minor": amount, **more}), make_account(), desk)


def kinds(result: Result) -> list[FactKind]:
    return [fact.kind for fact in result.facts]


def test_the_first_inputs_are_the_features_of_the_account_rules():
    assert ACCOUNT_INPUTS[:RULE_INPUTS] == FEATURES
    desk = make_desk(Outcome.APPROVE, amount_minor=5_000)
    buy(desk)
    assert isinstance(desk.decider, Says)
    assert dict(zip(ACCOUNT_INPUTS, desk.decider.asked, strict=True)) | {"status": 1} == {
        "amount_minor": 5_000, "amount_minor_max": TERMS.purchase_minor_max, "available_minor": LIMIT, "status": 1,
        "days_past_due": 0, "is_consumption": 1, "limit_minor": LIMIT, "temporary_minor": 0, "held_minor": 0,
        "risk_class": 1, "statements": 0, "account_age_days": 0,
    }  # fmt: skip


def test_scene_and_time_stand_in_the_fact():
    at = from_micros(NOW_US - 1_000_000)
    result = buy(make_desk(), scene=c.Scene(device="phone-1", region="Hangzhou"), happened_at=at)
    (fact,) = result.facts
    named = fact.named_args()
    assert fact.happened_at_us == NOW_US - 1_000_000
    assert [named[name] for name in SCENE] == [key_of_text("phone-1"), 0, 0, key_of_text("Hangzhou")]
    (bare,) = buy(make_desk()).facts
    assert "device" not in bare.named_args()
    assert bare.happened_at_us == 0
    assert (event_row(fact) == event_row(bare)).all(), "the scene moves no money"


@pytest.mark.parametrize(
    ("shift_us", "code"),
    [(SKEW_US, None), (SKEW_US + 1, "TIME_INVALID"), (-AGE_MAX_US, None), (-AGE_MAX_US - 1, "TIME_INVALID")],
)
def test_an_event_time_lies_neither_ahead_nor_far_back(shift_us, code):
    assert buy(make_desk(), happened_at=from_micros(NOW_US + shift_us)).answer.get("code") == code


def test_a_naive_time_and_a_long_or_unprintable_device_are_refused():
    naive = dt.datetime(2026, 2, 16, 12)  # noqa: DTZ001 — the mistake that is refused
    assert buy(make_desk(), happened_at=naive).answer["code"] == "TIME_INVALID"
    for device in ("x" * 201, "a\nb"):
        result = buy(make_desk(), scene=c.Scene(device=device))
        assert result.answer["code"] == "SCENE_INVALID"
        assert result.facts == ()


def test_old_commands_keep_their_hash():
    assert set(c.BuyNow(**{**ORDER, "amount_minor": 1}).body()) == {
        "customer", "on", "amount_minor", "merchant", "order", "category", "instalments", "command",
    }  # fmt: skip
    assert "scene" in c.BuyNow(**{**ORDER, "amount_minor": 1, "scene": c.Scene(device="d")}).body()


@pytest.mark.parametrize(("accept", "asked", "booked"), [(True, 5_000, 3_000), (False, 5_000, 0), (True, 2_000, 2_000)])
def test_less_is_booked_only_for_who_accepts_less(accept, asked, booked):
    result = buy(make_desk(Outcome.APPROVE_LESS, amount_minor=3_000), asked, accept_less=accept)
    if booked:
        assert kinds(result) == [FactKind.PURCHASE_CAPTURED]
        assert result.answer["amount_minor"] == result.facts[0].amount_minor == booked
        return
    assert kinds(result) == [FactKind.PURCHASE_REFUSED]
    assert (result.answer["code"], result.answer["offered_minor"]) == ("LESS_OFFERED", 3_000)


def test_less_never_exceeds_what_is_available():
    result = buy(make_desk(Outcome.APPROVE_LESS, amount_minor=LIMIT * 3), LIMIT * 2, accept_less=True)
    assert result.answer["amount_minor"] == LIMIT


@pytest.mark.parametrize(("extra", "granted"), [(1_000, 1_000), (5_000, 1_000), (999, None)])
def test_a_limit_for_this_order_grants_exactly_what_is_missing(extra, granted):
    desk = make_desk(Outcome.TEMPORARY_LIMIT, extra_minor=extra, amount_minor=LIMIT + 1_000)
    result = buy(desk, LIMIT + 1_000)
    if granted is None:
        assert result.answer["code"] == "LIMIT_SHORT"
        assert kinds(result) == [FactKind.PURCHASE_REFUSED]
        return
    assert kinds(result) == [FactKind.TEMPORARY_LIMIT_GRANTED, FactKind.PURCHASE_CAPTURED]
    assert result.facts[0].amount_minor == result.answer["temporary_minor"] == granted
    account = make_account()
    for fact in result.facts:
        account.apply(event_row(fact))
    assert int(account.balance[18]) == 0


class Beside:
    """The holder's business line takes so much of the cap."""

    def __init__(self, minor: int) -> None:
        self.minor = minor

    def find(self, lines: Any) -> dict[str, int]:
        assert set(lines) == {"C~business"}
        return {"C~business": self.minor}


@pytest.mark.parametrize(("left", "word"), [(1_000, "approved"), (999, "refused")])
def test_the_limit_for_one_order_counts_the_other_line(left, word):
    """What a policy grants for an order ends where the cap of the person does, to the minor unit."""
    desk = make_desk(Outcome.TEMPORARY_LIMIT, extra_minor=5_000, amount_minor=LIMIT + 1_000)
    desk.guards.others = OtherLines(Beside(TERMS.limit_minor_max - LIMIT - left))
    assert buy(desk, LIMIT + 1_000).answer["outcome"] == word


@pytest.mark.parametrize(
    ("outcome", "word", "waits_us"),
    [
        (Outcome.STEP_UP, "step_up", 0),
        (Outcome.DELAY, "delayed", DELAY_MINUTES * 60_000_000),
        (Outcome.REVIEW, "review", 0),
    ],
)
def test_an_order_is_set_aside_with_a_fact_of_its_own(outcome, word, waits_us):
    result = buy(make_desk(outcome, detail="face"), scene=c.Scene(device="d"))
    assert result.answer["outcome"] == word
    assert result.answer["kind"] == "face"
    assert result.suspended is not None
    assert (result.suspended.suspension_id, result.suspended.amount_minor) == (700, 5_000)
    assert result.suspended.until_us == (NOW_US + waits_us if waits_us else 0)
    (fact,) = result.facts
    assert fact.kind is FactKind.PURCHASE_SUSPENDED
    assert fact.named_args()["outcome"] == outcome
    assert fact.named_args()["device"] == key_of_text("d")


def suspend(outcome: Outcome) -> Any:
    return buy(make_desk(outcome)).suspended


def go_on(outcome: Outcome, known: Any, *, at_us: int = NOW_US, proven: bool = False, **more: Any) -> Result:
    desk = make_desk(outcome)
    desk.command_id, desk.now_us = 701, at_us
    desk.suspensions = {700: known}
    desk.proven = frozenset({700}) if proven else frozenset()
    order = {**ORDER, "amount_minor": 5_000, "order": more.pop("order", "O1")}
    return handle(c.BuyNow(**order, continues=c.Continuation(suspension_id=700, **more)), make_account(), desk)


def test_a_proof_lets_the_order_pass_and_without_it_it_stays():
    known = suspend(Outcome.STEP_UP)
    assert go_on(Outcome.STEP_UP, known).answer["code"] == "PROOF_WRONG"
    passed = go_on(Outcome.STEP_UP, known, proven=True, proof="123456")
    assert kinds(passed) == [FactKind.SUSPENSION_SETTLED, FactKind.PURCHASE_CAPTURED]
    assert passed.settled == 700
    assert passed.decision is not None
    assert passed.decision.outcome == Outcome.STEP_UP, "the record says what the policy said"


def test_a_proof_does_not_outweigh_a_later_refusal():
    result = go_on(Outcome.REFUSE, suspend(Outcome.STEP_UP), proven=True)
    assert kinds(result) == [FactKind.PURCHASE_REFUSED]
    assert result.settled == 0


def test_a_delayed_order_passes_after_its_time_when_confirmed():
    known = suspend(Outcome.DELAY)
    assert go_on(Outcome.DELAY, known, at_us=known.until_us - 1, confirmed=True).answer["code"] == "DELAYED"
    assert go_on(Outcome.DELAY, known, at_us=known.until_us).answer["code"] == "CONFIRM_NEEDED"
    assert go_on(Outcome.DELAY, known, at_us=known.until_us, confirmed=True).answer["outcome"] == "approved"
    assert (
        go_on(Outcome.DELAY, known, at_us=known.expires_us + 1, confirmed=True).answer["code"] == "SUSPENSION_EXPIRED"
    )


def test_a_reviewed_order_passes_once_and_only_the_same_order():
    known = suspend(Outcome.REVIEW)
    passed = replace(known, state="passed")
    assert go_on(Outcome.REVIEW, known).answer["code"] == "IN_REVIEW"
    assert go_on(Outcome.REVIEW, passed).answer["outcome"] == "approved"
    assert go_on(Outcome.REVIEW, passed, order="O2").answer["code"] == "SUSPENSION_UNKNOWN"
    assert go_on(Outcome.REVIEW, replace(known, state="denied")).answer["code"] == "REVIEW_REFUSED"
    assert go_on(Outcome.REVIEW, replace(known, state="used")).answer["code"] == "SUSPENSION_DONE"


@pytest.mark.parametrize("command", [c.ReportFraud, c.ClearReport])
def test_a_label_names_who_where_and_when_and_needs_a_purchase(command):
    bought = buy(make_desk(), scene=c.Scene(device="d"), happened_at=from_micros(NOW_US - 5))
    desk = make_desk()
    assert handle(command(**ME, purchase_id=700), make_account(), desk).answer["code"] == "PURCHASE_UNKNOWN"
    said = [(1, bought.facts[0])]
    desk.purchases = {700: said}
    result = handle(command(**ME, purchase_id=700), make_account(), desk)
    (fact,) = result.facts
    named = fact.named_args()
    assert named["label"] == (1 if command is c.ReportFraud else 0)
    assert (named["origin_at_us"], named["category"], named["device"]) == (NOW_US - 5, 3, key_of_text("d"))
    said.append((2, fact))
    assert handle(command(**ME, purchase_id=700), make_account(), desk).answer["code"] == "LABELLED_ALREADY"
    assert handle(command(**ME, purchase_id=700, source=9), make_account(), desk).answer["code"] == "LABEL_INVALID"
