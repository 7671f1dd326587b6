"""Adversarial validation: can a model tell the fitting's rows from later ones? Where none can, no drift is there that a model could see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.models.core.intervals import Interval, auc_interval
from honghua.models.core.model import build_model
from honghua.models.training import train_forest

FOLDS: Final = 3
ROUNDS: Final = 40
ROWS_MAX: Final = 20_000  # of a side: beyond, the figure gets no surer that anybody would act on
PARAMS: Final[Mapping[str, Any]] = {"num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20}
TOP: Final = 10


@dataclass(frozen=True, slots=True)
class Telling:
    """auc: 0.5 = nobody can tell old from new. columns: by which it was told, as shares of the gain, the largest first.

    is_apart: the AUC is surely above the bound. A judge with chance-level AUC has columns too: they mean something only when it is apart.
    """

    auc: Interval
    columns: Mapping[str, float]
    is_apart: bool
    bound: float
    rows: tuple[int, int]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "auc": self.auc.as_list(), "columns": dict(self.columns), "is_apart": self.is_apart, "bound": self.bound,
            "rows": list(self.rows),
        }  # fmt: skip


def tell_apart(
    old: NDArray[Any], new: NDArray[Any], *, names: Sequence[str], seed: int, bound: float = 0.55
) -> Telling:
    """Fit a small forest that tells new rows (1) from old ones (0), each row judged by a forest that never saw it; columns float[n, F].

    Give it what models read only: with a time or a running number among the columns everything is told apart.
    """
    rng = derive_rng(seed, "adversarial")
    parts = [np.asarray(part, np.float32) for part in (old, new)]
    parts = [part if len(part) <= ROWS_MAX else part[np.sort(rng.permutation(len(part))[:ROWS_MAX])] for part in parts]
    if min(len(part) for part in parts) < 2 * FOLDS:
        raise BadInput(f"at least {2 * FOLDS} rows of each side are needed", code="BAD_SHAPE")
    x = np.ascontiguousarray(np.concatenate(parts))
    y = np.repeat([0.0, 1.0], [len(part) for part in parts])
    # Each side is dealt out by itself, so that every fold has both.
    fold = np.concatenate([rng.permutation(np.arange(len(part)) % FOLDS) for part in parts])
    scores, gain = np.empty(len(y)), np.zeros(len(names))
    for k in range(FOLDS):
        rows, rest = fold != k, fold == k
        trained = train_forest(
            np.ascontiguousarray(x[rows]), y[rows], names=names, seed=seed, params=PARAMS, rounds=ROUNDS, num_threads=1
        )
        scores[rest] = build_model(trained.forest).predict(np.ascontiguousarray(x[rest]))
        gain += np.array(trained.gain)
    auc = auc_interval(y, scores)
    shares = gain / max(float(gain.sum()), 1e-12)
    order = np.argsort(-shares, kind="stable")[:TOP]
    columns = {names[int(k)]: float(shares[k]) for k in order if shares[k] > 0}
    return Telling(auc, columns, bool(auc.low > bound), bound, (len(parts[0]), len(parts[1])))
