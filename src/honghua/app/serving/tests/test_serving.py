"""A whole server under load while its parts are killed and replaced: what was accepted is booked once, and callers hear the truth."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from honghua.app.doors.keys import load_secrets
from honghua.app.serving import bench_purchase
from honghua.app.serving.bench_ground import Ground, Range, served
from honghua.app.serving.bench_town import Town, found_town, name_shop
from honghua.app.serving.load import LoadOrders
from honghua.app.serving.loading import Volley, collect, end, fire, loaded, reconcile, start
from honghua.app.serving.plan import DESK, WORKER
from honghua.app.serving.supervising import make_warmer
from honghua.app.serving.warming import STAMP, WAIT_MS, answer, name_code
from honghua.app.settings import Settings
from honghua.app.verifying import verify
from honghua.base.clock import SystemClock
from honghua.base.errors import WorldFailed
from honghua.credit import api as credit
from honghua.credit import jobs
from honghua.store.database import Database, connect
from honghua.store.settings import StoreSettings
from honghua.web.api.partners import NewPartner, create_partner

pytestmark = pytest.mark.slow
TOWN = Town(people=400, events=40_000, seed=5, taught=1_500)
CONNECTIONS = 32
RATE = 100.0  # calls a second: whether they are answered does not hang on how fast this machine is


@pytest.fixture
def ground(database: Database, store_settings: StoreSettings, tmp_path: Path) -> Ground:
    """A town with its model and a partner, on the test's database; the keys stand in the server's folder."""
    keys = load_secrets(Settings(store=store_settings))
    with connect(database) as conn:
        values = found_town(conn, TOWN, clock=SystemClock(), folder=None)
        shops = [name_shop(k) for k in range(TOWN.shops)]
        new = NewPartner(name="test", scopes=frozenset({"purchases"}), merchants=shops, rate_per_s=10**9, burst=10**9)
        with conn.transaction():
            key = create_partner(conn, keys.vault, new, now=SystemClock().now())
    folder = tmp_path / "load"
    folder.mkdir()
    return Ground(database, store_settings, TOWN, key, folder, values)


def plan_volley(range_: Range, seconds: float, *, size: int = 1, rate: float = 0.0) -> LoadOrders:
    return range_.orders(
        seconds=seconds, connections=CONNECTIONS, size=size, requests=int((rate or 6_000) * seconds / size), rate=rate
    )


def check(ground: Ground, volley: Volley) -> dict[str, int]:
    """Nothing lost, nothing doubled, nothing booked of what was refused; and the books hold."""
    with connect(ground.database) as conn:
        found = reconcile(conn, volley, partner_id=ground.key.partner_id)
    assert (found["lost"], found["doubled"], found["ghosts"]) == (0, 0, 0), found
    assert [one.name for one in verify(ground.database) if not one.ok] == []
    return found


def test_rolling_restart_and_end_of_day_under_load(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-275: every process is replaced by newer code while calls come and the day ends: each call is answered with 200.

    Newer code: where its kernels are kept nothing is, so whoever comes new would compile before its first answer.
    """
    with served(ground, workers=2, seed=1, warm=make_warmer(tmp_path)) as range_:
        answer(range_, 1, 1)  # whoever serves now has compiled
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
        range_.supervisor.warm_up()  # minutes: calls signed before it would be too old by its end
        with load_for(range_, 240.0, wait_ms=WAIT_MS, rate=RATE) as volley:
            wait_for_answers(range_)
            jobs.close_day(ground.database)
            before = {role: range_.supervisor.pids(role) for role in (DESK, WORKER)}
            range_.supervisor.reload()
            after = {role: range_.supervisor.pids(role) for role in (DESK, WORKER)}
            wait_for_answers(range_)
        assert all(not set(before[role]) & set(after[role]) for role in before), "every process is a new one"
    heard = volley()
    assert set(heard.status.tolist()) == {200}
    found = check(ground, heard)
    assert found["accepted"] == found["booked"] > 100
    assert found["unheard"] == 0


def test_code_that_does_not_work_replaces_nobody(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "warm").mkdir()
    (tmp_path / "warm" / STAMP).write_text(name_code())
    with served(ground, workers=1, seed=1, warm=make_warmer(tmp_path / "warm")) as range_:
        before = range_.supervisor.pids(DESK)
        range_.supervisor.warm_up()  # this code is known: nothing is to be compiled
        range_.supervisor.warm = lambda: subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(WorldFailed, match="does not work"):
            range_.supervisor.reload()
        assert range_.supervisor.pids(DESK) == before


