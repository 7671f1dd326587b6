"""From an order to what happens with it: judged, then booked, booked with less or with more limit, suspended, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from honghua.base.clock import HOUR_US, from_micros
from honghua.credit.core.account import Account
from honghua.credit.core.bounds.capping import find_excess
from honghua.credit.core.bounds.scenes import bear, bound_for
from honghua.credit.core.commands import Order
from honghua.credit.core.desk import (
    Answer,
    DecisionDraft,
    Desk,
    Result,
    Suspension,
    check_person,
    event_time,
    is_amount,
    iso,
    value_day,
)  # fmt: skip
from honghua.credit.core.kernels.buying import AVAILABLE
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import (
    H_CLASS,
    H_HELD,
    H_LIMIT,
    H_OPENED,
    H_STATEMENTS,
    H_STATUS,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
)
from honghua.credit.core.lines.purposes import PURPOSES
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import AMOUNT_MINOR_MAX, ProductTerms
from honghua.decision.core import ACCOUNT_INPUTS, WITHIN_LIMIT, Outcome
from honghua.facts.kinds import Fact, FactKind

RULE_INPUTS: Final = 6  # of them, what the account rules judge and their records keep
STEP_UP_US: Final = HOUR_US // 4
REVIEW_US: Final = 72 * HOUR_US
CONFIRM_US: Final = 48 * HOUR_US  # after a delay is over
DELAY_MINUTES: Final = 120  # where the policy names no time
SUSPENDING: Final = {Outcome.STEP_UP: "step_up", Outcome.DELAY: "delayed", Outcome.REVIEW: "review"}
CODES: Final = {Outcome.STEP_UP: "STEP_UP_NEEDED", Outcome.DELAY: "DELAYED", Outcome.REVIEW: "IN_REVIEW"}
PASSED, DENIED, LAPSED = 1, 2, 3  # how a suspension ends; stored


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a judged order comes to. amount_minor: to book now; result: what is said instead, None = book it.

    before: facts that come ahead of the purchase; settled: the suspension that it goes on with, or 0.
    """

    draft: DecisionDraft
    amount_minor: int = 0
    result: Result | None = None
    before: tuple[Fact, ...] = ()
    settled: int = 0


def account_inputs(account: Account, terms: ProductTerms, command: Order, *, bound_minor: int = 0) -> tuple[int, ...]:
    """The order and the account in the order of ACCOUNT_INPUTS. bound_minor: what limits of the order's scene add to what is available."""
    head = account.head
    return (
        command.amount_minor,
        terms.purchase_minor_max,
        int(account.balance[AVAILABLE]) + bound_minor,
        int(head[H_STATUS]),
        int(days_past_due(head)),
        int(PURPOSES.serves(terms.purpose, command.category)),
    )


def more_inputs(account: Account, today: int) -> tuple[int, ...]:
    """The rest of ACCOUNT_INPUTS, which only a risk engine reads."""
    head = account.head
    return (
        int(head[H_LIMIT]), int(head[H_TEMPORARY]), int(head[H_HELD]), int(head[H_CLASS]), int(head[H_STATEMENTS]),
        today - int(head[H_OPENED]),
    )  # fmt: skip


def check_order(command: Order, account: Account, desk: Desk) -> tuple[Answer | None, int]:
    """What every purchase needs before it is judged: a live account, an order, an amount, a day. Returns (refusal, value day)."""
    problem = refusal("ACCOUNT_UNKNOWN") if not account.exists else None
    if problem is None and account.quarantined:
        problem = refusal("ACCOUNT_QUARANTINED")
    if problem is None and not (command.merchant and command.order and command.category):
        problem = refusal("ORDER_MISSING")
    if problem is None and not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        problem = refusal("AMOUNT_INVALID")
    if problem is None and command.scene is not None and not command.scene.is_valid():
        problem = refusal("SCENE_INVALID")
    if problem is None and event_time(command.happened_at, desk) is None:
        problem = refusal("TIME_INVALID")
    if problem is None and command.continues is not None:
        problem = check_continuation(command, account, desk)
    if problem is not None:
        return problem, 0
    day = value_day(command, account, desk)
    return (refusal("DATE_INVALID"), 0) if day is None else (None, day)


