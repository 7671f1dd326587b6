"""One stream of what happened and what became known: each label is an event of its own, at the time at which it arrives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind

Ints = NDArray[np.int64]


def merge_labels(events: Ints, labels: NDArray[np.integer[Any]], arrives_us: Ints) -> tuple[Ints, Ints]:
    """Events int64[n, C] in order of time, and labels int[n] (1 fraud, 0 clear, else unknown) that arrive at arrives_us int64[n].

    Returns the merged events and, for each, its row of `events`, −1 for a label. A label that arrives at the time of an event comes after
    it: it is used only from strictly later events on.
    """
    about = np.flatnonzero((labels == 0) | (labels == 1))
    told = events[about].copy()
    told[:, 1] = np.where(labels[about] == 1, EventKind.FRAUD_REPORTED, EventKind.CLEARED)
    told[:, 3] = events[about, 0]
    told[:, 0] = np.maximum(arrives_us[about], events[about, 0])
    order = np.lexsort(
        (np.concatenate([np.zeros(len(events)), np.ones(len(told))]), np.concatenate([events[:, 0], told[:, 0]]))
    )
    source = np.concatenate([np.arange(len(events)), np.full(len(told), -1)])[order]
    merged: Ints = np.concatenate([events, told])[order]
    return merged, source


__all__ = ["merge_labels"]
