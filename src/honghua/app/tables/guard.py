"""The guard against leaks: columns that only the label can have written are not read."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from honghua.app.tables.columns import plain_name
from honghua.app.tables.file import as_floats, as_texts

SURE: Final = 0.95  # of frauds told
PURE: Final = 0.95  # of what is told is fraud
FRAUDS_MIN: Final = 10
VALUES_MAX: Final = 2_000
LABEL_WORDS: Final = (
    "fraud", "scenario", "launder", "chargeback", "dispute", "flagged", "alertid", "illicit", "suspicious", "investigation", "istarget",
    "anomaly", "欺诈",
)  # fmt: skip
LABEL_NAMES: Final = frozenset(("label", "labels", "class", "target", "y", "outcome", "groundtruth"))


def looks_label_derived(column: str) -> bool:
    """Whether the name says that the column follows from the label, or is another one."""
    plain = plain_name(column)
    return plain in LABEL_NAMES or any(word in plain for word in LABEL_WORDS)


def tells_label(seen: pa.Array, kind: str, labels: NDArray[np.int8]) -> float:
    """The share of frauds that the column alone tells almost without error: by its values, or as the highest or lowest. 0 = it does not."""
    known = labels >= 0
    y = labels[known] == 1
    frauds = int(y.sum())
    if frauds < FRAUDS_MIN or frauds == len(y):
        return 0.0
    values = (as_floats(seen) if kind == "number" else _codes(seen))[known]
    sure = by_values(values, y)
    if kind == "number":
        sure = max(sure, by_rank(values, y, frauds), by_rank(-values, y, frauds))
    return sure if sure >= SURE else 0.0


def _codes(seen: pa.Array) -> NDArray[np.float64]:
    coded: Any = as_texts(seen).dictionary_encode()
    return np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.float64)


def by_values(values: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    """The share of frauds at values where almost all is fraud; a value that occurs only once tells nothing."""
    distinct, place = np.unique(values, return_inverse=True)
    if len(distinct) > VALUES_MAX:
        return 0.0
    counts = np.bincount(place, minlength=len(distinct))
    frauds = np.bincount(place, weights=y, minlength=len(distinct))
    pure = (frauds >= PURE * counts) & (counts > 1)
    return float(frauds[pure].sum() / y.sum())


def by_rank(values: NDArray[np.float64], y: NDArray[np.bool_], frauds: int) -> float:
    """How many of the highest values are fraud, of as many as there are frauds."""
    usable = np.where(np.isnan(values), -np.inf, values)
    edge = np.partition(usable, len(usable) - frauds)[len(usable) - frauds]
    top = usable >= edge
    if top.sum() > frauds / PURE:
        return 0.0
    return float(y[top].sum() / frauds)


__all__ = ["looks_label_derived", "tells_label"]
