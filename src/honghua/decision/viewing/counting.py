"""Decisions counted by steps of time: what was said, why, over how much money, and how soon it was on disk."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.decision.core.outcomes import Outcome
from honghua.decision.viewing import store

STEPS_MAX: Final = 1_000  # of one answer
SPAN_MAX: Final = dt.timedelta(days=800)


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """Decisions of one step with one outcome, reason and release. Amounts minor units: asked for, and granted."""

    since: dt.datetime
    outcome: Outcome
    reason: str
    release_id: int
    decisions: int
    asked_minor: int
    granted_minor: int


@dataclass(frozen=True, slots=True)
class Delays:
    """How long decisions took from the purchase's moment to the record, seconds; of those recorded within a minute."""

    decisions: int
    median_s: float
    p99_s: float


def count_outcomes(
    conn: psycopg.Connection,
    *,
    since: dt.datetime,
    until: dt.datetime,
    step: dt.timedelta,
    release_id: int | None = None,
) -> list[OutcomeCount]:
    """Counts from one moment to before another, in steps that begin at `since`. BadInput for too long a span or too many steps."""
    check_span(since, until)
    if step <= dt.timedelta() or (until - since) / step > STEPS_MAX:
        raise BadInput(f"at most {STEPS_MAX} steps at a time", code="SPAN_INVALID")
    values = {"since": since, "until": until, "step": step, "bundle": release_id}
    return [OutcomeCount(row[0], Outcome(row[1]), *row[2:]) for row in store.count_outcomes(conn, values)]


def measure_delays(conn: psycopg.Connection, *, since: dt.datetime, until: dt.datetime) -> Delays:
    """How soon decisions of a span were recorded."""
    check_span(since, until)
    return Delays(*store.measure_delays(conn, since, until))


def count_judged(conn: psycopg.Connection) -> int:
    """About how many judgements are recorded, as the planner of the database reckons; exact while they are few."""
    return store.estimate_records(conn)


def check_span(since: dt.datetime, until: dt.datetime) -> None:
    """BadInput for a span that ends before it begins or is longer than people look back."""
    if not since < until <= since + SPAN_MAX:
        raise BadInput(f"a span ends after it begins and is at most {SPAN_MAX.days} days long", code="SPAN_INVALID")


__all__ = ["Delays", "OutcomeCount", "count_judged", "count_outcomes", "measure_delays"]
