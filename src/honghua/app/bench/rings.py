"""`honghua bench rings`: planted rings of typologies that no fit has seen – recall at 95 % precision, each detector and the fusion."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from typing import Any, Final

import numpy as np

from honghua.app.bench.ring_folds.figures import (
    PRECISION,
    Judged,
    average_precision,
    recall_by_ring,
    threshold_at,
    wilson,
)
from honghua.app.bench.ring_folds.folds import VOICES, Fold, Sizes, Tested, fit_fold, fold_names, score_folds
from honghua.app.bench.ring_folds.graph_gain import measure_gain
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.sim.core import TYPOLOGIES, MarketPlan
from honghua.store.settings import StoreSettings

PEOPLE_PER_RING: Final = (
    1_000  # of each typology: about 0.6 % of purchases and transfers are crimes (R-084: 0.56 % were blocked)
)
CURVE: Final = (0.99, 0.95, 0.90, 0.80, 0.50)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "rings", help="planted rings of unseen typologies: recall at 95 %% precision"
    )
    parser.add_argument("--people", type=int, default=4_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument(
        "--rings", type=int, default=0, help=f"of each typology in a market; 0 = one per {PEOPLE_PER_RING:,} people"
    )
    parser.add_argument("--folds", type=int, default=4, help="every typology is unseen in one of them")
    parser.add_argument(
        "--by-family", action="store_true", help="leave whole families of typologies out instead: harder"
    )
    parser.add_argument("--labels", choices=("reported", "audited"), default="reported", help="what the fit knows")
    parser.add_argument("--thin", type=float, default=1.0, help="share of innocent rows that are fitted on")
    parser.add_argument("--fit-times", type=int, default=2, help="how much larger the market of a fit is")
    parser.add_argument(
        "--unreported", type=float, default=0.5, help="frauds nobody reports, as part of those told: the fit's guess"
    )
    parser.add_argument("--rounds", type=int, default=150, help="trees of a fusion at most")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit each fold on a market of its own, choose thresholds on another, test all on one fresh market."""
    sizes = read_sizes(args)
    folds = []
    started = time.perf_counter()
    names = fold_names(args.folds, by_family=args.by_family)
    for number, unseen in enumerate(names):
        print(f"fold {number + 1}/{len(names)}: without {', '.join(unseen)}", file=sys.stderr)
        folds.append(fit_fold(sizes, unseen, number))
    fitted = time.perf_counter()
    print("test: a fresh market with every typology", file=sys.stderr)
    tested = score_folds(sizes, folds)
    scored = time.perf_counter()
    judged = tested.judged
    return {
        "people": sizes.people, "days": sizes.days, "rings_each": sizes.rings, "labels": sizes.labels, "by_family": args.by_family,
        "folds": len(folds), "events": tested.events, "scored": len(judged.fraud), "crimes": int(judged.fraud.sum()),
        "crime_share": round(float(judged.fraud.mean()), 5), **headline(folds, tested),
        "typologies": by_typology(folds, tested, sizes.seed), "detectors": {name: by_detector(folds, tested, name) for name in VOICES},
        "graph_gain": measure_gain(
            folds[0].sample, tested, folds[0].unseen, seed=sizes.seed, threads=sizes.threads
        ),
        "fit_seconds": round(fitted - started, 1),
        "test_seconds": round(scored - fitted, 1), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def read_sizes(args: argparse.Namespace) -> Sizes:
    """The sizes asked for; BadInput when they make no sense."""
    rings = args.rings or max(2, round(args.people / PEOPLE_PER_RING))
    if (
        not 0 < args.thin <= 1
        or min(args.rounds, args.fit_times) < 1
        or args.unreported < 0
        or not 2 <= args.folds <= len(TYPOLOGIES)
        or rings < 1
    ):
        raise BadInput(
            f"0 < thin ≤ 1, rounds and rings at least 1, folds 2 … {len(TYPOLOGIES)} are needed", code="BAD_SIZE"
        )
    try:
        MarketPlan(args.people * args.fit_times, args.days, args.seed, rings * args.fit_times)
    except ValueError as problem:
        raise BadInput(str(problem), code="BAD_SIZE") from problem
    return Sizes(
        args.people, args.days, rings, args.fit_times, args.thin, args.labels, args.seed, args.rounds, args.unreported, args.threads
    )  # fmt: skip


def headline(folds: list[Fold], tested: Tested) -> dict[str, Any]:
    """The fusion over all folds: unseen crimes that are flagged, the precision that came out, good orders refused."""
    hits = crimes = alarms = seen_hits = seen_crimes = camouflage = 0
    stopped = lost = 0
    judged = tested.judged
    for fold, scores in zip(folds, tested.scores):
        flagged = scores["fused"] >= fold.thresholds["fused"]
        unseen = judged.of_typologies(fold.unseen)
        seen = judged.fraud & ~unseen
        hits += int((flagged & unseen).sum())
        crimes += int(unseen.sum())
        seen_hits += int((flagged & seen).sum())
        seen_crimes += int(seen.sum())
        alarms += int((flagged & judged.innocent).sum())
        camouflage += int((flagged & ~judged.innocent & ~judged.fraud).sum())
        stopped += int(tested.amount_minor[flagged & unseen].sum())
        lost += int(tested.amount_minor[unseen].sum())
    goods = len(folds) * int(judged.innocent.sum())
    return {
        "precision_wanted": PRECISION, "precision": wilson(seen_hits + hits, seen_hits + hits + alarms),
        "recall_unseen": wilson(hits, crimes), "recall_seen": wilson(seen_hits, seen_crimes),
        "amount_recall_unseen": round(stopped / max(lost, 1), 4), "false_refusal_share": wilson(alarms, goods),
        "false_refusals_per_10000": round(1e4 * alarms / goods, 3), "flagged_camouflage": camouflage,
    }  # fmt: skip


def by_typology(folds: list[Fold], tested: Tested, seed: int) -> dict[str, Any]:
    """Each typology in the fold that has not seen it: recall of the fusion and of each detector at their own thresholds."""
    found = {}
    for fold, scores in zip(folds, tested.scores):
        for name in fold.unseen:
            crime = tested.judged.of_typologies((name,))
            ring = tested.judged.ring[crime]
            flagged = scores["fused"][crime] >= fold.thresholds["fused"]
            figures = recall_by_ring(flagged, ring, derive_rng(seed, "bootstrap", name))
            seen = [
                float((other["fused"][crime] >= fold_of.thresholds["fused"]).mean())
                for fold_of, other in zip(folds, tested.scores)
                if name not in fold_of.unseen
            ]
            found[name] = {
                "family": TYPOLOGIES[name].family, **figures,
                "alone": {v: share(scores[v][crime] >= fold.thresholds[v]) for v in VOICES[1:]}, "recall_when_seen": share(np.array(seen)),
                "recall_own_threshold": own_recall(scores["fused"], crime, tested.judged),
                "ap": {v: round(average_precision(scores[v], crime, tested.judged.innocent), 4) for v in VOICES},
            }  # fmt: skip
    return {name: found[name] for name in TYPOLOGIES if name in found}


def by_detector(folds: list[Fold], tested: Tested, voice: str) -> dict[str, Any]:
    """PR of one score, means over the folds: of all crimes, and of the unseen only. `realised` is at the fold's own threshold."""
    judged = tested.judged
    rows = []
    alarms = hits = 0
    for fold, scores in zip(folds, tested.scores):
        unseen = judged.of_typologies(fold.unseen)
        score = scores[voice]
        curves = [
            own_recall(score, crime, judged, precision=precision)
            for crime in (judged.fraud, unseen)
            for precision in CURVE
        ]
        areas = [average_precision(score, crime, judged.innocent) for crime in (judged.fraud, unseen)]
        flagged = score >= fold.thresholds[voice]
        hits += int((flagged & judged.fraud).sum())
        alarms += int((flagged & judged.innocent).sum())
        rows.append([*areas, *curves, share(flagged[unseen])])
    mean = [round(float(x), 4) for x in np.mean(np.array(rows), axis=0)]
    k = len(CURVE)
    return {
        "ap": mean[0], "ap_unseen": mean[1], "recall_at": dict(zip(map(str, CURVE), mean[2 : 2 + k])),
        "recall_at_unseen": dict(zip(map(str, CURVE), mean[2 + k : 2 + 2 * k])), "recall_unseen": mean[-1],
        "precision": wilson(hits, hits + alarms),
    }  # fmt: skip


def own_recall(score: np.ndarray, crime: np.ndarray, judged: Judged, *, precision: float = PRECISION) -> float:
    """Recall where the test itself has this precision: what a perfectly chosen threshold would give."""
    return share(score[crime] >= threshold_at(score, crime, judged.innocent, precision=precision))


def share(flags: np.ndarray) -> float:
    """The mean, 0 of nothing."""
    return round(float(flags.mean()), 4) if len(flags) else 0.0


__all__ = ["register", "run"]
