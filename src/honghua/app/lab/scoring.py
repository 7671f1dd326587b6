"""What `honghua lab score` does: reads a table as its models do, scores every row, writes a parquet file."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.app.report import print_json, report_header
from honghua.base.errors import BadInput
from honghua.lab.fitting.api import load_candidates, score
from honghua.lab.tables.api import read_for_scoring, read_ids

SCORE_COLUMNS: Final = ("champion", "challenger", "reasons")


def score_file(args: argparse.Namespace) -> int:
    """Load, score, write; rows keep the file's order."""
    started = time.perf_counter()
    loaded = load_candidates(args.model)
    table = read_for_scoring(args.data, loaded.schema, allow_absent=args.allow_absent)
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


__all__ = ["score_file"]
