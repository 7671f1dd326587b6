"""Models of `honghua bench gangs`: fitted in one city where some typologies are missing; the bar is set in a second one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.ring_folds.folds import COLD_SHARE, MATURE_DAYS, gather
from honghua.base.clock import DAY_US
from honghua.base.rng import derive_rng
from honghua.fraud.api import FitSettings, FraudModel, RiskSensor, fit_fraud
from honghua.fraud.core import RiskPlan
from honghua.sim.api import EngineGuard, standard_scenes
from honghua.sim.core import ALL_TYPOLOGIES, MARKET_SCHEMA, OpenDoor, Played, PlayPlan, is_judged, play

PLAN: Final = RiskPlan(MARKET_SCHEMA)
SCENES: Final = standard_scenes()
LATE_SHARE: Final = 0.2  # of each city's rows judge the forests and teach the lines
FIT_SEED, BAR_SEED, HARD_SEED = 1_000, 2_000, 3_000  # so far apart stand the seeds of cities with different tasks


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one bench. fit_times: how much larger the city of a fit is than one of the test; thin: share of innocent rows fitted on;
    rate: innocent purchases and transfers that may be refused; unreported: frauds nobody reports, as part of those told (FitSettings)."""

    people: int
    days: int
    rings: int
    cities: int
    fit_times: int
    thin: float
    rate: float
    rounds: int
    unreported: float
    seed: int
    threads: int
    hours: int


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to fit on: values float32[n, V], labels, what each stands for, whether it belongs to the later part of its city."""

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    weight: NDArray[np.float64]
    late: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A model that never saw `unseen`, and the bar that refuses the stated share of the innocent in a city of its own."""

    unseen: tuple[str, ...]
    model: FraudModel
    bar: float
    rows: Rows

    def guard(self) -> EngineGuard:
        """A fresh engine with this model."""
        return EngineGuard(PLAN, self.model, bar=self.bar)


def seen_by(unseen: tuple[str, ...]) -> tuple[str, ...]:
    """All the others."""
    return tuple(name for name in ALL_TYPOLOGIES if name not in unseen)


def city_of(sizes: Sizes, seed: int, *, typologies: tuple[str, ...], adaptive: bool, times: int = 1) -> PlayPlan:
    """A city of these sizes, or so many times as large."""
    people, rings = sizes.people * times, sizes.rings * times
    return PlayPlan(people, sizes.days, seed, rings, typologies, adaptive, sizes.hours)


def fit_fold(sizes: Sizes, unseen: tuple[str, ...], number: int) -> Fold:
    """Fit where nobody judged and gangs kept to their plans: the history that a house has when it begins."""
    seen = seen_by(unseen)
    plan = city_of(sizes, sizes.seed + FIT_SEED + number, typologies=seen, adaptive=False, times=sizes.fit_times)
    return _fit(sizes, unseen, number, read_rows(sizes, play(plan, SCENES, OpenDoor()), f"fit{number}"))


def harden(sizes: Sizes, fold: Fold, number: int) -> Fold:
    """Fit again with a second city, in which adaptive gangs of the seen typologies played against the first model. What it refused was
    looked at by people, so its truth is known; what passed is known as far as it was reported."""
    plan = city_of(
        sizes, sizes.seed + HARD_SEED + number, typologies=seen_by(fold.unseen), adaptive=True, times=sizes.fit_times
    )
    more = read_rows(sizes, play(plan, SCENES, fold.guard()), f"hard{number}")
    both = Rows(*(np.concatenate([getattr(fold.rows, name), getattr(more, name)]) for name in Rows.__slots__))
    return _fit(sizes, fold.unseen, number, both)


def _fit(sizes: Sizes, unseen: tuple[str, ...], number: int, rows: Rows) -> Fold:
    settings = FitSettings(seed=sizes.seed, rounds=sizes.rounds, unreported=sizes.unreported, threads=sizes.threads)
    described = RiskSensor(PLAN).values
    fitted = fit_fraud(
        rows.values, rows.labels, described=described, weight=rows.weight, late=rows.late, settings=settings
    )
    guard = EngineGuard(PLAN, fitted.model, bar=np.inf)
    plan = city_of(sizes, sizes.seed + BAR_SEED + number, typologies=seen_by(unseen), adaptive=False)
    played = play(plan, SCENES, guard)
    scores = np.concatenate(guard.scores)
    innocent = warm(played) & np.isfinite(scores) & (played.truth.ring == 0)
    bar = float(np.quantile(scores[innocent], 1.0 - sizes.rate, method="higher"))
    return Fold(unseen, fitted.model, bar, rows)


def warm(played: Played) -> NDArray[np.bool_]:
    """Rows after the cold start, when windows and graph have filled."""
    at = played.market.events[:, 0]
    return np.asarray(at >= at[0] + round(COLD_SHARE * (played.market.ends_at_us - at[0])))


def read_rows(sizes: Sizes, played: Played, label: str) -> Rows:
    """What a house knows of a city some weeks later: reports, and the truth of what it refused."""
    known = played.truth.told_at_us < played.market.ends_at_us + MATURE_DAYS * DAY_US
    known |= played.refused & played.truth.fraud
    rows = np.flatnonzero(warm(played) & is_judged(played.market.events))
    labels = known[rows].astype(np.int64)
    wanted = (labels == 1) | (derive_rng(sizes.seed, "thin", label).random(len(rows)) < sizes.thin)
    rows, labels = rows[wanted], labels[wanted]
    values = gather(RiskSensor(PLAN), played.market, rows)
    weight = np.where(labels == 1, 1.0, 1.0 / sizes.thin)
    late = np.arange(len(rows)) >= round((1.0 - LATE_SHARE) * len(rows))
    return Rows(values, labels, weight, late)


__all__ = ["SCENES", "Fold", "Sizes", "city_of", "fit_fold", "harden", "seen_by", "warm"]
