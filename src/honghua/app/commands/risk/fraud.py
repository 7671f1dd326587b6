"""`honghua fraud fit|score|explain`: the three detectors and their fusion on any table of transactions."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from honghua.app.fraud_explain import explain_event
from honghua.app.fraud_fit import fit_table, score_table, write_scores
from honghua.app.replay_map import read_map
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings

SEED = 20261122


def register(verbs: Any) -> None:
    """Add the verb and its sub-verbs."""
    parser = verbs.add_parser("fraud")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    fit = parts.add_parser("fit", help="learn from the rows up to a time")
    fit.add_argument(
        "--label", required=True, help="the column that says which rows were fraud (1/0; anything else: not known)"
    )
    fit.add_argument(
        "--until", required=True, help="the last time to learn from: an ISO instant, or a number where time is counted"
    )
    fit.add_argument("--out", type=Path, required=True, help="folder for the model")
    fit.add_argument("--seed", type=int, default=SEED)
    fit.set_defaults(run=run_fit)
    score = parts.add_parser("score", help="score every row of a table")
    score.add_argument("--out", type=Path, required=True, help="parquet: id, score, crowd, rhythm, merchant, reasons")
    score.set_defaults(run=run_score)
    explain = parts.add_parser("explain", help="one event: its scores, reasons and the events behind them")
    explain.add_argument("--id", required=True)
    explain.set_defaults(run=run_explain)
    for part in (score, explain):
        part.add_argument("--model", type=Path, required=True, help="folder that fit wrote")
    for part in (fit, score, explain):
        part.add_argument("--events", type=Path, required=True, help="the table, parquet or CSV")
        part.add_argument("--map", type=Path, default=None, help="TOML file that says which column is which")
        part.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run_fit(args: argparse.Namespace, settings: Settings) -> int:
    """Fit and say what the later part of the fitting time showed."""
    started = time.perf_counter()
    result = fit_table(
        args.events, read_map(args.map), label=args.label, until=args.until, out=args.out, seed=args.seed
    )
    return report(args, {**report_header(seed=args.seed, started=started), **result})


def run_score(args: argparse.Namespace, settings: Settings) -> int:
    """Score and write the parquet file."""
    started = time.perf_counter()
    result = score_table(args.model, args.events, read_map(args.map))
    write_scores(result, args.out)
    return report(args, {**report_header(seed=SEED, started=started), **result.facts})


def run_explain(args: argparse.Namespace, settings: Settings) -> int:
    """Explain one event."""
    started = time.perf_counter()
    result = explain_event(args.model, args.events, read_map(args.map), event_id=args.id)
    return report(args, {**report_header(seed=SEED, started=started), **result})


def report(args: argparse.Namespace, result: dict[str, Any]) -> int:
    """Notices go to stderr, the figures to stdout."""
    for notice in result.get("notices", ()):
        print(f"honghua: {notice}", file=sys.stderr)
    if args.json:
        print_json(result)
    else:
        for key, value in result.items():
            if key != "notices":
                print(f"{key:26} {value:,}" if isinstance(value, int) else f"{key:26} {value}")
    return 0
