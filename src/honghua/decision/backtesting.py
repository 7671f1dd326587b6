"""Backtests run: parts of the history judged on threads, or read out of the records of this database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros
from honghua.base.errors import BadInput
from honghua.decision import lists, store_control, store_judged
from honghua.decision.core.backtest import Part, Tally, empty_tally, tally_part
from honghua.decision.core.compile import Bundle
from honghua.decision.core.experiment import HOLDOUT
from honghua.decision.core.freezing import thaw
from honghua.decision.core.listing import ListBook
from honghua.decision.core.records import Ints, Layout
from honghua.decision.core.slots.placing import CREDIT_INPUT
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX
from honghua.decision.slots.kept import SlotModel, get_slot_model
from honghua.decision.store_judged import JudgedPage, Regime
from honghua.features.core import ENTITIES

THREADS: Final = 2
AHEAD: Final = 2  # parts waiting per thread: memory is bounded
SEGMENTS_MAX: Final = 1_000
BOOKS_KEPT: Final = 4  # contents of the lists in memory at a time
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Segments:
    """A split of recorded decisions: by `release`, by `month`, or by a column of the inputs or of the event. `names` grow as met."""

    by: str = ""
    names: list[str] = field(default_factory=list)
    _places: dict[object, int] = field(default_factory=dict)

    def numbers(self, values: Sequence[object]) -> Ints:
        """The numbers of these values; BadInput when there are too many different ones."""
        for value in values:
            if value not in self._places:
                self._places[value] = len(self.names)
                self.names.append(str(value))
        if len(self.names) > SEGMENTS_MAX:
            raise BadInput(f"{self.by} has more than {SEGMENTS_MAX:,} values", code="TOO_MANY_SEGMENTS")
        return np.array([self._places[value] for value in values], np.int64)


def run_backtest(
    bundle: Bundle,
    parts: Iterable[Part],
    *,
    segments: int = 1,
    off: NDArray[np.uint8] | None = None,
    threads: int = THREADS,
) -> Tally:
    """Judge parts in the order in which they come; the tally does not depend on the number of threads."""
    tally = empty_tally(bundle, segments=segments)
    running: deque[Future[Tally]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for part in parts:
            running.append(pool.submit(tally_part, bundle, part, off=off, segments=segments))
            if len(running) >= threads * AHEAD:
                tally = tally.plus(running.popleft().result())
        while running:
            tally = tally.plus(running.popleft().result())
    return tally


def read_recorded_parts(
    conn: psycopg.Connection, bundle: Bundle, *, loss_input: str = "", segments: Segments | None = None
) -> Iterator[Part]:
    """Every judgement of this database as it was: inputs by name (missing where a record has none), outcome, amount.

    Lists and arms that nobody asked for then are looked up as they stood then, and the slot `credit` says what the bundle's own model
    says of what was sensed then. Examples are named by decision id.
    loss_input: the input whose value is the chance of loss. BadInput when no record has an input that is wanted.
    """
    reader = _Reader(conn, bundle, loss_input, segments or Segments())
    for page in store_judged.iterate_pages(conn, ids=None, sample=None):
        for number in np.unique(page.regime_id).tolist():
            rows = np.flatnonzero(page.regime_id == number).astype(np.int64)
            yield reader.part(page, rows, number)


class _Reader:
    """Records into parts, one regime at a time."""

    def __init__(self, conn: psycopg.Connection, bundle: Bundle, loss_input: str, segments: Segments) -> None:
        self.conn, self.bundle, self.loss_input, self.segments = conn, bundle, loss_input, segments
        self.layouts, self.regimes = store_judged.list_layouts(conn), store_judged.list_regimes(conn)
        self.arms = {name: number for number, (name, _) in store_control.name_experiments(conn).items()}
        self.books: dict[bytes, ListBook] = {}
        self.slot: SlotModel | None = get_slot_model(conn, bundle.credit_digest) if bundle.credit_digest else None
        self._check()

    def _check(self) -> None:
        known = {name for layout in self.layouts.values() for name in layout.inputs}
        wanted = [
            n for n in self.bundle.inputs_read if not n.startswith((LIST_PREFIX, ARM_PREFIX)) and n != CREDIT_INPUT
        ]
        unknown = [name for name in (*wanted, *([self.loss_input] if self.loss_input else [])) if name not in known]
        if self.layouts and unknown:
            raise BadInput(
                f"no record has {', '.join(unknown)}: these decisions cannot be judged by this policy", code="INPUT_ABSENT"
            )  # fmt: skip
        events = {name for layout in self.layouts.values() for name in layout.events}
        by = self.segments.by
        if self.layouts and by and by not in {"release", "month", *known, *events}:
            raise BadInput(
                f"no record has {by}; segments are by release, month, an input or an entity", code="INPUT_ABSENT"
            )

    def part(self, page: JudgedPage, rows: Ints, number: int) -> Part:
        """Some rows of a page, all of one regime."""
        regime = self.regimes[number]
        layout = self.layouts[regime.layout_id]
        inputs, signals = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
        events = _events_of(page, rows, layout)
        vectors = np.full((len(rows), len(self.bundle.vocabulary)), np.nan)
        for place, name in enumerate(self.bundle.inputs):
            if name == CREDIT_INPUT:
                vectors[:, place] = self._chances(inputs, signals, layout)
            elif name in layout.inputs:
                vectors[:, place] = inputs[:, layout.inputs.index(name)]
            elif name.startswith(LIST_PREFIX):
                vectors[:, place] = self._flags(
                    name.removeprefix(LIST_PREFIX), events, layout, regime, page.at_us[rows]
                )
            elif name.startswith(ARM_PREFIX):
                vectors[:, place] = self._arms(name.removeprefix(ARM_PREFIX), page, rows, regime)
        chance = inputs[:, layout.inputs.index(self.loss_input)] if self.loss_input in layout.inputs else None
        return Part(
            0, vectors, page.outcome[rows].astype(np.int64), page.amount_minor[rows],
            None if chance is None else np.ascontiguousarray(chance), self._split(page, rows, layout, inputs, events),
            ids=page.decision_id[rows],
        )  # fmt: skip

    def _chances(self, inputs: Floats, signals: NDArray[np.float32], layout: Layout) -> Floats:
        """What the bundle's credit model says of them; missing where they lack what it reads."""
        names = layout.inputs if CREDIT_INPUT in layout.inputs else (*layout.inputs, CREDIT_INPUT)
        placed = None if self.slot is None else self.slot.place(names, layout.signals)
        return np.full(len(inputs), np.nan) if placed is None else placed.score(placed.rows(inputs, signals))

    def _flags(self, name: str, events: Ints, layout: Layout, regime: Regime, at_us: Ints) -> Floats:
        """Who stood on a list then, though nobody asked."""
        if regime.lists_digest not in self.books:
            if len(self.books) >= BOOKS_KEPT:
                del self.books[next(iter(self.books))]
            self.books[regime.lists_digest] = lists.load_book(self.conn, until_change=regime.change_id)
        columns: dict[str, int] = {
            entity: layout.events.index(entity) for entity in ENTITIES if entity in layout.events
        }
        return self.books[regime.lists_digest].flags([name], columns, events, at_us=at_us)[:, 0]

    def _arms(self, name: str, page: JudgedPage, rows: Ints, regime: Regime) -> Floats:
        """Arms are recorded for every experiment that ran, read or not; before and after it, everybody is held out."""
        number = self.arms.get(name)
        if number not in regime.experiments:
            return np.full(len(rows), float(HOLDOUT))
        place = regime.experiments.index(number)
        return np.array([page.arms[i][place] for i in rows.tolist()], np.float64)

    def _split(self, page: JudgedPage, rows: Ints, layout: Layout, inputs: Floats, events: Ints) -> Ints | None:
        by = self.segments.by
        if not by:
            return None
        if by == "release":
            return self.segments.numbers(page.bundle_id[rows].tolist())
        if by == "month":
            return self.segments.numbers([f"{from_micros(at):%Y-%m}" for at in page.at_us[rows].tolist()])
        if by in layout.inputs:
            return self.segments.numbers([f"{v:g}" for v in inputs[:, layout.inputs.index(by)].tolist()])
        if by in layout.events:
            return self.segments.numbers(events[:, layout.events.index(by)].tolist())
        return self.segments.numbers(["none"] * len(rows))


def _events_of(page: JudgedPage, rows: Ints, layout: Layout) -> Ints:
    """int64[n, C] of some rows; IntegrityBroken is left to `decision replay`: a row that is too short is empty here."""
    flat, offsets = page.event
    events = np.zeros((len(rows), len(layout.events)), np.int64)
    for k, row in enumerate(rows.tolist()):
        found = flat[offsets[row] : offsets[row + 1]]
        if len(found) == events.shape[1]:
            events[k] = found
    return events
