"""Runs that open by themselves, in the database: what the night calls. It loads no trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.agents import api as agents
from honghua.agents.core import Author, AuthorKind
from honghua.base.clock import Clock
from honghua.lab.monitoring.reasons import RunReason

REFIT: Final = "refit"  # the flow of runs that a night opened
MONITOR: Final = Author(AuthorKind.AGENT, "Monitor")
SEED: Final = 20261122


@dataclass(frozen=True, slots=True)
class DatabaseRuns:
    """Opens runs in the database for the reasons that a night finds (`lab.monitoring.Runs`)."""

    conn: psycopg.Connection
    clock: Clock

    def open_run(self, reason: RunReason) -> str:
        """A run for this reason's key, or the one that was opened for it before, finished or not."""
        known = agents.list_runs(self.conn, limit=1, flow=REFIT, subject=reason.key)
        if known:
            return known[0].run_id
        params = {
            "segment": reason.segment, "purpose": reason.purpose, "digest": reason.digest.hex(), "opened_on": reason.opened_on.isoformat(),
            "key": reason.key,
        }  # fmt: skip
        opening = agents.Opening(REFIT, SEED, " ".join(reason.sentences), params, MONITOR)
        return agents.open_database_run(self.conn, opening, subject=reason.key, clock=self.clock).journal.run


__all__ = ["REFIT", "DatabaseRuns"]
