"""`honghua db …` as a person types it, against a folder of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import tempfile
import time
from pathlib import Path

import pytest

from honghua.app.cli import main
from honghua.store.embedded import remove_server
from honghua.store.keeper import find_keeper, stop_keeper
from honghua.store.server.processes import find_postmaster, list_server_pids


@pytest.fixture
def state_dir(monkeypatch):
    folder = Path(tempfile.gettempdir()) / f"honghua-db-{secrets.token_hex(4)}"
    monkeypatch.setenv("HONGHUA_STATE_DIR", str(folder))
    monkeypatch.delenv("HONGHUA_DATABASE_URL", raising=False)
    yield folder
    stop_keeper(folder)
    remove_server(folder)


@pytest.fixture
def db(state_dir, capfd):
    """Runs `honghua db words…`; returns exit status, standard output, standard error."""

    def run(*words):
        status = main(["db", *words])
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


def test_a_day_with_the_verbs(state_dir, db):
    assert db("status")[0] == 1
    assert not state_dir.exists()
    assert "not running" in db("url")[2]

    started = json.loads(db("start", "--json")[1])
    assert started["keeper_pid"] == find_keeper(state_dir)
    assert json.loads(db("start", "--json")[1]) == started
    status = json.loads(db("status", "--json")[1])
    assert status["running"]
    assert status["migrations_applied"] == status["migrations_known"] > 0
    assert "migrations are applied" in db("migrate")[1]

    assert db("url")[1].startswith("postgresql://honghua_app@/honghua?host=")
    assert "honghua_owner@" in db("url", "--owner")[1]
    assert db("psql", "--", "-Atc", "SELECT current_user")[1] == "honghua_app\n"
    assert db("psql", "--owner", "--", "-c", "CREATE TABLE keepsake ()")[0] == 0

    assert db("reset")[0] == 2
    assert json.loads(db("reset", "--yes", "--json")[1])["reset"]
    assert db("psql", "--", "-Atc", "SELECT to_regclass('keepsake') IS NULL")[1] == "t\n"

    postmaster = find_postmaster(state_dir / "data")
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not json.loads(db("status", "--json")[1])["running"]:
        assert time.monotonic() < deadline, "the keeper did not start the killed server again"

    assert db("stop")[1] == "stopped\n"
    assert find_keeper(state_dir) is None
    assert list_server_pids(state_dir / "data") == []


def test_a_folder_that_cannot_be(state_dir, db, monkeypatch):
    blocked = state_dir.with_name(state_dir.name + "-file")
    blocked.write_text("")
    monkeypatch.setenv("HONGHUA_STATE_DIR", str(blocked / "x"))
    try:
        status, _, said = db("start")
        assert status in (2, 3)
        assert "cannot create" in said
        assert "Traceback" not in said
    finally:
        blocked.unlink()


def test_the_operators_server_is_not_ours_to_stop(db, monkeypatch):
    monkeypatch.setenv("HONGHUA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    status, _, said = db("stop")
    assert status == 2
    assert "not ours" in said
    assert not json.loads(db("status", "--json")[1])["running"]
