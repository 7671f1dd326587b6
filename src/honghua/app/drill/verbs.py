"""`honghua sim drill`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from honghua.app.drill.drilling import ORDERS_A_SECOND, DrillPlan, run_drill
from honghua.app.drill.page import render_drill
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.sim.api import SHAPES


def register(parts: Any) -> None:
    """Add the sub-verb of `sim`."""
    drill: argparse.ArgumentParser = parts.add_parser(
        "drill",
        help="a shopping day in minutes, over HTTP, on a server of its own, with everything that goes wrong on one",
    )
    add_sizes(drill, seconds=60.0, people=4_000, days=35)
    drill.add_argument("--html", type=Path, default=None, help="write the page with pictures here")
    drill.add_argument("--json", action="store_true", help="print one JSON object")
    drill.set_defaults(run=drill_day)


def add_sizes(parser: argparse.ArgumentParser, *, seconds: float, people: int, days: int) -> None:
    """Arguments that `sim drill` and `bench drill` share."""
    parser.add_argument("--shape", choices=tuple(SHAPES), default="double11")
    parser.add_argument("--seconds", type=float, default=seconds, help="for the 24 hours (%(default)s)")
    parser.add_argument(
        "--purchases",
        type=int,
        default=0,
        help=f"on the day (0 = {ORDERS_A_SECOND} a second, of which midnight sees ten times as many)",
    )
    parser.add_argument("--people", type=int, default=people)
    parser.add_argument("--history-days", type=int, default=days, help="ordinary days before (%(default)s)")
    parser.add_argument("--no-kill", action="store_true", help="leave the database alive")
    parser.add_argument("--seed", type=int, default=20261111)


def read_plan(args: argparse.Namespace) -> DrillPlan:
    """The drill that was asked for; BadInput where sizes make no sense."""
    purchases = args.purchases or round(args.seconds * ORDERS_A_SECOND)
    return DrillPlan(
        args.shape, args.seconds, purchases, args.people, args.history_days, args.seed, kill=not args.no_kill
    )


def drill_day(args: argparse.Namespace, settings: Settings) -> int:
    """Run it; 1 when the books do not hold."""
    del settings  # a drill kills its database: it has one of its own
    started = time.perf_counter()
    figures = run_drill(read_plan(args))
    if args.html is not None:
        args.html.write_text(render_drill(figures), encoding="utf-8")
        print(f"page: {args.html}", file=sys.stderr)
    if args.json:
        print_json({**report_header(seed=args.seed, started=started), **figures})
    else:
        tell(figures)
    return 0 if figures["ok"] else 1


def tell(figures: dict[str, Any]) -> None:
    """The drill in sentences."""
    f = figures
    print(
        f"{f['purchases']:,} orders in {f['day_seconds']:.0f} s: {f['per_s_mean']:,.0f} messages a second answered on average, "
        f"{f['arrived_per_s_peak']:,.0f} arrived at the peak and {f['per_s_peak']:,.0f} were answered."
    )
    print(
        f"Latency p50 {f['p50_ms']:,.0f} ms, p99 {f['p99_ms']:,.0f} ms (outside rush and outage {f['p99_ms_calm']:,.0f} ms), "
        "waiting and repeats included."
    )
    if f["database_down_s"] is not None:
        print(
            f"The database was killed at {f['killed_at_s']:.0f} s and stood again after {f['database_down_s']:.1f} s, "
            f"answers came again at {f['answers_again_at_s'] or 0:.0f} s; "
            f"{f['resent']:,} messages were sent again."
        )
    words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(f["first_words"].items()))
    print(f"The platform said: {words}.")
    low, share, high = f["recall_all"]
    print(
        f"Of {f['crimes']:,} crimes {share:.0%} were stopped ({low:.0%} … {high:.0%}); blocked {f['blocked_share']:.2%} of all orders, "
        f"{f['false_refusal_share']:.2%} of the good ones; {f['cashout_share']:.2%} of the money out went to crimes."
    )
    for name, (low, share, high) in f["recall"].items():
        print(f"  {name:20} {share:6.1%}   {low:.1%} … {high:.1%}")
    verdict = "hold" if f["ok"] else "DO NOT HOLD"
    print(
        f"The books {verdict}: {f['accepted']:,} accepted, {f['booked']:,} booked, {f['lost']} lost, {f['doubled']} doubled, "
        f"{f['answers_changed']} answers changed, trial balance {f['trial_balance_minor']}, broken: {', '.join(f['broken']) or 'nothing'}."
    )


__all__ = ["add_sizes", "read_plan", "register"]
