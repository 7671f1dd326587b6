"""A desk with its two hands in a rush: connections die, judging breaks, deadlines pass; every order is booked once, or told."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pytest

from honghua.app.serving.bench_town import Town, make_order, open_accounts, put_in_force
from honghua.base.clock import FixedClock
from honghua.credit import api as credit
from honghua.credit.api import Judged
from honghua.credit.engine import RiskDesk
from honghua.credit.invariants import check_credit
from honghua.facts.kinds import FactKind
from honghua.ledger.invariants import check_ledger
from honghua.store.database import Database, connect
from honghua.web.booker import TooLate
from honghua.web.hot.local import LocalBooker

NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
TOWN = Town(people=60, events=1_000, seed=5)
SETUP = TOWN.setup(None)
RUSH = 400
PATIENT_S = 120.0
KILLING = threading.Lock()  # one after the other: they would kill each other


@pytest.fixture
def book(database: Database) -> Database:
    """A town that the engine judges."""
    with connect(database) as conn:
        credit.start_book(conn, day=NOON.date())
        open_accounts(conn, credit.open_registry(conn), TOWN, NOON.date())
        put_in_force(conn, SETUP, b"")
    return database


def attach(conn: psycopg.Connection) -> credit.Registry:
    registry = credit.open_registry(conn)
    credit.attach(conn, registry, SETUP)
    return registry


@contextmanager
def serving(database: Database) -> Iterator[LocalBooker]:
    with LocalBooker(database, clock=FixedClock(NOON), attach=attach) as booker:
        booker.desk.ahead_from = 4
        yield booker


def draw(tag: str, n: int) -> list[Any]:
    drawn = TOWN.draw(np.random.default_rng(7), n)
    return [make_order({**one, "happened_at": NOON}, f"{tag}{k}") for k, one in enumerate(drawn)]


async def rush(booker: LocalBooker, orders: Sequence[Any], *, at: dict[int, Any] | None = None) -> list[Any]:
    """All at once, each alone; at: what to do when so many were answered. An error in the place of its answer."""
    done = 0

    async def buy(one: Any) -> Any:
        nonlocal done
        (answer,) = await booker.submit([one], seconds_max=PATIENT_S)
        done += 1
        if at is not None and done in at:
            await asyncio.to_thread(at[done])
        return answer

    return await asyncio.gather(*map(buy, orders), return_exceptions=True)


def check_books(database: Database, answers: Sequence[Any]) -> None:
    """Every approval stands in the books once, a process that starts now finds the same state, the audits are content."""
    approved = sorted(one["purchase_id"] for one in answers if one["outcome"] == "approved")
    with connect(database) as conn:
        query = "SELECT purchase_id FROM store_fact WHERE kind = %s ORDER BY 1"
        assert [number for (number,) in conn.execute(query, [int(FactKind.PURCHASE_CAPTURED)])] == approved
        with conn.transaction():
            assert [check for check in (*check_ledger(conn), *check_credit(conn)) if not check.ok] == []


def digest_of(registry: credit.Registry | None) -> bytes:
    assert registry is not None
    assert isinstance(registry.risk, RiskDesk)
    return registry.risk.engine.digest()


def fresh_digest(database: Database) -> bytes:
    with connect(database) as conn:
        return digest_of(attach(conn))


def kill_connections(database: Database) -> None:
    """As a server does that falls: every connection of ours to this database ends; the server's own cleaners may not be ended by us."""
    with KILLING, connect(database) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


def test_connections_that_die_in_a_rush_cost_nobody_an_order(book: Database) -> None:
    with serving(book) as booker:
        booker.desk.line.batch_max = 16
        kills = dict.fromkeys((40, 150, 260), lambda: kill_connections(book))
        answers = asyncio.run(rush(booker, draw("k", RUSH), at=kills))
        again = asyncio.run(rush(booker, draw("k", RUSH)))
        figures, registry = booker.desk.figures, booker.desk.books.registry
    assert {one["outcome"] for one in answers} <= {"approved", "refused", "step_up", "review", "delayed"}
    assert figures.ahead > 1
    assert [one["purchase_id"] for one in again if one["outcome"] == "approved"] == [
        one["purchase_id"] for one in answers if one["outcome"] == "approved"
    ]
    check_books(book, answers)
    assert digest_of(registry) == fresh_digest(book)


def test_judging_that_breaks_half_way_is_done_again_alone(book: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    end, calls = RiskDesk.end_ahead, []

    def breaks_at_times(self: RiskDesk, *args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) % 2 == 0:
            raise RuntimeError("planted")
        return end(self, *args, **more)

    monkeypatch.setattr(RiskDesk, "end_ahead", breaks_at_times)
    with serving(book) as booker:
        for tag in "abcd":
            answers = asyncio.run(rush(booker, draw(tag, 50)))
            assert not [one for one in answers if isinstance(one, BaseException) or one["outcome"] == "failed"]
        registry = booker.desk.books.registry
    assert len(calls) > 2
    assert digest_of(registry) == fresh_digest(book)


def test_a_deadline_that_passes_while_a_batch_is_written_is_answered_and_one_in_line_is_not_booked(
    book: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three batches: one is being written, one is judged and waits for it, one stands in line."""
    write, began, gate = Judged.write, threading.Semaphore(0), threading.Event()

    def slowly(self: Judged, conn: psycopg.Connection) -> None:
        began.release()
        assert gate.wait(PATIENT_S)
        write(self, conn)

    async def go(booker: LocalBooker) -> tuple[Any, Any, Any]:
        warm = draw("warm", 20)
        await booker.submit(warm, seconds_max=PATIENT_S)  # whoever is a stranger goes alone
        monkeypatch.setattr(Judged, "write", slowly)
        written = asyncio.ensure_future(booker.submit(draw("a", 20), seconds_max=0.3))
        assert await asyncio.to_thread(began.acquire, timeout=PATIENT_S)
        judged = asyncio.ensure_future(booker.submit(draw("b", 20), seconds_max=PATIENT_S))
        while booker.desk.line.waiting or len(relay_of(booker).under_way) < 2:  # it is taken, and judged
            await asyncio.sleep(0)
        late = await asyncio.gather(booker.submit(draw("c", 20), seconds_max=0.3), return_exceptions=True)
        assert not written.done()
        gate.set()
        return await written, await judged, late[0]

    with serving(book) as booker:
        written, judged, late = asyncio.run(go(booker))
    assert isinstance(late, TooLate)
    assert {len(written), len(judged)} == {20}
    with connect(book) as conn:
        told = conn.execute(
            "SELECT left(key, 1), count(*) FROM store_command WHERE key ~ '^[abc][0-9]' GROUP BY 1"
        ).fetchall()
    assert sorted(told) == [("a", 20), ("b", 20)]


def relay_of(booker: LocalBooker) -> credit.Relay:
    relay = booker.desk.books.relay
    assert relay is not None
    return relay
