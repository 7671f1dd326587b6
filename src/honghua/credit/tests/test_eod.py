"""End of day, online: every account and day once, whoever closes it, whatever is killed, while the shop is open."""

from __future__ import annotations

import datetime as dt
import functools
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, HonghuaError, NotFound
from honghua.credit import core as c
from honghua.credit import eod, store
from honghua.credit.api import execute, get_business_day, open_registry, start_book
from honghua.credit.eod import close_day, close_until
from honghua.credit.shard import Counts, close_accounts
from honghua.credit.tests.days import FIRST, NOW, ONE_DAY, Town, live, settle
from honghua.store.database import Database, connect, run_unit, scratch_database

CUT = dt.date(2026, 1, 31)  # closing it cuts the statements of 1 February
UNTIL = dt.date(2026, 3, 3)
SEED = 7


def move_date(town: Town, day: dt.date) -> None:
    """Move the business date and nothing else: online commands close what they meet."""
    town.plant("UPDATE credit_book SET business_on = %s", day)


def close_singly(town: Town, day: dt.date) -> None:
    """Close day after day, each account alone in a transaction of its own."""
    terms = store.load_terms(town.conn)

    def close(conn: psycopg.Connection) -> None:
        close_accounts(conn, terms, low_id=one, high_id=one, to=to_day(today) + 1)

    while get_business_day(town.conn) < day:
        today = run_unit(town.conn, lambda conn: store.begin_day(conn, shard_ids=1000))
        for name in town.names:
            one = town.account_id(name)
            run_unit(town.conn, close)
        close_day(town.database, day=today)


def close_by_twos(town: Town, day: dt.date) -> None:
    """Close day after day in shards of two accounts by two workers."""
    while get_business_day(town.conn) < day:
        close_day(town.database, shard_ids=2, workers=2)


def close_at_once(town: Town, day: dt.date) -> None:
    """Catch up on all the days missed."""
    close_until(town.database, day)


@pytest.fixture(scope="module")
def pictures(store_settings):
    """What the same life left behind, by the way in which days were closed."""
    found = {}
    for way in (move_date, close_singly, close_by_twos, close_at_once):
        with scratch_database(store_settings) as database, connect(database) as conn:
            town = settle(database, conn, 6)
            live(town, UNTIL, seed=SEED, close=functools.partial(way, town))
            town.touch()
            found[way] = town.picture()
            if way is not move_date:  # which leaves no record of its days
                assert town.broken() == []
    return found


@pytest.mark.parametrize("way", [close_singly, close_by_twos, close_at_once])
@pytest.mark.parametrize("part", ["states", "balances", "statements", "closings"])
def test_the_way_of_closing_makes_no_difference(pictures, way, part):
    expected = pictures[move_date][part]
    assert len(expected) >= 6
    assert pictures[way][part] == expected


def buyers(database: Database, conn: psycopg.Connection, customers: int = 6, day: dt.date = CUT) -> Town:
    """A town where everybody has bought and the next closing cuts everybody's statement."""
    town = settle(database, conn, customers, first=dt.date(2026, 1, 30))
    for name in town.names:
        town.buy(f"b{name}", name, 10_000)
    close_until(database, day)
    return town


def each_once(town: Town) -> list[tuple[str, int]]:
    """How many statements every customer has."""
    return town.rows("SELECT customer_ref, count(s.seq) FROM credit_account LEFT JOIN credit_statement s USING (account_id)"
                     " GROUP BY customer_ref ORDER BY customer_ref")  # fmt: skip


def test_two_who_close_the_same_day_share_its_shards(database, conn):
    town = buyers(database, conn, customers=24)
    start = threading.Barrier(4)

    def closer() -> eod.DayReport:
        start.wait()
        return close_day(database, day=CUT, shard_ids=1)

    with ThreadPoolExecutor(4) as pool:
        reports = [job.result() for job in [pool.submit(closer) for _ in range(4)]]
    assert len(set(reports)) == 1
    assert reports[0].accounts == reports[0].statements == 24
    assert each_once(town) == [(name, 1) for name in town.names]
    assert town.one("SELECT count(*) FROM ledger_entry WHERE kind = 100") == 24
    assert get_business_day(conn) == CUT + ONE_DAY
    assert town.broken() == []


