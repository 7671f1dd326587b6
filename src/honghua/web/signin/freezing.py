"""One key that stops everything: no new purchases, and nobody is signed in any more but whoever pressed it (R-283); no device is bound."""

from __future__ import annotations

import uuid
from typing import Final

import psycopg

from honghua.credit.core import STATUS_FROZEN, SetStatus
from honghua.web.booker import Answer
from honghua.web.ground import Site
from honghua.web.signin import events, factors, sessions
from honghua.web.signin.bound.door import lose_device
from honghua.web.signin.events import EventKind
from honghua.web.viewer import Viewer

DONE: Final = "done"


async def freeze(site: Site, viewer: Viewer, *, key: str = "") -> Answer:
    """Freeze the viewer's account and end all their other sessions; the books' answer. Sessions end even where there is no account."""
    command = SetStatus(key=key or f"freeze:{uuid.uuid4()}", customer=viewer.subject, status=STATUS_FROZEN)
    (answer,) = await site.booker.submit([command])
    now = site.clock.now()

    def close_doors(conn: psycopg.Connection) -> None:
        sessions.end_sessions(conn, viewer.subject, now=now, why="frozen", but=viewer.session_id)
        factors.forget_devices(conn, viewer.subject)
        lose_device(conn, viewer.subject, now=now)
        events.note(conn, EventKind.FROZEN, viewer.subject, now=now, detail=str(answer["outcome"]))

    await site.write(close_doors)
    return answer
