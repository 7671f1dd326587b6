"""The list of runs, and one run: every step of its agents with what it read and wrote, why, at what cost; live while it works."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.web.desk.drawing import draw
from honghua.web.desk.lab.reading import RunId, look_at
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
        return {
            "look": look, "diff": split_diff(look.read_text("diff")), "model_diff": look.read_json("model_diff"),
            "candidate": look.read_json("candidate"),
        }  # fmt: skip

    return await draw(request, "desk/lab/run.html", run_id=run_id, **await site_of(request).read(read))


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
