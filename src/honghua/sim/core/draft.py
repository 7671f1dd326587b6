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
DEFAULTS: Final[Mapping[str, int]] = {
    "at_us": 0, "kind": 0, "amount_minor": 0, "origin": NONE, "share_ppm": 0, "grid_minor": 1, "customer": NONE,
    "merchant": NONE, "device": NONE, "address": NONE, "payee": NONE, "category": NONE, "region": NONE, "credit": 0, "crime": 0,
    "ring": 0,
}  # fmt: skip


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
    given = {name: np.asarray(values).astype(np.int64) for name, values in columns.items()}
    n = max((len(values) for values in given.values() if values.ndim), default=1)
    wide = {name: np.broadcast_to(given.get(name, np.int64(value)), (n,)) for name, value in DEFAULTS.items()}
    return Draft({name: np.ascontiguousarray(values) for name, values in wide.items()})


def join(drafts: Sequence[Draft]) -> Draft:
    """All rows, one draft after the other; origins keep pointing at their rows."""
    if not drafts:
        return draft(at_us=np.zeros(0, np.int64))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in drafts])[:-1]])
    columns = {name: np.concatenate([one[name] for one in drafts]) for name in DEFAULTS}
    shifted = [np.where(one["origin"] == NONE, NONE, one["origin"] + start) for one, start in zip(drafts, starts)]
    columns["origin"] = np.concatenate(shifted)
    return Draft(columns)


__all__ = ["DEFAULTS", "MUST_CREDIT", "NONE", "US_PER_DAY", "US_PER_HOUR", "US_PER_S", "Draft", "Ints", "draft", "join"]
