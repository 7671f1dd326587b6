"""The report of one person: accounts in detail, a summary that is their sum, and what is out of the display by law or by repair.

Every view is made of the same records; nothing here changes one. `summary = sum_up(accounts)` always: there is no other way to make it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from honghua.bureau.core.codes import ADVERSE, OVERDUE, AccountType
from honghua.bureau.core.records import Record
from honghua.bureau.core.repair import OverdueItem
from honghua.bureau.core.retention import start_clock
from honghua.bureau.core.strip import FINAL, get_strip_rules, lay_strip


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One adverse item: an unbroken run of arrears of one account, its largest overdue amount, and its end. months: those it colours.

    left_minor: what is still overdue. is_bad_debt: it was written off.
    """

    account_id: int
    customer: str
    arose_on: dt.date
    ended_on: dt.date | None
    amount_minor: int
    left_minor: int
    months: tuple[dt.date, ...]
    is_bad_debt: bool

    @property
    def key(self) -> tuple[int, dt.date]:
        """An account has one run of arrears from a day."""
        return self.account_id, self.arose_on

    def as_overdue(self, *, region: str = "") -> OverdueItem:
        """What a repair policy judges."""
        return OverdueItem(
            arose_on=self.arose_on, amount_minor=max(self.amount_minor, 1), repaid_on=self.ended_on, left_minor=self.left_minor,
            region=region,
        )  # fmt: skip

    def is_kept(self, on: dt.date) -> bool:
        """Whether the five years since its end are not over."""
        return start_clock(occurred_on=self.arose_on, ended_on=self.ended_on).is_shown(on)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountShown:
    """One account, or a lender's part of it, as a report shows it.

    strip: 24 months up to the last record; history: (month, status, overdue) of five years.
    """

    account_id: int
    reporter: str
    account_type: AccountType
    opened_on: dt.date
    month: dt.date
    status: str
    risk_class: int
    line_minor: int
    used_minor: int
    balance_minor: int
    due_minor: int
    overdue_minor: int
    last_paid_on: dt.date | None
    strip: str
    history: tuple[tuple[dt.date, str, int], ...]
    trades: tuple[int, ...]
    is_disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first page of a report; all of it is counted from the accounts shown. Amounts minor units."""

    accounts: int
    open_accounts: int
    lenders: int
    line_minor: int
    used_minor: int
    balance_minor: int
    overdue_accounts: int
    overdue_months: int
    overdue_minor: int
    worst_status: int
    worst_class: int


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody sees on a day."""

    customer: str
    on: dt.date
    summary: Summary
    accounts: tuple[AccountShown, ...]


def find_items(records: Sequence[Record]) -> list[Item]:
    """Adverse items of records of one or more accounts (the newest version of each month), by account and day.

    A run of arrears is one item, however many lenders report a part of it: a debt does not become small by being shared.
    """
    found: dict[tuple[int, dt.date], Item] = {}
    newest: dict[int, tuple[int, dt.date]] = {}
    for record in _merge_lenders(records):
        last = newest.get(record.account_id)
        if record.carried_cleared_on is not None and last is not None and found[last].ended_on is None:
            found[last] = replace(found[last], ended_on=record.carried_cleared_on, left_minor=0)
        if record.overdue_from is None:
            continue
        key = newest[record.account_id] = (record.account_id, record.overdue_from)
        before = found.get(key)
        found[key] = Item(
            account_id=record.account_id,
            customer=record.customer,
            arose_on=record.overdue_from,
            ended_on=record.cleared_on,
            amount_minor=max(record.overdue_most_minor, before.amount_minor if before else 0),
            left_minor=record.overdue_minor if record.cleared_on is None else 0,
            months=(*(before.months if before else ()), record.month),
            is_bad_debt=record.status == "B" or (before is not None and before.is_bad_debt),
        )
    return list(found.values())


def _merge_lenders(records: Sequence[Record]) -> list[Record]:
    """One record an account and month, what its lenders report added up, in order."""
    by_month = groupby(
        sorted(records, key=lambda one: (one.account_id, one.month)), key=lambda one: (one.account_id, one.month)
    )
    return [_merge(list(mine)) for _, mine in by_month]


