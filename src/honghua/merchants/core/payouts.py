"""What becomes of a payout order by what a bank says: answers are hearsay, the bank's daily statement is the word that counts.

A bank may answer late, twice, wrongly, or not at all. So an answer moves an order between states that are not final (`hear`), and only a
row of the daily statement ends it (`close_by_row`): what moved is confirmed, what was rejected is booked back. An order that the bank
claimed to know and its statement does not show is asked again under the same key (`miss`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from honghua.base.errors import Refusal


class PayoutState(StrEnum):
    """waiting: to be sent or unanswered · paid, refused: the bank says so · disputed: it contradicts itself or us · confirmed: its
    statement shows that money moved · returned: its statement shows that none did and none will. Stored: never change a word.
    """

    WAITING = "waiting"
    PAID = "paid"
    REFUSED = "refused"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


FINAL: Final = frozenset({PayoutState.CONFIRMED, PayoutState.RETURNED})


class Said(StrEnum):
    """What a bank says of a key. pending: it has it, nothing is decided."""

    PAID = "paid"
    REFUSED = "refused"
    PENDING = "pending"


class DifferenceKind(StrEnum):
    """How our book and the bank's differ. Stored: never change a word."""

    AMOUNT_DIFFERS = "amount_differs"  # it moved another amount than ordered: the merchant is owed, or owes, the rest
    PAYEE_DIFFERS = "payee_differs"  # it moved money to somebody else, or in another currency
    NOT_AT_BANK = "not_at_bank"  # it said something of a key that its statement does not show
    SAID_OTHERWISE = "said_otherwise"  # its answer was not what its statement shows
    UNKNOWN_ORDER = "unknown_order"  # it moved money that nobody had ordered
    UNKNOWN_NOTICE = "unknown_notice"  # it told of an order that nobody had made
    MOVED_TWICE = "moved_twice"  # one key stands on its statements twice
    AFTER_THE_END = "after_the_end"  # its statement contradicts an earlier one


@dataclass(frozen=True, slots=True)
class Heard:
    """The state after an answer, and what was wrong with the answer (None: nothing)."""

    state: PayoutState
    difference: DifferenceKind | None = None