def test_two_who_catch_up_at_once_close_no_day_beyond(database, conn):
    town = buyers(database, conn, customers=8)
    until = dt.date(2026, 2, 20)
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(close_until, database, until) for _ in range(3)]
        for job in jobs:
            job.result()
    assert get_business_day(conn) == until
    assert town.one("SELECT count(*) FROM credit_day") == (until - dt.date(2026, 1, 30)).days
    assert each_once(town) == [(name, 1) for name in town.names]
    assert town.broken() == []


def test_a_day_is_closed_in_its_turn_and_once(database, conn):
    town = buyers(database, conn, customers=2)
    with pytest.raises(BadInput, match="the next day to close is 2026-01-31"):
        close_day(database, day=CUT + ONE_DAY)
    with pytest.raises(BadInput, match="the next day to close is 2026-01-31"):
        close_day(database, day=dt.date(2020, 1, 1))
    first = close_day(database, day=CUT)
    before = town.picture()
    assert close_day(database, day=CUT) == first
    assert town.picture() == before
    assert get_business_day(conn) == CUT + ONE_DAY


def hold_shards(database: Database, held: int, pids: list[int], ready: threading.Event, gone: threading.Event) -> None:
    """A worker that closes shards, marks them done, and then stands still without committing."""
    day = CUT
    try:
        with connect(database) as conn, conn.transaction():
            pids.append(conn.info.backend_pid)
            terms = store.load_terms(conn)
            for _ in range(held):
                lease = store.take_shard(conn, day)
                assert lease is not None
                close_accounts(conn, terms, low_id=lease[1], high_id=lease[2], to=to_day(day) + 1)
                store.finish_shard(conn, day, lease[0], worker="dying", figures=(1, 1, 1, 2, 0))
            ready.set()
            gone.wait(20)
            conn.execute("SELECT 1")
    except psycopg.OperationalError:
        pass


def test_a_worker_whose_connection_is_cut_leaves_its_shards_waiting(database, conn):
    town = buyers(database, conn, customers=6)
    run_unit(conn, lambda one: store.begin_day(one, shard_ids=1))
    pids: list[int] = []
    ready, gone = threading.Event(), threading.Event()
    worker = threading.Thread(target=hold_shards, args=(database, 2, pids, ready, gone))
    worker.start()
    assert ready.wait(10)
    mine = "FROM credit_day_shard WHERE day = %s"
    shards = town.rows(f"SELECT low_id, high_id {mine} ORDER BY shard", CUT)
    assert len(shards) == 6
    done = run_unit(conn, lambda one: store.take_shard(one, CUT))
    assert done is not None
    assert done[0] == 2, "the shards of a living worker are passed over"
    assert town.rows(f"SELECT DISTINCT state {mine}", CUT) == [("waiting",)]
    assert town.one("SELECT pg_terminate_backend(%s, 5000)", pids[0])
    gone.set()
    worker.join(10)
    assert town.rows(f"SELECT DISTINCT state {mine}", CUT) == [("waiting",)]
    report = close_day(database)
    assert (report.day, report.accounts, report.statements) == (CUT, 6, 6)
    assert each_once(town) == [(name, 1) for name in town.names]
    assert town.rows("SELECT state, finished_at IS NOT NULL FROM credit_day WHERE day = %s", CUT) == [("closed", True)]
    assert town.broken() == []


def close_and_die(database: Database, after: int) -> None:
    """Close the day, and be killed by kill -9 in the middle of a shard."""
    taken = 0

    def dying(*args, **more) -> Counts:
        nonlocal taken
        counts = close_accounts(*args, **more)
        taken += 1
        if taken > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return counts

    vars(eod)["close_accounts"] = dying
    close_day(database, shard_ids=1)


