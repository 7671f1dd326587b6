"""What broken ratios stop now, as a command asks it."""

from __future__ import annotations

import psycopg


class StoredStops:
    """What is stopped, read from the database when first asked for: a purchase asks for nothing."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn
        self._actions: frozenset[str] | None = None

    def is_stopped(self, action: str) -> bool:
        """Whether a broken rule stops this now."""
        if self._actions is None:
            rows = self._conn.execute("SELECT DISTINCT action FROM credit_guardrail")
            self._actions = frozenset(name for (name,) in rows)
        return action in self._actions


__all__ = ["StoredStops"]
