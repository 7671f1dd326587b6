"""`honghua bench proofing`: print, replay, deepfake and a stolen device against the proof of identity (R-048, R-060)."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from honghua.app.bench.proofing.clips import SPECIES
from honghua.app.bench.proofing.suite import fit_modules, judge_modules
from honghua.base.errors import BadInput
from honghua.store.settings import StoreSettings

SEED: Final = 20261123  # four digits became six after a run on 20261122
PEOPLE_MIN: Final = 30
WARNING: Final = (
    "synthetic people, cameras and attacks, stub modules: these figures show that the suite tells good from bad,"
    " and nothing of any real camera or face"
)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "proofing", help="attacks on the proof of identity: APCER, BPCER, FAR, FRR with intervals"
    )
    parser.add_argument(
        "--people", type=int, default=300, help="who are judged, nobody of whom was fitted on (%(default)s)"
    )
    parser.add_argument(
        "--fitting", type=int, default=150, help="people to fit on, and as many to set bounds on (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit, set bounds, judge."""
    del store
    if min(args.people, args.fitting) < PEOPLE_MIN:
        raise BadInput(f"{PEOPLE_MIN} people or more are wanted", code="BAD_SIZE")
    modules = fit_modules(args.seed, args.fitting)
    print(f"fitted on {args.fitting} people, bounds set on {args.fitting} others", file=sys.stderr)
    figures = judge_modules(modules, args.seed, args.people)
    return {
        "people": args.people, "fitted_on": args.fitting, "species": list(SPECIES), "is_stub": modules.is_stub,
        "modules": [modules.liveness.name, modules.face.name, modules.lips.name],
        "bounds": {"liveness": modules.bounds.liveness, "face": modules.bounds.face, "digits": modules.bounds.digits_min},
        **figures, "says": WARNING,
    }  # fmt: skip


__all__ = ["register", "run"]
