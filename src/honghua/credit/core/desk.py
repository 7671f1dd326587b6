"""What a handler sees and gives back: the day, the terms, the purchase in question; facts and an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from honghua.base.clock import to_micros
from honghua.base.dates import to_day
from honghua.credit.core.account import Account
from honghua.credit.core.commands import Command
from honghua.credit.core.guards import Guards
from honghua.credit.core.layout import H_LAST_CUT, H_OPENED, H_TERMS
from honghua.credit.core.lines.excluding import Exclusions
from honghua.credit.core.prudence.growth import NothingStopped, Stops
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import ProductTerms, person_cap
from honghua.decision.core import WITHIN_LIMIT
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind

Answer = dict[str, Any]

# Facts that name a purchase but leave nothing of it to view.
NOT_OF_PURCHASE: Final = PASSED_OVER

SKEW_US: Final = 5 * 60 * 1_000_000  # how far an event may lie ahead of our clock
AGE_MAX_US: Final = 400 * 86_400 * 1_000_000  # and how far behind it


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A judged purchase, to be recorded with it. by_engine: the risk engine judged, and records what it judged on itself."""

    outcome: int
    reason: str
    vector: tuple[int, ...]
    by_engine: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Suspension:
    """A purchase that waits for a proof, for time to pass or for a person. Times are microseconds since 1970 UTC."""

    suspension_id: int
    account_id: int
    outcome: int
    amount_minor: int
    merchant: str
    category: str
    order: str
    until_us: int  # may not go on before
    expires_us: int
    state: str = "waiting"
    token: str = ""
    claimed_by: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command leads to: the answer, the facts to book (none when refused) and the decision, if one was made.

    suspended: a purchase set aside by it; settled: the suspended purchase that it went on with, or 0; ended: one that ended
    without a purchase, with its state from here on.
    """

    answer: Answer
    facts: tuple[Fact, ...] = ()
    decision: DecisionDraft | None = None
    suspended: Suspension | None = None
    settled: int = 0
    ended: tuple[int, str] | None = None


class Decider(Protocol):
    """Whoever judges purchases. row: the purchase's place among those sensed together, −1 = nothing was sensed."""

    def judge(self, row: int, account_inputs: Sequence[int]) -> Any:
        """A verdict: outcome, code, amount_minor. account_inputs in the order of `ACCOUNT_INPUTS`."""
        ...


class AccountRules:
    """The rules about the account alone: what judges where no risk engine is at work."""

    def judge(self, row: int, account_inputs: Sequence[int]) -> Any:
        """The verdict of WITHIN_LIMIT."""
        return WITHIN_LIMIT.judge(account_inputs)


@dataclass(frozen=True, slots=True)
class PurchaseView:
    """One purchase as its facts tell it. Amounts minor units; days are day numbers."""

    purchase_id: int
    account_id: int
    merchant_id: int
    category: int
    reference: str
    held_minor: int
    captured_minor: int
    refunded_minor: int
    fee_returned_minor: int
    fee_cancelled_minor: int
    begun_on: int  # value day of its first fact: nothing else about it can count earlier
    purchased_on: int
    plan_id: int
    periods: int
    fee_minor: int
    payer: int


@dataclass(slots=True)
class Desk:
    """The surroundings of a command, shared by a batch: handlers change nothing here, the unit moves `command_id` on."""

    today: int
    command_id: int
    terms: Mapping[int, ProductTerms]
    terms_ids: Mapping[str, int]
    merchants: Mapping[str, int]
    categories: Mapping[str, int]
    purchases: Mapping[int, Sequence[tuple[int, Fact]]] = field(default_factory=dict)
    facts: Mapping[int, Fact] = field(default_factory=dict)
    reversed_facts: Set[int] = frozenset()
    now_us: int = 0
    decider: Decider = field(default_factory=AccountRules)
    stops: Stops = field(default_factory=NothingStopped)
    guards: Guards = field(default_factory=Guards)
    exclusions: Exclusions = field(
        default_factory=Exclusions
    )  # told where no engine judges: policies read lists themselves
    row: int = -1
    checked: tuple[int, int] | None = None  # (value day, fee) of an order that passed its checks when it was sensed
    suspensions: Mapping[int, Suspension] = field(default_factory=dict)
    proven: Set[int] = frozenset()  # suspensions whose proof was checked and found right

    def terms_of(self, account: Account) -> ProductTerms:
        """The version of the terms that the account was opened under."""
        return self.terms[int(account.head[H_TERMS])]

    def find_room(self, line: str, terms: ProductTerms) -> int:
        """The most that a line under these terms may come to, minor units: the cap of a person less what their other line takes."""
        return max(0, person_cap(self.terms, terms) - self.guards.others.taken_minor(line))


