"""From terms to the arrays that the kernels walk: shared filters and accumulators, tracks of tiles, places in a key's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import layout as at
from honghua.features.core.schema import ABSENT, FIXED, MISSING, EventKind, Schema
from honghua.features.core.terms import OPS, Term

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = NDArray[np.uint32]
FILTERS_MAX: Final = 62
KIND: Final = FIXED.index("kind")
Acc = tuple[int, int, int, int, int, int]
Where = tuple[tuple[int, str, int], ...]
READS: Final = {
    "count": at.R_SUM, "sum": at.R_SUM, "mean": at.R_MEAN, "std": at.R_STD, "max": at.R_MAX, "min": at.R_MIN,
    "distinct": at.R_DISTINCT, "entropy": at.R_ENTROPY, "last": at.R_MAX, "since": at.R_SINCE, "first_seen": at.R_AGE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Tables of `layout`, one row each: what the kernels of a FeatureSet walk. `keys` names the groups by their entities."""

    names: tuple[str, ...]
    width: int
    keys: tuple[tuple[str, ...], ...]
    conditions: Ints
    filters: Ints
    summed: Ints
    hops: Ints
    groups: Ints
    accs: Ints
    spots: Places
    tracks: Ints
    links: Ints
    blank: Ints
    windows: Ints
    sections: Ints
    values: Places
    ratios: Ints
    ratio_numbers: Floats

    @property
    def tables(self) -> tuple[Any, ...]:
        """The arrays in the order in which `step` takes them."""
        return (
            self.conditions, self.filters, self.summed, self.hops, self.groups, self.accs, self.spots, self.tracks,
            self.links, self.blank, self.windows, self.sections, self.values, self.ratios, self.ratio_numbers,
        )  # fmt: skip


@dataclass(slots=True)
class _Draft:
    """Tables under construction."""

    conditions: list[tuple[int, ...]] = field(default_factory=list)
    filters: dict[Where, int] = field(default_factory=dict)
    spans: list[tuple[int, ...]] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    hops: list[int] = field(default_factory=list)
    accs: list[tuple[int, ...]] = field(default_factory=list)
    spots: list[int] = field(default_factory=list)
    tracks: list[list[int]] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    windows: list[tuple[int, ...]] = field(default_factory=list)
    sections: list[tuple[int, ...]] = field(default_factory=list)
    values: list[list[int]] = field(default_factory=list)

    def filter(self, where: Iterable[tuple[int, str, int]]) -> int:
        """The number of a conjunction; the same conditions in another order are the same filter."""
        wanted = tuple(sorted(set(where)))
        if wanted not in self.filters:
            if len(self.filters) == FILTERS_MAX:
                raise ValueError(f"more than {FILTERS_MAX} different conditions in one set")
            start = len(self.conditions)
            self.conditions += [(column, OPS.index(op), constant) for column, op, constant in wanted]
            self.filters[wanted] = len(self.filters)
            self.spans.append((start, len(self.conditions)))
        return self.filters[wanted]


def compile_plan(
    schema: Schema, names: tuple[str, ...], terms: Sequence[Term], ratios: Sequence[tuple[int, Mapping[str, Any]]]
) -> Plan:
    """The plan of checked terms; ratios are (column, fields of a Ratio). ValueError beyond FILTERS_MAX."""
    draft = _Draft(hops=sorted({term.span.hop_us for term in terms if term.span.hop_us}))
    keys = list(dict.fromkeys(term.key for term in terms))
    for key in keys:
        _add_group(draft, key, [term for term in terms if term.key == key])
    return Plan(
        names=names,
        width=schema.width,
        keys=tuple(tuple(schema.columns[place] for place in key) for key in keys),
        conditions=_table(draft.conditions, at.CONDITION),
        filters=_table(draft.spans, at.FILTER),
        summed=np.array(sorted({acc[at.A_COLUMN] for acc in draft.accs if acc[at.A_WHAT] == at.SUM}), np.int64),
        hops=np.array(draft.hops, np.int64),
        groups=_table(draft.groups, at.GROUP),
        accs=_table(draft.accs, at.ACC),
        spots=np.array(draft.spots, np.uint32),
        tracks=_table(draft.tracks, at.TRACK),
        links=np.array(draft.links, np.int64),
        blank=np.array(draft.blank, np.int64),
        windows=_table(draft.windows, at.WINDOW),
        sections=_table(draft.sections, at.SECTION),
        values=_table(draft.values, at.VALUE).astype(np.uint32),
        ratios=_table([_ratio_row(schema, names, place, ratio) for place, ratio in ratios], at.RATIO),
        ratio_numbers=np.array(
            [[ratio["prior"], ratio["weight"], ratio["support_min"]] for _, ratio in ratios], np.float64
        ).reshape(-1, 3),
    )


