"""Door of the part: one examination of any candidate, and its pieces one by one."""

from __future__ import annotations

from honghua.models.examining.adversarial import Telling, tell_apart
from honghua.models.examining.card import candidate_card, candidate_html
from honghua.models.examining.examination import (
    Comparison,
    Examination,
    ExaminationBounds,
    ExaminedRows,
    Rival,
    Window,
    compare,
    examine_candidate,
)
from honghua.models.examining.fairness import FairnessBounds, FairnessReport, GroupFigures, Groups, measure_fairness
from honghua.models.examining.rejects import Augmented, InferenceGain, Rejects, augment, judge_inference
from honghua.models.examining.shares import difference_interval, ratio_interval, share_interval
from honghua.models.examining.stability import Scored, StabilityBounds, StabilityReport, chance_psi, measure_stability
from honghua.models.examining.subjects import scorecard_subject
from honghua.models.examining.surviving import (
    HORIZONS,
    HazardModel,
    Lives,
    PdCurve,
    TermPoint,
    fit_hazard,
    life_table,
    tell_terms,
)

__all__ = [
    "HORIZONS",
    "Augmented",
    "Comparison",
    "Examination",
    "ExaminationBounds",
    "ExaminedRows",
    "FairnessBounds",
    "FairnessReport",
    "GroupFigures",
    "Groups",
    "HazardModel",
    "InferenceGain",
    "Lives",
    "PdCurve",
    "Rejects",
    "Rival",
    "Scored",
    "StabilityBounds",
    "StabilityReport",
    "Telling",
    "TermPoint",
    "Window",
    "augment",
    "candidate_card",
    "candidate_html",
    "chance_psi",
    "compare",
    "difference_interval",
    "examine_candidate",
    "fit_hazard",
    "judge_inference",
    "life_table",
    "measure_fairness",
    "measure_stability",
    "ratio_interval",
    "scorecard_subject",
    "share_interval",
    "tell_apart",
    "tell_terms",
]
