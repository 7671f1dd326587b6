"""What we ask of a bank that acquires card payments, and what it answers. Everything is asked under a key of ours, once or often.

The customer pays on the acquirer's own page: of a card we see its last four digits. What was not answered is unknown, and is asked again
under the same key.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

LAST_FOUR: Final = re.compile(r"[0-9]{4}")


class CardState(StrEnum):
    """How a payment stands at the acquirer. Travels."""

    WAITING = "waiting"  # for the customer, on the acquirer's page
    PAID = "paid"
    DECLINED = "declined"  # for good: by the bank, by the customer, or because the time was over


class DisputeState(StrEnum):
    """How a dispute stands. Travels."""

    OPEN = "open"
    WON = "won"  # by the customer: the bank gives the money back
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAsked:
    """A payment. amount_minor: what the customer pays, discount_minor of the price is off; expires_at: nothing is taken after it."""

    key: str
    merchant: str
    order: str
    amount_minor: int
    discount_minor: int
    currency: str
    expires_at: dt.datetime
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAnswer:
    """How a payment stands. amount_minor: what was, or is to be, taken; last_four: of the card, "" before one was chosen."""

    key: str
    state: CardState
    amount_minor: int
    currency: str
    reference: str
    pay_url: str = ""
    last_four: str = ""

    @property
    def safe_last_four(self) -> str:
        """Four digits or nothing: whoever sends more of a card's number is not written down."""
        return self.last_four if LAST_FOUR.fullmatch(self.last_four) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked:
    """Money back to the card of a payment. key: of this refund; payment: the key of the payment."""

    key: str
    payment: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What became of a refund."""

    key: str
    is_done: bool
    amount_minor: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAnswer:
    """How the dispute about a payment stands; one a payment. amount_minor: what the customer gets back if they win."""

    payment: str
    state: DisputeState
    amount_minor: int
    reference: str


class CardAcquirer(Protocol):
    """A bank that acquires. TimedOut: nobody knows what was done; WorldFailed: what it says is not to be believed; BadInput: the question
    makes no sense there, or its key was used for another one."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    def pay(self, asked: CardAsked) -> CardAnswer:
        """Begin a payment; the same key again begins nothing and says how it stands."""
        ...

    def find(self, key: str) -> CardAnswer | None:
        """How a payment stands, None = never met."""
        ...

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """Give money back; the same key again gives nothing more and says the same."""
        ...

    def dispute(self, key: str) -> DisputeAnswer:
        """Open the dispute about a payment, or say how it stands."""
        ...


__all__ = [
    "CardAcquirer",
    "CardAnswer",
    "CardAsked",
    "CardState",
    "DisputeAnswer",
    "DisputeState",
    "RefundAnswer",
    "RefundAsked",
]