def test_a_killed_desk_loses_and_doubles_nothing(ground: Ground) -> None:
    """SIGKILL in the middle of batches: it is started again, and callers get their answers under the same keys."""
    with served(ground, workers=1, seed=2) as range_:
        answer(range_, 1, 1)
        with load_for(range_, 240.0, wait_ms=WAIT_MS, rate=RATE) as volley:
            for _ in range(2):
                wait_for_answers(range_)
                (pid,) = range_.supervisor.pids(DESK)
                os.kill(pid, signal.SIGKILL)
                wait_for_another(range_, pid)
            wait_for_answers(range_)
    heard = volley()
    found = check(ground, heard)
    assert found["accepted"] > 100
    assert set(heard.status.tolist()) == {200}, "whoever waits hears what became of it"


def test_overload_is_told_and_not_booked(ground: Ground) -> None:
    with served(ground, workers=1, seed=3, desks=2, waiting_max=8) as range_:
        answer(range_, 1, 1)
        orders = replace(plan_volley(range_, 4.0), wait_ms=WAIT_MS)
        with loaded(orders) as process:
            heard = fire(process, orders)
        found = check(ground, heard)
        assert set(heard.status.tolist()) == {200, 429}
        assert found["unheard"] == 0
        orders = plan_volley(range_, 2.0, size=16)  # customers of both desks in every call
        with loaded(orders) as process:
            heard = fire(process, orders)
        check(ground, heard)
        assert set(heard.status.tolist()) <= {200, 429, 504}


def test_a_batch_spans_desks_and_health_tells(ground: Ground) -> None:
    with served(ground, workers=1, seed=4, desks=2) as range_:
        orders = replace(plan_volley(range_, 3.0, size=16), connections=4, wait_ms=WAIT_MS)
        with loaded(orders) as process:
            heard = fire(process, orders)
        found = check(ground, heard)
        assert set(heard.status.tolist()) == {200}
        assert found["accepted"] == found["booked"] > 0
        health = httpx.get(f"http://127.0.0.1:{range_.port}/healthz").json()
        assert health["ok"]
        assert [desk["up"] for desk in health["desks"]] == [True, True]
        with connect(ground.database) as conn:
            assert health["business_on"] == credit.get_business_day(conn).isoformat()


@contextmanager
def load_for(
    range_: Range, seconds_max: float, *, wait_ms: int = 0, rate: float = 0.0
) -> Iterator[Callable[[], Volley]]:
    """Inside, the load goes on; a thread watches over the server. Gives a function that tells what was heard, to be called outside."""
    orders = replace(plan_volley(range_, seconds_max, rate=rate), wait_ms=wait_ms)
    found: list[Volley] = []
    with loaded(orders) as process, range_.supervisor.watched():
        start(process)
        collecting = threading.Thread(target=lambda: found.append(collect(process, orders)))
        collecting.start()
        yield lambda: found[0]
        end(process)
        collecting.join()


def wait_for_answers(range_: Range) -> None:
    """Until the load is under way: its answers can be counted in the book."""
    with connect(range_.ground.database) as conn:
        before = count_commands(conn)
        until = time.monotonic() + 60
        while count_commands(conn) < before + 50:
            assert time.monotonic() < until, "answers"
            time.sleep(0.05)


def count_commands(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM store_command").fetchone()
    assert row is not None
    return int(row[0])


def wait_for_another(range_: Range, pid: int) -> None:
    """Until another desk stands in the place of this one and is ready."""
    until = time.monotonic() + 60
    while range_.supervisor.pids(DESK) == [pid]:
        assert time.monotonic() < until, "a new desk"
        time.sleep(0.05)
    range_.supervisor.children[DESK, 0].wait_ready()


def test_the_bench_measures_and_reconciles() -> None:
    """Small and short: the keys are there and every answer was found in the books."""
    args = argparse.Namespace(
        seconds=1.0, people=200, in_flight=16, batches=2, parts="one,overload", all_values=False, seed=1
    )
    found = bench_purchase.run(args, StoreSettings(state_dir=Path("/nowhere")))
    assert found["ok"]
    assert found["accepted"] == found["booked"] > 0
    assert found["sync_commit"] == "on"
    for part in ("single", "batch", "overload"):
        assert found[part]["per_s"] > 0
    assert found["single"]["errors"] == found["batch"]["errors"] == 0
