"""Alerts: what people are told. Wished for in the transaction that saw it, written down after commit, seen by name.

At least once: the wish lives until its row is there, and its key makes a second delivery harmless.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Final

import psycopg

from honghua.base.errors import BadInput, NotFound
from honghua.decision.monitoring import store
from honghua.decision.monitoring.store import Alert
from honghua.store.database import run_unit
from honghua.store.wishes import TAKE_MAX, Wish, WishState, settle_wish, take_wishes, wish

ALERT_WISH: Final = "decision.alert"
LEASE: Final = dt.timedelta(seconds=60)
SHOWN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """One alert to be made. key: of the occasion, so that the same one is told once; happened_at: when it was so."""

    kind: str
    key: str
    subject: str
    sentence: str
    happened_at: dt.datetime


def raise_alert(conn: psycopg.Connection, told: Told, *, now: dt.datetime) -> bool:
    """Wish that people are told, in the caller's transaction; False when the same occasion was told before."""
    body = {
        "kind": told.kind, "subject": told.subject, "sentence": told.sentence, "happened_at": told.happened_at.isoformat(),
    }  # fmt: skip
    return wish(conn, kind=ALERT_WISH, key=f"{ALERT_WISH}:{told.kind}:{told.key}", body=body, due_at=now)


def deliver_alerts(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Write down what was wished for; how many were taken. Those taken by somebody who died are taken again after the lease."""
    taken = run_unit(conn, lambda c: take_wishes(c, ALERT_WISH, TAKE_MAX, now=now, lease=LEASE))
    for one in taken:
        run_unit(conn, partial(_write_down, one=one, now=now))
    return len(taken)


def _write_down(conn: psycopg.Connection, *, one: Wish, now: dt.datetime) -> None:
    store.insert_alert(conn, one.wish_id, one.key, one.body)
    settle_wish(conn, one, WishState.DONE, now=now)


def list_alerts(conn: psycopg.Connection, *, every: bool = False, limit: int = 100) -> list[Alert]:
    """Alerts that nobody has seen yet, or all, the newest first."""
    if not 1 <= limit <= SHOWN_MAX:
        raise BadInput(f"alerts are shown 1 … {SHOWN_MAX} at a time")
    return store.list_alerts(conn, every=every, limit=limit)


def mark_seen(conn: psycopg.Connection, alert_id: int, *, person: str, remark: str = "") -> bool:
    """Note that a person has read an alert, and what they have to say; False when they had before. NotFound for none."""
    if not person.strip():
        raise BadInput("who has seen it has a name", code="PERSON_OR_REASON_MISSING")
    seen = store.insert_seen(conn, alert_id, person=person, remark=remark)
    if seen is None:
        raise NotFound(f"no alert {alert_id}; `honghua alerts list --all` lists them", code="ALERT_UNKNOWN")
    return seen


__all__ = ["ALERT_WISH", "Alert", "Told", "deliver_alerts", "list_alerts", "mark_seen", "raise_alert"]