def check_continuation(command: Order, account: Account, desk: Desk) -> Answer | None:
    """Whether a suspended purchase may go on: the same order, in time, with what it was asked for."""
    assert command.continues is not None, "only for commands that go on with a suspended purchase"
    wanted = command.continues
    known = desk.suspensions.get(wanted.suspension_id)
    same = known is not None and (known.account_id, known.merchant, known.category, known.order) == (
        account.account_id, command.merchant, command.category, command.order,
    )  # fmt: skip
    if known is None or not same or command.amount_minor > known.amount_minor:
        return refusal("SUSPENSION_UNKNOWN")
    ended = {"denied": "REVIEW_REFUSED", "used": "SUSPENSION_DONE", "lapsed": "SUSPENSION_EXPIRED"}.get(known.state)
    if ended is not None or desk.now_us > known.expires_us:
        return refusal(ended or "SUSPENSION_EXPIRED")
    if known.outcome == Outcome.DELAY:
        if desk.now_us < known.until_us:
            return refusal("DELAYED", until=from_micros(known.until_us).isoformat())
        return None if wanted.confirmed else refusal("CONFIRM_NEEDED")
    if known.outcome == Outcome.REVIEW:
        return None if known.state == "passed" else refusal("IN_REVIEW")
    return None if known.suspension_id in desk.proven else refusal("PROOF_WRONG")


def scene_keys(command: Order) -> tuple[int, ...]:
    """The scene as facts carry it."""
    return command.scene.keys() if command.scene is not None else ()


def rule(command: Order, account: Account, desk: Desk) -> Ruling:
    """Judge an order that passed `check_order`, and say what comes of it."""
    inputs = account_inputs(account, desk.terms_of(account), command, bound_minor=bound_for(command, account, desk))
    if desk.row >= 0:
        inputs += more_inputs(account, desk.today)
    verdict = desk.decider.judge(desk.row, inputs)
    draft = DecisionDraft(int(verdict.outcome), verdict.code, inputs[:RULE_INPUTS], by_engine=desk.row >= 0)
    settled = command.continues.suspension_id if command.continues is not None else 0
    outcome = draft.outcome
    barred = ""
    if outcome != Outcome.REFUSE:
        barred = find_barred(inputs) or find_excluded(command, desk) or find_own_shop(command, account, desk)
    if barred:  # whatever a policy says, and whatever was waited for
        return Ruling(draft, result=refuse(command, account, desk, draft, code=barred))
    excess = None if outcome == Outcome.REFUSE else find_excess(command, account, desk)
    if excess is not None:  # the customer's own word stands above risk's
        return Ruling(draft, result=refuse(command, account, desk, draft, code="SPENDING_CAP", **excess))
    if settled and outcome == desk.suspensions[settled].outcome:
        outcome = Outcome.APPROVE  # what it asks for was given
    before = settle_facts(command, account, desk) if settled else ()
    if outcome == Outcome.APPROVE and command.amount_minor <= inputs[2]:
        borne = bear(command, account, desk, command.amount_minor)
        assert borne is not None, "what was added to what is available is there"
        return Ruling(draft, command.amount_minor, before=(*before, *borne), settled=settled)
    if outcome in SUSPENDING:
        return Ruling(draft, result=_suspend(command, account, desk, draft, verdict))
    if outcome == Outcome.APPROVE_LESS:
        offered = min(verdict.amount_minor, command.amount_minor, inputs[2])
        borne = bear(command, account, desk, offered) if offered > 0 and command.accept_less else None
        if borne is not None:
            return Ruling(draft, offered, before=(*before, *borne), settled=settled)
        more = {"offered_minor": offered} if offered > 0 else {}
        code = "LESS_OFFERED" if offered > 0 else draft.reason
        return Ruling(draft, result=refuse(command, account, desk, draft, code=code, **more))
    if outcome == Outcome.TEMPORARY_LIMIT:
        granted = _grant_missing(command, account, desk, int(account.balance[AVAILABLE]), verdict.extra_minor)
        if granted is not None:
            return Ruling(draft, command.amount_minor, before=(*before, *granted), settled=settled)
    code = draft.reason if outcome == Outcome.REFUSE else "LIMIT_SHORT"
    return Ruling(draft, result=refuse(command, account, desk, draft, code=code))


def find_barred(inputs: Sequence[int]) -> str:
    """Why an account may not buy at all, by the first of its own rules that holds; "" when it may. The limit is looked at by its amount."""
    code = WITHIN_LIMIT.judge(inputs[:RULE_INPUTS]).code
    return "" if code == "LIMIT_SHORT" else code


def find_own_shop(command: Order, account: Account, desk: Desk) -> str:
    """The code that stops an order at a shop of the account's holder, "" elsewhere: there a line would fund the business (R-022)."""
    guard = desk.guards.find(account.account_id)
    return "OWN_SHOP" if guard is not None and command.merchant in guard.own_shops else ""


def find_excluded(command: Order, desk: Desk) -> str:
    """The code by which the list `exclusion` stops an order, "" where it does not."""
    at_us = event_time(command.happened_at, desk) or desk.now_us
    return "MERCHANT_BLOCKED" if desk.exclusions.bar(command, at_us=at_us) else ""


