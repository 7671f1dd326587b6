"""All SQL of this room: runs, entries, artefacts. In the caller's transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.agents.core.entries import Entry, What, digest_of, encode_entry

NEWEST = """
SELECT r.run_id, r.flow, r.subject, r.opened_at, e.number + 1, e.what, e.recorded_at
FROM agents_run AS r CROSS JOIN LATERAL (
  SELECT number, what, recorded_at FROM agents_entry WHERE run_id = r.run_id ORDER BY number DESC LIMIT 1) AS e
WHERE (%(flow)s::text IS NULL OR r.flow = %(flow)s) AND (NOT %(unfinished)s OR e.what NOT IN ('refused', 'closed'))
  AND (%(subject)s::text IS NULL OR r.subject = %(subject)s)
ORDER BY r.opened_at DESC, r.run_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list. last: what its newest entry tells, and when."""

    run_id: str
    flow: str
    subject: str
    opened_at: dt.datetime
    entries: int
    last: What
    last_at: dt.datetime


def insert_run(conn: psycopg.Connection, run_id: str, *, flow: str, subject: str, opened_at: dt.datetime) -> None:
    """A run; its first entry goes into the same transaction."""
    conn.execute(
        "INSERT INTO agents_run (run_id, flow, subject, opened_at) VALUES (%s, %s, %s, %s)", [run_id, flow, subject, opened_at]
    )  # fmt: skip


def has_run(conn: psycopg.Connection, run_id: str) -> bool:
    """Whether there is one of this id."""
    return conn.execute("SELECT FROM agents_run WHERE run_id = %s", [run_id]).fetchone() is not None


def list_runs(
    conn: psycopg.Connection, *, limit: int, flow: str | None = None, subject: str | None = None, unfinished: bool = False
) -> list[RunRow]:  # fmt: skip
    """Runs, the newest first."""
    rows = conn.execute(NEWEST, {"flow": flow, "subject": subject, "unfinished": unfinished, "limit": limit})
    return [RunRow(row[0], row[1], row[2], row[3], row[4], What(row[5]), row[6]) for row in rows]


def insert_entry(conn: psycopg.Connection, entry: Entry) -> None:
    """The next entry of its run; UniqueViolation or CheckViolation when it is not the next one."""
    body = encode_entry(entry)
    conn.execute(
        "INSERT INTO agents_entry (run_id, number, what, previous, digest, body) VALUES (%s, %s, %s, %s, %s, %s)",
        [entry.run, entry.number, entry.what.value, bytes.fromhex(entry.previous), bytes.fromhex(digest_of(body)), body.decode()],
    )  # fmt: skip


def read_bodies(conn: psycopg.Connection, run_id: str) -> list[bytes]:
    """Entries of a run as they were written, in order."""
    rows = conn.execute("SELECT body FROM agents_entry WHERE run_id = %s ORDER BY number", [run_id])
    return [row[0].encode() for row in rows]


def insert_artefact(conn: psycopg.Connection, digest: str, data: bytes) -> None:
    """Bytes under their digest; nothing where they are kept already."""
    conn.execute(
        "INSERT INTO agents_artefact (digest, body) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING", [bytes.fromhex(digest), data]
    )  # fmt: skip


def find_artefact(conn: psycopg.Connection, digest: str) -> bytes | None:
    """The bytes of a digest."""
    row = conn.execute("SELECT body FROM agents_artefact WHERE digest = %s", [bytes.fromhex(digest)]).fetchone()
    return None if row is None else bytes(row[0])


def has_artefact(conn: psycopg.Connection, digest: str) -> bool:
    """Whether bytes are kept under a digest."""
    return conn.execute("SELECT FROM agents_artefact WHERE digest = %s", [bytes.fromhex(digest)]).fetchone() is not None


def lock_subject(conn: psycopg.Connection, flow: str, subject: str) -> None:
    """Until the end of the transaction nobody else opens a run of this flow about this subject."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('agents_run'), hashtext(%s))", [f"{flow} {subject}"])


def try_hold(conn: psycopg.Connection, run_id: str) -> bool:
    """Take a run for this session; False while another has it. A session that dies gives it back."""
    row = conn.execute("SELECT pg_try_advisory_lock(hashtext('agents_run'), hashtext(%s))", [run_id]).fetchone()
    return row == (True,)


def let_go(conn: psycopg.Connection, run_id: str) -> None:
    """Give a run back."""
    conn.execute("SELECT pg_advisory_unlock(hashtext('agents_run'), hashtext(%s))", [run_id])


def list_run_ids(conn: psycopg.Connection) -> list[str]:
    """All runs, by id."""
    return [row[0] for row in conn.execute("SELECT run_id FROM agents_run ORDER BY run_id")]
