"""What may be asked of the credit room, as frozen records. Each carries its idempotency key; amounts are minor units.

`on` is the value date, None = the book's business date. `customer` is the lender's reference of the account holder.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from honghua.credit.core.layout import PAYER_CONSUMER


@cache
def covered_fields(command: type) -> tuple[str, ...]:
    """Names of the fields of a command but its key."""
    return tuple(f.name for f in fields(command) if f.name != "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The part that all commands share."""

    key: str
    customer: str
    on: dt.date | None = None

    def body(self) -> dict[str, Any]:
        """What the idempotency hash covers: everything but the key."""
        cls: Any = type(self)
        values = {name: getattr(self, name) for name in covered_fields(cls)}
        values["command"] = cls.__name__
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(Command):
    """Open the revolving account with a limit and a pair of statement day and due day (None = the terms' first)."""

    limit_minor: int
    pair: tuple[int, int] | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalments:
    """A choice of periods; `fee_minor` is the quoted fee that the customer confirmed (None = quote of the moment)."""

    periods: int
    payer: int = PAYER_CONSUMER
    fee_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyNow(Command):
    """A purchase that is debt at once (R-021: bound to order, merchant and goods category)."""

    amount_minor: int
    merchant: str
    order: str
    category: str
    instalments: Instalments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisePurchase(Command):
    """Hold part of the limit for an order until it is received."""

    amount_minor: int
    merchant: str
    order: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePurchase(Command):
    """Turn a hold into debt, wholly or in part; with `final` the rest of the hold is released."""

    purchase_id: int
    amount_minor: int
    final: bool = True
    instalments: Instalments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAuthorisation(Command):
    """Give a hold back: nothing was bought. `expired` marks that time did it."""

    purchase_id: int
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPurchase(Command):
    """Goods come back, wholly or in part; before receipt the hold shrinks instead."""

    purchase_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay(Command):
    """Money from the customer; `source` names where it came from."""

    amount_minor: int
    source: int = 0
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOverpayment(Command):
    """Pay the customer's own money back out."""

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalBill(Command):
    """Split (part of) the last bill, from its statement day to its due day."""

    amount_minor: int
    instalments: Instalments


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePlan(Command):
    """Pay a plan off early with exactly the quoted amount."""

    plan_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePair(Command):
    """Choose another pair of statement day and due day from the next cycle on (R-013)."""

    cut_day: int
    due_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit(Command):
    """Set the fixed limit."""

    limit_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTemporaryLimit(Command):
    """Add a temporary limit until a day."""

    amount_minor: int
    until: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Command):
    """Freeze, unfreeze or close the account (`STATUS_*`)."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(Command):
    """Write the claim off; evidence names documents and the number of collection attempts."""

    evidence: tuple[str, ...]
    attempts: int
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRecovery(Command):
    """Money that came in on a written-off claim."""

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeHardship(Command):
    """Re-instalment for a customer in hardship: everything billed and unbilled in one plan."""

    periods: int
    waive: bool = True
    evidence: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseFact(Command):
    """Undo a fact as if it had never happened, with the reason."""

    fact_id: int
    reason: str
