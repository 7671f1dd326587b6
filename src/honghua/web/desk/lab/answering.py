"""The one click: a strategist says yes or no to exactly what they looked at; then the run goes on, and its release waits for another."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.agents import api as agents
from honghua.base.errors import Conflict, HonghuaError
from honghua.web.desk.acting import act, doing_of
from honghua.web.desk.drawing import WHY_CHARS_MAX, refused, told
from honghua.web.desk.lab.reading import RunId, look_at
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/lab/runs/{run_id}")
WORDS: Final = frozenset({"approve", "reject"})
DIGEST_CHARS: Final = 64


@router.post("/answer", name="desk.lab_answer")
async def answer(request: Request, run_id: RunId) -> Response:
    """Approve or turn down what the gate shows. A candidate that was made anew since is another: it must be looked at again."""
    form = await read_form(request)
    word, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    subject = form.text("subject", chars_max=DIGEST_CHARS)
    here: dict[str, Any] = {"run_id": run_id}
    if not form.is_good:
        return told(request, "desk.lab_run", "desk.why_needed", tone="bad", **here)
    site, person = site_of(request), viewer_of(request).subject

    def say(conn: psycopg.Connection) -> None:
        look = look_at(conn, run_id)
        if look.subject != subject:
            raise Conflict("the run does not wait with this candidate: look again", code="CANDIDATE_MOVED")
        agents.answer(look.run, step=look.gate, person=person, approved=word == "approve", why=why, clock=site.clock)

    doing = doing_of(request, f"lab: {word}", f"run {run_id}", why)
    try:
        await act(request, doing, say)
    except HonghuaError as error:
        return refused(request, "desk.lab_run", error, **here)
    return told(request, "desk.lab_run", "desk.lab_approved" if word == "approve" else "desk.lab_turned_down", **here)


__all__ = ["router"]
