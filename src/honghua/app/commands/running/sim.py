"""`honghua sim make|drill|report|trial`: the simulated city – its files, its drill, its trial, what is measured beside what is true."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from honghua.app.city import reminder_verb, report_verb, trial_verb
from honghua.app.city.making import add_city_arguments, read_make_plan, show_progress
from honghua.app.drill import verbs as drill_verbs
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.sim.api import make_city


def register(verbs: Any) -> None:
    """Add the verb and its sub-verbs."""
    parser = verbs.add_parser("sim")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    make = parts.add_parser("make", help="a city's events, people and shops as parquet, its truth in another folder")
    add_city_arguments(make)
    make.add_argument("--out", type=Path, required=True, help="folder for events.parquet, people.parquet, SCHEMA.md …")
    make.add_argument(
        "--truth", type=Path, default=None, help="folder for truth.parquet (default: OUT with .truth at its end)"
    )
    make.add_argument("--json", action="store_true", help="one JSON object on stdout")
    make.set_defaults(run=run_make)
    drill_verbs.register(parts)
    report_verb.register(parts)
    trial_verb.register(parts)
    reminder_verb.register(parts)


def run_make(args: argparse.Namespace, settings: Settings) -> int:
    """Make the files and say what they hold."""
    started = time.perf_counter()
    truth = args.out.with_name(args.out.name + ".truth") if args.truth is None else args.truth
    made = make_city(read_make_plan(args, args.out, truth), progress=show_progress)
    result = {
        **report_header(seed=args.seed, started=started), "people": args.people, "days": args.days, "events": made.events,
        "events_per_s": round(made.events / made.seconds), "out": str(args.out), "truth": str(truth),
    }  # fmt: skip
    if args.json:
        print_json(result)
    else:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        for key, value in result.items():
            print(f"{key:16} {value}")
    return 0
