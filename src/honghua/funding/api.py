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
from honghua.funding.naming import find_named, name_in_contract, sign_named
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
from honghua.funding.store_reached import forget_marks, list_marked, lock_marks
from honghua.funding.store_transfers import count_kept, list_notices, list_transfers
from honghua.funding.transferring import (
    Proposal,
    Transfer,
    TransferNotice,
    TransferPage,
    decide_transfer,
    get_transfer,
    list_approved,
    propose_transfer,
    transfer_page,
)

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
    "Proposal",
    "Route",
    "Routing",
    "Transfer",
    "TransferNotice",
    "TransferPage",
    "act_on_partner",
    "allocate",
    "allocate_purchase",
    "choose_routing",
    "count_kept",
    "decide_transfer",
    "find_named",
    "find_route",
    "find_standing",
    "follow_books",
    "forget_marks",
    "get_allocation",
    "get_channel",
    "get_reporter",
    "get_transfer",
    "list_acts",
    "list_approved",
    "list_marked",
    "list_notices",
    "list_of_lender",
    "list_partners",
    "list_transfers",
    "load_book",
    "load_routings",
    "loan_of",
    "lock_marks",
    "name_in_contract",
    "name_lenders",
    "propose_transfer",
    "read_exposures",
    "read_joint_total",
    "read_parts",
    "reconcile",
    "reconcile_all",
    "record",
    "report_base",
    "report_breach",
    "sign_named",
    "sum_revenue",
    "transfer_page",
]
