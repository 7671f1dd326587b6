"""The events of a table and the labels as they arrive, in one order of time, made block by block: never the whole twice in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.tables.table import EventTable
from honghua.features.core import EventKind
from honghua.fraud.api import RiskSensor
from honghua.fraud.core import Value

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
BLOCK: Final = 32_768
SCORED: Final = (int(EventKind.PURCHASE), int(EventKind.TRANSFER))


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Labels of rows before the table's first that are still to arrive: events int64[w, C], labels int8[w], arrives_us int64[w]."""

    events: Ints
    labels: NDArray[np.integer[Any]]
    arrives_us: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What happened and what became known: place int64[m] of each in `order`; a place below n is an event, above a label.

    A label that arrives at the time of an event comes after it: only strictly later events know it. Labels of one time: in order of rows.
    """

    events: Ints
    waiting: Waiting
    labels: NDArray[np.integer[Any]]
    arrives_us: Ints
    about: Ints
    order: Ints

    @classmethod
    def of(
        cls, events: Ints, labels: NDArray[np.integer[Any]], arrives_us: Ints, *, waiting: Waiting | None = None
    ) -> Stream:
        """events int64[n, C] in order of time; labels int[n]: 1 fraud, 0 clear, else unknown; arrives_us int64[n]."""
        waiting = waiting or Waiting(events[:0], labels[:0], arrives_us[:0])
        about = np.flatnonzero((labels == 0) | (labels == 1))
        before = waiting.events[:, 0]
        at_us = np.concatenate([
            events[:, 0], np.maximum(waiting.arrives_us, before), np.maximum(arrives_us[about], events[about, 0]),
        ])  # fmt: skip
        late = np.ones(len(at_us), np.int8)
        late[: len(events)] = 0
        return cls(events, waiting, labels, arrives_us, about, np.lexsort((late, at_us)))

    def __len__(self) -> int:
        return len(self.order)

    def blocks(self) -> Iterator[tuple[Ints, Ints]]:
        """Rows to sense int64[b, C] and for each its row of the events, −1 for a label."""
        n, w = len(self.events), len(self.waiting.events)
        for start in range(0, len(self.order), BLOCK):
            place = self.order[start : start + BLOCK]
            rows = np.empty((len(place), self.events.shape[1]), np.int64)
            happened, early, told = place < n, (place >= n) & (place < n + w), place >= n + w
            rows[happened] = self.events[place[happened]]
            rows[early] = label_rows(
                self.waiting.events, self.waiting.labels, self.waiting.arrives_us, place[early] - n
            )
            rows[told] = label_rows(self.events, self.labels, self.arrives_us, self.about[place[told] - n - w])
            yield rows, np.where(happened, place, -1)


def label_rows(events: Ints, labels: NDArray[np.integer[Any]], arrives_us: Ints, about: Ints) -> Ints:
    """The labels of these rows as events of their own."""
    rows: Ints = events[about]
    rows[:, 1] = np.where(labels[about] == 1, int(EventKind.FRAUD_REPORTED), int(EventKind.CLEARED))
    rows[:, 3] = events[about, 0]
    rows[:, 0] = np.maximum(arrives_us[about], events[about, 0])
    return rows


def described(sensor: RiskSensor, table: EventTable) -> tuple[Value, ...]:
    """What a row of values consists of: what is sensed, then the event's own further columns."""
    return (*sensor.values, *(extra.value for extra in table.spec.extras))


def sense_blocks(sensor: RiskSensor, stream: Stream, extras: Floats) -> Iterator[tuple[Floats, Ints]]:
    """Values float32[b, V + E] of the events (not of the labels) of each block, and their rows."""
    for rows, source in stream.blocks():
        sensed = sensor.sense(rows)
        is_event = source >= 0
        place = source[is_event]
        values = np.empty((len(place), sensed.shape[1] + extras.shape[1]), np.float32)
        values[:, : sensed.shape[1]] = sensed[is_event]
        values[:, sensed.shape[1] :] = extras[place]
        values[~np.isin(rows[is_event, 1], SCORED), sensed.shape[1] :] = np.nan
        yield values, place


__all__ = ["SCORED", "Stream", "Waiting", "described", "sense_blocks"]
