"""`honghua lab score`: what the candidates of a lab run say of the rows of another table, in its order."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

from honghua.app.settings import Settings


def register(parts: Any) -> None:
    """Arguments of the part."""
    parser: argparse.ArgumentParser = parts.add_parser("score", help="score a table with the models of `lab run`")
    parser.add_argument("--model", type=Path, required=True, help="folder that `lab run` wrote")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="the table (parquet or CSV); more columns than at the fitting are no harm",
    )
    parser.add_argument("--id", default=None, help="a column to hand back beside the scores")
    parser.add_argument(
        "--out", type=Path, required=True, help="parquet: id if there is one, champion, challenger, reasons"
    )
    parser.add_argument(
        "--allow-absent",
        action="store_true",
        help="score although columns of the model are not in the table: they count as missing, and a note says so",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Score; the forests' code is loaded only now."""
    return int(import_module("honghua.app.lab.scoring").score_file(args))
