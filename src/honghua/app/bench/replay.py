"""`honghua bench replay`: purchases a second of the whole main job, on a file or on a made-up town."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from honghua.app.demo_table import make_table
from honghua.app.replay import Beside, replay_table
from honghua.app.replay_table import PurchaseTable, TableMap, read_map, read_table
from honghua.base.errors import BadInput
from honghua.store.database import scratch_database
from honghua.store.settings import StoreSettings


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("replay", help="purchases/s of the whole main job")
    parser.add_argument("--file", type=Path, default=None, help="a table of purchases; without it a town is made up")
    parser.add_argument("--map", type=Path, default=None)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--customers", type=int, default=3_000, help="of the made-up town")
    parser.add_argument("--days", type=int, default=60, help="of the made-up town")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Live through the table once in a scratch database; reading and checking the file is not measured.

    A hamlet is lived through first: kernels are compiled before the clock starts.
    """
    table, table_map = load(args)
    with scratch_database(store) as database:
        hamlet = make_table(customers=20, days=40, seed=args.seed)
        replay_table(database, hamlet, TableMap(), source="hamlet", seed=args.seed)
    with scratch_database(store) as database:
        figures = replay_table(
            database,
            table,
            table_map,
            source=str(args.file or "made-up town"),
            seed=args.seed,
            beside=Beside(lambda day, done, total: print(f"\r{day} {done:,}/{total:,}", end="", file=sys.stderr)),
        )
    return {"source": args.file.name if args.file else "made-up town", **figures}


def load(args: argparse.Namespace) -> tuple[PurchaseTable, TableMap]:
    """The table to live through."""
    if args.file is None:
        return make_table(customers=args.customers, days=args.days, seed=args.seed), TableMap()
    table_map = read_map(args.map)
    table, problems = read_table(args.file, table_map, limit=args.limit)
    if table is None:
        raise BadInput(f"{args.file}: {problems[0]} ({len(problems)} problems in all)", code="BAD_FILE")
    return table, table_map
