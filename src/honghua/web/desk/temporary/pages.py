"""Batches of temporary limits: figures and reasons of a proposal, the second person's word, progress, undoing and stopping."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.limits import api as limits
from honghua.web.address_parts import Id
from honghua.web.desk.acting import doing_of, noted
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/temporary")
SHOWN: Final = 30
WORDS: Final = frozenset({"approve", "refuse", "end"})
TONES: Final = {
    "proposed": "info", "approved": "info", "running": "warn", "done": "good", "refused": "bad", "undone": "bad", "stopped": "bad",
}  # fmt: skip
REASONS: Final = {int(why): words for why, words in limits.TEMPORARY_WORDS.items()}


@router.get("", name="desk.temporary")
async def show(request: Request) -> Response:
    """The newest batches, each with why its customers were chosen or not."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        rows = limits.list_temporary(conn, limit=SHOWN)
        return {"rows": rows, "counts": {row.campaign_id: limits.count_reasons(conn, row.campaign_id) for row in rows}}

    found = await site_of(request).read(read)
    return await draw(
        request, "desk/temporary/temporary.html", tones=TONES, reasons=REASONS, me=viewer_of(request).subject, **found
    )


@router.post("/{campaign_id}/answer", name="desk.temporary_answer")
async def answer(request: Request, campaign_id: Id) -> Response:
    """Yes or no of the second person to the very choice that was on the page, or the end of a batch."""
    form = await read_form(request)
    said, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    digest = form.text("digest", chars_max=64)
    if not form.is_good:
        return told(request, "desk.temporary", "desk.why_needed", tone="bad")
    site = site_of(request)
    signed, now = limits.Signed(viewer_of(request).subject, why), site.clock.now()

    def work(conn: psycopg.Connection) -> limits.TemporaryCampaign:
        if said == "end":
            return limits.end_temporary(conn, campaign_id, signed, now=now)
        return limits.answer_temporary(conn, campaign_id, signed, approved=said == "approve", digest=digest, now=now)

    try:
        async with noted(request, doing_of(request, f"temporary limits: {said}", f"temporary {campaign_id}", why)):
            row = await site.write(work)
    except HonghuaError as error:
        return refused(request, "desk.temporary", error)
    return told(request, "desk.temporary", f"desk.temporary_{row.state}_told", values={"name": row.name})


__all__ = ["router"]
