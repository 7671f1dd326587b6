"""A card payment of a checkout begins: where neither credit nor another card pays it, and in its time."""

from __future__ import annotations

import uuid

import psycopg

from honghua.web.api.checkouts import check_shop, find_attempts, get_checkout
from honghua.web.cards import store
from honghua.web.cards.paying import ASK_AFTER
from honghua.web.cards.store import CardPayment, State
from honghua.web.ground import Site
from honghua.web.problems import Trouble


def begin(conn: psycopg.Connection, site: Site, checkout_id: str, customer: str) -> CardPayment:
    """The payment of a checkout by this customer's card, the one that is under way if there is one; in the caller's transaction.

    Trouble: CHECKOUT_EXPIRED, CHECKOUT_BY_CREDIT (credit pays it, or may), CODE_SPENT (somebody else's card pays it).
    """
    now, checkout = site.clock.now(), get_checkout(conn, checkout_id)
    claimed = store.claim_for_card(conn, checkout_id)
    attempts = find_attempts(conn, checkout_id)
    if attempts.card is not None:
        if attempts.card.customer != customer:
            raise Trouble("CODE_SPENT", "another customer's card pays this order")
        return attempts.card
    if attempts.credit_state not in ("open", "refused") or len(attempts.answers) < claimed:
        raise Trouble("CHECKOUT_BY_CREDIT", "credit pays this order, or has been asked to")
    if now > checkout.expires_at:
        raise Trouble("CHECKOUT_EXPIRED", "the time to pay this order is over")
    check_shop(conn, site, checkout.merchant, checkout.amount_minor)
    payment = CardPayment(
        payment_id=uuid.uuid4(), checkout_id=checkout_id, merchant=checkout.merchant, order=checkout.order, expires_at=checkout.expires_at,
        customer=customer, amount_minor=checkout.amount_minor - checkout.card_discount_minor,
        discount_minor=checkout.card_discount_minor, currency=checkout.currency, state=State.ASKED, problem="", reference="",
        pay_url="", last_four="", made_at=now, refunded_minor=0, promised_minor=0, dispute=None,
    )  # fmt: skip
    store.insert_payment(conn, payment, look_at=now + ASK_AFTER)
    return payment


__all__ = ["begin"]
