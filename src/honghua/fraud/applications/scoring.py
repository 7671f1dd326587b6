"""A score of applications: values by family, and the learners that are held beside each other; the neural network is the one that serves.

Fitting sees training rows only; the line of alarm is drawn on the last part of them, by the false alarms that are allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from honghua.fraud.applications.clustering import CLUSTER_VALUES, TWIN_VALUES, cluster_applications
from honghua.fraud.applications.sessions import (
    PATH_VALUES,
    TYPING_VALUES,
    SessionColumns,
    describe_path,
    describe_typing,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FAMILIES: Final[dict[str, int]] = {
    "shared things": len(CLUSTER_VALUES), "twins": len(TWIN_VALUES), "typing": len(TYPING_VALUES), "path": len(PATH_VALUES), "asked": 1,
}  # fmt: skip
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


def describe_applications(sessions: SessionColumns) -> Floats:
    """All families side by side, float64[n, …], as known when each application came."""
    asked = np.log1p(sessions.asked_minor.astype(np.float64))[:, None]
    return np.column_stack([cluster_applications(sessions), describe_typing(sessions), describe_path(sessions), asked])


def columns_of(families: Sequence[str]) -> tuple[int, ...]:
    """Places of the values of some families. KeyError for a family that there is none of."""
    starts = dict(zip(FAMILIES, np.cumsum([0, *FAMILIES.values()]).tolist(), strict=False))
    return tuple(k for name in FAMILIES if name in families for k in range(starts[name], starts[name] + FAMILIES[name]))


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


__all__ = [
    "FAMILIES",
    "LEARNERS",
    "ApplicationScorer",
    "ScorerPlan",
    "columns_of",
    "describe_applications",
    "fit_scorer",
]
