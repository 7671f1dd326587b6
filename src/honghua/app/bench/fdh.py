"""`honghua bench fdh`: the Fraud Detection Handbook's protocol on its own data, and rolled over all weeks with late labels."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.fraud_data import SensedTable, add_arguments, sense_file, skipped
from honghua.app.replay_map import TableMap
from honghua.base.clock import DAY_US
from honghua.base.rng import derive_rng
from honghua.fraud.api import FitSettings, fit_fraud
from honghua.models.api import auc, average_precision, bootstrap, card_precision_at_k
from honghua.store.settings import StoreSettings

FIRST_DAY: Final = "2018-04-01"
STARTS: Final = (115, 122, 129, 136)  # 2018-07-25, 08-01, 08-08, 08-15
WEEK: Final = 7
DAYS_BACK: Final = 90
NEGATIVES_KEPT: Final = 0.25
ROLLED_NEGATIVES: Final = 0.1  # sixteen fits instead of four
ROLLED_FROM: Final = 31
RESAMPLES: Final = 2_000
PUBLISHED: Final = {
    "xgboost": [0.869, 0.687, 0.303],
    "mlp": [0.876, 0.675, 0.303],
    "plain LightGBM with late counts": [0.886, 0.718, 0.309],
}
MAP: Final = TableMap(labels={"delay_days": WEEK}, timezone="UTC")
Ints = NDArray[np.int64]


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser = add_arguments(
        benches, "fdh", "the Fraud Detection Handbook's protocol: AUC, average precision, card precision@100"
    )
    parser.add_argument(
        "--rolled", action="store_true", help="also every week from May on, each with a model fitted for it"
    )
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Sense once, then fit and judge each run."""
    path = args.data / "fdh" / "transactions.parquet"
    if not path.exists():
        return skipped(path)
    sensed = sense_file(path, MAP, label="TX_FRAUD", until=FIRST_DAY + "T23:59:59")
    day = sensed.table.events[:, 0] // DAY_US
    day -= day[0]
    settings = FitSettings(seed=args.seed, threads=args.threads)
    runs = [judge(sensed, day, start, settings) for start in STARTS]
    result: dict[str, Any] = {"runs": runs, **summary(runs, args.seed), "published": PUBLISHED, "rows": len(day)}
    if args.rolled:
        starts = range(ROLLED_FROM, STARTS[-1] + 1, WEEK)
        weeks = []
        for start in starts:
            weeks.append(judge(sensed, day, start, settings, negatives=ROLLED_NEGATIVES))
            print(f"honghua: week {len(weeks)} of {len(starts)}", file=sys.stderr)
        result["rolled"] = {"weeks": len(weeks), **summary(weeks, args.seed), "by_week": weeks}
    return result


def summary(runs: Sequence[dict[str, Any]], seed: int) -> dict[str, Any]:
    """Mean and standard deviation over runs, and where the mean lies: runs drawn anew."""
    drawn = derive_rng(seed, "fdh summary").integers(0, len(runs), (RESAMPLES, len(runs)))
    found = {}
    for name in ("auc", "ap", "card_precision_100"):
        values = np.array([run[name] for run in runs])
        low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        interval = [round(float(x), 4) for x in (low, values.mean(), high)]
        found[name] = {"mean": interval[1], "sd": round(float(values.std()), 4), "interval": interval}
    return found


def judge(
    sensed: SensedTable, day: Ints, start: int, settings: FitSettings, *, negatives: float = NEGATIVES_KEPT
) -> dict[str, Any]:
    """Fit on what was labelled at the end of the gap, score the test week without the customers known as compromised."""
    events, labels = sensed.table.events, sensed.labels
    rng = derive_rng(settings.seed, "fdh", start)
    fit = np.flatnonzero((day >= max(WEEK, start + WEEK - DAYS_BACK)) & (day < start + WEEK))
    fit = fit[(labels[fit] == 1) | (rng.random(len(fit)) < negatives)]
    weight = np.where(labels[fit] == 1, 1.0, 1.0 / negatives)
    fitted = fit_fraud(
        sensed.values[fit],
        labels[fit],
        described=sensed.described,
        weight=weight,
        settings=replace(settings, silence_days=2.0),
    )
    customer = events[:, sensed.table.spec.schema.place("customer")]
    test = test_rows(day, customer, labels, start)
    scores = fitted.model.score(sensed.values[test])
    y = labels[test].astype(np.float64)
    cards = card_precision_at_k(day[test], customer[test], y, scores.fused)
    print(f"honghua: run from day {start}: AUC {auc(y, scores.fused):.4f}", file=sys.stderr)
    alone = {name: round(auc(y, getattr(scores, name)), 4) for name in ("crowd", "rhythm", "merchant")}
    return {
        "first_day": start, "auc": auc(y, scores.fused), "ap": average_precision(y, scores.fused), "card_precision_100": cards.mean,
        "card_precision_by_day": list(cards.precision), "ceiling_100": cards.ceiling, "values_read": len(fitted.model.reads),
        "rows": len(test), "frauds": int(y.sum()), "alone_auc": alone,
        "auc_interval": bootstrap(auc, y, scores.fused, seed=settings.seed, rounds=100).as_list(),
        "ap_interval": bootstrap(average_precision, y, scores.fused, seed=settings.seed, rounds=100).as_list(),
    }  # fmt: skip


def test_rows(day: Ints, customer: Ints, labels: Ints, start: int) -> Ints:
    """The handbook's test week: each day without customers whose fraud is known by then (in training or a gap before)."""
    fraud = labels == 1
    known = set(customer[fraud & (day >= start) & (day < start + WEEK)].tolist())
    kept = []
    for offset in range(WEEK):
        known |= set(customer[fraud & (day == start + WEEK + offset - 1)].tolist())
        rows = np.flatnonzero(day == start + 2 * WEEK + offset)
        kept.append(rows[~np.isin(customer[rows], list(known))])
    return np.concatenate(kept)
