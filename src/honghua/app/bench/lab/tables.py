"""`honghua bench lab-tables`: champion, challenger and a default LightGBM on every given table, five outer folds, the same rows for all."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.fraud_data import DATA
from honghua.lab.fitting.api import FitSettings, draw_folds, learn, plan_for
from honghua.lab.tables.api import Table, describe, encode, read_table
from honghua.models.api import auc, auc_difference, measure_reliability
from honghua.store.settings import StoreSettings

SEED: Final = 20261122
FOLDS: Final = 5
DEFAULT_ROUNDS: Final = 100
METHODS: Final = ("champion", "challenger", "lightgbm")
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """A table of the measuring data."""

    name: str
    file: str
    target: str
    ids: tuple[str, ...] = ()


TABLES: Final = (
    Given("german_credit", "german.parquet", "bad"),
    Given("australian_credit", "australian.parquet", "approved"),
    Given("hmda_boston", "HMDA.parquet", "deny"),
    Given("gaston_credit_data", "credit_data.parquet", "Status"),
    Given("hmeq", "hmeq.parquet", "BAD"),
    Given("lending_club_modeldata", "lending_club.parquet", "Class"),
    Given("taiwan_default", "taiwan.parquet", "will_default_next_month", ("id",)),
)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "lab-tables", help="the lab's two candidates beside a default LightGBM"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of measuring data")
    parser.add_argument("--table", action="append", default=[], help="only this table (may be repeated)")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Measure each table that is there."""
    told: dict[str, Any] = {}
    for given in TABLES:
        path = args.data / given.name / given.file
        if args.table and given.name not in args.table:
            continue
        if not path.exists():
            told[given.name] = {"skipped": f"{path} is not there"}
            continue
        told[given.name] = measure_table(path, given, args)
        print(f"honghua: {given.name}: {told[given.name]}", file=sys.stderr)
    measured = [one for one in told.values() if "skipped" not in one]
    gains = [one["challenger_over_lightgbm"]["mean"] for one in measured]
    mean = {"gain_mean": round(float(np.mean(gains)), 4), "gain_min": round(min(gains), 4)} if gains else {}
    return {"tables": told, **mean}


def measure_table(path: Path, given: Given, args: argparse.Namespace) -> dict[str, Any]:
    """Mean AUC over the folds, and differences on all rows together with DeLong's interval."""
    started = time.perf_counter()
    table = read_table(path, target=given.target).without(given.ids)
    folds = draw_folds(table.labels, count=args.folds, seed=args.seed, name="outer")
    scores = {name: np.empty(table.rows) for name in METHODS}
    settings = FitSettings(seed=args.seed, threads=args.threads)
    ours_s = 0.0
    for fold in range(args.folds):
        rest, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        begun = time.perf_counter()
        ours = say_ours(table, rest, held, settings)
        ours_s += time.perf_counter() - begun
        scores["champion"][held], scores["challenger"][held] = ours
        scores["lightgbm"][held] = say_default(table, rest, held, settings)
    y = table.labels
    by_fold = {name: [auc(y[folds == k], said[folds == k]) for k in range(args.folds)] for name, said in scores.items()}
    result: dict[str, Any] = {"rows": table.rows, "columns": len(table.columns)}
    for name, figures in by_fold.items():
        result[name] = {"auc": round(float(np.mean(figures)), 4), "sd": round(float(np.std(figures, ddof=1)), 4)}
        result[name]["ece"] = round(measure_reliability(y, scores[name]).ece, 4)
    for one, other in (("challenger", "lightgbm"), ("challenger", "champion")):
        each = np.subtract(by_fold[one], by_fold[other])
        pooled = auc_difference(y, scores[one], scores[other])
        result[f"{one}_over_{other}"] = {
            "mean": round(float(each.mean()), 4), "pooled": [round(v, 4) for v in pooled.as_list()],
        }  # fmt: skip
    return {
        **result,
        "seconds_per_fit": round(ours_s / args.folds, 1),
        "seconds": round(time.perf_counter() - started, 1),
    }


def say_ours(
    table: Table, rest: NDArray[np.int64], held: NDArray[np.int64], settings: FitSettings
) -> tuple[Doubles, Doubles]:
    """Both candidates, learnt on the rest as `lab run` learns."""
    plan = plan_for(table.rows, len(table.columns))
    learnt = learn(table.take(rest), settings, plan, progress=lambda _: None)
    x = encode(table.take(held), learnt.matter.schema)
    return learnt.pair.champion.predict(x), learnt.pair.challenger.predict(x)


def say_default(table: Table, rest: NDArray[np.int64], held: NDArray[np.int64], settings: FitSettings) -> Doubles:
    """LightGBM with its own defaults on all columns; words as categories."""
    schema = describe(table, table.names)
    x = encode(table, schema).astype(np.float64)
    for place, remembered in enumerate(schema.columns):
        if remembered.kind.has_words:  # our code of a missing word is nothing that LightGBM's own reading would have
            x[x[:, place] == len(remembered.words), place] = np.nan
    places = [k for k, one in enumerate(schema.columns) if one.kind.has_words]
    params = {
        "objective": "binary",
        "verbosity": -1,
        "num_threads": settings.threads,
        "seed": settings.seed % 1_000_000,
    }
    names = [f"f{k}" for k in range(x.shape[1])]
    data = lightgbm.Dataset(x[rest], table.labels[rest], feature_name=names, categorical_feature=places, params=params)
    return np.asarray(lightgbm.train(params, data, DEFAULT_ROUNDS).predict(x[held]), np.float64)
