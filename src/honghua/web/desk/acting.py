"""How staff act at the desk: money goes through the booker, the rest in a unit of work of the room's own; each act is noted first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from fastapi import Request
from fastapi.responses import RedirectResponse

from honghua.base.errors import HonghuaError
from honghua.credit.core import Command
from honghua.web.booker import sentence_of
from honghua.web.desk.acts import Doing, begin_act, end_act
from honghua.web.desk.drawing import told
from honghua.web.ground import site_of
from honghua.web.viewer import viewer_of

T = TypeVar("T")


def doing_of(request: Request, action: str, subject: str, why: str) -> Doing:
    """What the viewer does."""
    return Doing(action=action, subject=subject, person=viewer_of(request).subject, why=why)


@asynccontextmanager
async def noted(request: Request, doing: Doing) -> AsyncIterator[None]:
    """Note the act that the block does, and how it ended."""
    site = site_of(request)
    act_id = await site.write(lambda conn: begin_act(conn, doing, now=site.clock.now()))
    try:
        yield
    except HonghuaError:
        await site.write(lambda conn: end_act(conn, act_id, "refused", now=site.clock.now()))
        raise
    await site.write(lambda conn: end_act(conn, act_id, "done", now=site.clock.now()))


async def act(request: Request, doing: Doing, work: Callable[[psycopg.Connection], T]) -> T:
    """Note the act, do it in the room's own transaction, note how it ended."""
    async with noted(request, doing):
        return await site_of(request).run(work)


async def book(request: Request, doing: Doing, command: Command) -> dict[str, Any]:
    """Note the act, have the command booked, note how it ended. Where the answer does not come, the act stays open: the books know."""
    site = site_of(request)
    act_id = await site.write(lambda conn: begin_act(conn, doing, key=command.key, now=site.clock.now()))
    (answer,) = await site.booker.submit([command])
    outcome = "done" if answer["outcome"] == "done" else "refused"
    await site.write(lambda conn: end_act(conn, act_id, outcome, now=site.clock.now()))
    return answer


def said_no(request: Request, name: str, answer: dict[str, Any], **parts: Any) -> RedirectResponse:
    """Back to a page that tells what the books refused."""
    values = {"code": answer.get("code", ""), "sentence": sentence_of(answer, viewer_of(request).language)}
    return told(request, name, "desk.refused", tone="bad", values=values, **parts)


__all__ = ["act", "book", "doing_of", "noted", "said_no"]
