"""The key under which an act is tried: a refusal is remembered with its key, so a later try needs the next one; a success keeps its own."""

from __future__ import annotations

from itertools import count

import psycopg

from honghua.store.commands import find_commands


def next_key(conn: psycopg.Connection, stem: str) -> str:
    """stem/0, or the first stem/k that was not refused: after a crash it is the key that was booked."""
    for k in count():
        key = f"{stem}/{k}"
        stored = find_commands(conn, [key]).get(key)
        if stored is None or stored.answer.get("outcome") != "refused":
            return key
    raise AssertionError("numbers do not end")


__all__ = ["next_key"]
