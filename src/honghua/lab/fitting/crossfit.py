"""Forests and scorecards out of fold: what each way of fitting says of rows that it has not seen, and how they are best added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.fitting.settings import ForestRecipe, PairPlan, Plan
from honghua.lab.tables.api import Schema
from honghua.models.api import Trained, log_loss, train_forest
from honghua.models.scorecard.api import (
    CardSettings,
    CutSettings,
    Field,
    PairBoost,
    Scorecard,
    boost_pairs,
    fit_line,
    fit_pair_card,
    fit_scorecards,
    lay_ruler,
)

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

CARD: Final = "card"
SEEDS: Final = 1_000_000  # LightGBM takes seeds of 32 bits
STEPS: Final = 20  # of the search for shares: each is a multiple of 1/20
WORTH: Final = 2e-4  # relative gain in log loss that a further ingredient must bring
BEHIND: Final = 0.01  # relative: a forest's log loss so far below the scorecard's says that columns speak together
CARD_ROWS_MAX: Final = 200_000
FIELDS_MAX: Final = 60
CARD_SETTINGS: Final = CardSettings(cut=CutSettings(bin_share=0.03, prebins=20))


@dataclass(frozen=True, slots=True, eq=False)
class Matter:
    """What is fitted on: rows float32[n, F] in the order of the schema, y uint8[n], and how; groups int64[n]: each stays in one fold."""

    x: Float32
    y: NDArray[np.uint8]
    schema: Schema
    monotone: Mapping[str, int]
    card_names: tuple[str, ...]
    seed: int
    threads: int
    groups: Int64 | None = None

    def take(self, places: Int64) -> Matter:
        """Some of the rows."""
        groups = None if self.groups is None else self.groups[places]
        return replace(self, x=np.ascontiguousarray(self.x[places]), y=self.y[places], groups=groups)

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


@dataclass(frozen=True, slots=True)
class CardForm:
    """crosses: pairs at most beside weights of evidence; boosted: 0, or the rounds of a card boosted on all pairs instead."""

    crosses: int
    boosted: int = 0

    @property
    def told(self) -> str:
        """In words."""
        return f"boosted on all pairs in {self.boosted} rounds" if self.boosted else f"with up to {self.crosses} pairs"


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """margins: by ingredient float64[n], each row's from models that have not seen it; rounds by recipe; form of the scorecard."""

    margins: Mapping[str, Float64]
    rounds: Mapping[str, int]
    form: CardForm


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
    form = CardForm(0)
    if plan.crosses:
        forests = min((_loss_on_line(said, matter.y) for said in margins.values()), default=np.inf)
        margins[CARD], form = _cross_card(matter, folds, plan, rival=forests)
    return CrossFit(margins, rounds, form)


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


def fit_card(matter: Matter, form: CardForm, plan: Plan) -> Scorecard:
    """The scorecard of a form on (a sample of) the rows."""
    if not form.boosted:
        return fit_cards(matter, (form.crosses,))[0]
    bag = 1 if plan.pairs is None else plan.pairs.bag
    part = _thin(matter)
    return fit_pair_card(part.x, part.y, part.fields, _boost(matter, form.boosted, bag))


def fit_cards(matter: Matter, crosses: Sequence[int]) -> tuple[Scorecard, ...]:
    """Scorecards of weights of evidence on (a sample of) the rows, one per number of pairs."""
    part = _thin(matter)
    return fit_scorecards(part.x, part.y, part.fields, CARD_SETTINGS, crosses=crosses)


def _thin(matter: Matter) -> Matter:
    step = -(-len(matter.y) // CARD_ROWS_MAX)
    return matter if step == 1 else matter.take(np.arange(0, len(matter.y), step))


def _boost(matter: Matter, rounds: int, bag: int = 1) -> PairBoost:
    return PairBoost(rounds, matter.seed % SEEDS, bag=bag, threads=matter.threads, cut=CARD_SETTINGS.cut)


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


def _cross_card(matter: Matter, folds: Int64, plan: Plan, *, rival: float) -> tuple[Float64, CardForm]:
    """Every form of the plan out of fold, and the one of least log loss; boosted pairs are tried where pairs help at all, or where the
    best forest's log loss (`rival`) is far below: two columns that say nothing alone stand in no table of evidence that pairs are
    chosen from."""
    out = np.empty((len(plan.crosses), len(matter.y)))
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        for k, card in enumerate(fit_cards(matter.take(np.flatnonzero(folds != fold)), plan.crosses)):
            out[k, held] = card.margins(matter.x[held])
    losses = [_loss_on_line(margins, matter.y) for margins in out]
    best = int(np.argmin(losses))
    found, form = out[best], CardForm(plan.crosses[best])
    if plan.pairs is not None and (form.crosses or losses[best] > (1.0 + BEHIND) * rival):
        margins, rounds = _cross_pairs(matter, folds, plan.pairs)
        if _loss_on_line(margins, matter.y) < losses[best]:
            found, form = margins, CardForm(0, boosted=rounds)
    return found, form


def _loss_on_line(margins: Float64, y: NDArray[np.uint8]) -> float:
    slope, shift = fit_line(margins, y)
    return log_loss(y, probability_of(slope * margins + shift))


def _cross_pairs(matter: Matter, folds: Int64, plan: PairPlan) -> tuple[Float64, int]:
    """Margins of a card boosted on pairs, of folds that it has not seen, and the rounds that were enough on the mean of the folds."""
    lightgbm = import_module("lightgbm")
    boost = _boost(matter, plan.rounds)
    fitted = []
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        rest, seen = _thin(matter.take(np.flatnonzero(folds != fold))), matter.take(held)
        ruler = lay_ruler(rest.x, rest.y, rest.fields, boost)
        trained = boost_pairs(ruler, (rest.x, rest.y), boost, valid=(seen.x, seen.y), patience=plan.patience)
        fitted.append((held, ruler.codes(seen.x), trained))
    rounds = max(1, round(float(np.mean([trained.rounds for _, _, trained in fitted]))))
    out = np.empty(len(matter.y))
    for held, codes, trained in fitted:
        booster = lightgbm.Booster(model_str=trained.booster_text)
        out[held] = booster.predict(codes, raw_score=True, num_iteration=rounds, num_threads=matter.threads)
    return out, rounds


def probability_of(margins: Float64) -> Float64:
    """Log-odds float64[n] as probabilities."""
    return 1.0 / (1.0 + np.exp(-np.clip(margins, -500.0, 500.0)))


__all__ = [
    "CARD",
    "CardForm",
    "CrossFit",
    "Matter",
    "Shares",
    "add_up",
    "choose_shares",
    "cross_fit",
    "fit_card",
    "fit_forest",
    "probability_of",
]
