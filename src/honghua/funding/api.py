"""The funding room's door: loans shared among lenders, what happened to each part, partners and their books."""

from __future__ import annotations

from honghua.funding.core.routing import Route, Routing, choose_routing, find_route
from honghua.funding.following import BoughtOnCredit, allocate_purchase, loan_of
from honghua.funding.lending import (
    DIRECT,
    Allocation,
    LoanEvent,
    allocate,
    get_allocation,
    get_channel,
    get_reporter,
    list_of_lender,
    load_book,
    name_lenders,
    read_exposures,
    read_joint_total,
    read_parts,
    record,
    report_base,
    sum_revenue,
)
from honghua.funding.partnering import (
    DUTIES,
    Listed,
    act_on_partner,
    find_standing,
    list_acts,
    list_partners,
    report_breach,
)
from honghua.funding.port import FakePartner, PartnerRow, PartnerStatement, PartnerSystem
from honghua.funding.reconciling import FundingReconciliation, reconcile, reconcile_all
from honghua.funding.sharing import Followed, follow_books, load_routings
from honghua.funding.store import FundingMovement
from honghua.funding.store_following import AccountPart

__all__ = [
    "DIRECT",
    "DUTIES",
    "AccountPart",
    "Allocation",
    "BoughtOnCredit",
    "FakePartner",
    "Followed",
    "FundingMovement",
    "FundingReconciliation",
    "Listed",
    "LoanEvent",
    "PartnerRow",
    "PartnerStatement",
    "PartnerSystem",
    "Route",
    "Routing",
    "act_on_partner",
    "allocate",
    "allocate_purchase",
    "choose_routing",
    "find_route",
    "find_standing",
    "follow_books",
    "get_allocation",
    "get_channel",
    "get_reporter",
    "list_acts",
    "list_of_lender",
    "list_partners",
    "load_book",
    "load_routings",
    "loan_of",
    "name_lenders",
    "read_exposures",
    "read_joint_total",
    "read_parts",
    "reconcile",
    "reconcile_all",
    "record",
    "report_base",
    "report_breach",
    "sum_revenue",
]
