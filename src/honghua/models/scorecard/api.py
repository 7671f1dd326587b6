"""Part door: scorecards – fitted, calibrated, kept, told as points, and blended into a forest."""

from __future__ import annotations

from honghua.models.scorecard.blending import blend_boosters
from honghua.models.scorecard.card import Characteristic, Cutting, Scale, Scorecard
from honghua.models.scorecard.compiling import compile_card
from honghua.models.scorecard.cutting import CutSettings, Field
from honghua.models.scorecard.files import load_card, save_card
from honghua.models.scorecard.fitting import CardSettings, calibrated, fit_line, fit_scorecard, fit_scorecards
from honghua.models.scorecard.pairs import PairBoost, boost_pairs, fit_pair_card, lay_ruler
from honghua.models.scorecard.trees import card_trees

__all__ = [
    "CardSettings",
    "Characteristic",
    "CutSettings",
    "Cutting",
    "Field",
    "PairBoost",
    "Scale",
    "Scorecard",
    "blend_boosters",
    "boost_pairs",
    "calibrated",
    "card_trees",
    "compile_card",
    "fit_line",
    "fit_pair_card",
    "fit_scorecard",
    "fit_scorecards",
    "lay_ruler",
    "load_card",
    "save_card",
]
