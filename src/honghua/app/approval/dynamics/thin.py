"""Low start and steps for people without a file, beside a policy whose limits stay (R-034): how many may be approved at a stated loss.

Both policies may choose their cut-off on the training cities only: the lowest score at which the loss there keeps the target. The static
limit is the one of a grid at which the training cities buy most nearly as much a head as under steps: approving many at next to no limit
would be no business. Judged on other cities; the two policies live the same people with the same luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.approval.dynamics.lives import Town, live_static, live_stepped
from honghua.base.rng import derive_rng
from honghua.limits.core import LimitTerms
from honghua.sim.api import Lived

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STATIC_GRID_MINOR: Final = (100_000, 200_000, 300_000, 500_000)
ROUNDS: Final = 400  # of resampling people
TARGETS: Final = (0.006, 0.008, 0.01, 0.0125, 0.015)  # what the comparison comes to where another loss is borne
LEAST_APPROVED: Final = 30  # a loss of fewer is no loss to choose by


@dataclass(frozen=True, slots=True)
class Outcome:
    """Thin-file people under one policy: score float64[n], lost and bought int64[n] minor units, defaulted bool[n]."""

    score: Floats
    lost_minor: Ints
    bought_minor: Ints
    defaulted: NDArray[np.bool_]


def measure_thin(
    terms: LimitTerms, train: Sequence[Town], test: Sequence[Town], *, target: float, seed: int
) -> dict[str, Any]:
    """The comparison, as JSON. target: the most that may be lost of what is bought on credit. Intervals: 95 %, by resampling people."""
    stepped = join([(town, live_stepped(terms, town, town.thin, start_minor=terms.start_minor)[0]) for town in train])
    wanted = float(stepped.bought_minor.mean())
    static = {
        limit: join([(town, live_static(town, town.thin, limit)) for town in train]) for limit in STATIC_GRID_MINOR
    }
    limit_minor = min(static, key=lambda limit: abs(float(static[limit].bought_minor.mean()) - wanted))
    cuts = {"stepped": choose_cut(stepped, target), "static": choose_cut(static[limit_minor], target)}
    found = {
        "stepped": join(
            [(town, live_stepped(terms, town, town.thin, start_minor=terms.start_minor)[0]) for town in test]
        ),
        "static": join([(town, live_static(town, town.thin, limit_minor)) for town in test]),
    }
    return {
        "thin_train": len(stepped.score), "thin_test": len(found["static"].score), "loss_target": target,
        "start_minor": terms.start_minor, "static_limit_minor": limit_minor, "cuts": cuts,
        **{name: tell(one, cuts[name], seed=seed) for name, one in found.items()},
        "approval_gain": tell_gain(found, cuts, seed=seed), "loss_saved_at_one_cut": tell_saved(found, cuts["stepped"], seed=seed),
        "by_target": [_tell_target(stepped, static[limit_minor], found, one) for one in TARGETS],
        "static_at_stepped_cut": tell(found["static"], cuts["stepped"], seed=seed),
    }  # fmt: skip


def join(lives: Sequence[tuple[Town, Lived]]) -> Outcome:
    """The thin-file people of several towns as one."""
    return Outcome(
        np.concatenate([town.score[town.thin] for town, _ in lives]),
        np.concatenate([lived.lost_minor for _, lived in lives]),
        np.concatenate([lived.bought_minor for _, lived in lives]),
        np.concatenate([lived.default_day >= 0 for _, lived in lives]),
    )


def choose_cut(found: Outcome, target: float) -> float:
    """The lowest score from which on the loss keeps the target, chosen among the scores themselves; above all of them where none does."""
    order = np.argsort(-found.score, kind="stable")
    lost, bought = np.cumsum(found.lost_minor[order]), np.cumsum(found.bought_minor[order])
    kept = np.flatnonzero((lost <= target * bought) & (np.arange(len(order)) + 1 >= LEAST_APPROVED))
    return float(found.score[order[kept[-1]]]) if len(kept) else float("inf")


def tell(found: Outcome, cut: float, *, seed: int) -> dict[str, Any]:
    """Approved share, loss of what is bought and default share of those at or above a cut."""
    approved = found.score >= cut
    return {
        "approved": resample(found, approved, lambda f, a: float(a.mean()), seed=seed),
        "loss": resample(found, approved, _loss, seed=seed),
        "defaulted": resample(
            found, approved, lambda f, a: float(f.defaulted[a].mean()) if a.any() else 0.0, seed=seed
        ),
        "bought_a_head_minor": int(found.bought_minor[approved].mean()) if approved.any() else 0,
    }


def tell_gain(found: dict[str, Outcome], cuts: dict[str, float], *, seed: int) -> list[float]:
    """[low, mid, high]: approved share under steps less that under the static policy, of the same people."""
    more = (found["stepped"].score >= cuts["stepped"]).astype(np.float64) - (found["static"].score >= cuts["static"])
    rng = derive_rng(seed, "gain")
    drawn = [float(more[rng.integers(0, len(more), len(more))].mean()) for _ in range(ROUNDS)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [round(float(one), 4) for one in (low, more.mean(), high)]


def tell_saved(found: dict[str, Outcome], cut: float, *, seed: int) -> list[float]:
    """[low, mid, high]: loss of what is bought under the static policy less that under steps, the same people approved by both."""
    approved = found["static"].score >= cut
    rng, n = derive_rng(seed, "saved"), len(approved)

    def differ(rows: Ints) -> float:
        chosen = rows[approved[rows]]
        return _ratio(found["static"], chosen) - _ratio(found["stepped"], chosen)

    low, high = np.quantile([differ(rng.integers(0, n, n)) for _ in range(ROUNDS)], [0.025, 0.975])
    return [round(float(one), 5) for one in (low, differ(np.arange(n)), high)]


def _tell_target(stepped: Outcome, static: Outcome, found: dict[str, Outcome], target: float) -> dict[str, Any]:
    """Approved share and loss of both policies on the test cities, with the cut-offs that the training cities give at a target."""
    told: dict[str, Any] = {"target": target}
    for name, train in (("stepped", stepped), ("static", static)):
        approved = found[name].score >= choose_cut(train, target)
        told[name] = {"approved": round(float(approved.mean()), 4), "loss": round(_loss(found[name], approved), 5)}
    return told


def _ratio(found: Outcome, rows: Ints) -> float:
    bought = int(found.bought_minor[rows].sum())
    return int(found.lost_minor[rows].sum()) / bought if bought else 0.0


def _loss(found: Outcome, approved: NDArray[np.bool_]) -> float:
    return _ratio(found, np.flatnonzero(approved))


def resample(found: Outcome, approved: NDArray[np.bool_], measure: Any, *, seed: int) -> list[float]:
    """[low, mid, high] of a measure of outcome and approval, by resampling people."""
    rng, n = derive_rng(seed, "thin"), len(approved)
    values = []
    for _ in range(ROUNDS):
        drawn = rng.integers(0, n, n)
        part = Outcome(found.score[drawn], found.lost_minor[drawn], found.bought_minor[drawn], found.defaulted[drawn])
        values.append(measure(part, approved[drawn]))
    low, high = np.quantile(values, [0.025, 0.975])
    return [round(float(one), 5) for one in (low, measure(found, approved), high)]


__all__ = ["Outcome", "choose_cut", "join", "measure_thin", "tell", "tell_gain", "tell_saved"]
