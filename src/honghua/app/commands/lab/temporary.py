"""`honghua lab temporary`: temporary limits chosen by what lots have shown, within budgets, proposed to a second person on the desk."""

from __future__ import annotations

import argparse
import datetime as dt
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from honghua.app.settings import Settings

SEED: Final = 20261122
WORK: Final = "honghua.app.lab.temporary"  # loads what fits


def register(parts: Any) -> None:
    """Arguments of the part."""
    part: argparse.ArgumentParser = parts.add_parser(
        "temporary", help="propose temporary limits within budgets; another person approves them on the desk"
    )
    part.add_argument("--book", type=Path, required=True, metavar="DIR", help="as `honghua lab limits` reads it")
    part.add_argument("--name", required=True, help="of the campaign, once for ever")
    part.add_argument("--from", dest="from_on", type=dt.date.fromisoformat, required=True, metavar="DATE")
    part.add_argument("--until", dest="until_on", type=dt.date.fromisoformat, required=True, metavar="DATE")
    part.add_argument("--loss", type=int, required=True, metavar="MINOR", help="expected loss that it may add")
    part.add_argument("--drawn", type=int, required=True, metavar="MINOR", help="use that it may add")
    part.add_argument("--marketing", type=int, required=True, metavar="MINOR", help="what telling customers may cost")
    part.add_argument("--asking", type=int, default=10, metavar="MINOR", help="what telling one costs (%(default)s)")
    part.add_argument(
        "--holdout-ppm",
        type=int,
        default=50_000,
        help="share held out by lot, to measure what it brought (%(default)s)",
    )
    part.add_argument("--by", required=True, metavar="PERSON")
    part.add_argument("--why", required=True)
    part.add_argument("--seed", type=int, default=SEED)
    part.add_argument("--json", action="store_true", help="one JSON object on stdout")
    part.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Fit, check, choose, propose."""
    return int(import_module(WORK).run_temporary(args, settings))
