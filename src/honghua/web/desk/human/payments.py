"""Payments in trouble: what the gateway said, what may be said of it, one person's word and another's yes; the books do the rest."""

from __future__ import annotations

import uuid
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, book, doing_of, said_no
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.payments import settling
from honghua.web.payments.gateway import AMOUNT_MAX
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/payments")
SHOWN: Final = 50
DECISIONS: Final = frozenset({"confirm", "reject"})
WORDS: Final = frozenset(settling.Word)


@router.get("", name="desk.payments")
async def show(request: Request) -> Response:
    """What waits, with every notice about it; words that wait for a second person; what was decided; notices of strangers."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        troubled = settling.list_troubled(conn, limit=SHOWN)
        asked = settling.list_asked(conn, is_open=True, limit=SHOWN)
        heard: dict[str, list[settling.Heard]] = {}
        for notice in settling.list_notices(conn, [one.payment_id for one in troubled]):
            heard.setdefault(notice.payment_id, []).append(notice)
        return {
            "troubled": troubled, "heard": heard, "asked": {one.payment_id: one for one in asked},
            "decided": settling.list_asked(conn, is_open=False, limit=SHOWN), "strangers": settling.list_strangers(conn),
        }  # fmt: skip

    return await draw(
        request, "desk/human/payments.html", me=viewer_of(request).subject, **await site_of(request).read(read)
    )


@router.post("/{payment_id}/ask", name="desk.payment_ask")
async def ask(request: Request, payment_id: uuid.UUID) -> Response:
    """Say what became of the money; another person must confirm it."""
    form = await read_form(request)
    site, person = site_of(request), viewer_of(request).subject
    word, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    minor = form.amount("amount", site.currency, most=AMOUNT_MAX)
    if not form.is_good:
        return told(request, "desk.payments", "desk.why_needed", tone="bad")
    now = site.clock.now()
    saying = settling.Saying(word=settling.Word(word), amount_minor=minor, person=person, why=why)
    doing = doing_of(request, f"ask: payment {word}", f"payment {payment_id}", why)
    try:
        await act(
            request, doing,
            lambda conn: settling.ask(conn, str(payment_id), saying, now=now),
        )  # fmt: skip
    except HonghuaError as error:
        return refused(request, "desk.payments", error)
    return told(request, "desk.payments", "desk.payment_asked")


@router.post("/words/{word_id}/decide", name="desk.payment_decide")
async def decide(request: Request, word_id: Id) -> Response:
    """The second person's word: confirmed, the books do it first under the word's own key; then it is kept."""
    form = await read_form(request)
    decision, why = form.choice("decision", DECISIONS), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.payments", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()
    doing = doing_of(request, f"{decision} payment word", f"payment word {word_id}", why)
    answer: dict[str, Any] | None = None
    try:
        if decision == "reject":
            await act(request, doing, lambda conn: settling.reject(conn, word_id, person=person, now=now))
            return told(request, "desk.payments", "desk.payment_rejected")
        command = await site.run(lambda conn: settling.make_command(conn, word_id, person=person))
        if command is not None:
            answer = await book(request, doing, command)
            if answer["outcome"] not in settling.DONE:
                return said_no(request, "desk.payments", answer)
            await site.write(lambda conn: settling.keep(conn, word_id, answer, person=person, now=now))
        else:
            await act(request, doing, lambda conn: settling.keep(conn, word_id, None, person=person, now=now))
    except HonghuaError as error:
        return refused(request, "desk.payments", error)
    return told(request, "desk.payments", "desk.payment_confirmed")


__all__ = ["router"]
