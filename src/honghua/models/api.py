"""Door of the room: fit, save, load, check, describe and watch models."""

from __future__ import annotations

from honghua.models.battery import BatteryBounds, BatteryReport, Check, Evidence, check_battery
from honghua.models.card import Purpose, card_html, model_card
from honghua.models.core.calibration import Calibration, CalibrationKind, fit_isotonic, fit_platt, link_calibration
from honghua.models.core.drift import (
    DriftAlarm,
    DriftBounds,
    DriftMonitor,
    DriftReference,
    DriftReport,
    measure_reference,
    psi,
)
from honghua.models.core.forest import Forest
from honghua.models.core.intervals import Interval, auc_interval, bootstrap, bootstrap_difference
from honghua.models.core.metrics import (
    CardPrecision,
    auc,
    average_precision,
    brier,
    card_precision_at_k,
    choose_threshold,
    ks,
    log_loss,
    macro_f1,
    recall_at_precision,
)
from honghua.models.core.model import Model, Prediction, build_model
from honghua.models.core.proofs import check_monotone
from honghua.models.core.reliability import Reliability, measure_reliability
from honghua.models.files import load_model, save_model
from honghua.models.training import Recipe, Trained, train_forest

__all__ = [
    "BatteryBounds",
    "BatteryReport",
    "Calibration",
    "CalibrationKind",
    "CardPrecision",
    "Check",
    "DriftAlarm",
    "DriftBounds",
    "DriftMonitor",
    "DriftReference",
    "DriftReport",
    "Evidence",
    "Forest",
    "Interval",
    "Model",
    "Prediction",
    "Purpose",
    "Recipe",
    "Reliability",
    "Trained",
    "auc",
    "auc_interval",
    "average_precision",
    "bootstrap",
    "bootstrap_difference",
    "brier",
    "build_model",
    "card_html",
    "card_precision_at_k",
    "check_battery",
    "check_monotone",
    "choose_threshold",
    "fit_isotonic",
    "fit_platt",
    "ks",
    "link_calibration",
    "load_model",
    "log_loss",
    "macro_f1",
    "measure_reference",
    "measure_reliability",
    "model_card",
    "psi",
    "recall_at_precision",
    "save_model",
    "train_forest",
]
