"""`honghua lab evals`: small questions with a trap each, asked of the connected language model, weighted by harm."""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from typing import Any

from honghua.app.lab.means import find_speaker
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings


def register(parts: Any) -> None:
    """Add the part."""
    part = parts.add_parser(
        "evals", help="ask the connected language model questions with traps; without one, our own words stand"
    )
    part.add_argument("--json", action="store_true", help="one JSON object on stdout")
    part.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Exit 1 when something harmful passed the gate."""
    started = time.perf_counter()
    evals = import_module("honghua.agents.language.evals")  # without a model, pydantic-ai is never loaded
    found = evals.run_evals(find_speaker(settings.language), evals.read_cases())
    told = {
        "model": settings.language.model or "none", "cases": found.cases, "safe_share": found.safe_share,
        "useful_share": found.useful_share, "fallen": list(found.fallen),
    }  # fmt: skip
    if args.json:
        print_json({**report_header(seed=None, started=started), **told})
    else:
        for key, value in told.items():
            print(f"{key:14} {value}")
    return 1 if found.fallen else 0
