"""Fixtures for every room: one throw-away server per test run, and as many scratch databases on it as tests ask for.

Workers of pytest-xdist share the server through the same file locks that our programs use; the last one out deletes it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from honghua.store.database import Database, connect, scratch_database
from honghua.store.embedded import ensure_server, remove_server
from honghua.store.settings import StoreSettings

MEMORY_ROOT: Final = Path("/dev/shm")
MEMORY_FREE_MIN: Final = 6 * 2**30  # a run's databases come and go; most of the time they hold some hundred megabytes


def _find_root() -> Path:
    """Where this run's server lives: in memory when there is room, since a database copied there takes a third of the time."""
    if MEMORY_ROOT.is_dir() and os.access(MEMORY_ROOT, os.W_OK):
        free = os.statvfs(MEMORY_ROOT)
        if free.f_bavail * free.f_frsize >= MEMORY_FREE_MIN:
            return MEMORY_ROOT
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def store_settings(request: pytest.FixtureRequest) -> Iterator[StoreSettings]:
    """Settings of this run's server, which lives until the session ends. Not durable: kill -9 is survived, a power
    cut is not."""
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or secrets.token_hex(8)
    state_dir = _find_root() / f"honghua-test-{os.geteuid()}-{run[:16]}"
    settings = StoreSettings(state_dir=state_dir, durable=False)
    server = ensure_server(state_dir, durable=False)
    try:
        yield settings
    finally:
        server.close()
        remove_server(state_dir)


@pytest.fixture
def database(store_settings: StoreSettings) -> Iterator[Database]:
    """A fresh, migrated database of this test's own (about 50 ms)."""
    with scratch_database(store_settings) as scratch:
        yield scratch


@pytest.fixture(scope="module")
def module_database(store_settings: StoreSettings) -> Iterator[Database]:
    """A fresh database that the tests of one file share: for properties that run many examples and clean up by
    using new ids."""
    with scratch_database(store_settings) as scratch:
        yield scratch


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    """A connection with the rights of the program at work, to this test's own database."""
    with connect(database) as connection:
        yield connection


@pytest.fixture
def owner_conn(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, to this test's own database."""
    with connect(database, owner=True) as connection:
        yield connection
