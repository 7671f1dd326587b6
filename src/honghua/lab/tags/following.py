"""Profiles that follow the platform's own facts: read behind a cursor, written within the same pass (R-271).

The windows live in memory and are filled from the beginning of the facts when a process starts; what is written stands in the database,
with the place up to which it knows. A pass that died is repeated and writes the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import psycopg

from honghua.base.clock import from_micros, to_micros
from honghua.features.core import keys_of_texts
from honghua.lab.factory.dictionary import Dictionary
from honghua.lab.tags import store
from honghua.lab.tags.book import TagBook, read_tags
from honghua.lab.tags.fitting import FittedTags, cut_quantiles
from honghua.lab.tags.profiles import Profile, Profiles
from honghua.lab.tags.store import ProfileRow
from honghua.lab.tags.translating import Translator
from honghua.lab.tags.uses import Use, keep_used, read_uses
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
Allowed = Callable[[psycopg.Connection, Sequence[str]], Mapping[str, frozenset[str]]]


@dataclass(slots=True)
class ProfileReport:
    """What a pass did. lag_s: of the slowest profile, from the recording of its newest fact to its writing; −1 where none was written."""

    facts: int = 0
    events: int = 0
    written: int = 0
    renewed: int = 0
    erased: int = 0
    is_behind: bool = False
    lag_s: float = -1.0


def allow_all(_conn: psycopg.Connection, customers: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Every declared use for everybody: for books whose customers nobody registered."""
    uses = frozenset(use.name for use in read_uses(read_tags()))
    return dict.fromkeys(customers, uses)


@dataclass(slots=True)
class ProfileFollower:
    """One process's followed profiles. allowed: of some customers each one's uses by law and consent now; who is absent has no profile."""

    dictionary: Dictionary
    allowed: Allowed = allow_all
    capacity: int = CAPACITY
    book: TagBook = field(init=False)
    _uses: tuple[Use, ...] = field(init=False)
    _profiles: Profiles | None = field(default=None, init=False)
    _translator: Translator = field(init=False)
    _place: tuple[int, int] = field(default=(0, 0), init=False)
    _fitted_at: dt.datetime | None = field(default=None, init=False)
    _seen: dict[str, dt.datetime] = field(
        default_factory=dict, init=False
    )  # customer → when its newest fact was recorded

    def __post_init__(self) -> None:
        whole = read_tags()
        self._uses = read_uses(whole)
        self.book = keep_used(whole, self._uses)
        self._translator = Translator(self.dictionary)

    def follow(self, conn: psycopg.Connection, *, now: dt.datetime) -> ProfileReport:
        """One pass: hear what was booked, write whoever it is about, tell old profiles anew."""
        report = ProfileReport()
        profiles = self._profiles or Profiles(
            self.dictionary, FittedTags(self.book, dict.fromkeys(_asked(self.book), float("nan")), 0), capacity=self.capacity
        )  # fmt: skip
        self._profiles = profiles
        told = run_unit(conn, store.read_place)
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
        return report

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
        allowed = self.allowed(conn, list(found))
        store.erase_profiles(conn, sorted(found.keys() - allowed.keys()))
        rows = []
        for name, uses in allowed.items():
            one = found[name]
            tags = [tag for tag in one.tags if is_allowed(self.book, self._uses, tag, uses)]
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


def is_allowed(book: TagBook, uses: Sequence[Use], name: str, allowed: frozenset[str]) -> bool:
    """Whether a tag may be told for one of the uses that are allowed of a customer."""
    tag = book.find(name)
    return tag is not None and any(use.name in allowed and use.needs(tag) for use in uses)


def read_profile(conn: psycopg.Connection, customer: str, *, allowed: Allowed = allow_all) -> ProfileRow | None:
    """A customer's profile as far as law and consent allow it at this moment; None = none is kept, or none may be told."""
    row, now_allowed = store.find_profile(conn, customer), allowed(conn, [customer]).get(customer)
    if row is None or now_allowed is None:
        return None
    book = read_tags()
    uses = read_uses(book)
    tags = [tag for tag in row.tags if is_allowed(book, uses, tag, now_allowed)]
    return replace(row, tags=tags, evidence={tag: row.evidence[tag] for tag in tags})


def _asked(book: TagBook) -> list[tuple[str, float]]:
    return [pair for tag in book.tags for pair in tag.rule.quantiles]


__all__ = ["Allowed", "ProfileFollower", "ProfileReport", "allow_all", "read_profile"]
