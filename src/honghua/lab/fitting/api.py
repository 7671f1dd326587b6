"""Part door: from a table to champion and challenger, kept in a folder and scored from it. Heavy: it loads the trainers."""

from __future__ import annotations

from honghua.lab.fitting.candidates import Candidates, Figures, Pair, Predictions, Step, judge, measure
from honghua.lab.fitting.crossfit import Matter, cross_fit
from honghua.lab.fitting.files import (
    Loaded,
    Scored,
    load_candidates,
    load_predictions,
    save_candidates,
    score,
    tell,
)
from honghua.lab.fitting.folds import draw_folds, draw_sample, split_report
from honghua.lab.fitting.leaks import Suspicion
from honghua.lab.fitting.making import (
    Learnt,
    choose,
    fit_candidates,
    fit_pair,
    learn,
    make_matter,
    speak,
    weigh_doubtful,
)
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
    "Matter",
    "Pair",
    "Plan",
    "Predictions",
    "Scored",
    "Screening",
    "Step",
    "Suspicion",
    "choose",
    "cross_fit",
    "draw_folds",
    "draw_sample",
    "fit_candidates",
    "fit_pair",
    "judge",
    "learn",
    "load_candidates",
    "load_predictions",
    "make_matter",
    "measure",
    "plan_for",
    "save_candidates",
    "score",
    "screen",
    "speak",
    "split_report",
    "tell",
    "weigh_doubtful",
]
