"""Rates of Regulation Z: loans by Appendix J, billing cycles by Appendix F."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported, to_day, to_number
from honghua.base.errors import BadInput
from honghua.credit.core import annuity, daycount, regz

Timed = tuple[Fraction, regz.UnitTime]

HUNDRED = 100
PAYMENT_LISTS = ("payments", "payment_streams", "payment_schedule")
WHOLE_NAMES = ("full_unit_periods", "unit_periods", "full_unit_periods_to_first_payment", "t", "at")
DATE_NAMES = ("date", "first_payment_date", "from")
START = regz.UnitTime(0, Fraction(0))


def us_actuarial(case: Case) -> Mapping[str, Any]:
    """Appendix J: advances and payments in unit-periods, given or counted from dates."""
    loan = _UsLoan(case.fields)
    rate = regz.actuarial_rate(loan.advances, loan.payments, per_year=loan.per_year)
    paid = sum((amount for amount, _ in loan.payments), Fraction(0))
    lent = sum((amount for amount, _ in loan.advances), Fraction(0))
    return Answers(
        apr_percent=lambda: rate * HUNDRED,
        apr=lambda: rate,
        unit_period_rate_percent=lambda: rate * HUNDRED * loan.per_year.denominator / loan.per_year.numerator,
        finance_charge=lambda: paid - lent,
        amount_financed=lambda: lent,
        total_of_payments=lambda: paid,
    )


class _UsLoan:
    """The inputs of an Appendix J case, its times in unit-periods."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.starts_on = fields.get("advance_date", "consummation_date", "term_start", "start_date")
        if "unit_period" in fields:
            self.unit: regz.UnitPeriod | None = regz.parse_unit_period(fields.text("unit_period"))
        else:
            self.unit = None
        self.first = self._first_time()
        if "unit_periods_per_year" in fields:
            self.per_year = fields.number("unit_periods_per_year")
        elif self.unit is None or self.unit.unit == "term":
            self.per_year = self._single()[1]
        else:
            self.per_year = regz.periods_per_year(self.unit)
        self.advances = self._advances()
        self.payments = self._payments()

    def _single(self) -> tuple[regz.UnitPeriod, Fraction]:
        if self._counts_many():
            raise BadInput(
                "inputs.unit_period is missing: how far apart several payments lie cannot be told from the first"
            )
        start = to_day(self.starts_on, "inputs.advance_date")
        return regz.single_payment_unit(start, self.fields.day("first_payment_date", "payment_date", "maturity_date"))

    def _counts_many(self) -> bool:
        """Whether there is more than one payment, so that a unit-period is an interval between payments and not the term."""
        listed = self.fields.get(*PAYMENT_LISTS)
        if isinstance(listed, list):
            counts = [
                one.get("count", one.get("n", one.get("number_of_payments")))
                for one in listed
                if isinstance(one, Mapping)
            ]
            return len(listed) > 1 or any(count not in (None, 1, "1") for count in counts)
        return self.fields.whole("number_of_payments", default=1) > 1

    def _first_time(self) -> regz.UnitTime:
        fields = self.fields
        if "full_unit_periods_to_first_payment" in fields:
            return _unit_time(fields, "full_unit_periods_to_first_payment")
        if fields.get("first_payment_date", "payment_date", "maturity_date") is None:
            return START
        start = to_day(self.starts_on, "inputs.advance_date")
        first = fields.day("first_payment_date", "payment_date", "maturity_date")
        if self.unit is None:
            self.unit = self._single()[0]
        return regz.unit_time(start, first, self.unit)

    def _advances(self) -> list[Timed]:
        if "advances" in self.fields:
            return [self._timed(item, START) for item in self.fields.objects("advances")]
        return [(self.fields.number("advance", "principal", "amount_financed"), START)]

    def _payments(self) -> list[Timed]:
        fields = self.fields
        if fields.get(*PAYMENT_LISTS) is not None:
            return self._listed_payments()
        count = fields.whole("number_of_payments", default=1)
        annuity.check_periods(count)
        regular = fields.get("regular_payment", "payment", "single_payment")
        names = ("regular_payment", "payment", "single_payment")
        amounts = [fields.number(*names) if regular is not None else Fraction(0)] * count
        if "first_payment" in fields:
            amounts[0] = fields.number("first_payment")
        if "final_payment" in fields:
            amounts[-1] = fields.number("final_payment")
        if regular is None and count > ("first_payment" in fields) + ("final_payment" in fields):
            fields.need("regular_payment")
        return [(amount, _later(self.first, k)) for k, amount in enumerate(amounts)]

    def _listed_payments(self) -> list[Timed]:
        result: list[Timed] = []
        for k, item in enumerate(self.fields.list_(*PAYMENT_LISTS)):
            place = f"inputs.payments[{k}]"
            following = _later(result[-1][1], 1) if result else self.first
            if not isinstance(item, Mapping):
                result.append((to_number(item, place), following))
                continue
            one = Fields.of(item, place)
            amount, time = self._timed(one, following)
            count = one.whole("count", "n", "number_of_payments", default=1)
            annuity.check_periods(count)
            result += [(amount, _later(time, j)) for j in range(count)]
        return result

    def _timed(self, item: Fields, default: regz.UnitTime) -> Timed:
        amount = item.number("amount", "payment", "advance")
        if item.get(*WHOLE_NAMES) is not None:
            return amount, _unit_time(item, *WHOLE_NAMES)
        if item.get(*DATE_NAMES) is None:
            return amount, default
        if self.unit is None or self.starts_on is None:
            raise BadInput(f"{item.place} has a date, but inputs.unit_period or inputs.advance_date is missing")
        return amount, regz.unit_time(to_day(self.starts_on, "inputs.advance_date"), item.day(*DATE_NAMES), self.unit)


