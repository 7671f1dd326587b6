"""The nightly job of the models: every live version is watched, people are told what broke, and a run opens for it by itself."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.base.clock import FixedClock
from honghua.decision import api as decision
from honghua.lab.api import DatabaseRuns
from honghua.lab.fairness.api import TableProtected
from honghua.lab.monitoring.api import watch_seats
from honghua.models.registry.api import Broken


def watch(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Days and vintages that no night has counted."""
    night = watch_seats(
        conn, runs=DatabaseRuns(conn, FixedClock(now)), now=now, tell=lambda c, one: _tell(c, one, now),
        protected=TableProtected(conn),
    )  # fmt: skip
    found = night.watched
    told = (
        f"{found.days} days, {found.rows:,} rows, {found.vintages} vintages counted; {len(found.broken)} bounds broken,"
        f" {len(night.opened)} runs open"
    )
    return f"{told}; {len(found.unwatched)} versions have no reference" if found.unwatched else told


def _tell(conn: psycopg.Connection, one: Broken, now: dt.datetime) -> None:
    """One alert a version and day or month."""
    row = one.version
    subject = f"model {row.segment} / {row.purpose} version {row.number}"
    at = dt.datetime.combine(one.when, dt.time(), dt.UTC)
    told = decision.Told("model", f"{row.version_id}:{one.when}", subject, "; ".join(one.sentences), at)
    decision.raise_alert(conn, told, now=now)