def hear(state: PayoutState, *, ordered_minor: int, said: Said, said_minor: int) -> Heard:
    """The state of an order after an answer or a notice; final states stay, whatever is said.

    ordered_minor, said_minor: minor units; what is said of a refused payment carries no amount. Source: R-054; ADR of payouts.
    """
    if state in FINAL:
        wanted = Said.PAID if state is PayoutState.CONFIRMED else Said.REFUSED
        return Heard(state, None if said in (wanted, Said.PENDING) else DifferenceKind.SAID_OTHERWISE)
    if said is Said.PENDING:
        return Heard(state)
    if said is Said.PAID and said_minor != ordered_minor:
        return Heard(PayoutState.DISPUTED, DifferenceKind.AMOUNT_DIFFERS)
    claimed = PayoutState.PAID if said is Said.PAID else PayoutState.REFUSED
    if state in (PayoutState.WAITING, claimed):
        return Heard(claimed)
    return Heard(PayoutState.DISPUTED, None if state is PayoutState.DISPUTED else DifferenceKind.SAID_OTHERWISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What was ordered under a key, as the statement is held against it."""

    key: str
    merchant: str
    amount_minor: int
    currency: str
    state: PayoutState


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One key of a bank's daily statement: money moved, or the order was rejected for good. reference: the bank's own."""

    key: str
    merchant: str
    amount_minor: int
    currency: str
    is_moved: bool
    reference: str


@dataclass(frozen=True, slots=True)
class Closing:
    """What a statement row does to an order: its state, by how much more (+) or less (−) moved than ordered, and what was wrong."""

    state: PayoutState
    extra_minor: int = 0
    difference: DifferenceKind | None = None


def close_by_row(order: Ordered, row: StatementRow) -> Closing:
    """End an order by the bank's statement. An ended order stays as it is: what contradicts it is told to people, never booked."""
    assert order.key == row.key, "a row closes its own order"
    if order.state in FINAL:
        if (order.state is PayoutState.CONFIRMED) and row.is_moved:
            return Closing(order.state, 0, DifferenceKind.MOVED_TWICE)
        same = order.state is PayoutState.RETURNED and not row.is_moved
        return Closing(order.state, 0, None if same else DifferenceKind.AFTER_THE_END)
    if (order.merchant, order.currency) != (row.merchant, row.currency):
        return Closing(PayoutState.DISPUTED, 0, DifferenceKind.PAYEE_DIFFERS)
    otherwise = DifferenceKind.SAID_OTHERWISE
    if not row.is_moved:
        lied = order.state in (PayoutState.PAID, PayoutState.DISPUTED)
        return Closing(PayoutState.RETURNED, 0, otherwise if lied else None)
    extra = row.amount_minor - order.amount_minor
    if extra:
        return Closing(PayoutState.CONFIRMED, extra, DifferenceKind.AMOUNT_DIFFERS)
    lied = order.state in (PayoutState.REFUSED, PayoutState.DISPUTED)
    return Closing(PayoutState.CONFIRMED, 0, otherwise if lied else None)


def miss(state: PayoutState) -> Heard:
    """An order that a complete statement of the day does not show: what the bank claimed about it counts for nothing."""
    if state in (PayoutState.PAID, PayoutState.REFUSED, PayoutState.DISPUTED):
        return Heard(PayoutState.WAITING, DifferenceKind.NOT_AT_BANK)
    return Heard(state)


class PaymentMode(StrEnum):
    """entrusted 受托支付: the lender pays the merchant · self 自主支付: the borrower's own bank account is paid."""

    ENTRUSTED = "entrusted"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRule:
    """From an effective date on: a draw above `self_max_minor` must be entrusted. source and grade as in rules.md."""

    effective_on: dt.date
    purpose: str
    self_max_minor: int
    allows_self: bool
    source: str
    grade: str


PAYMENT_RULES: Final = (
    PaymentRule(
        effective_on=dt.date(2024, 7, 1), purpose="consumption", self_max_minor=30_000_000, allows_self=True,
        source="rules.md §6: 个人贷款管理办法 (NFRA 2024-3) art. 36", grade="A",
    ),
    PaymentRule(
        effective_on=dt.date(2024, 7, 1), purpose="business", self_max_minor=50_000_000, allows_self=True,
        source="rules.md §6: 个人贷款管理办法 (NFRA 2024-3) art. 36", grade="A",
    ),
    PaymentRule(
        effective_on=dt.date(2025, 3, 14), purpose="bank consumption", self_max_minor=50_000_000, allows_self=True,
        source="rules.md §4: 发展消费金融通知, banks only and for a time", grade="B",
    ),
)  # fmt: skip
NEVER_PAID_FOR: Final = frozenset(
    {"property", "securities", "derivatives", "asset management", "fixed assets", "equity"}
)
"""Uses that no personal consumer loan may have. Source: rules.md §4, 商业银行互联网贷款管理暂行办法, grade A."""


def choose_payment(
    amount_minor: int,
    *,
    purpose: str = "consumption",
    on: dt.date,
    is_bound: bool = True,
    rules: Sequence[PaymentRule] = PAYMENT_RULES,
) -> PaymentMode | Refusal:
    """How a draw is paid out on a day. Raises nothing: a use that is forbidden, or that no rule covers, is refused.

    amount_minor: of the single draw. is_bound: it belongs to an order of a merchant, who is then paid whatever the amount (R-021).
    """
    if purpose in NEVER_PAID_FOR:
        return Refusal("PURPOSE_FORBIDDEN", f"A consumer loan may not be used for {purpose}.")
    known = [rule for rule in rules if rule.purpose == purpose and rule.effective_on <= on]
    if not known:
        return Refusal("PURPOSE_UNKNOWN", f"No payment rule covers {purpose!r} on {on}.")
    rule = max(known, key=lambda one: one.effective_on)
    if is_bound or amount_minor > rule.self_max_minor or not rule.allows_self:
        return PaymentMode.ENTRUSTED
    return PaymentMode.SELF
