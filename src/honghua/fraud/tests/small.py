"""A small made-up market for the tests of the room: ordinary buyers, and some of whom a device farm makes use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import Schema
from honghua.fraud.core import RiskPlan
from honghua.fraud.core.stream import merge_labels

SCHEMA = Schema(("customer", "merchant", "device"), ("hour",))
PLAN = RiskPlan(SCHEMA)
HOUR = 3_600_000_000
START = 1_700_000_000_000_000


def market(n: int, *, seed: int = 1, frauds: float = 0.05) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Events int64[n, C] in order of time and their labels: frauds are large, at night, from one of two devices, at one shop."""
    rng = np.random.default_rng(seed)
    at = START + np.sort(rng.integers(0, 40 * 24, n)) * HOUR
    fraud = rng.random(n) < frauds
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = events[:, 3] = at
    events[:, 1] = 1
    events[:, 2] = np.where(fraud, rng.integers(80_000, 90_000, n), rng.integers(100, 20_000, n))
    events[:, SCHEMA.place("customer")] = rng.integers(1, 40, n)
    events[:, SCHEMA.place("merchant")] = np.where(fraud, 7, rng.integers(1, 20, n))
    events[:, SCHEMA.place("device")] = np.where(
        fraud, rng.integers(900, 902, n), events[:, SCHEMA.place("customer")] + 100
    )
    events[:, SCHEMA.place("hour")] = at // HOUR % 24
    return events, fraud.astype(np.int8)


def stream(
    events: NDArray[np.int64], labels: NDArray[Any], *, delay_hours: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The merged stream of events and late labels."""
    return merge_labels(events, labels, events[:, 0] + delay_hours * HOUR)