def _merge(records: Sequence[Record]) -> Record:
    late = [one for one in records if one.overdue_from is not None]
    if len(records) == 1 or not late:
        carried = [one for one in records if one.carried_cleared_on is not None]
        return carried[0] if carried else records[0]
    open_ones = [one for one in late if one.cleared_on is None]
    return replace(
        late[0],
        status="B" if any(one.status == "B" for one in late) else late[0].status,
        overdue_minor=sum(one.overdue_minor for one in late),
        overdue_most_minor=sum(one.overdue_most_minor for one in late),
        overdue_from=min(one.overdue_from for one in late if one.overdue_from is not None),
        cleared_on=None if open_ones else max(one.cleared_on for one in late if one.cleared_on is not None),
    )


def show(
    customer: str,
    records: Sequence[Record],
    *,
    on: dt.date,
    repaired: Mapping[tuple[int, dt.date], dt.date],
    disputed: frozenset[tuple[int, dt.date]] = frozenset(),
) -> Report:
    """The report on a day: of items past their five years, or repaired and off by that day, nothing adverse shows.

    records: the newest version of each month of a customer. repaired: display ends on, by item key; it hides nothing of a debt that
    a later correction says is not paid after all. disputed: (account, month).
    """
    hidden = {
        (item.account_id, month)
        for item in find_items(records)
        if not item.is_kept(on) or (item.ended_on is not None and repaired.get(item.key, dt.date.max) <= on)
        for month in item.months
    }
    shown = [clean(record) if (record.account_id, record.month) in hidden else record for record in records]
    by_account = groupby(
        sorted(shown, key=lambda one: (one.account_id, one.reporter, one.month)),
        key=lambda one: (one.account_id, one.reporter),
    )
    accounts = tuple(_account(list(mine), disputed) for _, mine in by_account)
    return Report(customer, on, sum_up(accounts), accounts)


def clean(record: Record) -> Record:
    """A record as it shows once its adverse item is out of the display: status normal, overdue amount 0 (rules.md §10 display)."""
    status = "N" if record.status in ADVERSE or record.status == "M" else record.status
    return replace(
        record,
        status=status,
        overdue_minor=0,
        overdue_most_minor=0,
        days_past_due=0,
        overdue_from=None,
        cleared_on=None,
    )


def sum_up(accounts: Sequence[AccountShown]) -> Summary:
    """The summary of what is shown: there is no figure in it that the accounts do not say."""
    last = [one for one in accounts if one.status not in FINAL]
    statuses = [status for one in accounts for _, status, _ in one.history]
    return Summary(
        accounts=len(accounts),
        open_accounts=len(last),
        lenders=len({one.reporter for one in last}),
        line_minor=sum(one.line_minor for one in last),
        used_minor=sum(one.used_minor for one in last),
        balance_minor=sum(one.balance_minor for one in last),
        overdue_accounts=sum(any(status in ADVERSE for _, status, _ in one.history) for one in accounts),
        overdue_months=sum(status in ADVERSE for status in statuses),
        overdue_minor=sum(one.overdue_minor for one in accounts),
        worst_status=max(
            (int(status) if status in OVERDUE else 7 * (status in "BDZ") for status in statuses), default=0
        ),
        worst_class=max((one.risk_class for one in last if one.risk_class <= 5), default=1),
    )


def _account(records: Sequence[Record], disputed: frozenset[tuple[int, dt.date]]) -> AccountShown:
    last = records[-1]
    kept = records[-get_strip_rules(last.account_type).history_months :]
    return AccountShown(
        account_id=last.account_id,
        reporter=last.reporter,
        account_type=last.account_type,
        opened_on=last.opened_on,
        month=last.month,
        status=last.status,
        risk_class=last.risk_class,
        line_minor=last.line_minor,
        used_minor=last.used_minor,
        balance_minor=last.balance_minor,
        due_minor=last.due_minor,
        overdue_minor=last.overdue_minor,
        last_paid_on=last.last_paid_on,
        strip=lay_strip(last.account_type, {one.month: one.status for one in records}, last=last.month),
        history=tuple((one.month, one.status, one.overdue_minor) for one in kept),
        trades=tuple(trade for one in kept for trade in one.trades),
        is_disputed=any((one.account_id, one.month) in disputed for one in records),
    )
