"""Which purchase of an account an entry of its journal repays, gives back or loses: a credit account has one debt, a loan is one purchase.

Debts are paid in the order of their capture; a refund first lowers the purchase that it is of; what is owed again after a reversal opens
the purchase that was paid last; charges that are paid are shared by what is out of each purchase.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from honghua.base.money import split
from honghua.facts.kinds import FactKind
from honghua.funding.core.splitting import MovementKind


@dataclass(slots=True)
class Item:
    """One purchase of an account; minor units. fact_id: of its capture."""

    fact_id: int
    purchase_id: int
    principal_minor: int
    outstanding_minor: int
    written_off_minor: int = 0

    @property
    def paid_minor(self) -> int:
        """What was repaid or refunded of it."""
        return self.principal_minor - self.outstanding_minor - self.written_off_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry:
    """What one entry did to an account. principal_minor: change of all principal, debit +; amount_minor: of its fact; the charges: paid.

    reverses: the kind of the fact that this one takes back, None = none.
    """

    kind: int
    fact_id: int
    purchase_id: int
    amount_minor: int
    principal_minor: int
    interest_minor: int = 0
    fee_minor: int = 0
    penalty_minor: int = 0
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened to one purchase, as far as one capture of it goes (a purchase may be captured in parts)."""

    fact_id: int
    kind: MovementKind
    amount_minor: int


CHARGES: Final = (
    (MovementKind.INTEREST, "interest_minor"),
    (MovementKind.FEE, "fee_minor"),
    (MovementKind.PENALTY, "penalty_minor"),
)


def attribute(items: list[Item], entry: BookEntry) -> list[Told]:
    """Move the items (in order of capture; a new purchase is appended) by one entry; what is to be told of each, in order.

    After it what is out of all items has changed by `entry.principal_minor` exactly.
    """
    told: list[Told] = []
    if entry.kind == FactKind.REPAYMENT_RECEIVED:
        told += _share_charges(items, entry)
    change = entry.principal_minor
    if entry.kind == FactKind.PURCHASE_CAPTURED:
        items.append(Item(entry.fact_id, entry.purchase_id, entry.amount_minor, entry.amount_minor))
        change -= entry.amount_minor
    if entry.kind == FactKind.RECOVERY_RECEIVED:
        told += _recover(items, entry.amount_minor)
    kind = MovementKind.WRITE_OFF if entry.kind == FactKind.WRITTEN_OFF else MovementKind.PRINCIPAL
    takes_goods_back = entry.kind == FactKind.PURCHASE_REFUNDED or entry.reverses == FactKind.PURCHASE_CAPTURED
    if change < 0 and takes_goods_back:
        own = [item for item in items if item.purchase_id == entry.purchase_id]
        change += _lower(own, -change, MovementKind.REFUND, told)
    if change < 0:
        change += _lower(items, -change, kind, told)
    if change > 0:
        change -= _reopen(items, change, told)
    if change > 0:  # principal that no purchase accounts for is ours alone
        _add_own(items, entry.fact_id, change)
    return [one for one in told if one.amount_minor]


def _add_own(items: list[Item], fact_id: int, amount: int) -> None:
    """Entries that no fact caused stand together as one item: items are known by their fact."""
    for item in items:
        if (item.fact_id, item.purchase_id) == (fact_id, 0):
            item.principal_minor += amount
            item.outstanding_minor += amount
            return
    items.append(Item(fact_id, 0, amount, amount))


def _lower(items: Iterable[Item], amount: int, kind: MovementKind, told: list[Told]) -> int:
    left = amount
    for item in items:
        part = min(left, item.outstanding_minor)
        item.outstanding_minor -= part
        if kind is MovementKind.WRITE_OFF:
            item.written_off_minor += part
        left -= part
        told.append(Told(item.fact_id, kind, part))
    return amount - left


def _reopen(items: Sequence[Item], amount: int, told: list[Told]) -> int:
    left = amount
    for item in reversed(items):
        part = min(left, item.paid_minor)
        item.outstanding_minor += part
        left -= part
        told.append(Told(item.fact_id, MovementKind.PRINCIPAL_BACK, part))
    return amount - left


def _share_charges(items: Sequence[Item], entry: BookEntry) -> list[Told]:
    out = [item.outstanding_minor for item in items]
    weights = out if any(out) else [item.principal_minor for item in items]
    told = []
    for kind, name in CHARGES:
        amount = getattr(entry, name)
        if amount > 0 and any(weights):
            parts = split(amount, weights)
            told += [Told(item.fact_id, kind, part) for item, part in zip(items, parts, strict=True)]
    return told


def _recover(items: Sequence[Item], amount: int) -> list[Told]:
    lost = [item.written_off_minor for item in items]
    parts = split(min(amount, sum(lost)), lost) if any(lost) else [0] * len(items)
    for item, part in zip(items, parts, strict=True):
        item.written_off_minor -= part
    told = [Told(item.fact_id, MovementKind.RECOVERY, part) for item, part in zip(items, parts, strict=True)]
    beyond = amount - sum(parts)  # charges that were claimed with the principal
    if beyond > 0 and any(item.principal_minor for item in items):
        shares = split(beyond, [item.principal_minor for item in items])
        told += [Told(item.fact_id, MovementKind.INTEREST, part) for item, part in zip(items, shares, strict=True)]
    return told


__all__ = ["BookEntry", "Item", "Told", "attribute"]
