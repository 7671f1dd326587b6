"""The main job on small tables: what it books adds up, and it ends the same however often it is begun."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honghua.app import replay
from honghua.app.replay import BEHAVIOURS, LATE_DAYS, Replay
from honghua.app.replay_table import PurchaseTable, TableMap
from honghua.app.tests.lives import (
    HURRIED,
    LONG,
    SEED,
    SHORT,
    broken,
    count_rows,
    lasting,
    live,
    load,
    make_file,
    picture,
)
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit import eod
from honghua.credit.eod import close_day, close_until
from honghua.store.database import Database, connect, run_unit, scratch_database


@pytest.fixture
def short(tmp_path) -> PurchaseTable:
    return load(make_file(tmp_path, *SHORT))


@pytest.fixture(scope="module")
def whole(store_settings, tmp_path_factory):
    """The short life without an interruption: (figures, picture)."""
    table = load(make_file(tmp_path_factory.mktemp("whole"), *SHORT))
    with scratch_database(store_settings) as database:
        figures = live(database, table)
        return lasting(figures), picture(database)


# --------------------------------------------------------------------------------------------------- what it books
def test_a_quarter_of_a_year(database, tmp_path):
    table = load(make_file(tmp_path, *LONG, customers=12))
    told = live(database, table)
    assert told["purchases"] == len(table) == told["approved"] + told["refused"] + told["stepped_up"] + told["reviewed"]
    assert told["approved"] > 200
    assert told["trial_balance_minor"] == 0
    assert told["days_closed"] == LONG[1]
    assert told["business_on"] == str(LONG[0] + dt.timedelta(days=LONG[1]))
    assert told["purchases_per_s"] > 0
    assert broken(database) == []
    with connect(database) as conn:
        approved = conn.execute("SELECT sum(amount_minor), count(*) FROM store_fact WHERE kind = 5").fetchone()
        assert approved is not None
        assert (told["amount_minor"], told["approved"]) == approved
        repaid = conn.execute("SELECT sum(amount_minor)::bigint FROM store_fact WHERE kind = 8").fetchone()
        assert repaid == (told["repayments_minor"],)
        assert conn.execute("SELECT count(*) FROM credit_statement").fetchone() == (told["statements"],)
        accounts = conn.execute("SELECT customer_ref FROM credit_account ORDER BY 1").fetchall()
        assert [ref for (ref,) in accounts] == sorted(set(table.customers)), "ids stay as they were written"
        order = conn.execute("SELECT reference FROM store_fact WHERE kind IN (5, 18) ORDER BY fact_id").fetchall()
        assert [ref for (ref,) in order] == table.ids, "in the file's order"
        days = conn.execute("SELECT value_on FROM store_fact WHERE kind IN (5, 18) ORDER BY fact_id").fetchall()
        assert [(day - dt.date(1970, 1, 1)).days for (day,) in days] == table.day.tolist()
        check_mix(conn, table)


def check_mix(conn: Any, table: PurchaseTable) -> None:
    """Who pays in full owes nothing after the due day; who never pays is overdue; who pays late paid so many days after."""
    someone = Replay(conn, credit.open_registry(conn), table, HURRIED, SEED)
    behaviours = {ref: someone.behaviour(ref) for ref in sorted(set(table.customers))}
    assert {kind for kind, _ in behaviours.values()} == {"full", "minimum", "late"}
    paid = conn.execute(
        "SELECT customer_ref, f.value_on, array_agg(DISTINCT s.due_on) FROM store_fact f JOIN credit_account USING (account_id)"
        " JOIN credit_statement s USING (account_id) WHERE f.kind = 8 GROUP BY 1, 2"
    ).fetchall()
    assert len(paid) > 12
    for ref, on, due_on in paid:
        kind, days = behaviours[ref]
        assert on - dt.timedelta(days=days if kind == "late" else 0) in due_on, (ref, kind, days)
    for ref, interest, penalty in conn.execute(
        "SELECT customer_ref, interest_income_minor, penalty_income_minor FROM credit_account"
    ):
        kind, _ = behaviours[ref]
        assert (interest > 0) == (kind == "minimum"), (ref, kind, interest)
        assert (penalty > 0) == (kind == "late"), (ref, kind, penalty)


def test_behaviours_follow_the_shares_and_the_seed(conn, short):
    registry = credit.open_registry(conn)
    names = [f"n{k}" for k in range(4_000)]
    drawn = [Replay(conn, registry, short, TableMap(), seed) for seed in (1, 1, 2)]
    first, again, other = ([each.behaviour(name) for name in names] for each in drawn)
    assert first == again != other
    shares = {kind: sum(found == kind for found, _ in first) / len(names) for kind in BEHAVIOURS}
    assert shares == pytest.approx(dict(TableMap().repayment), abs=0.02)
    assert {days for kind, days in first if kind == "late"} == set(LATE_DAYS)


def test_zero_amounts_and_too_much_are_refused_one_by_one(database, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,at,customer,merchant,amount,category\n1,2026-01-05,c,m,0,food\n2,2026-01-05,c,m,10000.01,food\n"
                    "3,2026-01-05,c,m,10000,food\n4,2026-01-05,c,m,0.01,food\n5,2026-01-05,c,m,1,gambling\n")  # fmt: skip
    told = live(database, load(path))
    assert (told["purchases"], told["approved"], told["refused"], told["amount_minor"]) == (5, 1, 4, 1_000_000)
    with connect(database) as conn:
        answers = conn.execute("SELECT answer->>'code' FROM store_command WHERE starts_with(key, 'replay:') AND key LIKE '%:tx:%'"
                               " ORDER BY command_id").fetchall()  # fmt: skip
    assert answers[0] == ("AMOUNT_INVALID",)
    assert broken(database) == []


def test_days_are_local(database, tmp_path):
    """23:59 and 00:01 in the file's zone are two business days, whatever the day is in Greenwich."""
    path = tmp_path / "t.csv"
    path.write_text("id,at,customer,merchant,amount\n1,2026-01-05 23:59:00,c,m,1\n2,2026-01-06 00:01:00,c,m,1\n")
    zones = [TableMap(timezone=zone) for zone in ("Asia/Shanghai", "America/Los_Angeles")]
    for there in zones:
        table = load(path, there)
        assert [str(dt.date(1970, 1, 1) + dt.timedelta(days=day)) for day in table.day.tolist()] == [
            "2026-01-05",
            "2026-01-06",
        ]
    told = live(database, load(path, zones[1]), zones[1])
    assert (told["business_on"], told["days_closed"]) == ("2026-01-07", 2)


