"""`honghua replay FILE`: the main job on real input."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from honghua.app.replay import Beside, replay_table
from honghua.app.replay_table import PROBLEMS_KEPT, PROBLEMS_SHOWN, read_map, read_table
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.store.database import open_database, scratch_database


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "replay",
        description="Needs columns for id, time, customer, merchant and amount, found by well-known names or named in a map (README).",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--map", type=Path, default=None, help="TOML file that says which column is which")
    parser.add_argument("--limit", type=int, default=None, help="only the first N rows")
    parser.add_argument("--fresh", action="store_true", help="in a scratch database that is dropped at the end")
    parser.add_argument("--seed", type=int, default=20261121, help="draws who repays how")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Check the whole file first; book only when it is sound."""
    started = time.perf_counter()
    table_map = read_map(args.map)
    table, problems = read_table(args.file, table_map, limit=args.limit)
    if table is None:
        for problem in problems[:PROBLEMS_SHOWN]:
            print(f"{args.file}: {problem}", file=sys.stderr)
        many = "at least " if len(problems) >= PROBLEMS_KEPT else ""
        print(f"honghua: {many}{len(problems)} problem(s) found, nothing was booked", file=sys.stderr)
        return 2
    opened = scratch_database if args.fresh else open_database
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with opened(settings.store) as database, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("replay", total=len(table))
        beside = Beside(
            lambda day, done, _total: bar.update(task, completed=done, description=str(day)),
            None if args.fresh else settings.store.state_dir / "risk" / database.name,
        )
        result = replay_table(database, table, table_map, source=str(args.file), seed=args.seed, beside=beside)
    result = {**report_header(seed=args.seed, started=started), **result}
    if args.json:
        print_json(result)
    else:
        for key, value in result.items():
            print(f"{key:22} {value:,}" if isinstance(value, int) else f"{key:22} {value}")
    return 0 if result["trial_balance_minor"] == 0 else 1
