"""Instalment schedules: over real dates by the rules of progressive loans, or level instalments without dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from honghua.app.case_kinds.comparing import Unrounded
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported, to_number
from honghua.base.errors import BadInput
from honghua.base.rates import Rounding, ceil_, floor_, round_half_even, round_half_up, round_to_multiple
from honghua.credit.core import annuity, daycount, schedules

MONTHS_PER_YEAR = 12
UNDATED_START = dt.date(2001, 1, 1)  # for a loan whose dates do not matter: 30/360, monthly

_ROUNDINGS: tuple[tuple[str, Rounding], ...] = (
    ("ceil", ceil_), ("up to", ceil_), ("floor", floor_), ("down", floor_), ("half even", round_half_even),
    ("half up", round_half_up), ("nearest", round_half_up), ("round", round_half_up),
)  # fmt: skip
_ROW_KEY = re.compile(r"(due|payment|instalment|interest|principal|balance)_([0-9]+)\Z")
_EVERY = re.compile(r"(?:every\s+)?([0-9]+)?\s*(day|week|fortnight|month|quarter|year)(?:s|ly)?\b|\b(daily)\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One row as the file names it, amounts in major units."""

    n: int
    due: Fraction
    interest: Fraction
    principal: Fraction
    balance: Fraction
    due_date: dt.date | None = None
    days: int | None = None

    def named(self) -> Mapping[str, Any]:
        """The row by the names of its columns."""
        values = {"n": self.n, "due": self.due, "payment": self.due, "interest": self.interest, "days": self.days,
                  "principal": self.principal, "balance": self.balance,
                  "due_date": self.due_date.isoformat() if self.due_date else None}  # fmt: skip
        return {**values, "date": values["due_date"], "instalment": self.due}


class ScheduleAnswers(Answers):
    """What may be asked of a schedule: rows by several names, totals, and single cells such as interest_1."""

    def __init__(self, lines: Sequence[Line], row_order: Sequence[str], **more: Any) -> None:
        due, interest = [line.due for line in lines], [line.interest for line in lines]
        level = more.pop("emi", due[0] if due else None)
        super().__init__(
            periods=lambda: [line.named() for line in lines],
            instalments=lambda: due,
            due_dates=lambda: [line.named()["due_date"] for line in lines],
            emi=lambda: level,
            instalment=lambda: level,
            last_instalment=lambda: due[-1] if due else None,
            number_of_instalments=lambda: len(due),
            total_interest=lambda: _total(interest),
            total_payment=lambda: _total(due),
            total_due=lambda: _total(due),
            total_principal=lambda: _total([line.principal for line in lines]),
            rows_0_based=lambda: {str(line.n - 1): [line.named()[name] for name in row_order] for line in lines},
            rows_1_based=lambda: {str(line.n): [line.named()[name] for name in row_order] for line in lines},
            row_order=lambda: list(row_order),
            **more,
        )
        self._lines = lines

    def __getitem__(self, name: str) -> Any:
        cell = _ROW_KEY.match(name)
        if cell is None:
            return super().__getitem__(name)
        row = next((line for line in self._lines if line.n == int(cell[2])), None)
        if row is None:
            raise Unsupported(f"there is no instalment {cell[2]}")
        return row.named()[cell[1]]


def _total(parts: Sequence[Fraction]) -> Fraction:
    """The sum, still unrounded when its parts are."""
    total = sum(parts, Fraction(0))
    return Unrounded(total) if any(isinstance(part, Unrounded) for part in parts) else total


@dataclass(frozen=True, slots=True)
class Loan:
    """A dated loan as the engine takes it, and the decimals of its money."""

    terms: schedules.LoanTerms
    changes: tuple[schedules.Change, ...]
    digits: int


def schedule(case: Case) -> Mapping[str, Any]:
    """A schedule; without dates and with an instalment rounding of its own it is the textbook loan."""
    fields = case.fields
    _check_method(fields)
    if "emi_rounding" in fields or "interest" in fields or fields.get("emi", "repayment_amount") is not None:
        return _undated(case)
    loan = read_loan(fields)
    return ScheduleAnswers(to_lines(schedules.lay_out(loan.terms, loan.changes), loan.digits), case.row_order)


def read_loan(fields: Fields) -> Loan:
    """Terms and payouts of a dated loan: due_dates, or n periods from the disbursement date."""
    listed = fields.objects("disbursements") if "disbursements" in fields else []
    first = fields.get("start_date", "disbursement_date", "first_disbursement")
    if first is not None:
        start = fields.day("start_date", "disbursement_date", "first_disbursement")
    else:
        start = min((item.day("date") for item in listed), default=UNDATED_START)
    due_on = tuple(fields.days("due_dates")) if "due_dates" in fields else due_dates(fields, start)
    months = schedules.nominal_months(start, due_on) if due_on else None
    terms = schedules.LoanTerms(
        start_on=start,
        due_on=due_on,
        annual_rate=fields.percent("annual_percent", "nominal_annual_percent", "rate_percent"),
        day_count=daycount.parse_day_count(fields.text("day_count", default="30/360" if months else "actual/365")),
        months=months,
        multiple_minor=fields.money("instalment_multiple_of", default=1),
    )
    return Loan(terms, tuple(_changes(fields, start, listed)), fields.digits)


