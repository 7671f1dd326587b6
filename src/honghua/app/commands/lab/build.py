"""`honghua lab build|resume`: from raw events to a signed release candidate that waits for one person."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from honghua.app.settings import Settings

SEED: Final = 20261122
WORK: Final = "honghua.app.lab.building"  # loads every craft of the lab


def register(parts: Any) -> None:
    """Add the parts."""
    build = parts.add_parser("build", help="raw events in, a signed release candidate out")
    build.add_argument(
        "--events", type=Path, required=True, metavar="DIR", help="folder with the tables that the dictionary names"
    )
    build.add_argument(
        "--question", default="city", metavar="NAME|FILE", help="what is asked of them: city, handbook, or a TOML file"
    )
    build.add_argument(
        "--frame",
        default="account-rules",
        metavar="NAME|FILE",
        help="the policy that judges now (`honghua policy show`)",
    )
    build.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the run; the same one goes on where it stopped",
    )
    build.add_argument(
        "--knowledge",
        type=Path,
        default=None,
        metavar="DIR|FILE",
        help="what an earlier run has left: its folder, or a file",
    )
    build.add_argument("--seed", type=int, default=SEED)
    build.set_defaults(run=run_build)
    resume = parts.add_parser("resume", help="go on with a run that was stopped or killed")
    resume.add_argument("out", type=Path, metavar="DIR")
    resume.set_defaults(run=run_resume)
    for part in (build, resume):
        part.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run_build(args: argparse.Namespace, settings: Settings) -> int:
    """Begin, or go on."""
    return int(import_module(WORK).run_build(args, settings))


def run_resume(args: argparse.Namespace, settings: Settings) -> int:
    """Go on with what the journal says."""
    return int(import_module(WORK).run_resume(args, settings))
