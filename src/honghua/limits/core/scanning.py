"""The second look between approval and payout (R-063): what has changed since, and what of it stops the money."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from honghua.limits.core.terms import PPM, LimitTerms

# Why a payout is stopped: Chinese, English.
STOPS: Final[dict[str, tuple[str, str]]] = {
    "NOT_APPROVED_YET": ("这笔申请没有有效的审批结果。", "There is no approval that this payout rests on."),
    "APPROVAL_STALE": ("审批已过有效期,请重新申请。", "The approval is too old. Please apply again."),
    "FRAUD_SINCE": ("审批后出现风险报告,放款已暂停并转人工核实。", "A fraud was reported since; a person checks before money moves."),
    "LENDERS_SINCE": ("审批后在其他机构的借款增加,放款已暂停。", "Debts with other lenders grew since; the payout is stopped."),
    "DEBT_SINCE": ("审批后负债明显增加,放款已暂停。", "Debts grew a lot since; the payout is stopped."),
    "INQUIRIES_SINCE": ("审批后短期内征信查询过多,放款已暂停。", "Many lenders asked about you since; the payout is stopped."),
    "ADVERSE_SINCE": ("审批后征信出现新的逾期,放款已暂停。", "New arrears appeared since the approval; the payout is stopped."),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What is known now; None = not known anew, which stops nothing by itself. is_reported: the person or their device was reported."""

    is_reported: bool = False
    fraud: float | None = None
    lenders: float | None = None
    debt_minor: float | None = None
    inquiries_6m: float | None = None
    worst_24m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was known at approval; None = not known. limit_minor: what was approved; on: its day; is_approved: whether it stands."""

    on: dt.date
    is_approved: bool
    limit_minor: int
    lenders: float | None
    debt_minor: float | None
    inquiries_6m: float | None
    worst_24m: float | None


def look_again(terms: LimitTerms, then: Then, now: Scan, *, on: dt.date) -> str:
    """The code of what stops the payout, "" where nothing does. What was not known then counts as none: all of it is new."""
    debt_bound = max(then.limit_minor, 1) * terms.scan_debt_share_ppm / PPM
    found = (
        ("NOT_APPROVED_YET", not then.is_approved),
        ("APPROVAL_STALE", not 0 <= (on - then.on).days <= terms.approval_days),
        ("FRAUD_SINCE", now.is_reported or (now.fraud is not None and now.fraud * PPM >= terms.scan_fraud_ppm)),
        ("LENDERS_SINCE", _grown(then.lenders, now.lenders) >= terms.scan_lenders_more),
        ("DEBT_SINCE", _grown(then.debt_minor, now.debt_minor) > debt_bound),
        ("INQUIRIES_SINCE", _grown(then.inquiries_6m, now.inquiries_6m) >= terms.scan_inquiries),
        ("ADVERSE_SINCE", _grown(then.worst_24m, now.worst_24m) >= 1),
    )
    return next((code for code, stops in found if stops), "")


def _grown(then: float | None, now: float | None) -> float:
    return 0.0 if now is None else now - (then or 0.0)


__all__ = ["STOPS", "Scan", "Then", "look_again"]
