"""The outbox: wishes for something in the outside world, made in the transaction that wants it, fulfilled after commit.

A wish is leased, not locked: who took it and died holds it only until the lease ends. So a wish may be carried out
twice, and its key must make the second time harmless (STYLE §4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, NotFound
from honghua.store.ids import allocate

WISH_SEQUENCE = "store_wish_id"
TAKE_MAX = 10_000
ERROR_LENGTH_MAX = 2_000

INSERT = """
INSERT INTO store_wish (wish_id, kind, key, body, due_at)
SELECT w.wish_id, %s, w.key, w.body::jsonb, %s FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS w (wish_id, key,
body) ON CONFLICT (key) DO NOTHING RETURNING wish_id
"""
TAKE = """
UPDATE store_wish w SET lease_until = %(until)s, tries = w.tries + 1
FROM (SELECT wish_id FROM store_wish
      WHERE kind = %(kind)s AND state = 'waiting' AND due_at <= %(now)s
        AND (lease_until IS NULL OR lease_until <= %(now)s)
      ORDER BY due_at, wish_id LIMIT %(n)s FOR UPDATE SKIP LOCKED) AS due
WHERE w.wish_id = due.wish_id
RETURNING w.wish_id, w.kind, w.key, w.body, w.due_at, w.tries, w.lease_until, w.last_error
"""
SETTLE = """
UPDATE store_wish SET state = %(state)s, due_at = coalesce(%(due_at)s, due_at), last_error = %(error)s,
  lease_until = NULL, settled_at = CASE WHEN %(state)s = 'waiting' THEN NULL ELSE %(now)s END
WHERE wish_id = %(wish_id)s AND state = 'waiting' AND tries = %(tries)s
"""


class WishState(StrEnum):
    """waiting: to be done, or being done under a lease · done: fulfilled · failed: given up, a person must look."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish that was taken: `tries` counts this try, `lease_until` is when others may take it too."""

    wish_id: int
    kind: str
    key: str
    body: Any
    due_at: dt.datetime
    tries: int
    lease_until: dt.datetime
    last_error: str | None


def make_wishes(
    conn: psycopg.Connection, *, kind: str, keys: Sequence[str], bodies: Sequence[Any], due_at: dt.datetime
) -> int:
    """Wish inside the caller's transaction; parallel keys and JSON bodies. A key that was wished for before stays as
    it is.

    Returns how many were new. Raises BadInput when a key is empty.
    """
    assert len(keys) == len(bodies), "one body per key"
    if any(not key for key in keys):
        raise BadInput("a wish needs a key")
    if not keys:
        return 0
    texts = [msgspec.json.encode(body).decode() for body in bodies]
    ids = allocate(conn, WISH_SEQUENCE, len(keys))
    return len(conn.execute(INSERT, [kind, due_at, ids, list(keys), texts]).fetchall())


def wish(conn: psycopg.Connection, *, kind: str, key: str, body: Any, due_at: dt.datetime) -> bool:
    """One wish; True when it is new."""
    return make_wishes(conn, kind=kind, keys=[key], bodies=[body], due_at=due_at) == 1


def take_wishes(conn: psycopg.Connection, kind: str, n: int, *, now: dt.datetime, lease: dt.timedelta) -> list[Wish]:
    """Take up to `n` (≤ TAKE_MAX) due wishes of a kind, earliest first; nobody else gets them before `now + lease`.

    Commit before acting on them. Takers in parallel never wait for each other (SKIP LOCKED).
    """
    if not 1 <= n <= TAKE_MAX:
        raise BadInput(f"cannot take {n} wishes at once: 1 … {TAKE_MAX}")
    with conn.cursor(row_factory=class_row(Wish)) as cursor:
        cursor.execute(TAKE, {"kind": kind, "now": now, "until": now + lease, "n": n})
        return sorted(cursor.fetchall(), key=lambda w: (w.due_at, w.wish_id))


def settle_wish(
    conn: psycopg.Connection,
    taken: Wish,
    state: WishState,
    *,
    now: dt.datetime,
    error: str | None = None,
    due_at: dt.datetime | None = None,
) -> bool:
    """Say how a taken wish ended: DONE, FAILED, or WAITING (again at `due_at`).

    False, and nothing changed, when its lease had run out and somebody else took it meanwhile: their word counts.
    """
    settled = conn.execute(
        SETTLE,
        {
            "state": state.value, "due_at": due_at, "error": None if error is None else error[:ERROR_LENGTH_MAX],
            "now": now, "wish_id": taken.wish_id, "tries": taken.tries,
        },
    )  # fmt: skip
    return settled.rowcount == 1


def count_wishes(conn: psycopg.Connection, kind: str, *, prefix: str = "") -> dict[WishState, int]:
    """How many wishes of a kind, whose key begins so, stand in each state."""
    query = "SELECT state, count(*) FROM store_wish WHERE kind = %s AND starts_with(key, %s) GROUP BY state"
    rows = conn.execute(query, [kind, prefix]).fetchall()
    return {**dict.fromkeys(WishState, 0), **{WishState(state): count for state, count in rows}}


def get_wish_state(conn: psycopg.Connection, key: str) -> WishState:
    """The state of the wish under a key; raises NotFound."""
    row = conn.execute("SELECT state FROM store_wish WHERE key = %s", [key]).fetchone()
    if row is None:
        raise NotFound(f"no wish under key {key!r}")
    return WishState(row[0])
