"""`honghua bench s-ffsd`: the semi-supervised simulation in order of time, beside a plain LightGBM, with and without the graph."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.fraud_data import SensedTable, add_arguments, sense_file, skipped
from honghua.app.replay_map import TableMap
from honghua.fraud.api import FitSettings, fit_fraud
from honghua.fraud.core import Value
from honghua.models.api import auc, average_precision, bootstrap, bootstrap_difference, choose_threshold, macro_f1
from honghua.store.settings import StoreSettings

ROWS: Final = 54_516
FIT_SHARE, TUNE_SHARE = 0.60, 0.15
MAP: Final = TableMap(
    columns={"at": "Time", "customer": "Source", "merchant": "Target", "amount": "Amount", "region": "Location", "category": "Type"},
    labels={"delay_days": 0}, time_unit="step",
)  # fmt: skip
PLAIN: Final = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True}
PLAIN_ROUNDS: Final = 500
Doubles = NDArray[np.float64]


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser = add_arguments(benches, "s-ffsd", "the S-FFSD table in order of time: AUC, macro F1, average precision")
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit on the first 60 %, tune on the next 15 %, report on the last 25 %, labelled rows only."""
    path = args.data / "s_ffsd" / "transactions.parquet"
    if not path.exists():
        return skipped(path)
    until = int(ROWS * (FIT_SHARE + TUNE_SHARE)) - 1
    sensed = sense_file(path, MAP, label="Labels", until=str(until))
    n = len(sensed.labels)
    known = np.flatnonzero(sensed.labels >= 0)
    part = np.searchsorted([int(n * FIT_SHARE), int(n * (FIT_SHARE + TUNE_SHARE))], known, side="right")
    rows = [known[part == k] for k in range(3)]
    settings = FitSettings(seed=args.seed, threads=args.threads, refit=False, silence_days=90.0)
    without = [
        k for k, value in enumerate(sensed.described) if not value.name.startswith(("graph_", "tied_", "fellow_"))
    ]
    everything = range(len(sensed.described))
    methods: dict[str, Callable[[], tuple[Doubles, Doubles]]] = {
        "fused": lambda: ours(sensed, rows, everything, settings),
        "without_graph": lambda: ours(sensed, rows, without, settings),
        "lightgbm": lambda: plain(sensed, rows, baseline_columns(sensed.described), args.seed),
    }
    test_y = sensed.labels[rows[2]].astype(np.float64)
    scores = {name: method() for name, method in methods.items()}
    result: dict[str, Any] = {
        name: figures(sensed.labels[rows[1]], test_y, both, args.seed) for name, both in scores.items()
    }
    for name in ("without_graph", "lightgbm"):
        gain = bootstrap_difference(average_precision, test_y, scores["fused"][1], scores[name][1], seed=args.seed)
        result[f"ap_gain_over_{name}"] = gain.as_list()
    shares = [float(sensed.labels[r].mean()) for r in rows]
    return {**result, "rows": [len(r) for r in rows], "fraud_shares": [round(share, 4) for share in shares]}


def ours(
    sensed: SensedTable, rows: Sequence[NDArray[np.int64]], columns: Sequence[int], settings: FitSettings
) -> tuple[Doubles, Doubles]:
    """Fused scores of the tuning and the test rows."""
    described = [sensed.described[k] for k in columns]
    values = np.ascontiguousarray(sensed.values[:, list(columns)])
    both = np.concatenate(rows[:2])
    late = np.arange(len(both)) >= len(rows[0])
    fitted = fit_fraud(values[both], sensed.labels[both], described=described, late=late, settings=replace(settings))
    return fitted.model.score(values[rows[1]]).fused, fitted.model.score(values[rows[2]]).fused


def baseline_columns(described: Sequence[Value]) -> list[int]:
    """Causal values per entity: amount, counts, sums, means, ratios in windows, frauds known so far; no graph, no detectors."""
    endings, parts = ("_fraud_rate", "_labels", "_fraud_age"), ("_count_", "_sum_", "_mean_", "_of_")
    own = [k for k, value in enumerate(described) if not value.name.startswith("graph_")]
    return [
        k
        for k in own
        if described[k].name == "amount_log"
        or described[k].name.endswith(endings)
        or any(part in described[k].name for part in parts)
    ]


def plain(
    sensed: SensedTable, rows: Sequence[NDArray[np.int64]], columns: Sequence[int], seed: int
) -> tuple[Doubles, Doubles]:
    """LightGBM with its own defaults, stopped early on the tuning rows."""
    x, y = sensed.values[:, list(columns)], sensed.labels
    sets = [lightgbm.Dataset(x[r], y[r], params=PLAIN) for r in rows[:2]]
    booster = lightgbm.train(
        {**PLAIN, "seed": seed, "metric": "average_precision"}, sets[0], PLAIN_ROUNDS, valid_sets=[sets[1]],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip
    tuned, tested = (np.asarray(booster.predict(x[r]), np.float64) for r in rows[1:])
    return tuned, tested


def figures(tune_y: NDArray[np.int64], y: Doubles, both: tuple[Doubles, Doubles], seed: int) -> dict[str, Any]:
    """AUC, macro F1 at the tuning rows' threshold, and average precision, each with its interval."""
    tuned, scores = both
    threshold = choose_threshold(tune_y, tuned)

    def f1(labels: Doubles, found: Doubles) -> float:
        return macro_f1(labels, found, threshold=threshold)

    told: dict[str, Callable[..., float]] = {"auc": auc, "macro_f1": f1, "ap": average_precision}
    return {
        name: [round(v, 4) for v in bootstrap(metric, y, scores, seed=seed).as_list()] for name, metric in told.items()
    }
