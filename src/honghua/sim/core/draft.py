"""Drafts: planned events in columns, before accounts are walked, keys are given and truth is split off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]

US_PER_S: Final = 1_000_000
US_PER_HOUR: Final = 3_600 * US_PER_S
US_PER_DAY: Final = 24 * US_PER_HOUR
NONE: Final = -1  # a dense id that is absent
MUST_CREDIT: Final = 2  # credit: 0 = own money, 1 = on credit where the limit allows, 2 = on credit or not at all

# Dense ids, not keys: whoever plans speaks of the 17th shop. `at_us` counts from local midnight of the first day.
# `origin` is the row, inside the same draft, that a refund or a payback is about. `share_ppm` > 0 leaves the amount to the
# walk: a part of what is available (purchase), of the origin's amount (refund, payback), of what is used (repayment), of the
# limit (raise); the result is rounded down to `grid_minor`. `crime` and `ring` are truth and go no further than market.py.
# What a life day by day needs besides: `act` names the row for ever (`act_ids`), `about` the act of an earlier day that a refund,
# a payback or a label is about, and `about_at_us` when that was. `scene` is the dense id of the shop's scene, `items` how many goods
# lie in the basket, `instalments` how many months are wished (0 = with the next bill). Acts carry the block that made them, and
# so a trace of truth: what leaves the city carries a key of the act (`market.keys_of`), never the act.
DEFAULTS: Final[Mapping[str, int]] = {
    "at_us": 0, "kind": 0, "amount_minor": 0, "origin": NONE, "share_ppm": 0, "grid_minor": 1, "customer": NONE,
    "merchant": NONE, "device": NONE, "address": NONE, "payee": NONE, "category": NONE, "region": NONE, "credit": 0, "crime": 0,
    "ring": 0, "act": NONE, "about": NONE, "about_at_us": 0, "scene": NONE, "items": 1, "instalments": 0,
}  # fmt: skip


_ROW_BITS: Final = 26  # rows that one actor can have on one day
_DAY_BITS: Final = 14  # days: 44 years


def act_ids(actor: int, day: int, rows: int) -> Ints:
    """int64[rows]: names for the acts of one actor (a block of people, a gang) on one day; in the order of (actor, day, row)."""
    assert rows < 2**_ROW_BITS
    assert day < 2**_DAY_BITS
    return (((actor << _DAY_BITS) | day) << _ROW_BITS) + np.arange(rows, dtype=np.int64)


def actor_of(act: Ints) -> Ints:
    """Who made the acts."""
    return act >> (_ROW_BITS + _DAY_BITS)


@dataclass(frozen=True, slots=True)
class Draft:
    """Planned events: every column of DEFAULTS as int64[n]."""

    columns: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(self.columns["at_us"])

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def take(self, rows: NDArray[np.bool_] | Ints) -> Draft:
        """Some rows. What they are about must come along: an origin that stays behind is an error."""
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        place = np.full(len(self) + 1, NONE, np.int64)
        place[rows] = np.arange(len(rows))
        columns = {name: values[rows] for name, values in self.columns.items()}
        columns["origin"] = place[columns["origin"]]  # NONE reads the spare last place
        assert ((columns["origin"] == NONE) == (self.columns["origin"][rows] == NONE)).all()
        return Draft(columns)

    def followed_by(self, about: Draft) -> Draft:
        """These rows, then rows about them: the origins of `about` are rows of this draft (NONE stays NONE)."""
        both = {name: np.concatenate([self.columns[name], about.columns[name]]) for name in DEFAULTS}
        return Draft(both)

    def marked(self, **values: int) -> Draft:
        """The same rows with some columns set to one value."""
        return Draft({**self.columns, **{name: np.full(len(self), value, np.int64) for name, value in values.items()}})


def draft(**columns: ArrayLike) -> Draft:
    """A draft from some columns, broadcast to the longest; the rest takes its default."""
    unknown = columns.keys() - DEFAULTS.keys()
    assert not unknown, f"no such column: {unknown}"
    given = {name: np.asarray(values).astype(np.int64, copy=False) for name, values in columns.items()}
    n = max((len(values) for values in given.values() if values.ndim), default=1)
    for name, value in DEFAULTS.items():
        values = given.get(name)
        if values is None:
            given[name] = np.full(n, value, np.int64)
        elif values.ndim == 0 or len(values) != n:
            given[name] = np.broadcast_to(values, (n,)).copy()
    return Draft(given)


def join(drafts: Sequence[Draft]) -> Draft:
    """All rows, one draft after the other; origins keep pointing at their rows."""
    if not drafts:
        return draft(at_us=np.zeros(0, np.int64))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in drafts])[:-1]])
    columns = {name: np.concatenate([one[name] for one in drafts]) for name in DEFAULTS}
    shifted = [np.where(one["origin"] == NONE, NONE, one["origin"] + start) for one, start in zip(drafts, starts)]
    columns["origin"] = np.concatenate(shifted)
    return Draft(columns)


__all__ = [
    "DEFAULTS",
    "MUST_CREDIT",
    "NONE",
    "US_PER_DAY",
    "US_PER_HOUR",
    "US_PER_S",
    "Draft",
    "Ints",
    "act_ids",
    "actor_of",
    "draft",
    "join",
]
