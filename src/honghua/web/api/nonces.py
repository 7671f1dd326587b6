"""Signed requests count once, on every host: what was spent stands in the database until its timestamp is too old to be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg

from honghua.web.api.signing import SKEW_S

SLOTS: Final = 4
SLOT_S: Final = 2 * SKEW_S  # so that valid timestamps fall into the present slot and its two neighbours
SPEND: Final = """
INSERT INTO web_nonce (slot, key_id, stamp, nonce)
SELECT * FROM unnest(%s::smallint[], %s::text[], %s::bigint[], %s::text[]) ON CONFLICT DO NOTHING RETURNING key_id, stamp, nonce
"""

Nonce = tuple[str, int, str]
"""Key id, timestamp and nonce of a signed request."""


def slot_of(stamp: int) -> int:
    """The partition of a timestamp."""
    return stamp // SLOT_S % SLOTS


def spend(conn: psycopg.Connection, nonces: Sequence[Nonce]) -> list[bool]:
    """Which of these are seen for the first time, here and anywhere; in a transaction of the caller's.

    The commit does not wait for the disk: what a power cut could forget is less than a second, and a replayed command meets its
    idempotency key, which is signed, too.
    """
    conn.execute("SET LOCAL synchronous_commit = off")
    stamps = [stamp for _, stamp, _ in nonces]
    columns = [[slot_of(stamp) for stamp in stamps], [n[0] for n in nonces], stamps, [n[2] for n in nonces]]
    fresh: set[Nonce] = set(conn.execute(SPEND, columns).fetchall())
    first = []
    for nonce in nonces:
        first.append(nonce in fresh)
        fresh.discard(nonce)
    return first


def forget_old(conn: psycopg.Connection, *, now_s: int) -> None:
    """Empty the partition opposite the present one: no timestamp in it is valid any more, and none yet."""
    conn.execute(f"TRUNCATE web_nonce_{(slot_of(now_s) + 2) % SLOTS}")


__all__ = ["Nonce", "forget_old", "spend"]