def settle_facts(command: Order, account: Account, desk: Desk) -> tuple[Fact, ...]:
    """That the suspended purchase went on."""
    assert command.continues is not None, "only for commands that go on with a suspended purchase"
    known = desk.suspensions[command.continues.suspension_id]
    return (settled_fact(known, desk.today, PASSED, merchant_id=desk.merchants[command.merchant]),)


def settled_fact(known: Suspension, today: int, result: int, *, merchant_id: int) -> Fact:
    """How a suspension ended."""
    return Fact(
        FactKind.SUSPENSION_SETTLED, known.account_id, today, today, known.amount_minor, (known.outcome, result),
        counterparty_id=merchant_id, purchase_id=known.suspension_id, reference=known.order,
    )  # fmt: skip


def _grant_missing(
    command: Order, account: Account, desk: Desk, available_minor: int, most_minor: int
) -> tuple[Fact, ...] | None:
    """Exactly the limit that this order lacks, for a while (R-043); None when it may not be granted."""
    missing = command.amount_minor - available_minor
    if missing <= 0:
        return ()
    terms = desk.terms_of(account)
    limit, running = int(account.head[H_LIMIT]), int(account.head[H_TEMPORARY])
    # A running one is used up by now: what is added ends with it, so neither lasts longer than was said; never more than the limit itself.
    most = min(most_minor, terms.limit_minor_max - limit - running, limit - running)
    if missing > most or not account.is_open:
        return None
    granted = running + missing
    if check_person(account, desk, limit + granted) is not None:
        return None
    until = int(account.head[H_TEMPORARY_UNTIL]) if running else desk.today + terms.temporary_days
    return (Fact(FactKind.TEMPORARY_LIMIT_GRANTED, account.account_id, desk.today, desk.today, granted, (until,)),)


def _suspend(command: Order, account: Account, desk: Desk, draft: DecisionDraft, verdict: object) -> Result:
    """Set a purchase aside until it is proven, confirmed or reviewed; the answer says what to do."""
    outcome = Outcome(draft.outcome)
    at_us = event_time(command.happened_at, desk) or desk.now_us
    until_us, expires_us = 0, at_us + (STEP_UP_US if outcome is Outcome.STEP_UP else REVIEW_US)
    if outcome is Outcome.DELAY:
        until_us = at_us + (int(getattr(verdict, "minutes", 0)) or DELAY_MINUTES) * 60_000_000
        expires_us = until_us + CONFIRM_US
    suspension = Suspension(
        desk.command_id, account.account_id, int(outcome), command.amount_minor, command.merchant, command.category,
        command.order, until_us, expires_us,
    )  # fmt: skip
    fact = Fact(
        FactKind.PURCHASE_SUSPENDED, account.account_id, desk.today, desk.today, command.amount_minor,
        (int(outcome), until_us, expires_us, desk.categories[command.category], *scene_keys(command)),
        counterparty_id=desk.merchants[command.merchant], purchase_id=desk.command_id, reference=command.order,
        happened_at_us=event_time(command.happened_at, desk) or 0,
    )  # fmt: skip
    said = refusal(CODES[outcome])
    answer: Answer = {
        **said, "outcome": SUSPENDING[outcome], "reason": draft.reason, "suspension_id": desk.command_id,
        "expires_at": from_micros(expires_us).isoformat(),
    }  # fmt: skip
    detail = getattr(verdict, "detail", "")
    if detail:
        answer["kind"] = detail
    if until_us:
        answer["until"] = from_micros(until_us).isoformat()
    return Result(answer, (fact,), draft, suspended=suspension)


def refuse(command: Order, account: Account, desk: Desk, draft: DecisionDraft, *, code: str, **more: object) -> Result:
    """Record a judged refusal as a fact of its own: risk learns from it, the fold passes over it."""
    answer = refusal(code, available_minor=int(account.balance[AVAILABLE]), decision_id=desk.command_id, **more)
    fact = Fact(
        FactKind.PURCHASE_REFUSED, account.account_id, desk.today, desk.today, command.amount_minor,
        (desk.categories[command.category], *scene_keys(command)), counterparty_id=desk.merchants[command.merchant],
        purchase_id=desk.command_id, reference=command.order, happened_at_us=event_time(command.happened_at, desk) or 0,
    )  # fmt: skip
    return Result(answer, (fact,), draft)


__all__ = [
    "ACCOUNT_INPUTS",
    "AVAILABLE",
    "Ruling",
    "check_order",
    "iso",
    "refuse",
    "rule",
    "scene_keys",
    "settled_fact",
]
