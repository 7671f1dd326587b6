"""`honghua lab limits`: limits chosen by what lots have shown, to a signed candidate that waits for one person."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from honghua.app.settings import Settings

SEED: Final = 20261122


def register(parts: Any) -> None:
    """Arguments of the part."""
    part: argparse.ArgumentParser = parts.add_parser(
        "limits", help="fit what a limit does, hold it against limits moved by lot, choose within budgets"
    )
    part.add_argument(
        "--book",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with limits.toml, book.parquet, slice.parquet (moved by lot) and customers.parquet",
    )
    part.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run; the same one goes on")
    part.add_argument("--seed", type=int, default=SEED)
    part.add_argument("--json", action="store_true", help="one JSON object on stdout")
    part.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Begin, or go on; exit 1 where every model was refused."""
    return int(import_module("honghua.app.lab.limits").run_limits(args, settings))
