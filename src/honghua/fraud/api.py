"""Door of the room: sense events, fit and load the model, explain a score by the events behind it.

sensor = RiskSensor(RiskPlan(schema)); values = sensor.sense(events); fit_fraud(values, labels, described=sensor.values).model.score(values)
"""

from __future__ import annotations

from honghua.fraud.fitting import FitSettings, Fitted, fit_fraud
from honghua.fraud.model import Detector, FraudModel, Fusion, Scores
from honghua.fraud.sensor import RiskSensor, SensorSize

__all__ = [
    "Detector",
    "FitSettings",
    "Fitted",
    "FraudModel",
    "Fusion",
    "RiskSensor",
    "Scores",
    "SensorSize",
    "fit_fraud",
]
