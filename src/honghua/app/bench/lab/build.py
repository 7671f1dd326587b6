"""`honghua bench lab`: from raw events of a city to a signed release candidate, by the run's own journal (R-114, R-115, R-116)."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from honghua.app.city.making import add_city_arguments
from honghua.store.settings import StoreSettings

PEOPLE: Final = 31_000
DAYS: Final = 172  # more than 5 million events
WORK: Final = "honghua.app.bench.lab.build_run"  # loads every craft of the lab: only when it is called


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("lab", help="raw events to a signed release candidate, timed")
    add_city_arguments(parser)
    parser.add_argument(
        "--events", type=Path, default=None, metavar="DIR", help="events that are there, instead of a city made first"
    )
    parser.add_argument("--question", default="city", metavar="NAME|FILE", help="what is asked of them")
    parser.set_defaults(bench=run, people=PEOPLE, days=DAYS)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """The figures of one run."""
    return cast("dict[str, Any]", import_module(WORK).run(args, store))
