"""SQL of applications: rulebooks, what was judged, what people did about it, second looks, ceilings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.store.ids import allocate

SEQUENCE: Final = "limits_id"
COLUMNS: Final = (
    "application_id, customer, on_day, rulebook, vector, outcome, code, queue, limit_minor, ceiling_minor, suggested_minor, willing,"
    " able, price_ppm, fired, judged_at"
)


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application as it was judged; amounts minor units, chances 0 … 1, price ppm a year."""

    application_id: int
    customer: str
    on_day: dt.date
    rulebook: bytes
    vector: bytes
    outcome: str
    code: str
    queue: str
    limit_minor: int
    ceiling_minor: int
    suggested_minor: int
    willing: float
    able: float
    price_ppm: int
    fired: list[str]
    judged_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ActRow:
    """What a person did about an application: asked (for a person), approved, refused."""

    application_id: int
    act: str
    person: str
    why: str
    limit_minor: int
    acted_at: dt.datetime
    price_ppm: int = 0


def next_id(conn: psycopg.Connection) -> int:
    """A new number for a row of this room."""
    return int(allocate(conn, SEQUENCE, 1)[0])


def keep_rulebook(conn: psycopg.Connection, digest: bytes, body: Mapping[str, Any]) -> None:
    """Store a rulebook under its digest, once."""
    conn.execute(
        "INSERT INTO limits_rulebook (digest, body) VALUES (%s, %s::jsonb) ON CONFLICT DO NOTHING",
        [digest, msgspec.json.encode(body).decode()],
    )


def find_rulebook(conn: psycopg.Connection, digest: bytes) -> Any:
    """The body of a rulebook, or None."""
    row = conn.execute("SELECT body FROM limits_rulebook WHERE digest = %s", [digest]).fetchone()
    return None if row is None else row[0]


def insert_application(conn: psycopg.Connection, key: str, row: ApplicationRow) -> bool:
    """Append; False when the key was used before."""
    names = COLUMNS.replace(" ", "").split(",")
    places = ", ".join(f"%({name})s" for name in names)
    found = conn.execute(
        f"INSERT INTO limits_application (key, {COLUMNS}) VALUES (%(key)s, {places}) ON CONFLICT (key) DO NOTHING",  # noqa: S608
        {"key": key, **{name: getattr(row, name) for name in names}},
    )
    return found.rowcount == 1


def find_application(conn: psycopg.Connection, *, key: str = "", application_id: int = 0) -> ApplicationRow | None:
    """One application by key or number."""
    query = f"SELECT {COLUMNS} FROM limits_application WHERE key = %s OR application_id = %s"  # noqa: S608
    with conn.cursor(row_factory=class_row(ApplicationRow)) as cursor:
        return cursor.execute(query, [key, application_id]).fetchone()


def iterate_applications(conn: psycopg.Connection, *, sample: int | None) -> Iterator[ApplicationRow]:
    """All applications, or a spread sample."""
    query = f"SELECT {COLUMNS} FROM limits_application"  # noqa: S608
    query += "" if sample is None else " ORDER BY hashint8(application_id) LIMIT %(sample)s"
    with conn.transaction(), conn.cursor(name="applications", row_factory=class_row(ApplicationRow)) as cursor:
        cursor.itersize = 5_000
        cursor.execute(query, {"sample": sample})
        yield from cursor


def list_waiting(conn: psycopg.Connection, *, limit: int) -> list[ApplicationRow]:
    """Applications that wait for a person, the oldest first: judged so, or refused and a person asked for; without a decision since."""
    query = f"""SELECT {COLUMNS} FROM limits_application AS a
    LEFT JOIN LATERAL (SELECT act FROM limits_application_act AS t WHERE t.application_id = a.application_id
      ORDER BY act_id DESC LIMIT 1) AS last ON true
    WHERE (outcome = 'review' AND coalesce(act, 'asked') = 'asked') OR act = 'asked' ORDER BY application_id LIMIT %s"""  # noqa: S608
    with conn.cursor(row_factory=class_row(ApplicationRow)) as cursor:
        return cursor.execute(query, [limit]).fetchall()


def insert_act(conn: psycopg.Connection, row: ActRow) -> None:
    """Append what a person did."""
    conn.execute(
        "INSERT INTO limits_application_act (application_id, act, person, why, limit_minor, acted_at, price_ppm)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [row.application_id, row.act, row.person, row.why, row.limit_minor, row.acted_at, row.price_ppm],
    )


def find_last_act(conn: psycopg.Connection, application_id: int, *, lock: bool = False) -> ActRow | None:
    """The newest act on an application; with `lock` nobody else acts on it meanwhile."""
    if lock:
        conn.execute("SELECT pg_advisory_xact_lock(hashtext('limits_application'), hashint8(%s))", [application_id])
    query = (
        "SELECT application_id, act, person, why, limit_minor, acted_at, price_ppm FROM limits_application_act WHERE application_id = %s"
        " ORDER BY act_id DESC LIMIT 1"
    )
    with conn.cursor(row_factory=class_row(ActRow)) as cursor:
        return cursor.execute(query, [application_id]).fetchone()


def insert_scan(
    conn: psycopg.Connection, application_id: int, seen: Mapping[str, Any], code: str, *, on: dt.date, now: dt.datetime
) -> int:
    """Append a second look; its number."""
    scan_id = next_id(conn)
    conn.execute(
        "INSERT INTO limits_scan (scan_id, application_id, seen, outcome, code, on_day, scanned_at)"
        " VALUES (%s, %s, %s::jsonb, %s, %s, %s, %s)",
        [scan_id, application_id, msgspec.json.encode(seen).decode(), "blocked" if code else "clear", code, on, now],
    )
    return scan_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most that risk approved for a customer, minor units, all parts together; lenders: known elsewhere at this assessment."""

    customer: str
    ceiling_minor: int
    reason: str
    application_id: int | None = None
    lenders: float | None = None


def insert_ceiling(conn: psycopg.Connection, row: Ceiling, *, now: dt.datetime) -> None:
    """Append an assessed ceiling: the newest counts."""
    conn.execute(
        "INSERT INTO limits_ceiling (ceiling_id, customer, ceiling_minor, reason, application_id, lenders, set_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [next_id(conn), row.customer, row.ceiling_minor, row.reason, row.application_id, row.lenders, now],
    )


def find_ceiling_apart(
    conn: psycopg.Connection, customer: str, reasons: list[str]
) -> tuple[int, str, dt.datetime] | None:
    """(ceiling, reason, when) of the newest assessment for none of these reasons."""
    row = conn.execute(
        "SELECT ceiling_minor, reason, set_at FROM limits_ceiling WHERE customer = %s AND reason <> ALL(%s::text[])"
        " ORDER BY ceiling_id DESC LIMIT 1",
        [customer, reasons],
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]), row[2])


def find_ceilings(conn: psycopg.Connection, customers: list[str]) -> dict[str, tuple[int, float | None]]:
    """(ceiling, lenders known then) of customers that were assessed."""
    if not customers:
        return {}
    rows = conn.execute(
        "SELECT DISTINCT ON (customer) customer, ceiling_minor, lenders FROM limits_ceiling WHERE customer = ANY(%s::text[])"
        " ORDER BY customer, ceiling_id DESC",
        [customers],
    )
    return {customer: (int(ceiling), lenders) for customer, ceiling, lenders in rows}
