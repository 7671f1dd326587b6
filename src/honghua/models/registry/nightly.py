"""The night: every live version's new days and outcomes, counted and judged. Safe to run again: what it writes is a fold of the batches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import psycopg

from honghua.models.core.drift import DriftReference
from honghua.models.files import unpack_reference
from honghua.models.registry import store
from honghua.models.registry.filing import DRIFT_FILE, LOOKBACK, get_version
from honghua.models.registry.packing import ScoredBatch, unpack_outcomes, unpack_scored
from honghua.models.registry.records import VersionRow
from honghua.models.registry.watching import (
    WatchBounds,
    WatchedDay,
    WatchedVintage,
    judge_day,
    judge_vintages,
)
from honghua.store.database import run_unit

PAGE: Final = 200  # days, or versions with outcomes, of one transaction
PAGES_MAX: Final = 1_000
VINTAGES: Final = dt.timedelta(days=3 * 366)  # months of scoring older than this have told what they will


@dataclass(frozen=True, slots=True)
class Broken:
    """A bound that was passed: of a version, on a day or in a vintage (its month), with the sentences."""

    version: VersionRow
    when: dt.date
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a night did. unwatched: live versions that were filed without a reference, so that nothing could be said of their days."""

    days: int
    rows: int
    vintages: int
    broken: tuple[Broken, ...]
    unwatched: tuple[int, ...]


Tell = Callable[[psycopg.Connection, Broken], None]


def watch_all(
    conn: psycopg.Connection, *, now: dt.datetime, bounds: WatchBounds | None = None, tell: Tell | None = None
) -> Watched:
    """Count what is new, a transaction a page; the connection must have no open one.

    tell: called for every broken bound in the transaction that wrote it down, so that nobody is told of what was not kept.
    """
    limits = bounds or WatchBounds()
    night = _Night(limits, now, tell)
    for _ in range(PAGES_MAX):
        done = run_unit(conn, partial(_count_days, night=night))
        night.keep(done)
        if not done.more:
            break
    for _ in range(PAGES_MAX):
        done = run_unit(conn, partial(_count_vintages, night=night))
        night.keep(done)
        if not done.more:
            break
    return Watched(night.days, night.rows, night.vintages, tuple(night.broken), tuple(sorted(night.unwatched)))


@dataclass(frozen=True, slots=True)
class _Page:
    """What one transaction did; kept only after it has committed."""

    days: tuple[WatchedDay, ...] = ()
    vintages: tuple[WatchedVintage, ...] = ()
    broken: tuple[Broken, ...] = ()
    unwatched: frozenset[int] = frozenset()
    more: bool = False


class _Night:
    """Sums over the pages."""

    def __init__(self, bounds: WatchBounds, now: dt.datetime, tell: Tell | None) -> None:
        self.bounds, self.now, self.tell = bounds, now, tell
        self.days = self.rows = self.vintages = 0
        self.broken: list[Broken] = []
        self.unwatched: set[int] = set()

    def keep(self, page: _Page) -> None:
        self.days += len(page.days)
        self.rows += sum(day.rows for day in page.days)
        self.vintages += len(page.vintages)
        self.broken += page.broken
        self.unwatched |= page.unwatched


def _count_days(conn: psycopg.Connection, night: _Night) -> _Page:
    since = night.now.date() - LOOKBACK
    skipped = sorted(night.unwatched)
    opened = store.list_open_days(conn, since=since, skipped=skipped, limit=PAGE)
    references = _load_references(conn, sorted({version for version, _ in opened}))
    blind = frozenset(version for version, _ in opened if version not in references)
    seen = [one for one in opened if one[0] not in blind]
    batches: dict[tuple[int, dt.date], list[ScoredBatch]] = {}
    for version, day, content in store.read_days(conn, seen):
        batches.setdefault((version, day), []).append(unpack_scored(content))
    found = tuple(
        judge_day(references[version], some, version_id=version, on_day=day, bounds=night.bounds)
        for (version, day), some in batches.items()
    )
    store.save_days(conn, found, now=night.now)
    broken = _tell(conn, night, [(day.version_id, day.on_day, day.alarms) for day in found])
    return _Page(days=found, broken=broken, unwatched=blind, more=len(opened) == PAGE)


def _count_vintages(conn: psycopg.Connection, night: _Night) -> _Page:
    opened = store.list_open_outcomes(conn, limit=PAGE)
    found: list[WatchedVintage] = []
    for version, _ in opened:
        scored: dict[dt.date, list[ScoredBatch]] = {}
        for day, content in store.read_scored(conn, version, since=night.now.date() - VINTAGES):
            scored.setdefault(day.replace(day=1), []).append(unpack_scored(content))
        outcomes = [unpack_outcomes(content) for content in store.read_outcomes(conn, version)]
        filed = get_version(conn, version).figures.get("auc")
        found += judge_vintages(scored, outcomes, version_id=version, filed_auc=_middle(filed), bounds=night.bounds)
    store.save_vintages(conn, found, now=night.now)
    store.save_counted(conn, opened)
    broken = _tell(conn, night, [(one.version_id, one.month, one.alarms) for one in found])
    return _Page(vintages=tuple(found), broken=broken, more=len(opened) == PAGE)


def _middle(auc: object) -> float | None:
    """A filed AUC may be a figure or [low, mid, high]."""
    if isinstance(auc, list) and len(auc) == 3:
        auc = auc[1]
    return float(auc) if isinstance(auc, int | float) else None


def _tell(
    conn: psycopg.Connection, night: _Night, found: Sequence[tuple[int, dt.date, tuple[str, ...]]]
) -> tuple[Broken, ...]:
    broken = tuple(Broken(get_version(conn, version), when, alarms) for version, when, alarms in found if alarms)
    if night.tell is not None:
        for one in broken:
            night.tell(conn, one)
    return broken


def _load_references(conn: psycopg.Connection, versions: list[int]) -> dict[int, DriftReference]:
    return {
        version: unpack_reference(content)
        for version, content in store.load_one_file(conn, versions, DRIFT_FILE).items()
    }
