"""A scorer of applications fitted on the simulated door and filed in the register, examined on streams that it never saw (R-061).

Sessions are cut where a real decision is made: when somebody applies. What comes out may run beside decisions and be written down; it
cannot take the seat, since no simulated stream shows whether it is fair or how it does later: a lender fits on applications of its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.shares import find_share
from honghua.credit.journey import api as journey
from honghua.fraud.applications.api import FAMILIES, LEARNERS, ScorerPlan, describe_applications, fit_scorer
from honghua.fraud.screening.api import KeptScorer, cut_at_application, keep_scorer, name_values
from honghua.models.api import auc_interval, average_precision, measure_reference, pack_reference
from honghua.models.registry import api as registry
from honghua.sim.api import ApplyingPlan, GangKind, make_applications

Floats = NDArray[np.float64]
FALSE_ALARMS: Final = 0.005  # the line that figures are told at
FALSE_MOST: Final = 0.01  # surely more of the honest ones above it on streams never seen: not passed (own bound, U)
HELD_SHARE: Final = 0.25  # of each training stream, the newest: where lines are drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPlan:
    """applications honest ones and gangs of each kind in each stream; streams: half to fit on, half to judge on; the learner; the seed."""

    applications: int = 6_000
    gangs: int = 12
    streams: int = 6
    learner: str = "neural"
    seed: int = 71

    def __post_init__(self) -> None:
        assert self.learner in LEARNERS, "the verb offers no other"


@dataclass(frozen=True, slots=True)
class Rows:
    """Streams joined: values, kind of who applied, and the newest rows of each stream."""

    values: Floats
    kind: NDArray[np.int64]
    held: NDArray[np.bool_]


def fit_screen(plan: ScreenPlan) -> tuple[KeptScorer, registry.KeptExamination, Rows]:
    """(scorer, its examination on streams of other seeds, the rows that it was fitted on)."""
    half = plan.streams // 2
    train = read_rows([ApplyingPlan(plan.applications, plan.gangs, plan.seed + k) for k in range(half)])
    every = tuple(GangKind)[1:]
    test = read_rows(
        [ApplyingPlan(plan.applications, plan.gangs, plan.seed + k, kinds=every) for k in range(half, plan.streams)]
    )
    bad = train.kind > 0
    wanted = ScorerPlan(families=tuple(FAMILIES), learner=plan.learner, false_alarms=FALSE_ALARMS, seed=plan.seed)
    fitted = fit_scorer(train.values, bad, train.held, wanted)
    trained_on = (
        f"{half} streams of the simulated door, seeds {plan.seed} … {plan.seed + half - 1}; sessions until applying"
    )
    scorer = keep_scorer(fitted, train.values, bad, train.held, kind=plan.learner, trained_on=trained_on)
    return scorer, examine(scorer, test), train


def read_rows(plans: Sequence[ApplyingPlan]) -> Rows:
    """Make streams, cut their sessions at the application, describe each stream by itself."""
    values, kinds, held = [], [], []
    for plan in plans:
        sessions, truth = make_applications(plan)
        values.append(describe_applications(cut_at_application(sessions)))
        kinds.append(truth.kind)
        n = len(truth.kind)
        held.append(np.arange(n) >= int(n * (1 - HELD_SHARE)))
    return Rows(np.concatenate(values), np.concatenate(kinds), np.concatenate(held))


def examine(scorer: KeptScorer, test: Rows) -> registry.KeptExamination:
    """How it does on streams never seen, by kind; nothing is known of fairness or of later days, and it says so."""
    score = np.array([scorer.screen(row).score for row in test.values.tolist()])
    alarm, honest = score >= scorer.line(FALSE_ALARMS), test.kind == GangKind.HONEST
    seen = honest | (test.kind != GangKind.COACHED)  # no stream to fit on had the coached: they stand apart
    truth = (test.kind[seen] > 0).astype(np.int64)
    auc = auc_interval(truth, score[seen]).as_list()
    false_alarms = share(alarm, honest)
    low, found, _ = false_alarms
    problems = [] if low <= FALSE_MOST else [f"{found:.2%} of honest applications pass the line, {low:.2%} at least"]
    return registry.KeptExamination({
        "digest": scorer.digest.hex(), "passed": not problems, "problems": problems, "rows": int(seen.sum()), "ones": int(truth.sum()),
        "auc": [float(one) for one in auc], "comparison": None, "window": None, "fairness": [],
        "average_precision": float(average_precision(truth, score[seen])), "false_alarms": false_alarms,
        "recall": share(alarm, seen & ~honest), "precision": share(~honest, alarm & seen),
        "recall_by_kind": {kind.name.lower(): share(alarm, test.kind == kind) for kind in tuple(GangKind)[1:]},
        "is_simulated": True,
    })  # fmt: skip


def share(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> list[float]:
    """[low, share, high] with Wilson's 95 %."""
    return [round(one, 4) for one in find_share(int((hit & among).sum()), int(among.sum()))]


def make_filing(
    scorer: KeptScorer, examination: registry.KeptExamination, train: Rows, *, made_by: str, on: dt.date
) -> registry.Filing:
    """What goes into the register: scorer, drift reference, figures."""
    scores = np.array([scorer.screen(row).score for row in train.values[train.held].tolist()])
    reference = measure_reference(train.values[train.held].astype(np.float32), scores, names=name_values())
    told: dict[str, Any] = examination.as_json()
    figures = {name: told[name] for name in ("auc", "average_precision", "false_alarms", "recall", "recall_by_kind")}
    digest = hashlib.sha256(train.values.tobytes() + train.kind.tobytes()).digest()
    return registry.Filing(
        segment=journey.SEGMENT, purpose=journey.PURPOSE, kind=scorer.kind, digest=scorer.digest, columns=name_values(),
        files={journey.SCORER_FILE: scorer.dump(), registry.DRIFT_FILE: pack_reference(reference)},
        figures={**figures, "trained_on": scorer.trained_on, "is_simulated": True}, data_digest=digest,
        run_id=f"screen {scorer.digest.hex()[:16]}", fitted_until=on, made_by=made_by, examination=examination,
    )  # fmt: skip


__all__ = ["ScreenPlan", "examine", "fit_screen", "make_filing", "read_rows"]
