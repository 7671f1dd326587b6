"""What crooks believe about their choices: how often acts passed at each level, and which level is the best bet.

A bandit by Thompson sampling (Thompson, Biometrika 25, 1933), one for each choice: a chance of passing is drawn from what is known
of each level, Beta(1 + passed, 1 + refused), times what the level is worth, and the highest wins. Choices are learned apart: a gang
has dozens of acts, not thousands, and never tries all combinations.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.tuning import COVER_WORTH, DISGUISE_WORTH, PACE_WORTH, Tuning

Floats = NDArray[np.float64]
CHOICES: Final = ("greed", "pace", "cover", "disguise")
LEVELS: Final = 8
GOSSIP: Final = 0.5  # what one act of another gang of the same typology tells, as part of an own one


class Way(NamedTuple):
    """How a gang acts: a level of each choice; 0 = as planned."""

    greed: int = 0
    pace: int = 0
    cover: int = 0
    disguise: int = 0


AS_PLANNED: Final = Way()


class Lore:
    """Acts that passed and were refused, by choice and level: float64[choices, levels] each."""

    __slots__ = ("passed", "refused")

    def __init__(self) -> None:
        self.passed: Floats = np.zeros((len(CHOICES), LEVELS))
        self.refused: Floats = np.zeros((len(CHOICES), LEVELS))

    def learn(self, way: Way, *, passed: bool) -> None:
        """An act went this way."""
        (self.passed if passed else self.refused)[np.arange(len(CHOICES)), list(way)] += 1

    def choose(self, rng: np.random.Generator, worth: Floats, others: Lore) -> Way:
        """The way that looks best on one draw; others: what all gangs of the typology have met, this one's acts among it."""
        passed = self.passed + GOSSIP * (others.passed - self.passed)
        refused = self.refused + GOSSIP * (others.refused - self.refused)
        bet = rng.beta(1.0 + passed, 1.0 + refused) * worth
        return Way(*np.argmax(bet, axis=1).tolist())


def worth_of(tuning: Tuning) -> Floats:
    """float64[choices, levels]: what an act at each level brings, as part of the planned; 0 where there is no such level."""
    worth = np.zeros((len(CHOICES), LEVELS))
    levels = (
        tuning.greed,
        [PACE_WORTH ** np.log2(pace) for pace in tuning.pace],
        [COVER_WORTH**cover for cover in tuning.cover],
        [DISGUISE_WORTH**k for k in range(len(tuning.disguises) + 1)],
    )
    for row, values in zip(worth, levels, strict=True):
        row[: len(values)] = values
    return worth


__all__ = ["AS_PLANNED", "CHOICES", "GOSSIP", "Lore", "Way", "worth_of"]
