"""Part door of the response: the random slice, curves learnt from it, the check of any model against it, and limits chosen by it."""

from __future__ import annotations

from honghua.limits.response.checking import Moves, ResponseBounds, ResponseVerdict, check_response, measure_effect
from honghua.limits.response.choosing import ChoiceTerms, ChosenLimits, Evidence, choose_limits
from honghua.limits.response.curves import Baseline, Curves, Response, Rows
from honghua.limits.response.fitting import fit_baseline, fit_response, learn_response
from honghua.limits.response.offering import WORDS, Allotment, CampaignTerms, Why, allot_temporary, name_offers
from honghua.limits.response.quoting import TemporaryRisk, measure_temporary
from honghua.limits.response.slicing import OUTSIDE, Slice, draw_arms, is_in_slice, move_limits

__all__ = [
    "OUTSIDE",
    "WORDS",
    "Allotment",
    "Baseline",
    "CampaignTerms",
    "ChoiceTerms",
    "ChosenLimits",
    "Curves",
    "Evidence",
    "Moves",
    "Response",
    "ResponseBounds",
    "ResponseVerdict",
    "Rows",
    "Slice",
    "TemporaryRisk",
    "Why",
    "allot_temporary",
    "check_response",
    "choose_limits",
    "draw_arms",
    "fit_baseline",
    "fit_response",
    "is_in_slice",
    "learn_response",
    "measure_effect",
    "measure_temporary",
    "move_limits",
    "name_offers",
]
