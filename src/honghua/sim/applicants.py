"""Applicants of the city: what a lender may know of them, with gaps and noise, and apart from it what is true about will and ability.

Truth comes from two futures with the same luck: in one everybody is as they are, in the other everybody means to pay and remembers.
Who falls 30 days behind in the second could not pay; who does in the first alone did not mean to, or forgot. A bureau's and the
account's own past are drawn from the same traits, since the city has no earlier years: how much the past tells is an assumption,
stated in `PAST`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import stable_hash
from honghua.sim.core.citizens import Citizens
from honghua.sim.core.life import Registry, settle_city
from honghua.sim.core.people_truth import live_once
from honghua.sim.core.plan import CityPlan
from honghua.sim.scene_file import standard_scenes

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
YEAR: Final = 365
LIMIT_MINOR: Final = 1_000_000  # the line that truth is about: 10,000 yuan for everybody
STUDENT_RHYTHM: Final = 2
# How strongly traits show in the past two years: chance of arrears per unit of missing will, missing memory, and for a year without money.
PAST: Final = (2.2, 0.35, 0.16)
FLOW_SHARE: Final = 0.7  # of those with a file who let us read a bank flow


@dataclass(frozen=True, slots=True)
class Applicants:
    """n applicants. values: by name of a lender's input, float64[n], NaN = not known; who int64[n] citizens.

    Truth, for evaluation only, bool[n], of one future of a year under LIMIT_MINOR: could_pay; meant_to (of those who could); paid = both;
    defaulted: 90 days behind, as they are.
    """

    who: NDArray[np.int64]
    values: Mapping[str, Floats]
    could_pay: Flags
    meant_to: Flags
    defaulted: Flags

    @property
    def paid(self) -> Flags:
        """Whether they never fell 30 days behind."""
        return self.could_pay & self.meant_to


@dataclass(frozen=True, slots=True)
class Drawn:
    """Applicants before anything is lived: the city, who, and what a lender may know of each, as `Applicants.values`."""

    registry: Registry
    who: NDArray[np.int64]
    values: Mapping[str, Floats]


def draw_applicants(*, people: int, seed: int, count: int) -> Drawn:
    """The same people as `make_applicants` with what is known of them, and no truth."""
    registry, who, rng = _draw(people, seed, count)
    return Drawn(registry, who, _known(registry.citizens, who, rng))


def _draw(people: int, seed: int, count: int) -> tuple[Registry, NDArray[np.int64], np.random.Generator]:
    registry = settle_city(CityPlan(standard_scenes(), people=people, days=10, seed=seed))
    rng = np.random.default_rng(stable_hash(seed, "applicants") % 2**63)
    grown = np.flatnonzero(registry.citizens.ages(0) >= 18)
    return registry, np.sort(rng.permutation(grown)[:count]), rng


def make_applicants(*, people: int, seed: int, count: int, future: int = 0) -> Applicants:
    """Applicants drawn from a city of their own. Cost: about 2 s of CPU for 1,000 applicants: two years each are lived."""
    registry, who, rng = _draw(people, seed, count)
    citizens = registry.citizens
    defaulted, late = _live(registry, who, (seed, future))
    ready = np.ones(len(citizens), np.float32)
    willing = replace(registry, citizens=replace(citizens, will=ready, mindful=ready))
    _, cannot = _live(willing, who, (seed, future))
    return Applicants(who, _known(citizens, who, rng), ~cannot, ~(late & ~cannot), defaulted)


def _live(registry: Registry, who: NDArray[np.int64], future: tuple[int, int]) -> tuple[Flags, Flags]:
    return live_once(registry, who, np.full(len(who), LIMIT_MINOR), days=YEAR, future=future)


def _known(citizens: Citizens, who: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Floats]:
    n = len(who)

    def of(column: NDArray[np.generic]) -> Floats:
        return np.asarray(column[who], np.float64)

    short = of(citizens.short_last_year)
    chance = PAST[0] * (1 - of(citizens.will)) + PAST[1] * (1 - of(citizens.mindful)) + PAST[2] * short
    level = np.where(
        rng.random(n) < np.clip(chance, 0, 0.95), 1 + rng.poisson(0.6 + 2.0 * (1 - of(citizens.will)), n), 0
    )
    has_file = (of(citizens.loans) > 0) | (of(citizens.loan_minor) > 0) | (of(citizens.has_card) > 0)
    flow = has_file & (rng.random(n) < FLOW_SHARE)
    had_line = of(citizens.line_day) < 0
    came = np.where(of(citizens.reason) == 0, of(citizens.born_day), of(citizens.came_day))
    months = np.minimum(-came / 30.4, 120)
    per_day = of(citizens.people.per_day)
    spread = rng.normal(0, 1, (6, n))

    def where(known: Flags, values: Floats) -> Floats:
        return np.where(known, values, np.nan)

    debts = of(citizens.debt_minor)
    return {
        "age_years": np.asarray(citizens.ages(0)[who], np.float64),
        "is_student": np.asarray(citizens.people.rhythm[who] == STUDENT_RHYTHM, np.float64),
        "identity": np.where(rng.random(n) < 0.03, 0.5 + 0.3 * rng.random(n), 0.97),
        "fraud": np.clip(rng.beta(1, 30, n), 0, 1),
        "has_file": has_file.astype(np.float64),
        "income_minor": where(flow, np.round(of(citizens.base_minor) * np.exp(0.12 * spread[0]))),
        "debt_service_minor": where(has_file, np.round(debts / 11)),
        "debt_minor": where(has_file, debts),
        "lenders": where(has_file, of(citizens.loans)),
        "inquiries_6m": where(has_file, rng.poisson(0.5 + 0.8 * of(citizens.loans) + 1.2 * short).astype(np.float64)),
        "worst_24m": where(has_file, np.minimum(level, 7).astype(np.float64)),
        "months_known": np.round(np.minimum(months, 12 * rng.random(n) * 6 + 1)),
        "orders_12m": np.round(per_day * YEAR * 0.4 * np.exp(0.3 * spread[1])),
        "spend_minor": np.round(of(citizens.spend_minor) * np.exp(0.25 * spread[2])),
        "returns_share": np.clip(0.05 + 0.03 * spread[3], 0, 1),
        "address_months": np.round(np.maximum(months * rng.random(n), 0)),
        "device_months": np.round(24 * rng.random(n)),
        "dpd_max_24m": where(had_line, np.where(level > 1, 30.0 * (level - 1), np.where(level == 1, 5.0, 0.0))),
    }


__all__ = ["LIMIT_MINOR", "Applicants", "Drawn", "draw_applicants", "make_applicants"]
