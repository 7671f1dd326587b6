"""The book under stress: three scenarios from one seed, run on demand in a thread, with a picture of where losses and ratios end."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.credit.prudence import api as prudence
from honghua.web.desk.acts import record_act
from honghua.web.desk.drawing import draw, refused, told
from honghua.web.desk.prudence.pictures import draw_range
from honghua.web.desk.tasks import Task, Tell, find_task, list_tasks, tasks_of
from honghua.web.ground import Site, site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import redirect
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/prudence")
KIND: Final = "stress"
SEED_MAX: Final = 10**9
PATHS: Final = (1_000, 10_000, 100_000)
SHOWN: Final = 8


@router.get("/stress", name="desk.stress")
async def show(request: Request) -> Response:
    """The newest run, or the one asked for by its number, and a form for another."""
    site = site_of(request)
    asked = request.query_params.get("task", "")
    least = {rule.name: rule.least_ppm for rule in prudence.load_rules()}

    def read(conn: psycopg.Connection) -> tuple[list[Task], Task | None]:
        tasks = list_tasks(conn, kind=KIND, limit=SHOWN)
        known = {str(task.task_id) for task in tasks}
        number = asked if asked in known else str(tasks[0].task_id) if tasks else ""
        return tasks, find_task(conn, int(number)) if number else None

    tasks, task = await site.read(read)
    return await draw(
        request, "desk/prudence/stress.html", tasks=tasks, task=task, paths=PATHS, scenarios=prudence.SCENARIOS,
        is_dead=task is not None and task.is_dead(site.clock.now()), least=least, ranged=draw_range, tops=find_tops(task, least),
    )  # fmt: skip


@router.post("/stress", name="desk.stress_run")
async def run(request: Request) -> Response:
    """Live through a year many times; on to the page that shows how far it is."""
    form = await read_form(request)
    seed = form.whole("seed", least=0, most=SEED_MAX)
    paths = form.choice("paths", frozenset(map(str, PATHS)))
    if not form.is_good:
        return told(request, "desk.stress", "desk.stress_wrong", tone="bad", values={"most": SEED_MAX})
    site, person = site_of(request), viewer_of(request).subject
    wanted = {"seed": seed, "paths": int(paths)}
    try:
        task_id = tasks_of(request.app.state, site).start(
            KIND, "book", person, wanted, lambda conn, tell: live(conn, tell, site, wanted)
        )
    except HonghuaError as error:
        return refused(request, "desk.stress", error)
    why = f"seed {seed}, {paths} paths"
    await site.write(
        lambda conn: record_act(conn, action="stress", subject="book", person=person, why=why, now=site.clock.now())
    )
    return redirect(request, "desk.stress", query={"task": task_id})


def live(conn: psycopg.Connection, tell: Tell, site: Site, wanted: dict[str, int]) -> dict[str, Any]:
    """The same as `honghua prudence stress`, of one moment of the book."""
    tell(0, 1, "")
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = prudence.stress(conn, site.registry.terms, prudence.load_rules(), **wanted)
    return {"scenarios": [one.as_json() for one in found]}


def find_tops(task: Task | None, least: dict[str, int | None]) -> dict[str, int]:
    """The largest figure of each picture, so that scenarios stand on one scale."""
    result = task.result if task is not None else None
    tops: dict[str, int] = {}
    for one in (result or {}).get("scenarios", []):
        for name in ("loss_minor", "capital_ppm", "liquidity_ppm"):
            largest = max((one[name] or {}).values(), default=0)
            tops[name] = max(tops.get(name, 1), largest, least.get(name.removesuffix("_ppm")) or 0)
    return {name: top * 11 // 10 for name, top in tops.items()}


__all__ = ["router"]
