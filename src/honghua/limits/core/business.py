"""The rulebook for small-business owners that Honghua ships (R-022): its own limits, its own caps, its own purpose.

The words of the vocabulary are read of the business: income is what a month's takings leave by its sector, months known are those in the
register. Willingness is scored on the owner, who is the same person; how able a trade is speaks through what is affordable alone: the
card of abilities was fitted on persons' incomes. Amounts are own choices (U), to be set on one's own history.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from honghua.limits.core.approving import Rulebook
from honghua.limits.core.terms import BUSINESS, LENDERS, PERSON_CAPS, DatedCap, LimitTerms

# A consumer-finance company's cap is of all that one person owes it (rules.md §3), whatever for. Of others no source prints a cap of one
# owner's business balance: up to 200,000 yuan a visit may be left out (§6, B), more waits for a person; nothing beyond 500,000, where
# every draw would have to be entrusted payment (§6, A).
CAPS: Final = (
    *(one for one in PERSON_CAPS if one.lender == "consumer_finance"),
    *(
        DatedCap(
            lender=lender, from_on=dt.date(2024, 7, 1), cap=50_000_000, grade="U",
            source="own bound: rules.md §6, a draw above 500,000 must be entrusted; no cap of the balance is printed",
        )
        for lender in LENDERS if lender != "consumer_finance"
    ),
)  # fmt: skip
TERMS: Final = LimitTerms(
    name="business limits", product=BUSINESS, person_caps=CAPS, limit_step_minor=50_000, start_minor=500_000, start_high_minor=1_000_000,
    thin_ceiling_minor=2_000_000, income_months=3, ceiling_months=6, service_share_ppm=500_000, growth_statements=3, growth_days=90,
    growth_step_ppm=300_000, growth_step_high_ppm=200_000, growth_high_from_minor=2_000_000, cut_late_days=8, idle_days=360,
)  # fmt: skip

APPROVAL: Final = '''"""The business line: who may not, what is doubtful, how willing the owner is, what the trade can carry."""

offer_minor = min(income_limit_minor, person_room_minor)
wanted_minor = min(amount_minor, offer_minor)

with hard_deny:
    age = refuse("AGE_OUTSIDE", when=age_years < 18 or age_years >= 70)
    barred = refuse("OVER_INDEBTED", when=is_barred == 1, missing=skip)
    stranger = refuse("IDENTITY_UNSURE", when=identity < 0.5, missing=fires)
    no_room = refuse("PERSON_CAP", when=person_room_minor < start_minor)

with exclusions:
    fraudulent = refuse("APPLICATION_FRAUD", when=fraud >= 0.8, missing=skip)
    owed_here = refuse("LATE_HERE", when=dpd_max_24m > 30, missing=skip)
    adverse = refuse("BUREAU_ADVERSE", when=worst_24m >= 4, missing=skip)
    many = refuse("LENDERS_TOO_MANY", when=lenders >= 6, missing=skip)
    young = refuse("BUSINESS_YOUNG", when=months_known < 12, missing=fires)
    doubtful = review("IDENTITY_REVIEW", queue="identity", when=identity < 0.8, missing=skip)
    suspect = review("FRAUD_REVIEW", queue="fraud", when=fraud >= 0.5, missing=skip)

with score:
    unwilling = refuse("WILLINGNESS_LOW", when=willing < 0.8)

with amount:
    untold = review("TAKINGS_UNKNOWN", queue="business", when=is_thick == 0)
    nothing_left = refuse("NOTHING_AFFORDABLE", when=affordable_minor < minor(20000), missing=skip)
    visit = review("SITE_VISIT_NEEDED", queue="business", when=wanted_minor > minor(20000000), missing=skip)
    by_takings = approve_less("INCOME_LIMIT", amount=max(offer_minor, minor(50000)), when=amount_minor > max(offer_minor, minor(50000)))
'''

BUSINESS_BOOK: Final = Rulebook(terms=TERMS, source=APPROVAL)

__all__ = ["BUSINESS_BOOK"]
