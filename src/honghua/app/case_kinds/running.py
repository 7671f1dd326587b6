"""Loans in life: payoff, recalculation of overdue interest, refunds, delinquency and charge-off."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from honghua.app.case_kinds.comparing import Exactly
from honghua.app.case_kinds.loans import Loan, ScheduleAnswers, due_dates, read_loan, to_lines
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported, to_day, to_minor
from honghua.base.errors import BadInput
from honghua.credit.core import chargeoff, daycount, delinquency, refunds, schedules, servicing

REPAYMENTS = ("repayment", "payment", "repay", "autopay", "instalment")
PAYOFFS = ("payoff", "pay_off", "early_payoff", "prepayment_in_full")
DISBURSEMENTS = ("disbursement", "payout", "drawdown")
REFUNDS = ("payout_refund", "merchant_refund", "merchant_issued_refund", "refund")
CLASS_NAMES = {1: "正常", 2: "关注", 3: "次级", 4: "可疑", 5: "损失"}

_PERIOD_END = re.compile(
    r"rest.frequency|period.end|end of (the )?(current |running )?(period|instalment)|next due date"
)
_REPAY = re.compile(r"(?:repay(?:ment)?|pay(?:ment)?)\s*:?\s*([0-9.]+)\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def payoff(case: Case) -> Mapping[str, Any]:
    """What closes a loan on a day, after the repayments before it."""
    fields, loan = case.fields, _referred(case)
    events = _dated_events(fields)
    closing = [event for event in events if _type(event) in PAYOFFS]
    if len(closing) != 1:
        raise BadInput(f"inputs.events has {len(closing)} payoffs, one is wanted")
    day = closing[0].day("date")
    running = _run(loan, [event for event in events if event is not closing[0] and event.day("date") <= day])
    at_end = _PERIOD_END.search(str(fields.get("policy") or "").lower())
    policy = servicing.PayoffInterest.TO_PERIOD_END if at_end else servicing.PayoffInterest.TO_PAYOFF_DAY
    price = running.payoff(day, policy=policy)
    if price.amount_minor:
        running.pay(day, price.amount_minor)
    scale = 10**loan.digits
    closed = running.outstanding_minor(day) == 0
    return Answers(
        payoff_amount=lambda: Fraction(price.amount_minor, scale),
        principal=lambda: Fraction(price.principal_minor, scale),
        interest=lambda: Fraction(price.interest_minor, scale),
        outstanding_principal=lambda: Fraction(running.outstanding_minor(day), scale),
        status=lambda: "closed" if closed else "open",
    )


def recalculation(case: Case) -> Mapping[str, Any]:
    """The schedule as it stands on the business date."""
    fields, loan = case.fields, _referred(case)
    business_on = fields.day("business_date")
    running = _run(loan, [event for event in _dated_events(fields) if event.day("date") <= business_on])
    scale = 10**loan.digits
    return ScheduleAnswers(
        to_lines(running.schedule(business_on), loan.digits),
        case.row_order,
        outstanding_principal=lambda: Fraction(running.outstanding_minor(business_on), scale),
        overpaid=lambda: Fraction(running.overpaid_minor, scale),
    )


def refund_interest(case: Case) -> Mapping[str, Any]:
    """Interest that refunds give back; `interest_refund` is that of the last refund."""
    fields = _merged(case)
    start = fields.day("first_disbursement", "disbursement_date", "start_date")
    given = [_refund_event(event) for event in _dated_events(fields)]
    if not any(event.kind is refunds.EventKind.PAYOUT for event in given):
        given.insert(0, refunds.Event(start, refunds.EventKind.PAYOUT, fields.money("principal")))
    policy = str(fields.get("rounding_policy") or "").lower()
    terms = refunds.AccrualTerms(
        annual_rate=fields.percent("annual_percent"),
        day_count=daycount.parse_day_count(fields.text("day_count", default="actual/actual")),
        due_on=tuple(fields.days("due_dates")) if "due_dates" in fields else due_dates(fields, start),
        round_pieces=not re.search(r"unrounded|rounded once|only the sum|after summing", policy),
    )
    scale = 10**fields.digits
    back = [Fraction(minor, scale) for minor in refunds.interest_refunds(terms, given)]
    if not back:
        raise BadInput("inputs.events holds no refund")
    return Answers(
        interest_refund=lambda: back[-1],
        interest_refunds=lambda: back,
        total_interest_refund=lambda: sum(back, Fraction(0)),
    )


def delinquency_states(case: Case) -> Any:
    """Delinquency after each event; one state when a single answer is asked for."""
    fields = case.fields
    due_on, open_minor = _instalments(fields)
    buckets = [_bucket(item, f"inputs.buckets[{k}]") for k, item in enumerate(fields.list_("buckets"))]
    business_on = fields.day("business_date")
    states = []
    for k, event in enumerate(fields.list_("events") if "events" in fields else ["none"]):
        amount, new_day = _delinquency_event(event, f"inputs.events[{k}]", fields.digits)
        open_minor, _ = delinquency.apply_oldest_first(open_minor, amount)
        business_on = new_day or business_on
        found = delinquency.assess(due_on, open_minor, business_on, buckets)
        states.append(_state(found, 10**fields.digits))
    return states if case.wants_list else states[-1]


def _state(found: delinquency.Delinquency, scale: int) -> Mapping[str, Any]:
    buckets = Exactly((label, Fraction(minor, scale)) for label, minor in found.by_bucket.items())
    return Answers(
        dpd=lambda: found.days_past_due,
        days_past_due=lambda: found.days_past_due,
        delinquent_amount=lambda: Fraction(found.amount_minor, scale),
        by_bucket=lambda: buckets,
        five_class=lambda: CLASS_NAMES[delinquency.ORDER_2023.class_of(found.days_past_due)],
    )


def charge_off(case: Case) -> Mapping[str, Any]:
    """The journal of a loan's events up to its charge-off and beyond."""
    fields = case.fields
    loan = chargeoff.ChargeOffLoan(fraud=bool(fields.get("fraud")))
    scale = 10**fields.digits
    journal: list[Mapping[str, Any]] = []
    for event in _dated_events(fields):
        loan.fraud = loan.fraud or bool(event.get("fraud"))
        amount = event.money("amount") if "amount" in event else None
        entry = loan.post(_journal_kind(event), amount)
        sides = {
            side: [[str(account), Fraction(minor, scale)] for account, minor in lines]
            for side, lines in (("dr", entry.debits), ("cr", entry.credits))
        }
        journal.append({"event": event.text("type"), "date": event.text("date"), **sides})
    return Answers(journal=lambda: journal)


