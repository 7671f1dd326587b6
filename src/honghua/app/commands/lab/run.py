"""`honghua lab run`: champion and challenger of any flat table, with what was left out and why."""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.lab.fitting.api import FitSettings, fit_candidates, save_candidates, tell
from honghua.lab.tables.api import read_table

SEED: Final = 20261122
RUN_FILE: Final = "run.json"


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
    """Read, fit, save, tell."""
    started = time.perf_counter()
    table = read_table(args.data, target=args.target, time=args.time, row_id=args.id, positive=args.positive)
    chosen = FitSettings(
        seed=args.seed, threads=args.threads, monotone=read_directions(args.monotone), leave_out=tuple(args.leave_out),
        trust=tuple(args.trust), refit=not args.no_refit,
    )  # fmt: skip
    check_names(table.names, (*chosen.leave_out, *chosen.trust, *chosen.monotone), args.data)
    candidates = fit_candidates(table, chosen, progress=lambda told: print(f"honghua: {told}", file=sys.stderr))
    save_candidates(candidates, args.out)
    result = {
        **report_header(seed=args.seed, started=started),
        "rows": table.rows,
        "columns": len(table.columns) + len(table.unread),
        "target_rate": round(float(table.labels.mean()), 6),
        "target_words": {"0": table.target_words[0], "1": table.target_words[1]},
        "notes": list(table.notes),
        # Every step was taken by the machine; a person's click is asked for by `lab approve` only.
        "automated_share": 1.0,
        "out": str(args.out),
        **{name: value for name, value in tell(candidates).items() if name != "scorecard"},
    }
    (args.out / RUN_FILE).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print_json(result)
    else:
        print_plain(result)
    return 0


def read_directions(path: Path | None) -> dict[str, int]:
    """Declared directions: column → +1 or −1."""
    if path is None:
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise BadInput(f"{path} is no TOML file of directions: {problem}", code="BAD_DIRECTION") from problem
    if any(way not in (1, -1) or isinstance(way, bool) for way in told.values()):
        raise BadInput(f"{path}: a direction is 1 or -1", code="BAD_DIRECTION")
    return {str(name): int(way) for name, way in told.items()}


def check_names(columns: tuple[str, ...], named: tuple[str, ...], path: Path) -> None:
    """Columns named in arguments must exist."""
    unknown = [name for name in named if name not in columns]
    if unknown:
        raise BadInput(f"{path} has no column {', '.join(unknown)} that could be used", code="BAD_COLUMNS")


def print_plain(result: dict[str, Any]) -> None:
    """For people."""
    for key in ("rows", "columns", "target_rate", "seconds", "out"):
        print(f"{key:14} {result[key]}")
    for name in ("champion", "challenger"):
        figures = result[name]
        told = f"AUC {figures['auc']:.4f} ({figures['auc_low']} … {figures['auc_high']}), KS {figures['ks']:.3f}"
        print(f"{name:14} {told}, Brier {figures['brier']:.4f}, ECE {figures['ece']:.4f}")
    for one in result["suspected_leaks"]:
        print(f"{'left out' if one['left_out'] else 'suspected':14} {one['name']}: {one['evidence']}")
    print(f"{'accepted':14} {', '.join(result['accepted'])}")
    print(f"{'dropped':14} {', '.join(one['name'] + ' (' + one['why'] + ')' for one in result['dropped']) or 'none'}")
    print(f"{'verdict':14} {result['verdict']}")
