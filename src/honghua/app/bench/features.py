"""`honghua bench features`: window values per second beside their naive twin in Python, DuckDB and Polars."""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.features_twin import twin_values
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.features.api import FeatureStore, sql_values
from honghua.features.core import Definition, EventKind, FeatureSet, Ratio, Schema, Window
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]
Values = NDArray[np.float32]
SCHEMA: Final = Schema(("customer", "merchant", "device", "category", "region"), ("hour",))
KEYS: Final = ("customer", "merchant", "device")
SPANS: Final = ("1h", "1d", "7d", "30d")
WIDE_SPANS: Final = ("5m", "1h", "6h", "1d", "7d", "30d", "90d")
AGGREGATES: Final = ("count", "sum", "mean", "max", "distinct")
BOUGHT: Final = (("kind", "==", int(EventKind.PURCHASE)),)
DAYS: Final = 30
BATCH: Final = 1_000
WARM_SHARE: Final = 0.5  # of the events before the clock starts: windows are full when it does


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "features", help="window values per second and core, beside Python, DuckDB, Polars"
    )
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--sample", type=int, default=20_000, help="events that the peers run, and that are compared")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Feed made-up purchases in batches: half before the clock, half measured in CPU seconds; then the peers on a sample."""
    if args.entities < 100 or not 1_000 <= args.sample <= args.events:
        raise BadInput("at least 100 entities and 1,000 events, no fewer than the sample, are needed", code="BAD_SIZE")
    events = made_up_events(args.events, args.entities, seed=args.seed)
    chosen = FeatureSet(SCHEMA, narrow())
    figures, feature_store = measure_store(chosen, events)
    memory = feature_store.memory()
    live = sum(told["keys"] for told in memory.values())
    used = sum(told["bytes_per_key"] * told["keys"] for told in memory.values())
    counters = feature_store.counters()
    broad = FeatureSet(SCHEMA, wide())
    wide_figures, _ = measure_store(broad, events[: max(args.sample, args.events // 4)].copy())
    return {
        "values": len(chosen.names),
        "events": args.events,
        **figures,
        "goal_events_per_s_core": 800_000,
        "entities": live,
        "bytes_per_entity": round(used / live),
        "bytes_per_entity_by_key": {key: round(told["bytes_per_key"]) for key, told in memory.items()},
        "evicted": sum(told["evicted"] for told in counters.values()),
        **compare(chosen, made_up_events(args.sample, args.entities // 20, seed=args.seed + 1)),
        "wide_values": len(broad.names),
        "wide_us_per_event": wide_figures["us_per_event"],
    }


def narrow() -> list[Definition]:
    """66 values: 3 keys × 4 windows × 5 aggregates, time since the last purchase and the amount against own history."""
    found: list[Definition] = []
    for key in KEYS:
        found += windows_of((key,), SPANS)
        found.append(Window(f"{key}_since", (key,), "since", where=BOUGHT, include_current=False))
        found.append(Ratio(f"{key}_own", "amount_minor", f"{key}_mean_30d"))
    return found


def wide() -> list[Definition]:
    """Some 200 values: six keys, a pair among them, seven windows."""
    found = [one for key in (*KEYS, "category", "region") for one in windows_of((key,), WIDE_SPANS)]
    found += windows_of(("customer", "merchant"), WIDE_SPANS)
    for key in KEYS:
        found.append(Window(f"{key}_std", (key,), "std", window="30d", where=BOUGHT))
        found.append(Ratio(f"{key}_own", "amount_minor", f"{key}_mean_30d"))
    return found


def windows_of(key: tuple[str, ...], spans: tuple[str, ...]) -> list[Definition]:
    """Each aggregate over each span for one key."""
    other = "merchant" if key[0] == "customer" else "customer"
    return [
        Window(
            f"{'_'.join(key)}_{aggregate}_{span}", key, aggregate, window=span, where=BOUGHT,
            value=other if aggregate == "distinct" else "amount_minor",
        )
        for span in spans
        for aggregate in AGGREGATES
    ]  # fmt: skip


def made_up_events(n: int, entities: int, *, seed: int) -> Ints:
    """Purchases of DAYS days in the order of time: 70 % of the entities are customers, 25 % devices, 5 % merchants, Zipf."""
    rng = np.random.default_rng(seed)
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = 1_700_000_000_000_000 + np.sort(rng.integers(0, DAYS * DAY_US, n))
    events[:, 1] = EventKind.PURCHASE
    events[:, 2] = np.exp(rng.normal(8, 1, n)).astype(np.int64)
    events[:, 3] = events[:, 0]
    events[:, 4] = zipf(rng, n, int(entities * 0.7), 0.6)
    events[:, 5] = zipf(rng, n, max(10, entities // 20), 1.0)
    events[:, 6] = events[:, 4] % max(10, entities // 4) + 1
    events[:, 7] = events[:, 5] % 40 + 1
    events[:, 8] = events[:, 4] % 300 + 1
    events[:, 9] = events[:, 0] // 3_600_000_000 % 24
    return events


def zipf(rng: np.random.Generator, n: int, kinds: int, slope: float) -> Ints:
    """int64[n] of 1 … kinds, the k-th with weight k^-slope."""
    weights = np.cumsum(np.arange(1, kinds + 1, dtype=np.float64) ** -slope)
    return np.searchsorted(weights / weights[-1], rng.random(n)).astype(np.int64) + 1


def measure_store(chosen: FeatureSet, events: Ints) -> tuple[dict[str, Any], FeatureStore]:
    """Events per CPU second of one core in batches of 1,000 and one by one; the store behind it."""
    FeatureStore(chosen).values(events[:BATCH])  # compiled before the clock starts
    feature_store = FeatureStore(chosen)
    warm = int(len(events) * WARM_SHARE)
    feature_store.values(events[:warm])
    out = np.zeros((BATCH, len(chosen.names)), np.float32)
    single = min(5_000, (len(events) - warm) // 10)
    end = len(events) - single
    started = time.process_time()
    for i in range(warm, end, BATCH):
        batch = events[i : min(i + BATCH, end)]
        feature_store.step(batch, out[: len(batch)])
    seconds = time.process_time() - started
    took = np.zeros(single)
    for k in range(single):
        begun = time.perf_counter_ns()
        feature_store.step(events[end + k : end + k + 1], out[:1])
        took[k] = time.perf_counter_ns() - begun
    p50, p99 = np.percentile(took, (50, 99)) / 1e3
    return {
        "events_per_s_core": round((end - warm) / seconds),
        "us_per_event": round(seconds / (end - warm) * 1e6, 3),
        "batch": BATCH,
        "single_call_us_p50": round(float(p50), 1),
        "single_call_us_p99": round(float(p99), 1),
    }, feature_store


def compare(chosen: FeatureSet, events: Ints) -> dict[str, Any]:
    """The same events through the twin, DuckDB and Polars: how fast they are, and how many values differ from ours."""
    ours = FeatureStore(chosen).values(events)
    started = time.process_time()
    naive = twin_values(chosen, events)
    python_s = time.process_time() - started
    started = time.process_time()
    by_sql = sql_values(chosen, events)
    duckdb_s = time.process_time() - started
    started = time.process_time()
    columns = run_polars(events)
    polars_s = time.process_time() - started
    return {
        "compared_events": len(events),
        "mismatches": count_differing(ours, naive),
        "sql_mismatches": count_differing(ours, by_sql),
        "python_events_per_s": round(len(events) / python_s),
        "duckdb_events_per_s": round(len(events) / duckdb_s),
        "polars_events_per_s": round(len(events) / polars_s) if columns else None,
        "polars_values": columns,
    }


def count_differing(ours: Values, theirs: Values) -> int:
    """Values that differ in any bit; two missing ones are the same."""
    return int((~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))).sum())


def run_polars(events: Ints) -> int:
    """The same aggregates by Polars' rolling windows (exact sliding ones, not ours in hops); how many columns, 0 without Polars."""
    try:
        pl = importlib.import_module("polars")
    except ModuleNotFoundError:
        return 0
    frame = pl.DataFrame({name: events[:, place] for place, name in enumerate(SCHEMA.columns)})
    frame = frame.with_columns(at=pl.from_epoch("at_us", time_unit="us"))
    columns = 0
    for key in KEYS:
        other = "merchant" if key == "customer" else "customer"
        for span in SPANS:
            told = frame.rolling(index_column="at", period=span, group_by=key).agg(
                pl.len(),
                pl.col("amount_minor").sum().alias("sum"),
                pl.col("amount_minor").mean().alias("mean"),
                pl.col("amount_minor").max().alias("max"),
                pl.col(other).n_unique().alias("distinct"),
            )
            columns += told.width - 2
    return columns


__all__ = ["made_up_events", "narrow", "wide"]
