"""Authorise, capture, void, buy now, refund: from the command and the account to facts and an answer."""

from __future__ import annotations

from dataclasses import replace

from honghua.credit.core.account import Account, event_row, restore
from honghua.credit.core.commands import (
    AuthorisePurchase,
    BuyNow,
    CapturePurchase,
    Instalments,
    Order,
    RefundPurchase,
    VoidAuthorisation,
)
from honghua.credit.core.deciding import AVAILABLE, Ruling, check_order, refuse, rule, scene_keys
from honghua.credit.core.desk import (
    Answer,
    Desk,
    PurchaseView,
    Result,
    check_live,
    debit_day,
    event_time,
    find_purchase,
    is_amount,
    iso,
    value_day,
)  # fmt: skip
from honghua.credit.core.kernels.events import find_plan
from honghua.credit.core.layout import (
    P_FEE_BILLED,
    P_FEE_LEFT,
    PAYER_CONSUMER,
    PAYER_MERCHANT,
    PAYER_PLATFORM,
    PLAN_PURCHASE,
)
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import AMOUNT_MINOR_MAX, ProductTerms
from honghua.facts.kinds import PASSED_OVER, SCENE, Fact, FactKind


def quote_fee(choice: Instalments, terms: ProductTerms, amount_minor: int) -> tuple[Answer | None, int]:
    """The fee of a plan at purchase under the terms; refuses an unknown number of periods, payer or a fee that moved."""
    fee = terms.fee_minor(PLAN_PURCHASE, choice.periods, amount_minor, payer=choice.payer)
    if fee is None:
        return refusal("PERIODS_NOT_OFFERED", offered=sorted(terms.purchase_fee_ppm)), 0
    if choice.payer not in (PAYER_CONSUMER, PAYER_MERCHANT, PAYER_PLATFORM):
        return refusal("PAYER_INVALID"), 0
    if choice.fee_minor is not None and choice.fee_minor != fee:
        return refusal("QUOTE_CHANGED", fee_minor=fee), 0
    return None, fee


def plan_args(choice: Instalments | None, fee: int, plan_id: int) -> tuple[int, int, int, int]:
    """Periods, fee, payer and plan id as a captured purchase carries them; zeros without a plan."""
    return (0, 0, 0, 0) if choice is None else (choice.periods, fee, choice.payer, plan_id)


def buy_now(command: BuyNow, account: Account, desk: Desk) -> Result:
    """Decide and book a purchase that is debt at once."""
    problem, day, fee = check_buy(command, account, desk) if desk.checked is None else (None, *desk.checked)
    if problem is not None:
        return Result(problem)
    ruling = rule(command, account, desk)
    if ruling.result is not None:
        return ruling.result
    if command.instalments is not None and ruling.amount_minor != command.amount_minor:
        problem, fee = quote_fee(command.instalments, desk.terms_of(account), ruling.amount_minor)
        if problem is not None:  # it was judged: the refusal stays on record
            more = {"offered_minor": ruling.amount_minor, "fee_minor": problem.get("fee_minor", 0)}
            return refuse(command, account, desk, ruling.draft, code="QUOTE_CHANGED", **more)
    fact = Fact(
        FactKind.PURCHASE_CAPTURED, account.account_id, day, debit_day(day, account), ruling.amount_minor,
        (0, *plan_args(command.instalments, fee, desk.command_id), desk.categories[command.category], *scene_keys(command)),
        counterparty_id=desk.merchants[command.merchant], purchase_id=desk.command_id, reference=command.order,
        happened_at_us=event_time(command.happened_at, desk) or 0,
    )  # fmt: skip
    answer: Answer = {
        "outcome": "approved",
        "purchase_id": desk.command_id,
        "amount_minor": ruling.amount_minor,
        "fee_minor": fee,
    }
    return approved(command, ruling, answer, fact)


def check_buy(command: BuyNow, account: Account, desk: Desk) -> tuple[Answer | None, int, int]:
    """(refusal, value day, plan fee) before anything is judged."""
    problem, day = check_order(command, account, desk)
    fee = 0
    if problem is None and command.instalments is not None:
        problem, fee = quote_fee(command.instalments, desk.terms_of(account), command.amount_minor)
    return problem, day, fee


def pass_checks(command: Order, account: Account, desk: Desk) -> tuple[int, int] | None:
    """(value day, plan fee) of an order that will be judged, None when it is refused without."""
    if isinstance(command, BuyNow):
        problem, day, fee = check_buy(command, account, desk)
    else:
        (problem, day), fee = check_order(command, account, desk), 0
    return (day, fee) if problem is None else None


