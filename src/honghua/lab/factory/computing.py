"""Compute variables at rows: only those that are asked for, only from the events that their keys have.

How: variables are sorted by key and table; the events of the asked keys are laid side by side once; then each set of filters is one pass
that tells all aggregates over all windows (`kernels.fold`). Quotients divide what was computed, as the online store does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.features.core import ABSENT, MISSING, Condition, parse_span
from honghua.lab.factory import kernels as k
from honghua.lab.factory.dictionary import Filter, Table
from honghua.lab.factory.grammar import Factory, Measure, Quotient, Variable, measures_of
from honghua.lab.factory.rows import Rows
from honghua.lab.factory.stream import Stream

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Values = NDArray[np.float32]
THREADS: Final = 2
PLACE_OF: Final = {
    "count": k.COUNT, "sum": k.TOTAL, "mean": k.MEAN, "max": k.MOST, "min": k.LEAST_OF, "std": k.SPREAD, "distinct": k.DIFFERENT,
    "entropy": k.VARIETY, "last": k.LATEST, "since": k.SINCE, "first_seen": k.FIRST,
}  # fmt: skip
NONE_BEGINS: Final = -1
ALIKE_SHARE: Final = 0.5


def compute(stream: Stream, names: Sequence[str], rows: Rows, *, threads: int = THREADS) -> Values:
    """float32[n, V]: each variable at each row, by what was known then; NaN = nothing known, or the row has no such key.

    The same bits as `FeatureStore` over the same events. Memory: 4 bytes a value, and the events of the rows' keys once.
    BadInput for a name that the dictionary does not make, or whose key no row has.
    """
    factory = Factory(stream.dictionary)
    chosen = [factory.find(name) for name in names]
    return Computer(stream, rows, threads=threads).values(chosen).T


class Computer:
    """The events of some rows' keys, laid out once, and computed from as often as asked."""

    def __init__(self, stream: Stream, rows: Rows, *, threads: int = THREADS) -> None:
        self.stream, self.rows, self.threads = stream, rows, threads
        self.bound = rows.bounds(stream)
        self.computed = 0
        self._laid: dict[tuple[tuple[str, ...], str], _Laid] = {}

    def values(self, variables: Sequence[Variable]) -> Values:
        """float32[V, n]: a row of the array per variable."""
        wanted: dict[Measure, int] = {}
        for one in variables:
            for measure in measures_of(one):
                wanted.setdefault(measure, len(wanted))
        plain = all(isinstance(one, Measure) for one in variables) and len(wanted) == len(variables)
        measured = np.empty((len(wanted), len(self.rows)), np.float32)
        self._measure(wanted, measured)
        self.computed += (len(wanted) + sum(isinstance(one, Quotient) for one in variables)) * len(self.rows)
        if plain:
            return measured
        out = np.empty((len(variables), len(self.rows)), np.float32)
        for place, one in enumerate(variables):
            out[place] = (
                divide(measured[wanted[one.over]], measured[wanted[one.under]])
                if isinstance(one, Quotient)
                else measured[wanted[one]]
            )
        return out

    def _measure(self, wanted: dict[Measure, int], out: Values) -> None:
        jobs: dict[tuple[tuple[str, ...], str, tuple[str, ...]], list[tuple[Measure, int]]] = {}
        for measure, place in wanted.items():
            jobs.setdefault((measure.key, measure.table, measure.filters), []).append((measure, place))
        for key, table in {(key, table) for key, table, _ in jobs}:
            if (key, table) not in self._laid:
                self._laid[key, table] = self._lay(key, table)
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(lambda job: self._fold(job[0], job[1], out), jobs.items()):
                pass

    def _fold(
        self, of: tuple[tuple[str, ...], str, tuple[str, ...]], members: list[tuple[Measure, int]], out: Values
    ) -> None:
        laid = self._laid[of[:2]]
        if laid.alike is None:
            self._fold_into(laid, of[2], members, out)
            return
        once = np.empty((len(members), len(laid.as_of)), np.float32)
        self._fold_into(laid, of[2], [(measure, place) for place, (measure, _) in enumerate(members)], once)
        for (_, place), values in zip(members, once, strict=True):
            out[place] = values[laid.alike]

    def _fold_into(
        self, laid: _Laid, filters: tuple[str, ...], members: list[tuple[Measure, int]], out: Values
    ) -> None:
        places, begin, end = laid.filtered(filters)
        at, as_of = laid.at[places], laid.as_of
        values: dict[str, list[tuple[Measure, int]]] = {}
        for measure, place in members:
            values.setdefault(measure.value, []).append((measure, place))
        for value, some in values.items():
            spans = sorted({_span(measure.window) for measure, _ in some}, key=_length)
            _check_spans(spans)
            asked = np.full((len(spans), k.AGGREGATES), -1, np.int32)
            for measure, place in some:
                asked[spans.index(_span(measure.window)), PLACE_OF[measure.aggregate]] = place
            hops, tiles = np.array(spans, np.int64).T.copy()
            if not value and (asked[:, 1:] < 0).all():
                k.fold_counts(at, begin, end, as_of, hops, tiles, np.ascontiguousarray(asked[:, k.COUNT]), out)
            elif not value:
                k.fold(at, at, begin, end, as_of, hops, tiles, asked, out)
            else:
                taking, numbers, first, last = laid.of_value(value, places, begin, end)
                k.fold(at[taking], numbers, first, last, as_of, hops, tiles, asked, out)

    def _lay(self, key: tuple[str, ...], name: str) -> _Laid:
        table = self.stream.dictionary.table(name)
        assert table is not None, "a measure of the grammar"
        missing = [entity for entity in key if entity not in self.rows.keys]
        if missing:
            raise BadInput(f"the rows name no {', '.join(missing)}", code="NO_KEYS")
        columns = self.stream.columns
        asked, slot = _distinct([self.rows.keys[entity] for entity in key])
        mine = np.flatnonzero(columns["kind"] == table.kind)
        owner = _find(asked, [columns[entity][mine] for entity in key])
        mine, owner = mine[owner >= 0], owner[owner >= 0]
        order = np.argsort(owner, kind="stable")
        seq, owner = mine[order], owner[order]
        begin = np.searchsorted(owner, slot, side="left").astype(np.int64)
        stop = np.searchsorted(owner, slot, side="right").astype(np.int64)
        end = np.zeros(len(slot), np.int64)
        k.find_ends(seq, begin, stop, self.bound, end)
        begin[slot < 0] = NONE_BEGINS
        end[slot < 0] = NONE_BEGINS
        as_of = self.rows.as_of_us
        once, alike = np.unique(np.stack([begin, end, as_of], axis=1), axis=0, return_inverse=True)
        if len(once) > len(slot) * ALIKE_SHARE:
            return _Laid(self.stream, table, seq, begin, end, as_of, None)
        begin, end, as_of = once.T.copy()
        return _Laid(self.stream, table, seq, begin, end, as_of, alike.reshape(-1))


