"""SQL of what people steer with: list events, suppressions, experiments and their holdout, the brake's events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.clock import from_micros
from honghua.decision.core.experiment import Experiment, Holdout
from honghua.decision.core.listing import NEVER, Entry
from honghua.store.copybin import Bool, Column, Int8, Nullable, Text, Timestamp, copy_in, copy_out

LISTED: Final = """
SELECT list, entity, key, expires_at FROM (
  SELECT DISTINCT ON (list, entity, key) list, entity, key, expires_at, added FROM decision_list_event
  WHERE change_id <= %s ORDER BY list, entity, key, change_id DESC) AS latest
WHERE added
"""
SHOWN: Final = """
SELECT e.list, e.entity, e.label, e.key, e.expires_at, c.why, c.person, c.recorded_at FROM (
  SELECT DISTINCT ON (list, entity, key) * FROM decision_list_event ORDER BY list, entity, key, change_id DESC) AS e
JOIN decision_change AS c USING (change_id)
WHERE e.added AND (e.expires_at IS NULL OR e.expires_at > %(now)s)
  AND (%(list)s::text IS NULL OR e.list = %(list)s) ORDER BY e.list, e.entity, e.label LIMIT %(limit)s
"""
SUPPRESSIONS: Final = """
SELECT s.change_id, s.rule, s.entity, s.key, s.label, s.expires_at, c.person, c.why FROM decision_suppression AS s
JOIN decision_change AS c USING (change_id)
WHERE s.purpose = %s AND s.lifts IS NULL
  AND NOT EXISTS (SELECT FROM decision_suppression AS l WHERE l.lifts = s.change_id) ORDER BY s.change_id
"""
EXPERIMENTS: Final = """
SELECT experiment_id, name, salt, arms, shares_ppm FROM decision_experiment AS e
WHERE purpose = %s AND NOT EXISTS (SELECT FROM decision_experiment_end AS ended WHERE ended.experiment_id = e.experiment_id)
ORDER BY experiment_id
"""
BRAKES: Final = """
SELECT DISTINCT ON (bundle_id, rule) bundle_id, rule, state, happened_at, judged, refused, bound_ppm, change_id
FROM decision_brake_event WHERE purpose = %s ORDER BY bundle_id, rule, change_id DESC
"""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A rule that is silent for everybody (entity None) or for one entity, until a moment."""

    suppression_id: int
    rule: str
    entity: str | None
    key: int | None
    label: str | None
    expires_at: dt.datetime
    person: str
    why: str


@dataclass(frozen=True, slots=True)
class BrakeRow:
    """The newest word on one rule of one bundle."""

    bundle_id: int
    rule: str
    state: str
    happened_at: dt.datetime
    judged: int
    refused: int
    bound_ppm: int
    change_id: int


def insert_list_events(
    conn: psycopg.Connection, change_id: int, name: str, entity: str, rows: Sequence[tuple[int, str, int | None]], *,
    added: bool,
) -> None:  # fmt: skip
    """Append events of one act. rows: (key, label, expires at microseconds or None)."""
    n = len(rows)
    expires = np.array([0 if end is None else end for _, _, end in rows], np.int64)
    columns: list[Column] = [
        Int8(np.full(n, change_id)), Text([name] * n), Text([entity] * n), Int8([key for key, _, _ in rows]),
        Text([label for _, label, _ in rows]), Bool(np.full(n, int(added))),
        Timestamp(expires, [end is not None for _, _, end in rows]),
    ]  # fmt: skip
    copy_in(
        conn, "decision_list_event", ("change_id", "list", "entity", "key", "label", "added", "expires_at"), columns
    )


def read_entries(conn: psycopg.Connection, *, until_change: int) -> list[Entry]:
    """Every entry of every list as it stood after a change, expired ones too: events decide by their own time."""
    names, entities, keys, (ends, limited) = copy_out(
        conn, LISTED, [Text, Text, Int8, Nullable(Timestamp)], [until_change]
    )
    ends = np.where(limited, ends, NEVER)
    return [Entry(*row) for row in zip(names, entities, keys.tolist(), ends.tolist())]


