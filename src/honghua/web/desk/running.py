"""The page of one task: how far it is, what came of it, or why it ended."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from honghua.base.errors import NotFound
from honghua.web.address_parts import Id
from honghua.web.desk.drawing import draw
from honghua.web.desk.tasks import find_task
from honghua.web.ground import site_of

router = APIRouter(prefix="/desk/tasks")
KINDS = ("backtest", "close_day", "check_books")


@router.get("/{task_id}", name="desk.task")
async def show(request: Request, task_id: Id) -> Response:
    """One task as it stands; while it runs the page looks again by itself."""
    site = site_of(request)
    task = await site.read(lambda conn: find_task(conn, task_id))
    if task is None:
        raise NotFound(f"no task {task_id}", code="TASK_UNKNOWN")
    values: dict[str, Any] = {"task": task, "is_dead": task.is_dead(site.clock.now())}
    return await draw(request, "desk/task.html", **values)


__all__ = ["router"]
