"""Citizens: who lives in the city, what they earn, need, owe and pay, and how they answer. The door of the people's part."""

from __future__ import annotations

from honghua.sim.core.citizens.answers import Heard, hear
from honghua.sim.core.citizens.cohorts import COHORTS, borrowers, calibration_figures, line_users, loan_users
from honghua.sim.core.citizens.needs import Needs, Setting, needs_of
from honghua.sim.core.citizens.occupations import COURIER, OCCUPATIONS, Occupation
from honghua.sim.core.citizens.paying import Bills, repays
from honghua.sim.core.citizens.records import (
    NEVER_DAY,
    Citizens,
    LifeEvent,
    PayRhythm,
    Reason,
    Stage,
    bytes_per_person,
    new_citizens,
)
from honghua.sim.core.citizens.responses import Lift
from honghua.sim.core.citizens.settling import TIER_OF_REGION, settle_citizens
from honghua.sim.core.citizens.standing import Standing, Today, first_standing, income_on, pass_day

__all__ = [
    "COHORTS", "COURIER", "NEVER_DAY", "OCCUPATIONS", "TIER_OF_REGION", "Bills", "Citizens", "Heard", "LifeEvent", "Lift", "Needs",
    "Occupation", "PayRhythm", "Reason", "Setting", "Stage", "Standing", "Today", "borrowers", "bytes_per_person",
    "calibration_figures", "first_standing", "hear", "income_on", "line_users", "loan_users", "needs_of", "new_citizens", "pass_day",
    "repays", "settle_citizens",
]  # fmt: skip
