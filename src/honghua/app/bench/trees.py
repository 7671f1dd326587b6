"""`honghua bench trees`: one row and many through our forest, with and without reasons, beside LightGBM on the same rows."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any, Final

import lightgbm
import numpy as np

from honghua.base.errors import BadInput
from honghua.models.api import Trained, train_forest
from honghua.models.core import REASONS, Forest
from honghua.store.settings import StoreSettings

Float32 = np.ndarray[Any, np.dtype[np.float32]]

SINGLES: Final = 5_000
PEER_SINGLES: Final = 1_000
SHAP_SINGLES: Final = 50
BATCHES: Final = (100, 256, 1_000, 20_000)
BATCH_ROWS: Final = 2_000  # of a round in small batches
ROUNDS: Final = 7


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "trees", help="microseconds a row, with reasons and without, beside LightGBM"
    )
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit on made-up rows with missing values, then measure on other rows."""
    if min(args.trees, args.features) < 1 or args.leaves < 2 or args.rows < 1_000:
        raise BadInput("at least one tree, one feature, two leaves and 1,000 rows are needed", code="BAD_SIZE")
    x, y = made_up_rows(args.rows, args.features, seed=args.seed)
    trained = fit(x, y, args)
    fresh, _ = made_up_rows(max(args.rows, BATCHES[-1]), args.features, seed=args.seed + 1)
    ours = measure_forest(trained.forest, fresh)
    theirs = measure_lightgbm(trained, fresh)
    return {
        **ours,
        **theirs,
        "times_faster_single": round(theirs["lightgbm_us_p50"] / ours["tree_us_p50"], 1),
        "times_faster_batch": round(ours["rows_per_s"]["20000"] / theirs["lightgbm_rows_per_s"], 1),
    }


def made_up_rows(rows: int, features: int, *, seed: int) -> tuple[Float32, np.ndarray[Any, np.dtype[np.float64]]]:
    """Rows with 5 % missing values and a label that bends with several of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    weights = np.random.default_rng(0).normal(size=features)
    signal = (
        x @ weights / np.sqrt(features) * 2
        + np.sin(3 * x[:, 0])
        + x[:, features // 2] * x[:, -1]
        + rng.normal(size=rows)
    )
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, (signal > 1.0).astype(np.float64)


def fit(x: Float32, y: np.ndarray[Any, np.dtype[np.float64]], args: argparse.Namespace) -> Trained:
    """A forest of the asked size."""
    names = [f"f{k}" for k in range(args.features)]
    params = {"num_leaves": args.leaves, "feature_fraction": 0.7, "learning_rate": 0.1}
    return train_forest(x, y, names=names, seed=args.seed, params=params, rounds=args.trees)


def measure_forest(forest: Forest, x: Float32) -> dict[str, Any]:
    """Microseconds of single calls and rows a second of batches, with four reasons and without; also for `bench decide`."""
    n = len(x)
    out, reasons, parts = np.empty(n), np.empty((n, REASONS), np.int32), np.empty((n, REASONS), np.float32)
    room = {k: (out[:k], reasons[:k], parts[:k]) for k in (1, *BATCHES)}

    def score(rows: Float32) -> None:
        forest.score_into(rows, room[len(rows)][0])

    def explain(rows: Float32) -> None:
        forest.score_explained_into(rows, *room[len(rows)])

    plain, told = time_singles(score, x, SINGLES), time_singles(explain, x, SINGLES)
    sizes = [size for size in BATCHES if size <= len(x)]
    return {
        "trees": forest.trees,
        "leaves": forest.leaves,
        "features": len(forest.names),
        "bytes": forest.size_bytes,
        "tree_us_p50": plain[0],
        "tree_us_p99": plain[1],
        "explained_us_p50": told[0],
        "explained_us_p99": told[1],
        "rows_per_s": {str(size): time_batch(score, x, size) for size in sizes},
        "explained_rows_per_s": {str(size): time_batch(explain, x, size) for size in sizes},
    }


def measure_lightgbm(trained: Trained, x: Float32) -> dict[str, Any]:
    """LightGBM's own predict on one thread, its exact SHAP reasons, and how far our margins are from its."""
    booster = lightgbm.Booster(model_str=trained.booster_text)

    def predict(rows: Float32) -> None:
        booster.predict(rows, raw_score=True, num_threads=1)

    def explain(rows: Float32) -> None:
        booster.predict(rows, pred_contrib=True, num_threads=1)

    single, shap = time_singles(predict, x, PEER_SINGLES), time_singles(explain, x, SHAP_SINGLES)
    margins = booster.predict(x, raw_score=True, num_threads=1)
    ours = trained.forest.score(x)
    return {
        "lightgbm_us_p50": single[0],
        "lightgbm_us_p99": single[1],
        "lightgbm_rows_per_s": time_batch(predict, x, BATCHES[-1]),
        "lightgbm_shap_us_p50": shap[0],
        "rows_compared": len(x),
        "mismatches": int(np.sum(margins != ours)),
        "max_error": float(np.max(np.abs(margins - ours))),
    }


def time_singles(call: Callable[[Float32], None], x: Float32, count: int) -> tuple[float, float]:
    """Median and 99th percentile of calls with one row each, in microseconds; the call from Python is part of it."""
    rows = [x[k % len(x) : k % len(x) + 1] for k in range(count)]
    for row in rows[:20]:
        call(row)
    took = np.empty(count, np.int64)
    gc.disable()
    try:
        for k, row in enumerate(rows):
            started = time.perf_counter_ns()
            call(row)
            took[k] = time.perf_counter_ns() - started
    finally:
        gc.enable()
    middle, high = np.percentile(took, [50, 99]) / 1_000
    return round(float(middle), 2), round(float(high), 2)


def time_batch(call: Callable[[Float32], None], x: Float32, size: int) -> int:
    """Rows a second in calls of `size` rows, the median of some rounds."""
    batches = [x[k * size : (k + 1) * size] for k in range(max(1, min(len(x), BATCH_ROWS) // size))]
    rates = []
    call(batches[0])
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for batch in batches:
            call(batch)
        rates.append(len(batches) * size / (time.perf_counter() - started))
    return round(float(np.median(rates)))
