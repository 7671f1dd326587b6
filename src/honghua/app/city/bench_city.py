"""`honghua bench city`: how fast a city is made, and how much memory each of its people takes."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, Final

from honghua.app.city.making import add_city_arguments, read_make_plan, show_progress
from honghua.sim.api import EVENTS_FILE, make_city
from honghua.store.settings import StoreSettings

WARM_UP_DAYS: Final = 5  # of a small city, so that no compiler runs on the clock
WARM_UP_PEOPLE: Final = 300


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "city", help="events made per second and core, and bytes a person"
    )
    add_city_arguments(parser)
    parser.set_defaults(bench=run, people=100_000, days=365)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Make a city into a scratch folder. Events per core: by the CPU seconds of all processes, settling, merging and writing included."""
    with tempfile.TemporaryDirectory(prefix="honghua-city-") as scratch:
        folder = Path(scratch)
        small = argparse.Namespace(**{**vars(args), "people": WARM_UP_PEOPLE, "days": WARM_UP_DAYS, "processes": 1})
        make_city(read_make_plan(small, folder / "small", folder / "small.truth"), progress=lambda day, events: None)
        made = make_city(read_make_plan(args, folder / "city", folder / "truth"), progress=show_progress)
        size = (folder / "city" / EVENTS_FILE).stat().st_size
    return {
        "people": args.people,
        "days": args.days,
        "processes": args.processes,
        "events": made.events,
        "events_per_s": round(made.events / made.seconds),
        "events_per_s_core": round(made.events / made.cpu_seconds),
        "bytes_per_person": round(made.bytes_per_person),
        "bytes_per_event_file": round(size / made.events, 1),
        "peak_mb": round(made.peak_mb),
        "made_s": round(made.seconds, 1),
        "cpu_s": round(made.cpu_seconds, 1),
    }
