"""`honghua bench shortage`: the same city lived twice, once with orders beyond the limit refused, once decided one by one (R-010)."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.city.town import BUDGET, TownPlan, open_town
from honghua.app.robots.alarm_budget import AlarmBudget, Rescue
from honghua.base.clock import DAY_US
from honghua.base.rng import derive_rng
from honghua.sim.api import (
    CATEGORY_NAMES,
    CityActor,
    CityPlan,
    CrewPlan,
    Heard,
    Names,
    interval,
    is_crime_column,
    standard_scenes,
)
from honghua.store.database import open_database
from honghua.store.embedded import remove_server
from honghua.store.settings import StoreSettings

FIRST_DAY: Final = dt.date(2026, 2, 1)
COUNTED_FROM: Final = 45  # days: by then most have their first statement
REFIT_SHARES: Final = (0.4, 0.7)
DRAWS: Final = 1_000
PEOPLE_PER_RING: Final = 1_000
Doubles = NDArray[np.float64]


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "shortage", help="orders beyond the limit decided one by one, beside a twin city where they are refused"
    )
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--statements", type=int, default=Rescue().statements, help="that a customer must have")
    parser.add_argument("--percent", type=int, default=Rescue().percent, help="of the limit that may be missing")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Live both, and compare them person by person."""
    del store  # each twin has a server of its own
    started = time.perf_counter()
    rescue = Rescue(args.statements, args.percent)
    twins = [live_twin(args, replace(BUDGET, rescue=one)) for one in (None, rescue)]
    from_day = max(COUNTED_FROM, *(twin.model_day for twin in twins))
    refused, helped = (count(twin, from_day) for twin in twins)
    rng = derive_rng(args.seed, "people drawn anew")
    return {
        "people": args.people, "days": args.days, "counted_from_day": from_day, "statements": rescue.statements,
        "percent_of_limit": rescue.percent, "refused": tell(refused), "one_by_one": tell(helped),
        "shortage_refusals_fewer": compare(refused, helped, rng), "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Twin:
    """A city that was lived. diary: by column; late_minor int64[people]: overdue at the end; model_day: the first with a model, for only
    a score says who may be trusted beyond the limit."""

    diary: dict[str, NDArray[np.int64]]
    late_minor: NDArray[np.int64]
    model_day: int


def live_twin(args: argparse.Namespace, budget: AlarmBudget) -> Twin:
    """One city on a server of its own."""
    state_dir = Path(tempfile.gettempdir()) / f"honghua-twin-{os.getpid()}-{secrets.token_hex(4)}"
    risk = state_dir.with_name(f"{state_dir.name}-risk")
    city = CityPlan(standard_scenes(), args.people, args.days + 1, args.seed, FIRST_DAY)
    actor = CityActor(city, CrewPlan(args.seed, max(1, args.people // PEOPLE_PER_RING)))
    names = Names(args.seed, FIRST_DAY, CATEGORY_NAMES)
    refits = tuple(round(args.days * share) for share in REFIT_SHARES)
    plan = TownPlan(
        names, actor.limit_minor, actor.online, refits, events=args.people * args.days, budget=budget, autopay=actor.autopay
    )  # fmt: skip
    try:
        with (
            open_database(StoreSettings(state_dir=state_dir)) as database,
            open_town(database, plan, actor, folder=risk, told=lambda text: print(text, file=sys.stderr)) as town,
        ):
            while town.day < args.days:
                town.live_day()
            town.platform.read_bills(town.day)
            screens = town.platform.screens
            late = np.where(screens.due_day < town.day, screens.due_minor, 0)
            models = [one.day for one in town.refits if one.released]
            return Twin(town.platform.diary.columns(), late, min(models, default=args.days))
    finally:
        remove_server(state_dir)
        shutil.rmtree(risk, ignore_errors=True)


def count(twin: Twin, from_day: int) -> dict[str, Doubles]:
    """Sums per person, float64[people] each: good orders and those refused for want of limit from a day on; money out, late, to crooks."""
    diary = twin.diary
    people = len(twin.late_minor)
    counted = diary["at_us"] >= from_day * DAY_US
    good, crime = diary["ring"] == 0, is_crime_column(diary["crime"])
    short = (diary["short"] == 1) & (diary["heard"] == Heard.REFUSED_LIMIT)

    def per_person(rows: NDArray[np.bool_], values: NDArray[np.int64]) -> Doubles:
        return np.bincount(diary["customer"][rows], values[rows], people).astype(np.float64)

    ones = np.ones(len(counted), np.int64)
    return {
        "orders": per_person(counted & good, ones), "short": per_person(counted & good & short, ones),
        "out_minor": per_person(ones > 0, diary["granted_minor"]),
        "late_minor": twin.late_minor.astype(np.float64), "crime_minor": per_person(crime, diary["granted_minor"]),
    }  # fmt: skip


def tell(twin: dict[str, Doubles]) -> dict[str, Any]:
    """One twin in figures."""
    orders, short = int(twin["orders"].sum()), int(twin["short"].sum())
    out = max(float(twin["out_minor"].sum()), 1.0)
    return {
        "good_orders": orders, "refused_for_limit": short, "share": interval(short, orders),
        "money_out_minor": int(out), "late_share": round(float(twin["late_minor"].sum()) / out, 5),
        "crime_share": round(float(twin["crime_minor"].sum()) / out, 5),
    }  # fmt: skip


def compare(refused: dict[str, Doubles], helped: dict[str, Doubles], rng: np.random.Generator) -> dict[str, Any]:
    """How many fewer shortage refusals, and how much more is late, of the money out: [low, middle, high], people drawn anew."""
    people = len(refused["orders"])
    draws = rng.integers(0, people, (DRAWS, people))
    fewer, more = np.empty(DRAWS), np.empty(DRAWS)
    for k, who in enumerate(draws):
        fewer[k] = 1 - _share(helped, "short", "orders", who) / max(_share(refused, "short", "orders", who), 1e-12)
        more[k] = _share(helped, "late_minor", "out_minor", who) - _share(refused, "late_minor", "out_minor", who)
    every = np.arange(people)
    middle = 1 - _share(helped, "short", "orders", every) / max(_share(refused, "short", "orders", every), 1e-12)
    worse = _share(helped, "late_minor", "out_minor", every) - _share(refused, "late_minor", "out_minor", every)
    return {"fewer": _between(fewer, middle), "late_share_more": _between(more, worse)}


def _share(twin: dict[str, Doubles], part: str, whole: str, who: NDArray[np.int64]) -> float:
    return float(twin[part][who].sum() / max(twin[whole][who].sum(), 1.0))


def _between(draws: Doubles, middle: float) -> list[float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return [round(float(low), 5), round(middle, 5), round(float(high), 5)]


__all__ = ["register", "run"]
