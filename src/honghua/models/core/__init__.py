"""Door of the pure part: forests, calibrations and models; what other cores may use."""

from __future__ import annotations

from honghua.models.core.booster_text import Link
from honghua.models.core.calibration import Calibration, CalibrationKind, link_calibration, logistic_line
from honghua.models.core.forest import Forest
from honghua.models.core.intervals import Interval, auc_interval, bootstrap
from honghua.models.core.kernels.choosing import explain_forest, score_forest
from honghua.models.core.layout import REASONS
from honghua.models.core.metrics import auc, average_precision, card_precision_at_k, macro_f1, recall_at_precision
from honghua.models.core.model import Model, Prediction, build_model

__all__ = [
    "REASONS",
    "Calibration",
    "CalibrationKind",
    "Forest",
    "Interval",
    "Link",
    "Model",
    "Prediction",
    "auc",
    "auc_interval",
    "average_precision",
    "bootstrap",
    "build_model",
    "card_precision_at_k",
    "explain_forest",
    "link_calibration",
    "logistic_line",
    "macro_f1",
    "recall_at_precision",
    "score_forest",
]
