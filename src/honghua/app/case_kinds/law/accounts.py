"""Dated cases about one account: the temporary limit, the change of days, the order of a repayment. The books' own fold answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from honghua.app.case_kinds.law.reading import fold_word, iso, major, only, read_inputs, read_local_day
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported
from honghua.base.errors import BadInput
from honghua.credit import core as c

LIMIT_WORDS: Final = ("opened_on", "limit", "pair", "temporary_days", "events", "as_of", "limit_max")
DUE_WORDS: Final = ("opened_on", "pair", "limit", "events", "changes", "as_of", "change_months")
EVENT_WORDS: Final = ("on", "date", "type", "event", "amount", "until", "pair", "days")
DEBT_WORDS: Final = (
    "overdue_days",
    "days_overdue",
    "days_past_due",
    "principal",
    "instalment",
    "fee",
    "interest",
    "penalty",
)
DEFAULT_LIMIT: Final = 1_000_000


def temporary_limit(case: Case) -> Mapping[str, Any]:
    """Where limits stand on a day after what happened: grants, purchases, holds, repayments, an expiry."""
    fields = read_inputs(case, *LIMIT_WORDS)
    days = fields.whole("temporary_days", default=c.ProductTerms().temporary_days)
    most = fields.money("limit_max", default=c.ProductTerms().limit_minor_max)
    terms = c.ProductTerms(temporary_days=days, limit_minor_max=most)
    life, refused = _live(fields, terms, fields.money("limit"))
    now = life.look()
    return Answers(
        limit=lambda: major(now.limit_minor),
        temporary=lambda: major(now.temporary_minor),
        temporary_until=lambda: iso(now.temporary_until),
        used=lambda: major(now.used_minor),
        held=lambda: major(now.held_minor),
        available=lambda: major(now.available_minor),
        over=lambda: major(now.over_minor),
        own_money=lambda: major(now.overpaid_minor),
        refused=lambda: refused,
    )


def due_day_change(case: Case) -> Mapping[str, Any]:
    """The pair of statement and due day after changes, and the bills that were issued on the way."""
    fields = read_inputs(case, *DUE_WORDS)
    months = fields.whole("change_months", default=c.ProductTerms().pair_change_months)
    life, refused = _live(
        fields, c.ProductTerms(pair_change_months=months), fields.money("limit", default=DEFAULT_LIMIT)
    )
    now = life.look()
    bills = [{"cut_on": bill.cut_on.isoformat(), "due_on": bill.due_on.isoformat()} for bill in life.bills]
    return Answers(
        cut_day=lambda: now.cut_day,
        due_day=lambda: now.due_day,
        next_cut_on=now.next_cut_on.isoformat,
        bills=lambda: bills,
        refused=lambda: refused,
    )


def repayment_order(case: Case) -> Mapping[str, Any]:
    """What one repayment pays of the bills there are, and what each still owes."""
    fields = read_inputs(case, *DEBT_WORDS, "bills", "payment", "repayment", "on", "principal_first_from_days")
    switch = fields.whole("principal_first_from_days", default=c.ProductTerms().principal_first_dpd)
    bills = [only(one, *DEBT_WORDS) for one in fields.objects("bills")] if "bills" in fields else [fields]
    debts = [
        c.Debt(
            overdue_days=one.whole("overdue_days", "days_overdue", "days_past_due"),
            principal_minor=one.money("principal", default=0), instalment_minor=one.money("instalment", default=0),
            fee_minor=one.money("fee", default=0), interest_minor=one.money("interest", default=0),
            penalty_minor=one.money("penalty", default=0),
        )
        for one in bills
    ]  # fmt: skip
    payment = fields.money("payment", "repayment")
    if payment < 0 or any(getattr(debt, name) < 0 for debt in debts for name in PARTS):
        raise BadInput("inputs: amounts are not negative")
    on = fields.day("on") if "on" in fields else dt.date(2026, 1, 1)
    debts.sort(key=lambda debt: -debt.overdue_days)  # the oldest first, as accounts keep them
    left, over = c.spread_payment(c.ProductTerms(principal_first_dpd=switch), debts, payment, on=on)

    def paid(name: str) -> Fraction:
        return major(sum(getattr(debt, name) - getattr(rest, name) for debt, rest in zip(debts, left, strict=True)))

    def still(name: str) -> Fraction:
        return major(sum(getattr(rest, name) for rest in left))

    short = {name.removesuffix("_minor"): name for name in PARTS}
    return Answers(
        **{f"paid_{word}": (lambda name=name: paid(name)) for word, name in short.items()},
        **{f"left_{word}": (lambda name=name: still(name)) for word, name in short.items()},
        left_over=lambda: major(over),
        left=lambda: [{word: major(getattr(rest, name)) for word, name in short.items()} for rest in left],
    )  # fmt: skip


PARTS: Final = ("principal_minor", "instalment_minor", "fee_minor", "interest_minor", "penalty_minor")


def _live(fields: Fields, terms: c.ProductTerms, limit_minor: int) -> tuple[c.Life, list[str]]:
    """The account after its events, and the codes of what was refused, in order."""
    begins = read_local_day(fields, "opened_on")
    life, refused = c.Life(terms, begins), []
    pair = _pair(fields) if "pair" in fields else None
    opened = life.do(c.OpenAccount(key="k", customer="A", limit_minor=limit_minor, pair=pair))
    if opened["outcome"] == "refused":
        raise BadInput(f"inputs: the account cannot be opened: {opened['code']}")
    events = fields.objects("events") if "events" in fields else []
    if "changes" in fields:
        events = [
            *events,
            *(Fields({"type": "change_days", **one.values}, one.place) for one in fields.objects("changes")),
        ]
        events.sort(key=lambda one: read_local_day(one, "on", "date"))
    holds: list[int] = []
    for one in events:
        life.pass_to(read_local_day(only(one, *EVENT_WORDS), "on", "date"))
        kind = fold_word(one.text("type", "event"))
        if kind not in EVENTS:
            raise Unsupported(f"{one.place}.type {kind!r}: known are {', '.join(sorted(EVENTS))}")
        answer = life.do(EVENTS[kind](one, holds))
        if answer["outcome"] == "refused":
            refused.append(str(answer["code"]))
        elif kind == "hold":
            holds.append(int(answer["purchase_id"]))
    if "as_of" in fields:
        life.pass_to(read_local_day(fields, "as_of"))
    return life, refused


def _pair(fields: Fields) -> tuple[int, int]:
    """ "5/15" or [5, 15]."""
    value = fields.need("pair", "days")
    parts = value.split("/") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 2 or not all(str(part).strip().isdigit() for part in parts):
        raise BadInput(f'{fields.place}.pair {value!r} is no pair such as "5/15"')
    return int(str(parts[0])), int(str(parts[1]))


def _order(kind: type[c.BuyNow] | type[c.AuthorisePurchase], one: Fields) -> c.Command:
    return kind(key="k", customer="A", amount_minor=one.money("amount"), merchant="M", order="o", category="goods")


def _released(one: Fields, holds: list[int]) -> c.Command:
    if not holds:
        raise BadInput(f"{one.place}: nothing is held")
    return c.VoidAuthorisation(key="k", customer="A", purchase_id=holds.pop(0))


def _granted(one: Fields, _holds: list[int]) -> c.Command:
    until = read_local_day(one, "until") if "until" in one else None
    return c.GrantTemporaryLimit(key="k", customer="A", amount_minor=one.money("amount"), until=until)


def _days(one: Fields, _holds: list[int]) -> c.Command:
    cut_day, due_day = _pair(one)
    return c.ChangePair(key="k", customer="A", cut_day=cut_day, due_day=due_day)


EVENTS: Final[dict[str, Callable[[Fields, list[int]], c.Command]]] = {
    **dict.fromkeys(("grant", "grant_temporary", "temporary"), _granted),
    **dict.fromkeys(("buy", "purchase"), lambda one, _: _order(c.BuyNow, one)),
    **dict.fromkeys(("hold", "authorise"), lambda one, _: _order(c.AuthorisePurchase, one)),
    **dict.fromkeys(("release", "void"), _released),
    **dict.fromkeys(
        ("repay", "repayment"), lambda one, _: c.Repay(key="k", customer="A", amount_minor=one.money("amount"))
    ),
    **dict.fromkeys(
        ("change_limit", "set_limit"),
        lambda one, _: c.ChangeLimit(key="k", customer="A", limit_minor=one.money("amount")),
    ),
    **dict.fromkeys(("end", "end_temporary"), lambda _one, _: c.EndTemporaryLimit(key="k", customer="A")),
    **dict.fromkeys(("change_days", "change_due_day", "change_pair", "change"), _days),
}

__all__ = ["due_day_change", "repayment_order", "temporary_limit"]
