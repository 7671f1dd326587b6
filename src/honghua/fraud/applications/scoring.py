"""A score of applications: the learners that are held beside each other; the neural network is the one that serves.

Fitting sees training rows only; the line of alarm is drawn on the last part of them, by the false alarms that are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from honghua.fraud.applications.describing import columns_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
HIDDEN: Final = (24, 12)
LEARNERS: Final = ("neural", "logistic")


@dataclass(frozen=True, slots=True)
class ApplicationScorer:
    """A fitted learner over some families, with its line: at or above it an application is looked at."""

    learner: Any
    columns: tuple[int, ...]
    line: float

    def score(self, values: Floats) -> Floats:
        """Chance of a gang's application, float64[n], of values float64[n, all families]."""
        found: Floats = self.learner.predict_proba(values[:, self.columns])[:, 1]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerPlan:
    """families of values to read, one of LEARNERS, the share of honest applications that may be looked at, the seed of the fit."""

    families: tuple[str, ...]
    learner: str
    false_alarms: float
    seed: int


def fit_scorer(values: Floats, bad: Flags, held: Flags, plan: ScorerPlan) -> ApplicationScorer:
    """Fit on rows not held; draw the line on the held ones of the training rows, where honest ones pass it as often as is allowed."""
    chosen = columns_of(plan.families)
    model: Any
    if plan.learner == "neural":
        model = MLPClassifier(
            HIDDEN, alpha=1e-2, early_stopping=True, n_iter_no_change=15, max_iter=300, random_state=plan.seed
        )
    else:
        model = LogisticRegression(C=1.0, max_iter=1_000)
    fitted = make_pipeline(StandardScaler(), model).fit(values[~held][:, chosen], bad[~held])
    draft = ApplicationScorer(fitted, chosen, 1.0)
    honest = draft.score(values[held & ~bad])
    return ApplicationScorer(fitted, chosen, float(np.quantile(honest, 1.0 - plan.false_alarms)))


__all__ = ["LEARNERS", "ApplicationScorer", "ScorerPlan", "fit_scorer"]
