"""What pages ask before they do something risky: has the person proved a moment ago who they are?"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from honghua.web.ground import site_of
from honghua.web.refusing import find_next
from honghua.web.signin.second.door import is_proven
from honghua.web.signin.sessions import Session
from honghua.web.ui.pages import Notice, redirect


def session_of(request: Request) -> Session:
    """The viewer's session; every page that asks is guarded."""
    session: Session | None = request.state.session
    assert session is not None, "guarded: somebody is signed in"
    return session


async def ask_proof(request: Request) -> Response | None:
    """None when the viewer proved a moment ago who they are; else the way to the page that asks, and from there back to this one."""
    site, session = site_of(request), session_of(request)
    if await site.read(lambda conn: is_proven(conn, session, now=site.clock.now())):
        return None
    response = redirect(request, "signin.prove", Notice(key="signin.prove_again", tone="warn"))
    response.headers["location"] += f"?next={quote(find_next(request), safe='/')}"
    return response
