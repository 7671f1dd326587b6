"""Orders in doubt, and one order with all that was said of it; a reviewer says whether there was a trade."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import Conflict, HonghuaError, Refusal
from honghua.credit import api as credit
from honghua.ledger import api as ledger
from honghua.merchants import api as merchants
from honghua.merchants.core import REASONS
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, doing_of
from honghua.web.desk.acts import list_acts
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/orders")
SHOWN: Final = 100
DAYS_COUNTED: Final = 30
WORDS: Final = frozenset({"real", "false"})
TONES: Final = {"awaited": "info", "proved": "good", "unproved": "warn", "doubtful": "warn", "false": "bad"}


@router.get("", name="desk.orders")
async def show(request: Request) -> Response:
    """The newest orders in doubt, and how many of a month stand how."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        today = credit.get_business_day(conn)
        rows = merchants.list_flagged(conn, limit=SHOWN)
        refs = ledger.find_refs(
            conn, owner_ids=sorted({one for row in rows for one in (row.merchant_id, row.account_id)})
        )
        states = merchants.count_states(conn, since=today - dt.timedelta(days=DAYS_COUNTED))
        return {"rows": rows, "refs": refs, "states": states}

    found = await site_of(request).read(read)
    return await draw(
        request, "desk/orders/orders.html", tones=TONES, reason_words=REASONS, days=DAYS_COUNTED,
        is_cut=len(found["rows"]) == SHOWN, **found,
    )  # fmt: skip


@router.get("/{purchase_id}", name="desk.order")
async def one(request: Request, purchase_id: Id) -> Response:
    """One order: its evidence, each change of the word, what people did."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        row = merchants.get_order(conn, purchase_id)
        return {
            "row": row, "refs": ledger.find_refs(conn, owner_ids=[row.merchant_id, row.account_id]),
            "evidence": merchants.list_evidence(conn, purchase_id), "steps": merchants.list_order_steps(conn, purchase_id),
            "proposal": merchants.find_order_proposal(conn, purchase_id),
            "acts": list_acts(conn, subject=name_subject(purchase_id), limit=20),
        }  # fmt: skip

    values = await site_of(request).read(read)
    return await draw(request, "desk/orders/order.html", tones=TONES, reason_words=REASONS, **values)


def name_subject(purchase_id: int) -> str:
    """Of the acts about an order."""
    return f"order {purchase_id}"


@router.post("/{purchase_id}/decide", name="desk.order_decide")
async def decide(request: Request, purchase_id: Id) -> Response:
    """A person's word: a real trade, or none; where money moves by it, a second person says the same first."""
    form = await read_form(request)
    here: dict[str, Any] = {"purchase_id": purchase_id}
    site, now = site_of(request), site_of(request).clock.now()
    word, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.order", "desk.why_needed", tone="bad", **here)
    finding = merchants.Finding(is_real=word == "real", person=viewer_of(request).subject, why=why)

    def work(conn: psycopg.Connection) -> bool:
        """Whether it is decided; a first person's word waits for a second's."""
        books = merchants.Books(credit.get_business_day(conn), site.currency)
        said = merchants.say_of_order(conn, purchase_id, finding, books, now=now)
        if isinstance(said, Refusal):
            raise Conflict(said.sentence, code=said.code)
        return isinstance(said, merchants.OrderRow)

    try:
        is_decided = await act(request, doing_of(request, f"order: {word}", name_subject(purchase_id), why), work)
    except HonghuaError as error:
        return refused(request, "desk.order", error, **here)
    key = f"desk.order_decided_{word}" if is_decided else "desk.order_second"
    return told(request, "desk.order", key, **here)


__all__ = ["router"]