def approved(command: Order, ruling: Ruling, answer: Answer, fact: Fact) -> Result:
    """The answer with what was granted on the way."""
    if ruling.amount_minor != command.amount_minor:
        answer["asked_minor"] = command.amount_minor
    extra = [one.amount_minor for one in ruling.before if one.kind is FactKind.TEMPORARY_LIMIT_GRANTED]
    if extra:
        answer["temporary_minor"] = extra[0]
    return Result(answer, (*ruling.before, fact), ruling.draft, settled=ruling.settled)


def authorise(command: AuthorisePurchase, account: Account, desk: Desk) -> Result:
    """Decide a purchase and hold its amount until it is captured, voided or expires."""
    problem, day = check_order(command, account, desk) if desk.checked is None else (None, desk.checked[0])
    if problem is not None:
        return Result(problem)
    ruling = rule(command, account, desk)
    if ruling.result is not None:
        return ruling.result
    expires_on = desk.today + desk.terms_of(account).hold_days
    fact = Fact(
        FactKind.PURCHASE_AUTHORISED, account.account_id, day, debit_day(day, account), ruling.amount_minor,
        (expires_on, desk.categories[command.category], *scene_keys(command)),
        counterparty_id=desk.merchants[command.merchant], purchase_id=desk.command_id, reference=command.order,
        happened_at_us=event_time(command.happened_at, desk) or 0,
    )  # fmt: skip
    answer: Answer = {
        "outcome": "approved",
        "purchase_id": desk.command_id,
        "held_minor": ruling.amount_minor,
        "expires_on": iso(expires_on),
    }
    return approved(command, ruling, answer, fact)


def capture(command: CapturePurchase, account: Account, desk: Desk) -> Result:
    """Book the received part of a held purchase."""
    problem = check_live(account)
    if problem is not None:
        return Result(problem)
    view = find_purchase(desk, account, command.purchase_id)
    if view is None:
        return Result(refusal("PURCHASE_UNKNOWN"))
    if view.held_minor <= 0:
        return Result(refusal("HOLD_GONE"))
    if not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        return Result(refusal("AMOUNT_INVALID"))
    if command.amount_minor > view.held_minor:
        return Result(refusal("CAPTURE_EXCEEDS_HOLD", held_minor=view.held_minor))
    day = value_day(command, account, desk)
    if day is None or day < view.begun_on:
        return Result(refusal("DATE_INVALID"))
    fee = 0
    if command.instalments is not None:
        problem, fee = quote_fee(command.instalments, desk.terms_of(account), command.amount_minor)
        if problem is not None:
            return Result(problem)
    released = view.held_minor if command.final else command.amount_minor
    fact = Fact(
        FactKind.PURCHASE_CAPTURED, account.account_id, day, debit_day(day, account), command.amount_minor,
        (released, *plan_args(command.instalments, fee, desk.command_id), view.category),
        counterparty_id=view.merchant_id, purchase_id=view.purchase_id, reference=view.reference,
    )  # fmt: skip
    answer: Answer = {
        "outcome": "done", "purchase_id": view.purchase_id, "captured_minor": command.amount_minor,
        "held_minor": view.held_minor - released, "fee_minor": fee, "plan_id": fact.args[4],
    }  # fmt: skip
    return Result(answer, (fact,))


def release_fact(
    account: Account, view: PurchaseView, day: int, amount_minor: int, why: int, *, at_us: int = 0
) -> Fact:
    """A hold given back, wholly or in part."""
    return Fact(
        FactKind.AUTHORISATION_RELEASED, account.account_id, day, debit_day(day, account), amount_minor, (why,),
        counterparty_id=view.merchant_id, purchase_id=view.purchase_id, reference=view.reference, happened_at_us=at_us,
    )  # fmt: skip


def void(command: VoidAuthorisation, account: Account, desk: Desk) -> Result:
    """Give back what is still held of a purchase."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    view = find_purchase(desk, account, command.purchase_id)
    if view is None:
        return Result(refusal("PURCHASE_UNKNOWN"))
    if view.held_minor <= 0:
        return Result(refusal("HOLD_GONE"))
    day = value_day(command, account, desk)
    if day is None or day < view.begun_on:
        return Result(refusal("DATE_INVALID"))
    fact = release_fact(account, view, day, view.held_minor, 2 if command.expired else 1)
    return Result({"outcome": "done", "purchase_id": view.purchase_id, "released_minor": view.held_minor}, (fact,))


def fee_left(account: Account, plan_id: int) -> int:
    """The consumer's fee that a running plan has not billed yet; 0 for a plan that ended."""
    i = int(find_plan(account.head, account.plans, plan_id))
    return int(account.plans[i, P_FEE_LEFT]) if i >= 0 else 0


