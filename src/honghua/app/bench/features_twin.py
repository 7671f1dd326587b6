"""The peer of `bench features` in plain Python: a dictionary of deques, amortised constant time, for purchases in the order of time.

It shares no code with the kernels: values leave a window one by one from the left, maxima stand in a falling deque, what is
distinct is counted per hashed bit.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np

from honghua.features.core import FeatureSet, Ratio, Window

HOUR = 3_600_000_000
LENGTHS = {"1h": HOUR, "1d": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR}
HOPS = {"1h": HOUR // 6, "1d": 2 * HOUR, "7d": 24 * HOUR, "30d": 24 * HOUR}
ESTIMATES = [0.0] + [-64 * math.log1p(-k / 64) for k in range(1, 64)] + [64 * math.log(128)]
WORD = 2**32


class Sliding:
    """One key's one window: everything in it, oldest first."""

    def __init__(self, span: str) -> None:
        self.length, self.hop = LENGTHS[span], HOPS[span]
        self.inside: deque[tuple[int, int, int]] = deque()
        self.falling: deque[tuple[int, int]] = deque()
        self.sum = 0
        self.bits = [0] * 64
        self.distinct = 0

    def add(self, at_us: int, amount: int, bit: int) -> None:
        """Let what is too old go, then take one purchase in."""
        oldest = (at_us - self.length) // self.hop
        while self.inside and self.inside[0][0] < oldest:
            _, gone, gone_bit = self.inside.popleft()
            self.sum -= gone
            self.bits[gone_bit] -= 1
            self.distinct -= self.bits[gone_bit] == 0
        while self.falling and self.falling[0][0] < oldest:
            self.falling.popleft()
        tile = at_us // self.hop
        while self.falling and self.falling[-1][1] <= amount:
            self.falling.pop()
        self.falling.append((tile, amount))
        self.inside.append((tile, amount, bit))
        self.sum += amount
        self.distinct += self.bits[bit] == 0
        self.bits[bit] += 1

    def read(self, aggregate: str) -> float:
        """One value of the window, which is not empty."""
        match aggregate:
            case "count":
                return len(self.inside)
            case "sum":
                return self.sum
            case "mean":
                return self.sum / len(self.inside)
            case "max":
                return self.falling[0][1]
            case _:
                return ESTIMATES[self.distinct]


def bit_of(key: int) -> int:
    """One of 64 bits by the hash of a key, as the kernels take it."""
    return mix(key % WORD ^ mix(key // WORD)) % 64


def mix(x: int) -> int:
    """Scatter 32 bits."""
    x ^= x >> 16
    x = x * 0x7FEB352D % WORD
    x ^= x >> 15
    x = x * 0x31848BAB % WORD
    return x ^ (x >> 16)


def twin_values(chosen: FeatureSet, events: Any) -> Any:
    """float32[n, V] of the narrow set for purchases in the order of time."""
    columns = chosen.schema.columns
    places = {name: place for place, name in enumerate(columns)}
    windows: dict[tuple[str, int, str], Sliding] = {}
    last: dict[tuple[str, int], int] = {}
    bits: dict[int, int] = {}
    plan = [_plan(one) for one in chosen.definitions]
    spans = dict.fromkeys((key, span) for kind, key, span in plan if kind not in ("since", "ratio"))
    out = np.full((len(events), len(plan)), np.nan, np.float32)
    for i, event in enumerate(events.tolist()):
        at_us, amount = event[0], event[2]
        for key, span in spans:
            entity = event[places[key]]
            other = event[places["merchant" if key == "customer" else "customer"]]
            if other not in bits:
                bits[other] = bit_of(other)
            name = (key, entity, span)
            if name not in windows:
                windows[name] = Sliding(span)
            windows[name].add(at_us, amount, bits[other])
        row: list[float] = []
        for kind, key, span in plan:
            entity = event[places[key]]
            if kind == "since":
                row.append((at_us - last[key, entity]) / 1e6 if (key, entity) in last else math.nan)
                last[key, entity] = at_us
            elif kind == "ratio":
                row.append(amount / float(np.float32(windows[key, entity, span].read("mean"))))
            else:
                row.append(windows[key, entity, span].read(kind))
        out[i] = row
    return out


def _plan(one: Window | Ratio) -> tuple[str, str, str]:
    if isinstance(one, Ratio):
        return "ratio", one.name.removesuffix("_own"), "30d"
    return one.aggregate, one.key[0], one.window


__all__ = ["twin_values"]
