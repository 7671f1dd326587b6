"""`honghua bench drill`: the shopping-day drill in full, as figures."""

from __future__ import annotations

import argparse
from typing import Any

from honghua.app.drill.drilling import run_drill
from honghua.app.drill.verbs import add_sizes, read_plan
from honghua.store.settings import StoreSettings


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "drill", help="a shopping day with faults: rates, latency, risk, books"
    )
    add_sizes(parser, seconds=320.0, people=16_000, days=30)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Run it on a server of its own."""
    del store  # a drill kills its database: it has one of its own
    return run_drill(read_plan(args))


__all__ = ["register", "run"]
