"""`honghua sim report`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from honghua.app.city import lived_report
from honghua.app.city.demo import DEMO_DATABASE
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings, with_database
from honghua.store.database import open_database


def register(parts: Any) -> None:
    """Add the sub-verb of `sim`."""
    report: argparse.ArgumentParser = parts.add_parser(
        "report", help="headline ratios of the demo's city: what the platform measured beside what is true"
    )
    report.add_argument("--html", type=Path, default=None, help="write the page here")
    report.add_argument("--json", action="store_true", help="print one JSON object")
    report.set_defaults(run=report_lived)


def report_lived(args: argparse.Namespace, settings: Settings) -> int:
    """Of the demo's database, or of the one chosen by `--database`."""
    started = time.perf_counter()
    mine = settings if args.database is not None else with_database(settings, DEMO_DATABASE)
    folder = mine.store.state_dir / "city" / mine.store.database_name
    with open_database(mine.store) as database:
        ratios = lived_report.report_city(database, folder)
    if args.html is not None:
        args.html.write_text(lived_report.render(ratios, title=f"The city in {database.name}"), encoding="utf-8")
        print(f"page: {args.html}", file=sys.stderr)
    if args.json:
        print_json(
            {**report_header(seed=None, started=started), "database": database.name, **lived_report.to_json(ratios)}
        )
    else:
        lived_report.show(ratios, Console())
    return 0


__all__ = ["register"]