def read_last_list_change(conn: psycopg.Connection) -> int:
    """The change of the newest list event, 0 where there was none; one step into an index."""
    row = conn.execute("SELECT change_id FROM decision_list_event ORDER BY change_id DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def list_entries(conn: psycopg.Connection, *, name: str | None, now: dt.datetime, limit: int) -> list[tuple[Any, ...]]:
    """(list, entity, label, key, expires, why, by, since) of what stands and is not expired at `now`."""
    return conn.execute(SHOWN, {"list": name, "now": now, "limit": limit}).fetchall()


def list_names(conn: psycopg.Connection) -> list[str]:
    """Every list that ever held something."""
    return [row[0] for row in conn.execute("SELECT DISTINCT list FROM decision_list_event ORDER BY 1")]


def save_lists_seen(conn: psycopg.Connection, digest: bytes, *, change_id: int, entries: int) -> None:
    """Remember which content a digest stands for."""
    conn.execute(
        "INSERT INTO decision_lists_seen (digest, change_id, entries) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [digest, change_id, entries],
    )


def list_lists_seen(conn: psycopg.Connection) -> dict[bytes, int]:
    """The change after which each known digest held."""
    return {
        bytes(digest): change for digest, change in conn.execute("SELECT digest, change_id FROM decision_lists_seen")
    }


def insert_suppression(conn: psycopg.Connection, purpose: str, row: dict[str, Any]) -> None:
    """Append a suppression, or the end of one (`lifts`)."""
    conn.execute(
        "INSERT INTO decision_suppression (change_id, purpose, rule, entity, key, label, expires_at, lifts) VALUES"
        " (%(change_id)s, %(purpose)s, %(rule)s, %(entity)s, %(key)s, %(label)s, %(expires_at)s, %(lifts)s)",
        {"entity": None, "key": None, "label": None, "expires_at": None, "lifts": None, **row, "purpose": purpose},
    )


def list_suppressions(conn: psycopg.Connection, purpose: str) -> list[Suppression]:
    """Those that were not lifted; expired ones too."""
    return [Suppression(*row) for row in conn.execute(SUPPRESSIONS, [purpose])]


def insert_experiment(conn: psycopg.Connection, change_id: int, purpose: str, made: Experiment) -> int:
    """Append an experiment under a new number."""
    row = conn.execute(
        "INSERT INTO decision_experiment (experiment_id, change_id, purpose, name, salt, arms, shares_ppm)"
        " SELECT coalesce(max(experiment_id), 0) + 1, %s, %s, %s, %s, %s, %s FROM decision_experiment"
        " RETURNING experiment_id",
        [change_id, purpose, made.name, made.salt, list(made.arms), list(made.shares_ppm)],
    ).fetchone()
    assert row is not None
    return int(row[0])


def end_experiment(conn: psycopg.Connection, change_id: int, experiment_id: int) -> None:
    """Append its end."""
    conn.execute(
        "INSERT INTO decision_experiment_end (experiment_id, change_id) VALUES (%s, %s)", [experiment_id, change_id]
    )


def list_experiments(conn: psycopg.Connection, purpose: str) -> tuple[Experiment, ...]:
    """Those that run."""
    rows = conn.execute(EXPERIMENTS, [purpose])
    return tuple(Experiment(r[0], r[1], bytes(r[2]), tuple(r[3]), tuple(r[4])) for r in rows)


def name_experiments(conn: psycopg.Connection) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Name and arms of every experiment that ever was."""
    rows = conn.execute("SELECT experiment_id, name, arms FROM decision_experiment")
    return {number: (name, tuple(arms)) for number, name, arms in rows}


def insert_holdout(conn: psycopg.Connection, change_id: int, purpose: str, holdout: Holdout) -> None:
    """Set the holdout of a purpose, once."""
    conn.execute(
        "INSERT INTO decision_holdout (purpose, change_id, salt, share_ppm) VALUES (%s, %s, %s, %s)",
        [purpose, change_id, holdout.salt, holdout.share_ppm],
    )


def find_holdout(conn: psycopg.Connection, purpose: str) -> Holdout | None:
    """The holdout of a purpose, when it was set."""
    row = conn.execute("SELECT salt, share_ppm FROM decision_holdout WHERE purpose = %s", [purpose]).fetchone()
    return None if row is None else Holdout(bytes(row[0]), row[1])


def insert_brake_event(conn: psycopg.Connection, purpose: str, row: BrakeRow, *, at_us: int) -> None:
    """Append what the brake, or a person to it, said of a rule; `at_us` is event time."""
    conn.execute(
        "INSERT INTO decision_brake_event (change_id, purpose, bundle_id, rule, state, happened_at, judged, refused,"
        " bound_ppm) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [row.change_id, purpose, row.bundle_id, row.rule, row.state, from_micros(at_us), row.judged, row.refused,
         row.bound_ppm],
    )  # fmt: skip


def list_brakes(conn: psycopg.Connection, purpose: str) -> list[BrakeRow]:
    """The newest word on every rule that the brake ever spoke of."""
    return [BrakeRow(*row) for row in conn.execute(BRAKES, [purpose])]
