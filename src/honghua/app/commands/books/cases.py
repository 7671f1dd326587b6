"""`honghua cases FILE`: run published schedules and rates, and say for each whether ours agrees."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.cases import Outcome, counts, read_cases, run_cases
from honghua.app.report import print_json, report_header

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def register(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("cases")
    parser.add_argument("file", type=Path, metavar="FILE", help='JSON: {"cases": [{id, category, inputs, expected}]}')
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, _settings: object) -> int:
    """Exit 0 when no case fails (skipped ones do not fail), else 1; a file that is not one raises BadInput."""
    started = time.perf_counter()
    outcomes = run_cases(read_cases(args.file))
    numbers = counts(outcomes)
    if args.json:
        cases = [outcome.as_json() for outcome in outcomes]
        print_json({**numbers, "cases": cases, **report_header(seed=None, started=started)})
    else:
        _show(outcomes, numbers)
    return 1 if numbers["failed"] else 0


def _show(outcomes: Sequence[Outcome], numbers: dict[str, int]) -> None:
    table = Table("case", "status", "why", title=", ".join(f"{count} {name}" for name, count in numbers.items()))
    for outcome in outcomes:
        style = _STYLES[outcome.status]
        table.add_row(outcome.id, f"[{style}]{outcome.status}[/]", outcome.why)
    Console().print(table)
