"""The process of a worker: HTTP in, commands to the desks, pages from the database."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from honghua.app.doors.joining import make_joining
from honghua.app.doors.lab import WorkersLab
from honghua.app.doors.materials import make_materials
from honghua.app.doors.outside.wiring import make_acquirer
from honghua.app.doors.paying import make_payments
from honghua.app.doors.proving import make_gateway, make_provider
from honghua.app.lender import read_lender
from honghua.app.serving.plan import Orders, ServePlan
from honghua.app.serving.ports import find_secrets, find_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import WorldFailed
from honghua.credit import api as credit
from honghua.store.arrays import register
from honghua.web.api.partners import PartnerBook
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.hot.asgi import NONCE_KEEP_S, HotLane
from honghua.web.hot.nonces import SharedNonces
from honghua.web.hot.remote import RemoteBooker
from honghua.web.log_masking import NAMES, install_masking

POOL_MAX: Final = 6
POOL_S: Final = 5.0  # that a page waits for a connection
CONNECTIONS_MAX: Final = 4_096
KEEP_ALIVE_S: Final = 75
DRAIN_S: Final = 40.0  # that requests under way may take: longer than callers may wait for the books
FAREWELL_S: Final = 2.0  # during which callers on kept connections hear that these end, if there are any
LOOK_S: Final = 0.02


class Server(uvicorn.Server):
    """uvicorn, whose signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process listens to them itself."""
        yield


def make_site(plan: ServePlan, pool: ConnectionPool[psycopg.Connection], booker: RemoteBooker) -> Site:
    """What routes and pages stand on, in this process."""
    settings = find_settings(plan)
    with pool.connection() as conn:
        registry = credit.open_registry(conn)
    return Site(
        pool=pool, booker=booker, clock=SystemClock(), registry=registry, secrets=find_secrets(plan),
        zone=ZoneInfo(plan.zone), is_demo=plan.is_demo, address=plan.address,
        registered_only=settings.merchants_registered_only, brand=read_lender(settings.lender_file).brand,
    )  # fmt: skip


def make_pool(dsn: str) -> ConnectionPool[psycopg.Connection]:
    """Connections for pages and readers."""
    return ConnectionPool(
        dsn, min_size=1, max_size=POOL_MAX, timeout=POOL_S, kwargs={"autocommit": True, "application_name": "honghua-web"},
        configure=register, check=ConnectionPool.check_connection, open=True,
    )  # fmt: skip


async def run_worker(orders: Orders, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve until told to stop; then let requests under way end."""
    plan = orders.plan
    listener = socket.socket(fileno=orders.listener)
    booker = RemoteBooker(plan.desk_sockets, waiting_max=plan.waiting_max)
    with make_pool(plan.database.dsn) as pool, SharedNonces(plan.nonces, keep_s=NONCE_KEEP_S) as nonces:
        site = make_site(plan, pool, booker)
        app, partners = make_app(plan, site)
        proxies = find_settings(plan).proxies
        lane = HotLane(app, site, partners, nonces, lambda: tell_health(site, booker))
        config = uvicorn.Config(
            lane, loop="none", http="httptools", ws="none", lifespan="auto", access_log=False, log_level="warning",
            server_header=False, date_header=False, proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None,
            timeout_keep_alive=KEEP_ALIVE_S, limit_concurrency=CONNECTIONS_MAX, timeout_graceful_shutdown=int(DRAIN_S),
            backlog=2_048,
        )  # fmt: skip
        install_masking(NAMES)
        await booker.start()
        server = Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if not serving.done():
            ready()
        stop = asyncio.ensure_future(stopping.wait())
        await asyncio.wait([stop, serving], return_when=asyncio.FIRST_COMPLETED)
        for one in server.servers:
            one.close()  # from here on callers reach other workers
        lane.is_leaving = True
        if plan.has_pages:
            app.state.pulse.end()  # streams would outlast every farewell
        await say_farewell(server)
        server.should_exit = True
        await serving
        await booker.close()


async def say_farewell(server: uvicorn.Server) -> None:
    """Until every connection has ended with an answer that said so; one on which nobody asks anything is closed in the end."""
    until = time.monotonic() + FAREWELL_S
    while server.server_state.connections and time.monotonic() < until:
        await asyncio.sleep(LOOK_S)


def make_app(plan: ServePlan, site: Site) -> tuple[Any, PartnerBook]:
    """Everything beyond the hot lane, and the partners that both know."""
    if not plan.has_pages:
        return FastAPI(docs_url=None, redoc_url=None, openapi_url=None), PartnerBook()
    app, settings = build_app(site), find_settings(plan)
    app.state.gateway = make_gateway(settings, is_demo=plan.is_demo)
    app.state.payments = make_payments(settings, site.clock)
    app.state.cards = make_acquirer(settings, site.clock)
    app.state.joining = make_joining(find_settings(plan), is_demo=plan.is_demo, clock=site.clock)
    app.state.materials = make_materials(find_settings(plan), is_demo=plan.is_demo, clock=site.clock)
    app.state.lab = WorkersLab(plan.database)
    app.state.oidc = make_provider(settings, plan.address)
    return app, app.state.partners


async def tell_health(site: Site, booker: RemoteBooker) -> tuple[bool, dict[str, Any]]:
    """Whether the desks and the database are there."""
    try:
        day = await site.read(credit.get_business_day)
    except psycopg.OperationalError as error:
        raise WorldFailed("the database does not answer") from error
    desks = [{"up": link.is_up, "waiting": link.waiting, "answers_per_s": round(link.rate)} for link in booker.links]
    return all(link.is_up for link in booker.links), {"business_on": day.isoformat(), "desks": desks}


__all__ = ["run_worker"]
