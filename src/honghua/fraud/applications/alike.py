"""Sessions alike: how many of the last days were typed by a hand like this one and walked like it, from other devices (R-061).

A gang can buy a fresh device and network for each application; hands and ways repeat. Buckets miss two that lie on either side of an
edge, so distances are counted here. What chance brings is counted beside it: many type alike by chance, many walk alike, few do both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.fraud.applications.sessions import SessionColumns, describe_path, describe_typing

Floats = NDArray[np.float64]
DAY_S: Final = 86_400
DWELL, FLIGHT, DWELL_SPREAD, FLIGHT_SPREAD = range(4)  # places among the values of typing
STEPS_HELP_COSTS: Final = 4  # of the values of the path: steps, turns back, help, costs


@dataclass(frozen=True, slots=True)
class AlikeRules:
    """Own choices (U). days: how far back; hand: how much one hand differs from itself in logarithms, as one unit; hand_units: squared
    distance in units up to which two hands are alike; way, asked: units of the way and of the logarithm of the amount."""

    days: int = 14
    hand: float = 0.11
    hand_units: float = 12.0
    way: float = 0.5
    asked: float = 0.1


ALIKE_RULES: Final = AlikeRules()
ALIKE_VALUES: Final = ("alike_in_both", "alike_in_hand", "alike_beyond_chance")


def count_alike(sessions: SessionColumns, *, rules: AlikeRules = ALIKE_RULES, newest: int | None = None) -> Floats:
    """float64[n, ALIKE_VALUES] of applications in order of time, of those before each: logarithms of counts, and of the first over what
    chance would bring if hand and way had nothing to do with each other. newest: of so many at the end alone, zeros before; None = of
    all. Cost: about 50 µs a row with 1,500 in the window.
    """
    typing, path = describe_typing(sessions), describe_path(sessions)
    spreads = typing[:, [DWELL_SPREAD, FLIGHT_SPREAD]] + typing[:, [DWELL, FLIGHT]]
    hand = np.column_stack([typing[:, [DWELL, FLIGHT]], spreads]) / rules.hand
    asked = np.log1p(sessions.asked_minor.astype(np.float64)) / rules.asked
    way = np.column_stack([path[:, :STEPS_HELP_COSTS] / rules.way, asked])
    first = np.searchsorted(sessions.at_s, sessions.at_s - rules.days * DAY_S)
    found = np.zeros((len(hand), len(ALIKE_VALUES)))
    begin = 0 if newest is None else max(len(hand) - newest, 0)
    for row, start in enumerate(first[begin:].tolist(), start=begin):
        near = ((hand[start:row] - hand[row]) ** 2).sum(axis=1) < rules.hand_units
        same = ((way[start:row] - way[row]) ** 2).sum(axis=1) < 1.0
        both = int((near & same & (sessions.device[start:row] != sessions.device[row])).sum())
        hands, ways = int(near.sum()), int(same.sum())
        chance = hands * ways / max(row - start, 1)
        found[row] = np.log1p(both), np.log1p(hands), np.log((both + 0.5) / (chance + 0.5))
    return found


__all__ = ["ALIKE_RULES", "ALIKE_VALUES", "AlikeRules", "count_alike"]
