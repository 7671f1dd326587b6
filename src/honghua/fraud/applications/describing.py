"""All families of an application's values side by side; no learner's library is loaded for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.fraud.applications.alike import ALIKE_VALUES, count_alike
from honghua.fraud.applications.clustering import CLUSTER_VALUES, TWIN_VALUES, cluster_applications
from honghua.fraud.applications.sessions import (
    PATH_VALUES,
    TYPING_VALUES,
    SessionColumns,
    describe_path,
    describe_typing,
)

Floats = NDArray[np.float64]
FAMILIES: Final[dict[str, int]] = {
    "shared things": len(CLUSTER_VALUES), "twins": len(TWIN_VALUES) + len(ALIKE_VALUES),
    "typing": len(TYPING_VALUES), "path": len(PATH_VALUES), "asked": 1,
}  # fmt: skip


def describe_applications(sessions: SessionColumns, *, newest: int | None = None) -> Floats:
    """All families side by side, float64[n, …], as known when each application came.

    newest: how many rows, from the end, somebody will read: of the others what costs most may be zero; None = all.
    """
    asked = np.log1p(sessions.asked_minor.astype(np.float64))[:, None]
    shared = [cluster_applications(sessions), count_alike(sessions, newest=newest)]
    return np.column_stack([*shared, describe_typing(sessions), describe_path(sessions), asked])


def columns_of(families: Sequence[str]) -> tuple[int, ...]:
    """Places of the values of some families. KeyError for a family that there is none of."""
    starts = dict(zip(FAMILIES, np.cumsum([0, *FAMILIES.values()]).tolist(), strict=False))
    return tuple(k for name in FAMILIES if name in families for k in range(starts[name], starts[name] + FAMILIES[name]))


__all__ = ["FAMILIES", "columns_of", "describe_applications"]
