"""`honghua lab run`: champion and challenger of any flat table, with what was left out and why."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from honghua.app.settings import Settings

SEED: Final = 20261122


def register(parts: Any) -> None:
    """Arguments of the part."""
    parser: argparse.ArgumentParser = parts.add_parser(
        "run", help="fit a scorecard and a forest on a flat table (parquet or CSV)"
    )
    parser.add_argument("--data", type=Path, required=True, help="the table, one row per case")
    parser.add_argument(
        "--target", required=True, help="the column to foretell; it has two values, and may be missing in some rows"
    )
    parser.add_argument(
        "--positive",
        default=None,
        help="the value of the target that is foretold (default: the event, said in `notes`)",
    )
    parser.add_argument(
        "--time", default=None, help="a column of dates or numbers: the last rows in time make the report"
    )
    parser.add_argument("--id", default=None, help="a column that names the rows and is no variable")
    parser.add_argument(
        "--monotone", type=Path, default=None, help="TOML: column = 1 or -1; which way the risk may only go"
    )
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="COLUMN", help="do not use this column (may be repeated)"
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="COLUMN",
        help="use this column though it looks like a leak or an id",
    )
    parser.add_argument(
        "--no-refit",
        action="store_true",
        help="keep the models whose figures are reported; do not fit again on all rows",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the models")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Run over the journal; the trainers are loaded only now, so that words of help come fast."""
    return int(import_module("honghua.app.lab.flat").run_table(args))