def _table(rows: Iterable[Iterable[int]], width: int) -> Ints:
    return np.array(list(rows), np.int64).reshape(-1, width)


def _ratio_row(schema: Schema, names: tuple[str, ...], place: int, ratio: Mapping[str, Any]) -> list[int]:
    row = [place]
    for operand in (ratio["over"], ratio["under"], ratio["less"], ratio["support"]):
        if operand is None:
            row.append(at.NOTHING)
        else:
            row.append(names.index(operand) if operand in names else -1 - schema.place(operand))
    return row


def _wanted(draft: _Draft, term: Term) -> list[Acc]:
    """The accumulators that a term reads; the first is its own, the second (where there is one) counts."""
    where = draft.filter(term.where)
    reverse = -1
    if term.reverse:
        others = [condition for condition in term.where if condition[0] != KIND]
        reverse = draft.filter([*others, (KIND, "==", int(EventKind.REFUND))])
    none = ABSENT if term.of_entity else MISSING

    def acc(what: int, *, part: int = 0, column: int = term.column) -> Acc:
        return (what, where, column, none, reverse, part)

    # Fixed columns are never missing, so that counts of them are one accumulator.
    count = acc(at.COUNT, column=KIND if term.column < len(FIXED) else term.column)
    own = {"first_seen": at.MIN, "min": at.MIN, "distinct": at.BIT, "last": at.LAST, "max": at.MAX, "since": at.MAX}
    match term.aggregate:
        case "count":
            return [count] if term.zero_when_empty else [count, count]
        case "sum":
            return [acc(at.SUM)] if term.zero_when_empty else [acc(at.SUM), count]
        case "mean":
            return [acc(at.SUM), count]
        case "std":
            return [acc(at.SUM, part=1), count, acc(at.SQUARE_HIGH), acc(at.SQUARE_LOW)]
        case "entropy":
            return [acc(at.BIN, part=k) for k in range(at.BINS)]
        case aggregate:
            return [acc(own[aggregate])]


def _add_group(draft: _Draft, key: tuple[int, ...], terms: Sequence[Term]) -> None:
    base, first_track, first_section = len(draft.accs), len(draft.tracks), len(draft.sections)
    index: dict[Acc, int] = {}
    spans: dict[tuple[int, int], set[int]] = {}  # (hop, accumulator) → lengths in tiles
    needs = []
    for term in terms:
        needed = [index.setdefault(acc, len(index)) for acc in _wanted(draft, term)]
        needs.append(needed)
        for one in needed:
            spans.setdefault((term.span.hop_us, one), set()).add(term.span.tiles)
    together: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for (hop, one), tiles in spans.items():
        together.setdefault((hop, tuple(sorted(tiles))), []).append(one)
    places: dict[tuple[int, int, int], tuple[int, int]] = {}  # (hop, accumulator, tiles) → (word, shift to the closed)
    accs, width = list(index), at.KEY_HEAD
    draft.blank += [0] * width
    for (hop, lengths), members in sorted(together.items()):
        width = _add_track(
            draft, places, (hop, lengths, sorted(members, key=lambda k: (_lane(accs[k]), k)), accs, width)
        )
    for number, acc in enumerate(accs):
        draft.accs.append((*acc, len(draft.spots), len(draft.spots) + _add_spots(draft, number, acc, places)))
    rows = [_value_row(term, needed, places) for term, needed in zip(terms, needs, strict=True)]
    _add_sections(draft, [row for row, term in zip(rows, terms, strict=True) if not term.include_current])
    before = len(draft.sections)
    _add_sections(draft, [row for row, term in zip(rows, terms, strict=True) if term.include_current])
    tiled = sum(hop == 0 for hop, _ in together)
    draft.groups.append(
        [
            key[0], key[1] if len(key) > 1 else -1, width, base, len(draft.accs), first_track, first_track + tiled,
            len(draft.tracks), first_section, before, len(draft.sections), int(any(term.reverse for term in terms)),
        ]
    )  # fmt: skip


