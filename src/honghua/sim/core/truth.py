"""What is true: which events are crimes, of which typology and ring. Only evaluation may read it; no event carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, Ints
from honghua.sim.core.stage import OF_NO_RING, Rng, Typology, with_columns

NEVER_TOLD: Final = 2**62
CLEARED_SHARE: Final = 0.001  # innocent purchases that a person looks at and lets go
WRONGED_SHARE: Final = 0.0001  # innocent purchases that are reported all the same and never cleared
CRIME_STEP: Final = 2  # crime column of a planted row: 2 × (typology number + 1) + whether it is a crime


@dataclass(frozen=True, slots=True)
class Truth:
    """Beside an event matrix of n rows.

    fraud     bool[n]    the event is a crime (labels that arrive are no crimes themselves)
    typology  int64[n]   which: place in `names`; -1 where no crook acts
    ring      int64[n]   the ring whose member did it, from 1; 0 = no ring. Camouflage of a ring has a ring and is no fraud
    told_at_us int64[n]  when it is reported, perhaps after the market ends; NEVER_TOLD = never. A few innocents are reported, too
    names     the typologies, in the order of their numbers
    """

    fraud: NDArray[np.bool_]
    typology: Ints
    ring: Ints
    told_at_us: Ints
    names: tuple[str, ...]


def mark_ring(rows: Draft, number: int, *, ring: int) -> Draft:
    """The rows of one ring with its number, and in `crime` its typology's; rows of nobody in it (OF_NO_RING) lose both."""
    members = rows["ring"] != OF_NO_RING
    crime = np.where(members, rows["crime"] + CRIME_STEP * (number + 1), 0)
    return with_columns(rows, crime=crime, ring=np.where(members, ring, 0))


def split_truth(crime: Ints, ring: Ints, names: tuple[str, ...]) -> Truth:
    """What these columns of marked rows say; nothing is told yet."""
    told = np.full(len(crime), NEVER_TOLD, np.int64)
    return Truth(crime % CRIME_STEP == 1, crime // CRIME_STEP - 1, ring, told, names)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Labels that arrive: about which rows, when, and whether they say fraud or cleared."""

    row: Ints
    at_us: Ints
    kind: Ints


def report_crimes(rng: Rng, kind: Ints, at_us: Ints, truth: Truth, typologies: Mapping[str, Typology]) -> Arrivals:
    """Which purchases and transfers are ever reported, and when: victims soon, cash-out late and in part."""
    scored = (kind == EventKind.PURCHASE) | (kind == EventKind.TRANSFER)
    rows, delays = [], []
    for number, name in enumerate(truth.names):
        mine = np.flatnonzero(truth.fraud & scored & (truth.typology == number))
        habit = typologies[name].reporting
        rings = np.unique(truth.ring[mine])
        found = rings[rng.random(len(rings)) < habit.rings]
        told = mine[np.isin(truth.ring[mine], found) & (rng.random(len(mine)) < habit.events)]
        rows.append(told)
        delays.append(habit.days_median * np.exp(rng.normal(0, 0.5, len(told))))
    good = np.flatnonzero(scored & (truth.ring == 0))
    wronged = good[rng.random(len(good)) < WRONGED_SHARE]
    cleared = good[rng.random(len(good)) < CLEARED_SHARE]
    crimes = np.concatenate([*rows, wronged])
    days = np.concatenate([*delays, rng.uniform(2, 30, len(wronged)), rng.uniform(0.5, 4, len(cleared))])
    about = np.concatenate([crimes, cleared])
    says = np.repeat([EventKind.FRAUD_REPORTED, EventKind.CLEARED], [len(crimes), len(cleared)]).astype(np.int64)
    arrives = at_us[about] + (days * US_PER_DAY).astype(np.int64) + US_PER_HOUR
    return Arrivals(about, arrives, says)


__all__ = ["CRIME_STEP", "NEVER_TOLD", "Arrivals", "Truth", "mark_ring", "report_crimes", "split_truth"]