def due_dates(fields: Fields, start: dt.date) -> tuple[dt.date, ...]:
    """n due dates, each period as long as the case says; a month when it does not."""
    n = fields.whole("n", "number_of_instalments", "number_of_payments")
    annuity.check_periods(n)
    words = str(fields.get("repay_every", "repayment_every", "frequency", "period") or "month").lower()
    match = _EVERY.search(words)
    if match is None:
        raise Unsupported(f"instalments every {words!r}")
    count, unit = int(match[1] or 1), match[2] or "day"
    if unit in ("day", "week", "fortnight"):
        step = count * {"day": 1, "week": 7, "fortnight": 14}[unit]
        if not step * n <= (dt.date.max - start).days:
            raise BadInput("the schedule leaves the calendar")
        return tuple(start + dt.timedelta(step * k) for k in range(1, n + 1))
    return schedules.monthly_dates(start, n, months=count * {"month": 1, "quarter": 3, "year": 12}[unit])


def to_lines(rows: Sequence[schedules.Row], digits: int) -> list[Line]:
    """Engine rows in major units."""
    scale = 10**digits
    return [
        Line(
            n=row.number,
            due=Fraction(row.due_minor, scale),
            interest=Fraction(row.interest_minor, scale),
            principal=Fraction(row.principal_minor, scale),
            balance=Fraction(row.balance_minor, scale),
            due_date=row.due_on,
            days=(row.due_on - row.from_on).days,
        )
        for row in rows
    ]


def _changes(fields: Fields, start: dt.date, listed: Sequence[Fields]) -> list[schedules.Change]:
    changes = [schedules.Change(item.day("date"), item.money("amount")) for item in listed]
    if not listed:
        paid_on = fields.day("disbursement_date") if "disbursement_date" in fields else start
        changes.append(schedules.Change(paid_on, fields.money("principal")))
    for name in ("second_disbursement", "third_disbursement", "fourth_disbursement"):
        if name in fields:
            item = Fields.of(fields.need(name), f"{fields.place}.{name}")
            changes.append(schedules.Change(item.day("date"), item.money("amount")))
    named = fields.get("rate_change", "interest_rate_change", "rate_changes", "interest_rate_changes")
    for k, value in enumerate(named if isinstance(named, list) else [named] if named else []):
        item = Fields.of(value, f"{fields.place}.rate_change[{k}]")
        # A rate that is new "on" a day prices that day, which begins when the day before has ended.
        since = max(item.day("date", "from") - dt.timedelta(1), start)
        changes.append(schedules.Change(since, 0, item.percent("annual_percent", "new_annual_percent")))
    return changes


def _check_method(fields: Fields) -> None:
    method = str(fields.get("method", "amortization", "interest_method") or "").lower()
    if re.search(r"flat|equal principal|bullet|balloon|interest.only", method):
        raise Unsupported(f"method {method!r}")


def _undated(case: Case) -> Mapping[str, Any]:
    fields = case.fields
    principal = fields.number("principal")
    rate = fields.percent("annual_percent", "nominal_annual_percent") * _period_share(fields)
    given = fields.get("emi", "repayment_amount")
    count = fields.whole("n", "number_of_instalments") if fields.get("n", "number_of_instalments") is not None else None
    if given is not None:
        level = to_number(given, "inputs.emi")
    else:
        count = fields.whole("n", "number_of_instalments")
        rounding, multiple = _rounding(fields.text("emi_rounding", default="half up to 0.01"))
        exact = annuity.level_instalment(principal, rate, count)
        level = round_to_multiple(exact / multiple, 1, rounding=rounding) * multiple
    rows = annuity.annuity_rows(principal, rate, level, n=count)
    lines = [
        Line(
            row.number,
            Unrounded(row.payment),
            Unrounded(row.interest),
            Unrounded(row.principal),
            Unrounded(row.balance),
        )
        for row in rows
    ]
    return ScheduleAnswers(lines, case.row_order, emi=level)


def _rounding(text: str) -> tuple[Rounding, Fraction]:
    """The step and the multiple of "ceil to 1", "half up to 0.01"; a multiple of one when it names none."""
    words = text.lower().replace("_", " ").replace("-", " ")
    rounding = next((step for name, step in _ROUNDINGS if name in words), None)
    if rounding is None:
        raise Unsupported(f"instalment rounding {text!r}")
    number = re.search(r"[0-9]+(?:\.[0-9]+)?", words)
    multiple = Fraction(number[0]) if number else Fraction(1)
    if multiple <= 0:
        raise BadInput(f"instalment rounding {text!r} names a multiple of nothing")
    return rounding, multiple


def _period_share(fields: Fields) -> Fraction:
    """The share of a year of one period: "1/12 year", "month"; a month when the case does not say."""
    text = fields.text("rate_period", default="1/12 year").lower().replace("of a", "").replace("years", "").strip()
    words = {"month": Fraction(1, 12), "monthly": Fraction(1, 12), "week": Fraction(1, 52), "quarter": Fraction(1, 4)}
    number = text.replace("year", "").strip()
    return words[number] if number in words else to_number(number or "1", f"{fields.place}.rate_period")
