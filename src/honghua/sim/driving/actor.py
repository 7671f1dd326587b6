"""Whoever wants and hears: a block of people, a gang, a planned market, or all of them together."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Draft, Ints
from honghua.sim.core.market import CRIME_STEP
from honghua.sim.core.outcomes import Outcomes
from honghua.sim.core.typologies import ALL_TYPOLOGIES
from honghua.sim.driving.screens import Screens

TYPOLOGY_NAMES: Final = tuple(ALL_TYPOLOGIES)


class Actor(Protocol):
    """What the driver needs of them. Every row has an act."""

    def look(self, day: int, screens: Screens) -> None:
        """Before a day's wants: what the platform shows everybody."""
        ...

    def wants(self, day: int) -> Draft:
        """Everything that is tried on that local day, by (at_us, act)."""
        ...

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """What became of rows that were wanted on that day."""
        ...


def is_crime(rows: Draft) -> NDArray[np.bool_]:
    """Truth: which rows are crimes."""
    return is_crime_column(rows["crime"])


def is_crime_column(crime: Ints) -> NDArray[np.bool_]:
    """The same of the column alone."""
    return np.asarray(crime % CRIME_STEP == 1)


def typology_of(crime: Ints) -> Ints:
    """int64[n]: the number of the typology in TYPOLOGY_NAMES; −1 = of none."""
    return np.asarray(crime // CRIME_STEP - 1, np.int64)


__all__ = ["TYPOLOGY_NAMES", "Actor", "is_crime", "is_crime_column", "typology_of"]
