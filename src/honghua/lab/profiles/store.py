"""SQL of profiles: who has which tags, and how far the facts were read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

FEED: Final = "profiles"
WRITE: Final = (
    "INSERT INTO lab_profile (customer, tags, evidence, as_of, heard_at) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (customer) DO UPDATE SET tags = excluded.tags, evidence = excluded.evidence, as_of = excluded.as_of,"
    " heard_at = excluded.heard_at, written_at = clock_timestamp()"
)
READ: Final = "SELECT customer, tags, evidence, as_of, heard_at, written_at FROM lab_profile"


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A kept profile: tags, tag → variable → number behind it, as of when, when its newest fact was recorded, when it was written."""

    customer: str
    tags: list[str]
    evidence: dict[str, dict[str, float | None]]
    as_of: dt.datetime
    heard_at: dt.datetime
    written_at: dt.datetime


def read_place(conn: psycopg.Connection) -> tuple[int, int]:
    """(transaction, fact) of the last fact that profiles know."""
    row = conn.execute("SELECT txid, fact_id FROM lab_place WHERE feed = %s", [FEED]).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def write_place(conn: psycopg.Connection, place: tuple[int, int]) -> None:
    """Move on."""
    conn.execute(
        "INSERT INTO lab_place (feed, txid, fact_id) VALUES (%s, %s, %s)"
        " ON CONFLICT (feed) DO UPDATE SET txid = excluded.txid, fact_id = excluded.fact_id",
        [FEED, *place],
    )


def write_profiles(
    conn: psycopg.Connection, rows: Sequence[tuple[str, Sequence[str], Any, dt.datetime, dt.datetime]]
) -> None:
    """Replace profiles: (customer, tags, evidence, as of, heard at) each."""
    with conn.cursor() as cursor:
        cursor.executemany(WRITE, [(one[0], list(one[1]), Jsonb(one[2]), one[3], one[4]) for one in rows])


def find_profile(conn: psycopg.Connection, customer: str) -> ProfileRow | None:
    """A customer's profile."""
    with conn.cursor(row_factory=class_row(ProfileRow)) as cursor:
        return cursor.execute(READ + " WHERE customer = %s", [customer]).fetchone()


def list_old(conn: psycopg.Connection, *, before: dt.datetime, limit: int) -> list[tuple[str, dt.datetime]]:
    """(customer, heard at) of the profiles whose values are oldest, if older than `before`."""
    query = "SELECT customer, heard_at FROM lab_profile WHERE as_of < %s ORDER BY as_of, customer LIMIT %s"
    return conn.execute(query, [before, limit]).fetchall()


def list_customers(conn: psycopg.Connection, *, after: str, limit: int) -> list[str]:
    """Who has a profile, in order of their references."""
    query = "SELECT customer FROM lab_profile WHERE customer > %s ORDER BY customer LIMIT %s"
    return [row[0] for row in conn.execute(query, [after, limit])]


def erase_profiles(conn: psycopg.Connection, customers: Sequence[str]) -> int:
    """Delete profiles; how many."""
    return conn.execute("DELETE FROM lab_profile WHERE customer = ANY(%s::text[])", [list(customers)]).rowcount


def count_tags(conn: psycopg.Connection) -> dict[str, int]:
    """How many customers have each tag that is kept of anybody."""
    query = "SELECT tag, count(*) FROM lab_profile, unnest(tags) AS tag GROUP BY tag ORDER BY tag"
    return {str(tag): int(count) for tag, count in conn.execute(query)}


def list_lags(conn: psycopg.Connection, *, after: dt.datetime) -> list[tuple[dt.datetime, float]]:
    """(written at, seconds from the recording of the newest fact) of every profile written after a moment, in that order."""
    query = """SELECT written_at, extract(epoch FROM written_at - heard_at)::float8 FROM lab_profile WHERE written_at > %s
      ORDER BY written_at"""
    return [(at, float(lag)) for at, lag in conn.execute(query, [after])]


