"""Drift of what models read and say, counted from the records a page at a time, off the way of decisions.

Every record has the values that its model read and the score that it gave, so counting is a fold of the records: it goes on where it
stopped, whoever counted last, and may be done again from the first. 408 values are 3 µs a record, a seventh of a decision: too dear there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US, HOUR_US, from_micros
from honghua.decision import store_judged
from honghua.decision.core.engine_inputs import SCORE_INPUTS
from honghua.decision.core.freezing import thaw
from honghua.decision.core.records import Layout
from honghua.decision.monitoring import store
from honghua.decision.monitoring.alerts import Told, raise_alert
from honghua.decision.releases import get_release
from honghua.fraud.api import DRIFT
from honghua.models.api import (
    DriftBounds,
    DriftMonitor,
    DriftReference,
    DriftReport,
    pack_counts,
    unpack_counts,
    unpack_reference,
)
from honghua.store.database import run_unit

PAGE: Final = 10_000
PAGES_MAX: Final = 1_000  # of one call
DAYS_SHOWN: Final = 14
NAMED: Final = 3
WORDS: Final = {
    "psi": "values are spread otherwise than at the fitting", "null_rate": "values are missing more or less often than at the fitting",
    "age": "values have not been seen for long", "score_psi": "scores are spread otherwise than at the fitting",
    "score_shift": "scores are higher or lower than at the fitting",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DriftDay:
    """A model's day: how far its purchases stood from its fitting. Alarms are the bounds that were passed."""

    model: bytes
    day: dt.date
    report: DriftReport


@dataclass(slots=True)
class Counted:
    """What one call did: records read, of them counted against a reference, alerts raised."""

    records: int = 0
    counted: int = 0
    alerts: int = 0


@dataclass(slots=True)
class _Days:
    """The monitors of the page in hand, by model and day, and the references of models met so far (None: kept without one)."""

    conn: psycopg.Connection
    bounds: DriftBounds
    references: dict[bytes, DriftReference | None] = field(default_factory=dict)
    monitors: dict[tuple[bytes, dt.date], DriftMonitor] = field(default_factory=dict)

    def reference(self, digest: bytes) -> DriftReference | None:
        if digest not in self.references:
            kept = store_judged.load_model_file(self.conn, digest, DRIFT) if digest else None
            self.references[digest] = None if kept is None else unpack_reference(kept)
        return self.references[digest]

    def monitor(self, digest: bytes, day: dt.date) -> DriftMonitor:
        """That of a day; a new day begins with empty counts, and the ages of the day before."""
        if (digest, day) not in self.monitors:
            reference = self.reference(digest)
            assert reference is not None, "asked before"
            state = store.find_drift(self.conn, digest, day)
            earlier = None if state is not None else store.find_drift(self.conn, digest, day - dt.timedelta(days=1))
            kept = state or earlier
            found = DriftMonitor(reference) if kept is None else unpack_counts(reference, kept)
            if earlier is not None:
                found.start_anew()
            found.bounds = self.bounds
            self.monitors[digest, day] = found
        return self.monitors[digest, day]


def count_drift(
    conn: psycopg.Connection, *, now: dt.datetime, bounds: DriftBounds | None = None, page: int = PAGE
) -> Counted:
    """Count the records that nobody has counted, a transaction a page; bounds that are passed raise an alert, once a day each."""
    found = Counted()
    references: dict[bytes, DriftReference | None] = {}
    for _ in range(PAGES_MAX):
        before = found.records
        days = _Days(conn, bounds or DriftBounds(), references)
        run_unit(conn, lambda c, days=days: _count_page(c, days, found, (now, page)))  # type: ignore[misc]
        if found.records - before < page:
            break
    return found


