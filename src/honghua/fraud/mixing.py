"""Mixed rows: frauds of which some values are those of an ordinary row, so that each sign teaches alone too.

Where few frauds are known, a forest learns the company that signs keep in them: a new device *and* a large sum *and* a young shop. A crime
of a kind that nobody has told of yet has some of these signs in other company. So every fraud also teaches in copies that lack a part of
what it showed; clear rows are mixed in the same way, that being a mixture tells nothing. All of it is drawn from the fitted rows alone.
For books whose labels are incomplete: where all is told, later frauds keep the same company, and a forest does well to know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.fraud.core.plan import Value

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

COPIES: Final = 3  # of each fraud
CLEAR_COPIES: Final = 1.5  # of each clear row, in the mean …
CLEAR_MAX: Final = 60_000  # … but no more in all
TAKEN_SHARE: Final = 0.5  # of the groups of a copy that come from a clear row
WEIGHT_FRAUD: Final = 2.0  # of all copies together, beside 1 of the rows as they are
WEIGHT_CLEAR: Final = 3.0


def groups_of(described: Sequence[Value], further: int) -> Ints:
    """int64[V + further]: which values are taken together: those about one entity, else those of one kind; further ones each alone."""
    names = [value.entity or value.name.split("_", 1)[0] for value in described]
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names] + [len(known) + k for k in range(further)], np.int64)


def mix_rows(x: Floats, y: Doubles, weight: Doubles, *, groups: Ints, seed: int) -> tuple[Floats, Doubles, Doubles]:
    """The rows float32[n, V] as they are, and behind them mixed copies, with their labels and weights.

    groups int64[V]: values that are taken together. A copy keeps its row's label, and takes each group with TAKEN_SHARE from a clear row,
    drawn as often as that counts. Where there is nothing to mix the rows come back as they are.
    """
    frauds, clear = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    if len(frauds) == 0 or len(clear) == 0:
        return x, y, weight
    rng = derive_rng(seed, "mixing")
    drawn = rng.choice(clear, min(int(CLEAR_COPIES * len(clear)) + 1, CLEAR_MAX))
    source = np.concatenate([np.tile(frauds, COPIES), drawn])
    donor = rng.choice(clear, len(source), p=weight[clear] / weight[clear].sum())
    taken = (rng.random((len(source), int(groups.max()) + 1)) < TAKEN_SHARE)[:, groups]
    share = np.where(y[source] == 1, WEIGHT_FRAUD / COPIES, WEIGHT_CLEAR * len(clear) / len(drawn))
    mixed = np.where(taken, x[donor], x[source])
    return np.vstack([x, mixed]), np.concatenate([y, y[source]]), np.concatenate([weight, weight[source] * share])


__all__ = ["groups_of", "mix_rows"]