def test_another_currency_keeps_its_own_book(database, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,at,customer,merchant,amount\n1,2026-01-05,c,m,57\n")
    yen = TableMap(currency="JPY")
    told = live(database, load(path, yen), yen)
    assert (told["currency"], told["amount_minor"], told["approved"]) == ("JPY", 57, 1)
    with connect(database) as conn:
        assert conn.execute("SELECT DISTINCT currency FROM ledger_entry").fetchall() == [("JPY",)]
    with pytest.raises(Conflict, match="this book is kept in JPY, the map says CNY"):
        live(database, load(path, TableMap()), TableMap())


def test_empty_days_between_are_closed(database, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,at,customer,merchant,amount\n1,2026-01-20,c,m,50\n2,2026-02-20,c,m,50\n")
    everybody_pays = TableMap(repayment={"full": 1.0})
    told = live(database, load(path, everybody_pays), everybody_pays)
    assert (told["days_closed"], told["statements"], told["repayments_minor"]) == (32, 1, 5_000)
    assert broken(database) == []


# --------------------------------------------------------------------------------------------- again, and elsewhere
def test_running_it_twice_changes_nothing(database, short, whole):
    first = live(database, short)
    assert lasting(first) == whole[0]
    before = (count_rows(database), picture(database))
    second = live(database, short)
    assert (count_rows(database), picture(database)) == before
    assert lasting(second) == lasting(first)
    assert first["purchases_per_s"] > 0
    assert second["purchases_per_s"] == 0, "it did nothing, at no speed"


def test_another_seed_is_another_life(database, short):
    live(database, short)
    before = count_rows(database)
    with pytest.raises(Conflict, match="begun with --seed 5"):
        live(database, short, seed=6)
    assert count_rows(database) == before


def test_another_file_does_not_fit_into_a_book_ahead_of_it(database, short, tmp_path):
    live(database, short)
    before = count_rows(database)
    other = load(make_file(tmp_path, *SHORT, seed=2))
    with pytest.raises(Conflict, match="this book stands at 2026-02-13, the file begins on 2026-01-29: use --fresh"):
        live(database, other)
    with pytest.raises(Conflict, match="this book stands at"):
        live(database, load(make_file(tmp_path, *SHORT), limit=10))
    assert count_rows(database) == before


def test_a_later_file_goes_on_in_the_same_book(database, short, tmp_path):
    live(database, short)
    later = load(make_file(tmp_path, SHORT[0] + dt.timedelta(days=20), 10, seed=3))
    told = live(database, later)
    assert told["purchases"] == len(later)
    assert told["days_closed"] == later.day[-1] - short.day[0] + 1
    assert broken(database) == []


def test_days_closed_by_others_in_between_are_not_passed_over(database, short):
    stop_after(database, short, 12)
    with connect(database) as conn:
        close_until(database, credit.get_business_day(conn) + dt.timedelta(days=2))
    with pytest.raises(Conflict, match="days were closed since"):
        live(database, short)


def test_one_replay_at_a_time(database, short, whole, monkeypatch):
    with connect(database) as other:
        assert credit.try_lock_replay(other)
        monkeypatch.setattr(replay, "TURN_TRIES", 2)
        with pytest.raises(Conflict, match="another replay is at work"):
            live(database, short)
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(live, database, short)
            other.close()
            assert lasting(waiting.result()) == whole[0]


# ------------------------------------------------------------------------------------------------------ interrupted
class Crash(BaseException):
    """The power is gone: nobody catches it."""


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, *, committed: bool, fail: Callable[[], None]) -> list[int]:
    """Fail at the `at`-th unit of work from here: just after it is committed, or just before."""
    count = [0]

    def failing(conn, work, **more):
        count[0] += 1
        mine = count[0] == at

        def doomed(inner):
            result = work(inner)
            if mine and not committed:
                fail()
            return result

        result = run_unit(conn, doomed, **more)
        if mine:
            fail()
        return result

    for module in (eod, credit):
        monkeypatch.setattr(module, "run_unit", failing)
    return count


def crash() -> None:
    raise Crash


def stop_after(database: Database, table: PurchaseTable, at: int, *, committed: bool = True) -> bool:
    """Live until the `at`-th unit of work and crash there; False when the life was over before."""
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, at, committed=committed, fail=crash)
        try:
            live(database, table)
        except Crash:
            return True
    return False