@pytest.mark.parametrize("after", [0, 2, 5])
def test_what_kill_9_leaves_is_finished_by_the_next(database, conn, after):
    town = buyers(database, conn, customers=6)
    process = multiprocessing.get_context("spawn").Process(target=close_and_die, args=(database, after))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert town.rows("SELECT state, count(*) FROM credit_day_shard WHERE day = %s GROUP BY state ORDER BY state", CUT) == [
        *([("done", after)] if after else []), ("waiting", 6 - after),
    ]  # fmt: skip
    assert town.one("SELECT state FROM credit_day WHERE day = %s", CUT) == "closing"
    assert get_business_day(conn) == CUT + ONE_DAY
    assert town.broken() == []
    finished = town.rows(
        "SELECT shard, worker, finished_at FROM credit_day_shard WHERE day = %s AND state = 'done'", CUT
    )
    report = close_day(database)
    assert (report.day, report.accounts, report.statements) == (CUT, 6, 6)
    kept = town.rows("SELECT shard, worker, finished_at FROM credit_day_shard WHERE day = %s AND state = 'done'", CUT)
    assert set(finished) <= set(kept), "what was done is not done again"
    assert each_once(town) == [(name, 1) for name in town.names]
    assert close_day(database).day == CUT + ONE_DAY
    assert town.broken() == []


def test_an_online_write_closes_its_account_first(database, conn):
    town = buyers(database, conn, customers=4)
    run_unit(conn, lambda one: store.begin_day(one, shard_ids=1))
    assert town.one("SELECT count(*) FROM credit_statement") == 0
    assert town.buy("late", "C01", 777)["outcome"] == "approved"
    assert town.rows("SELECT total_minor FROM credit_statement") == [(10_000,)]
    assert town.one("SELECT unbilled_minor FROM credit_account WHERE customer_ref = 'C01'") == 777
    assert town.broken() == []
    report = close_day(database)
    assert (report.accounts, report.statements) == (3, 3)
    assert each_once(town) == [(name, 1) for name in town.names]
    assert town.one("SELECT unbilled_minor FROM credit_account WHERE customer_ref = 'C01'") == 777
    assert town.broken() == []


def test_an_account_opened_while_a_day_closes_belongs_to_the_next(database, conn):
    town = buyers(database, conn, customers=2)
    run_unit(conn, lambda one: store.begin_day(one, shard_ids=1))
    town.do(c.OpenAccount(key="new", customer="new", limit_minor=9_999))
    assert close_day(database).accounts == 2
    assert town.one("SELECT opened_on FROM credit_account WHERE customer_ref = 'new'") == CUT + ONE_DAY
    assert town.broken() == []


def test_buying_goes_on_while_days_close(database, conn):
    town = buyers(database, conn, customers=10)
    until = dt.date(2026, 2, 16)
    closed = threading.Event()
    counts = []

    def shop(k: int) -> int:
        bought = 0
        with connect(database) as own:
            registry = open_registry(own)
            while not closed.is_set() and bought < 2_000:
                batch = [
                    c.BuyNow(key=f"{k}/{bought}/{j}", customer=town.names[(bought + j) % 10], amount_minor=100,
                             merchant=f"M{j}", order="o", category="food")
                    for j in range(5)
                ]  # fmt: skip
                answers = execute(own, registry, batch, now=NOW)
                assert {answer["outcome"] for answer in answers} <= {"approved", "refused"}
                bought += len(batch)
        return bought

    with ThreadPoolExecutor(2) as pool:
        shops = [pool.submit(shop, k) for k in range(2)]
        try:
            while get_business_day(conn) < until:
                close_day(database, shard_ids=3, workers=2)
        finally:
            closed.set()
        counts = [job.result() for job in shops]
    assert min(counts) > 0
    assert town.one("SELECT count(*) FROM store_command WHERE key LIKE '%%/%%'") == sum(counts)
    days = town.one("SELECT count(DISTINCT value_on) FROM store_fact WHERE kind = 5")
    assert days > 8, "the shop was open on most of the days: nobody kept the other waiting"
    assert each_once(town) == [(name, 1) for name in town.names]
    assert town.broken() == []


