"""Money of a checkout goes back, by whichever means it was paid: one route for shops that need not know which."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from honghua.credit.core import RefundPurchase
from honghua.web.api.checkouts import find_attempts, get_checkout
from honghua.web.api.v1.checkouts import CheckoutPath
from honghua.web.api.v1.orders import get_order
from honghua.web.api.v1.wire import COMMANDED, Asked, Caller, CommandKey, Done, Minor, answer_command
from honghua.web.cards.door import get_till
from honghua.web.cards.store import CardPayment
from honghua.web.ground import site_of
from honghua.web.problems import Trouble

router = APIRouter(prefix="/v1", tags=["checkouts"])


class CheckoutRefundAsked(Asked):
    """What goes back, wholly or in part: never more than was paid and has not gone back."""

    amount_minor: Minor


@router.post("/checkouts/{checkout_id}/refunds", name="v1.checkouts.refund", response_model=Done, responses=COMMANDED)
async def refund(
    request: Request, partner: Caller, checkout_id: CheckoutPath, key: CommandKey, asked: CheckoutRefundAsked
) -> Response:
    """Give money of a paid checkout back, on credit or to the card that paid. A 504 says that the acquirer did not answer: ask again."""
    site = site_of(request)
    _, attempts = await site.read(
        lambda conn: (
            get_checkout(conn, checkout_id, partner_id=partner.partner_id),
            find_attempts(conn, checkout_id),
        )
    )
    if attempts.state != "paid":
        raise Trouble("CHECKOUT_UNPAID", "nothing was paid that could go back")
    if attempts.card is not None:
        return await refund_card(request, attempts.card, key, asked.amount_minor)
    purchase_id = int(attempts.answers[-1]["purchase_id"])
    order = await site.read(lambda conn: get_order(conn, partner, purchase_id))
    command = RefundPurchase(key=key, customer=order.customer, purchase_id=purchase_id, amount_minor=asked.amount_minor)
    return await answer_command(request, command)


async def refund_card(request: Request, card: CardPayment, key: str, amount_minor: int) -> Response:
    """The same for a card, at its acquirer; none of it passes through our books."""
    after = await asyncio.to_thread(get_till(request).refund, card.payment_id, key, amount_minor)
    return JSONResponse({"outcome": "done", "amount_minor": amount_minor, "refunded_minor": after.refunded_minor})


__all__ = ["router"]
