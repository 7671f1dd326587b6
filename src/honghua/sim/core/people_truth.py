"""What is true of people: how likely they are to default under a stated limit, and how they answer. Only evaluation may read it.

The propensity is no formula: the same person lives through many futures that differ in nothing but luck – shocks, income, moods – with
the stated limit, from the day on which the city begins, at the plain house; it is the share of them that end in default.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import stable_hash
from honghua.sim.core.almanac import open_calendar
from honghua.sim.core.draft import Ints
from honghua.sim.core.life import Cell, Crowd, House, Life, Registry

Floats = NDArray[np.float64]

DEFAULT_DAYS: Final = 90  # behind with a minimum
LATE_DAYS: Final = 30
HORIZON_DAYS: Final = 365
LONG_AGO: Final = -1


@dataclass(frozen=True, slots=True)
class PeopleTruth:
    """k rows, one a person.

    who            int64[k]    dense ids, ascending
    limit_minor    int64[k]    the limit that the shares are about; 0 = no line, no default
    default_share  float64[k]  of the futures in which a minimum is DEFAULT_DAYS late within the horizon;   late_share LATE_DAYS
    draws          how many futures: a share is a multiple of 1 / draws
    will, mindful  float64[k], lifts float64[k, LIFTS]   as `Citizens` has them: will, memory and treatment effects
    """

    who: Ints
    limit_minor: Ints
    default_share: Floats
    late_share: Floats
    draws: int
    will: Floats
    mindful: Floats
    lifts: Floats


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far and how often futures are looked at; `seed` names them."""

    days: int = HORIZON_DAYS
    draws: int = 20
    seed: int = 0


def people_truth(registry: Registry, who: Ints, limit_minor: Ints, horizon: Horizon) -> PeopleTruth:
    """What is true of some people, if they had these limits. Cost: about 1 s of CPU a draw for 1,000 people and a year."""
    late = np.zeros((2, len(who)))
    for draw in range(horizon.draws):
        late += np.stack(live_once(registry, who, limit_minor, days=horizon.days, future=(horizon.seed, draw)))
    citizens = registry.citizens
    return PeopleTruth(
        who, limit_minor, late[0] / horizon.draws, late[1] / horizon.draws, horizon.draws, citizens.will[who].astype(np.float64),
        citizens.mindful[who].astype(np.float64), citizens.lifts[who].astype(np.float64),
    )  # fmt: skip


def settle_apart(
    registry: Registry, who: Ints, limit_minor: Ints, *, seed: tuple[str | int, ...], days: int
) -> tuple[Life, House]:
    """Some people of a city with these limits, apart from the others, at the plain house; nothing happened yet. seed: names their luck."""
    plan = replace(registry.plan, seed=stable_hash(registry.plan.seed, *seed) % 2**62, days=days)
    calendar = open_calendar(plan.first_day, days + 1)
    world = replace(registry, plan=plan, calendar=calendar)
    life = Life(world, world.blocks, apart=who, raises=False)
    accounts = life.accounts
    accounts.limit_minor[:] = limit_minor
    line_day = np.full(len(who), LONG_AGO, np.int32)
    return life, House(accounts, registry.citizens.bill_day[who], accounts.limit_minor.copy(), line_day, calendar)


def live_once(
    registry: Registry, who: Ints, limit_minor: Ints, *, days: int, future: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """One future of some people at the plain house, with these limits: who was in default, who was late at some time."""
    life, house = settle_apart(registry, who, limit_minor, seed=("future", *future), days=days)
    accounts = life.accounts
    accounts.used_minor[:] = np.minimum(accounts.used_minor, limit_minor)
    cell = Cell(Crowd([life]), house)
    worst = np.zeros(len(who), np.int64)
    for day in range(days):
        cell.play(day)
        behind = np.where(accounts.minimum_minor > 0, day - accounts.due_day, 0)
        np.maximum(worst, behind, out=worst)
    return worst >= DEFAULT_DAYS, worst >= LATE_DAYS


__all__ = ["DEFAULT_DAYS", "LATE_DAYS", "Horizon", "PeopleTruth", "live_once", "people_truth", "settle_apart"]
