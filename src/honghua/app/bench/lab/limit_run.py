"""`honghua bench lab-limits`: a whole run about limits on a confounded book – naive what-if refused, response checked, raises that wait."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from honghua.store.settings import StoreSettings

SEED: Final = 20261201  # not one of those on which `limits.response` was built or is reported
WORK: Final = "honghua.app.bench.lab.limit_flow"  # loads the workers: only when it is called


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "lab-limits", help="one run of `honghua lab limits` on a simulated confounded book"
    )
    parser.add_argument("--borrowers", type=int, default=160_000, help="of the book (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--keep", type=Path, default=None, metavar="DIR", help="leave the book there, to try the verb on"
    )
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """The figures of one run."""
    return cast("dict[str, Any]", import_module(WORK).run(args, store))
