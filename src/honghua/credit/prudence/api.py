"""The door of prudence: classes and stages, expected loss, ratios and guardrails, stress, relief, packs of evidence."""

from __future__ import annotations

from honghua.credit.core.prudence.classes import TABLES, Standing, find_class, use_table
from honghua.credit.core.prudence.evidence import (
    KINDS,
    KINDS_CHINESE,
    Item,
    Missing,
    Needs,
    count_attempts,
    find_missing,
)
from honghua.credit.core.prudence.grounds import Ground
from honghua.credit.core.prudence.ratios import Figures, Reading, Rule, read_ratios
from honghua.credit.core.prudence.stages import (
    LossParameters,
    Signs,
    StageRules,
    expected_loss_minor,
    exposure_minor,
    find_stage,
    loss_rate_ppm,
)
from honghua.credit.core.prudence.stress import SCENARIOS, StressResult
from honghua.credit.prudence.figures import read_beside
from honghua.credit.prudence.guardrails import Guardrail, Moves, lift_guardrail, list_guardrails
from honghua.credit.prudence.losses import KeptRun, LossLine, LossRules, LossRun, list_runs, run_as_json
from honghua.credit.prudence.packs import (
    Pack,
    PackRow,
    abandon_pack,
    add_item,
    approve_pack,
    begin_pack,
    get_pack,
    keep_write_off,
    list_packs,
    make_write_off,
    write_off_pack,
)
from honghua.credit.prudence.relief import (
    KEPT,
    TIMES_MAX,
    Relief,
    Wanted,
    Word,
    ask_relief,
    decide_relief,
    get_relief,
    keep_word,
    list_reliefs,
    make_waiver,
)
from honghua.credit.prudence.reviewing import Review, is_review_due, look, reckon, review, stress
from honghua.credit.prudence.rulebook import TOLD, load_rules, load_told
from honghua.credit.prudence.telling import ToldFigure, list_told, tell_figures

__all__ = [
    "KEPT", "KINDS", "KINDS_CHINESE", "SCENARIOS", "TABLES", "TIMES_MAX", "TOLD",
    "Figures", "Ground", "Guardrail", "Item", "KeptRun", "LossLine", "LossParameters", "LossRules", "LossRun", "Missing", "Moves",
    "Needs", "Pack", "PackRow", "Reading", "Relief", "Review", "Rule", "Signs", "StageRules", "Standing", "StressResult", "ToldFigure",
    "Wanted", "Word",
    "abandon_pack", "add_item", "approve_pack", "ask_relief", "begin_pack", "count_attempts", "decide_relief", "expected_loss_minor",
    "exposure_minor", "find_class", "find_missing", "find_stage", "get_pack", "get_relief", "is_review_due", "keep_word",
    "keep_write_off", "lift_guardrail", "list_guardrails", "list_packs", "list_reliefs", "list_runs", "list_told", "load_rules",
    "load_told", "look", "loss_rate_ppm", "make_waiver", "make_write_off", "read_beside", "read_ratios", "reckon", "review",
    "run_as_json", "stress",
    "tell_figures", "use_table", "write_off_pack",
]  # fmt: skip
