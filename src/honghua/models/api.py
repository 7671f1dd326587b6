"""Door of the room: fit, save, load, check, describe and watch models."""

from __future__ import annotations

from honghua.models.battery import (
    BatteryBounds,
    BatteryReport,
    Check,
    Evidence,
    check_battery,
    check_forest,
    check_scores,
    hostile_rows,
    merge_checks,
)
from honghua.models.card import (
    Purpose,
    card_html,
    find_largest,
    measure_gain,
    model_card,
    tell_battery,
    tell_purpose,
    tell_scores,
)
from honghua.models.core.calibration import Calibration, CalibrationKind, link_calibration
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
from honghua.models.files import load_model, pack_counts, pack_reference, save_model, unpack_counts, unpack_reference
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
    "check_forest",
    "check_monotone",
    "check_scores",
    "choose_threshold",
    "find_largest",
    "hostile_rows",
    "ks",
    "link_calibration",
    "load_model",
    "log_loss",
    "macro_f1",
    "measure_gain",
    "measure_reference",
    "measure_reliability",
    "merge_checks",
    "model_card",
    "pack_counts",
    "pack_reference",
    "psi",
    "recall_at_precision",
    "save_model",
    "tell_battery",
    "tell_purpose",
    "tell_scores",
    "train_forest",
    "unpack_counts",
    "unpack_reference",
]
