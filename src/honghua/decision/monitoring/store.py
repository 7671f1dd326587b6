"""SQL of alerts, drift, and what a brake remembers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import to_micros
from honghua.store.copybin import Int2, Int8, Int8Array, Timestamp, copy_out

ALERTS: Final = """
SELECT a.alert_id, a.kind, a.subject, a.sentence, a.happened_at, a.recorded_at,
  ARRAY(SELECT s.person FROM decision_alert_seen AS s WHERE s.alert_id = a.alert_id ORDER BY s.recorded_at, s.person),
  (SELECT min(s.recorded_at) FROM decision_alert_seen AS s WHERE s.alert_id = a.alert_id),
  ARRAY(SELECT s.remark FROM decision_alert_seen AS s WHERE s.alert_id = a.alert_id ORDER BY s.recorded_at, s.person)
FROM decision_alert AS a
WHERE %(every)s OR NOT EXISTS (SELECT FROM decision_alert_seen AS s WHERE s.alert_id = a.alert_id)
ORDER BY a.alert_id DESC LIMIT %(limit)s
"""
RECENT: Final = """
SELECT decision_id, happened_at, bundle_id, outcome FROM decision_judged ORDER BY decision_id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that people are told. seen_by: who has read it, in order; seen_at: the first of them; remarks: theirs."""

    alert_id: int
    kind: str
    subject: str
    sentence: str
    happened_at: dt.datetime
    recorded_at: dt.datetime
    seen_by: tuple[str, ...]
    seen_at: dt.datetime | None
    remarks: tuple[str, ...]


def insert_alert(conn: psycopg.Connection, alert_id: int, key: str, body: Mapping[str, Any]) -> None:
    """Write an alert down; one that is there already stays as it is."""
    conn.execute(
        "INSERT INTO decision_alert (alert_id, key, kind, subject, sentence, happened_at)"
        " VALUES (%(id)s, %(key)s, %(kind)s, %(subject)s, %(sentence)s, %(happened_at)s) ON CONFLICT (key) DO NOTHING",
        {"id": alert_id, "key": key, **body},
    )


def list_alerts(conn: psycopg.Connection, *, every: bool, limit: int) -> list[Alert]:
    """The newest first; those that somebody has seen only when asked for."""
    rows = conn.execute(ALERTS, {"every": every, "limit": limit})
    return [
        Alert(number, kind, subject, sentence, happened_at, recorded_at, tuple(people), seen_at, tuple(remarks))
        for number, kind, subject, sentence, happened_at, recorded_at, people, seen_at, remarks in rows
    ]


def insert_seen(conn: psycopg.Connection, alert_id: int, *, person: str, remark: str) -> bool | None:
    """Note that somebody has read it: True when they had not before, None when there is no such alert."""
    if conn.execute("SELECT FROM decision_alert WHERE alert_id = %s", [alert_id]).fetchone() is None:
        return None
    done = conn.execute(
        "INSERT INTO decision_alert_seen (alert_id, person, remark) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [alert_id, person, remark],
    )
    return done.rowcount == 1


def lock_cursor(conn: psycopg.Connection) -> int:
    """The last record that was counted for drift; others who count wait until the transaction ends."""
    row = conn.execute("SELECT decision_id FROM decision_drift_cursor FOR UPDATE").fetchone()
    assert row is not None, "the migration wrote it"
    return int(row[0])


def move_cursor(conn: psycopg.Connection, decision_id: int) -> None:
    """So far everything is counted."""
    conn.execute("UPDATE decision_drift_cursor SET decision_id = %s", [decision_id])


def find_drift(conn: psycopg.Connection, digest: bytes, day: dt.date) -> bytes | None:
    """What was counted of a model on a day."""
    row = conn.execute(
        "SELECT state FROM decision_drift WHERE model_digest = %s AND day = %s", [digest, day]
    ).fetchone()
    return None if row is None else bytes(row[0])


def save_drift(conn: psycopg.Connection, digest: bytes, day: dt.date, *, rows: int, state: bytes) -> None:
    """What is counted of a model on a day from here on."""
    conn.execute(
        "INSERT INTO decision_drift (model_digest, day, rows, state) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (model_digest, day) DO UPDATE SET rows = EXCLUDED.rows, state = EXCLUDED.state, recorded_at = now()",
        [digest, day, rows, state],
    )


def list_drift(
    conn: psycopg.Connection, *, digest: bytes | None, limit: int
) -> list[tuple[bytes, dt.date, int, bytes]]:
    """(model, day, rows, state) of the newest days of one model, or of all."""
    rows = conn.execute(
        "SELECT model_digest, day, rows, state FROM decision_drift"
        " WHERE %(digest)s::bytea IS NULL OR model_digest = %(digest)s ORDER BY day DESC, model_digest LIMIT %(limit)s",
        {"digest": digest, "limit": limit},
    )
    return [(bytes(found), day, count, bytes(state)) for found, day, count, state in rows]


def read_near(
    conn: psycopg.Connection, places: Sequence[int], keys: Sequence[int], *, span: tuple[int, int], limit: int
) -> tuple[NDArray[Any], ...]:
    """Records before one, of those nearest to it, whose event has one of these keys at one of these columns (from 0), the newest first.

    span: (decision id before which, regime's layout whose records alone are looked at); at most `limit` records are looked at. Columns:
    decision id, account, event time in microseconds, outcome, event.
    """
    before, layout_id = span
    touches = " OR ".join(f"n.event[{place + 1}] = {key}" for place, key in zip(places, keys, strict=True))
    query = (
        "SELECT n.decision_id, n.account_id, n.happened_at, n.outcome, n.event FROM ("  # noqa: S608 — whole numbers of our own
        " SELECT decision_id, account_id, happened_at, outcome, event, regime_id FROM decision_judged"
        " WHERE decision_id < %(before)s ORDER BY decision_id DESC LIMIT %(limit)s) AS n"
        f" JOIN decision_regime AS r USING (regime_id) WHERE r.layout_id = %(layout)s AND ({touches}) ORDER BY 1 DESC"
    )
    values = {"before": before, "limit": limit, "layout": layout_id}
    return tuple(copy_out(conn, query, [Int8, Int8, Timestamp, Int2, Int8Array], values))


def find_oldest_near(conn: psycopg.Connection, before: int, *, limit: int) -> int | None:
    """Event time of the oldest record that `read_near` looks at; None where it looks at all there are."""
    row = conn.execute(
        "SELECT happened_at FROM decision_judged WHERE decision_id < %s ORDER BY decision_id DESC OFFSET %s LIMIT 1",
        [before, limit - 1],
    ).fetchone()
    return None if row is None else to_micros(row[0])


def read_recent(conn: psycopg.Connection, *, limit: int) -> tuple[NDArray[Any], ...]:
    """(decision id, event time in microseconds, bundle, outcome) of the newest records, the newest first."""
    return tuple(copy_out(conn, RECENT, [Int8, Timestamp, Int2, Int2], [limit]))


def list_newest(conn: psycopg.Connection, *, limit: int) -> NDArray[np.int64]:
    """int64[k]: the newest decisions, whatever they said, rising."""
    (ids,) = copy_out(
        conn, "SELECT decision_id FROM decision_judged ORDER BY decision_id DESC LIMIT %s", [Int8], [limit]
    )
    return np.ascontiguousarray(ids[::-1])


def list_reopened(conn: psycopg.Connection, purpose: str, bundle_id: int) -> list[tuple[str, dt.datetime]]:
    """(rule, when) of every rule of a bundle that a person let act again, in order."""
    return conn.execute(
        "SELECT rule, happened_at FROM decision_brake_event"
        " WHERE purpose = %s AND bundle_id = %s AND state = 'reopened' ORDER BY change_id",
        [purpose, bundle_id],
    ).fetchall()