def test_progress_and_state_are_seen_in_sql(database, conn):
    town = buyers(database, conn, customers=5)
    run_unit(conn, lambda one: store.begin_day(one, shard_ids=2))
    assert town.rows("SELECT state, shards, finished_at FROM credit_day WHERE day = %s", CUT) == [("closing", 3, None)]
    seen: list[tuple[dt.date, int, int]] = []
    report = close_day(database, progress=lambda *told: seen.append(told))
    assert seen == [(CUT, 1, 3), (CUT, 2, 3), (CUT, 3, 3)]
    shards = town.rows("SELECT shard, state, accounts, statements, entries, quarantined, worker <> '' FROM credit_day_shard"
                       " WHERE day = %s ORDER BY shard", CUT)  # fmt: skip
    assert shards == [(0, "done", 2, 2, 2, 0, True), (1, "done", 2, 2, 2, 0, True), (2, "done", 1, 1, 1, 0, True)]
    assert (report.shards, report.accounts, report.entries, report.quarantined) == (3, 5, 5, 0)
    assert report.lines == town.one("SELECT sum(cardinality(accounts)) FROM ledger_entry WHERE kind = 100")
    assert town.one("SELECT state FROM credit_day WHERE day = %s", CUT) == "closed"
    assert (
        town.rows(
            "SELECT ref FROM ledger_owner WHERE kind = 1 AND owner_id NOT IN (SELECT account_id FROM credit_account)"
        )
        == []
    )


def test_an_empty_book_closes_days_too(database, conn):
    with pytest.raises(NotFound, match="no business date"):
        close_day(database)
    start_book(conn, day=FIRST)
    assert close_day(database) == eod.DayReport(FIRST, 0, 0, 0, 0, 0, 0)
    reports = close_until(database, FIRST + dt.timedelta(days=5), workers=2)
    assert [report.day for report in reports] == [FIRST + dt.timedelta(days=k) for k in range(1, 5)]
    assert close_until(database, FIRST) == []
    assert Town(database, conn, open_registry(conn), []).broken() == []


def test_the_business_date_is_data(database, conn):
    """Nothing looks at the clock: facts are stamped with the book's date, and closing a day takes no time to come."""
    town = settle(database, conn, 1, first=dt.date(2031, 12, 31))
    assert start_book(conn, day=FIRST) == dt.date(2031, 12, 31), "a started book keeps its date"
    town.buy("one", "C00")
    close_day(database)
    town.buy("two", "C00")
    assert town.rows("SELECT value_on FROM store_fact WHERE kind = 5 ORDER BY fact_id") == [
        (dt.date(2031, 12, 31),), (dt.date(2032, 1, 1),),
    ]  # fmt: skip
    assert town.one("SELECT count(*) FROM store_fact WHERE happened_at <> %s", NOW) == 0


@pytest.mark.parametrize("workers", [0, 33, -1])
def test_a_number_of_workers_out_of_range_is_refused(database, workers):
    with pytest.raises(BadInput, match="workers"):
        close_day(database, workers=workers)


def test_a_catch_up_of_ages_is_refused_before_it_begins(database, conn):
    start_book(conn, day=FIRST)
    with pytest.raises(BadInput, match="more than 4000 days"):
        close_until(database, dt.date(9999, 1, 1))
    assert get_business_day(conn) == FIRST


def test_a_shard_held_for_ever_is_not_waited_for_for_ever(database, conn, monkeypatch):
    buyers(database, conn, customers=2)
    monkeypatch.setattr(eod, "WAITS_MAX", 3)
    run_unit(conn, lambda one: store.begin_day(one, shard_ids=1))
    ready, gone = threading.Event(), threading.Event()
    worker = threading.Thread(target=hold_shards, args=(database, 1, [], ready, gone))
    worker.start()
    assert ready.wait(10)
    with pytest.raises(HonghuaError, match="can be resumed"):
        close_day(database)
    gone.set()
    worker.join(10)
    assert close_day(database).day == CUT
