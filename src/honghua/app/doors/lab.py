"""The lab behind the desk's click, for `app.state.lab`."""

from __future__ import annotations

from importlib import import_module

import psycopg

from honghua.base.clock import Clock


class WorkersLab:
    """`lab.workers.api`, loaded at the first click: it brings the trainers of models, which no page and no purchase needs."""

    def approve(
        self, conn: psycopg.Connection, run_id: str, *, person: str, why: str, approved: bool, clock: Clock
    ) -> None:
        """See `web.desk.lab.ports.ReleaseLab`."""
        workers = import_module("honghua.lab.workers.api")
        workers.approve_release(conn, run_id, person=person, why=why, approved=approved, clock=clock)


__all__ = ["WorkersLab"]
