"""The work of `honghua bench lab`: a city, and one whole run from its raw events to the gate."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.app.city.making import read_make_plan, show_progress
from honghua.app.lab.building import sum_up
from honghua.app.lab.means import tell_entry
from honghua.base.clock import SystemClock
from honghua.lab.api import BUILD
from honghua.lab.workers import api as workers
from honghua.sim.api import make_city
from honghua.store.settings import StoreSettings

BENCH_KEY: Final = b"the key of a bench signs nothing"


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Make a city where none is given (not on the clock), then one whole run until it waits for its person."""
    del store  # no database: a candidate is made from files
    with tempfile.TemporaryDirectory(prefix="honghua-lab-") as scratch:
        place = args.events
        if place is None:
            place = Path(scratch) / "city"
            make_city(read_make_plan(args, place, Path(scratch) / "truth"), progress=show_progress)
            print(file=sys.stderr)
        return time_run(place, Path(scratch) / "run", args)


def time_run(place: Path, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """The run and its figures; `human_clicks` counts the gate that still waits."""
    params = workers.make_params(place, workers.read_question(args.question))
    signer = agents.Signer.derive(BENCH_KEY)
    started = time.perf_counter()
    with agents.hold_run(folder) as made:
        clock = SystemClock()
        agents.begin(made, agents.Opening(BUILD, args.seed, "a bench", params), clock=clock)
        agents.work(made, workers.make_flow(params), agents.Means(clock, folder / "scratch", signer, told=tell_entry))
        seconds = time.perf_counter() - started
        verified = agents.verify_run(made, trusted={signer.public})
        told = sum_up(made)
    per_step = {
        row.step: row.cost.seconds
        for row in make_timeline(made.journal.entries()).rows
        if row.step and row.cost.seconds
    }
    return {
        **told, "seconds": round(seconds, 1), "human_clicks": told["human_clicks"] + int(bool(told["waits_for"])),
        "verified": verified.ok, "problems": list(verified.problems), "seconds_per_step": per_step,
    }  # fmt: skip
