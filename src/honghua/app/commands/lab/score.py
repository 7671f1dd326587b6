"""`honghua lab score`: what the candidates of a lab run say of the rows of another table, in its order."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.lab.fitting.api import load_candidates, score
from honghua.lab.tables.api import read_for_scoring, read_ids

SCORE_COLUMNS = ("champion", "challenger", "reasons")


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
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Load, score, write."""
    started = time.perf_counter()
    loaded = load_candidates(args.model)
    table = read_for_scoring(args.data, loaded.schema)
    scored = score(loaded, table)
    columns: dict[str, Any] = {}
    if args.id is not None:
        if args.id in SCORE_COLUMNS:
            raise BadInput(f"an id column cannot be called {args.id}: a score is", code="BAD_COLUMNS")
        columns[args.id] = read_ids(args.data, args.id)
    columns |= {
        "champion": pa.array(scored.champion),
        "challenger": pa.array(scored.challenger),
        "reasons": pa.array(scored.reasons, pa.list_(pa.string())),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draft = args.out.with_name(args.out.name + ".part")
    pq.write_table(pa.table(columns), draft)
    os.replace(draft, args.out)
    for note in table.notes:
        print(f"honghua: {note}", file=sys.stderr)
    result = {
        **report_header(seed=None, started=started),
        "rows": table.rows,
        "notes": list(table.notes),
        "out": str(args.out),
    }
    if args.json:
        print_json(result)
    else:
        print(f"{table.rows:,} rows scored in {result['seconds']} s: {args.out}")
    return 0
