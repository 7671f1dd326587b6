"""Cases of what a credit report displays on a day: the months of one account, before and after repair or the end of five years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from honghua.app.case_kinds.law.bureau import ENDS, TYPES, read_policy
from honghua.app.case_kinds.law.reading import (
    find_day,
    major,
    only,
    read_choice,
    read_inputs,
    read_local_day,
    read_month,
)
from honghua.app.case_kinds.reading import Answers, Case, Fields
from honghua.base.errors import BadInput
from honghua.bureau.api import Position, ProductSetting, Record, Report, find_items, make_record, show
from honghua.bureau.core import AccountType, MonthEnd, end_of_month, judge

MONTH: Final = (
    "month", "due", "days_past_due", "overdue", "overdue_most", "overdue_from", "cleared_on", "carried_cleared_on", "end", "balance",
    "line", "class",
)  # fmt: skip
STATES: Final = {MonthEnd.OPEN: "open", MonthEnd.SETTLED: "closed", MonthEnd.BAD_DEBT: "written_off"}


def bureau_display(case: Case) -> Mapping[str, Any]:
    """Detail and summary as shown on `as_of`, under the repair policy and the five years."""
    fields = read_inputs(case, "account_type", "months", "as_of", "policy")
    account_type = read_choice(fields, "account_type", known=TYPES, default=AccountType.REVOLVING)
    records = [_record(only(one, *MONTH), account_type) for one in fields.objects("months")]
    if not records or len({one.month for one in records}) != len(records):
        raise BadInput("inputs.months is empty or names a month twice")
    policy = read_policy(fields)
    verdicts = {item.key: judge(policy, item.as_overdue()) for item in find_items(records)}
    repaired = {key: verdict.off_on for key, verdict in verdicts.items() if verdict.off_on is not None}
    report = show("-", records, on=read_local_day(fields, "as_of"), repaired=repaired)
    return _answers(report)


def _answers(report: Report) -> Mapping[str, Any]:
    (account,) = report.accounts
    summary = report.summary
    return Answers(
        strip=lambda: account.strip,
        statuses=lambda: [status for _, status, _ in account.history],
        overdue_amounts=lambda: [major(overdue) for _, _, overdue in account.history],
        overdue_months=lambda: summary.overdue_months,
        overdue_accounts=lambda: summary.overdue_accounts,
        overdue_amount=lambda: major(summary.overdue_minor),
        worst_status=lambda: summary.worst_status,
        balance=lambda: major(summary.balance_minor),
        line=lambda: major(summary.line_minor),
    )


def _record(fields: Fields, account_type: AccountType) -> Record:
    month = read_month(fields, "month")
    end = read_choice(fields, "end", known=ENDS, default=MonthEnd.OPEN)
    if end not in STATES:
        raise BadInput(f"{fields.place}.end: an account here is open, settled or bad_debt")
    overdue, balance = fields.money("overdue", default=0), fields.money("balance", default=0)
    setting = ProductSetting(
        product="*", reports=True, queries=False, charges_fees=False, account_type=account_type, reporter="lender"
    )
    position = Position(
        account_id=1, customer="-", product="*", currency="CNY", month=month, opened_on=dt.date.min,
        line_minor=fields.money("line", default=0),
        used_minor=balance, owed_minor=0 if end is MonthEnd.SETTLED else balance, due_minor=fields.money("due", default=0), paid_minor=0,
        last_paid_on=None, days_past_due=fields.whole("days_past_due", default=0), overdue_from=find_day(fields, "overdue_from"),
        cleared_on=find_day(fields, "cleared_on"), carried_cleared_on=find_day(fields, "carried_cleared_on"), overdue_minor=overdue,
        overdue_most_minor=fields.money("overdue_most", default=overdue), risk_class=fields.whole("class", default=1),
        charged_off_minor=overdue if end is MonthEnd.BAD_DEBT else 0, state=STATES[end],
        ended_on=None if end is MonthEnd.OPEN else end_of_month(month), trades=(), known_fact_id=0,
    )  # fmt: skip
    record = make_record(position, setting)
    if record is None:
        raise BadInput(f"{fields.place}: a bad debt is overdue by something")
    return record
