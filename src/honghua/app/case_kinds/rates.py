"""Yearly rates and times: the European formula, its intervals, day counts and level payments."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from honghua.app.case_kinds.comparing import Expression
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported, to_day, to_number
from honghua.base.errors import BadInput
from honghua.base.rates import round_half_up
from honghua.credit.core import annuity, apr, daycount, intervals, schedules

HUNDRED = 100
EU_DAYS_PER_YEAR = 365
PERIODS_PER_YEAR = {"monthly": 12, "month": 12, "quarterly": 4, "quarter": 4, "weekly": 52, "week": 52, "yearly": 1,
                    "annual": 1, "year": 1, "semiannual": 2, "half-yearly": 2, "fortnightly": 26}  # fmt: skip


def eu_apr(case: Case) -> Mapping[str, Any]:
    """The European formula on cash flows timed in years, months, weeks, days or by dates."""
    fields = case.fields
    items = fields.objects("cash_flows", "flows")
    years = _eu_years(fields, items)
    rate = apr.eu_rate([(item.number("amount"), time) for item, time in zip(items, years)])
    return Answers(apr_percent=lambda: rate * HUNDRED, apr=lambda: rate)


def _eu_years(fields: Fields, items: list[Fields]) -> list[Fraction]:
    year_days = fields.number("year_length_days") if "year_length_days" in fields else None
    units = {"t_years": Fraction(1), "years": Fraction(1), "t": Fraction(1), "t_months": Fraction(1, 12),
             "months": Fraction(1, 12), "t_weeks": Fraction(1, 52), "weeks": Fraction(1, 52),
             "t_days": 1 / (year_days or Fraction(EU_DAYS_PER_YEAR)),
             "days": 1 / (year_days or Fraction(EU_DAYS_PER_YEAR))}  # fmt: skip
    given = [next((name for name in units if name in item), None) for item in items]
    if all(given):
        return [item.number(name) * units[name] for item, name in zip(items, given) if name]
    dates = [item.day("date") for item in items] if "date" in items[0] else fields.days("dates")
    if len(dates) != len(items):
        raise BadInput(f"inputs.dates has {len(dates)} dates for {len(items)} cash flows")
    base = fields.get("base", "interval", "time_period")
    if base is not None:
        return [intervals.eu_interval(dates[0], day, _base(base)).years for day in dates]
    return apr.eu_years(dates, year_days=year_days)


def eu_intervals(case: Case) -> Any:
    """Intervals counted backwards; one answer per item, or one for a single item."""
    items = case.inputs if isinstance(case.inputs, list) else [case.inputs]
    answers = [_interval(Fields.of(item, f"inputs[{k}]")) for k, item in enumerate(items)]
    return answers if case.wants_list or len(answers) != 1 else answers[0]


def _interval(item: Fields) -> Mapping[str, Any]:
    found = intervals.eu_interval(item.day("from", "start"), item.day("to", "end"), _base(item.text("base")))
    return Answers(expr=lambda: Expression(found.text), value=lambda: found.years, years=lambda: found.years)


def _base(name: Any) -> intervals.Base:
    word = str(name).strip().lower().removesuffix("s").removesuffix("ly")
    if word not in list(intervals.Base):
        raise Unsupported(f"intervals counted in {name!r}")
    return intervals.Base(word)


class _RateFactors(Answers):
    """Period rate factors under the day count that the asked name spells: actual_365, 30_360, actual_actual_…"""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.rate = fields.percent("annual_percent", "nominal_annual_percent")
        self.periods = [_span(item, f"inputs.periods[{k}]") for k, item in enumerate(fields.list_("periods"))]
        self.given = fields.get("day_count")

    def __getitem__(self, name: str) -> list[Decimal]:
        try:
            text = self.given if name in ("rate_factors", "factors") and self.given else name
            count = daycount.parse_day_count(str(text))
        except BadInput as reason:
            raise Unsupported(str(reason)) from None
        dates = [span[1] for span in self.periods]
        months = schedules.nominal_months(self.periods[0][0], dates) if self.periods else None
        factors = []
        for start, end in self.periods:
            terms = schedules.LoanTerms(start, (end,), self.rate, count, months)
            factors.append(schedules.rate_factor(terms, 0, (start, end), self.rate))
        return factors


def rate_factors(case: Case) -> Mapping[str, Any]:
    """Rate × share of the year, per period and day count."""
    return _RateFactors(case.fields)


def _span(item: Any, place: str) -> tuple[dt.date, dt.date]:
    if not isinstance(item, list) or len(item) != 2:
        raise BadInput(f"{place} must be [from, to]")
    return to_day(item[0], place), to_day(item[1], place)


class _LevelPayment(Answers):
    """A level instalment, and the nominal and effective rates of what is really paid."""

    _OF = re.compile(r"(.+)_of_([0-9.]+)\Z")

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.fields = fields
        self.principal = fields.number("principal")
        self.in_advance = fields.text("mode", default="arrear").strip().lower().startswith("adv")
        self.per_year = self._per_year()
        self.listed = [to_number(p, f"inputs.payments[{k}]") for k, p in enumerate(fields.list_("payments"))] \
            if "payments" in fields else None  # fmt: skip
        self.count = len(self.listed) if self.listed is not None else fields.whole("n", "number_of_payments")
        annuity.check_periods(self.count)
        self.shares = self._shares()

    def __getitem__(self, name: str) -> Any:
        asked = self._OF.match(name)
        word = asked[1] if asked else name
        if word in ("instalment", "installment", "payment", "pmt"):
            return self.instalment()
        payments = [Fraction(asked[2])] * self.count if asked else self.listed or [self.instalment()] * self.count
        scale = HUNDRED if "percent" in word else 1
        if "eu_apr" in word or "effective" in word or word in ("apr_percent", "apr"):
            return self.effective(payments) * scale
        if "nominal" in word or word in ("irr", "irr_percent"):
            return self.nominal(payments) * scale
        if word in ("total_interest", "finance_charge", "total_paid", "total_payment"):
            total = sum(payments, Fraction(0))
            return total if word.startswith("total_pa") else total - self.principal
        raise Unsupported("no rule for it; known: instalment, nominal_irr[_percent], eu_apr[_percent], total_interest")

    def instalment(self) -> Fraction:
        """The level payment, rounded half up to a minor unit."""
        rate = self.fields.percent("nominal_annual_percent", "annual_percent")
        discount, total = Fraction(1), Fraction(0)
        for share in self.shares:
            discount /= 1 + rate * share
            total += discount
        digits = 10**self.fields.digits
        return Fraction(round_half_up(self.principal / total * digits), digits)

    def nominal(self, payments: list[Fraction]) -> Decimal:
        """Nominal yearly rate, interest being added at each payment."""
        if self.in_advance:
            return apr.nominal_rate([payments[0] - self.principal, *payments[1:]], self.shares)
        return apr.nominal_rate([-self.principal, *payments], [Fraction(0), *self.shares])

    def effective(self, payments: list[Fraction]) -> Decimal:
        """The European rate with payments equal parts of a year apart."""
        first = 0 if self.in_advance else 1
        timed = [(paid, Fraction(k, self.per_year)) for k, paid in enumerate(payments, start=first)]
        return apr.eu_rate([(-self.principal, Fraction(0)), *timed])

    def _per_year(self) -> int:
        word = self.fields.text("frequency", default="monthly").strip().lower()
        if word not in PERIODS_PER_YEAR:
            raise Unsupported(f"payments {word!r}")
        return PERIODS_PER_YEAR[word]

    def _shares(self) -> list[Fraction]:
        """Each payment's share of a year since the one before (the first in advance: none)."""
        count = daycount.parse_day_count(self.fields.text("day_count", default="30/360"))
        months = 12 // self.per_year if 12 % self.per_year == 0 else None
        start = self.fields.get("start", "start_date", "advance_date")
        if start is None or months is None or count == daycount.THIRTY_360:
            shares = [Fraction(1, self.per_year)] * self.count
            if count != daycount.THIRTY_360 and start is None:
                raise Unsupported(f"day count {self.fields.get('day_count')!r} without a start date")
        else:
            first = to_day(start, "inputs.start")
            dates = [first, *schedules.monthly_dates(first, self.count, months=months)]
            shares = [daycount.year_fraction(count, a, b) for a, b in pairwise(dates)]
        return [Fraction(0), *shares[:-1]] if self.in_advance else shares


def level_payment(case: Case) -> Mapping[str, Any]:
    """Level instalment and rates of a regular loan."""
    return _LevelPayment(case.fields)
