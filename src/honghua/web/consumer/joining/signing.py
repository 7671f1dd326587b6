"""The page of a contract and its signature, of whatever line: shown as it was drawn, signed after it was read."""

from __future__ import annotations

import psycopg
from fastapi import Request
from fastapi.responses import Response

from honghua.base.errors import BadInput
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.web.consumer.asking import OtherPlace, customer_of
from honghua.web.consumer.joining import steps
from honghua.web.consumer.joining.ports import take_steps
from honghua.web.consumer.joining.steps import Standing
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form
from honghua.web.ui.pages import page


async def draw_contract(
    request: Request, standing: Standing, form: Form, *, way_back: str, is_fake: bool, **places: str
) -> Response:
    """The contract as it was drawn, with what is left of its reading time; OtherPlace leads back to `way_back` where none is theirs.

    What would be drawn now must be the same, else nothing is shown as if it were. places: `sign_to` and `pdf_at`, other than the opening's.
    """
    site, now = site_of(request), site_of(request).clock.now()
    customer, key = customer_of(request), journey.document_key(standing.contract_id)

    def read(conn: psycopg.Connection) -> customers.DocumentRow | None:
        return customers.get_document(conn, key) if key in customers.list_contracts(conn, customer) else None

    document = await site.read(read)
    if document is None:
        raise OtherPlace(way_back)
    text = await take_steps(request, lambda conn, on: journey.write_contract(conn, on, standing.contract_id))
    left = document.read_seconds - (now - document.shown_at).total_seconds()
    return await page(
        request, "consumer/joining/contract.html", status=200 if form.is_good else 422, text=text, form=form,
        digest=document.shown_digest.hex(), is_same=text.digest() == document.shown_digest,
        seconds_left=max(0, int(left) + (left > int(left))), is_fake=is_fake, **places,
    )  # fmt: skip


async def sign_contract(request: Request, standing: Standing, form: Form) -> journey.Taken | None:
    """Sign what the form says was shown; None where the form now says what stands against it."""
    if form.values.get("agreed") != "yes":
        form.blame("agreed", "consumer.error_agree")
        return None
    now = site_of(request).clock.now()
    try:
        digest = bytes.fromhex(form.values.get("digest", ""))
    except ValueError:
        digest = b""
    try:
        return await take_steps(request, lambda conn, on: steps.sign(conn, on, standing, digest, now=now))
    except BadInput as error:
        if error.code not in ("CONTRACT_UNREAD", "CONTRACT_OTHER"):
            raise
        form.blame("reading", "consumer.error_unread" if error.code == "CONTRACT_UNREAD" else "consumer.offer_changed")
        return None
