"""The ring explorer: groups that share things, the most suspicious first, and what stands around one customer, device or shop."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from honghua.base.errors import BadInput, NotFound
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.web.desk.drawing import bound, draw
from honghua.web.desk.risk.picturing import Picture, picture_neighbourhood
from honghua.web.ground import site_of

router = APIRouter(prefix="/desk/rings")
SPANS: Final = (7, 30, 90)
SHOWN: Final = 20
KINDS: Final = ("customer", "merchant", "device", "address", "payee")


@dataclass(frozen=True, slots=True)
class NamedRing:
    """A group with its members' names and its amounts by day, days without purchases as zeros."""

    ring: decision.Ring
    customers: tuple[str, ...]
    days: tuple[int, ...]


@router.get("", name="desk.rings")
async def rings(request: Request, *, days: int = Query(30), customer: str = Query("", max_length=200)) -> Response:
    """Groups of the last days; with a customer only those that they are in."""
    site = site_of(request)
    days = days if days in SPANS else SPANS[1]
    since = site.clock.now() - dt.timedelta(days=days)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        bound(conn)
        around: frozenset[int] = frozenset()
        if customer:
            around = frozenset(credit.find_account_ids(conn, [customer]).values())
            if not around:
                return {"found": None, "rings": []}
        found = decision.find_rings(conn, since=since, around=around)
        shown = found.rings[:SHOWN]
        refs = credit.find_customer_refs(conn, sorted({a for ring in shown for a in ring.accounts}))
        return {"found": found, "rings": [name_ring(ring, refs) for ring in shown]}

    return await draw(
        request, "desk/rings.html", **await site.read(read), days=days, spans=SPANS, customer=customer, kinds=KINDS
    )


@router.get("/around", name="desk.around")
async def around(
    request: Request, kind: str, *, label: str = Query(max_length=200), days: int = Query(30)
) -> Response:  # fmt: skip
    """What stands around one thing: a customer or shop by name, a device, address or payee as the outside writes it or #key."""
    site = site_of(request)
    days = days if days in SPANS else SPANS[1]
    since = site.clock.now() - dt.timedelta(days=days)
    picture = await site.read(lambda conn: look_around(conn, kind, label.strip(), since))
    return await draw(
        request,
        "desk/around.html",
        picture=picture,
        kind=kind,
        label=label.strip(),
        days=days,
        spans=SPANS,
        kinds=KINDS,
    )


@router.get("/around/neighbourhood", name="desk.around_graph")
async def around_graph(
    request: Request, kind: str, *, label: str = Query(max_length=200), days: int = Query(30)
) -> Response:
    """The same as JSON, for the drawing."""
    site = site_of(request)
    since = site.clock.now() - dt.timedelta(days=days if days in SPANS else SPANS[1])
    picture = await site.read(lambda conn: look_around(conn, kind, label.strip(), since))
    return JSONResponse(picture.plain(), headers={"Cache-Control": "no-store"})


def look_around(conn: psycopg.Connection, kind: str, label: str, since: dt.datetime) -> Picture:
    """Who shares what with it; NotFound for a customer without an account, BadInput for no such kind of thing."""
    bound(conn)
    if kind not in KINDS:
        raise BadInput(f"look around one of {', '.join(KINDS)}", code="ENTITY_UNKNOWN")
    if kind == "customer":
        account_id = credit.find_account_ids(conn, [label]).get(label)
        if account_id is None:
            raise NotFound(f"{label!r} has no credit account", code="ACCOUNT_UNKNOWN")
        found = decision.find_around(conn, "account", 0, since=since, account_id=account_id)
    else:
        found = decision.find_around(conn, kind, decision.find_key(kind, label), since=since)
    return picture_neighbourhood(conn, found)


def name_ring(ring: decision.Ring, refs: dict[int, str]) -> NamedRing:
    """A group under its members' names."""
    first, last = ring.by_day[0][0], ring.by_day[-1][0]
    amounts = dict(ring.by_day)
    days = tuple(amounts.get(day, 0) for day in range(first, last + 1))
    return NamedRing(ring, tuple(refs.get(account, f"#{account}") for account in ring.accounts), days)


__all__ = ["router"]