def _unit_time(fields: Fields, *names: str) -> regz.UnitTime:
    odd = fields.number("odd_fraction", "f", default=Fraction(0))
    if odd < 0:
        raise BadInput(f"{fields.place}.odd_fraction is negative")
    whole, rest = divmod(fields.number(*names) + odd, 1)
    return regz.UnitTime(whole, rest)


def _later(time: regz.UnitTime, periods: int) -> regz.UnitTime:
    return regz.UnitTime(time.whole + periods, time.odd)


def revolving(case: Case) -> Mapping[str, Any]:
    """Effective rate of a billing cycle with charged transactions."""
    fields = case.fields
    items = fields.objects("transactions") if "transactions" in fields else []
    fee_rate = fields.percent("transaction_fee_percent") if "transaction_fee_percent" in fields else Fraction(0)
    fee_each = fields.number("transaction_fee", "transaction_fee_each", default=Fraction(0))
    charged = [(item.number("amount"), item.number("amount") * fee_rate + fee_each) for item in items]
    balance, holds = _balance(fields, items)
    rate = fields.percent("monthly_periodic_rate_percent", "periodic_rate_percent")
    cycles = fields.whole("cycles_per_year", default=daycount.MONTHS_PER_YEAR)
    cost = regz.revolving_rate(balance, rate, charged, balance_holds_them=holds, cycles_per_year=cycles)
    return Answers(
        finance_charge=lambda: cost.finance_charge,
        numerator=lambda: cost.finance_charge,
        denominator=lambda: cost.denominator,
        effective_apr_percent=lambda: cost.annual_rate * HUNDRED,
        apr_percent=lambda: cost.annual_rate * HUNDRED,
        average_daily_balance=lambda: balance,
    )


def _balance(fields: Fields, items: list[Fields]) -> tuple[Fraction, bool]:
    """The balance that the periodic rate applies to, and whether the transactions are inside it."""
    subject = str(
        fields.get("periodic_rate_applies_to", "applies_to", "balance_method", "rate_applies_to") or ""
    ).lower()
    previous = fields.number("previous_balance", default=Fraction(0))
    credited_ = fields.objects("payments") if "payments" in fields else []
    paid = sum((item.number("amount") for item in credited_), fields.number("payment", default=Fraction(0)))
    if "adjusted" in subject:
        return fields.number("adjusted_balance", default=previous - paid), False
    if "previous" in subject:
        return previous, False
    if "average_daily_balance" in fields:
        return fields.number("average_daily_balance"), True
    days = fields.whole("cycle_days", "days_in_cycle", default=30)
    inside = sum((item.number("amount") * _weight(item, days) for item in items), Fraction(0))
    credited = sum((item.number("amount") * _weight(item, days) for item in credited_), Fraction(0))
    return previous + inside - credited, True


def _weight(item: Fields, days: int) -> Fraction:
    """The part of the cycle for which a transaction counts: "first day", "midpoint", "last day", or a day number."""
    at = str(item.get("at", "day") or "").strip().lower()
    if "first" in at or "begin" in at:
        return Fraction(1)
    if "mid" in at:
        return Fraction(1, 2)
    if "last" in at or "end" in at:
        return Fraction(1, days)
    number = re.search(r"[0-9]+", at)
    if number is None or not 1 <= int(number[0]) <= days:
        raise Unsupported(f"a transaction at {at!r}")
    return Fraction(days - int(number[0]) + 1, days)
