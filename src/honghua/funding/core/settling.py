"""What a lender is owed or owes, in one signed amount, and what a statement's line says of the order behind it.

Due to a partner: what came back of its part (repaid, refunded, recovered), its share of what was earned, what it got for parts sold.
Due from it: its part of what was lent, what a reversed repayment takes back, what it paid for parts bought. What was written off is its
loss and moves nothing. Everything goes through us, who service the loans: the platform's share stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GIVES: Final = ("principal", "refund", "recovery", "price_got")
TAKES: Final = ("lent", "principal_back", "price_paid")


class Direction(StrEnum):
    """Of the money, as we see it. Stored: never change a word."""

    PAY = "pay"
    COLLECT = "collect"


class SettlementState(StrEnum):
    """Where an order stands; the two ends come by statements alone. Stored: never change a word."""

    WAITING = "waiting"
    MOVED = "moved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderOrder:
    """What a bank is told. amount_minor > 0; the key moves money once."""

    key: str
    lender: str
    direction: Direction
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderLine:
    """A line of a bank's statement: an order that it ended on that day, moved or rejected."""

    key: str
    lender: str
    direction: Direction
    amount_minor: int
    is_moved: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What a line does to its order: the state after it, all that moved so far, and what differs ('' = nothing)."""

    state: SettlementState
    moved_minor: int
    difference: str


def sign_of(direction: Direction) -> int:
    """1 where we pay, -1 where we collect."""
    return 1 if direction is Direction.PAY else -1


def plan_order(lender: str, accrued_minor: int, settled_minor: int, *, key: str, currency: str) -> LenderOrder | None:
    """The order for what is due and not ordered yet, minor units, either way round; None where nothing is."""
    due = accrued_minor - settled_minor
    if due == 0:
        return None
    direction = Direction.PAY if due > 0 else Direction.COLLECT
    return LenderOrder(key=key, lender=lender, direction=direction, amount_minor=abs(due), currency=currency)


def end_order(order: LenderOrder, state: SettlementState, moved_minor: int, line: LenderLine) -> Ended:
    """What a statement's line says of an order. Money of another lender or the other way round is a stranger's: it ends nothing."""
    if (line.lender, line.direction) != (order.lender, order.direction):
        return Ended(state, moved_minor, "payee")
    if state is not SettlementState.WAITING:  # what moved once more is counted, and goes back with the next order
        return (
            Ended(SettlementState.MOVED, moved_minor + line.amount_minor, "again")
            if line.is_moved
            else Ended(state, moved_minor, "again")
        )
    if not line.is_moved:
        return Ended(SettlementState.REFUSED, 0, "")
    return Ended(SettlementState.MOVED, line.amount_minor, "" if line.amount_minor == order.amount_minor else "amount")


__all__ = [
    "GIVES", "TAKES", "Direction", "Ended", "LenderLine", "LenderOrder", "SettlementState", "end_order", "plan_order", "sign_of",
]  # fmt: skip
