"""`honghua sim reminders`: a trial of reminders by lot in a city – what its log says beside what is true (R-066)."""

from __future__ import annotations

import argparse
import math
import time
from typing import Any, Final

import numpy as np
from rich.console import Console

from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.customers.core import REMINDER_TERMS
from honghua.sim.api import (
    CityPlan,
    ReminderLog,
    ReminderPlan,
    ReminderTrial,
    run_reminder_trial,
    see_reminders,
    standard_scenes,
)

Z95: Final = 1.96
DAYS: Final = 30  # of the city's plan; the bill's life is shorter
Effect = tuple[float, float, float]  # low, middle, high


def register(parts: Any) -> None:
    """Add the sub-verb of `sim`."""
    verb: argparse.ArgumentParser = parts.add_parser(
        "reminders", help="a trial of reminders by lot: the uplift of payment on time from its log beside the truth"
    )
    verb.add_argument("--people", type=int, default=30_000)
    verb.add_argument("--draws", type=int, default=100, help="of lots over the same worlds, to see bias and cover")
    verb.add_argument("--seed", type=int, default=20261122)
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run it on the days of the terms, and compare."""
    del settings  # no database: these people pay one bill
    started = time.perf_counter()
    try:
        city = CityPlan(standard_scenes(), args.people, DAYS, args.seed)
        trial = run_reminder_trial(ReminderPlan(city, REMINDER_TERMS.days_before))
    except ValueError as error:
        raise BadInput(str(error), code="BAD_CITY") from error
    found = judge_reminders(trial, draws=args.draws)
    if args.json:
        print_json({**report_header(seed=args.seed, started=started), "people": args.people, **found})
        return 0
    low, middle, high = found["estimate"]
    Console().print(
        f"{found['customers']:,} customers with a bill to pay by hand; on time without reminders {found['held']:.1%}\n"
        f"on time more often by reminders: {middle:+.1%} ({low:+.1%} … {high:+.1%}), in truth {found['true']:+.1%}\n"
        f"over {args.draws} other lots: mean error {found['bias']:+.2%}, the 95 % interval covers the truth {found['covered']:.0%}\n"
        "how strongly reminders work on these people is assumed: of real customers a trial of one's own speaks",
        highlight=False,
    )
    return 0


def judge_reminders(trial: ReminderTrial, *, draws: int) -> dict[str, Any]:
    """One trial, and over `draws` ≥ 1 other lots how far it is off. Shares of customers; bias: mean of estimate less truth."""
    if draws < 1:
        raise BadInput("one other drawing of lots or more", code="BAD_DRAWS")
    true = trial.true_uplift
    again = [estimate_uplift(see_reminders(trial, draw)) for draw in range(1, draws + 1)]
    return {
        "customers": len(trial.who), "held": round(float(trial.held.mean()), 4), "true": round(true, 4),
        "estimate": [round(value, 4) for value in estimate_uplift(see_reminders(trial, 0))],
        "bias": round(float(np.mean([middle for _, middle, _ in again])) - true, 5),
        "covered": round(float(np.mean([low <= true <= high for low, _, high in again])), 3),
    }  # fmt: skip


def estimate_uplift(log: ReminderLog) -> Effect:
    """Share on time of those reminded less that of those held out, with 95 % by the normal law of two shares."""
    shares, variance = [], 0.0
    for drawn in (True, False):
        on_time = log.is_on_time[log.is_reminded == drawn]
        if not len(on_time):
            raise BadInput("too few customers: everybody drew the same lot", code="BAD_CITY")
        shares.append(float(on_time.mean()))
        variance += shares[-1] * (1 - shares[-1]) / len(on_time)
    middle, half = shares[0] - shares[1], Z95 * math.sqrt(variance)
    return middle - half, middle, middle + half


__all__ = ["estimate_uplift", "judge_reminders", "register"]
