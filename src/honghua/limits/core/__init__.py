"""Door of the pure part: terms and caps, applicants and how they are judged, prices, growth, grants, the second look, batch offers."""

from honghua.limits.core.affordability import Suggestion, affordable_minor, suggest
from honghua.limits.core.applicants import INPUTS, VALUES, Applicant, application_vocabulary
from honghua.limits.core.approving import (
    Rulebook,
    Ruling,
    again,
    risk_price,
    rule_all,
    rule_one,
    rulebook_from_body,
    vectors_of,
)
from honghua.limits.core.business import BUSINESS_BOOK
from honghua.limits.core.granting import Act, Grant, Scope, State, act, left_for, share_out
from honghua.limits.core.growing import (
    REASONS,
    Growth,
    Move,
    Record,
    Rule,
    decide_move,
    explain_growth,
    find_segment,
    next_limit,
)
from honghua.limits.core.pricing import Price, assemble, grade_of, price_of
from honghua.limits.core.scanning import STOPS, Scan, Then, look_again
from honghua.limits.core.scorecards import Characteristic, Scorecard, chances, fit_card, points_of
from honghua.limits.core.segments import EXAMPLE_SEGMENTS, Segment
from honghua.limits.core.shipped import ABILITY, APPROVAL, WILLINGNESS
from honghua.limits.core.targeting import Audience, Offers, choose_offers
from honghua.limits.core.terms import BUSINESS, CONSUMPTION, LENDERS, PPM, DatedCap, LimitTerms, Moment, terms_from_body

__all__ = [
    "ABILITY",
    "APPROVAL",
    "BUSINESS",
    "BUSINESS_BOOK",
    "CONSUMPTION",
    "EXAMPLE_SEGMENTS",
    "INPUTS",
    "LENDERS",
    "PPM",
    "REASONS",
    "STOPS",
    "VALUES",
    "WILLINGNESS",
    "Act",
    "Applicant",
    "Audience",
    "Characteristic",
    "DatedCap",
    "Grant",
    "Growth",
    "LimitTerms",
    "Moment",
    "Move",
    "Offers",
    "Price",
    "Record",
    "Rule",
    "Rulebook",
    "Ruling",
    "Scan",
    "Scope",
    "Scorecard",
    "Segment",
    "State",
    "Suggestion",
    "Then",
    "act",
    "affordable_minor",
    "again",
    "application_vocabulary",
    "assemble",
    "chances",
    "choose_offers",
    "decide_move",
    "explain_growth",
    "find_segment",
    "fit_card",
    "grade_of",
    "left_for",
    "look_again",
    "next_limit",
    "points_of",
    "price_of",
    "risk_price",
    "rule_all",
    "rule_one",
    "rulebook_from_body",
    "share_out",
    "suggest",
    "terms_from_body",
    "vectors_of",
]