@pytest.mark.parametrize("committed", [True, False])
def test_interrupted_after_every_few_steps(database, short, whole, committed):
    """It gets on by a few units of work at a time, and what it meets half done it finishes, once."""
    rng = np.random.default_rng(11)
    crashes = 0
    while stop_after(database, short, int(rng.integers(3, 9)), committed=committed):
        crashes += 1
        assert crashes < 200
    assert crashes > 8
    assert picture(database) == whole[1]
    assert lasting(live(database, short)) == whole[0]
    assert broken(database) == []


def test_interrupted_once_at_each_step_of_a_cut(store_settings, short, whole):
    """Each unit of work around the cut of 1 February and the due day in turn."""
    rng = np.random.default_rng(3)
    for at in sorted(rng.choice(np.arange(2, 75), 9, replace=False).tolist()):
        with scratch_database(store_settings) as database:
            assert stop_after(database, short, at, committed=bool(at % 2))
            assert lasting(live(database, short)) == whole[0]
            assert picture(database) == whole[1], at


def test_a_day_left_closing_is_closed_and_no_other_skipped(database, short, whole):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eod, "_work", lambda *_: crash())
        with pytest.raises(Crash):
            live(database, short)
    with connect(database) as conn:
        assert conn.execute("SELECT day, state FROM credit_day").fetchall() == [(SHORT[0], "closing")]
    live(database, short)
    assert picture(database) == whole[1]


def test_the_last_day_is_closed_when_its_closing_was_interrupted(database, short, whole):
    last = SHORT[0] + dt.timedelta(days=SHORT[1] - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            replay, "close_day", lambda database, *, day: crash() if day == last else close_day(database, day=day)
        )
        with pytest.raises(Crash):
            live(database, short)
    with connect(database) as conn:
        assert credit.get_business_day(conn) == last
    assert lasting(live(database, short)) == whole[0]
    assert picture(database) == whole[1]
    before = count_rows(database)
    live(database, short)
    assert count_rows(database) == before


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def live_and_die(database: Database, path: Path, at: int, committed: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, at, committed=committed, fail=die)
        live(database, load(path))


def kill_and_resume(database: Database, path: Path, rng: np.random.Generator, kills: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    for k in range(kills):
        process = spawn.Process(target=live_and_die, args=(database, path, int(rng.integers(2, 22)), bool(k % 2)))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
    live(database, load(path))


def test_kill_9_and_resume(database, tmp_path, whole):
    kill_and_resume(database, make_file(tmp_path, *SHORT), np.random.default_rng(20261121), 3)
    assert picture(database) == whole[1]
    assert broken(database) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_kill_9_and_resume_often(store_settings, tmp_path, seed):
    path = make_file(tmp_path, *LONG, customers=12, seed=seed)
    with scratch_database(store_settings) as database, scratch_database(store_settings) as calm:
        kill_and_resume(database, path, np.random.default_rng(seed), 15)
        live(calm, load(path))
        assert picture(database) == picture(calm)
        assert broken(database) == []