def _journal_kind(event: Fields) -> chargeoff.EventKind:
    kinds = {
        **dict.fromkeys(DISBURSEMENTS, chargeoff.EventKind.DISBURSEMENT),
        **dict.fromkeys(REPAYMENTS, chargeoff.EventKind.REPAYMENT),
        **dict.fromkeys(("recovery", "recovery_payment"), chargeoff.EventKind.REPAYMENT),
        **dict.fromkeys(REFUNDS, chargeoff.EventKind.REFUND),
        **dict.fromkeys(("fee", "charge", "nsf_fee", "penalty"), chargeoff.EventKind.FEE),
        **dict.fromkeys(("interest", "interest_accrual", "accrual"), chargeoff.EventKind.INTEREST),
        **dict.fromkeys(("charge_off", "chargeoff", "write_off"), chargeoff.EventKind.CHARGE_OFF),
        "goodwill_credit": chargeoff.EventKind.GOODWILL,
    }
    kind = kinds.get(_type(event))
    if kind is None:
        raise Unsupported(f"an event of type {_type(event)!r}")
    return kind


def _referred(case: Case) -> Loan:
    return read_loan(_merged(case))


def _merged(case: Case) -> Fields:
    """The loan's own inputs: of another case by id, inline, or beside the events."""
    fields = case.fields
    reference = fields.get("loan")
    if reference is None:
        return fields
    inner = case.inputs_of(reference) if isinstance(reference, str) else reference
    loan = Fields.of(inner, "inputs.loan")
    return Fields({**loan.values, **{key: value for key, value in fields.values.items() if key != "loan"}}, "inputs")


