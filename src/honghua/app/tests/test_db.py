"""`honghua db …` as a person types it, against a folder of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from honghua.store.embedded import remove_server
from honghua.store.keeper import find_keeper, stop_keeper
from honghua.store.processes import find_postmaster, list_server_pids


@pytest.fixture
def state_dir():
    folder = Path(tempfile.gettempdir()) / f"honghua-db-{secrets.token_hex(4)}"
    yield folder
    stop_keeper(folder)
    remove_server(folder)


def db(state_dir, *words, **more):
    environment = {**os.environ, "HONGHUA_STATE_DIR": str(state_dir), **more}
    argv = [sys.executable, "-m", "honghua.app.cli", "db", *words]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_day_with_the_verbs(state_dir):
    assert db(state_dir, "status").returncode == 1
    assert not state_dir.exists()
    assert "not running" in db(state_dir, "url").stderr

    started = json.loads(db(state_dir, "start", "--json").stdout)
    assert started["keeper_pid"] == find_keeper(state_dir)
    assert json.loads(db(state_dir, "start", "--json").stdout) == started
    status = json.loads(db(state_dir, "status", "--json").stdout)
    assert status["running"]
    assert status["migrations_applied"] == status["migrations_known"] > 0

    url = db(state_dir, "url").stdout.strip()
    assert url.startswith("postgresql://honghua_app@/honghua?host=")
    said = db(state_dir, "psql", "--", "-Atc", "SELECT current_user")
    assert said.stdout == "honghua_app\n"
    assert db(state_dir, "psql", "--owner", "--", "-c", "CREATE TABLE keepsake ()").returncode == 0

    assert db(state_dir, "reset").returncode == 2
    assert json.loads(db(state_dir, "reset", "--yes", "--json").stdout)["reset"]
    assert db(state_dir, "psql", "--", "-Atc", "SELECT to_regclass('keepsake') IS NULL").stdout == "t\n"

    postmaster = find_postmaster(state_dir / "data")
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not json.loads(db(state_dir, "status", "--json").stdout)["running"]:
        assert time.monotonic() < deadline, "the keeper did not start the killed server again"

    assert db(state_dir, "stop").stdout == "stopped\n"
    assert find_keeper(state_dir) is None
    assert list_server_pids(state_dir / "data") == []


def test_a_folder_that_cannot_be(state_dir):
    blocked = state_dir.with_name(state_dir.name + "-file")
    blocked.write_text("")
    try:
        said = db(blocked / "x", "start")
        assert said.returncode in (2, 3)
        assert "Traceback" not in said.stderr, said.stderr
    finally:
        blocked.unlink()


def test_the_operators_server_is_not_ours_to_stop(state_dir):
    said = db(state_dir, "stop", HONGHUA_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert said.returncode == 2
    assert "not ours" in said.stderr
    status = json.loads(
        db(state_dir, "status", "--json", HONGHUA_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x").stdout
    )
    assert not status["running"]
