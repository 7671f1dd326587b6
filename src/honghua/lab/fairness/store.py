"""All SQL of protected traits. In the caller's transaction."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg
from numpy.typing import NDArray

UPSERT = """
INSERT INTO lab_protected (trait, key, word, source, noted_at)
SELECT %s, k, w, %s, %s FROM unnest(%s::bigint[], %s::text[]) AS told (k, w)
ON CONFLICT (trait, key) DO UPDATE SET word = excluded.word, source = excluded.source, noted_at = excluded.noted_at
"""


def save_words(
    conn: psycopg.Connection, trait: str, told: tuple[NDArray[np.int64], list[str]], *, source: str, now: dt.datetime
) -> None:
    """Keep a trait of these keys, int64[n] and n words; the newest word counts."""
    keys, words = told
    conn.execute(UPSERT, [trait, source, now, keys.tolist(), words])


def list_traits(conn: psycopg.Connection) -> list[str]:
    """Names of all traits, rising."""
    return [row[0] for row in conn.execute("SELECT DISTINCT trait FROM lab_protected ORDER BY trait")]


def read_words(conn: psycopg.Connection, trait: str, keys: NDArray[np.int64]) -> list[tuple[int, str]]:
    """(key, word) of those among the keys whose trait is known."""
    rows = conn.execute(
        "SELECT key, word FROM lab_protected WHERE trait = %s AND key = ANY(%s::bigint[]) ORDER BY key", [trait, keys.tolist()]
    )  # fmt: skip
    return [(int(key), str(word)) for key, word in rows]


def delete_keys(conn: psycopg.Connection, keys: NDArray[np.int64]) -> int:
    """Erase every trait of these keys; how many rows went."""
    return conn.execute("DELETE FROM lab_protected WHERE key = ANY(%s::bigint[])", [keys.tolist()]).rowcount


def count_rows(conn: psycopg.Connection) -> list[tuple[str, int, str, dt.datetime]]:
    """(trait, rows, source, when last) of each trait and source."""
    rows = conn.execute(
        "SELECT trait, count(*), source, max(noted_at) FROM lab_protected GROUP BY trait, source ORDER BY trait, source"
    )
    return [(str(trait), int(count), str(source), at) for trait, count, source, at in rows]