def _dated_events(fields: Fields) -> list[Fields]:
    """Events in order of date; those of one day keep the order of the file."""
    events = fields.objects("events") if "events" in fields else []
    return sorted(events, key=lambda event: event.day("date"))


def _type(event: Fields) -> str:
    return event.text("type", "event").strip().lower().replace(" ", "_").replace("-", "_")


def _run(loan: Loan, events: list[Fields]) -> servicing.RunningLoan:
    changes = list(loan.changes)
    changes += [
        schedules.Change(event.day("date"), event.money("amount")) for event in events if _type(event) in DISBURSEMENTS
    ]
    running = servicing.RunningLoan(loan.terms, tuple(changes))
    for event in events:
        if _type(event) in REPAYMENTS:
            running.pay(event.day("date"), event.money("amount"))
        elif _type(event) not in DISBURSEMENTS:
            raise Unsupported(f"an event of type {_type(event)!r}")
    return running


def _refund_event(event: Fields) -> refunds.Event:
    for names, kind in (
        (DISBURSEMENTS, refunds.EventKind.PAYOUT),
        (REPAYMENTS, refunds.EventKind.REPAYMENT),
        (REFUNDS, refunds.EventKind.REFUND),
    ):
        if _type(event) in names:
            return refunds.Event(event.day("date"), kind, event.money("amount"))
    raise Unsupported(f"an event of type {_type(event)!r}")


def _instalments(fields: Fields) -> tuple[list[dt.date], list[int]]:
    if "instalments" not in fields:
        loan = read_loan(fields)
        rows = schedules.lay_out(loan.terms, loan.changes)
        return [row.due_on for row in rows], [row.due_minor for row in rows]
    dates, amounts = [], []
    for k, item in enumerate(fields.list_("instalments")):
        place = f"inputs.instalments[{k}]"
        if isinstance(item, list) and len(item) == 2:
            day, amount = to_day(item[0], place), to_minor(item[1], place, digits=fields.digits)
        else:
            one = Fields.of(item, place)
            day, amount = one.day("due_date", "date"), one.money("amount", "due")
        if amount < 0:
            raise BadInput(f"{place} has a negative amount")
        dates.append(day)
        amounts.append(amount)
    if dates != sorted(dates):
        raise BadInput("inputs.instalments are not in order of date")
    return dates, amounts


def _bucket(item: Any, place: str) -> delinquency.Bucket:
    if not isinstance(item, list) or len(item) != 2:
        raise BadInput(f"{place} must be [from, to], to being null for an open one")
    least = Fields({"from": item[0]}, place).whole("from")
    return delinquency.Bucket(least, None if item[1] is None else Fields({"to": item[1]}, place).whole("to"))


def _delinquency_event(event: Any, place: str, digits: int) -> tuple[int, dt.date | None]:
    """The amount repaid and the new business date, if any: "none", "repay 626.00", "business date 2023-06-15"."""
    if isinstance(event, Mapping):
        one = Fields.of(event, place)
        day = one.day("business_date") if "business_date" in one else None
        return (one.money("amount") if _type(one) in REPAYMENTS else 0), day
    text = str(event).strip().lower()
    found = _DATE.search(text)
    repay = _REPAY.match(text)
    if repay is None and found is None and text not in ("none", ""):
        raise Unsupported(f"the event {event!r}")
    return (to_minor(repay[1], place, digits=digits) if repay else 0), (to_day(found[0], place) if found else None)
