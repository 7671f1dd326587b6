"""kill -9 of a process that decides with the risk engine: nothing lost or doubled, and the state of one that was never killed."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from honghua.app.verifying import verify
from honghua.credit import api as credit
from honghua.credit.engine import RiskDesk
from honghua.decision import api as decision
from honghua.store.database import Database, connect, open_database
from honghua.store.embedded import remove_server
from honghua.store.settings import StoreSettings
from tests.crash.risk_load import make_table, snapshot_folder

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS = 5
SECONDS_MAX = 600.0


@contextmanager
def program(settings: StoreSettings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The replay of `risk_load` at work."""
    words = [sys.executable, "-m", "tests.crash.risk_load", str(settings.state_dir), settings.database_name]
    with log.open("ab") as told:
        running = subprocess.Popen(words, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def count_judged(database: Database) -> int:
    with connect(database) as conn:
        row = conn.execute("SELECT count(*) FROM decision_judged").fetchone()
    assert row is not None
    return int(row[0])


def kill_in_mid_work(settings: StoreSettings, log: Path, rng: np.random.Generator, *, after: int) -> None:
    """Start it, and kill it some decisions later, at a random moment of a unit."""
    with open_database(settings) as database, program(settings, log) as running:
        until = time.monotonic() + SECONDS_MAX
        while count_judged(database) <= after:
            assert running.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < until, "no progress"
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0, 0.05)))
        running.kill()


def finish(settings: StoreSettings, log: Path) -> None:
    with program(settings, log) as running:
        assert running.wait(SECONDS_MAX) == 0, log.read_text(errors="replace")[-3000:]


def look(settings: StoreSettings) -> tuple[dict[str, object], bytes, bytes]:
    """What a book holds, and the sensor's digest: as restored from the snapshots and their tail, and from the facts alone."""
    with open_database(settings) as database, connect(database) as conn:
        assert [check.name for check in verify(database) if not check.ok] == []
        rows = conn.execute(
            "SELECT c.key, j.outcome, j.reason, j.amount_minor FROM decision_judged j"
            " JOIN store_command c ON c.command_id = j.decision_id ORDER BY c.key"
        ).fetchall()
        assert len(rows) == len({row[0] for row in rows}) == len(make_table()), "each purchase judged once"
        found = decision.replay_all(conn, ids=None, sample=None, find_scorer=decision.find_scorer)
        assert (found.count, found.different) == (len(rows), [])
        releases = [row.name for row in decision.list_releases(conn)]
        digests = []
        for folder in (snapshot_folder(settings), None):
            desk = credit.attach_released(conn, credit.open_registry(conn), folder=folder)
            assert isinstance(desk, RiskDesk)
            digests.append((desk.engine.digest(), desk.engine.sensor.digest()))
        assert digests[0] == digests[1]
        return {"judged": rows, "releases": releases}, digests[0][1], digests[1][1]


@pytest.mark.slow
def test_a_killed_decider_goes_on_as_if_it_had_never_been_killed(tmp_path):
    # Where the server's user may enter: pytest's own folders are closed to it.
    state_dir = Path(tempfile.gettempdir()) / f"honghua-risk-{os.getpid()}-{secrets.token_hex(4)}"
    log = tmp_path / "log"
    rng = np.random.default_rng(11)
    killed, calm = (StoreSettings(state_dir=state_dir, database_name=name) for name in ("killed", "calm"))
    try:
        for k in range(KILLS):
            kill_in_mid_work(killed, log, rng, after=(k * len(make_table())) // KILLS + 50)
        finish(killed, log)
        finish(calm, log)
        assert look(killed) == look(calm)
    finally:
        remove_server(state_dir)
