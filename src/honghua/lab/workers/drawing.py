"""Rows and their outcomes out of a stream: who is asked about at a time, what they owe, and what became of them afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.features.core import ABSENT, MISSING
from honghua.lab.factory.api import Rows, Stream
from honghua.lab.workers.question import Among, Question

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Rows by time, then by customer. bad: −1 where the outcome is not known yet; owed_minor ≥ 1; part: 0 to learn from, 1 later rows
    that are looked at once, 2 today's, without an outcome."""

    customer: Ints
    as_of_us: Ints
    bad: NDArray[np.int8]
    owed_minor: Ints
    part: NDArray[np.int8]

    def rows(self, part: int) -> Rows:
        """The rows of a part, as the factory takes them."""
        chosen = self.part == part
        return Rows({"customer": self.customer[chosen]}, self.as_of_us[chosen])


def list_dates(stream: Stream, question: Question) -> list[int]:
    """Times of the rows, the last one today (the stream's last event); the one before is the last whose outcome is known."""
    last = stream.last_us
    newest = last - question.target.within_days * DAY_US
    first = stream.first_us + question.rows.warm_up_days * DAY_US
    step = question.rows.every_days * DAY_US
    dates = [newest - k * step for k in range(question.rows.snapshots_max) if newest - k * step >= first]
    if len(dates) < 2:
        days = (last - stream.first_us) / DAY_US
        raise BadInput(
            f"{days:.0f} days of events are too few: two dates with a known outcome are needed", code="TOO_FEW_DAYS"
        )
    return [*reversed(dates), last]


def draw_rows(stream: Stream, question: Question) -> Drawn:
    """Everybody who is asked about, at every date, with what became of them."""
    dates = list_dates(stream, question)
    parts = []
    for number, at_us in enumerate(dates):
        who = find_active(stream, question.among, at_us)
        is_today = number == len(dates) - 1
        bad = np.full(len(who), -1, np.int8) if is_today else find_bad(stream, question, who, at_us)
        part = 2 if is_today else int(number == len(dates) - 2)
        owed = np.ones(len(who), np.int64) if question.exposure is None else find_owed(stream, question, who, at_us)
        parts.append(Drawn(who, np.full(len(who), at_us, np.int64), bad, owed, np.full(len(who), part, np.int8)))
    return Drawn(*(np.concatenate([getattr(one, name) for one in parts]) for name in Drawn.__slots__))


def find_active(stream: Stream, among: Among, at_us: int) -> Ints:
    """Keys of customers with such an event in the days up to a time, rising."""
    span = _span(stream, at_us - among.within_days * DAY_US, at_us)
    chosen = stream.columns["kind"][span] == _kind(stream, among.table)
    for name, value in among.where.items():
        chosen &= stream.columns[name][span] == value
    keys = np.unique(stream.columns["customer"][span][chosen])
    known: Ints = keys[keys != ABSENT]
    return known


def find_bad(stream: Stream, question: Question, who: Ints, at_us: int) -> NDArray[np.int8]:
    """int8[n]: what became of these customers in the days after a time."""
    target = question.target
    span = _span(stream, at_us, at_us + target.within_days * DAY_US)
    chosen = stream.columns["kind"][span] == _kind(stream, target.table)
    happened = np.isin(who, np.unique(stream.columns["customer"][span][chosen]))
    bad: NDArray[np.int8] = (happened if target.bad_when == "happens" else ~happened).astype(np.int8)
    return bad


def find_owed(stream: Stream, question: Question, who: Ints, at_us: int) -> Ints:
    """int64[n], ≥ 1: limit less available by each customer's last event up to a time that tells both."""
    assert question.exposure is not None
    end = int(np.searchsorted(stream.columns["at_us"], at_us, side="right"))
    limit = stream.columns[question.exposure.limit][:end]
    available = stream.columns[question.exposure.available][:end]
    told = np.flatnonzero((limit != MISSING) & (available != MISSING))
    customer = stream.columns["customer"][told]
    order = np.argsort(customer, kind="stable")
    stop = np.searchsorted(customer[order], who, side="right")
    found = np.ones(len(who), np.int64)
    some = (stop > 0) & (customer[order][np.maximum(stop - 1, 0)] == who)
    last = told[order[stop[some] - 1]]
    found[some] = np.maximum(limit[last] - available[last], 1)
    return found


def _span(stream: Stream, after_us: int, until_us: int) -> slice:
    begin, end = np.searchsorted(stream.columns["at_us"], [after_us, until_us], side="right").tolist()
    return slice(begin, end)


def _kind(stream: Stream, table: str) -> int:
    found = stream.dictionary.table(table)
    if found is None:
        raise BadInput(f"the dictionary has no table {table!r}", code="BAD_QUESTION")
    return found.kind


__all__ = ["Drawn", "draw_rows", "find_active", "find_bad", "find_owed", "list_dates"]