def measure_lag(conn: psycopg.Connection, customers: Sequence[str]) -> float:
    """Seconds from the recording of the newest fact to the writing of the profile, the most of these customers; −1 of nobody."""
    query = "SELECT max(extract(epoch FROM written_at - heard_at))::float8 FROM lab_profile WHERE customer = ANY(%s::text[])"
    row = conn.execute(query, [list(customers)]).fetchone()
    return -1.0 if row is None or row[0] is None else float(row[0])


def lock_profiles(conn: psycopg.Connection, *, alone: bool) -> None:
    """Until the transaction ends: writers of profiles side by side, who forgets or strikes out alone. What was asked before is old."""
    how = "" if alone else "_shared"
    conn.execute(f"SELECT pg_advisory_xact_lock{how}(hashtext('lab profiles'))".encode())


def list_refused(conn: psycopg.Connection, customers: Sequence[str]) -> list[tuple[str, str]]:
    """(customer, tag) that these customers have struck out, in that order."""
    query = "SELECT customer, tag FROM lab_tag_refused WHERE customer = ANY(%s::text[]) ORDER BY customer, tag"
    return [(str(name), str(tag)) for name, tag in conn.execute(query, [list(customers)])]


def insert_refused(conn: psycopg.Connection, customer: str, tag: str, *, now: dt.datetime) -> None:
    """Strike a tag out."""
    conn.execute(
        "INSERT INTO lab_tag_refused (customer, tag, refused_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [customer, tag, now],
    )


def delete_refused(conn: psycopg.Connection, customer: str, tag: str) -> None:
    """Allow it again."""
    conn.execute("DELETE FROM lab_tag_refused WHERE customer = %s AND tag = %s", [customer, tag])


def erase_refused(conn: psycopg.Connection, customer: str) -> int:
    """Forget what somebody struck out; how many."""
    return conn.execute("DELETE FROM lab_tag_refused WHERE customer = %s", [customer]).rowcount


def strike_tag(conn: psycopg.Connection, customer: str, tag: str) -> None:
    """Take a tag and what spoke for it out of a profile."""
    conn.execute(
        "UPDATE lab_profile SET tags = array_remove(tags, %s), evidence = evidence - %s WHERE customer = %s",
        [tag, tag, customer],
    )


def erase_traits(conn: psycopg.Connection, key: int) -> int:
    """Every protected trait of a key; how many words. Nothing here reads one."""
    return conn.execute("DELETE FROM lab_protected WHERE key = %s", [key]).rowcount


def insert_leaver(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> None:
    """Note that somebody's windows must go."""
    conn.execute("INSERT INTO lab_leaver (customer, left_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", [customer, now])


def list_leavers(conn: psycopg.Connection) -> list[str]:
    """Whose windows must go."""
    return [str(row[0]) for row in conn.execute("SELECT customer FROM lab_leaver ORDER BY customer")]


def delete_leavers(conn: psycopg.Connection, customers: Sequence[str]) -> None:
    """They are gone."""
    conn.execute("DELETE FROM lab_leaver WHERE customer = ANY(%s::text[])", [list(customers)])


def find_kept(conn: psycopg.Connection, keys: Mapping[str, int]) -> list[str]:
    """Those of these customers (reference → key) of whom there is a profile, a refusal or a protected trait."""
    query = """SELECT customer FROM unnest(%s::text[], %s::bigint[]) AS one (customer, key)
      WHERE EXISTS (SELECT FROM lab_profile AS p WHERE p.customer = one.customer)
        OR EXISTS (SELECT FROM lab_tag_refused AS r WHERE r.customer = one.customer)
        OR EXISTS (SELECT FROM lab_protected AS t WHERE t.key = one.key) ORDER BY customer"""
    return [str(row[0]) for row in conn.execute(query, [list(keys), list(keys.values())])]
