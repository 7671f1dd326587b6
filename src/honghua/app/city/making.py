"""How large a city is asked for, and what is made of that: arguments that the verb and the bench share."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Final

from honghua.base.errors import BadInput
from honghua.sim.api import FIRST_DAY, CityPlan, CrewPlan, MakePlan, standard_scenes

SEED: Final = 20261122
PEOPLE_PER_RING: Final = 2_000  # one ring of each typology for so many people, unless told
RINGS_MAX: Final = 60


def add_city_arguments(parser: argparse.ArgumentParser) -> None:
    """How large a city is, and by how many processes it is made."""
    parser.add_argument("--people", type=int, default=20_000, help="who live there (%(default)s)")
    parser.add_argument("--days", type=int, default=60, help="of which files are made (%(default)s)")
    parser.add_argument("--first-day", type=dt.date.fromisoformat, default=FIRST_DAY, metavar="YYYY-MM-DD")
    parser.add_argument(
        "--rings", type=int, default=None, help="of each typology (default: one for 2,000 people, at most 60)"
    )
    parser.add_argument("--plain-crooks", action="store_true", help="rings keep to their plans, whatever they hear")
    parser.add_argument("--processes", type=int, default=1, help="share the work; the files are the same")
    parser.add_argument(
        "--slice-days", type=int, default=1, help="days that a process plays ahead; the files are the same"
    )
    parser.add_argument(
        "--futures", type=int, default=0, help="years lived ahead per person, for the true default propensity"
    )
    parser.add_argument("--seed", type=int, default=SEED)


def read_make_plan(args: argparse.Namespace, out: Path, truth: Path) -> MakePlan:
    """What the arguments ask for; BadInput when it makes no sense."""
    try:
        city = CityPlan(standard_scenes(), args.people, args.days, args.seed, args.first_day)
        rings = min(max(1, args.people // PEOPLE_PER_RING), RINGS_MAX) if args.rings is None else args.rings
        crew = CrewPlan(args.seed, rings, adaptive=not args.plain_crooks)
        return MakePlan(
            city, crew, out, truth, processes=args.processes, slice_days=args.slice_days, futures=args.futures
        )
    except ValueError as error:
        raise BadInput(str(error), code="BAD_CITY") from error


def show_progress(day: int, events: int) -> None:
    """A line that is written over, on a terminal; nothing in a log."""
    if sys.stderr.isatty():
        print(f"\r{day + 1:5} days  {events:13,} events", end="", file=sys.stderr, flush=True)
