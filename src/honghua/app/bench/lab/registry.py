"""`honghua bench registry`: more than 500 models, one per segment and purpose, fitted, examined, filed, promoted and watched for a night.

The book is planted: every segment and purpose has default of its own making, and some drift on the night's day, so that finding them can be
counted. All of it is real work in a scratch database; nothing is copied from one seat to the next.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.verifying import sum_up
from honghua.base.errors import BadInput, Refusal
from honghua.base.rng import derive_rng
from honghua.lab.monitoring.api import pack_forest
from honghua.models.api import Model, build_model, forest_subject, measure_reference, pack_reference, train_forest
from honghua.models.examining.api import ExaminedRows, Groups, Window, examine_candidate
from honghua.models.invariants import check_models
from honghua.models.registry import api as registry
from honghua.store.database import connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

PURPOSES: Final = ("admission", "behaviour", "early-warning", "collections", "response")
COLUMNS: Final = ("income", "debt", "times", "age", "late", "use", "months", "devices")
PARAMS: Final = {"num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 30}
ROUNDS: Final = 40
NOW: Final = dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC)
FITTED: Final = dt.date(2026, 3, 31)
LATER: Final = Window(FITTED, dt.date(2026, 4, 1), dt.date(2026, 5, 31))
DRIFTS: Final = 20  # every so many a seat


@dataclass(frozen=True, slots=True)
class Seat:
    """A segment and purpose, what makes people default there, and whether the night finds other people than the fitting."""

    number: int
    segment: str
    purpose: str
    weights: NDArray[np.float64]
    drifts: bool


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "registry", help="500 models a night: fit, examine, file, watch"
    )
    parser.add_argument(
        "--seats", type=int, default=600, help="segments × purposes; some models fail their examination"
    )
    parser.add_argument("--rows", type=int, default=1_500, help="rows to fit on, and as many later ones, a seat")
    parser.add_argument("--night-rows", type=int, default=200, help="rows that each model scores on the night's day")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit and examine all, watch all for two nights, audit, count what the nights found of what was planted."""
    if args.seats < 1 or args.rows < 500 or args.night_rows < 100:
        raise BadInput("at least 1 seat, 500 rows and 100 rows a night are needed", code="BAD_SIZE")
    seats = plan_seats(args.seats, seed=args.seed)
    with scratch_database(store) as database, connect(database) as conn:
        live, filed = fill_register(conn, seats, args)
        watched = watch_nights(conn, live, args)
        began = time.perf_counter()
        audit = sum_up(check_models(conn))
        audit_seconds = time.perf_counter() - began
    alarmed = {one.version.segment + one.version.purpose for one in watched.pop("broken")}
    drifted = [seat for seat, _, _ in live if seat.drifts]
    calm = [seat for seat, _, _ in live if not seat.drifts]
    return {
        **filed,
        **watched,
        "drifted_seats": len(drifted),
        "drifted_seats_alarmed": sum(seat.segment + seat.purpose in alarmed for seat in drifted),
        "calm_seats": len(calm),
        "calm_seats_alarmed": sum(seat.segment + seat.purpose in alarmed for seat in calm),
        "audit_ok": audit["ok"],
        "audit_seconds": round(audit_seconds, 2),
    }


def plan_seats(count: int, *, seed: int) -> list[Seat]:
    """Segments times purposes, each with weights of its own."""
    seats = []
    for number in range(count):
        segment, purpose = f"segment {number // len(PURPOSES):03}", PURPOSES[number % len(PURPOSES)]
        weights = derive_rng(seed, "weights", segment, purpose).normal(scale=0.6, size=len(COLUMNS))
        seats.append(Seat(number, segment, purpose, weights, number % DRIFTS == 0))
    return seats


