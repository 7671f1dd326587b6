"""One night of the monitor: drift, performance by vintage, fairness, champion against challenger; each broken bound becomes a run's reason.

Reasons are made from what the nights wrote down, not from what this night happened to see, so a crash between the two loses none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.lab.monitoring.reasons import KEY_PREFIX, RunReason, Runs, make_key
from honghua.models.api import Interval, auc_difference
from honghua.models.examining.api import FairnessBounds, Groups, measure_fairness
from honghua.models.registry import api as registry

PAGE: Final = 1_000
SENTENCES_MAX: Final = 12


class Protected(Protocol):
    """Protected columns of those who were scored. Only the monitor asks, never a model."""

    def groups(self, keys: NDArray[np.int64]) -> tuple[Groups, ...]:
        """One per column, in the order of the keys; −1 where nobody told."""
        ...


@dataclass(frozen=True, slots=True)
class MonitorBounds:
    """watch: of a version alone. approval_share: who counts as approved where fairness is looked at (grade U: ours). recent: how long a
    broken bound speaks; ones_min: defaults without which champion and challenger are not compared; follow_up: how long a
    champion that came out of such a run is refitted each cycle, since it learnt the new world from little of it."""

    watch: registry.WatchBounds = field(default_factory=registry.WatchBounds)
    fairness: FairnessBounds = field(default_factory=FairnessBounds)
    approval_share: float = 0.7
    recent: dt.timedelta = dt.timedelta(days=45)
    ones_min: int = 30
    follow_up: dt.timedelta = dt.timedelta(days=70)


@dataclass(frozen=True, slots=True)
class Night:
    """What was watched, and the runs that are open for what broke (reason, run id)."""

    watched: registry.Watched
    opened: tuple[tuple[RunReason, str], ...]


def watch_seats(
    conn: psycopg.Connection,
    *,
    runs: Runs,
    now: dt.datetime,
    bounds: MonitorBounds | None = None,
    protected: Protected | None = None,
    tell: Callable[[psycopg.Connection, registry.Broken], None] | None = None,
) -> Night:
    """Watch every live version, then open a run for every seat whose champion broke a bound. The connection has no open transaction."""
    limits = bounds or MonitorBounds()
    watched = registry.watch_all(conn, now=now, bounds=limits.watch, tell=tell)
    reasons = find_reasons(conn, now=now, bounds=limits, protected=protected)
    return Night(watched, tuple((reason, runs.open_run(reason)) for reason in reasons))


def find_reasons(
    conn: psycopg.Connection, *, now: dt.datetime, bounds: MonitorBounds, protected: Protected | None = None
) -> list[RunReason]:
    """A reason per seat whose champion broke a bound lately, as far as is written down."""
    since = now.date() - bounds.recent
    broken = registry.list_broken(conn, since=since)
    labelled_lately = registry.list_labelled(conn, since=since)
    reasons, after = [], 0
    while True:
        page = registry.list_versions(conn, status=registry.Status.CHAMPION, after=after, limit=PAGE)
        for champion in page:
            told = list(broken.get(champion.version_id, ()))
            if champion.version_id in labelled_lately:
                told += _judge_labelled(conn, champion, since, bounds, protected)
            if not told and _is_young(champion, now, bounds) and champion.version_id in labelled_lately:
                told.append("follow-up: it learnt a new world from few rows, and more of them are known by now")
            if told:
                key = make_key(champion.segment, champion.purpose, champion.digest, now.date())
                said = tuple(told[:SENTENCES_MAX])
                reasons.append(RunReason(key, champion.segment, champion.purpose, said, champion.digest, now.date()))
        if len(page) < PAGE:
            return reasons
        after = page[-1].version_id


def _is_young(champion: registry.VersionRow, now: dt.datetime, bounds: MonitorBounds) -> bool:
    return champion.run_id.startswith(KEY_PREFIX) and now - champion.changed_at < bounds.follow_up


def _judge_labelled(
    conn: psycopg.Connection,
    champion: registry.VersionRow,
    since: dt.date,
    bounds: MonitorBounds,
    protected: Protected | None,
) -> list[str]:
    """What outcomes say of a champion beside its drift: fairness, and whoever runs beside it."""
    rivals = registry.list_versions(
        conn, segment=champion.segment, purpose=champion.purpose, status=registry.Status.CHALLENGER
    )
    if protected is None and not rivals:
        return []
    mine = registry.read_labelled(conn, champion.version_id, since=since)
    told: list[str] = []
    if protected is not None and len(mine.keys):
        told += _judge_fairness(mine, protected, bounds)
    for rival in rivals:
        found = compare_live(
            mine, registry.read_labelled(conn, rival.version_id, since=since), ones_min=bounds.ones_min
        )
        if found is not None and found.low > 0.0:
            told.append(
                f"challenger {rival.number} ranks surely better: AUC {found.mid:+.4f}, at least {found.low:+.4f}"
            )
    return told


def _judge_fairness(mine: registry.Labelled, protected: Protected, bounds: MonitorBounds) -> list[str]:
    approved = mine.scores <= np.quantile(mine.scores, bounds.approval_share)
    told: list[str] = []
    for groups in protected.groups(mine.keys):
        report = measure_fairness(mine.ones, mine.scores, groups, approved=approved, bounds=bounds.fairness)
        told += [f"unfair: {problem}" for problem in report.problems]
    return told


def compare_live(champion: registry.Labelled, challenger: registry.Labelled, *, ones_min: int) -> Interval | None:
    """AUC(challenger) − AUC(champion) on the rows that both scored, paired; None where too few of them have outcomes."""
    _, here, there = np.intersect1d(champion.keys, challenger.keys, return_indices=True)
    y = champion.ones[here]
    if min(int(y.sum()), int((~y).sum())) < ones_min:
        return None
    return auc_difference(y, challenger.scores[there], champion.scores[here])
