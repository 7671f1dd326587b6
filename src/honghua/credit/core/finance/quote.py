"""What an instalment plan costs, said before it is accepted: schedule, yearly rates and the cost table (明示表).

Source: 个人贷款业务明示综合融资成本规定 (in force 2026-08-01) and PBOC notice 2021/3, as rules.md §2 has them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from honghua.base.errors import BadInput
from honghua.base.money import check_minor, currency_digits, format_minor, split_even
from honghua.base.rates import PPM, compound_yearly, rate_from_ppm, to_decimal
from honghua.credit.core.finance.annuity import check_periods
from honghua.credit.core.finance.apr import AnnualRate, instalment_rate

Payer = Literal["consumer", "merchant", "platform"]

PERIODS_PER_YEAR = 12
YEAR_DAYS = 365
PERCENT_PLACES = 2
OVERDUE_DAILY_PPM = 500  # 0.05 % a day, rules.md §1
LENDER = "贷款人"
_PAYERS = {"consumer": "借款人", "merchant": "商户", "platform": "平台"}
NOTHING_ELSE = "除上述明示项目外，借款人不承担其他任何与本笔贷款有关的费用。"


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """Who pays the fee and who collects it, and the daily overdue penalty (≥ 0, of the overdue principal)."""

    payer: Payer = "consumer"
    collector: str = LENDER
    overdue_daily_ppm: int = OVERDUE_DAILY_PPM


DEFAULT_TERMS = QuoteTerms()


@dataclass(frozen=True, slots=True)
class PlanPeriod:
    """One instalment of a plan in minor units; `due_on` is None when the plan has no dates yet."""

    number: int
    due_on: dt.date | None
    principal_minor: int
    fee_minor: int
    total_minor: int
    principal_left_minor: int


@dataclass(frozen=True, slots=True)
class CostItem:
    """A row of the cost table. `annual_percent` is the item's standard, yearly, with two decimals (half up)."""

    name: str
    collection: str
    annual_percent: Decimal
    collector: str
    payer: str
    amount_minor: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlanQuote:
    """All that a customer has to see before accepting; `cost` exact, the percentages rounded half up for print."""

    currency: str
    principal_minor: int
    fee_minor: int
    consumer_fee_minor: int
    periods: tuple[PlanPeriod, ...]
    cost: AnnualRate
    nominal_percent: Decimal
    effective_percent: Decimal
    items: tuple[CostItem, ...]
    contingent: tuple[CostItem, ...]
    nothing_else: str

    def lines(self) -> list[str]:
        """The cost table as plain lines, for a terminal, a letter or a page."""
        table = [
            f"贷款本金: {format_minor(self.principal_minor, self.currency)} {self.currency}, {len(self.periods)} 期"
        ]
        for item in (*self.items, *self.contingent):
            amount = "" if item.amount_minor is None else f", 合计 {format_minor(item.amount_minor, self.currency)}"
            payer = f"收取主体: {item.collector}, 承担主体: {item.payer}"
            table.append(f"{item.name}: {item.collection}; 年化 {item.annual_percent}%{amount}; {payer}{item.note}")
        rates = f"{self.effective_percent}% (单利口径 {self.nominal_percent}%)"
        table.append(f"正常履约情形下年化综合融资成本: {rates}")
        table.append(self.nothing_else)
        return table


def quote_plan(
    *,
    principal_minor: int,
    n: int,
    fee_total_minor: int,
    currency: str = "CNY",
    due_on: Sequence[dt.date] | None = None,
    terms: QuoteTerms = DEFAULT_TERMS,
) -> PlanQuote:
    """Quote a plan of `n` monthly instalments: P/n and fee/n each, both remainders in the first (rules.md §1).

    principal_minor  > 0     fee_total_minor  ≥ 0, of the whole plan     due_on  the n due dates, or None: not yet dated
    The rates are those of equal periods with the first payment one period after booking. A fee that the merchant or the
    platform pays costs the consumer nothing. Raises BadInput.
    """
    currency_digits(currency)
    check_periods(n)
    _check(principal_minor, fee_total_minor, terms.overdue_daily_ppm)
    if due_on is not None and (len(due_on) != n or list(due_on) != sorted(set(due_on))):
        raise BadInput(f"{n} rising due dates are wanted", code="DATES_IN_DISORDER")
    own_fee = fee_total_minor if terms.payer == "consumer" else 0
    periods = _periods(principal_minor, own_fee, n, due_on)
    cost = instalment_rate(principal_minor, [period.total_minor for period in periods])
    nominal, effective = _percent(Fraction(cost.nominal)), _percent(Fraction(cost.effective))
    fee_item = CostItem(
        name="分期利息(费)",
        collection=f"分 {n} 期随本金收取, 每期 {format_minor(fee_total_minor // n, currency)}, 余数计入首期",
        annual_percent=effective,
        collector=terms.collector,
        payer=_PAYERS[terms.payer],
        amount_minor=fee_total_minor,
    )
    return PlanQuote(
        currency=currency,
        principal_minor=principal_minor,
        fee_minor=fee_total_minor,
        consumer_fee_minor=own_fee,
        periods=periods,
        cost=cost,
        nominal_percent=nominal,
        effective_percent=effective,
        items=(fee_item,),
        contingent=(overdue_item(terms.overdue_daily_ppm, collector=terms.collector),),
        nothing_else=NOTHING_ELSE,
    )


def overdue_item(daily_ppm: int, *, collector: str = LENDER) -> CostItem:
    """The contingent row: a daily penalty on overdue principal, yearly at simple interest, and compounded as a note."""
    daily = rate_from_ppm(daily_ppm)
    simple = _percent(daily * YEAR_DAYS)
    compound = _percent(compound_yearly(daily, YEAR_DAYS))
    return CostItem(
        name="逾期罚息(或有)",
        collection=f"逾期后按逾期本金每日 {to_decimal(daily * 100, 4).normalize():f}% 收取",
        annual_percent=simple,
        collector=collector,
        payer=_PAYERS["consumer"],
        amount_minor=None,
        note=f" (单利; 复利口径 {compound}%)",
    )


def _periods(principal: int, fee: int, n: int, due_on: Sequence[dt.date] | None) -> tuple[PlanPeriod, ...]:
    rows = []
    left = principal
    for k, (part, cost) in enumerate(zip(split_even(principal, n), split_even(fee, n))):
        left -= part
        rows.append(PlanPeriod(k + 1, due_on[k] if due_on else None, part, cost, part + cost, left))
    return tuple(rows)


def _check(principal_minor: int, fee_total_minor: int, overdue_daily_ppm: int) -> None:
    check_minor(principal_minor)
    check_minor(fee_total_minor)
    if principal_minor <= 0:
        raise BadInput("the principal must be positive", code="BAD_AMOUNT")
    if fee_total_minor < 0:
        raise BadInput("the fee cannot be negative", code="BAD_AMOUNT")
    if not 0 <= overdue_daily_ppm < PPM:
        raise BadInput("the daily penalty must be a rate from 0 to 1", code="BAD_RATE")


def _percent(rate: Fraction) -> Decimal:
    return to_decimal(rate * 100, PERCENT_PLACES)
