"""The bureau room's pure part: codes, strips, records, clocks, repair. This page is its door for other rooms."""

from __future__ import annotations

from honghua.bureau.core.codes import (
    ACCOUNT_TYPES,
    ADVERSE,
    CARD_STRIP,
    CLASSES,
    LOAN_STRIP,
    OVERDUE,
    STATUSES,
    TRADES,
    AccountType,
    CodeTable,
    MonthEnd,
    StripRules,
    Trade,
)
from honghua.bureau.core.repair import (
    DisplayRule,
    OverdueItem,
    RepairPolicy,
    RepairVerdict,
    judge,
    judge_all,
    parse_policy,
)
from honghua.bureau.core.retention import ADVERSE_YEARS, Retention, RetentionRule, start_clock
from honghua.bureau.core.strip import MonthFigures, compute_status, end_of_month, lay_strip, list_months, month_after

__all__ = [
    "ACCOUNT_TYPES", "ADVERSE", "ADVERSE_YEARS", "CARD_STRIP", "CLASSES", "LOAN_STRIP", "OVERDUE", "STATUSES", "TRADES", "AccountType",
    "CodeTable", "DisplayRule", "MonthEnd", "MonthFigures", "OverdueItem", "RepairPolicy", "RepairVerdict", "Retention",
    "RetentionRule", "StripRules", "Trade", "compute_status", "end_of_month", "judge", "judge_all", "lay_strip", "list_months",
    "month_after", "parse_policy", "start_clock",
]  # fmt: skip
