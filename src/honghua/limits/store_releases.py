"""SQL of the rulebooks that were proposed, reviewed and put in force."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

# One at a time: of two people who act at once the second sees what the first did.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('limits_rulebook_seat'))"
RELEASES: Final = """
SELECT r.release_id, r.product, r.digest, r.author, r.why, r.built_in, r.proposed_at, v.reviewer, v.why AS reviewed_why, v.approved
FROM limits_rulebook_release AS r LEFT JOIN LATERAL (SELECT reviewer, why, approved FROM limits_rulebook_review AS w
  WHERE w.release_id = r.release_id ORDER BY review_id DESC LIMIT 1) AS v ON true
"""


@dataclass(frozen=True, slots=True)
class RulebookRelease:
    """A rulebook that somebody proposed. digest: SHA-256 of its content; reviewer None: nobody has said anything yet."""

    release_id: int
    product: str
    digest: bytes
    author: str
    why: str
    built_in: bool
    proposed_at: dt.datetime
    reviewer: str | None
    reviewed_why: str | None
    approved: bool | None


@dataclass(frozen=True, slots=True)
class Seat:
    """A rulebook put in force from a business date; restores: the seat that a rollback says again."""

    seat_id: int
    release_id: int
    from_on: dt.date
    person: str
    why: str
    restores: int | None
    seated_at: dt.datetime


def lock(conn: psycopg.Connection) -> None:
    """Our turn, until the transaction ends."""
    conn.execute(LOCK)


def insert_release(
    conn: psycopg.Connection, product: str, digest: bytes, said: tuple[str, str], *, built_in: bool, now: dt.datetime
) -> int | None:
    """Append a proposal; said: its author, and why. None where this content was proposed before."""
    row = conn.execute(
        "INSERT INTO limits_rulebook_release (product, digest, author, why, built_in, proposed_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (digest) DO NOTHING RETURNING release_id",
        [product, digest, *said, built_in, now],
    ).fetchone()
    return None if row is None else int(row[0])


def list_releases(conn: psycopg.Connection, *, release_id: int | None = None) -> list[RulebookRelease]:
    """All proposals by number with the last word on each, or one."""
    query = f"{RELEASES} WHERE %(id)s::bigint IS NULL OR r.release_id = %(id)s ORDER BY r.release_id"
    with conn.cursor(row_factory=class_row(RulebookRelease)) as cursor:
        return cursor.execute(query, {"id": release_id}).fetchall()


def insert_review(conn: psycopg.Connection, row: RulebookRelease, *, now: dt.datetime) -> None:
    """Append the last word that a row says."""
    conn.execute(
        "INSERT INTO limits_rulebook_review (release_id, reviewer, why, approved, digest, reviewed_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [row.release_id, row.reviewer, row.reviewed_why, row.approved, row.digest, now],
    )


def insert_seat(
    conn: psycopg.Connection, release_id: int, from_on: dt.date, said: tuple[str, str], *, restores: int | None, now: dt.datetime
) -> None:  # fmt: skip
    """Put a release in force from a day on; said: who, and why."""
    conn.execute(
        "INSERT INTO limits_rulebook_seat (release_id, from_on, person, why, restores, seated_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [release_id, from_on, *said, restores, now],
    )


def list_seats(conn: psycopg.Connection, *, product: str | None = None) -> list[Seat]:
    """All seats, or those of one product, the newest first."""
    with conn.cursor(row_factory=class_row(Seat)) as cursor:
        query = (
            "SELECT seat_id, release_id, from_on, person, s.why, restores, seated_at FROM limits_rulebook_seat AS s"
            " JOIN limits_rulebook_release USING (release_id) WHERE %(product)s::text IS NULL OR product = %(product)s"
            " ORDER BY seat_id DESC"
        )
        return cursor.execute(query, {"product": product}).fetchall()


def find_in_force(conn: psycopg.Connection, product: str, on: dt.date) -> tuple[bytes, str] | None:
    """(digest, body as JSON) of the product's rulebook in force on a business date."""
    row = conn.execute(
        "SELECT digest, body::text FROM limits_rulebook_seat JOIN limits_rulebook_release USING (release_id)"
        " JOIN limits_rulebook USING (digest) WHERE product = %s AND from_on <= %s ORDER BY seat_id DESC LIMIT 1",
        [product, on],
    ).fetchone()
    return None if row is None else (bytes(row[0]), str(row[1]))
