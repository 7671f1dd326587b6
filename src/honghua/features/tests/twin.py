"""The naive twin: what a value means, in plain loops over all earlier events. Quadratic and slow; shares no code with the kernels."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from honghua.features.core import FeatureSet, Ratio, Window

MISSING = -(2**63)
ASKED = 62
LENGTHS = {"m": 60, "h": 3600, "d": 86400}
HOPS = ((600, 60), (3 * 3600, 600), (2 * 86400, 7200), (45 * 86400, 86400), (180 * 86400, 3 * 86400))
COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "multiple_of": lambda value, wanted: value % wanted == 0,
}  # fmt: skip
Event = dict[str, int]


def mixed(x: int) -> int:
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x31848BAB % 2**32
    return x ^ (x >> 16)


def hashed(key: int) -> int:
    key %= 2**64
    return mixed(key % 2**32 ^ mixed(key >> 32))


def holds(where: Any, event: Event) -> bool:
    return all(event[column] != MISSING and COMPARE[op](event[column], constant) for column, op, constant in where)


def tile(at_us: int, hop: int) -> int:
    return at_us // (hop * 1_000_000)


def parts(window: Window, past: list[Event], entities: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """(time, sign, value) of everything that the past rows of a key add; the last row is the current one."""
    value = "amount_minor" if window.aggregate in ("count", "since", "first_seen") else window.value
    rows, clock, found = past if window.include_current else past[:-1], 0, []
    for event in rows:
        clock = max(clock, event["at_us"])
        if event["kind"] == ASKED:
            continue
        absent = 0 if value in entities else MISSING
        if event[value] == absent and window.aggregate not in ("count", "since", "first_seen"):
            continue
        if holds(window.where, event):
            found.append((event["at_us"], 1, event[value]))
        bare = [condition for condition in window.where if condition[0] != "kind"]
        if window.reverse_on_refund and event["kind"] == 2 and holds(bare, event):
            found.append((min(event["origin_at_us"], clock), -1, event[value]))
    return found


def read(window: Window, past: list[Event], entities: tuple[str, ...]) -> float:
    current = past[-1]
    if any(current[entity] == 0 for entity in window.key):
        return math.nan
    now = max(event["at_us"] for event in past)
    found = parts(window, past, entities)
    if window.window != "ever":
        length = int(window.window[:-1]) * LENGTHS[window.window[-1]]
        hop = next(hop for longest, hop in HOPS if length <= longest)
        oldest = tile(now - length * 1_000_000, hop)
        found = [one for one in found if tile(one[0], hop) >= oldest]
    told = aggregate(window.aggregate, found, now)
    empty = window.empty or ("zero" if window.aggregate in ("count", "sum", "distinct") else "missing")
    summed = window.aggregate in ("count", "sum", "mean", "std")
    nothing = sum(sign for _, sign, _ in found) <= 0 if summed else not found
    if nothing and empty == "missing":
        return math.nan
    if nothing and window.aggregate not in ("count", "sum"):
        return 0.0
    return told


def aggregate(name: str, found: list[tuple[int, int, int]], now: int) -> float:
    n = sum(sign for _, sign, _ in found)
    s = sum(sign * value for _, sign, value in found)
    if name == "count":
        return float(n)
    if name == "sum":
        return float(s)
    if not found or (name in ("mean", "std") and n <= 0):
        return math.nan
    values = [value for _, _, value in found]
    match name:
        case "mean":
            return s / n
        case "std":
            squares = sum(sign * value * value for _, sign, value in found)
            return math.sqrt(max(0, n * squares - s * s)) / n
        case "max":
            return float(max(values))
        case "min":
            return float(min(values))
        case "distinct":
            k = len({hashed(value) % 64 for value in values})
            return 64 * math.log(64 / (64 - k)) if k < 64 else 64 * math.log(128)
        case "entropy":
            counts = [sum(hashed(value) % 16 == k for value in values) for k in range(16)]
            return -sum(c / len(values) * math.log(c / len(values)) for c in counts if c)
        case "last":
            return float(values[-1])
        case "since":
            return (now - max(at for at, _, _ in found)) / 1e6
        case "first_seen":
            return (now - min(at for at, _, _ in found)) / 1e6
    raise AssertionError(name)


def divide(ratio: Ratio, event: Event, row: dict[str, float]) -> float:
    def operand(name: str) -> float:
        if name in row:
            return float(np.float32(row[name]))
        return math.nan if event[name] == MISSING else float(event[name])

    under = operand(ratio.under) - (operand(ratio.less) if ratio.less else 0.0) + ratio.weight
    if under == 0.0 or (ratio.support and not operand(ratio.support) >= ratio.support_min):
        return math.nan
    return (operand(ratio.over) + ratio.weight * ratio.prior) / under


def naive_values(feature_set: FeatureSet, events: Any) -> Any:
    """float32[n, V] of events int64[n, C]."""
    schema = feature_set.schema
    rows: list[Event] = [dict(zip(schema.columns, map(int, event), strict=True)) for event in events]
    out = np.full((len(rows), len(feature_set.names)), np.nan, np.float32)
    for i, event in enumerate(rows):
        if event["kind"] not in (1, 3, ASKED):
            continue
        told: dict[str, float] = {}
        for v, one in enumerate(feature_set.definitions):
            if isinstance(one, Window):
                past = [row for row in rows[: i + 1] if all(row[entity] == event[entity] for entity in one.key)]
                told[one.name] = read(one, past, schema.entities)
            else:
                told[one.name] = divide(one, event, told)
            out[i, v] = told[one.name]
    return out