def fee_charged(account: Account, view: PurchaseView, desk: Desk) -> int:
    """What the consumer was really charged for the plan: of an ended one, its fee without what a refund or a settlement cancelled."""
    i = int(find_plan(account.head, account.plans, view.plan_id))
    if i >= 0:
        return int(account.plans[i, P_FEE_BILLED])
    settled = sum(
        fact.args[1]
        for fact_id, fact in desk.facts.items()
        if fact.kind is FactKind.PLAN_SETTLED and fact.args[0] == view.plan_id and fact_id not in desk.reversed_facts
    )
    return view.fee_minor - view.fee_cancelled_minor - settled


def fee_to_return(account: Account, view: PurchaseView, desk: Desk, amount_minor: int) -> int:
    """The consumer's fee charged and not yet returned, by the part of the goods that comes back (the interest refund switch)."""
    if (
        not desk.terms_of(account).refund_fee
        or view.plan_id == 0
        or view.payer != PAYER_CONSUMER
        or not account.is_open
    ):
        return 0
    charged = max(0, fee_charged(account, view, desk) - view.fee_returned_minor)
    left = view.captured_minor - view.refunded_minor
    return (2 * charged * amount_minor + left) // (2 * left)


def refund_fact(account: Account, view: PurchaseView, desk: Desk, *, day: int, amount_minor: int) -> Fact:
    """A refund of what was bought, with the fee that it gives back and the fee not yet billed that it cancels."""
    fee = fee_to_return(account, view, desk, amount_minor)
    before = fee_left(account, view.plan_id) if view.plan_id else 0
    fact = Fact(
        FactKind.PURCHASE_REFUNDED, account.account_id, day, day, amount_minor, (view.purchased_on, view.plan_id, fee, 0),
        counterparty_id=view.merchant_id, purchase_id=view.purchase_id, reference=view.reference,
    )  # fmt: skip
    if before == 0:
        return fact
    trial = restore(account.account_id, account.customer_ref, account.terms_rows, account.snapshot())
    trial.apply(event_row(fact))
    return replace(fact, args=(*fact.args[:3], before - fee_left(trial, view.plan_id)))


def check_refund(command: RefundPurchase, desk: Desk) -> Answer | None:
    """Whether scene and time of a refund make sense."""
    if command.scene is not None and not command.scene.is_valid():
        return refusal("SCENE_INVALID")
    return refusal("TIME_INVALID") if event_time(command.happened_at, desk) is None else None


def refund_scene(command: RefundPurchase, view: PurchaseView, desk: Desk) -> tuple[int, ...]:
    """When, what and where was bought that comes back now; a scene of the refund's own stands before the purchase's."""
    first = next(fact for _, fact in desk.purchases[view.purchase_id] if fact.kind not in PASSED_OVER)
    args = first.named_args()
    scene = tuple(args[name] for name in SCENE if name in args)
    if command.scene is not None:
        scene = command.scene.keys() or scene
    return (first.happened_at_us or desk.now_us, view.category, *scene)


def refund(command: RefundPurchase, account: Account, desk: Desk) -> Result:
    """Take goods back: from the hold before receipt, else from the debt."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    view = find_purchase(desk, account, command.purchase_id)
    if view is None:
        return Result(refusal("PURCHASE_UNKNOWN"))
    left = view.held_minor + view.captured_minor - view.refunded_minor
    if not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        return Result(refusal("AMOUNT_INVALID"))
    if command.amount_minor > left:
        return Result(refusal("REFUND_EXCEEDS_PURCHASE", refundable_minor=left))
    day = value_day(command, account, desk)
    if day is None or day < view.begun_on or (view.captured_minor and day < view.purchased_on):
        return Result(refusal("DATE_INVALID"))
    problem = check_refund(command, desk)
    if problem is not None:
        return Result(problem)
    at_us = event_time(command.happened_at, desk) or 0
    from_hold = min(command.amount_minor, view.held_minor)
    from_debt = command.amount_minor - from_hold
    facts = []
    fee = 0
    if from_hold:
        facts.append(release_fact(account, view, day, from_hold, 3, at_us=at_us))
    if from_debt:
        fact = refund_fact(account, view, desk, day=day, amount_minor=from_debt)
        facts.append(replace(fact, args=(*fact.args, *refund_scene(command, view, desk)), happened_at_us=at_us))
        fee = fact.args[2]
    answer: Answer = {
        "outcome": "done",
        "purchase_id": view.purchase_id,
        "refunded_minor": from_debt,
        "released_minor": from_hold,
        "fee_returned_minor": fee,
    }
    return Result(answer, tuple(facts))


__all__ = ["AVAILABLE", "authorise", "buy_now", "capture", "pass_checks", "refund", "void"]
