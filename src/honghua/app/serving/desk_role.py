"""The process of a desk: one thread judges, with books and risk engine, one writes, one talks with the workers over their sockets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from honghua.app.serving.plan import Orders, ServePlan
from honghua.app.serving.ports import find_clock, find_prover
from honghua.credit import api as credit
from honghua.store.database import connect
from honghua.web.hot.answering import Attach, Books
from honghua.web.hot.serving import DeskServer

LEARNT_MUCH: Final = 50_000  # facts since the last snapshot: the next start shall not learn them again
FLUSH_S: Final = 2.0  # that the last answers may take to leave
SWITCH_S: Final = 0.000_5  # after which one of our three threads lets the next one run: who writes waits for the disk, not for who judges


def make_attach(plan: ServePlan, folder: Path) -> Attach:
    """How a desk comes to its registry: with the risk engine of the policy in force, and whoever checks proofs."""

    def attach(conn: psycopg.Connection) -> credit.Registry:
        registry = credit.open_registry(conn)
        registry.prover = find_prover(plan, find_clock(plan))
        credit.attach_released(conn, registry, folder=folder)
        return registry

    return attach


def write_down(registry: credit.Registry | None) -> None:
    """Snapshot an engine that has learnt much since the last one."""
    risk = registry.risk if registry is not None else None
    if isinstance(risk, credit.RiskDesk) and risk.cursor - risk.saved_at >= LEARNT_MUCH:
        risk.snapshot()


async def run_desk(orders: Orders, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve until told to stop; then answer what was taken."""
    sys.setswitchinterval(SWITCH_S)
    plan, number = orders.plan, orders.number
    folder = plan.snapshots(number)
    folder.mkdir(parents=True, exist_ok=True)
    books = Books(lambda: connect(plan.database), make_attach(plan, folder), find_clock(plan), at_end=write_down)
    server = DeskServer(books, plan.desk_sockets[number], waiting_max=plan.waiting_max)
    await server.start()
    ready()
    waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(server.ended.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    await server.stop(flush_s=FLUSH_S)


__all__ = ["run_desk"]
