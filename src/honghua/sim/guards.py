"""The risk engine as a guard: what gangs play against when the platform itself is not wanted."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.api import DecisionEngine, EngineSettings
from honghua.features.core import EventKind
from honghua.fraud.api import FraudModel, SensorSize
from honghua.fraud.core import RiskPlan
from honghua.sim.core import is_judged

Ints = NDArray[np.int64]
FUSED: Final = 0  # of an engine's scores
KIND: Final = 1


class EngineGuard:
    """A fresh engine with a model, that refuses what scores `bar` or more, and remembers that it refused. It reads events, no truth."""

    def __init__(self, plan: RiskPlan, model: FraudModel, *, bar: float, size: SensorSize | None = None) -> None:
        self.engine = DecisionEngine(plan, settings=EngineSettings(size or SensorSize()), model=model)
        self.bar = bar
        self.seen = 0
        self.scores: list[NDArray[np.float64]] = []  # of every event that was shown, NaN where nothing is scored

    def judge(self, events: Ints) -> NDArray[np.bool_]:
        """refused bool[n]; the refusals go back into the engine, as they do on the platform."""
        ids = np.arange(self.seen, self.seen + len(events))
        self.seen += len(events)
        fused = self.engine.sense(events, ids).scores[:, FUSED]
        judged = is_judged(events)
        self.scores.append(np.where(judged, fused, np.nan))
        refused = judged & (fused >= self.bar)
        if refused.any():
            told = events[refused].copy()
            told[:, KIND] = int(EventKind.REFUSED)
            self.engine.follow(told, np.zeros(0, np.int64))
        return refused


__all__ = ["EngineGuard"]
