"""Purchases judged by a released policy with a list, a shadow and a kept model: rows for the decision room's invariants.

They stand on accounts of their own, above those of the book, so that the credit room's audit has nothing to say of them.
"""

from __future__ import annotations

from dataclasses import replace

import psycopg

from honghua.decision import api
from honghua.decision.tests.policies import ANN, LIMIT, TERMS, judge_all, purchases, release
from honghua.store.database import run_unit

PURCHASES = 40
FIRST_ACCOUNT = 9_000_000_000
MODEL = b"kept".ljust(32)


def judge_some(conn: psycopg.Connection) -> None:
    """A champion, a shadow that often disagrees, a deny list that somebody stands on."""
    release(conn)
    release(conn, LIMIT, name="lax", role=api.Role.SHADOW)
    run_unit(
        conn, lambda c: api.add_entries(c, api.ListName("deny", "customer"), [api.Listed(f"#{FIRST_ACCOUNT + 7}")], ANN)
    )
    conn.execute("INSERT INTO decision_model (digest, path, content) VALUES (%s, 'model', 'x')", [MODEL])
    base, events, signals = purchases(PURCHASES)
    events[:, 4] += FIRST_ACCOUNT
    watch = api.Watch(replace(TERMS, model_digest=MODEL))
    judge_all(conn, watch, (base, events, signals), first_id=FIRST_ACCOUNT)
