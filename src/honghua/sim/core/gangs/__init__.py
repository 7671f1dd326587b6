"""Door of the gangs: rings that play their plan day by day, hear what became of their acts, and adapt the rest."""

from __future__ import annotations

from honghua.sim.core.gangs.crew import NAMES, Crew, CrewPlan
from honghua.sim.core.gangs.gang import Gang, Mood
from honghua.sim.core.gangs.lore import Lore, Way

__all__ = [
    "NAMES",
    "Crew",
    "CrewPlan",
    "Gang",
    "Lore",
    "Mood",
    "Way",
]
