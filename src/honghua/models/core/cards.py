"""Lays the leaves of a forest out as cards, one line of the cache each, and lists them as its digest is told them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from honghua.models.core import layout as at

Int64 = np.ndarray[Any, np.dtype[np.int64]]
Float64 = np.ndarray[Any, np.dtype[np.float64]]
Leaf = tuple[float, Sequence[tuple[int, float]]]  # value, parts by feature

LINE_BYTES: Final = 64
QUARTERS: Final = 4  # uint16 in a place of 8 bytes
HALVES: Final = 2
RECORD: Final = 12
RECORD_LANES: Final = 8
RECORD_OWNERS: Final = 10


def lay_cards(leaves: Sequence[Leaf], *, features: int, grain: float) -> Int64:
    """The `cards` of `layout`, beginning with a line of the cache; parts are multiples of the grain."""
    beyond = [len(parts) - at.CARD_PARTS for _, parts in leaves]
    slips = [max(0, -(-more // at.SLIP_PARTS)) for more in beyond]
    cards = whole_lines(at.CARD * (1 + len(leaves)) + at.SLIP * sum(slips))
    cards.view(np.float64)[at.HEAD_GRAIN] = grain
    cards[at.HEAD_SLIPS] = max(slips, default=0)
    halves = cards.view(np.int32)
    free = at.CARD * (1 + len(leaves)) // at.SLIP
    for number, (value, parts) in enumerate(leaves):
        place = at.CARD * (1 + number)
        cards.view(np.float64)[place] = value
        _write(cards, place + 1, place + at.CARD_OWNERS, parts[: at.CARD_PARTS], (at.CARD_PARTS, features, grain))
        halves[HALVES * place + at.CARD_SLIP] = free if slips[number] else 0
        for k in range(slips[number]):
            first = at.CARD_PARTS + k * at.SLIP_PARTS
            some, slip = parts[first : first + at.SLIP_PARTS], at.SLIP * free
            _write(cards, slip, slip + at.SLIP_PARTS, some, (at.SLIP_PARTS, features, grain))
            cards.view(np.uint16)[QUARTERS * (slip + at.SLIP_PARTS) + at.SLIP_PARTS] = k + 1 < slips[number]
            free += 1
    return cards


def _write(
    cards: Int64, place: int, owners: int, parts: Sequence[tuple[int, float]], sized: tuple[int, int, float]
) -> None:
    """Parts from `place` on and their features from `owners` on; what is left of the lanes adds nothing to places of its own."""
    lanes, features, grain = sized
    shorts = cards.view(np.uint16)
    for lane in range(lanes):
        feature, part = parts[lane] if lane < len(parts) else (features + lane, 0.0)
        cards[place + lane] = round(part / grain)
        shorts[QUARTERS * owners + lane] = feature


def whole_lines(size: int) -> Int64:
    """Zeros int64[size] that begin with a line of the cache."""
    room = np.zeros(size + LINE_BYTES // 8, np.int64)
    skipped = -(room.ctypes.data // 8) % (LINE_BYTES // 8)
    return room[skipped : skipped + size]


def list_records(leaves: Sequence[Leaf], *, features: int) -> Float64:
    """What the digest of a forest is told of its leaves, float64[12R]: their first layout, so that kept models keep their names.

    Value · int32 first further record and how many · eight parts · uint16[8] their features.
    """
    extra = len(leaves)
    rows: list[Sequence[tuple[int, float]]] = [parts[:RECORD_LANES] for _, parts in leaves]
    spans = np.zeros((extra, 2), np.int32)
    for leaf, (_, parts) in enumerate(leaves):
        further = [parts[k : k + RECORD_LANES] for k in range(RECORD_LANES, len(parts), RECORD_LANES)]
        spans[leaf] = (len(rows), len(further))
        rows += further
    table = np.zeros((len(rows), RECORD))
    table[:extra, 0] = [value for value, _ in leaves]
    table[:extra, 1] = spans.view(np.float64)[:, 0]
    owners = np.tile(features + np.arange(RECORD_LANES, dtype=np.uint16), (len(rows), 1))
    for record, some in enumerate(rows):
        for lane, (feature, part) in enumerate(some):
            table[record, 2 + lane] = part
            owners[record, lane] = feature
    table[:, RECORD_OWNERS:] = owners.astype(np.uint16).view(np.float64)
    return table.ravel()


__all__ = ["lay_cards", "list_records"]