def _count_page(conn: psycopg.Connection, days: _Days, found: Counted, terms: tuple[dt.datetime, int]) -> None:
    now, limit = terms
    records, counted, alerts = found.records, found.counted, found.alerts
    days.monitors.clear()  # of a try that failed
    cursor = store.lock_cursor(conn)
    page = store_judged.read_page(conn, "WHERE decision_id > %s ORDER BY decision_id LIMIT %s", [cursor, limit])
    if not len(page):
        return
    regimes, layouts = store_judged.list_regimes(conn), store_judged.list_layouts(conn)
    groups = np.unique(np.stack([page.regime_id, page.bundle_id]), axis=1).T.tolist()
    for regime_id, bundle_id in groups:
        regime = regimes[regime_id]
        digest = get_release(conn, bundle_id).model_digest or regime.model_digest
        reference = days.reference(digest)
        layout = layouts[regime.layout_id]
        if reference is None or not set(reference.names) <= set(layout.signals):
            continue
        rows = np.flatnonzero((page.regime_id == regime_id) & (page.bundle_id == bundle_id))
        inputs, signals = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
        counted += _add(days, digest, page.at_us[rows], _pick(layout, reference, inputs, signals))
    for (digest, day), monitor in days.monitors.items():
        store.save_drift(conn, digest, day, rows=monitor.rows, state=pack_counts(monitor))
        alerts += _tell(conn, DriftDay(digest, day, _report(monitor)), now)
    store.move_cursor(conn, int(page.decision_id[-1]))
    found.records, found.counted, found.alerts = records + len(page), counted, alerts


def _pick(
    layout: Layout, reference: DriftReference, inputs: NDArray[np.float64], signals: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The values that the model read, and the score that it gave."""
    places = {name: k for k, name in enumerate(layout.signals)}
    values = np.ascontiguousarray(signals[:, [places[name] for name in reference.names]])
    return values, np.ascontiguousarray(inputs[:, layout.inputs.index(SCORE_INPUTS[0])])


def _add(
    days: _Days, digest: bytes, at_us: NDArray[np.int64], told: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> int:
    values, scores = told
    known = ~np.isnan(scores)
    numbers = at_us // DAY_US
    for number in np.unique(numbers[known]).tolist():
        mine = known & (numbers == number)
        monitor = days.monitor(digest, from_micros(number * DAY_US).date())
        monitor.add(np.ascontiguousarray(values[mine]), np.ascontiguousarray(scores[mine]), at_us[mine])
    return int(known.sum())


def _report(monitor: DriftMonitor) -> DriftReport:
    """As of the last purchase that was counted: a replay of old days finds what the days themselves found."""
    return monitor.report(now_us=int(monitor.present_at_us[-1]))


def _tell(conn: psycopg.Connection, one: DriftDay, now: dt.datetime) -> int:
    """One alert per model, day and kind of bound, however many values passed it."""
    raised = 0
    for kind in sorted({alarm.kind for alarm in one.report.alarms}):
        told = sentence_of(one.report, kind)
        key, name = f"{one.model.hex()}:{one.day}:{kind}", f"model {one.model.hex()[:16]}"
        at = dt.datetime.combine(one.day, dt.time(), dt.UTC)
        raised += raise_alert(conn, Told("drift", key, name, f"{one.day}: {told}", at), now=now)
    return raised


def sentence_of(report: DriftReport, kind: str) -> str:
    """What passed a bound, the worst first, in words."""
    mine = sorted((a for a in report.alarms if a.kind == kind), key=lambda alarm: -alarm.value)
    unit = HOUR_US if kind == "age" else 1
    named = ", ".join(f"{a.name} {a.value / unit:.3g}" for a in mine[:NAMED])
    more = f" and {len(mine) - NAMED} more" if len(mine) > NAMED else ""
    bound = f"{mine[0].bound / unit:g}{' hours' if kind == 'age' else ''}"
    return f"{WORDS[kind]}: {named}{more} (bound {bound}, {report.rows:,} purchases)"


def list_drift(
    conn: psycopg.Connection, *, digest: bytes | None = None, limit: int = DAYS_SHOWN, bounds: DriftBounds | None = None
) -> list[DriftDay]:
    """The newest days of a model, or of all, the newest first."""
    found = []
    days = _Days(conn, bounds or DriftBounds())
    for model, day, _, state in store.list_drift(conn, digest=digest, limit=limit):
        reference = days.reference(model)
        if reference is not None:
            monitor = unpack_counts(reference, state)
            monitor.bounds = days.bounds
            found.append(DriftDay(model, day, _report(monitor)))
    return found


__all__ = ["Counted", "DriftDay", "count_drift", "list_drift", "sentence_of"]
