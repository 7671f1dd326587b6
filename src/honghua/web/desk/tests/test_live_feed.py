"""The live feed as a browser hears it, within its bounds and no longer than the session lasts. Its rows: tests/api/test_live_feed.py."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from honghua.web.desk.risk.live import STREAMS_EACH_MAX, STREAMS_MAX, Streams
from honghua.web.problems import Trouble
from honghua.web.roles import Role
from honghua.web.signin import cookies, sessions
from honghua.web.tests.doors import signed_in

PATIENCE_S = 60.0


class Ear:
    """One request to the live feed over ASGI, heard word by word. status: of the answer, when it came."""

    def __init__(self, app: Any, token: str, *, query: str = "") -> None:
        headers = [(b"host", b"testserver"), (b"cookie", f"{cookies.SESSION}={token}".encode())]
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/desk/feed/live", "raw_path": b"/desk/feed/live", "query_string": query.encode(), "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("testserver", 80),
        }  # fmt: skip
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(app(self.scope, self.receive, self.heard.put))

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def status(self) -> int:
        return int((await asyncio.wait_for(self.heard.get(), PATIENCE_S))["status"])

    async def until(self, event: str) -> str:
        """The next frame of this kind; others are passed over."""
        while True:
            message = await asyncio.wait_for(self.heard.get(), PATIENCE_S)
            assert message["type"] == "http.response.body", message
            text = str(message.get("body", b"").decode())
            if f"event: {event}\n" in text:
                return text
            assert message.get("more_body"), f"the stream ended without {event}"

    async def close(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, PATIENCE_S)


def in_loop(work: Callable[[], Any]) -> None:
    asyncio.run(work())


@pytest.mark.parametrize("why", ["signed out", "unseen for long"])
def test_a_stream_ends_with_its_session_and_says_nothing_after_it(site, app, browser, clock, why):
    begun = signed_in(browser, site, role=Role.AUDITOR, subject="eve")

    async def hear() -> None:
        ear = Ear(app, begun.token)
        assert await ear.status() == 200
        if why == "signed out":
            await site.write(
                lambda c: sessions.end_session(c, begun.session_id, "eve", now=clock.now(), why="signed out")
            )
        else:
            clock.advance(dt.timedelta(minutes=21))
        app.state.pulse.stirred.set()  # as news would
        assert "event: rows" not in await ear.until("ended")
        await asyncio.wait_for(ear.task, PATIENCE_S)
        late = Ear(app, begun.token)
        assert await late.status() == 401
        await late.close()
        assert app.state.desk_streams.open == {}
        assert app.state.pulse.listeners == 0

    in_loop(hear)


def test_who_may_not_see_decisions_hears_none_and_bounds_hold(site, app, browser):
    tokens = {
        role: signed_in(browser, site, role=role, subject=f"a {role}").token for role in (Role.CARE, Role.AUDITOR)
    }

    async def hear() -> None:
        barred = Ear(app, tokens[Role.CARE])
        assert await barred.status() == 403
        await barred.close()
        wrong = Ear(app, tokens[Role.AUDITOR], query="least=abc")
        assert await wrong.status() == 422
        await wrong.close()
        ears = [Ear(app, tokens[Role.AUDITOR]) for _ in range(STREAMS_EACH_MAX)]
        assert [await ear.status() for ear in ears] == [200] * STREAMS_EACH_MAX
        one_more = Ear(app, tokens[Role.AUDITOR])
        assert await one_more.status() == 429
        for ear in [one_more, *ears]:
            await ear.close()

    in_loop(hear)


def test_all_together_have_a_bound_too():
    streams = Streams()
    for number in range(STREAMS_MAX):
        streams.join(f"person {number}")
    with pytest.raises(Trouble, match="too many"):
        streams.join("one more")
    streams.leave("person 0")
    streams.join("one more")