@dataclass(slots=True)
class _Laid:
    """The events of one table whose key some row has, a key's side by side; begin, end: of each row, what it may see (−1 = no key).

    alike: where many rows ask for the same (people of one district on one day), each such row is folded once, and this says which is
    whose; None where hardly any are alike.
    """

    stream: Stream
    table: Table
    seq: Ints
    begin: Ints
    end: Ints
    as_of: Ints
    alike: Ints | None
    columns: dict[str, Ints] = field(default_factory=dict)
    masks: dict[str, Flags] = field(default_factory=dict)

    @property
    def at(self) -> Ints:
        """When each became known."""
        return self.column("at_us")

    def column(self, name: str) -> Ints:
        """A column of the stream at these events."""
        if name not in self.columns:
            self.columns[name] = self.stream.columns[name][self.seq]
        return self.columns[name]

    def mask(self, one: Filter) -> Flags:
        """Which events a filter lets in."""
        if one.name not in self.masks:
            found = np.ones(len(self.seq), np.bool_)
            for condition in one.where:
                found &= holds(self.column(condition[0]), condition)
            self.masks[one.name] = found
        return self.masks[one.name]

    def filtered(self, names: tuple[str, ...]) -> tuple[Ints | slice, Ints, Ints]:
        """(which events all filters let in, begin, end among these)."""
        if not names:
            return slice(None), self.begin, self.end
        mask: Flags | None = None
        for name in names:
            one = self.table.filter(name)
            assert one is not None, "a measure of the grammar"
            mask = self.mask(one) if mask is None else mask & self.mask(one)
        assert mask is not None
        return np.flatnonzero(mask), *_shift(mask, self.begin, self.end)

    def of_value(
        self, value: str, places: Ints | slice, begin: Ints, end: Ints
    ) -> tuple[Ints | slice, Ints, Ints, Ints]:
        """(which of `places` know the value, the values, begin, end among these)."""
        number = self.table.number(value)
        numbers = self.column(number.slot if number else value)[places]
        known = numbers != (MISSING if number else ABSENT)
        if known.all():
            return slice(None), numbers, begin, end
        return np.flatnonzero(known), numbers[known], *_shift(known, begin, end)


