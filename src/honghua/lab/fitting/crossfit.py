"""Forests and scorecards out of fold: what each way of fitting says of rows that it has not seen, and how they are best added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.fitting.settings import ForestRecipe, Plan
from honghua.lab.tables.api import Schema
from honghua.models.api import Trained, log_loss, train_forest
from honghua.models.scorecard.api import CardSettings, CutSettings, Field, Scorecard, fit_line, fit_scorecards

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

CARD: Final = "card"
SEEDS: Final = 1_000_000  # LightGBM takes seeds of 32 bits
STEPS: Final = 20  # of the search for shares: each is a multiple of 1/20
WORTH: Final = 2e-4  # relative gain in log loss that a further ingredient must bring
CARD_ROWS_MAX: Final = 200_000
FIELDS_MAX: Final = 60
CARD_SETTINGS: Final = CardSettings(cut=CutSettings(bin_share=0.03, prebins=20))


@dataclass(frozen=True, slots=True, eq=False)
class Matter:
    """What is fitted on: rows float32[n, F] in the order of the schema, y uint8[n], and how."""

    x: Float32
    y: NDArray[np.uint8]
    schema: Schema
    monotone: Mapping[str, int]
    card_names: tuple[str, ...]
    seed: int
    threads: int

    def take(self, places: Int64) -> Matter:
        """Some of the rows."""
        return Matter(
            np.ascontiguousarray(self.x[places]), self.y[places], self.schema, self.monotone, self.card_names, self.seed, self.threads
        )  # fmt: skip

    @property
    def fields(self) -> list[Field]:
        """The columns as a scorecard takes them."""
        return [
            Field(
                c.name,
                c.words if c.kind.has_words else None,
                int(self.monotone.get(c.name, 0)),
                c.name in self.card_names,
            )
            for c in self.schema.columns
        ]


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """margins: by ingredient float64[n], each row's from models that have not seen it; rounds by recipe; crosses of the scorecard."""

    margins: Mapping[str, Float64]
    rounds: Mapping[str, int]
    crosses: int


@dataclass(frozen=True, slots=True)
class Shares:
    """What each ingredient's margin is multiplied by in the sum, and the line that makes the sum a log-odds."""

    of: Mapping[str, float]
    line: tuple[float, float]
    card_line: tuple[float, float]


def cross_fit(matter: Matter, folds: Int64, plan: Plan) -> CrossFit:
    """Fit every ingredient of the plan on all folds but one, and let it speak of that one."""
    margins: dict[str, Float64] = {}
    rounds: dict[str, int] = {}
    for recipe in plan.recipes:
        margins[recipe.name], rounds[recipe.name] = _cross_forest(matter, folds, plan, recipe)
    crosses = 0
    if plan.crosses:
        margins[CARD], crosses = _cross_card(matter, folds, plan)
    return CrossFit(margins, rounds, crosses)


def fit_forest(
    matter: Matter, recipe: ForestRecipe, *, rounds: int, number: int, valid: Matter | None = None, patience: int = 0
) -> Trained:
    """One forest of a recipe; `number` sets the forests of a bag apart."""
    held = None if valid is None else (valid.x, valid.y)
    return train_forest(
        matter.x, matter.y, names=matter.schema.names, valid=held, seed=matter.seed % SEEDS + number,
        monotone=matter.monotone, categorical=matter.schema.categories, params=recipe.params, rounds=rounds,
        patience=patience, num_threads=matter.threads,
    )  # fmt: skip


def fit_cards(matter: Matter, crosses: Sequence[int]) -> tuple[Scorecard, ...]:
    """Scorecards on (a sample of) the rows, one per number of pairs."""
    step = -(-len(matter.y) // CARD_ROWS_MAX)
    return fit_scorecards(matter.x[::step], matter.y[::step], matter.fields, CARD_SETTINGS, crosses=crosses)


def choose_shares(found: CrossFit, y: NDArray[np.uint8]) -> Shares:
    """Greedy sum of calibrated margins (Caruana et al., ICML 2004): in each step the ingredient that lowers the log loss most gets 1/20."""
    lines = {name: fit_line(margins, y) for name, margins in found.margins.items()}
    calibrated = {name: lines[name][0] * margins for name, margins in found.margins.items()}
    shifts = {name: lines[name][1] for name in lines}
    counts = dict.fromkeys(calibrated, 0)
    total = np.zeros(len(y))
    for step in range(1, STEPS + 1):
        losses = {
            name: log_loss(y, probability_of((total + more + shifts[name]) / step)) for name, more in calibrated.items()
        }
        held = {
            name: loss * (1.0 + (WORTH if counts[name] == 0 and step > 1 else 0.0)) for name, loss in losses.items()
        }
        best = min(held, key=lambda name: held[name])
        counts[best] += 1
        total = total + calibrated[best] + shifts[best]
    shares = {name: counts[name] / STEPS * lines[name][0] for name in calibrated}
    return Shares(shares, fit_line(add_up(found.margins, shares), y), lines[CARD])


def add_up(margins: Mapping[str, Float64], shares: Mapping[str, float]) -> Float64:
    """The sum of margins by their shares."""
    out: Float64 = np.sum([shares[name] * margins[name] for name in shares], axis=0)
    return out


def _cross_forest(matter: Matter, folds: Int64, plan: Plan, recipe: ForestRecipe) -> tuple[Float64, int]:
    lightgbm = import_module("lightgbm")
    fitted = []
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        rest, seen = matter.take(np.flatnonzero(folds != fold)), matter.take(held)
        trained = fit_forest(rest, recipe, rounds=recipe.rounds, number=int(fold), valid=seen, patience=plan.patience)
        fitted.append((held, trained))
    rounds = max(1, round(float(np.mean([trained.rounds for _, trained in fitted]))))
    out = np.empty(len(matter.y))
    for held, trained in fitted:
        booster = lightgbm.Booster(model_str=trained.booster_text)
        out[held] = booster.predict(matter.x[held], raw_score=True, num_iteration=rounds, num_threads=matter.threads)
    return out, rounds


def _cross_card(matter: Matter, folds: Int64, plan: Plan) -> tuple[Float64, int]:
    out = np.empty((len(plan.crosses), len(matter.y)))
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        for k, card in enumerate(fit_cards(matter.take(np.flatnonzero(folds != fold)), plan.crosses)):
            out[k, held] = card.margins(matter.x[held])
    losses = []
    for margins in out:
        slope, shift = fit_line(margins, matter.y)
        losses.append(log_loss(matter.y, probability_of(slope * margins + shift)))
    best = int(np.argmin(losses))
    return out[best], plan.crosses[best]


def probability_of(margins: Float64) -> Float64:
    """Log-odds float64[n] as probabilities."""
    return 1.0 / (1.0 + np.exp(-np.clip(margins, -500.0, 500.0)))


__all__ = [
    "CARD",
    "CrossFit",
    "Matter",
    "Shares",
    "add_up",
    "choose_shares",
    "cross_fit",
    "fit_cards",
    "fit_forest",
    "probability_of",
]
