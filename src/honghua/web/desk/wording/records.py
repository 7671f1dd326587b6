"""Words of the page of everything that was filed of a customer with the credit bureau."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.records_title": ("征信报送原始记录", "Raw bureau records of"),
    "desk.records_lead": (
        "仅限审计人员。修复或到期只影响展示,报送的每个版本都保留;每次查看都会连同理由记录下来。",
        "For auditors only. Repair and expiry change what is shown; every version that was filed is kept. Each look is written down with its reason.",
    ),
    "desk.records_ask": ("查看目的", "What for?"),
    "desk.records_show": ("查看", "Look"),
    "desk.records_kept": ("全部版本", "Every version"),
    "desk.records_on": (
        "“报告展示”一列为 {on} 的信用报告所示。",
        "The column “report shows” is what a report of {on} shows.",
    ),
    "desk.records_account": ("账户", "Account"),
    "desk.records_month": ("月份", "Month"),
    "desk.records_reporter": ("报送机构", "Reporter"),
    "desk.records_version": ("版本", "Version"),
    "desk.records_status": ("报送状态", "Filed"),
    "desk.records_shown": ("报告展示", "Report shows"),
    "desk.records_hidden": ("不展示", "not shown"),
    "desk.records_overdue": ("逾期金额", "Overdue"),
    "desk.records_why": ("报送原因", "Why filed"),
    "desk.records_at": ("记录时间", "Recorded"),
    "desk.records_none": ("没有报送过此客户的记录。", "Nothing was ever filed of this customer."),
    "desk.records_logged": ("本次查看已记录。", "This look was written down."),
    "desk.see_records": ("查看征信报送原始记录", "See the raw bureau records"),
}
