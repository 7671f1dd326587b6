"""News over the API: pages and a live stream of events; webhook endpoints and the console that shows and repeats deliveries."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Final, Literal

import psycopg
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from honghua.web.api import webhooks
from honghua.web.api.addresses import check_url, look_up
from honghua.web.api.cursors import read_cursor, write_cursor
from honghua.web.api.events import CURSOR, EventPage, Place, find_end, read_place, read_visible
from honghua.web.api.faces import FakeFaces, NoFaces
from honghua.web.api.live import Pulse, stream
from honghua.web.api.v1.wire import (
    PAGE_USUAL,
    READ,
    Asked,
    Caller,
    Cursor,
    IdPath,
    Page,
    PageSize,
    Shown,
    problems,
    shown,
)
from honghua.web.ground import Site, site_of

router = APIRouter(prefix="/v1", tags=["events"])
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    **READ,
    200: {
        "description": "server-sent events, without end",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}
CHANGED: Final = problems(404, 409, 415)


class EventsShown(Shown):
    """Events in order. next is always there: ask again with it, now if has_more, else later."""

    items: list[dict[str, Any]]
    next: str
    has_more: bool


class EndpointAsked(Asked):
    """Where news goes, and which; no kinds: all."""

    url: Annotated[str, Field(min_length=1, max_length=500)]
    kinds: Annotated[list[str], Field(max_length=50, default_factory=list)]


class EndpointShown(Shown):
    """Where news goes."""

    endpoint_id: int
    url: str
    kinds: list[str]
    created_at: dt.datetime


class NewEndpointShown(Shown):
    """The secret is shown this once; it signs `<timestamp>.<event>.<body>` by HMAC-SHA256."""

    endpoint_id: int
    secret: str


class DeliveryShown(Shown):
    """One event for one endpoint, and how its sending goes. dead: given up, until it is replayed."""

    delivery_id: int
    endpoint_id: int
    state: Literal["waiting", "done", "dead"]
    tries: int
    due_at: dt.datetime
    last_status: int | None
    last_error: str | None
    created_at: dt.datetime
    settled_at: dt.datetime | None
    body: dict[str, Any]


def install(app: FastAPI, site: Site) -> None:
    """What routes reach of the world: one reader of events for all streams of this process, the resolver, the reader of faces."""
    app.state.pulse = Pulse(site)
    app.state.look_up = look_up
    app.state.faces = FakeFaces() if site.is_demo else NoFaces()


@router.get("/events", name="v1.events.list", responses=READ)
async def list_events(request: Request, partner: Caller, *, cursor: Cursor = "") -> EventsShown:
    """What happened behind a cursor to the partner's shops and customers; without one: from now on."""
    site = site_of(request)
    place = read_place(cursor)
    if place is None:
        end = await site.read(find_end)
        return EventsShown(items=[], next=write_cursor(CURSOR, list(end)), has_more=False)
    page = await site.read(lambda conn: read_visible(conn, partner, place))
    items = [event.body() for event in page.events]
    return EventsShown(items=items, next=write_cursor(CURSOR, list(page.place)), has_more=page.has_more)


@router.get("/events/stream", name="v1.events.stream", response_class=StreamingResponse, responses=STREAM)
async def stream_events(request: Request, partner: Caller) -> Response:
    """The same as it happens. A reader that comes back with Last-Event-ID misses nothing."""

    def read(conn: psycopg.Connection, /, *, place: Place) -> EventPage:
        return read_visible(conn, partner, place)

    return await stream(request, read)


@router.post("/webhooks", name="v1.webhooks.add", responses=CHANGED)
async def add_endpoint(request: Request, partner: Caller, asked: EndpointAsked) -> NewEndpointShown:
    """News goes here from now on."""
    site = site_of(request)
    await asyncio.to_thread(check_url, asked.url, is_demo=site.is_demo, find=request.app.state.look_up)
    now = site.clock.now()
    made = await site.write(
        lambda conn: webhooks.add_endpoint(conn, site.vault, partner, asked.url, asked.kinds, now=now)
    )
    return shown(NewEndpointShown, made)


@router.get("/webhooks", name="v1.webhooks.list", responses=READ)
async def list_endpoints(request: Request, partner: Caller) -> Page[EndpointShown]:
    """Where news goes; there are few, so there is one page."""
    found = await site_of(request).read(lambda conn: webhooks.list_endpoints(conn, partner.partner_id))
    return Page(items=[shown(EndpointShown, one) for one in found])


@router.delete("/webhooks/{endpoint_id}", name="v1.webhooks.end", status_code=204, responses=READ)
async def end_endpoint(request: Request, partner: Caller, endpoint_id: IdPath) -> None:
    """Nothing is sent there any more."""
    site = site_of(request)
    now = site.clock.now()
    await site.write(lambda conn: webhooks.end_endpoint(conn, partner.partner_id, endpoint_id, now=now))


@router.get("/webhook-deliveries", name="v1.webhooks.deliveries", responses=READ)
async def list_deliveries(
    request: Request, partner: Caller, *, cursor: Cursor = "", limit: PageSize = PAGE_USUAL,
    state: Annotated[Literal["", "waiting", "done", "dead"], Query()] = "",
) -> Page[DeliveryShown]:  # fmt: skip
    """Deliveries, newest first: the replay console looks here."""
    after = read_cursor("deliveries", cursor, length=1)
    before = after[0] if after else None
    found = await site_of(request).read(
        lambda conn: webhooks.list_deliveries(conn, partner.partner_id, state=state, before=before, limit=limit + 1)
    )
    following = write_cursor("deliveries", [found[limit - 1].delivery_id]) if len(found) > limit else None
    return Page(items=[shown(DeliveryShown, one) for one in found[:limit]], next=following)


@router.post("/webhook-deliveries/{delivery_id}/replay", name="v1.webhooks.replay", status_code=202, responses=READ)
async def replay_delivery(request: Request, partner: Caller, delivery_id: IdPath) -> Response:
    """Send it again; its place among the account's news is kept."""
    site = site_of(request)
    now = site.clock.now()
    await site.write(lambda conn: webhooks.replay_delivery(conn, partner.partner_id, delivery_id, now=now))
    return Response(status_code=202)


__all__ = ["install", "router"]
