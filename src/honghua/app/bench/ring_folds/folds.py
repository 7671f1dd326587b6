"""Folds of `honghua bench rings`: a market without some typologies is sensed and fitted, another with all of them is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.ring_folds.figures import Judged, threshold_at
from honghua.base.clock import DAY_US
from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.fraud.api import FitSettings, FraudModel, RiskSensor, Scores, fit_fraud
from honghua.fraud.core import Family, RiskPlan
from honghua.sim.core import TYPOLOGIES, Market, MarketPlan, Truth, Typology, make_market

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

VOICES: Final = ("fused", "crowd", "rhythm", "merchant")
CHUNK: Final = 40_000
COLD_SHARE: Final = 0.2  # of the days pass before a row is used: windows and graph are empty
MATURE_DAYS: Final = 30  # labels that arrive so long after the last day are known to the fit
GAIN_SHARE: Final = 0.15  # of the innocent rows that the forests of the graph's gain are fitted on
APART: Final = 100  # seeds of the markets on which thresholds are chosen stand so far from those of the fits


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one bench: rings of each typology per market; fit_times: how much larger the market of a fit is; thin: the share of
    innocent rows that are fitted on; unreported: frauds that nobody reports, as part of those that are told, as the fit is told."""

    people: int
    days: int
    rings: int
    fit_times: int
    thin: float
    labels: str
    seed: int
    rounds: int
    unreported: float
    threads: int


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The rows that were fitted on, with their event's own values and those of the graph only."""

    names: tuple[str, ...]
    values: Floats
    labels: Ints
    weight: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A model that never saw `unseen`, and the thresholds that gave 95 % precision on another market without them."""

    unseen: tuple[str, ...]
    model: FraudModel
    thresholds: dict[str, float]
    sample: Sample


def fold_names(
    folds: int, *, by_family: bool = False, typologies: Mapping[str, Typology] = TYPOLOGIES
) -> list[tuple[str, ...]]:
    """Which typologies each fold leaves out: one family each, or mixed so that relatives of the unseen are seen."""
    families = list(dict.fromkeys(one.family for one in typologies.values()))
    by_kin = sorted(typologies, key=lambda name: families.index(typologies[name].family))
    if by_family:
        return [tuple(name for name in by_kin if typologies[name].family == family) for family in families]
    return [tuple(by_kin[k::folds]) for k in range(folds)]


def fit_fold(sizes: Sizes, unseen: tuple[str, ...], number: int) -> Fold:
    """Fit on a market without the unseen typologies; choose thresholds on a second one without them."""
    seen = tuple(name for name in TYPOLOGIES if name not in unseen)
    plan = MarketPlan(
        sizes.people * sizes.fit_times, sizes.days, sizes.seed + 1 + number, sizes.rings * sizes.fit_times, seen
    )
    market, truth = make_market(plan)
    rows = scored_rows(market)
    labels = known_labels(market, truth, sizes.labels)[rows]
    wanted = (labels == 1) | (derive_rng(sizes.seed, "thin", number).random(len(rows)) < sizes.thin)
    rows, labels = rows[wanted], labels[wanted]
    sensor = RiskSensor(RiskPlan(market.schema))
    values = gather(sensor, market, rows)
    weight = np.where(labels == 1, 1.0, 1.0 / sizes.thin)
    settings = FitSettings(
        seed=sizes.seed,
        rounds=sizes.rounds,
        unreported=sizes.unreported if sizes.labels == "reported" else 0.0,
        threads=sizes.threads,
    )
    fitted = fit_fraud(values, labels, described=sensor.values, weight=weight, settings=settings)
    columns = gain_columns(sensor)
    few = (labels == 1) | (derive_rng(sizes.seed, "gain", number).random(len(rows)) < GAIN_SHARE)
    few_weight = np.where(labels[few] == 1, 1.0, weight[few] / GAIN_SHARE)
    sample = Sample(tuple(sensor.names[k] for k in columns), values[few][:, columns], labels[few], few_weight)
    del values
    return Fold(unseen, fitted.model, choose_thresholds(sizes, fitted.model, seen, number), sample)


def choose_thresholds(sizes: Sizes, model: FraudModel, seen: tuple[str, ...], number: int) -> dict[str, float]:
    """The scores from which on 95 % are crimes, on a market that neither the fit nor the test knows, without the unseen typologies."""
    market, truth = make_market(MarketPlan(sizes.people, sizes.days, sizes.seed + APART + number, sizes.rings, seen))
    rows = scored_rows(market)
    sensor = RiskSensor(RiskPlan(market.schema))
    parts = [model.score(values) for values in sense_rows(sensor, market, rows)]
    judged = Judged.of(truth, rows)
    return {
        name: threshold_at(np.concatenate([getattr(p, name) for p in parts]), judged.fraud, judged.innocent)
        for name in VOICES
    }


def gather(sensor: RiskSensor, market: Market, rows: Ints) -> Floats:
    """The values of some rows of a market, sensed whole."""
    values = np.empty((len(rows), len(sensor.names)), np.float32)
    at = 0
    for piece in sense_rows(sensor, market, rows):
        values[at : at + len(piece)] = piece
        at += len(piece)
    return values


def known_labels(market: Market, truth: Truth, how: str) -> Ints:
    """1 fraud, 0 not: as reported within MATURE_DAYS of the end (what nobody reports is taken for good), or as audited (all true)."""
    if how == "audited":
        return truth.fraud.astype(np.int64)
    return (truth.told_at_us < market.ends_at_us + MATURE_DAYS * DAY_US).astype(np.int64)


def scored_rows(market: Market) -> Ints:
    """Purchases and transfers after the cold start."""
    kind, at = market.events[:, 1], market.events[:, 0]
    start = at[0] + round(COLD_SHARE * (market.ends_at_us - at[0]))
    return np.flatnonzero(((kind == EventKind.PURCHASE) | (kind == EventKind.TRANSFER)) & (at >= start))


def sense_rows(sensor: RiskSensor, market: Market, rows: Ints) -> Iterator[Floats]:
    """Sense a whole market in order; the values of some rows (ascending), piece by piece. A piece is overwritten by the next."""
    out = np.empty((CHUNK, len(sensor.names)), np.float32)
    for start in range(0, len(market.events), CHUNK):
        chunk = np.ascontiguousarray(market.events[start : start + CHUNK])
        sensor.step(chunk, out[: len(chunk)])
        inside = rows[(rows >= start) & (rows < start + len(chunk))] - start
        if len(inside):
            yield out[inside]


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """A market with every typology, as each fold's model scores it: scores[fold][voice] float64[rows]."""

    judged: Judged
    amount_minor: Ints
    scores: list[dict[str, Doubles]]
    graph_values: Floats
    events: int