def draw_rows(
    seat: Seat, rows: int, *, seed: int, part: str, shift: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Rows, defaults and towns of a seat: part names the time."""
    rng = derive_rng(seed, part, seat.segment, seat.purpose)
    x = rng.normal(size=(rows, len(COLUMNS)))
    x[:, :2] += shift
    margin = -1.8 + x @ seat.weights
    ones = rng.random(rows) < 1.0 / (1.0 + np.exp(-margin))
    x[rng.random(x.shape) < 0.03] = np.nan
    return x.astype(np.float32), ones, rng.integers(0, 2, rows)


def fill_register(
    conn: psycopg.Connection, seats: list[Seat], args: argparse.Namespace
) -> tuple[list[tuple[Seat, int, Model]], dict[str, Any]]:
    """Fit, examine, file and promote a model per seat; those that hold their seat, and the figures."""
    seconds = dict.fromkeys(("fit_seconds", "examine_seconds", "file_seconds"), 0.0)
    refused: Counter[str] = Counter()
    aucs, live = [], []
    for seat in seats:
        x, ones, _ = draw_rows(seat, args.rows, seed=args.seed, part="fitting")
        began = time.perf_counter()
        trained = train_forest(
            x, ones.astype(np.float64), names=COLUMNS, seed=args.seed, params=PARAMS, rounds=ROUNDS, num_threads=1
        )
        model = build_model(trained.forest)
        seconds["fit_seconds"] += time.perf_counter() - began
        later, then, towns = draw_rows(seat, args.rows, seed=args.seed, part="later")
        began = time.perf_counter()
        rows = ExaminedRows(
            x, later, then.astype(np.float64), groups=(Groups("town", towns, ("north", "south")),), window=LATER
        )
        found = examine_candidate(forest_subject(model), rows, seed=args.seed)
        seconds["examine_seconds"] += time.perf_counter() - began
        aucs.append(found.auc.mid)
        began = time.perf_counter()
        reference = measure_reference(x, model.predict(x), names=COLUMNS)
        filing = registry.Filing(
            seat.segment, seat.purpose, "forest", model.digest, COLUMNS,
            {**pack_forest(model), registry.DRIFT_FILE: pack_reference(reference)}, {"auc": found.auc.as_list()},
            registry.digest_files({"rows": x.tobytes()}), f"bench {args.seed}", FITTED, "agent:bench", found,
        )  # fmt: skip
        trial = registry.trial_of(found)
        answer = run_unit(conn, partial(_seat, filing=filing, trial=trial))
        seconds["file_seconds"] += time.perf_counter() - began
        if isinstance(answer, Refusal):
            refused[answer.code] += 1
        else:
            live.append((seat, answer.version_id, model))
        print(f"\r{seat.number + 1} of {len(seats)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return live, {
        "versions": len(seats), "live": len(live), "refused": dict(refused), "auc_median": round(float(np.median(aucs)), 3),
        **{name: round(value, 1) for name, value in seconds.items()},
    }  # fmt: skip


def _seat(conn: psycopg.Connection, filing: registry.Filing, trial: registry.Trial) -> registry.VersionRow | Refusal:
    row = registry.file_version(conn, filing, now=NOW)
    return registry.promote(conn, row.version_id, trial, word=("bench", "first of its seat"), now=NOW)


def watch_nights(
    conn: psycopg.Connection, live: list[tuple[Seat, int, Model]], args: argparse.Namespace
) -> dict[str, Any]:
    """A day of scores of every model with some outcomes, noted and then watched; the second night has nothing to do."""
    began = time.perf_counter()
    for seat, version, model in live:
        shift = 1.0 if seat.drifts else 0.0
        x, ones, _ = draw_rows(seat, args.night_rows, seed=args.seed, part="night", shift=shift)
        keys = np.arange(args.night_rows)
        batch = registry.ScoredBatch(keys, x, model.predict(x))
        with conn.transaction():
            registry.note_scores(conn, version, batch, on_day=dt.date(2026, 6, 30), now=NOW)
            registry.note_outcomes(conn, version, registry.Outcomes(keys, ones), as_of=NOW.date(), now=NOW)
    noted = time.perf_counter() - began
    began = time.perf_counter()
    first = registry.watch_all(conn, now=NOW)
    night = time.perf_counter() - began
    began = time.perf_counter()
    second = registry.watch_all(conn, now=NOW)
    again = time.perf_counter() - began
    assert second.days == second.vintages == 0, "a night that was counted is not counted again"
    return {
        "note_seconds": round(noted, 2), "night_versions": first.days,
        "night_rows": first.rows, "night_vintages": first.vintages, "night_seconds": round(night, 2),
        "night_ms_per_version": round(1_000 * night / max(first.days, 1), 2), "second_night_seconds": round(again, 3),
        "broken": first.broken,
    }  # fmt: skip
