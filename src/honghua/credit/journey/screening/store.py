"""SQL of application sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import psycopg

from honghua.fraud.screening.api import Session

COLUMNS = "extract(epoch FROM at)::bigint, device, network, address, typing, path, page_s, asked_minor"


@dataclass(frozen=True, slots=True)
class Noted:
    """A session as it is kept."""

    session_id: int
    customer: str
    at: dt.datetime
    session: Session


def insert_session(
    conn: psycopg.Connection, contract_id: int, customer: str, session: Session, *, at: dt.datetime
) -> None:
    """Keep a contract's session, the first one told. Numbers follow the order of commits: who reads up to one reads the same later."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('credit_application_session', 0))")
    conn.execute(
        "INSERT INTO credit_application_session"
        " (contract_id, customer_ref, at, device, network, address, typing, path, page_s, asked_minor)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::float8[], %s::smallint[], %s::float8[], %s) ON CONFLICT (contract_id) DO NOTHING",
        [
            contract_id, customer, at, session.device, session.network, session.address, _list(session.typing), _list(session.path),
            _list(session.page_s), session.asked_minor,
        ],
    )  # fmt: skip


def find_session(conn: psycopg.Connection, contract_id: int) -> Noted | None:
    """A contract's session."""
    row = conn.execute(
        f"SELECT session_id, customer_ref, at, {COLUMNS} FROM credit_application_session WHERE contract_id = %s",  # noqa: S608
        [contract_id],
    ).fetchone()
    return None if row is None else Noted(int(row[0]), str(row[1]), row[2], _to_session(row[3:]))


def list_before(conn: psycopg.Connection, noted: Noted, *, since: dt.datetime, limit: int) -> list[Session]:
    """Other people's sessions that were noted before one, the newest of them, in order."""
    rows = conn.execute(
        f"SELECT {COLUMNS} FROM credit_application_session WHERE at >= %s AND session_id < %s AND customer_ref <> %s"  # noqa: S608
        " ORDER BY session_id DESC LIMIT %s",
        [since, noted.session_id, noted.customer, limit],
    )
    return [_to_session(row) for row in reversed(rows.fetchall())]


def delete_sessions(conn: psycopg.Connection, *, before: dt.datetime) -> int:
    """Those noted before a moment; how many."""
    return conn.execute("DELETE FROM credit_application_session WHERE at < %s", [before]).rowcount


def _to_session(row: tuple[Any, ...]) -> Session:
    at_s, device, network, address, typing, path, page_s, asked = row
    return Session(
        at_s=at_s, device=device, network=network, address=address, typing=_tuple(typing), path=_tuple(path), page_s=_tuple(page_s),
        asked_minor=asked,
    )  # fmt: skip


def _list(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)
