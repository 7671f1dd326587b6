"""The bureau room's door: file months, ask about people, tell them, hear their objections, repair what the law repairs.

Functions work inside the caller's transaction, except `inquire`, which needs an idle connection: it commits its question before asking.
"""

from __future__ import annotations

from honghua.bureau.core.inquiries import (
    INQUIRY_POLICY,
    REASONS,
    Asking,
    Consent,
    Exposure,
    InquiryPolicy,
    ProviderAnswer,
    Purpose,
    check_answer,
)
from honghua.bureau.core.objections import RULES, ObjectionKind
from honghua.bureau.core.parts import LenderPart, divide_position
from honghua.bureau.core.records import Position, ProductSetting, Record, make_record
from honghua.bureau.core.report import AccountShown, Item, Report, Summary, find_items, show, sum_up
from honghua.bureau.delivering import DeliveryReport, FilingDesk, deliver_files
from honghua.bureau.expiring import DeletionReport, delete_expired, find_expired
from honghua.bureau.fake_bureau import FakeBureau, invent_exposure
from honghua.bureau.inquiring import BureauAnswer, BureauProvider, find_before, inquire, list_inquiries, list_stale
from honghua.bureau.objecting import (
    ObjectionRow,
    answer_objection,
    get_objection,
    list_objections,
    list_objections_of,
    open_objection,
)
from honghua.bureau.policies import Products, get_setting, load_policies, load_products
from honghua.bureau.repairing import (
    RESCORE_WISH,
    Reinclusion,
    RepairReport,
    RepairRow,
    find_reinclusion,
    list_reinclusions,
    list_repairs,
    repair_page,
)
from honghua.bureau.reporting import (
    NOTICE,
    POSITIONS_MAX,
    SHARED_ANEW,
    MonthReport,
    NoticeRule,
    make_file_again,
    report_positions,
)
from honghua.bureau.showing import OwnReport, read_raw, view_own_report, view_report
from honghua.bureau.simulator import BureauSimulator, People, list_digests, make_people
from honghua.bureau.store_inquiries import InquiryRow
from honghua.bureau.store_records import (
    Filed,
    NoticeRow,
    find_filed,
    find_reported,
    list_files,
    list_known,
    list_newest,
    list_newest_after,
    list_of_accounts,
)

__all__ = [
    "INQUIRY_POLICY",
    "NOTICE",
    "POSITIONS_MAX",
    "REASONS",
    "RESCORE_WISH",
    "RULES",
    "SHARED_ANEW",
    "AccountShown",
    "Asking",
    "BureauAnswer",
    "BureauProvider",
    "BureauSimulator",
    "Consent",
    "DeletionReport",
    "DeliveryReport",
    "Exposure",
    "FakeBureau",
    "Filed",
    "FilingDesk",
    "InquiryPolicy",
    "InquiryRow",
    "Item",
    "LenderPart",
    "MonthReport",
    "NoticeRow",
    "NoticeRule",
    "ObjectionKind",
    "ObjectionRow",
    "OwnReport",
    "People",
    "Position",
    "ProductSetting",
    "Products",
    "ProviderAnswer",
    "Purpose",
    "Record",
    "Reinclusion",
    "RepairReport",
    "RepairRow",
    "Report",
    "Summary",
    "answer_objection",
    "check_answer",
    "delete_expired",
    "deliver_files",
    "divide_position",
    "find_before",
    "find_expired",
    "find_filed",
    "find_items",
    "find_reinclusion",
    "find_reported",
    "get_objection",
    "get_setting",
    "inquire",
    "invent_exposure",
    "list_digests",
    "list_files",
    "list_inquiries",
    "list_known",
    "list_newest",
    "list_newest_after",
    "list_objections",
    "list_objections_of",
    "list_of_accounts",
    "list_reinclusions",
    "list_repairs",
    "list_stale",
    "load_policies",
    "load_products",
    "make_file_again",
    "make_people",
    "make_record",
    "open_objection",
    "read_raw",
    "repair_page",
    "report_positions",
    "show",
    "sum_up",
    "view_own_report",
    "view_report",
]  # fmt: skip
