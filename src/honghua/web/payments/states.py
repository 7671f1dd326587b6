"""What becomes of a payment, as the gateway's notices come: in any order, twice, or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """MADE waits for the customer; PAID waits to be booked; DISPUTED waits for a person: the gateway said what can't be."""

    MADE = "made"
    FAILED = "failed"
    PAID = "paid"
    BOOKED = "booked"
    DISPUTED = "disputed"


class Status(StrEnum):
    """What a gateway says of a payment. RETURNED: money that was paid went back."""

    PENDING = "pending"
    FAILED = "failed"
    PAID = "paid"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One word of the gateway. sequence: 1, 2, … per payment, in the order in which it happened; amount in minor units."""

    notice_id: str
    payment_id: str
    reference: str
    sequence: int
    status: Status
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a payment stands. sequence: of the last notice that counted, 0 before the first."""

    state: State
    sequence: int
    amount_minor: int
    currency: str
    reference: str


def follow(standing: Standing, notice: Notice) -> tuple[State, str]:
    """(the state after a notice, what is wrong with it or ""). A notice that comes after a later one changes nothing."""
    if notice.sequence <= standing.sequence:
        return standing.state, ""
    if standing.reference and notice.reference != standing.reference:
        return _doubt(standing), "REFERENCE_DIFFERS"
    if notice.status is Status.PAID:
        if (notice.amount_minor, notice.currency) != (standing.amount_minor, standing.currency):
            return _doubt(standing), "AMOUNT_DIFFERS"
        return (State.PAID if standing.state in (State.MADE, State.FAILED) else standing.state), ""
    if notice.status is Status.RETURNED:
        was_here = standing.state not in (State.MADE, State.FAILED)
        return (State.DISPUTED, "MONEY_WENT_BACK") if was_here else (State.FAILED, "")
    if notice.status is Status.FAILED:
        if standing.state in (State.PAID, State.BOOKED):
            return State.DISPUTED, "FAILED_AFTER_PAID"
        return (State.FAILED if standing.state is State.MADE else standing.state), ""
    return standing.state, ""


def _doubt(standing: Standing) -> State:
    """What was booked stays booked, with a person told; anything else waits for the person."""
    return standing.state if standing.state is State.BOOKED else State.DISPUTED
