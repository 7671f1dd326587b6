"""The price of a loan by its risk (R-091): funding + expected loss + operations + margin − subsidy, never above the cap.

Nothing about a person but the grade of risk goes in: equal risk has an equal price, and nobody's readiness to pay more can show.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction

from honghua.base.rates import ceil_, round_to_multiple
from honghua.limits.core.terms import PPM, LimitTerms


@dataclass(frozen=True, slots=True)
class Price:
    """A yearly all-in price in ppm with its parts; grade 1 is the best. is_capped: cost would be more; cap_source says which rule."""

    price_ppm: int
    grade: int
    funding_ppm: int
    loss_ppm: int
    operations_ppm: int
    margin_ppm: int
    subsidy_ppm: int
    cap_ppm: int
    is_capped: bool
    cap_source: str


def grade_of(terms: LimitTerms, default_chance: float) -> int:
    """The grade of a yearly chance of default, 1 … number of bounds; a bound belongs to the better grade."""
    assert 0.0 <= default_chance <= 1.0, "a chance"
    return min(bisect_left(terms.grade_bounds_ppm, default_chance * PPM), len(terms.grade_bounds_ppm) - 1) + 1


def price_of(terms: LimitTerms, grade: int, *, on: dt.date, days: int = 365, subsidy_ppm: int = 0) -> Price:
    """The price of a grade on the day of the contract. subsidy_ppm: what somebody else pays of it, a year."""
    bounds = (0, *terms.grade_bounds_ppm)
    assert 1 <= grade < len(bounds), f"grades are 1 … {len(bounds) - 1}"
    middle = Fraction(bounds[grade - 1] + bounds[grade], 2)  # of the grade's chances of default
    return assemble(
        terms, middle * terms.loss_given_default_ppm / PPM, grade=grade, on=on, days=days, subsidy_ppm=subsidy_ppm
    )


def assemble(
    terms: LimitTerms, loss: Fraction, *, grade: int, on: dt.date, days: int = 365, subsidy_ppm: int = 0
) -> Price:
    """Parts put together: expected loss in ppm of the balance a year, rounded up; the price up to the step, then down to the cap."""
    loss_ppm = ceil_(loss)
    cost = max(0, terms.funding_ppm + loss_ppm + terms.operations_ppm + terms.margin_ppm - subsidy_ppm)
    wanted = round_to_multiple(Fraction(cost), terms.price_step_ppm, rounding=ceil_)
    cap = terms.price_cap(on, days=days)
    return Price(
        min(wanted, cap.cap), grade, terms.funding_ppm, loss_ppm, terms.operations_ppm, terms.margin_ppm, subsidy_ppm, cap.cap,
        wanted > cap.cap, cap.source,
    )  # fmt: skip


__all__ = ["Price", "assemble", "grade_of", "price_of"]
