"""SQL of recorded faces: that there was one, for what, and what was said of it; never the film."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A face recorded for an aim. clip: SHA-256 of the film in hex. text_version: of the consent. said: see `core.Said`."""

    challenge_id: int
    aim: str
    clip: str
    text_version: int
    said: str
    score_ppm: int | None
    provider: str
    is_fake: bool
    at: dt.datetime


def insert_recording(conn: psycopg.Connection, person_id: int, row: RecordingRow) -> None:
    """Keep what was said of a film."""
    conn.execute(
        "INSERT INTO customers_recording (challenge_id, person_id, aim, clip, text_version, said, score_ppm, provider, is_fake, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            row.challenge_id,
            person_id,
            row.aim,
            row.clip,
            row.text_version,
            row.said,
            row.score_ppm,
            row.provider,
            row.is_fake,
            row.at,
        ],
    )


def list_recordings(conn: psycopg.Connection, person_id: int, aim: str, *, since: dt.datetime) -> list[RecordingRow]:
    """What a person recorded for an aim since a moment, the newest first."""
    query = (
        "SELECT challenge_id, aim, clip, text_version, said, score_ppm, provider, is_fake, at FROM customers_recording"
        " WHERE person_id = %s AND aim = %s AND at >= %s ORDER BY challenge_id DESC"
    )
    with conn.cursor(row_factory=class_row(RecordingRow)) as cursor:
        return cursor.execute(query, [person_id, aim, since]).fetchall()


def has_clip(conn: psycopg.Connection, clip: str) -> bool:
    """Whether anybody has brought the very same film before."""
    return conn.execute("SELECT 1 FROM customers_recording WHERE clip = %s LIMIT 1", [clip]).fetchone() is not None


def delete_of_person(conn: psycopg.Connection, person_id: int) -> None:
    """Forget what a person recorded."""
    conn.execute("DELETE FROM customers_recording WHERE person_id = %s", [person_id])


def delete_recordings(conn: psycopg.Connection, *, before: dt.datetime, limit: int) -> int:
    """Forget old ones; how many."""
    gone = conn.execute(
        "DELETE FROM customers_recording WHERE challenge_id IN (SELECT challenge_id FROM customers_recording WHERE at < %s"
        " ORDER BY challenge_id LIMIT %s)",
        [before, limit],
    )
    return gone.rowcount
