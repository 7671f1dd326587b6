"""Door of the room: sense events, fit and load the model, explain a score by the events behind it.

sensor = RiskSensor(RiskPlan(schema)); values = sensor.sense(events); fit_fraud(values, labels, described=sensor.values).model.score(values)
"""

from __future__ import annotations

from honghua.fraud.choosing import Chosen
from honghua.fraud.core.version import SCORE_VERSION
from honghua.fraud.examining import BATTERY, CARD, CARD_PAGE, DRIFT, Examination, examine
from honghua.fraud.fitting import FitSettings, Fitted, choose_for, fit_fraud
from honghua.fraud.model import Detector, FraudModel, Fusion, Scores
from honghua.fraud.sensor import RiskSensor, SensorSize

__all__ = [
    "BATTERY",
    "CARD",
    "CARD_PAGE",
    "DRIFT",
    "SCORE_VERSION",
    "Chosen",
    "Detector",
    "Examination",
    "FitSettings",
    "Fitted",
    "FraudModel",
    "Fusion",
    "RiskSensor",
    "Scores",
    "SensorSize",
    "choose_for",
    "examine",
    "fit_fraud",
]