def holds(values: Ints, condition: Condition) -> Flags:
    """bool[n]: where a condition of the language holds; a missing number fails all."""
    _, op, wanted = condition
    match op:
        case "==":
            found = values == wanted
        case "!=":
            found = values != wanted
        case "<":
            found = values < wanted
        case "<=":
            found = values <= wanted
        case ">":
            found = values > wanted
        case ">=":
            found = values >= wanted
        case _:
            found = values % wanted == 0
    return np.asarray(found & (values != MISSING), np.bool_)


def divide(over: Values, under: Values) -> Values:
    """float32[n]: NaN where the divisor is 0 or either is missing; in float64, as the online store divides."""
    below = under.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(below != 0.0, over.astype(np.float64) / below, np.nan).astype(np.float32)


def _shift(mask: Flags, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Places of rows among the events that a mask leaves; −1 stays."""
    before = np.zeros(len(mask) + 1, np.int64)
    np.cumsum(mask, out=before[1:])
    none = begin < 0
    return np.where(none, NONE_BEGINS, before[np.maximum(begin, 0)]), np.where(
        none, NONE_BEGINS, before[np.maximum(end, 0)]
    )


def _distinct(columns: Sequence[Ints]) -> tuple[Ints, Ints]:
    """(the different keys int64[k, 1 or 2] rising, the place of each row's among them; −1 where one is absent)."""
    whole = np.stack(columns, axis=1)
    present = (whole != ABSENT).all(axis=1)
    found, place = np.unique(whole[present], axis=0, return_inverse=True)
    slot = np.full(len(whole), NONE_BEGINS, np.int64)
    slot[present] = place.reshape(-1)
    return found, slot


def _find(asked: Ints, columns: Sequence[Ints]) -> Ints:
    """int64[m]: the place of each event's key among those asked for; −1 = nobody asks."""
    if not len(asked):
        return np.full(len(columns[0]), -1, np.int64)
    if len(columns) == 1:
        return _place(asked[:, 0], columns[0])
    firsts, seconds = np.unique(asked[:, 0]), np.unique(asked[:, 1])
    one, other = _place(firsts, columns[0]), _place(seconds, columns[1])
    both = np.where((one >= 0) & (other >= 0), one * len(seconds) + other, -1)
    return _place(_place(firsts, asked[:, 0]) * len(seconds) + _place(seconds, asked[:, 1]), both)


def _place(rising: Ints, values: Ints) -> Ints:
    """int64[m]: where each value stands among rising ones; −1 = nowhere."""
    place = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    return np.where(rising[place] == values, place, -1)


@lru_cache(maxsize=256)
def _span(window: str) -> tuple[int, int]:
    span = parse_span(window)
    return span.hop_us, span.tiles


def _length(span: tuple[int, int]) -> tuple[bool, int]:
    return span[0] == 0, span[0] * span[1]


def _check_spans(spans: Sequence[tuple[int, int]]) -> None:
    """A fold walks back once, so that each window must begin before the shorter one does, whatever the hour."""
    for (hop, tiles), (longer, more) in pairwise(spans):
        if longer and longer * more < hop * tiles + (hop if hop != longer else 0):
            raise BadInput("windows of different hops lie too close together for one fold", code="BAD_WINDOWS")


def walk_blocks(variables: Iterator[Variable], size: int) -> Iterator[list[Variable]]:
    """Variables in blocks of about `size`, never parting a key, table and set of filters, so that no pass is done twice."""
    block: list[Variable] = []
    last: object = None
    for one in variables:
        measure = one.over if isinstance(one, Quotient) else one
        here = (measure.key, measure.table, measure.filters)
        if len(block) >= size and here != last:
            yield block
            block = []
        block.append(one)
        last = here
    if block:
        yield block


__all__ = ["Computer", "compute", "divide", "holds", "walk_blocks"]
