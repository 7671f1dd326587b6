"""Complaints with their clocks: open, overdue and answered; what one says is read for a purpose that is written down, and answered.

A warning of an agent's script is words only: such a complaint is clocked and answered like any other (R-259).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import HonghuaError
from honghua.customers import api as customers
from honghua.customers.core import ScriptReading, Stage
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, doing_of
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/complaints")
VIEWS: Final = ("open", "overdue", "answered")
SHOWN: Final = 200
ANSWER_CHARS_MAX: Final = 1_500
LONGER: Final = {Stage.PLAIN: Stage.COMPLEX, Stage.COMPLEX: Stage.SPECIAL}


@dataclass(frozen=True, slots=True)
class Read:
    """What a complaint says, as one look showed it, and what the detector of agents' scripts makes of it."""

    words: str
    script: ScriptReading


@router.get("", name="desk.complaints")
async def show(request: Request, *, view: str = Query("open", max_length=20)) -> Response:
    """One of three views; nothing of what anybody said."""
    site = site_of(request)
    chosen, today = view if view in VIEWS else "open", site.clock.now().astimezone(site.zone).date()

    def read(conn: psycopg.Connection) -> tuple[list[customers.Complaint], list[customers.Complaint]]:
        return customers.list_complaints(conn), customers.list_answered(conn, limit=SHOWN)

    waiting, answered = await site.read(read)
    late = [one for one in waiting if one.is_overdue(today)]
    rows = {"open": waiting, "overdue": late, "answered": answered}
    counts = {"open": len(waiting), "overdue": len(late), "answered": None}
    return await draw(
        request, "desk/complaints/complaints.html", view=chosen, views=VIEWS, rows=rows[chosen][:SHOWN], counts=counts, today=today,
    )  # fmt: skip


@router.get("/{complaint_id}", name="desk.complaint")
async def look(request: Request, complaint_id: Id) -> Response:
    """One complaint: its clock and what was done; what it says stays closed until somebody opens it."""
    return await draw_one(request, complaint_id, empty_form(request))


async def draw_one(request: Request, complaint_id: int, form: Form, *, opened: Read | None = None) -> Response:
    """The page; opened: what it says, after a look that was written down."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        one = customers.get_complaint(conn, complaint_id)
        return {"one": one, "acts": customers.list_complaint_acts(conn, complaint_id), "longer": LONGER.get(one.stage)}

    return await draw(
        request, "desk/complaints/complaint.html", status=200 if form.is_good else 422, form=form, opened=opened,
        today=site.clock.now().astimezone(site.zone).date(), answer_max=ANSWER_CHARS_MAX, **await site.read(read),
    )  # fmt: skip


@router.post("/{complaint_id}/read", name="desk.complaint_read")
async def read_words(request: Request, complaint_id: Id) -> Response:
    """Show what it says, once; who looked is written down where its owner sees it."""
    await read_form(request)
    site = site_of(request)
    access = customers.Access(viewer_of(request).subject, customers.Purpose.DISPUTE)
    try:
        words = await site.write(
            lambda conn: customers.read_complaint(conn, site.vault, complaint_id, access, now=site.clock.now())
        )
    except HonghuaError as error:
        return refused(request, "desk.complaints", error)
    opened = Read(words, customers.read_complaint_script(words))
    return await draw_one(request, complaint_id, empty_form(request), opened=opened)


@router.post("/{complaint_id}/longer", name="desk.complaint_longer")
async def take_longer(request: Request, complaint_id: Id) -> Response:
    """More days, with the reason: complex first, special from there."""
    form = await read_form(request)
    stage, why = form.choice("stage", frozenset(LONGER.values())), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return await draw_one(request, complaint_id, form)
    person, now = viewer_of(request).subject, site_of(request).clock.now()

    def work(conn: psycopg.Connection) -> None:
        with conn.transaction():
            customers.extend_complaint(conn, complaint_id, Stage(stage), person=person, why=why, now=now)

    try:
        await act(request, doing_of(request, f"longer: {stage}", f"complaint {complaint_id}", why), work)
    except HonghuaError as error:
        return refused(request, "desk.complaint", error, complaint_id=complaint_id)
    return told(request, "desk.complaint", "desk.complaint_longer_done", complaint_id=complaint_id)


@router.post("/{complaint_id}/answer", name="desk.complaint_answer")
async def answer(request: Request, complaint_id: Id) -> Response:
    """Answer it: the words are sealed and shown to whoever complained; the reason is ours."""
    form = await read_form(request)
    words, why = form.text("words", chars_max=ANSWER_CHARS_MAX), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return await draw_one(request, complaint_id, form)
    site, now = site_of(request), site_of(request).clock.now()
    said = customers.Answered(person=viewer_of(request).subject, words=words, why=why)

    def work(conn: psycopg.Connection) -> None:
        with conn.transaction():
            customers.answer_complaint(conn, site.vault, complaint_id, said, now=now)

    try:
        await act(request, doing_of(request, "answer", f"complaint {complaint_id}", why), work)
    except HonghuaError as error:
        return refused(request, "desk.complaint", error, complaint_id=complaint_id)
    return told(request, "desk.complaint", "desk.complaint_answer_done", complaint_id=complaint_id)


__all__ = ["router"]
