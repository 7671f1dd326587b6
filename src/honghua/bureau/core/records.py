"""Monthly records: a position at the end of a month, in the bureau's codes: one an account, lender and month, never a purchase."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

from honghua.base.errors import BadInput
from honghua.bureau.core.codes import ADVERSE, AccountType, MonthEnd, Trade
from honghua.bureau.core.strip import MonthFigures, compute_status

CLASS_UNKNOWN: Final = 9
SOLD: Final = "sold"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSetting:
    """What a product does with the bureau, told to the customer before it is opened (R-023). reporter: the lender of the line."""

    product: str
    reports: bool
    queries: bool
    charges_fees: bool
    account_type: AccountType
    reporter: str
    source: str = ""
    grade: str = "U"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How one account stood at the end of a month. Amounts minor units of `currency`; days are business dates.

    due_minor: what fell due in the month; overdue_minor: what should have been paid before its last day, days_past_due: of the oldest
    part of it; overdue_from … cleared_on: the last run of arrears in the month, None = none, and not cleared; overdue_most_minor: the
    most of it; carried_cleared_on: the end of a run that began before the month. state: open, closed, written_off, and sold where
    another lender has this part now. known_fact_id: the last fact that was known of the account.
    reporter: the lender whose part this is, "" = the product's own.
    """

    account_id: int
    customer: str
    product: str
    currency: str
    month: dt.date
    opened_on: dt.date
    line_minor: int
    used_minor: int
    owed_minor: int
    due_minor: int
    paid_minor: int
    last_paid_on: dt.date | None
    days_past_due: int
    overdue_from: dt.date | None
    cleared_on: dt.date | None
    carried_cleared_on: dt.date | None
    overdue_minor: int
    overdue_most_minor: int
    risk_class: int
    charged_off_minor: int
    state: str
    ended_on: dt.date | None
    trades: tuple[Trade, ...]
    known_fact_id: int
    reporter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is filed of one account for one month. No purchase, no goods, no merchant: rules.md §9."""

    account_id: int
    customer: str
    month: dt.date
    reporter: str
    account_type: AccountType
    currency: str
    opened_on: dt.date
    ended_on: dt.date | None
    line_minor: int
    used_minor: int
    balance_minor: int
    due_minor: int
    paid_minor: int
    last_paid_on: dt.date | None
    status: str
    days_past_due: int
    overdue_minor: int
    overdue_most_minor: int
    overdue_from: dt.date | None
    cleared_on: dt.date | None
    carried_cleared_on: dt.date | None
    risk_class: int
    trades: tuple[int, ...]

    @property
    def is_adverse(self) -> bool:
        """Whether it says something bad, of which the person must have been told before (art. 15)."""
        return (
            self.status in ADVERSE or self.overdue_minor > 0 or (self.overdue_from is not None and self.status == "M")
        )


def make_record(position: Position, setting: ProductSetting) -> Record | None:
    """The record of a position; None where there is nothing to file: the product does not report, or the account had ended before.

    BadInput when the setting is another product's.
    """
    if setting.product not in (position.product, "*"):
        raise BadInput(f"settings of {setting.product} for an account of {position.product}", code="PRODUCT_MISMATCH")
    if not setting.reports:
        return None
    end = find_end(position)
    if end in (MonthEnd.SETTLED, MonthEnd.ENDED) and not _ends_in_month(position, end):
        return None
    days = position.days_past_due if position.state == "open" else 0
    figures = MonthFigures(
        days_past_due=days,
        due_minor=position.due_minor,
        was_overdue=position.overdue_from is not None,
        end=end,
    )
    return Record(
        account_id=position.account_id,
        customer=position.customer,
        month=position.month,
        reporter=position.reporter or setting.reporter,
        account_type=setting.account_type,
        currency=position.currency,
        opened_on=position.opened_on,
        ended_on=position.ended_on,
        line_minor=position.line_minor,
        used_minor=position.used_minor,
        balance_minor=position.charged_off_minor if end is MonthEnd.BAD_DEBT else position.owed_minor,
        due_minor=position.due_minor,
        paid_minor=position.paid_minor,
        last_paid_on=position.last_paid_on,
        status=compute_status(setting.account_type, figures),
        days_past_due=days,
        overdue_minor=position.charged_off_minor if end is MonthEnd.BAD_DEBT else position.overdue_minor,
        overdue_most_minor=position.overdue_most_minor,
        overdue_from=position.overdue_from,
        cleared_on=position.cleared_on,
        carried_cleared_on=position.carried_cleared_on,
        risk_class=position.risk_class if 1 <= position.risk_class <= 5 else CLASS_UNKNOWN,
        trades=tuple(sorted(int(trade) for trade in position.trades)),
    )


def make_void(record: Record) -> Record:
    """What corrects a record of a lender that turned out to have no part: nothing of it is left."""
    return replace(
        record, ended_on=None, line_minor=0, used_minor=0, balance_minor=0, due_minor=0, paid_minor=0, last_paid_on=None,
        status="*", days_past_due=0, overdue_minor=0, overdue_most_minor=0, overdue_from=None, cleared_on=None,
        carried_cleared_on=None, risk_class=1, trades=(),
    )  # fmt: skip


def find_end(position: Position) -> MonthEnd:
    """How the account had ended by the end of the month. Written off is bad debt until all of it has been recovered."""
    if position.state == "written_off":
        return MonthEnd.BAD_DEBT if position.charged_off_minor else MonthEnd.SETTLED
    if position.state == SOLD:
        return MonthEnd.ENDED
    if position.state == "closed":
        return MonthEnd.SETTLED if position.owed_minor <= 0 else MonthEnd.ENDED
    return MonthEnd.OPEN


def _ends_in_month(position: Position, end: MonthEnd) -> bool:
    """Whether the month is the one in which it ended: for a recovered write-off that of the last recovery."""
    recovered = position.state == "written_off" and end is MonthEnd.SETTLED
    on = position.last_paid_on if recovered else position.ended_on
    return on is not None and on.replace(day=1) == position.month
