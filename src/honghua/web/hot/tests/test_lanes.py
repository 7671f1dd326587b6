"""Bookers, in process and over sockets: every answer is on disk, a full line refuses, a deadline is kept, one bad command harms nobody."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput, TimedOut
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.facts.kinds import FactKind
from honghua.store.database import Database, connect
from honghua.web.booker import Booker, Overloaded, TooLate
from honghua.web.hot.answering import FAILED, Books
from honghua.web.hot.desk import Desk
from honghua.web.hot.local import LocalBooker
from honghua.web.hot.remote import RemoteBooker
from honghua.web.hot.serving import DeskServer
from honghua.web.hot.wire import owner_of

NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
CUSTOMERS = 12


@pytest.fixture
def book(database: Database) -> Database:
    """A book with some accounts."""
    with connect(database) as conn:
        credit.start_book(conn, day=NOON.date())
        registry = credit.open_registry(conn)
        openings = [c.OpenAccount(key=f"open:{k}", customer=f"C{k}", limit_minor=100_000) for k in range(CUSTOMERS)]
        credit.execute(conn, registry, openings, now=NOON)
    return database


def order(key: str, customer: str = "C0", *, amount_minor: int = 100, at: dt.datetime = NOON) -> c.BuyNow:
    return c.BuyNow(
        key=key, customer=customer, amount_minor=amount_minor, merchant="M", order=key, category="books", happened_at=at,
        is_stamped=True, scene=c.Scene(device="phone"),
    )  # fmt: skip


def make_books(database: Database, gate: threading.Event | None = None) -> Books:
    """gate: connections are given only once it is open: what happens meanwhile happens while the desk stands still."""

    def open_connection() -> psycopg.Connection:
        if gate is not None:
            gate.wait(30)
        return connect(database)

    return Books(open_connection, credit.open_registry, FixedClock(NOON))


@asynccontextmanager
async def served(
    database: Database, folder: Path, *, desks: int = 1
) -> AsyncIterator[tuple[RemoteBooker, list[DeskServer]]]:
    """Desks behind sockets, and a booker that knows them."""
    paths = [folder / f"{k}.sock" for k in range(desks)]
    servers = [DeskServer(make_books(database), path) for path in paths]
    for server in servers:
        await server.start()
    booker = RemoteBooker(paths)
    await booker.start()
    try:
        yield booker, servers
    finally:
        await booker.close()
        for server in servers:
            await server.stop()


async def buy(booker: Booker, keys: Sequence[str], **more: float) -> list[object]:
    """Each alone, all at once; an error in the place of its answer."""
    asked = (booker.submit([order(key, f"C{k % CUSTOMERS}")], **more) for k, key in enumerate(keys))
    return await asyncio.gather(*asked, return_exceptions=True)


def count_bought(database: Database) -> int:
    with connect(database) as conn:
        query = "SELECT count(*), count(DISTINCT purchase_id) FROM store_fact WHERE kind = %s"
        row = conn.execute(query, [int(FactKind.PURCHASE_CAPTURED)]).fetchone()
    assert row is not None
    assert row[0] == row[1], "one fact a purchase"
    return int(row[0])


def test_purchases_over_sockets(book: Database, tmp_path: Path) -> None:
    async def go() -> None:
        async with served(book, tmp_path, desks=3) as (booker, servers):
            one = await asyncio.gather(*(booker.submit([order(f"a{k}", f"C{k % CUSTOMERS}")]) for k in range(100)))
            orders = [order(f"b{k}", f"C{k}") for k in range(CUSTOMERS)]
            many = await booker.submit(orders)
            later = [order(f"b{k}", f"C{k}", at=NOON + dt.timedelta(seconds=5)) for k in range(CUSTOMERS)]
            again = await booker.submit(later)
            assert {answer["outcome"] for (answer,) in one} == {"approved"}
            assert len({answer["purchase_id"] for answer in [*many, *(a for (a,) in one)]}) == 100 + CUSTOMERS
            assert [{**answer, "repeated": True} for answer in many] == again, (
                "the moment of arrival is no part of a key"
            )
            for server, number in zip(servers, range(3), strict=True):
                mine = sum(owner_of(f"C{k % CUSTOMERS}", 3) == number for k in range(100))
                mine += 2 * sum(owner_of(f"C{k}", 3) == number for k in range(CUSTOMERS))
                assert server.desk.figures.commands == mine > 0, "every desk has customers of its own"

    asyncio.run(go())
    assert count_bought(book) == 100 + CUSTOMERS


def test_a_full_line_refuses_at_once_and_books_nothing_of_it(book: Database) -> None:
    gate = threading.Event()
    with local(book, gate) as booker:
        booker.desk.line.waiting_max = 20

        async def go() -> tuple[list[object], list[object]]:
            taken = asyncio.ensure_future(buy(booker, [f"a{k}" for k in range(20)]))
            await asyncio.sleep(0)
            refused = await buy(booker, [f"b{k}" for k in range(5)])
            gate.set()
            return await taken, refused

        taken, refused = asyncio.run(go())
    assert all(isinstance(one, Overloaded) and one.retry_after_s > 0 for one in refused)
    assert all(one[0]["outcome"] == "approved" for one in taken)  # type: ignore[index]
    assert count_bought(book) == 20


def test_a_deadline_that_passes_in_line_books_nothing(book: Database) -> None:
    gate = threading.Event()
    with local(book, gate) as booker:

        async def go() -> tuple[list[object], list[object]]:
            patient = asyncio.ensure_future(buy(booker, ["patient"], seconds_max=60))
            hasty = await buy(booker, ["hasty"], seconds_max=0.05)
            gate.set()
            return hasty, await patient

        hasty, patient = asyncio.run(go())
    assert isinstance(hasty[0], TooLate)
    assert patient[0][0]["outcome"] == "approved"  # type: ignore[index]
    assert count_bought(book) == 1


@pytest.mark.parametrize("plant", ["terms_id = 4711", "unbilled_minor = 4611686018427387904"])
def test_one_corrupt_account_does_not_take_its_neighbours_with_it(book: Database, plant: str) -> None:
    """Whether it is found sick before anything is judged or breaks in the middle of the batch."""
    with connect(book, owner=True) as conn:
        conn.execute("ALTER TABLE credit_account DROP CONSTRAINT IF EXISTS credit_account_amounts")
        conn.execute(f"UPDATE credit_account SET {plant} WHERE customer_ref = 'C3'")
    with local(book) as booker:

        async def go() -> list[object]:
            return await buy(booker, [f"a{k}" for k in range(4 * CUSTOMERS)])

        outcomes = [one[0]["outcome"] for one in asyncio.run(go())]  # type: ignore[index]
    assert [outcome == "approved" for outcome in outcomes] == [k % CUSTOMERS != 3 for k in range(4 * CUSTOMERS)]
    assert count_bought(book) == 4 * (CUSTOMERS - 1)


def test_a_command_that_cannot_be_stored_is_told_alone(book: Database, caplog: pytest.LogCaptureFixture) -> None:
    with local(book) as booker:

        async def go() -> list[object]:
            return await buy(booker, ["a" * 300, "b", "c"])

        answers = asyncio.run(go())
    assert [one[0]["outcome"] for one in answers] == [FAILED, "approved", "approved"]  # type: ignore[index]
    told = [record.getMessage() for record in caplog.records if record.name == "honghua.desk"]
    assert any("could not be booked: " in text and ", id " in text for text in told)
    said = [re.sub(r", id \w+", "", text) for text in told]
    assert not any(word in text for text in said for word in ("\0", "C0", "C1", "aaa")), "no names and keys"


def test_a_lost_connection_is_opened_anew(book: Database) -> None:
    with local(book) as booker:

        async def go() -> None:
            await booker.submit([order("before")])
            conn = booker.desk.books.conn
            assert conn is not None
            with connect(book) as another:  # of the same role, which may end its own
                another.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
            (answer,) = await booker.submit([order("after")])
            (again,) = await booker.submit([order("before")])
            assert answer["outcome"] == "approved"
            assert again["repeated"]

        asyncio.run(go())
    assert count_bought(book) == 2


def test_a_desk_that_is_replaced_answers_everything(book: Database, tmp_path: Path) -> None:
    """New desks take the old one's place three times while purchases come; nobody hears of it."""

    async def go() -> None:
        async with served(book, tmp_path) as (booker, servers):
            buying = asyncio.ensure_future(buy(booker, [f"a{k}" for k in range(200)]))
            for round_ in range(3):
                new = DeskServer(make_books(book), servers[-1].path)
                await new.start()
                old = servers.pop()
                servers.append(new)
                more = asyncio.ensure_future(buy(booker, [f"r{round_}:{k}" for k in range(50)]))
                await old.stop()
                assert all(one[0]["outcome"] == "approved" for one in await more)  # type: ignore[index]
            assert all(one[0]["outcome"] == "approved" for one in await buying)  # type: ignore[index]
            assert booker.links[0].reconnects == 3

    asyncio.run(go())
    assert count_bought(book) == 350


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the bug is planted in a thread
def test_a_desk_that_falls_over_a_bug_says_so(book: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process ends then, and is started again (`desk_role`)."""

    def breaks(*_: object) -> None:
        raise RuntimeError("planted")

    async def go() -> None:
        async with served(book, tmp_path) as (booker, servers):
            monkeypatch.setattr(Desk, "serve", breaks)
            asking = asyncio.ensure_future(booker.submit([order("a")], seconds_max=0.1))
            await asyncio.wait_for(servers[0].ended.wait(), 60)
            asking.cancel()

    asyncio.run(go())


def test_without_a_desk_nothing_is_taken(tmp_path: Path) -> None:
    async def go() -> None:
        booker = RemoteBooker([tmp_path / "nobody.sock"], waiting_max=2)
        outcomes = await buy(booker, ["a", "b", "c"], seconds_max=0.2)
        assert [type(one) for one in outcomes] == [TooLate, TooLate, Overloaded]
        with pytest.raises(BadInput):
            await booker.submit([order(f"x{k}") for k in range(1_000)])
        await booker.close()

    asyncio.run(go())


def test_a_desk_that_falls_silent_leaves_the_outcome_open(tmp_path: Path) -> None:
    async def go() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(asyncio.Protocol, str(tmp_path / "desk.sock"))
        booker = RemoteBooker([tmp_path / "desk.sock"])
        await booker.start()
        asked = asyncio.ensure_future(booker.submit([order("a")], seconds_max=0.2))
        await asyncio.sleep(0.1)
        server.close()
        (tmp_path / "desk.sock").unlink(missing_ok=True)
        for link in booker.links:
            assert link._line is not None
            link._line.transport.close()
        with pytest.raises(TimedOut):
            await asked
        await booker.close()

    asyncio.run(go())


def local(database: Database, gate: threading.Event | None = None) -> LocalBooker:
    if gate is None:
        return LocalBooker(database, clock=FixedClock(NOON))

    def attach(conn: psycopg.Connection) -> credit.Registry:
        gate.wait(30)
        return credit.open_registry(conn)

    return LocalBooker(database, clock=FixedClock(NOON), attach=attach)
