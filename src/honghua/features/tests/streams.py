"""Definitions and streams for tests: every aggregate once at least, and events that are late, absent, refunded or labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from honghua.features.core import MISSING, Definition, FeatureSet, Ratio, Schema, Window

SCHEMA = Schema(("customer", "merchant", "device"), ("hour",))
START = 1_700_000_000_000_000
PAID = (("kind", "==", 1),)
MOVED = (("kind", "<=", 3), ("kind", "!=", 2))


def definitions() -> list[Definition]:
    """Each aggregate, each kind of key and each policy, over hops of a minute to three days."""
    c, m, both = ("customer",), ("merchant",), ("customer", "merchant")
    found: list[Definition] = [
        Window("c_count", c, "count", window="5m"),
        Window("c_count_before", c, "count", window="5m", include_current=False),
        Window("c_count_missing", c, "count", window="1h", where=PAID, empty="missing", include_current=False),
        Window("c_sum", c, "sum", window="1h", where=PAID, reverse_on_refund=True),
        Window("c_sum_missing", c, "sum", window="7d", where=PAID, reverse_on_refund=True, empty="missing"),
        Window("c_mean", c, "mean", window="7d", where=PAID, reverse_on_refund=True),
        Window("c_mean_long", c, "mean", window="30d", where=PAID, reverse_on_refund=True, include_current=False),
        Window("c_std", c, "std", window="1d", where=PAID, reverse_on_refund=True),
        Window("c_std_moved", c, "std", window="1d", where=MOVED),
        Window("c_std_hour", c, "std", window="30d", value="hour", empty="zero"),
        Window("c_max", c, "max", window="6h", where=MOVED),
        Window("c_max_long", c, "max", window="90d", where=MOVED, include_current=False),
        Window("c_min", c, "min", window="1d", where=MOVED, empty="zero", include_current=False),
        Window("c_merchants", c, "distinct", value="merchant", window="30d"),
        Window("c_devices", c, "distinct", value="device", window="1h", empty="missing"),
        Window("c_entropy", c, "entropy", value="merchant", window="7d"),
        Window("c_round", c, "count", window="10m", where=(("amount_minor", "multiple_of", 100), ("kind", "==", 1))),
        Window("c_night", c, "sum", window="30d", where=(("hour", "<", 6), ("amount_minor", ">", 500))),
        Window("c_hour_mean", c, "mean", value="hour", window="1d"),
        Window("c_last", c, "last", include_current=False),
        Window("c_last_hour", c, "last", value="hour"),
        Window("c_since", c, "since", where=PAID, include_current=False),
        Window("c_age", c, "first_seen"),
        Window("c_ever", c, "sum", where=PAID, reverse_on_refund=True),
        Window("c_refunds", c, "count", where=(("kind", "==", 2),), window="30d"),
        Window("m_count", m, "count", window="1d"),
        Window("m_fraud", m, "count", where=(("kind", "==", 6),), window="30d"),
        Window("m_customers", m, "distinct", value="customer", window="7d"),
        Window("m_since_fraud", m, "since", where=(("kind", "==", 6),)),
        Window("m_entropy", m, "entropy", value="customer"),
        Window("p_count", both, "count", window="30d"),
        Window("p_first", both, "first_seen"),
        Window("d_max", ("device",), "max", window="5m", include_current=False),
    ]
    found += [
        Ratio("own_history", "amount_minor", "c_mean_long", support="c_refunds", support_min=0.0),
        Ratio("share", "p_count", "c_merchants"),
        Ratio("risk", "m_fraud", "m_count", weight=5.0, prior=0.01),
        Ratio("older", "c_ever", "c_sum", less="c_mean", support="m_count", support_min=2.0),
        Ratio("twice", "share", "hour"),
    ]
    return found


def feature_set() -> FeatureSet:
    """All of `definitions` over SCHEMA."""
    return FeatureSet(SCHEMA, definitions())


def to_events(rows: list[tuple[int, ...]]) -> Any:
    """int64[n, C] from (step µs, late µs, kind, amount, origin back µs, customer, merchant, device, hour)."""
    events = np.zeros((len(rows), SCHEMA.width), np.int64)
    now = START
    for row, (step, late, kind, amount, back, customer, merchant, device, hour) in zip(events, rows, strict=True):
        now += step
        at_us = now - late
        row[:] = (at_us, kind, amount, at_us - back, customer, merchant, device, MISSING if hour > 23 else hour)
    return events


MINUTE = 60_000_000
STEPS = st.one_of(
    st.just(0), st.integers(0, 3 * MINUTE), st.integers(0, 180 * MINUTE), st.integers(0, 5 * 1440 * MINUTE),
    st.sampled_from([MINUTE, 10 * MINUTE, 120 * MINUTE, 1440 * MINUTE, 3 * 1440 * MINUTE, 100 * 1440 * MINUTE]),
)  # fmt: skip
LATES = st.one_of(st.just(0), st.just(0), st.integers(0, 30 * MINUTE), st.integers(0, 40 * 1440 * MINUTE))
ROWS = st.tuples(
    STEPS, LATES, st.sampled_from([1, 1, 1, 2, 2, 3, 4, 6, 7, 8, 62]), st.sampled_from([100, 250, 999, 1000, 70_000]),
    st.one_of(st.just(0), st.integers(0, 12 * 60 * MINUTE), st.integers(-MINUTE, 60 * 1440 * MINUTE)),
    st.integers(0, 2), st.integers(0, 3), st.integers(0, 2), st.integers(0, 26),
)  # fmt: skip
STREAMS = st.lists(ROWS, min_size=1, max_size=40).map(to_events)


def random_events(seed: int, n: int, *, people: int = 6, late_share: float = 0.1, span_days: float = 40.0) -> Any:
    """A longer stream of the same kind of rows."""
    rng = np.random.default_rng(seed)
    steps = rng.exponential(span_days * 1440 * MINUTE / n, n).astype(np.int64)
    late = np.where(rng.random(n) < late_share, rng.exponential(1440 * MINUTE, n), 0).astype(np.int64)
    rows = zip(
        steps.tolist(), late.tolist(), rng.choice([1, 1, 1, 1, 2, 3, 6, 62], n).tolist(),
        np.exp(rng.normal(7, 1, n)).astype(int).tolist(), rng.integers(0, 3 * 1440 * MINUTE, n).tolist(),
        rng.integers(0, people, n).tolist(), rng.integers(0, 4, n).tolist(), rng.integers(0, people, n).tolist(),
        rng.integers(0, 27, n).tolist(), strict=True,
    )  # fmt: skip
    return to_events(list(rows))
