"""Shares, bounds, agreements and the comparison of two books: no database, no clock."""

from honghua.funding.core.agreements import OWN, Book, Channel, Partner, parse_book
from honghua.funding.core.bounds import (
    FUNDING_RULES,
    Exposure,
    FundingBase,
    FundingRules,
    LenderShare,
    ShareAsk,
    SharePlan,
    Standing,
    choose_rules,
    plan_shares,
)
from honghua.funding.core.comparing import FundingDifference, compare_books
from honghua.funding.core.routing import Route, Routing, choose_routing, find_route, parse_routings, place_customer
from honghua.funding.core.settling import Direction, LenderLine, LenderOrder, SettlementState, sign_of
from honghua.funding.core.splitting import (
    LOWERS,
    MovementKind,
    Position,
    share_loan,
    share_movement,
)

__all__ = [
    "FUNDING_RULES",
    "LOWERS",
    "OWN",
    "Book",
    "Channel",
    "Direction",
    "Exposure",
    "FundingBase",
    "FundingDifference",
    "FundingRules",
    "LenderLine",
    "LenderOrder",
    "LenderShare",
    "MovementKind",
    "Partner",
    "Position",
    "Route",
    "Routing",
    "SettlementState",
    "ShareAsk",
    "SharePlan",
    "Standing",
    "choose_routing",
    "choose_rules",
    "compare_books",
    "find_route",
    "parse_book",
    "parse_routings",
    "place_customer",
    "plan_shares",
    "share_loan",
    "share_movement",
    "sign_of",
]
