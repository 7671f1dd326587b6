"""The interest that a refund gives back: what the loan cost so far, less what it would have cost without the goods.

Interest accrues by actual days on the outstanding principal and is cut at each event and each due date; each piece is
rounded half even to a minor unit. A payment first pays accrued interest, then principal. A refund of r gives back

    interest to date  −  interest to date had r never been lent  −  what was given back before

(of the payouts the earliest shrink first) and then counts, with the interest given back, as a payment. A full refund
thus gives back every cent of interest.
Source: published refund cases (Apache Fineract, LoanInterestRefundTest); rules.md §12, 民法典677.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from honghua.base.errors import BadInput
from honghua.base.rates import round_half_even
from honghua.credit.core.finance.daycount import DayCount, year_fraction


class EventKind(StrEnum):
    """What may happen to such a loan."""

    PAYOUT = "payout"
    REPAYMENT = "repayment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Event:
    """Something of `amount_minor` > 0 on a day; events of one day keep their order."""

    on: dt.date
    kind: EventKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AccrualTerms:
    """Yearly rate, day count, and the due dates at which interest pieces end; interest stops at the last of them.

    round_pieces  False: pieces are summed exactly, and only the sum (and what a payment finds unpaid) is rounded
    """

    annual_rate: Fraction
    day_count: DayCount
    due_on: tuple[dt.date, ...]
    round_pieces: bool = True


def interest_refunds(terms: AccrualTerms, events: Sequence[Event]) -> list[int]:
    """For each refund in order of date, the interest that it gives back, in minor units; BadInput on a wrong amount."""
    ordered = sorted(events, key=lambda event: event.on)
    if any(event.amount_minor <= 0 for event in ordered):
        raise BadInput("each event needs a positive amount", code="BAD_AMOUNT")
    given: list[int] = []
    seen: list[Event] = []
    refunded = 0
    for event in ordered:
        if event.kind is EventKind.REFUND:
            refunded += event.amount_minor
            really = accrued_interest(terms, seen, event.on)
            without = accrued_interest(terms, _never_lent(seen, refunded), event.on)
            given.append(max(really - without - sum(given), 0))
            seen.append(Event(event.on, EventKind.REFUND, event.amount_minor + given[-1]))
        else:
            seen.append(event)
    return given


def accrued_interest(terms: AccrualTerms, events: Sequence[Event], until: dt.date) -> int:
    """All interest up to a day, paid or not, in minor units; `events` in order of date."""
    total = unpaid = Fraction(0)
    principal = 0
    cuts = sorted({event.on for event in events if event.on < until} | {due for due in terms.due_on if due < until})
    edges = [*cuts, until]
    for k, day in enumerate(edges):
        for event in events:
            if event.on != day or day == until:
                continue
            if event.kind is EventKind.PAYOUT:
                principal += event.amount_minor
            else:
                for_interest = min(event.amount_minor, round_half_even(unpaid))
                unpaid -= for_interest
                principal = max(principal - event.amount_minor + for_interest, 0)
        if day < min(until, terms.due_on[-1]):
            share = year_fraction(terms.day_count, day, edges[k + 1])
            piece = principal * terms.annual_rate * share
            piece = Fraction(round_half_even(piece)) if terms.round_pieces else piece
            total += piece
            unpaid += piece
    return round_half_even(total)


def _never_lent(events: Sequence[Event], amount_minor: int) -> list[Event]:
    """The history without refunds in which `amount_minor` less was paid out, the earliest payouts shrunk first."""
    kept: list[Event] = []
    for event in events:
        if event.kind is EventKind.REPAYMENT:
            kept.append(event)
        elif event.kind is EventKind.PAYOUT:
            cut = min(amount_minor, event.amount_minor)
            amount_minor -= cut
            kept.append(Event(event.on, event.kind, event.amount_minor - cut))
    return kept
