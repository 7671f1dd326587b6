"""A model: a forest, the calibration of its margins, and the digest that names what both compute."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.models.core.calibration import Calibration, link_calibration
from honghua.models.core.forest import Float32, Float64, Forest, Int32
from honghua.models.core.layout import REASONS


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Of n rows: probability float64[n], margin float64[n], reasons int32[n, 4] (−1 = none), parts float32[n, 4]."""

    probability: Float64
    margin: Float64
    reasons: Int32
    parts: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Immutable; safe to share between threads. Built by `build_model`, which computes the digest."""

    forest: Forest
    calibration: Calibration
    digest: bytes

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of a row."""
        return self.forest.names

    def predict(self, x: Float32) -> Float64:
        """Probability of every row of x float32[n, F]."""
        out = self.forest.score(x)
        self.calibration.apply_into(out, out)
        return out

    def predict_into(self, x: Float32, out: Float64) -> None:
        """Probability of every row into out float64[n]."""
        self.forest.score_into(x, out)
        self.calibration.apply_into(out, out)

    def predict_explained(self, x: Float32) -> Prediction:
        """Probability, margin and four reasons of every row."""
        n = len(x)
        margin, reasons, parts = np.empty(n), np.empty((n, REASONS), np.int32), np.empty((n, REASONS), np.float32)
        self.forest.score_explained_into(x, margin, reasons, parts)
        return Prediction(self.calibration.apply(margin), margin, reasons, parts)

    def reason_names(self, reasons: np.ndarray[Any, np.dtype[np.int32]]) -> tuple[str, ...]:
        """Names of one row of reasons, without the missing ones."""
        return tuple(self.names[int(k)] for k in reasons if k >= 0)


def build_model(forest: Forest, *, calibration: Calibration | None = None) -> Model:
    """The model; without a calibration the booster's own link is used, so predictions are LightGBM's."""
    chosen = calibration or link_calibration(forest.link, steepness=forest.booster.steepness)
    return Model(forest, chosen, hashlib.sha256(forest.digest + chosen.digest).digest())
