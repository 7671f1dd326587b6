"""Part door of the response: the random slice, curves learnt from it, the check of any model against it, and limits chosen by it."""

from __future__ import annotations

from honghua.limits.response.campaigns import (
    Batch,
    Checker,
    TemporaryCampaign,
    answer_temporary,
    count_reasons,
    end_temporary,
    get_temporary,
    list_begun,
    list_temporary,
    offer_piece,
    propose_temporary,
)
from honghua.limits.response.checking import Moves, ResponseBounds, ResponseVerdict, check_response, measure_effect
from honghua.limits.response.choosing import ChoiceTerms, ChosenLimits, Evidence, choose_limits
from honghua.limits.response.curves import Baseline, Curves, Response, Rows
from honghua.limits.response.fitting import fit_baseline, fit_response, learn_response
from honghua.limits.response.keeping import Labels, keep_slice, note_outcomes, read_evidence
from honghua.limits.response.offering import Allotment, allot_temporary, name_offers
from honghua.limits.response.periods import (
    X_NAMES,
    DrawnRow,
    SliceTerms,
    find_base,
    find_drawn,
    list_unnoted,
    make_rows,
    may_be_moved,
    read_slice_terms,
)
from honghua.limits.response.quoting import TemporaryRisk, measure_temporary
from honghua.limits.response.slicing import OUTSIDE, Slice, draw_arms, is_in_slice, move_limits
from honghua.limits.response.store import read_pass, write_pass
from honghua.limits.response.whys import WORDS, CampaignTerms, Why

__all__ = [
    "OUTSIDE",
    "WORDS",
    "X_NAMES",
    "Allotment",
    "Baseline",
    "Batch",
    "CampaignTerms",
    "Checker",
    "ChoiceTerms",
    "ChosenLimits",
    "Curves",
    "DrawnRow",
    "Evidence",
    "Labels",
    "Moves",
    "Response",
    "ResponseBounds",
    "ResponseVerdict",
    "Rows",
    "Slice",
    "SliceTerms",
    "TemporaryCampaign",
    "TemporaryRisk",
    "Why",
    "allot_temporary",
    "answer_temporary",
    "check_response",
    "choose_limits",
    "count_reasons",
    "draw_arms",
    "end_temporary",
    "find_base",
    "find_drawn",
    "fit_baseline",
    "fit_response",
    "get_temporary",
    "is_in_slice",
    "keep_slice",
    "learn_response",
    "list_begun",
    "list_temporary",
    "list_unnoted",
    "make_rows",
    "may_be_moved",
    "measure_effect",
    "measure_temporary",
    "move_limits",
    "name_offers",
    "note_outcomes",
    "offer_piece",
    "propose_temporary",
    "read_evidence",
    "read_pass",
    "read_slice_terms",
    "write_pass",
]
