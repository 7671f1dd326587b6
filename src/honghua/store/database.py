"""Doors to a database: open the lasting one, make a scratch one, connect with least rights, run one unit of work."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from honghua.base.errors import HonghuaError, TimedOut
from honghua.store import provision
from honghua.store.arrays import register
from honghua.store.embedded import Server, ensure_server
from honghua.store.failures import RETRYABLE_STATES, UNIQUE_VIOLATION, find_meaning, translate_errors
from honghua.store.server.connecting import connect_patiently
from honghua.store.settings import StoreSettings

T = TypeVar("T")

COMMAND_KEY_CONSTRAINT = "store_command_pkey"
RETRY_SECONDS_FIRST = 0.005
RETRY_SECONDS_MAX = 0.5


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is open: `dsn` acts as honghua_app (least rights), `owner_dsn` as honghua_owner (migrations,
    audits)."""

    dsn: str
    owner_dsn: str
    name: str


@contextmanager
def open_database(settings: StoreSettings, *, migrate: bool = True) -> Iterator[Database]:
    """The lasting database: embedded server started or joined, roles and database made, migrations applied.

    With `settings.database_url` it is the operator's; its role must be able to create our roles, or they must exist
    already. Raises BadInput (with what to do) when it cannot be used, WorldFailed when it does not answer.
    """
    if settings.database_url is not None:
        database = _prepare_operated(settings, settings.database_url)
        _bring_up_to_date(database, migrate=migrate)
        yield database
        return
    with _embedded(settings) as server:
        with provision.connect_admin(server.admin_dsn) as conn:
            provision.ensure_roles(conn, login=True)
        provision.ensure_database(server.admin_dsn, settings.database_name)
        database = _make_embedded_database(server, settings.database_name)
        _bring_up_to_date(database, migrate=migrate)
        yield database


@contextmanager
def scratch_database(settings: StoreSettings) -> Iterator[Database]:
    """A fresh, migrated database of one's own, dropped at exit: for tests, benches and dry replays."""
    if settings.database_url is not None:
        base = _prepare_operated(settings, settings.database_url)
        with _scratch(settings.database_url, login=False) as name:
            dsns = [
                provision.make_role_dsn(settings.database_url, role, name)
                for role in (provision.APP_ROLE, provision.OWNER_ROLE)
            ]
            assert name != base.name
            yield Database(dsns[0], dsns[1], name)
        return
    with _embedded(settings) as server, _scratch(server.admin_dsn, login=True) as name:
        yield _make_embedded_database(server, name)


def connect(database: Database, *, owner: bool = False) -> psycopg.Connection:
    """An autocommit connection that speaks numpy arrays; use it with `conn.transaction()` or `run_unit`.

    Waits (bounded) while the server is starting up or recovering; raises WorldFailed when it is not there.
    """
    conn = connect_patiently(database.owner_dsn if owner else database.dsn, "honghua")
    register(conn)
    return conn


def draw_jitter() -> float:
    """0 … 1 from the machine: it only spreads waiting times, so no seed could make it repeatable."""
    return secrets.randbelow(1 << 16) / (1 << 16)


def run_unit(
    conn: psycopg.Connection,
    work: Callable[[psycopg.Connection], T],
    *,
    tries: int = 5,
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = draw_jitter,
) -> T:
    """Run `work` in one transaction and commit; what it returns is on disk when we return.

    Only what another try can cure is tried again, at most `tries` times in all: deadlock, serialization failure, and
    two writers racing for one command key (the second try finds the first one's answer). `work` must therefore have
    no effect outside `conn`. Raises WorldFailed when the connection is lost, TimedOut when it is lost during commit
    (ask again under the same key), and otherwise our error for theirs; a refusal by a constraint rolls everything
    back.
    """
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE, "run_unit inside a transaction"
    for attempt in range(1, tries + 1):
        worked = False
        try:
            with conn.transaction():
                result = work(conn)
                worked = True
            return result
        except psycopg.Error as error:
            if attempt < tries and is_curable(error):
                ceiling = min(RETRY_SECONDS_MAX, RETRY_SECONDS_FIRST * 2.0**attempt)
                sleep(ceiling * (0.5 + draw() / 2))
                continue
            if worked and conn.closed:
                raise TimedOut(f"the connection was lost during commit: {str(error).strip()}") from error
            raise _find_our_error(error) from error
    raise AssertionError("unreachable: the last try returns or raises")


def is_curable(error: psycopg.Error) -> bool:
    """Deadlock, serialization failure, or a race for the same command key."""
    if error.sqlstate == UNIQUE_VIOLATION:
        return error.diag.constraint_name == COMMAND_KEY_CONSTRAINT
    return error.sqlstate in RETRYABLE_STATES


def _find_our_error(error: psycopg.Error) -> HonghuaError | psycopg.Error:
    return find_meaning(error) or error


@contextmanager
def _embedded(settings: StoreSettings) -> Iterator[Server]:
    server = ensure_server(settings.state_dir, durable=settings.durable, seconds_max=settings.start_seconds_max)
    try:
        yield server
    finally:
        server.close()


def _make_embedded_database(server: Server, name: str) -> Database:
    return Database(
        dsn=server.make_dsn(user=provision.APP_ROLE, dbname=name),
        owner_dsn=server.make_dsn(user=provision.OWNER_ROLE, dbname=name),
        name=name,
    )


def _prepare_operated(settings: StoreSettings, url: str) -> Database:
    """Roles, database and schema rights on the operator's server, as far as its role may."""
    parts = conninfo_to_dict(url)
    name = str(parts.get("dbname") or settings.database_name)
    admin_dsn = url if parts.get("dbname") else make_conninfo(url, dbname="postgres")
    with provision.connect_admin(admin_dsn) as conn:
        provision.ensure_roles(conn, login=False)
    if not parts.get("dbname"):
        provision.ensure_database(admin_dsn, name)
    provision.ensure_schema_rights(make_conninfo(url, dbname=name))
    return Database(
        dsn=provision.make_role_dsn(url, provision.APP_ROLE, name),
        owner_dsn=provision.make_role_dsn(url, provision.OWNER_ROLE, name),
        name=name,
    )


def _bring_up_to_date(database: Database, *, migrate: bool) -> None:
    if migrate:
        provision.migrate_database(database.owner_dsn)
    else:
        provision.check_migrated(database.owner_dsn)


@contextmanager
def _scratch(admin_dsn: str, *, login: bool) -> Iterator[str]:
    name = f"{provision.SCRATCH_PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
    maintenance = (
        admin_dsn if conninfo_to_dict(admin_dsn).get("dbname") else make_conninfo(admin_dsn, dbname="postgres")
    )
    with provision.connect_admin(maintenance) as admin:
        provision.ensure_roles(admin, login=login)
        template = provision.ensure_template(admin, maintenance, login=login)
        provision.create_scratch(admin, template, name)
        try:
            yield name
        finally:
            if not admin.closed:
                with translate_errors():
                    provision.drop_database(admin, name)
