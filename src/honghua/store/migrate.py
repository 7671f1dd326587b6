"""Forward-only migrations: honghua/<room>/migrations/NNNN_name.sql, each applied once, in order, in a transaction
of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from honghua.base.errors import IntegrityBroken
from honghua.store.failures import translate_errors

PACKAGE_DIR = Path(__file__).resolve().parents[1]
FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
MIGRATION_LOCK = 0x686F6E67  # one key of pg_advisory_lock for everybody who migrates this database

CREATE_REGISTER = """
CREATE TABLE IF NOT EXISTS store_migration (
  number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
GRANT SELECT ON store_migration TO honghua_app;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file of one room; `digest` is the sha256 of its bytes."""

    number: int
    name: str
    room: str
    sql: str
    digest: str


def collect_migrations(package_dir: Path) -> tuple[Migration, ...]:
    """All migration files below `package_dir`, by number; raises IntegrityBroken when two share a number or one is
    misnamed."""
    found: dict[int, Migration] = {}
    for path in sorted(package_dir.glob("*/migrations/*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise IntegrityBroken(f"{path}: a migration is named NNNN_words.sql")
        data = path.read_bytes()
        number = int(match[1])
        if number in found:
            raise IntegrityBroken(f"migration number {number:04d} is used by {found[number].name} and by {path.stem}")
        found[number] = Migration(
            number, path.stem, path.parents[1].name, data.decode(), hashlib.sha256(data).hexdigest()
        )
    return tuple(found[number] for number in sorted(found))


@cache
def list_migrations() -> tuple[Migration, ...]:
    """The migrations of this program, all rooms together."""
    return collect_migrations(PACKAGE_DIR)


def compute_digest(migrations: Sequence[Migration]) -> str:
    """One sha256 over numbers and digests: two databases with the same digest have the same schema."""
    text = "\n".join(f"{m.number:04d} {m.digest}" for m in migrations)
    return hashlib.sha256(text.encode()).hexdigest()


def find_pending(conn: psycopg.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Migrations not yet applied, in order.

    Raises IntegrityBroken when an applied file has changed since, or when the database knows a number that this
    program does not.
    """
    applied: dict[int, tuple[str, str]] = {}
    row = conn.execute("SELECT to_regclass('store_migration') IS NOT NULL").fetchone()
    if row is not None and row[0]:
        rows = conn.execute("SELECT number, name, digest FROM store_migration ORDER BY number").fetchall()
        applied = {number: (name, digest) for number, name, digest in rows}
    ours = {m.number: m for m in migrations}
    for number, (name, digest) in applied.items():
        if number not in ours:
            raise IntegrityBroken(
                f"the database has migration {name}, which this program does not know: it is older than the database"
            )
        if ours[number].digest != digest:
            raise IntegrityBroken(f"migration {name} was changed after it was applied; add a new one instead")
    return [m for m in migrations if m.number not in applied]


@contextmanager
def _advisory_lock(conn: psycopg.Connection) -> Iterator[None]:
    conn.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def apply_migrations(conn: psycopg.Connection, *, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply what is pending over an autocommit connection of the owner role; returns what was applied.

    Safe to call from many processes at once (advisory lock) and cheap when there is nothing to do (one query, no lock).
    """
    wanted = list_migrations() if migrations is None else migrations
    with translate_errors():
        if not find_pending(conn, wanted):
            return []
        with _advisory_lock(conn):
            conn.execute(CREATE_REGISTER)
            pending = find_pending(conn, wanted)
            for migration in pending:
                with conn.transaction():
                    conn.execute(migration.sql)
                    conn.execute(
                        "INSERT INTO store_migration (number, name, digest) VALUES (%s, %s, %s)",
                        [migration.number, migration.name, migration.digest],
                    )
    return pending
