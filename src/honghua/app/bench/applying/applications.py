"""`honghua bench applications`: gangs injected among applications, found by clusters and scores (R-061); one holdout for all learners.

Training streams and test streams are of different seeds. The test streams hold a kind of gang more than the training streams
(`coached`): it is shown apart, and belongs to no figure of seen kinds. All figures are of a simulated door whose assumptions stand in
`sim/core/trials/applying.py`; they say how the parts compare, not how they would do on real gangs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.shares import find_share
from honghua.fraud.applications.api import (
    CLUSTER_VALUES,
    FAMILIES,
    LEARNERS,
    ApplicationScorer,
    ScorerPlan,
    describe_applications,
    fit_scorer,
)
from honghua.models.api import auc_interval, average_precision
from honghua.sim.api import ApplyingPlan, GangKind, make_applications
from honghua.store.settings import StoreSettings

Floats = NDArray[np.float64]
SEED: Final = 71
FALSE_ALARMS: Final = 0.005
HELD_SHARE: Final = 0.25  # of the training rows, the newest: where the line is drawn
SEEN: Final = (GangKind.FARM, GangKind.PROXY, GangKind.AGENCY)
RULE_DEVICE: Final = 2  # earlier applications from one device: a plain rule to be better than


class Stream(NamedTuple):
    """Streams joined: values float64[n, …] as known when each came, truth, and of which stream each is."""

    values: Floats
    kind: NDArray[np.int64]
    gang: NDArray[np.int64]
    stream: NDArray[np.int64]


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "applications", help="gangs among applications: clusters, neural scorer, ablation per family of values"
    )
    parser.add_argument("--applications", type=int, default=6_000, help="honest ones of each stream (%(default)s)")
    parser.add_argument("--gangs", type=int, default=12, help="of each kind in each stream (%(default)s)")
    parser.add_argument("--streams", type=int, default=6, help="half to fit on, half to judge on (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit on the first half of the streams, judge on the others."""
    del store
    half = args.streams // 2
    plans = [ApplyingPlan(args.applications, args.gangs, args.seed + k) for k in range(half)]
    others = [
        ApplyingPlan(args.applications, args.gangs, args.seed + k, kinds=tuple(GangKind)[1:])
        for k in range(half, args.streams)
    ]
    started = time.perf_counter()
    train, test = read_streams(plans), read_streams(others)
    described_s = time.perf_counter() - started
    return {
        "rows_train": len(train.kind), "rows_test": len(test.kind), "made_and_described_s": round(described_s, 1),
        "false_alarms_allowed": FALSE_ALARMS, **compare(train, test, seed=args.seed),
    }  # fmt: skip


def read_streams(plans: Sequence[ApplyingPlan]) -> Stream:
    """Make the streams and describe each by itself, in order of time."""
    parts = []
    for place, plan in enumerate(plans):
        sessions, truth = make_applications(plan)
        mark = np.full(len(truth.kind), place, np.int64)
        parts.append(Stream(describe_applications(sessions), truth.kind, truth.gang, mark))
    return Stream(*(np.concatenate([getattr(part, name) for part in parts]) for name in Stream._fields))


def compare(train: Stream, test: Stream, *, seed: int) -> dict[str, Any]:
    """Learners on the same holdout, the plain rule and clusters alone beside them, and what each family is worth."""
    bad, held = train.kind > 0, find_held(train)

    def fit(families: Sequence[str], learner: str, *, is_mixed: bool = True) -> ApplicationScorer:
        plan = ScorerPlan(
            families=tuple(families), learner=learner, false_alarms=FALSE_ALARMS, seed=seed, is_mixed=is_mixed
        )
        return fit_scorer(train.values, bad, held, plan)

    every = tuple(FAMILIES)
    table = {name: judge(fit(every, name), test) for name in LEARNERS}
    table |= {f"{name}, whole gangs only": judge(fit(every, name, is_mixed=False), test) for name in LEARNERS}
    table["clusters alone"] = judge(fit(("shared things", "twins"), "neural"), test)
    device = test.values[:, CLUSTER_VALUES.index("device_before")] >= np.log1p(RULE_DEVICE)
    table["rule: device used before"] = tell(device, test)
    ablation = {}
    for name in every:
        without = judge(fit(tuple(one for one in every if one != name), "neural"), test)
        alone = judge(fit((name,), "neural"), test)
        ablation[name] = {
            "gain_ap": round(table["neural"]["ap"] - without["ap"], 4),
            "gain_recall": round(table["neural"]["recall"][1] - without["recall"][1], 4),
            "alone_ap": alone["ap"], "alone_recall": alone["recall"],
        }  # fmt: skip
    return {"holdout": table, "ablation": ablation}


def find_held(train: Stream) -> NDArray[np.bool_]:
    """The newest rows of each training stream."""
    held = np.zeros(len(train.kind), np.bool_)
    for place in np.unique(train.stream):
        rows = np.flatnonzero(train.stream == place)
        held[rows[int(len(rows) * (1 - HELD_SHARE)) :]] = True
    return held


def judge(scorer: ApplicationScorer, test: Stream) -> dict[str, Any]:
    """How a scorer does: AUC and average precision over seen kinds and honest rows, and at its line."""
    score = scorer.score(test.values)
    seen = (test.kind == GangKind.HONEST) | np.isin(test.kind, SEEN)
    truth = (test.kind[seen] > 0).astype(np.int64)
    return {
        "auc": [round(one, 4) for one in auc_interval(truth, score[seen]).as_list()],
        "ap": round(float(average_precision(truth, score[seen])), 4), **tell(score >= scorer.line, test),
    }  # fmt: skip


def tell(alarm: NDArray[np.bool_], test: Stream) -> dict[str, Any]:
    """Recall of seen kinds, by kind, of gangs (half of their applications at least), precision and false alarms, with intervals."""
    seen, honest = np.isin(test.kind, SEEN), test.kind == GangKind.HONEST
    gangs: dict[tuple[int, int], list[bool]] = {}
    for stream, gang, kind, hit in zip(
        test.stream.tolist(), test.gang.tolist(), test.kind.tolist(), alarm.tolist(), strict=True
    ):
        if kind in SEEN:
            gangs.setdefault((stream, gang), []).append(hit)
    found = sum(2 * sum(hits) >= len(hits) for hits in gangs.values())
    right, wrong = int((alarm & seen).sum()), int((alarm & honest).sum())
    kinds = {kind.name.lower(): test.kind == kind for kind in tuple(GangKind)[1:]}
    return {
        "recall": share(right, int(seen.sum())), "gangs_found": share(found, len(gangs)), "precision": share(right, right + wrong),
        "false_alarms": share(wrong, int(honest.sum())),
        "recall_by_kind": {name: share(int((alarm & mine).sum()), int(mine.sum())) for name, mine in kinds.items()},
    }  # fmt: skip


def share(hits: int, n: int) -> list[float]:
    """[low, share, high] with Wilson's 95 %."""
    return [round(one, 4) for one in find_share(hits, n)]


__all__ = ["compare", "read_streams", "register", "run"]
