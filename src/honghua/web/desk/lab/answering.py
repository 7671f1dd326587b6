"""The one click: a strategist says yes or no to exactly what they looked at; then the run goes on, as a task that the page follows."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import Conflict, HonghuaError
from honghua.web.desk.acting import doing_of, noted
from honghua.web.desk.drawing import WHY_CHARS_MAX, refused, told
from honghua.web.desk.lab.ports import find_lab
from honghua.web.desk.lab.reading import TASK, RunId, look_at
from honghua.web.desk.tasks import Tell, tasks_of
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
    site, person, lab = site_of(request), viewer_of(request).subject, find_lab(request)

    def check(conn: psycopg.Connection) -> None:
        if lab is None:
            raise Conflict("no lab is attached to this process", code="PORTS_MISSING")
        look = look_at(conn, run_id)
        if look.is_over or look.subject != subject:
            raise Conflict("the run does not wait with this candidate: look again", code="CANDIDATE_MOVED")

    def work(conn: psycopg.Connection, tell: Tell) -> dict[str, Any]:
        assert lab is not None, "checked before"
        tell(0, 0, word)
        lab.approve(conn, run_id, person=person, why=why, approved=word == "approve", clock=site.clock)
        return {}

    try:
        await site.read(check)
        async with noted(request, doing_of(request, f"lab: {word}", f"run {run_id}", why)):
            wanted = {"word": word, "subject": subject}
            tasks_of(request.app.state, site).start(TASK, run_id, person, wanted, work)
    except HonghuaError as error:
        return refused(request, "desk.lab_run", error, **here)
    return told(request, "desk.lab_run", "desk.lab_approved" if word == "approve" else "desk.lab_turned_down", **here)


__all__ = ["router"]
