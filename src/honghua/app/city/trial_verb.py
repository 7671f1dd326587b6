"""`honghua sim trial`: a field trial of free months and pay-later in a city – what its log says beside what is true (R-162, R-176)."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from honghua.app.city.estimating import Effect, estimate_effects
from honghua.app.city.headline import Ratio
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.sim.api import (
    CityPlan,
    FieldTrial,
    TrialPlan,
    run_trial,
    show_again,
    standard_scenes,
    true_effects,
    write_trial,
    write_trial_truth,
)

# Goal, as the articles report it, and what it is about.
EFFECTS: Final = {
    "conversion": ("R-162", "visits that convert, where months are free", "+30 … 40 %"),
    "product": ("R-162", "sales of the subsidised product", "+30 %"),
    "shop": ("R-162", "sales of the whole shop, cannibalisation taken off", "+15 %"),
    "shops_up": ("R-162", "shops whose sales rose clearly (5 % and more)", "nearly 70 % of shops"),
    "order_value": ("R-176", "order value, where pay-later is shown", "+85 %"),
    "comes_back": ("R-176", "customers who buy again within 30 days", "+20 %"),
}

REPORT_PEOPLE: Final = 20_000
REPORT_DAYS: Final = 60


def register(parts: Any) -> None:
    """Add the sub-verb of `sim`."""
    trial: argparse.ArgumentParser = parts.add_parser(
        "trial", help="a field trial of free months and pay-later: estimates from its log beside the truth"
    )
    trial.add_argument("--people", type=int, default=30_000)
    trial.add_argument("--days", type=int, default=90)
    trial.add_argument("--draws", type=int, default=100, help="of lots over the same worlds, to see bias and cover")
    trial.add_argument("--out", type=Path, default=None, help="write trial.parquet here, its truth into OUT.truth")
    trial.add_argument("--seed", type=int, default=20261122)
    trial.add_argument("--json", action="store_true", help="print one JSON object")
    trial.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run it, write it down where asked, and compare."""
    del settings  # no database: the plain house lends
    started = time.perf_counter()
    try:
        plan = TrialPlan(CityPlan(standard_scenes(), args.people, args.days, args.seed))
    except ValueError as error:
        raise BadInput(str(error), code="BAD_CITY") from error
    trial = run_trial(plan)
    if args.out is not None:
        write_trial(trial, args.out)
        write_trial_truth(trial, args.out.with_name(f"{args.out.name}.truth"))
    found = measure(trial, draws=args.draws)
    told = {
        "people": args.people,
        "days": args.days,
        "visits": len(trial.visits.day),
        "draws": args.draws,
        "effects": found,
    }
    if args.json:
        print_json({**report_header(seed=args.seed, started=started), **told})
    else:
        show(found, Console())
    return 0


def measure(trial: FieldTrial, *, draws: int) -> dict[str, dict[str, Any]]:
    """Each effect: what one trial says, what is true, and over many drawings of lots the bias and how often the interval covers."""
    seed = trial.plan.city.seed
    true = true_effects(trial.visits, trial.truth, trial.offer)
    first = estimate_effects(trial.log, derive_rng(seed, "trial", "estimates"))
    again = [
        estimate_effects(show_again(trial, draw), derive_rng(seed, "trial", "estimates", draw))
        for draw in range(1, draws + 1)
    ]
    return {name: judge(first[name], true[name], [one[name] for one in again]) for name in EFFECTS}


def judge(estimate: Effect, true: float, again: list[Effect]) -> dict[str, Any]:
    """One effect in figures; errors as parts of the true effect."""
    middles = np.array([middle for _, middle, _ in again])
    covered = [low <= true <= high for low, _, high in again]
    return {
        "estimate": [round(value, 4) for value in estimate], "true": round(true, 4), "error": round(estimate[1] / true - 1, 3),
        "bias": round(float(middles.mean() / true - 1), 3) if len(again) else None,
        "usual_error": round(float(np.abs(middles / true - 1).mean()), 3) if len(again) else None,
        "covered": round(float(np.mean(covered)), 3) if len(again) else None,
    }  # fmt: skip


def judge_trial(seed: int, *, people: int = REPORT_PEOPLE) -> list[Ratio]:
    """Rows of `sim report`: one trial in a city of the same seed and more people, for a few hundred show nothing."""
    trial = run_trial(TrialPlan(CityPlan(standard_scenes(), people, REPORT_DAYS, seed)))
    true = true_effects(trial.visits, trial.truth, trial.offer)
    told = estimate_effects(trial.log, derive_rng(seed, "trial", "estimates"))
    how = f"a field trial among {people:,} people of this seed, offers by lot of customer and shop; measured: from its log"
    return [
        Ratio(number, what, told[name], round(true[name], 4), goal, how)
        for name, (number, what, goal) in EFFECTS.items()
    ]


def show(found: dict[str, dict[str, Any]], console: Console) -> None:
    """A table."""
    table = Table("", "effect", "estimate from the log", "true", "reported", "bias", "usual error", "interval covers")
    for name, (number, what, goal) in EFFECTS.items():
        one = found[name]
        low, middle, high = one["estimate"]
        beside = ["–" if one[key] is None else f"{one[key]:.1%}" for key in ("bias", "usual_error", "covered")]
        table.add_row(number, what, f"{middle:.1%} ({low:.1%} … {high:.1%})", f"{one['true']:.1%}", goal, *beside)
    console.print(table)


__all__ = ["EFFECTS", "judge_trial", "measure", "register"]