def value_day(command: Command, account: Account, desk: Desk) -> int | None:
    """The command's value date as a day number, None when it lies in the future or before the account."""
    if command.on is None:
        return desk.today
    day = to_day(command.on)
    if day > desk.today or day < int(account.head[H_OPENED]):
        return None
    return day


def event_time(happened_at: dt.datetime | None, desk: Desk) -> int | None:
    """When an event happened, microseconds since 1970 UTC; 0 = now; None when that lies ahead of us, far back or nowhere."""
    if happened_at is None:
        return 0
    if happened_at.tzinfo is None:
        return None
    at_us = to_micros(happened_at)
    return at_us if desk.now_us - AGE_MAX_US <= at_us <= desk.now_us + SKEW_US else None


def debit_day(value_on: int, account: Account) -> int:
    """When a debit counts: not before the open cycle, for closed statements never change."""
    return max(value_on, int(account.head[H_LAST_CUT]))


def find_decision_id(answer: Mapping[str, Any]) -> int:
    """The decision behind an answer to an order, 0 when it was refused unjudged."""
    return int(answer.get("purchase_id") or answer.get("suspension_id") or answer.get("decision_id") or 0)


def check_live(account: Account) -> Answer | None:
    """Refuse what needs an open account."""
    if not account.exists:
        return refusal("ACCOUNT_UNKNOWN")
    if account.quarantined:
        return refusal("ACCOUNT_QUARANTINED")
    if not account.is_open:
        return refusal("ACCOUNT_NOT_ACTIVE")
    return None


def check_person(account: Account, desk: Desk, total_minor: int) -> Answer | None:
    """Refuse limits of this total, fixed and temporary, where the holder's other line leaves less than that of the cap of a person."""
    over = total_minor > desk.find_room(account.customer_ref, desk.terms_of(account))
    return refusal("PERSON_CAP") if over else None


def is_amount(minor: object, maximum: int) -> bool:
    """Whether this is a whole positive number of minor units within bounds."""
    return isinstance(minor, int) and not isinstance(minor, bool) and 0 < minor <= maximum


def view_purchase(facts: Sequence[tuple[int, Fact]], reversed_facts: Set[int]) -> PurchaseView | None:
    """Fold the facts of one purchase, without those reversed; None when nothing is left of it."""
    held = captured = refunded = purchased_on = plan_id = periods = fee = payer = fee_returned = fee_cancelled = 0
    first: Fact | None = None
    for fact_id, fact in facts:
        if fact_id in reversed_facts or fact.kind in NOT_OF_PURCHASE:
            continue
        first = first or fact
        if fact.kind is FactKind.PURCHASE_AUTHORISED:
            held += fact.amount_minor
        elif fact.kind is FactKind.AUTHORISATION_RELEASED:
            held -= fact.amount_minor
        elif fact.kind is FactKind.PURCHASE_CAPTURED:
            held -= fact.args[0]
            captured += fact.amount_minor
            purchased_on = fact.effective_on
            if fact.args[1]:
                periods, fee, payer, plan_id = fact.args[1:5]
        elif fact.kind is FactKind.PURCHASE_REFUNDED:
            refunded += fact.amount_minor
            fee_returned += fact.args[2]
            fee_cancelled += fact.args[3]
    if first is None:
        return None
    category = first.args[5] if first.kind is FactKind.PURCHASE_CAPTURED else first.args[1]
    return PurchaseView(
        purchase_id=first.purchase_id, account_id=first.account_id, merchant_id=first.counterparty_id, category=category,
        reference=first.reference or "", held_minor=held, captured_minor=captured, refunded_minor=refunded,
        fee_returned_minor=fee_returned, fee_cancelled_minor=fee_cancelled,
        begun_on=first.value_on, purchased_on=purchased_on, plan_id=plan_id, periods=periods, fee_minor=fee, payer=payer,
    )  # fmt: skip


def find_purchase(desk: Desk, account: Account, purchase_id: int) -> PurchaseView | None:
    """The purchase under an id, if it is this account's."""
    facts = desk.purchases.get(purchase_id)
    view = view_purchase(facts, desk.reversed_facts) if facts else None
    return view if view is not None and view.account_id == account.account_id else None


def iso(day: int) -> str:
    """A day number as an ISO date, for answers."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()
