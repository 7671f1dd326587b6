"""The sieve: of very many clear rows all that look like fraud teach, of the others some; the most fraud-like of all are doubtful.

Where a fraud in two is never reported, the rows that are "clear" hold about as many frauds as those that are told: as clear rows of full
weight they teach the forest that frauds are ordinary. A forest that has not seen a row tells how fraud-like it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.models.api import train_forest

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

HALVES: Final = 2
CLEAR_SHARE: Final = 0.08  # of the clear rows that each half's forest sees
HARD_PER_FRAUD: Final = 4
HARD_MIN: Final = 2_000
EASY_ROWS: Final = 3_000
ROUNDS: Final = 50
PARAMS: Final[dict[str, Any]] = {
    "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 5.0, "max_bin": 63, "max_delta_step": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Labelled rows in order of time: values float32[n, V], y float64[n], weight float64[n]; `late` marks those that judge the forests;
    place int64[n]: which of all the rows that were given."""

    values: Floats
    y: Doubles
    weight: Doubles
    late: Bools
    place: NDArray[np.int64]

    def take(self, kept: NDArray[np.int64], weight: Doubles) -> Rows:
        """Some of the rows, with weights of their own."""
        return Rows(self.values[kept], self.y[kept], weight, self.late[kept], self.place[kept])


def needs_sieve(rows: Rows) -> bool:
    """Whether there are frauds enough to tell what looks like one, and clear rows enough to leave some out."""
    frauds = int(rows.y.sum())
    return frauds >= 20 and len(rows.y) - frauds > 2 * (hard_rows(frauds) + EASY_ROWS)


def hard_rows(frauds: int) -> int:
    """How many of the most fraud-like clear rows are kept."""
    return max(HARD_PER_FRAUD * frauds, HARD_MIN)


def sieve(rows: Rows, columns: NDArray[np.int64], *, unreported: float, seed: int, threads: int) -> Rows:
    """The rows that teach. unreported: doubtful rows, as part of the told frauds; columns: the values that the sieve looks at."""
    clear = rows.y == 0
    alike = fraud_likeness(rows, columns, seed=seed, threads=threads)
    order = np.flatnonzero(clear)[np.argsort(-alike[clear], kind="stable")]
    frauds = int(rows.y.sum())
    asked = unreported * rows.weight[rows.y == 1].sum()  # a row that stands for ten leaves out ten
    doubtful = int(np.searchsorted(np.cumsum(rows.weight[order]), asked, side="right"))
    hard = order[doubtful : doubtful + hard_rows(frauds)]
    easy = order[doubtful + hard_rows(frauds) :]
    drawn = np.sort(derive_rng(seed, "easy").choice(easy, min(EASY_ROWS, len(easy)), replace=False))
    weight = rows.weight.copy()
    weight[drawn] *= weight[easy].sum() / weight[drawn].sum()
    kept = np.sort(np.concatenate([np.flatnonzero(~clear), hard, drawn]))
    return rows.take(kept, weight[kept])


def fraud_likeness(rows: Rows, columns: NDArray[np.int64], *, seed: int, threads: int) -> Doubles:
    """The mean margin of those of two small forests that have not been fitted on the row."""
    draw = derive_rng(seed, "sieve").random(len(rows.y))
    found, count = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    names = [str(k) for k in columns]
    for half in range(HALVES):
        told = (draw * HALVES).astype(np.int64) == half
        seen = np.where(rows.y == 1, told, (draw >= half * CLEAR_SHARE) & (draw < (half + 1) * CLEAR_SHARE))
        weight = rows.weight[seen] * np.where(rows.y[seen] == 1, 1.0, 1.0 / CLEAR_SHARE)
        forest = train_forest(
            np.ascontiguousarray(rows.values[seen][:, columns]), rows.y[seen], names=names, weight=weight, params=PARAMS, rounds=ROUNDS,
            seed=seed + half, num_threads=threads,
        ).forest  # fmt: skip
        other = np.flatnonzero(~seen)
        found[other] += forest.score(np.ascontiguousarray(rows.values[other][:, columns]))
        count[other] += 1
    likeness: Doubles = found / np.maximum(count, 1)
    return likeness


__all__ = ["Rows", "needs_sieve", "sieve"]
