"""The work of `honghua bench lab-limits`: a confounded book in files, and one whole run about limits on it."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from honghua.agents import api as agents
from honghua.app.bench.lab.limit_files import write_book
from honghua.app.bench.lab.limit_world import World, live_world
from honghua.app.bench.lab.limits import BORROWERS_MIN
from honghua.app.lab.limits import sum_up_limits
from honghua.app.lab.means import tell_entry
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.lab.api import LIMITS
from honghua.lab.workers import api as workers
from honghua.store.settings import StoreSettings

NEAR: Final = 0.2
RESPONSE: Final = "response"
WHAT_IF: Final = "what-if"
SIGNER: Final = b"the key of a bench signs nothing"


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """The book (not on the clock), then the run until it waits for its person."""
    del store  # no database: a candidate is made from files
    if args.borrowers < BORROWERS_MIN:
        raise BadInput(f"a book of {BORROWERS_MIN:,} borrowers or more is wanted", code="BAD_SIZE")
    with tempfile.TemporaryDirectory(prefix="honghua-limits-") as scratch:
        place = args.keep or Path(scratch) / "book"
        world = live_world(args.borrowers, seed=args.seed)
        write_book(world, place)
        params = workers.make_limits_params(place, workers.read_limits_question(place))
        started = time.perf_counter()
        folder = Path(scratch) / "run"
        with agents.hold_run(folder) as made:
            clock = SystemClock()
            agents.begin(made, agents.Opening(LIMITS, args.seed, "a bench", params), clock=clock)
            signer = agents.Signer.derive(SIGNER)
            means = agents.Means(clock, folder / "scratch", signer, told=tell_entry)
            agents.work(made, workers.make_limits_flow(params), means)
            verified = agents.verify_run(made, trusted={signer.public})
            told = sum_up_limits(made)
        return {
            "borrowers": args.borrowers, **told, "truth": hold_against_truth(world, told["models"]),
            "seconds": round(time.perf_counter() - started, 1), "verified": verified.ok,
        }  # fmt: skip


def hold_against_truth(world: World, models: dict[str, Any]) -> dict[str, Any]:
    """What the loss of held customers truly answers to one unit of the log of the limit, beside what the response said of the slice."""
    factors = world.lender.slice_.factors
    dose = np.log(factors) - np.log(factors).mean()
    true = float(world.effects_by_arm()[1].mean(axis=0) @ dose / (dose @ dose))
    said = models[RESPONSE]["predicted"] / true
    refused = [one["code"] for one in models[WHAT_IF]["problems"]]
    return {
        "loss_effect_minor": true, "response_to_true": said, "response_within_20_percent": abs(said - 1.0) <= NEAR,
        "what_if_has_the_wrong_sign": "RESPONSE_WRONG_SIGN" in refused, "what_if_is_refused": not models[WHAT_IF]["passed"],
    }  # fmt: skip


__all__ = ["run"]
