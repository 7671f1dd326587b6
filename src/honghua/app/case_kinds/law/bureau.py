"""Cases of the credit bureau: what a repair policy does to an overdue, monthly status strips, how long an adverse item is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from honghua.app.case_kinds.law.reading import (
    find_day,
    find_local_day,
    iso,
    major,
    only,
    read_choice,
    read_flag,
    read_inputs,
    read_local_day,
    read_month,
)
from honghua.app.case_kinds.reading import Answers, Case, Fields
from honghua.base.errors import BadInput
from honghua.bureau.api import load_policies
from honghua.bureau.core import (
    ADVERSE_YEARS,
    STATUSES,
    AccountType,
    MonthEnd,
    MonthFigures,
    OverdueItem,
    RepairPolicy,
    RetentionRule,
    compute_status,
    end_of_month,
    judge,
    lay_strip,
    parse_policy,
    start_clock,
)

ITEM: Final = (
    "overdue_on", "arose_on", "overdue_from", "overdue_amount", "amount", "repaid_on", "repaid_at", "outstanding", "left", "fully_repaid",
    "region", "in_database", "institution", "loan_type", "account_type",
)  # fmt: skip
MONTH: Final = (
    "month", "days_past_due", "overdue_since", "due", "was_overdue", "billing_changed", "known", "end", "event",
)  # fmt: skip
TYPES: Final = {kind.value.lower(): kind for kind in AccountType} | {kind.name.lower(): kind for kind in AccountType}
ENDS: Final = {end.value: end for end in MonthEnd} | {
    "none": MonthEnd.OPEN, "written_off": MonthEnd.BAD_DEBT, "closed": MonthEnd.SETTLED, "normal_closed": MonthEnd.SETTLED,
    "asset_taken": MonthEnd.ASSET_TAKEN,
}  # fmt: skip


def credit_repair(case: Case) -> Any:
    """What becomes of an overdue under a repair policy: a single one, or `items`, each with its own answer."""
    fields = read_inputs(case, "policy", "as_of", "items", *ITEM)
    policy, as_of = read_policy(fields), find_local_day(fields, "as_of")
    if "items" not in fields:
        return _repaired(policy, _item(fields), as_of)
    found = [_repaired(policy, _item(only(one, *ITEM)), as_of) for one in fields.objects("items")]
    if case.wants_list:
        return found
    return Answers(items=lambda: found, repaired_count=lambda: sum(bool(one["repaired"]) for one in found))


def bureau_strip(case: Case) -> Mapping[str, Any]:
    """The statuses of an account's months and its strip up to the last of them (or `report_month`)."""
    fields = read_inputs(case, "account_type", "months", "report_month", "strip_months")
    account_type = read_choice(fields, "account_type", known=TYPES, default=AccountType.REVOLVING)
    months = [only(one, *MONTH) for one in fields.objects("months")]
    if not months:
        raise BadInput("inputs.months is empty")
    statuses = {read_month(one, "month"): compute_status(account_type, _month(one)) for one in months}
    if len(statuses) != len(months):
        raise BadInput("inputs.months names a month twice")
    last = read_month(fields, "report_month") if "report_month" in fields else max(statuses)
    wanted = fields.whole("strip_months") if "strip_months" in fields else None
    if wanted is not None and not 1 <= wanted <= 600:
        raise BadInput("inputs.strip_months is 1 … 600")
    return Answers(
        status=lambda: statuses[max(statuses)],
        statuses=lambda: [statuses[month] for month in sorted(statuses)],
        strip=lambda: lay_strip(account_type, statuses, last=last, months=wanted),
        meaning=lambda: STATUSES.meanings[statuses[max(statuses)]],
    )


def bureau_retention(case: Case) -> Mapping[str, Any]:
    """Until when an adverse item is shown."""
    names = ("occurred_on", "overdue_on", "ended_on", "conduct_ended_on", "repaid_on", "repaid_at", "as_of", "years")
    fields = read_inputs(case, *names)
    ended = find_local_day(fields, "ended_on", "conduct_ended_on", "repaid_on", "repaid_at")
    years = fields.whole("years", default=ADVERSE_YEARS.years)
    if not 1 <= years <= 100:
        raise BadInput("inputs.years is 1 … 100")
    rule = RetentionRule(years=years, source=ADVERSE_YEARS.source, grade=ADVERSE_YEARS.grade)
    clock = start_clock(occurred_on=read_local_day(fields, "occurred_on", "overdue_on"), ended_on=ended, rule=rule)
    return Answers(
        clock_starts_on=lambda: iso(clock.started_on),
        last_shown_on=lambda: iso(clock.last_on),
        expires_on=lambda: iso(clock.last_on),
        deleted_on=lambda: iso(clock.deleted_on),
        displayed=lambda: clock.is_shown(read_local_day(fields, "as_of")),
    )


def read_policy(fields: Fields) -> RepairPolicy:
    """The policy that a case names or writes out, ours when it does neither."""
    wanted = fields.get("policy")
    if isinstance(wanted, Mapping):
        return parse_policy(wanted)
    return read_choice(fields, "policy", known={one.name: one for one in load_policies()}, default=load_policies()[0])


def _item(fields: Fields) -> OverdueItem:
    repaid = find_local_day(fields, "repaid_on", "repaid_at")
    fully = read_flag(fields, "fully_repaid", default=repaid is not None)
    left = fields.money("outstanding", "left", default=0)
    return OverdueItem(
        arose_on=read_local_day(fields, "overdue_on", "arose_on", "overdue_from"),
        amount_minor=fields.money("overdue_amount", "amount"),
        repaid_on=repaid if fully else None,
        left_minor=left,
        region=fields.text("region", default=""),
        in_database=read_flag(fields, "in_database", default=True),
    )


def _repaired(policy: RepairPolicy, item: OverdueItem, as_of: dt.date | None) -> Mapping[str, Any]:
    verdict = judge(policy, item)

    def displayed() -> bool:
        if as_of is None:
            raise BadInput("inputs.as_of is missing")
        # repair takes off the display what the law's five years have not taken off before
        ended = item.repaid_on if not item.left_minor else None
        return verdict.is_displayed(as_of) and start_clock(occurred_on=item.arose_on, ended_on=ended).is_shown(as_of)

    return Answers(
        eligible=lambda: verdict.is_repaired,
        repaired=lambda: verdict.is_repaired,
        failed=lambda: list(verdict.failed),
        display_off_on=lambda: iso(verdict.off_on),
        displayed=displayed,
        shown_status=lambda: "overdue" if displayed() else "normal",
        shown_overdue_amount=lambda: major(item.amount_minor if displayed() else 0),
    )


def _month(fields: Fields) -> MonthFigures:
    month = read_month(fields, "month")
    since = find_day(fields, "overdue_since")
    days = fields.whole("days_past_due", default=0)
    if since is not None:
        days = max(0, (end_of_month(month) - since).days)
    return MonthFigures(
        days_past_due=days,
        due_minor=fields.money("due", default=0),
        was_overdue=read_flag(fields, "was_overdue", default=False),
        billing_changed=read_flag(fields, "billing_changed", default=False),
        is_known=read_flag(fields, "known", default=True),
        end=read_choice(fields, "end", "event", known=ENDS, default=MonthEnd.OPEN),
    )
