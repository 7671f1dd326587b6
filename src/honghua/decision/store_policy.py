"""SQL of the policy store: changes, releases, reviews, line-ups. Changes are numbered under one lock, so a reader never skips one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('decision_change'))"
RELEASES: Final = """
SELECT r.release_id, b.name, b.digest, r.source, r.vocabulary, r.features_digest, r.model_digest, r.lists_digest,
  r.credit_digest, r.reference, r.author, r.built_in, made.why, made.recorded_at,
  review.approved, review.reviewer, checked.why, checked.recorded_at
FROM decision_release AS r
JOIN decision_bundle AS b ON b.bundle_id = r.release_id JOIN decision_change AS made ON made.change_id = r.change_id
LEFT JOIN LATERAL (SELECT * FROM decision_review AS v WHERE v.release_id = r.release_id ORDER BY v.change_id DESC LIMIT 1)
  AS review ON true
LEFT JOIN decision_change AS checked ON checked.change_id = review.change_id
WHERE %(ids)s::smallint[] IS NULL OR r.release_id = ANY(%(ids)s::smallint[]) ORDER BY r.release_id
"""
LINEUP: Final = "SELECT lineup_id, champion, challenger, challenger_ppm, shadows, restores FROM decision_lineup"


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release as it is stored, with its newest review (None: nobody has looked)."""

    release_id: int
    name: str
    digest: bytes
    source: str
    vocabulary: str
    features_digest: bytes
    model_digest: bytes
    lists_digest: bytes
    credit_digest: bytes
    reference: str
    author: str
    built_in: bool
    why: str
    proposed_at: dt.datetime
    approved: bool | None
    reviewer: str | None
    reviewed_why: str | None
    reviewed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class LineupRow:
    """Who judges: the champion, a challenger with its share, shadows; `restores` names the line-up that a rollback repeats."""

    lineup_id: int
    champion: int
    challenger: int | None
    challenger_ppm: int
    shadows: tuple[int, ...]
    restores: int | None

    @property
    def judging(self) -> tuple[int, ...]:
        """Those whose word counts: the champion, then the challenger if there is one."""
        return (self.champion,) if self.challenger is None else (self.champion, self.challenger)


@dataclass(frozen=True, slots=True)
class Change:
    """One act: who did what, and why."""

    change_id: int
    action: str
    subject: str
    person: str
    why: str
    recorded_at: dt.datetime


def add_change(conn: psycopg.Connection, *, action: str, subject: str, person: str, why: str) -> int:
    """The number of a new act, in the caller's transaction; others who change something wait until it ends."""
    conn.execute(LOCK)
    row = conn.execute(
        "INSERT INTO decision_change (change_id, action, subject, person, why)"
        " SELECT coalesce(max(change_id), 0) + 1, %s, %s, %s, %s FROM decision_change RETURNING change_id",
        [action, subject, person, why],
    ).fetchone()
    assert row is not None
    return int(row[0])


def read_last_change(conn: psycopg.Connection) -> int:
    """The number of the last act; 0 when there was none. One step into an index: what running engines poll."""
    row = conn.execute("SELECT change_id FROM decision_change ORDER BY change_id DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def list_changes(conn: psycopg.Connection, *, limit: int) -> list[Change]:
    """The newest acts, newest first."""
    rows = conn.execute(
        "SELECT change_id, action, subject, person, why, recorded_at FROM decision_change ORDER BY change_id DESC LIMIT %s",
        [limit],
    )
    return [Change(*row) for row in rows]


def insert_release(conn: psycopg.Connection, change_id: int, *, name: str, digest: bytes, body: tuple[Any, ...]) -> int:
    """Store a proposal under the number of its bundle. body: source, vocabulary, four digests, reference, author, built in."""
    row = conn.execute(
        "INSERT INTO decision_bundle (bundle_id, name, digest)"
        " SELECT coalesce(max(bundle_id), 0) + 1, %s, %s FROM decision_bundle RETURNING bundle_id",
        [name, digest],
    ).fetchone()
    assert row is not None
    conn.execute(
        "INSERT INTO decision_release (release_id, change_id, source, vocabulary, features_digest, model_digest,"
        " lists_digest, credit_digest, reference, author, built_in) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [row[0], change_id, *body],
    )
    return int(row[0])


def find_release_id(conn: psycopg.Connection, digest: bytes) -> int | None:
    """The release with this digest."""
    row = conn.execute(
        "SELECT release_id FROM decision_release JOIN decision_bundle ON bundle_id = release_id WHERE digest = %s",
        [digest],
    ).fetchone()
    return None if row is None else int(row[0])


def list_releases(conn: psycopg.Connection, *, ids: Sequence[int] | None) -> list[ReleaseRow]:
    """Releases by number, all or those named."""
    rows = conn.execute(RELEASES, {"ids": None if ids is None else list(ids)}).fetchall()
    return [ReleaseRow(*row) for row in rows]


def insert_review(
    conn: psycopg.Connection, change_id: int, release_id: int, *, reviewer: str, approved: bool, digest: bytes
) -> None:
    """Store what a reviewer said; the database refuses the author's own approval."""
    conn.execute(
        "INSERT INTO decision_review (release_id, change_id, reviewer, approved, digest) VALUES (%s, %s, %s, %s, %s)",
        [release_id, change_id, reviewer, approved, digest],
    )


def insert_lineup(conn: psycopg.Connection, purpose: str, lineup: LineupRow) -> None:
    """Store who judges from here on; the database refuses a release that is not approved."""
    conn.execute(
        "INSERT INTO decision_lineup (lineup_id, purpose, champion, challenger, challenger_ppm, shadows, restores)"
        " VALUES (%s, %s, %s, %s, %s, %s::smallint[], %s)",
        [lineup.lineup_id, purpose, lineup.champion, lineup.challenger, lineup.challenger_ppm, list(lineup.shadows),
         lineup.restores],
    )  # fmt: skip


def find_lineup(conn: psycopg.Connection, purpose: str, *, before: int | None = None) -> LineupRow | None:
    """The newest line-up of a purpose, or the newest one before another."""
    row = conn.execute(
        f"{LINEUP} WHERE purpose = %s AND lineup_id < %s ORDER BY lineup_id DESC LIMIT 1",
        [purpose, 2**63 - 1 if before is None else before],
    ).fetchone()
    return None if row is None else LineupRow(row[0], row[1], row[2], row[3], tuple(row[4]), row[5])


def get_lineup(conn: psycopg.Connection, lineup_id: int) -> LineupRow:
    """One line-up by number, which must exist."""
    row = conn.execute(f"{LINEUP} WHERE lineup_id = %s", [lineup_id]).fetchone()
    assert row is not None, f"line-up {lineup_id} is gone"
    return LineupRow(row[0], row[1], row[2], row[3], tuple(row[4]), row[5])
