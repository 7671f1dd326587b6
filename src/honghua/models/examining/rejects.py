"""Reject inference: what to do about those who were refused and so never showed whether they would have paid. The method is always named.

What is known of it: where refusals followed from what the model reads, leaving the refused out is not wrong, only thinner; where they
followed from what the model does not read, nothing that the accepted say can mend it (Hand and Henley, IMA J. Management Mathematics 5
(1993) 45; Crook and Banasik, J. Banking and Finance 28 (2004) 857). Honest help comes from accepting a small random slice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.models.core.intervals import Interval, auc_difference

BANDS: Final = 10

Floats = NDArray[Any]
Float64 = NDArray[np.float64]
Fit = Callable[[Floats, Float64, Float64], Callable[[Floats], Float64]]  # x, y, weight → predict


class Rejects(StrEnum):
    """How the refused were used.

    ignored     not at all: only the accepted teach
    parcelling  each refused row is given an outcome, drawn with the bad rate of its score band among the accepted times `prudence`
    fuzzy       each refused row is there twice, as bad with weight p × prudence and as good with the rest; with prudence 1 a logistic
                line stays where it was, to the last digit
    """

    IGNORED = "ignored"
    PARCELLING = "parcelling"
    FUZZY = "fuzzy"


@dataclass(frozen=True, slots=True, eq=False)
class Augmented:
    """Rows to fit on, and the sentence that says how the refused came in: it belongs on the model's card."""

    x: Floats
    y: Float64
    weight: Float64
    method: Rejects
    prudence: float
    told: str


@dataclass(frozen=True, slots=True)
class InferenceGain:
    """What inference changed where the truth of all is known: AUC over all who asked (with − without), and mean probability less bad rate
    of the refused, without and with."""

    auc: Interval
    bias_without: float
    bias_with: float

    @property
    def ranks_better(self) -> bool:
        """Whether ranking surely gained."""
        return self.auc.low > 0.0


def augment(
    accepted: tuple[Floats, Float64],
    rejected: Floats,
    *,
    method: Rejects,
    fit: Fit,
    seed: int,
    prudence: float = 1.0,
) -> Augmented:
    """Rows x float[n + m, F] with labels and weights out of accepted (x, y) and refused x.

    prudence: how many times worse than the accepted of the same score the refused are taken to be: an assumption, never an estimate.
    """
    x, y = accepted
    if prudence < 1.0 or len(x) == 0 or len(x) != len(y):
        raise BadInput("prudence is at least 1, and accepted rows have labels", code="BAD_SHAPE")
    ones = np.ones(len(y))
    if method is Rejects.IGNORED or len(rejected) == 0:
        told = f"the {len(rejected):,} refused were left out: only the {len(y):,} accepted taught"
        return Augmented(x, np.asarray(y, np.float64), ones, Rejects.IGNORED, 1.0, told)
    predict = fit(x, np.asarray(y, np.float64), ones)
    chance = np.clip(predict(rejected) * (prudence if method is Rejects.FUZZY else 1.0), 0.0, 1.0)
    if method is Rejects.FUZZY:
        told = f"fuzzy augmentation: {len(rejected):,} refused stand twice, by their probability × {prudence:g}"
        return Augmented(
            np.concatenate([x, rejected, rejected]),
            np.concatenate([y, np.ones(len(rejected)), np.zeros(len(rejected))]),
            np.concatenate([ones, chance, 1.0 - chance]), method, prudence, told,
        )  # fmt: skip
    rates = np.clip(_band_rates(predict(x), np.asarray(y, np.float64), chance) * prudence, 0.0, 1.0)
    drawn = (derive_rng(seed, "parcelling").random(len(rejected)) < rates).astype(np.float64)
    told = (
        f"parcelling: {len(rejected):,} refused were given outcomes by the bad rate of their score band × {prudence:g}"
    )
    return Augmented(
        np.concatenate([x, rejected]), np.concatenate([y, drawn]), np.ones(len(y) + len(rejected)), method, prudence, told
    )  # fmt: skip


def _band_rates(scores: Float64, y: Float64, refused: Float64) -> Float64:
    """Bad rate among the accepted of the score band of each refused row."""
    edges = np.quantile(scores, np.linspace(0, 1, BANDS + 1)[1:-1])
    bands = np.searchsorted(edges, scores, side="right")
    rows = np.bincount(bands, minlength=BANDS)
    ones = np.bincount(bands, weights=y, minlength=BANDS)
    rates = (ones + y.mean()) / (rows + 1.0)  # one row's worth of the whole, so that an empty band has a rate
    chosen: Float64 = rates[np.searchsorted(edges, refused, side="right")]
    return chosen


def judge_inference(y: Float64, without: Float64, augmented: Float64, *, rejected: NDArray[np.bool_]) -> InferenceGain:
    """Where all outcomes are known (a planted book, a random slice that was accepted): did inference help, did it mend the level?"""
    truth = float(np.mean(y[rejected]))
    return InferenceGain(
        auc_difference(y, augmented, without),
        float(np.mean(without[rejected])) - truth,
        float(np.mean(augmented[rejected])) - truth,
    )
