"""Part door: from a table to champion and challenger, kept in a folder and scored from it. Heavy: it loads the trainers."""

from __future__ import annotations

from honghua.lab.fitting.candidates import Candidates, Figures, Pair, Predictions, Step
from honghua.lab.fitting.files import (
    Loaded,
    Scored,
    load_candidates,
    load_predictions,
    save_candidates,
    score,
    tell,
)
from honghua.lab.fitting.folds import Split, draw_folds, find_groups, split_report
from honghua.lab.fitting.leaks import Suspicion
from honghua.lab.fitting.making import Learnt, fit_candidates, learn
from honghua.lab.fitting.screening import Dropped, Screening, screen
from honghua.lab.fitting.settings import FitSettings, ForestRecipe, Plan, plan_for

__all__ = [
    "Candidates",
    "Dropped",
    "Figures",
    "FitSettings",
    "ForestRecipe",
    "Learnt",
    "Loaded",
    "Pair",
    "Plan",
    "Predictions",
    "Scored",
    "Screening",
    "Split",
    "Step",
    "Suspicion",
    "draw_folds",
    "find_groups",
    "fit_candidates",
    "learn",
    "load_candidates",
    "load_predictions",
    "plan_for",
    "save_candidates",
    "score",
    "screen",
    "split_report",
    "tell",
]
