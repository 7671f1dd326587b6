"""A score of applications: the learners that are held beside each other; the neural network is the one that serves.

Fitting sees training rows only; the line of alarm is drawn on the last part of them, by the false alarms that are allowed. Gangs to come
may lack half of the signs of those that are known: so each row of a known one is learnt twice more, once with what it shares taken from an
honest application, once with what it is by itself. Chosen by leaving each kind of gang out of training in turn (docs/CITY.md).
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

from honghua.base.rng import derive_rng
from honghua.fraud.applications.describing import columns_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
HIDDEN: Final = (24, 12)
LEARNERS: Final = ("neural", "logistic")
SIDES: Final = (
    ("shared things", "twins"),
    ("typing", "path", "asked"),
)  # what a gang shares, and what each application is by itself


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
    """families of values to read, one of LEARNERS, the share of honest applications that may be looked at, the seed of the fit; is_mixed:
    whether known gangs are learnt with half of their signs, too."""

    families: tuple[str, ...]
    learner: str
    false_alarms: float
    seed: int
    is_mixed: bool = True


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
    rows, labels = values[~held], bad[~held]
    if plan.is_mixed:
        rows, labels = mix_rows(rows, labels, plan)
    fitted = make_pipeline(StandardScaler(), model).fit(rows[:, chosen], labels)
    draft = ApplicationScorer(fitted, chosen, 1.0)
    honest = draft.score(values[held & ~bad])
    return ApplicationScorer(fitted, chosen, float(np.quantile(honest, 1.0 - plan.false_alarms)))


def mix_rows(values: Floats, bad: Flags, plan: ScorerPlan) -> tuple[Floats, Flags]:
    """The rows, and behind them each bad one once for either side of SIDES with that side's values of an honest row drawn at random.

    Where the plan reads one side alone nothing is added: what is left of a gang's row would be an honest one's.
    """
    sides = [columns_of([name for name in names if name in plan.families]) for names in SIDES]
    honest, gangs = np.flatnonzero(~bad), np.flatnonzero(bad)
    if not (all(sides) and len(honest)):
        return values, bad
    rng = derive_rng(plan.seed, "mixed rows")
    parts = [values]
    for side in sides:
        part = values[gangs]
        part[:, side] = values[rng.choice(honest, len(gangs))][:, side]
        parts.append(part)
    return np.concatenate(parts), np.concatenate([bad, np.ones(len(sides) * len(gangs), np.bool_)])


__all__ = ["LEARNERS", "ApplicationScorer", "ScorerPlan", "fit_scorer"]
