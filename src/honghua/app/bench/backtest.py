"""`honghua bench backtest`: a policy of 100 rules over millions of recorded decisions, each one checked against the columns' verdict."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from honghua.app.bench.rule_sets import make_rules, make_vectors
from honghua.base.errors import BadInput
from honghua.decision.api import run_backtest
from honghua.decision.core import Bundle, Part, compute_report, differing, empty_tally, judge_batch, judge_twin
from honghua.store.settings import StoreSettings

SLICE: Final = 500_000  # vectors in memory at a time
PART: Final = 25_000
SEGMENTS: Final = 8


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "backtest", help="a policy over millions of recorded decisions"
    )
    parser.add_argument("--decisions", type=int, default=10_000_000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Slice by slice: history is made (not timed), backtested (timed), and judged again over columns (timed apart)."""
    if args.decisions < 1 or args.rules < 2 or args.threads < 1:
        raise BadInput("at least 1 decision, 2 rules and 1 thread are needed", code="BAD_SIZE")
    champion, challenger = (make_rules(args.rules, seed=args.seed, rarity=r).bundle() for r in (2.6, 2.7))
    tally = empty_tally(challenger, segments=SEGMENTS)
    seconds = check_seconds = 0.0
    mismatches = done = 0
    for number, n in enumerate(_slices(args.decisions)):
        parts = list(_history(champion, np.random.default_rng([args.seed, number]), n, done))
        if not number:  # the kernels are compiled before the clock starts
            run_backtest(challenger, parts[:1], segments=SEGMENTS)
        began = time.perf_counter()
        tally = tally.plus(run_backtest(challenger, parts, segments=SEGMENTS, threads=args.threads))
        seconds += time.perf_counter() - began
        began = time.perf_counter()
        for part in parts:
            mismatches += len(differing(judge_batch(challenger, part.vectors), judge_twin(challenger, part.vectors)))
        check_seconds += time.perf_counter() - began
        done += n
        print(f"\r{done:,} of {args.decisions:,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    report = compute_report(challenger, tally, segments=[str(k) for k in range(SEGMENTS)])
    assert report["decisions"] == args.decisions
    return {
        "decisions": args.decisions, "seconds": round(seconds, 3), "per_s": round(args.decisions / seconds), "mismatches": mismatches,
        "check_seconds": round(check_seconds, 3), "threads": args.threads, "rules": len(challenger.rules),
        "operations": len(challenger.plan.code), "inputs": len(challenger.inputs),
        **{key: report[key] for key in ("flip_share", "refusal_share_before", "refusal_share_after")},
    }  # fmt: skip


def _slices(total: int) -> Iterator[int]:
    for start in range(0, total, SLICE):
        yield min(SLICE, total - start)


def _history(champion: Bundle, rng: np.random.Generator, n: int, start: int) -> Iterator[Part]:
    """What was recorded while the champion decided."""
    for first in range(0, n, PART):
        vectors = make_vectors(rng, min(PART, n - first), missing_share=0.03)
        before = judge_batch(champion, vectors)
        chance = rng.random(len(vectors)) * 0.02
        yield Part(
            start + first, vectors, before.outcome, before.amount_minor, chance, rng.integers(0, SEGMENTS, len(vectors))
        )
