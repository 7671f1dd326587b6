"""The list of runs, and one run: every step of its agents with what it read and wrote, why, at what cost; live while it works."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.decision import api as decision
from honghua.web.desk.drawing import draw
from honghua.web.desk.lab.knowing import read_knowledge
from honghua.web.desk.lab.reading import TASK, RunId, look_at
from honghua.web.desk.tasks import list_tasks
from honghua.web.ground import site_of

router = APIRouter(prefix="/desk/lab")
SHOWN: Final = 50
ENDED: Final = frozenset({What.REFUSED, What.CLOSED})


@router.get("", name="desk.lab")
async def show(request: Request, *, only: str = Query("", max_length=20)) -> Response:
    """The newest runs, or those that are not finished."""
    unfinished = only == "open"
    rows = await site_of(request).read(lambda conn: agents.list_runs(conn, limit=SHOWN, unfinished=unfinished))
    return await draw(request, "desk/lab/runs.html", rows=rows, unfinished=unfinished, ended=ENDED)


@router.get("/runs/{run_id}", name="desk.lab_run")
async def one(request: Request, run_id: RunId) -> Response:
    """One run as it stands."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        look = look_at(conn, run_id)
        task = next((one for one in list_tasks(conn, kind=TASK, limit=SHOWN) if one.subject == run_id), None)
        return {
            "look": look, "diff": split_diff(look.read_text("diff")), "candidate": look.read_json("candidate"),
            "champion": decision.find_champion(conn), "released": look.read_json("release"), "task": task,
            "knowledge": read_knowledge(look),
        }  # fmt: skip

    site = site_of(request)
    found = await site.read(read)
    task = found["task"]
    is_working = task is not None and task.state == "running" and not task.is_dead(site.clock.now())
    return await draw(request, "desk/lab/run.html", run_id=run_id, is_working=is_working, **found)


def split_diff(text: str) -> list[tuple[str, str]]:
    """A unified diff as (mark, line): + added, - removed, … between the pieces, blank for what stayed."""
    found = []
    for line in text.splitlines():
        if line.startswith(("+++", "---")):
            continue
        mark = "…" if line.startswith("@@") else line[:1] if line[:1] in "+-" else ""
        found.append((mark, line[1:] if mark in ("+", "-") or line.startswith(" ") else line))
    return found


__all__ = ["router", "split_diff"]
