"""Relief: asked by care, decided by another person, booked by the books; twice a year at most."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import BadInput, HonghuaError
from honghua.credit.core import Command
from honghua.credit.prudence import api as prudence
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, book, doing_of, said_no
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/relief")
SHOWN: Final = 100
RELIEF_MINOR_MAX: Final = 10**10  # the books bound it by the charges there are
GROUNDS: Final = {ground.name.lower(): ground for ground in prudence.Ground}
WORDS: Final = frozenset({"grant", "refuse"})


@router.get("", name="desk.reliefs")
async def show(request: Request) -> Response:
    """What waits for a second person, what was decided, and a form to ask."""
    return await _page(request, empty_form(request, customer=request.query_params.get("customer", "")[:200]))


async def _page(request: Request, form: Form) -> Response:
    def read(conn: psycopg.Connection) -> dict[str, Any]:
        waiting = prudence.list_reliefs(conn, waiting_only=True, limit=SHOWN)
        newest = prudence.list_reliefs(conn, limit=SHOWN)
        return {"waiting": waiting, "decided": [one for one in newest if one.state != "waiting"]}

    return await draw(
        request, "desk/prudence/reliefs.html", status=200 if form.is_good else 422, form=form, grounds=GROUNDS,
        ground_of={int(ground): name for name, ground in GROUNDS.items()}, times_max=prudence.TIMES_MAX,
        me=viewer_of(request).subject, **await site_of(request).read(read),
    )  # fmt: skip


@router.post("", name="desk.relief_ask")
async def ask(request: Request) -> Response:
    """Put a relief before another person; references of evidence stand one a line."""
    form = await read_form(request)
    site, person = site_of(request), viewer_of(request).subject
    customer = form.text("customer")
    minor = form.amount("amount", site.currency, most=RELIEF_MINOR_MAX)
    ground = form.choice("ground", frozenset(GROUNDS))
    evidence = tuple(line.strip() for line in form.text("evidence", chars_max=2_000).splitlines() if line.strip())
    if not form.is_good:
        return await _page(request, form)
    now = site.clock.now()
    doing = doing_of(request, "ask relief", f"customer {customer}", f"{ground}: {'; '.join(evidence)}")
    try:
        wanted = prudence.Wanted(customer=customer, amount_minor=minor, ground=GROUNDS[ground], evidence=evidence)
        asked = await act(request, doing, lambda conn: prudence.ask_relief(conn, wanted, person=person, now=now))
    except BadInput as error:
        form.blame("evidence" if error.code == "EVIDENCE_MISSING" else "amount", "desk.said", sentence=str(error))
        return await _page(request, form)
    except HonghuaError as error:
        return refused(request, "desk.reliefs", error)
    return told(request, "desk.reliefs", "desk.relief_asked", values={"id": asked.relief_id})


@router.post("/{relief_id}/decide", name="desk.relief_decide")
async def decide(request: Request, relief_id: Id) -> Response:
    """The second person's word: granted, the books waive the charges first; then the word is kept."""
    form = await read_form(request)
    said, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.reliefs", "desk.why_needed", tone="bad")
    site = site_of(request)
    word = prudence.Word(person=viewer_of(request).subject, grant=said == "grant", why=why)
    now = site.clock.now()
    doing = doing_of(request, f"relief: {said}", f"relief {relief_id}", why)
    try:
        made = await site.run(lambda conn: prudence.make_waiver(conn, relief_id, word, now=now))
        if isinstance(made, Command):
            made = await book(request, doing, made)
            if made["outcome"] == "done":
                await site.run(lambda conn: prudence.keep_word(conn, relief_id, word, now=now))
        elif made["outcome"] in prudence.KEPT:
            await act(request, doing, lambda conn: prudence.keep_word(conn, relief_id, word, now=now))
    except HonghuaError as error:
        return refused(request, "desk.reliefs", error)
    if made["outcome"] not in prudence.KEPT:
        return said_no(request, "desk.reliefs", made)
    return told(request, "desk.reliefs", "desk.relief_granted" if word.grant else "desk.relief_refused")


__all__ = ["router"]
