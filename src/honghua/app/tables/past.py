"""The part of a table that may be learnt from: rows up to a time, labels that had arrived by then, and how far those labels reach.

Labels may end before the rows do. Where nobody has looked yet, a column of labels often says "no fraud": such rows would teach that what is
new is innocent. What the labels' own times say decides, or where there are none, a stretch at the end without a single fraud that is much
too long to be chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.tables.labels import usual_delay
from honghua.app.tables.stream import SCORED
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng

Ints = NDArray[np.int64]
Labels = NDArray[np.int8]
GAPS_OF_SILENCE: Final = 20
UNLIKELY: Final = (
    12.0  # frauds that should have been told in a stretch that has none: chance would give that once in 160,000
)
GAP_TIMES: Final = 3.0  # and so much longer than any other stretch without one
FRAUDS_MIN: Final = 10  # before anything is said about the gaps between them
POSITIVES_MAX: Final = 150_000
VALUES_MAX: Final = 90_000_000  # of the training matrix: 360 MB
UNLABELLED_PART: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Rows in order of time: events int64[n, C], labels int8[n] as they were known at the end (−1 unknown), arrives_us int64[n]."""

    events: Ints
    labels: Labels
    arrives_us: Ints

    def up_to(self, told_us: int) -> Past:
        """The same rows; labels of those after that time count as unknown."""
        return Past(self.events, np.where(self.events[:, 0] <= told_us, self.labels, np.int8(-1)), self.arrives_us)

    def since(self, row: int) -> Past:
        """The rows from this one on."""
        return Past(self.events[row:], self.labels[row:], self.arrives_us[row:])


@dataclass(frozen=True, slots=True)
class Reach:
    """How far labels reach. told_us: labels of later rows say nothing; taught_us: rows after it are not fitted on, since only a part of
    their frauds had been told; why: in words, empty where labels reach to the end."""

    told_us: int
    taught_us: int
    why: str


def find_reach(past: Past, last_us: int) -> Reach:
    """Of labels known at last_us."""
    at_us = past.events[:, 0]
    known = np.flatnonzero(past.labels >= 0)
    frauds = np.flatnonzero(past.labels[known] == 1)
    told_us, why = last_us, ""
    if len(frauds) >= FRAUDS_MIN:
        tail = len(known) - 1 - int(frauds[-1])
        expected = tail * len(frauds) / (frauds[-1] + 1)
        usual = int(np.diff(frauds, prepend=-1).max())
        if expected > UNLIKELY and tail > GAP_TIMES * usual:
            told_us = int(at_us[known[frauds[-1]]])
            why = (
                f"no fraud is told after {say_time(told_us)}: {tail:,} later rows are called clear, among which {expected:,.0f} frauds "
                "were to be expected. Their labels had not arrived, it seems: they are not learnt from and count as unknown"
            )  # fmt: skip
    delays = (past.arrives_us - at_us)[known[frauds]]
    taught_us = min(told_us, last_us - usual_delay(delays)) if len(delays) and delays.max() > delays.min() else told_us
    last_arrived = int(past.arrives_us[known].max())
    idle = (last_us - last_arrived) / DAY_US
    if not why and taught_us < told_us:
        why = (
            f"labels of frauds take up to {(last_us - taught_us) / DAY_US:,.1f} days to arrive: rows after {say_time(taught_us)} are not "
            "learnt from, since some of their frauds were not told yet"
        )  # fmt: skip
    elif not why and idle > max(silence_of(past), (last_us - at_us[0]) / DAY_US / GAPS_OF_SILENCE):
        why = f"the last label arrived at {say_time(last_arrived)}, {idle:,.1f} days before the end: rows without one are not learnt from"
    return Reach(told_us, taught_us, why)


def say_time(at_us: int) -> str:
    """An instant to the second."""
    return str(np.datetime64(at_us, "us").astype("datetime64[s]")).replace("T", " ")


def check_labels(told: Labels, labels: Labels, until: str) -> None:
    """BadInput, with what there is instead, when no fraud or nothing but fraud is known at `until`."""
    rows = len(labels)
    if not (labels == 1).any():
        early, later = int((told[:rows] == 1).sum()), int((told[rows:] == 1).sum())
        text = f"no fraud among the {rows:,} rows up to {until} whose labels have arrived: nothing can be learnt from"
        raise BadInput(f"{text} ({early:,} frauds up to then are told later, {later:,} happen later)", code="NO_FRAUD")
    if not (labels == 0).any():
        raise BadInput(f"no row up to {until} is known as no fraud: nothing to compare with", code="NO_CLEAR")


def choose_rows(past: Past, width: int, seed: int) -> tuple[Ints, NDArray[np.float64]]:
    """Rows to train on, rising, and how many each stands for: all frauds, as many others as memory holds, some without a label."""
    rng = derive_rng(seed, "fraud rows")
    scored = np.isin(past.events[:, 1], SCORED)
    room = VALUES_MAX // width
    chosen: list[Ints] = []
    weights: list[NDArray[np.float64]] = []
    for value, most in ((1, min(POSITIVES_MAX, room // 2)), (0, room // 2), (-1, int(room * UNLABELLED_PART))):
        rows = np.flatnonzero(scored & (past.labels == value))
        kept = rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
        chosen.append(kept)
        weights.append(np.full(len(kept), len(rows) / max(len(kept), 1)))
    rows = np.concatenate(chosen)
    order = np.argsort(rows, kind="stable")
    return rows[order], np.concatenate(weights)[order]


def silence_of(past: Past) -> float:
    """After how many days without any label arriving the knowledge of labels is stale: many times the usual gap, a day at least."""
    told = np.unique(past.arrives_us[past.labels >= 0])
    gaps = np.diff(told)
    usual = float(np.quantile(gaps, 0.99)) if len(gaps) else 0.0
    return max(GAPS_OF_SILENCE * usual / DAY_US, 1.0)


def as_dict(reach: Reach, last_us: int) -> dict[str, Any]:
    """For a report: days before the end at which labels stop to tell, and from which on rows are not learnt from."""
    return {
        "days_untold": round((last_us - reach.told_us) / DAY_US, 3), "days_not_learnt": round((last_us - reach.taught_us) / DAY_US, 3),
        "why": reach.why,
    }  # fmt: skip


__all__ = ["Past", "Reach", "as_dict", "check_labels", "choose_rows", "find_reach", "silence_of"]
