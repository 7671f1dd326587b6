"""`honghua bench NAME`: measure one promise of the speed budget; JSON keys stay."""

from __future__ import annotations

import argparse
import time
from typing import Any

from honghua.app.bench import (
    backdate,
    backtest,
    decide,
    eod,
    fdh,
    features,
    gangs,
    graph,
    ledger,
    replay,
    restart,
    rings,
    rules,
    s_ffsd,
    trees,
)
from honghua.app.bench.applying import applications
from honghua.app.bench.lab import allocate, build, factory, limit_run, limits, profiles, registry, size
from honghua.app.bench.lab import tables as lab_tables
from honghua.app.bench.lenders import filing
from honghua.app.bench.proofing import proofing
from honghua.app.bench.scripts import scripts
from honghua.app.bench.shops import authenticity, campaign, checkout, funders, registered
from honghua.app.city import bench_city, bench_shortage
from honghua.app.drill import bench_drill
from honghua.app.filing import bench_bureau
from honghua.app.report import print_json, report_header
from honghua.app.serving import bench_purchase
from honghua.app.settings import Settings

BENCHES = (
    applications,
    authenticity,
    campaign,
    checkout,
    funders,
    registered,
    features,
    graph,
    eod,
    ledger,
    backdate,
    replay,
    trees,
    rules,
    backtest,
    fdh,
    s_ffsd,
    rings,
    gangs,
    decide,
    restart,
    bench_city,
    bench_drill,
    bench_shortage,
    bench_purchase,
    bench_bureau,
    filing,
    allocate,
    factory,
    limit_run,
    limits,
    build,
    registry,
    lab_tables,
    proofing,
    scripts,
    size,
    profiles,
)


def register(verbs: Any) -> None:
    """Add the verb and a sub-verb per bench."""
    parser = verbs.add_parser("bench")
    benches = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for module in BENCHES:
        module.register(benches)
    for bench in benches.choices.values():
        bench.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the bench and print what it found."""
    started = time.perf_counter()
    figures = args.bench(args, settings.store)
    result = {"bench": args.name, **report_header(seed=args.seed, started=started), **figures}
    if args.json:
        print_json(result)
    else:
        for key, value in result.items():
            print(f"{key:28} {value}")
    return 0
