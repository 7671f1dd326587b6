"""The approval policy and the scorecards that Honghua ships with. They are where one begins: thresholds are to be set on one's own history.

The points were fitted on simulated applicants (`honghua approval measure --applicants 6000 --fit 21`), whose truth is known; twenty
points double the odds. They know nothing of any real person.
"""

from __future__ import annotations

from typing import Final

from honghua.limits.core.scorecards import Characteristic, Scorecard

APPROVAL: Final = '''"""A credit application: who may not, what is doubtful, how willing and how able, and how much to begin with.

Thick data are bureau and bank flow; without them a customer starts low and grows by what he does.
"""

offer_minor = min(income_limit_minor, person_room_minor)

with hard_deny:
    age = refuse("AGE_OUTSIDE", when=age_years < 18 or age_years >= 70)
    student = refuse("STUDENT_BARRED", when=is_student == 1, missing=skip)
    barred = refuse("OVER_INDEBTED", when=is_barred == 1, missing=skip)
    stranger = refuse("IDENTITY_UNSURE", when=identity < 0.5, missing=fires)
    no_room = refuse("PERSON_CAP", when=person_room_minor < start_minor)

with exclusions:
    fraudulent = refuse("APPLICATION_FRAUD", when=fraud >= 0.8, missing=skip)
    owed_here = refuse("LATE_HERE", when=dpd_max_24m > 30, missing=skip)
    adverse = refuse("BUREAU_ADVERSE", when=worst_24m >= 4, missing=skip)
    many = refuse("LENDERS_TOO_MANY", when=lenders >= 6, missing=skip)
    doubtful = review("IDENTITY_REVIEW", queue="identity", when=identity < 0.8, missing=skip)
    suspect = review("FRAUD_REVIEW", queue="fraud", when=fraud >= 0.5, missing=skip)
    several = review("LENDERS_REVIEW", queue="approval", when=lenders >= 5 and inquiries_6m >= 10, missing=skip)

with score:
    unwilling = refuse("WILLINGNESS_LOW", when=willing < 0.8)
    unable = refuse("ABILITY_LOW", when=able < 0.8)
    torn = review("SCORES_REVIEW", queue="approval", when=willing >= 0.93 and able < 0.84)

with amount:
    no_income_left = refuse("NOTHING_AFFORDABLE", when=is_thick == 1 and affordable_minor < minor(5000), missing=skip)
    thin = approve_less("START_LOW", amount=min(start_minor, person_room_minor), when=is_thick == 0 and amount_minor > start_minor)
    thin_less = approve("ASKED_LITTLE", when=is_thick == 0)
    by_income = approve_less("INCOME_LIMIT", amount=max(offer_minor, minor(50000)),
        when=is_thick == 1 and amount_minor > max(offer_minor, minor(50000)))
'''

# How to read a card: add `base` and the points of each bin; (total / factor) are the log-odds. A value not known has its own points.
WILLINGNESS: Final = Scorecard("willingness", "e378b992", 68, 28.85390081777927, (
    Characteristic("worst_24m", (1.0, 2.0, 3.0), (0, -3, -2, -3), 0),
    Characteristic("dpd_max_24m", (1.0, 8.0), (-5, -15, -17), 9),
    Characteristic("inquiries_6m", (2.0, 5.0), (6, -4, -15), 2),
    Characteristic("months_known", (12.0, 36.0), (-1, 1, 0), 0),
    Characteristic("orders_12m", (40.0, 120.0), (3, 1, -2), 0),
), "6000 applicants of city 21, two futures each")  # fmt: skip
ABILITY: Final = Scorecard("ability", "8fab3d8d", 79, 28.85390081777927, (
    Characteristic("income_minor", (300000.0, 500000.0, 800000.0), (-15, -1, 3, 7), 1),
    Characteristic("debt_minor", (1.0, 1000000.0, 3000000.0), (4, 5, -15, -15), 2),
    Characteristic("lenders", (1.0, 3.0), (3, 5, -9), 1),
    Characteristic("spend_minor", (150000.0, 300000.0, 600000.0), (-15, 1, 6, 5), 0),
    Characteristic("inquiries_6m", (2.0, 5.0), (2, 0, -6), 1),
), "6000 applicants of city 21, two futures each")  # fmt: skip

__all__ = ["ABILITY", "APPROVAL", "WILLINGNESS"]
