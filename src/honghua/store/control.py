"""Looking after a database as a person does: is it there, how is it, start it, stop it, begin afresh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from honghua.store import provision
from honghua.store.database import Database, open_database
from honghua.store.embedded import ensure_server, find_answer, stop_unused_server
from honghua.store.keeper import find_keeper, start_keeper, stop_keeper
from honghua.store.migrate import list_migrations
from honghua.store.settings import StoreSettings

LOOK = """
SELECT current_setting('server_version'), extract(epoch FROM now() - pg_postmaster_start_time())::bigint,
  pg_database_size(current_database()),
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
"""
APPLIED = "SELECT count(*) FROM store_migration"


@dataclass(frozen=True, slots=True)
class Status:
    """What a person wants to know; `running` False leaves the rest at its default."""

    running: bool
    embedded: bool
    state_dir: str | None = None
    keeper_pid: int | None = None
    server_version: str | None = None
    up_seconds: int | None = None
    size_bytes: int | None = None
    connections: int | None = None
    migrations_applied: int = 0
    migrations_known: int = 0


def start_server(settings: StoreSettings) -> int:
    """Keep the embedded server running in the background until `stop_server`; returns the keeper's pid."""
    return start_keeper(settings.state_dir)


def stop_server(settings: StoreSettings) -> bool:
    """Dismiss the keeper and stop the server; False when another program still uses it, which will stop it later."""
    stop_keeper(settings.state_dir)
    return stop_unused_server(settings.state_dir, seconds_max=settings.start_seconds_max)


def get_status(settings: StoreSettings) -> Status:
    """How the database is, without starting, creating or migrating anything."""
    embedded = settings.database_url is None
    keeper_pid = find_keeper(settings.state_dir) if embedded else None
    state_dir = str(settings.state_dir) if embedded else None
    known = len(list_migrations())
    dsn = _find_dsn(settings)
    try:
        if dsn is None:
            raise psycopg.OperationalError("no server")
        with psycopg.connect(dsn, autocommit=True, application_name="honghua-status", connect_timeout=5) as conn:
            look = conn.execute(LOOK).fetchone()
            applied = 0
            there = conn.execute("SELECT to_regclass('store_migration') IS NOT NULL").fetchone()
            if there is not None and there[0]:
                counted = conn.execute(APPLIED).fetchone()
                applied = counted[0] if counted is not None else 0
    except psycopg.OperationalError:
        return Status(False, embedded, state_dir, keeper_pid, migrations_known=known)
    assert look is not None
    return Status(True, embedded, state_dir, keeper_pid, look[0], look[1], look[2], look[3], applied, known)


def _find_dsn(settings: StoreSettings) -> str | None:
    if settings.database_url is not None:
        name = conninfo_to_dict(settings.database_url).get("dbname") or settings.database_name
        return make_conninfo(settings.database_url, dbname=str(name))
    socket_dir = find_answer(settings.state_dir)
    if socket_dir is None:
        return None
    return make_conninfo(host=str(socket_dir), user=provision.APP_ROLE, dbname=settings.database_name)


def make_url(dsn: str) -> str:
    """The postgresql:// URL of a connection string, as other programs want it; everything odd goes into the query
    part."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    login = quote(parts.pop("user", ""), safe="")
    if "password" in parts:
        login += ":" + quote(parts.pop("password"), safe="")
    dbname = quote(parts.pop("dbname", ""), safe="")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(parts.items()))
    return f"postgresql://{login + '@' if login else ''}/{dbname}" + (f"?{query}" if query else "")


@contextmanager
def reset_database(settings: StoreSettings) -> Iterator[Database]:
    """Drop the database with everything in it and open a new, migrated one.

    On the operator's server its role must own the database or be a superuser.
    """
    if settings.database_url is None:
        server = ensure_server(settings.state_dir, durable=settings.durable, seconds_max=settings.start_seconds_max)
        try:
            with provision.connect_admin(server.admin_dsn) as admin:
                provision.drop_database(admin, settings.database_name)
            with open_database(settings) as database:
                yield database
        finally:
            server.close()
        return
    name = str(conninfo_to_dict(settings.database_url).get("dbname") or settings.database_name)
    admin_dsn = make_conninfo(settings.database_url, dbname="postgres")
    with provision.connect_admin(admin_dsn) as admin:
        provision.ensure_roles(admin, login=False)
        provision.drop_database(admin, name)
    provision.ensure_database(admin_dsn, name)
    with open_database(settings) as database:
        yield database
