"""The versions of the subsidy policy as dated configuration; whatever no published text settles is marked U beside its value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from honghua.base.dates import add_months, from_day, to_day
from honghua.base.errors import Refusal
from honghua.base.rates import Rounding, round_half_up


class ProductKind(StrEnum):
    """What kind of credit an interest part belongs to. Stored: never change a word."""

    CONSUMER_LOAN = "consumer_loan"
    CARD_INSTALMENT = "card_instalment"  # of a credit card's bill
    CREDIT_CARD = "credit_card"  # all else on a credit card


class DayBasis(StrEnum):
    """How a part of a year is counted."""

    ACTUAL_365 = "actual/365"
    ACTUAL_360 = "actual/360"
    THIRTY_360 = "30/360"
    MONTH_12 = "month/12"  # whole months, then days over 365


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyPolicy:
    """One version. Money minor units of yuan; 0 = no such cap; rates ppm a year.

    from_on … until_on: days of consumption, both inside, that it covers. products: kinds with the days of theirs. fields: what items of
    `small_below_minor` and more must be for (None: anything); of such an item `counted_max_minor` counts (0: all).
    share_max_ppm: of the contract rate. central_ppm: the rest is the province's. grades: field -> grade where it is not A.
    """

    name: str
    from_on: dt.date
    until_on: dt.date
    products: Mapping[ProductKind, tuple[dt.date, dt.date]]
    rate_ppm: int = 10_000
    share_max_ppm: int = 500_000
    small_below_minor: int = 5_000_000
    fields: frozenset[str] | None = None
    counted_max_minor: int = 0
    cap_item_minor: int = 0
    cap_small_minor: int = 0
    cap_total_minor: int = 0
    cap_year_minor: int = 0
    central_ppm: int = 900_000
    day_basis: DayBasis = DayBasis.ACTUAL_365
    rounding: Rounding = round_half_up
    source: str = ""
    grades: Mapping[str, str] = field(default_factory=dict)


START: Final = dt.date(2025, 9, 1)
SECOND: Final = dt.date(2026, 1, 1)
END: Final = dt.date(2026, 12, 31)
FIELDS_V1: Final = frozenset({"car", "elderly_birth", "education", "travel", "home", "electronics", "health"})
"""家用汽车、养老生育、教育培训、文化旅游、家居家装、电子产品、健康医疗."""
FIELD_WORDS: Final[Mapping[str, str]] = {
    "家用汽车": "car", "汽车": "car", "养老生育": "elderly_birth", "养老": "elderly_birth", "生育": "elderly_birth",
    "教育培训": "education", "教育": "education", "文化旅游": "travel", "旅游": "travel", "家居家装": "home", "家装": "home",
    "电子产品": "electronics", "健康医疗": "health", "医疗": "health",
}  # fmt: skip
UNSETTLED: Final[Mapping[str, str]] = {
    "day_basis": "U: no text states the count of days; actual/365 proposed",
    "rounding": "U: half up to the cent at each settlement of interest",
    "version": "U: the day of consumption chooses the version",
    "cap_year_minor": "U: a year is the calendar year in which the interest is settled",
}

POLICIES: Final = (
    SubsidyPolicy(
        name="v1", from_on=START, until_on=dt.date(2026, 8, 31), fields=FIELDS_V1, counted_max_minor=5_000_000,
        products={ProductKind.CONSUMER_LOAN: (START, dt.date(2026, 8, 31))},
        cap_item_minor=50_000, cap_small_minor=100_000, cap_total_minor=300_000,
        source="rules.md §5: 财金〔2025〕80号", grades=UNSETTLED,
    ),
    SubsidyPolicy(
        name="v2", from_on=SECOND, until_on=END, cap_year_minor=300_000,
        products={ProductKind.CONSUMER_LOAN: (SECOND, END), ProductKind.CARD_INSTALMENT: (SECOND, END)},
        source="rules.md §5: 财金〔2026〕1号",
        grades={**UNSETTLED, "central_ppm": "U: local schemes; the excerpt is cut off", "from_on": "U: dated 2026-01-16, taken from 01-01"},
    ),
)  # fmt: skip


def choose_policy(consumed_on: dt.date, *, policies: Sequence[SubsidyPolicy] = POLICIES) -> SubsidyPolicy | Refusal:
    """The newest version whose days of consumption hold this one; refused outside of all of them."""
    known = [one for one in policies if one.from_on <= consumed_on <= one.until_on]
    if not known:
        return Refusal("SUBSIDY_OUT_OF_PERIOD", f"No subsidy policy covers a purchase of {consumed_on}.")
    return max(known, key=lambda one: one.from_on)


def count_year_part(from_on: dt.date, to_on: dt.date, basis: DayBasis) -> Fraction:
    """The part of a year from one day (inside) to another (outside), exact."""
    assert from_on <= to_on, "a part of a year does not end before it begins"
    days = (to_on - from_on).days
    if basis is DayBasis.ACTUAL_365:
        return Fraction(days, 365)
    if basis is DayBasis.ACTUAL_360:
        return Fraction(days, 360)
    months = (to_on.year - from_on.year) * 12 + to_on.month - from_on.month
    if basis is DayBasis.THIRTY_360:
        return Fraction(30 * months + min(to_on.day, 30) - min(from_on.day, 30), 360)
    if to_on.day < from_on.day:
        months -= 1
    start = from_day(int(add_months(to_day(from_on), months)))
    return Fraction(months, 12) + Fraction((to_on - start).days, 365)
