"""Profiles that follow the platform's own facts: read behind a cursor, written within the same pass (R-271).

The windows live in memory; a new process takes them up from the newest snapshot and reads the facts behind it, or all of them where there
is none. What is written stands in the database, with the place up to which it knows. A pass that died is repeated and writes the same.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from honghua.base.clock import from_micros, to_micros
from honghua.features.core import keys_of_texts
from honghua.lab.factory.api import Dictionary
from honghua.lab.following.live import Profile, Profiles
from honghua.lab.following.snapshots import Remembered, read_snapshot, write_snapshot
from honghua.lab.following.translating import Translator
from honghua.lab.profiles import store
from honghua.lab.profiles.reading import Allowed, allow_all, is_allowed
from honghua.lab.tags.api import FittedTags, TagBook, Use, cut_quantiles, keep_used, read_tags, read_uses
from honghua.store.database import run_unit
from honghua.store.facts import FactColumns, read_final_page

PAGE: Final = 5_000
PAGES_MAX: Final = 40  # of one pass: what lies further back waits for the next
FITTED_ON: Final = 20_000  # customers whose values make the quantiles
REFIT: Final = dt.timedelta(days=1)
STALE: Final = dt.timedelta(days=1)  # a window runs on without facts: profiles are told anew once a day
STALE_AT_ONCE: Final = 500
ASKED_AT_ONCE: Final = 2_000
CAPACITY: Final = 200_000  # customers at first; tables grow
SAVED_AFTER: Final = 50_000  # facts, or so long after the last snapshot if there was any fact
SAVED_EVERY: Final = dt.timedelta(hours=1)


@dataclass(slots=True)
class ProfileReport:
    """What a pass did. lag_s: of the slowest profile, from the recording of its newest fact to its writing; −1 where none was written.
    forgotten: people who left and of whom nothing is in memory or in a snapshot any more."""

    facts: int = 0
    events: int = 0
    written: int = 0
    renewed: int = 0
    erased: int = 0
    forgotten: int = 0
    is_behind: bool = False
    lag_s: float = -1.0


@dataclass(slots=True)
class ProfileFollower:
    """One process's followed profiles. allowed: of some customers each one's uses by law and consent now; who is absent has no profile.
    folder: where snapshots lie, None = nowhere."""

    dictionary: Dictionary
    allowed: Allowed = allow_all
    capacity: int = CAPACITY
    folder: Path | None = None
    book: TagBook = field(init=False)
    _uses: tuple[Use, ...] = field(init=False)
    _profiles: Profiles | None = field(default=None, init=False)
    _translator: Translator = field(init=False)
    _place: tuple[int, int] = field(default=(0, 0), init=False)
    _fitted_at: dt.datetime | None = field(default=None, init=False)
    _saved_at: dt.datetime | None = field(default=None, init=False)
    _unsaved: int = field(default=0, init=False)  # facts that no snapshot knows
    _seen: dict[str, dt.datetime] = field(
        default_factory=dict, init=False
    )  # customer → when its newest fact was recorded

    def __post_init__(self) -> None:
        whole = read_tags()
        self._uses = read_uses(whole)
        self.book = keep_used(whole, self._uses)
        self._translator = Translator(self.dictionary)

    def follow(self, conn: psycopg.Connection, *, now: dt.datetime) -> ProfileReport:
        """One pass: hear what was booked, write whoever it is about, tell old profiles anew, forget who has left."""
        report = ProfileReport()
        told = run_unit(conn, store.read_place)
        if self._profiles is None:
            self._profiles, self._saved_at = self._begin(conn, told), now
        profiles = self._profiles
        touched: dict[str, dt.datetime] = {}
        for _ in range(PAGES_MAX):
            page = run_unit(conn, lambda c: read_final_page(c, after=self._place, limit=PAGE))
            if not len(page):
                break
            self._hear(conn, profiles, page, told, touched, report)
            report.is_behind = len(page) == PAGE
        if self._seen and (self._fitted_at is None or now - self._fitted_at >= REFIT) and not report.is_behind:
            self._fit(profiles, now)
        if self._place > told:
            report.written, report.lag_s = self._write(conn, profiles, touched, now)
            run_unit(conn, lambda c: store.write_place(c, self._place))
        if not report.is_behind:
            self._renew(conn, profiles, now, report)
        self._keep(conn, profiles, now, report)
        return report

    def _begin(self, conn: psycopg.Connection, told: tuple[int, int]) -> Profiles:
        """As the newest snapshot has it, else with empty windows."""
        found = None if self.folder is None else read_snapshot(self.folder, conn, self.dictionary, self.book, told=told)
        if found is None:
            unknown = dict.fromkeys(_asked(self.book), float("nan"))
            return Profiles(self.dictionary, FittedTags(self.book, unknown, 0), capacity=self.capacity)
        profiles, known = found
        self._place = known.place
        self._fitted_at = from_micros(known.fitted_us) if known.fitted_us else None
        self._seen = {name: from_micros(at) for name, at in known.seen_us.items()}
        self._translator = Translator(
            self.dictionary, dict(known.customers), dict(known.scenes), dict(known.limits), known.last_us
        )
        return profiles

    def _hear(
        self, conn: psycopg.Connection, profiles: Profiles, page: FactColumns, told: tuple[int, int],
        touched: dict[str, dt.datetime], report: ProfileReport,
    ) -> None:  # fmt: skip
        events, customers, recorded = run_unit(conn, lambda c: self._translator.translate(c, page))
        profiles.feed(events)
        heard = {name: from_micros(int(at)) for name, at in zip(customers, recorded.tolist(), strict=True)}
        self._seen |= heard
        place = int(page.txid[-1]), int(page.fact_id[-1])
        if place > told:  # what was written before a restart is fed again and not written again
            touched |= heard
        self._place = place
        self._unsaved += len(page)
        report.facts += len(page)
        report.events += len(events)

    def _fit(self, profiles: Profiles, now: dt.datetime) -> None:
        """The quantiles that rules compare with, of the customers that were heard of."""
        names = sorted(self._seen)
        step = -(-len(names) // FITTED_ON)
        at_us = self._moment(now)
        values = profiles.values(keys_of_texts(names[::step]), at_us)
        profiles.fitted = FittedTags(self.book, cut_quantiles(self.book, values), at_us)
        self._fitted_at = now

    def _moment(self, now: dt.datetime) -> int:
        return max(to_micros(now), self._translator.last_us)

    def _write(
        self, conn: psycopg.Connection, profiles: Profiles, heard: Mapping[str, dt.datetime], now: dt.datetime
    ) -> tuple[int, float]:
        """(profiles written, seconds of the slowest); who may have none is erased instead."""
        names, at_us = sorted(heard), self._moment(now)
        written, slowest = 0, -1.0
        for start in range(0, len(names), ASKED_AT_ONCE):
            part = names[start : start + ASKED_AT_ONCE]
            found = dict(zip(part, profiles.profiles(keys_of_texts(part), at_us), strict=True))
            count, lag = run_unit(conn, lambda c, found=found: self._save(c, found, heard))  # type: ignore[misc]
            written, slowest = written + count, max(slowest, lag)
        return written, slowest

    def _save(
        self, conn: psycopg.Connection, found: Mapping[str, Profile], heard: Mapping[str, dt.datetime]
    ) -> tuple[int, float]:
        store.lock_profiles(
            conn, alone=False
        )  # before anything is asked: who leaves meanwhile waits, or is seen to have left
        allowed = self.allowed(conn, list(found))
        struck = set(store.list_refused(conn, list(found)))
        store.erase_profiles(conn, sorted(found.keys() - allowed.keys()))
        rows = []
        for name, uses in allowed.items():
            one = found[name]
            tags = [
                tag for tag in one.tags if (name, tag) not in struck and is_allowed(self.book, self._uses, tag, uses)
            ]
            evidence = {tag: one.evidence[tag] for tag in tags}
            rows.append((name, tags, evidence, from_micros(one.as_of_us), heard[name]))
        store.write_profiles(conn, rows)
        return len(rows), store.measure_lag(conn, list(allowed))

    def _renew(self, conn: psycopg.Connection, profiles: Profiles, now: dt.datetime, report: ProfileReport) -> None:
        """Profiles that were told a day ago, and those of people who may not be kept any more."""
        old = run_unit(
            conn, lambda c: store.list_old(c, before=from_micros(self._moment(now)) - STALE, limit=STALE_AT_ONCE)
        )
        if old:
            report.renewed, _ = self._write(conn, profiles, dict(old), now)
            report.erased += len(old) - report.renewed

    def _keep(self, conn: psycopg.Connection, profiles: Profiles, now: dt.datetime, report: ProfileReport) -> None:
        """A snapshot when it is time, and forget who has left: in memory, in all snapshots, at last in the notes of leavers."""
        leavers = run_unit(conn, store.list_leavers)
        self._forget(profiles, leavers)
        if self.folder is not None:
            assert self._saved_at is not None, "the first pass has begun"
            is_old = self._unsaved > 0 and now - self._saved_at >= SAVED_EVERY
            if leavers:
                shutil.rmtree(self.folder, ignore_errors=True)
            if (leavers or is_old or self._unsaved >= SAVED_AFTER) and self._place > (0, 0):
                self.save(conn, now=now)
        if leavers:
            run_unit(conn, lambda c: store.delete_leavers(c, leavers))
        report.forgotten = len(leavers)

    def save(self, conn: psycopg.Connection, *, now: dt.datetime) -> None:
        """A snapshot after a pass: without those who may not be kept, whom a process that was not told of a leaving would else revive."""
        profiles, folder = self._profiles, self.folder
        assert profiles is not None, "a pass has begun"
        assert folder is not None, "a folder was given"
        names = sorted(self._seen.keys() | set(self._translator.customers.values()))
        for start in range(0, len(names), ASKED_AT_ONCE):
            part = names[start : start + ASKED_AT_ONCE]
            allowed = run_unit(conn, lambda c, part=part: self.allowed(c, part))  # type: ignore[misc]
            self._forget(profiles, [name for name in part if name not in allowed])
        known = self._translator
        write_snapshot(folder, profiles, Remembered(
            self._place, known.last_us, to_micros(self._fitted_at) if self._fitted_at else 0, known.customers, known.scenes, known.limits,
            {name: to_micros(at) for name, at in self._seen.items()},
        ))  # fmt: skip
        self._saved_at, self._unsaved = now, 0

    def _forget(self, profiles: Profiles, names: Sequence[str]) -> None:
        if names:
            profiles.forget(keys_of_texts(list(names)))
            self._translator.forget(names)
            for name in names:
                self._seen.pop(name, None)


def _asked(book: TagBook) -> list[tuple[str, float]]:
    return [pair for tag in book.tags for pair in tag.rule.quantiles]


__all__ = ["ProfileFollower", "ProfileReport"]
