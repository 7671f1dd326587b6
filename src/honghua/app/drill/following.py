"""What a client does later about an order that was answered: the proof that was asked for, and what becomes of the goods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from honghua.app.drill.calls import Answer, Order
from honghua.credit import core as c
from honghua.sim.api import DrillDay, Message, Purpose

RECEIVED: Final = (0.60, 0.70)  # of held orders so many are received on the day, so many more given back
RETURNED: Final = 0.02  # of the others go back
LATER: Final = (0.03, 0.25)  # of the day until then


def prove_later(order: Order, answer: Answer, code: str, *, at: float, day: DrillDay, seconds: float) -> Message:
    """The customer types in what the phone shows, `at` so many seconds of the rush."""
    proof = c.Continuation(suspension_id=int(answer["suspension_id"]), proof=code)
    when = day.instant(min(at / seconds, 1.0))
    return _message(replace(order, key=f"{order.key}:proof", happened_at=when, continues=proof), Purpose.PROOF, at)


def follow_purchase(order: Order, answer: Answer, draw: np.ndarray, *, done: float, seconds: float) -> Message | None:
    """Held goods are received or given back, others go back now and then. draw: two numbers 0 … 1 of the order."""
    at = done + (LATER[0] + (LATER[1] - LATER[0]) * float(draw[1])) * seconds
    if at >= seconds:
        return None
    number = int(answer["purchase_id"])
    if "held_minor" not in answer:
        if float(draw[0]) >= RETURNED:
            return None
        bought = int(answer["amount_minor"])
        return _message(
            c.RefundPurchase(**_named(order, Purpose.REFUND), purchase_id=number, amount_minor=bought),
            Purpose.REFUND,
            at,
        )
    if float(draw[0]) < RECEIVED[0]:
        held = int(answer["held_minor"])
        return _message(
            c.CapturePurchase(**_named(order, Purpose.RECEIPT), purchase_id=number, amount_minor=held),
            Purpose.RECEIPT,
            at,
        )
    if float(draw[0]) < RECEIVED[1]:
        return _message(c.VoidAuthorisation(**_named(order, Purpose.VOID), purchase_id=number), Purpose.VOID, at)
    return None


def _named(order: Order, purpose: Purpose) -> dict[str, Any]:
    return {"key": f"{order.key}:{purpose.name.lower()}", "customer": order.customer}


def _message(command: c.Command, purpose: Purpose, at: float) -> Message:
    """Whose order it is, is filled in by whoever sends it."""
    return Message(command, purpose, -1, at, at)


__all__ = ["follow_purchase", "prove_later"]