def _lane(acc: Acc) -> int:
    """What stands together in a track. The two limbs of a sum of squares are neighbours: the low one is read behind the high one."""
    return at.SQUARE_HIGH if acc[at.A_WHAT] == at.SQUARE_LOW else acc[at.A_WHAT]


def _add_spots(draft: _Draft, number: int, acc: Acc, places: Mapping[tuple[int, int, int], tuple[int, int]]) -> int:
    """Note the words of a row that an accumulator is added to; the bins of an entropy are found from the first."""
    if acc[at.A_WHAT] == at.BIN and acc[at.A_BIN] > 0:
        return 0
    words = {place[0] for (_, one, _), place in places.items() if one == number}
    draft.spots += sorted(words)
    return len(words)


def _add_track(
    draft: _Draft,
    places: dict[tuple[int, int, int], tuple[int, int]],
    track: tuple[int, tuple[int, ...], list[int], list[Acc], int],
) -> int:
    """Lay one track down from word `width` of the row; the width behind it."""
    hop, lengths, members, accs, width = track
    head, open_tile, words = width, width + (at.TRACK_HEAD if hop else 0), len(members)
    if hop:
        words += -words % at.FOUR
    links, windows = len(draft.links), len(draft.windows)
    draft.links += members
    blank = [at.LEAST if accs[k][0] in (at.MAX, at.MIN, at.LAST) else 0 for k in members] + [0] * (words - len(members))
    starts = [links + sum(accs[k][0] < what for k in members) for what in (at.MAX, at.BIT, at.LAST)]
    base = len(draft.blank) - width
    draft.blank += [0] * (open_tile - width) + blank * (1 + (len(lengths) if hop else 0))
    width = open_tile + words
    if hop:
        for tiles in lengths:
            draft.windows.append((tiles, width))
            width += words
    for word, member in enumerate(members):
        for n, tiles in enumerate(lengths):
            places[hop, member, tiles] = (open_tile + word, (n + 1) * words if hop else 0)
    clock = draft.hops.index(hop) if hop else -1
    ends = [len(draft.links), windows, len(draft.windows), words]
    draft.tracks.append([head, open_tile, hop, clock, lengths[-1], base, links, *starts, *ends])
    return width


def _value_row(
    term: Term, needed: Sequence[int], places: Mapping[tuple[int, int, int], tuple[int, int]]
) -> tuple[int, list[int]]:
    """(how it is read, its row of `values`)."""
    found = [places[term.span.hop_us, one, term.span.tiles] for one in needed]
    word, shift = found[0]
    counted = found[1] if len(found) > 1 and term.aggregate != "entropy" else (0, 0)
    high = found[2][0] if term.aggregate == "std" else 0
    read = READS[term.aggregate]
    if read == at.R_SUM and len(found) > 1:
        read = at.R_SUM_OF_SOME
    return read, [term.place, word, shift, *counted, high, int(term.zero_when_empty)]


def _add_sections(draft: _Draft, rows: list[tuple[int, list[int]]]) -> None:
    """Values that are read alike, one run behind the other."""
    for read in sorted({read for read, _ in rows}):
        start = len(draft.values)
        draft.values += sorted(
            (row for how, row in rows if how == read), key=lambda row: (row[at.V_SHIFT] == 0, row[at.V_WORD])
        )
        draft.sections.append((read, start, len(draft.values)))


__all__ = ["FILTERS_MAX", "Plan", "compile_plan"]