def score_folds(sizes: Sizes, folds: Sequence[Fold]) -> Tested:
    """Score a market of a seed that no fold has seen, once for each fold. Its graph_values are those of Sample, for the gain."""
    market, truth = make_market(MarketPlan(sizes.people, sizes.days, sizes.seed, sizes.rings))
    rows = scored_rows(market)
    sensor = RiskSensor(RiskPlan(market.schema))
    columns = gain_columns(sensor)
    heard: list[list[Scores]] = [[] for _ in folds]
    drawn = []
    for values in sense_rows(sensor, market, rows):
        drawn.append(values[:, columns])
        for fold, parts in zip(folds, heard):
            parts.append(fold.model.score(values))
    scores = [{name: np.concatenate([getattr(part, name) for part in parts]) for name in VOICES} for parts in heard]
    return Tested(Judged.of(truth, rows), market.events[rows, 2], scores, np.concatenate(drawn), len(market.events))


def gain_columns(sensor: RiskSensor) -> Ints:
    """The values of the event itself and those of the graph."""
    own = [k for k, value in enumerate(sensor.values) if not value.entity and value.family is not Family.LABEL]
    graph = [k for k, name in enumerate(sensor.names) if name.startswith("graph_")]
    return np.union1d(own, graph)


__all__ = ["VOICES", "Fold", "Sample", "Sizes", "Tested", "fit_fold", "fold_names", "score_folds"]
