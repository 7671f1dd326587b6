"""The codes of the second-generation bureau, as frozen tables with their source and how sure it is (rules.md §9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class AccountType(StrEnum):
    """Kinds of credit account."""

    TERM_LOAN = "D1"  # non-revolving
    REVOLVING = "R1"
    CREDIT_CARD = "R2"
    SEMI_CREDIT_CARD = "R3"
    SUB_ACCOUNT = "R4"  # a loan of its own under a revolving line
    COLLECTION = "C1"


class MonthEnd(StrEnum):
    """How an account ended, if it did; OPEN while it goes on."""

    OPEN = "open"
    SETTLED = "settled"
    ENDED = "ended"  # otherwise than by being paid
    BAD_DEBT = "bad_debt"
    ASSET_TAKEN = "debt_for_asset"
    GUARANTOR_PAID = "guarantor_paid"


class Trade(IntEnum):
    """Special trades."""

    EXTENDED = 1
    PAID_BY_OTHER = 2
    DEBT_FOR_ASSET = 3
    PREPAID = 4
    SETTLED_EARLY = 5
    COURT_RECOVERY = 8
    OTHER = 9
    DEBT_REDUCED = 11
    HARDSHIP_PLAN = 14
    BANK_DEFERRED = 16


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Codes with what they mean; grade A … U says how sure the source is."""

    meanings: dict[str, str]
    source: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StripRules:
    """How days past due become a status. steps: the last day of each of the statuses "1", "2" …; the one after them has no end."""

    steps: tuple[int, ...]
    normal: str
    nothing_due: str
    unknown: str
    not_open: str
    repaid_in_month: str  # was overdue in the month and is no more at its end
    billing_changed: str | None  # on cards only
    ends: dict[MonthEnd, str]
    months: int
    history_months: int
    source: str
    grade: str


STEPS: Final = (30, 60, 90, 120, 150, 180)
LOAN_STRIP: Final = StripRules(
    steps=STEPS, normal="N", nothing_due="*", unknown="#", not_open="/", repaid_in_month="M", billing_changed=None,
    ends={
        MonthEnd.SETTLED: "C", MonthEnd.ENDED: "G", MonthEnd.BAD_DEBT: "B", MonthEnd.ASSET_TAKEN: "Z", MonthEnd.GUARANTOR_PAID: "D",
    },
    months=24, history_months=60, source="rules.md §9 monthly status, loans; not open: U", grade="C",
)  # fmt: skip
CARD_STRIP: Final = StripRules(
    steps=STEPS, normal="N", nothing_due="*", unknown="#", not_open="/", repaid_in_month="N", billing_changed="A",
    ends={MonthEnd.SETTLED: "C", MonthEnd.ENDED: "G", MonthEnd.BAD_DEBT: "B"},
    months=24, history_months=60, source="rules.md §9 monthly status, cards (R2)", grade="B",
)  # fmt: skip
STRIPS: Final[dict[AccountType, StripRules]] = {
    AccountType.TERM_LOAN: LOAN_STRIP,
    AccountType.REVOLVING: LOAN_STRIP,
    AccountType.SUB_ACCOUNT: LOAN_STRIP,
    AccountType.CREDIT_CARD: CARD_STRIP,
    AccountType.SEMI_CREDIT_CARD: CARD_STRIP,
}  # a collection account (C1) has no strip
ADVERSE: Final = frozenset(
    "1234567BDZ"
)  # statuses that say something bad of somebody; G: rules.md says no more than "ended otherwise"
OVERDUE: Final = frozenset("1234567")

ACCOUNT_TYPES: Final = CodeTable(
    {"D1": "非循环贷", "R1": "循环贷", "R2": "贷记卡", "R3": "准贷记卡", "R4": "循环额度下分账户", "C1": "催收"},
    "rules.md §9 account types", "B",
)  # fmt: skip
CLASSES: Final = CodeTable(
    {"1": "正常", "2": "关注", "3": "次级", "4": "可疑", "5": "损失", "9": "未知"}, "rules.md §9 five-class code", "B"
)
TRADES: Final = CodeTable(
    {
        "1": "展期", "2": "代偿", "3": "以资抵债", "4": "提前还款", "5": "提前结清", "8": "司法追偿", "9": "其他", "11": "债务减免",
        "14": "个性化分期", "16": "银行主动延期",
    },
    "rules.md §9 special trades", "B",
)  # fmt: skip
STATUSES: Final = CodeTable(
    {
        "N": "正常", "1": "逾期1-30天", "2": "逾期31-60天", "3": "逾期61-90天", "4": "逾期91-120天", "5": "逾期121-150天",
        "6": "逾期151-180天", "7": "逾期180天以上", "*": "本月未到还款期", "#": "未知", "D": "担保人代还", "Z": "以资抵债",
        "B": "呆账", "C": "结清", "G": "结束(非正常)", "M": "当月逾期已还", "A": "账单日调整", "/": "无账户",
    },
    "rules.md §9 monthly status",
    "C",
)  # fmt: skip
