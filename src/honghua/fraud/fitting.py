"""Fits a FraudModel: tails on all rows, forests on labelled ones, the lines that join them on later rows than the forests saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.fraud.choosing import Chosen, choose_values
from honghua.fraud.core.fusion import MARGIN_MAX, Line
from honghua.fraud.core.plan import DETECTORS, Family, Value
from honghua.fraud.core.tails import Tail
from honghua.fraud.mixing import groups_of, mix_rows
from honghua.fraud.model import Detector, FraudModel, Fusion
from honghua.fraud.sieving import Rows, needs_sieve, sieve
from honghua.models.api import Model, auc, average_precision, build_model, train_forest

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

POSITIVES_FOR_FOREST: Final = 10
POSITIVES_FOR_VALID: Final = 10
MANY_POSITIVES: Final = 2_000
ROUNDS_UNJUDGED: Final = 60
VALUES_FOR_THREADS: Final = 20_000_000
RIDGE: Final = 0.3
ALIKE: Final = {"bagging_fraction": 0.8, "bagging_freq": 1, "metric": "average_precision"}
RANDOM_RATE: Final = 0.06
SMALL_STEPS: Final = 12.0  # rounds times rate
FRAUDS_PER_LEAF: Final = 60
LEAVES_MIN: Final = 8
DETECTOR_LEAVES, FUSION_LEAVES = 15, 31
# Voices of a detector: surprise, alarm beyond one in a thousand, margin of its forest. Without labels: odds 1 at one in a thousand.
ALONE: Final = (-6.9, (2.3, 0.0, 0.0))
ALONE_FLOOR: Final = (0.3, 0.5, 0.0)
FUSED_FLOOR: Final = (0.05, 0.3, 0.05)
ALARM_MAX: Final = 2.0  # a handful of rows beyond the alarm, all frauds, would ask for a weight without end
FUSED_FLOOR_FEW: Final = (0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to fit. rounds: trees of a fusion at most; refit: on all rows once the number of trees is known.

    unreported: how many frauds that nobody reports are among the clear rows, as part of those that are told; so many of the most fraud-like
    clear rows teach nothing, and where frauds are few fusions also learn from mixed rows, for kinds that nobody told of (mixing.py).
    0 takes clear rows at their word. chosen: the values to read; None = chosen on the fitted rows.
    """

    seed: int = 20261122
    rounds: int = 300
    detector_rounds: int = 80
    learning_rate: float = 0.05
    valid_share: float = 0.2
    silence_days: float = 30.0
    threads: int = 2
    refit: bool = True
    unreported: float = 0.0
    chosen: Chosen | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The model and what the later part of the fitting time said of it (None where there were too few labels to tell).

    held int64[h]: the rows of the given values that judged it, none where labels were too few; trial: the model before its forests were
    fitted once more on all rows, which is the one that `held` may judge.
    """

    model: FraudModel
    rows: int
    labelled: int
    positives: int
    valid: Mapping[str, float | None]
    rounds: Mapping[str, int]
    held: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    trial: FraudModel | None = None


def fit_fraud(
    values: Floats,
    labels: NDArray[np.integer[Any]],
    *,
    described: Sequence[Value],
    weight: Doubles | None = None,
    late: Bools | None = None,
    settings: FitSettings | None = None,
) -> Fitted:
    """Fit from values float32[n, V] in order of time and labels int[n]: 1 fraud, 0 clear, anything else unknown.

    described: RiskSensor.values. weight: how many rows each stands for (down-sampled negatives). Without a single fraud only the
    unlabelled parts are fitted and the fusion is their line. late bool[n]: the rows that judge the forests and teach the lines; None =
    the last `valid_share` of the labelled ones. The model takes rows as described, and reads some of
    their values: `FraudModel.reads`. BadInput when there are no rows.
    """
    settings = suited(settings or FitSettings(), values)
    rows, peers = read_rows(values, labels, weight, late, settings)
    chosen = settings.chosen
    if chosen is None:
        chosen = choose_values(rows, peers, described, seed=settings.seed, threads=settings.threads)
    told, held = rows.y, rows.place[rows.late]
    if settings.unreported > 0 and needs_sieve(rows):
        blind = np.array([k for k, value in enumerate(described) if value.family is not Family.LABEL], np.int64)
        rows = sieve(rows, blind, unreported=settings.unreported, seed=settings.seed, threads=settings.threads)
    detectors = {}
    for family in DETECTORS:
        tail = Tail.fit(peers, described, family, names=chosen.detectors[family])
        detectors[family] = fit_detector(tail, rows, described, settings)
    voices = [detectors[family].voices(rows.values)[0] for family in DETECTORS]
    late_part, blind_part = (
        fit_fusion(chosen.columns(names, described), voices, rows, described, settings)
        for names in (chosen.late, chosen.blind)
    )
    model, trial = (
        FraudModel(tuple(described), detectors, *fusions, settings.silence_days)
        for fusions in ((late_part.fusion, blind_part.fusion), (late_part.trial, blind_part.trial))
    )
    valid = {**late_part.valid, **{f"blind_{key}": value for key, value in blind_part.valid.items()}}
    rounds = {"late": late_part.rounds, "blind": blind_part.rounds}
    return Fitted(model, len(values), len(told), int(told.sum()), valid, rounds, held, trial)


def choose_for(
    values: Floats, labels: NDArray[np.integer[Any]], *, described: Sequence[Value], weight: Doubles, settings: FitSettings
) -> Chosen:  # fmt: skip
    """What `fit_fraud` would choose to read: so that more rows can be sensed of these values only."""
    settings = suited(settings, values)
    rows, peers = read_rows(values, labels, weight, None, settings)
    return choose_values(rows, peers, described, seed=settings.seed, threads=settings.threads)


def suited(settings: FitSettings, values: Floats) -> FitSettings:
    """One thread for what is small: threads that wait for one another take longer, much longer on a busy machine."""
    return replace(settings, threads=1) if values.size < VALUES_FOR_THREADS else settings


def read_rows(
    values: Floats,
    labels: NDArray[np.integer[Any]],
    weight: Doubles | None,
    late: Bools | None,
    settings: FitSettings,
) -> tuple[Rows, Floats]:
    """The labelled rows, and rows as they are in ordinary life."""
    if len(values) == 0 or len(values) != len(labels):
        raise BadInput("there are no rows to fit on", code="NO_ROWS")
    known = np.flatnonzero(np.isin(labels, (0, 1)))
    weight = np.ones(len(values)) if weight is None else weight
    y = (labels[known] == 1).astype(np.float64)
    held = split_by_time(y, settings.valid_share) if late is None else late[known]
    peers = values if weight.max() == weight.min() else values[resample(weight, settings.seed)]
    return Rows(values[known], y, weight[known], held, known), peers


def split_by_time(y: Doubles, share: float) -> Bools:
    """Which rows are late: the last share of them, more where that holds too few frauds, none where there are too few in all."""
    late = np.zeros(len(y), np.bool_)
    frauds = np.flatnonzero(y > 0)
    if len(frauds) < 2 * POSITIVES_FOR_VALID or len(frauds) == len(y):
        return late
    start = min(int(len(y) * (1 - share)), int(frauds[-POSITIVES_FOR_VALID]))
    start = max(start, int(frauds[POSITIVES_FOR_VALID - 1]) + 1)
    late[start:] = True
    if late.all() or (y[late] > 0).all() or (y[~late] > 0).all():
        late[:] = False
    return late


def resample(weight: Doubles, seed: int) -> NDArray[np.int64]:
    """Rows as often as they count, as many as there are: peers as they are, not as they were kept."""
    places = np.cumsum(weight)
    steps = (np.arange(len(weight)) + np.random.default_rng(seed).random()) * (places[-1] / len(weight))
    found: NDArray[np.int64] = np.minimum(np.searchsorted(places, steps), len(weight) - 1)
    return found


def fit_detector(tail: Tail, rows: Rows, described: Sequence[Value], settings: FitSettings) -> Detector:
    """A detector: its tail, and a small forest in which a more suspicious value never lowers the margin."""
    blank = Detector(tail, None, Line(ALONE[0], np.array(ALONE[1])))
    if rows.y.sum() < POSITIVES_FOR_FOREST or len(tail.columns) == 0 or not rows.late.any():
        return blank
    names = [described[k].name for k in tail.columns]
    monotone = {name: int(sign) for name, sign in zip(names, tail.signs, strict=True)}
    x = np.ascontiguousarray(rows.values[:, tail.columns])
    patience = 0 if rows.y.sum() < MANY_POSITIVES else 20
    recipe = {
        **recipe_of(shape_of_detector(rows, settings), settings, rounds=settings.detector_rounds),
        "monotone": monotone, "patience": patience,
    }  # fmt: skip
    early, late = ~rows.late, rows.late
    trained = train_forest(
        x[early], rows.y[early], names=names, weight=rows.weight[early], valid=(x[late], rows.y[late]), **recipe
    )
    model = build_model(trained.forest)
    voices, _ = Detector(tail, model, blank.line).voices(rows.values[late])
    line = fit_line(voices, rows.y[late], rows.weight[late], floor=np.array(ALONE_FLOOR))
    return Detector(tail, model, line)


def recipe_of(params: Mapping[str, Any], settings: FitSettings, *, rounds: int) -> dict[str, Any]:
    """What `train_forest` is told, whatever the shape of its trees."""
    return {"params": {**ALIKE, **params}, "rounds": rounds, "seed": settings.seed, "num_threads": settings.threads}


def shape_of_fusion(rows: Rows, settings: FitSettings, *, rounds: int) -> dict[str, Any]:
    """How a fusion's trees are to be, to suit the number of labels.

    Of few frauds one shop's counts are a fingerprint that a forest learns by heart. Hence small trees, the smaller the fewer the frauds,
    that learn slowly: as much in all, however many they are. And leaves are bounded, since the odds of a rare leaf are endless.
    """
    frauds = int(rows.y.sum())
    if frauds >= MANY_POSITIVES:
        return shape_of_many(rows, settings, leaves=FUSION_LEAVES)
    return {
        "num_leaves": int(np.clip(frauds // FRAUDS_PER_LEAF, LEAVES_MIN, FUSION_LEAVES)), "min_data_in_leaf": 30, "max_delta_step": 1.0,
        "learning_rate": float(np.clip(SMALL_STEPS / rounds, 0.03, 0.1)), "feature_fraction": 0.3, "lambda_l2": 10.0, "max_bin": 63,
    }  # fmt: skip


def shape_of_many(rows: Rows, settings: FitSettings, *, leaves: int) -> dict[str, Any]:
    """Of many frauds a forest learns freely, as long as the later rows say that it still learns."""
    return {
        "num_leaves": leaves, "min_data_in_leaf": int(np.clip(len(rows.y) / 500, 10, 300)), "lambda_l2": 5.0, "max_bin": 127,
        "learning_rate": settings.learning_rate, "feature_fraction": 0.35, "min_sum_hessian_in_leaf": 1.0,
    }  # fmt: skip


def shape_of_detector(rows: Rows, settings: FitSettings) -> dict[str, Any]:
    """A detector sees one side of many kinds of fraud: where they are few, thresholds drawn at random let it combine many weak signs."""
    if rows.y.sum() >= MANY_POSITIVES:
        return shape_of_many(rows, settings, leaves=DETECTOR_LEAVES)
    return {
        "num_leaves": DETECTOR_LEAVES, "min_data_in_leaf": int(np.clip(len(rows.y) / 500, 10, 20)), "learning_rate": RANDOM_RATE,
        "max_delta_step": 1.0, "extra_trees": True, "feature_fraction": 0.5, "lambda_l2": 5.0, "max_bin": 63,
    }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class FittedFusion:
    """A fusion, as it was when the later rows judged it (`trial`), what they said, and its trees."""

    fusion: Fusion
    trial: Fusion
    valid: Mapping[str, float | None]
    rounds: int


def fit_fusion(
    columns: NDArray[np.int64],
    voices: Sequence[Doubles],
    rows: Rows,
    described: Sequence[Value],
    settings: FitSettings,
) -> FittedFusion:
    """The forest over these columns and the line over it and the detectors' voices, float64[n, 3] each."""
    weak = Fusion(columns, None, Line(ALONE[0], np.array([0.0, *ALONE[1], *ALONE[1], *ALONE[1]])))
    unknown: dict[str, float | None] = {"auc": None, "ap": None}
    if rows.y.sum() < POSITIVES_FOR_FOREST:
        return FittedFusion(weak, weak, unknown, 0)
    names = [*(described[k].name for k in columns), *(f"{family.value}_surprise" for family in DETECTORS)]
    x = weak.matrix(rows.values, voices)
    late, few = rows.late, rows.y.sum() < MANY_POSITIVES
    categorical = [name for name in names if name.startswith("level_")]
    rounds = settings.rounds if late.any() else ROUNDS_UNJUDGED
    recipe = {
        **recipe_of(shape_of_fusion(rows, settings, rounds=rounds), settings, rounds=rounds),
        "categorical": categorical, "patience": 0 if few else 60,
    }  # fmt: skip
    floor = np.array([0.2, *(FUSED_FLOOR_FEW if few else FUSED_FLOOR) * len(DETECTORS)])
    taught = x, rows.y, rows.weight
    groups = groups_of([described[k] for k in columns], len(DETECTORS))
    mixed = few and settings.unreported > 0
    if mixed:
        taught = mix_rows(*taught, groups=groups, seed=settings.seed)
    if not late.any():
        model = train(taught, names, recipe)
        only = Fusion(columns, model, Line(0.0, np.array([1.0, *np.zeros(9)])))
        return FittedFusion(only, only, unknown, ROUNDS_UNJUDGED)
    early = x[~late], rows.y[~late], rows.weight[~late]
    if mixed:
        early = mix_rows(*early, groups=groups, seed=settings.seed)
    trained = train_forest(early[0], early[1], names=names, weight=early[2], valid=(x[late], rows.y[late]), **recipe)
    heard = np.column_stack([trained.forest.score(x[late]), *(voice[late] for voice in voices)])
    line = fit_line(heard, rows.y[late], rows.weight[late], floor=floor)
    trial = Fusion(columns, build_model(trained.forest), line)
    ranked = rows.y[late], line.margin(heard)
    found: dict[str, float | None] = {
        "auc": auc(*ranked, weight=rows.weight[late]), "ap": average_precision(*ranked, weight=rows.weight[late]),
    }  # fmt: skip
    if not settings.refit:
        return FittedFusion(trial, trial, found, trained.rounds)
    again = train(taught, names, {**recipe, "rounds": max(trained.rounds, 20)})
    return FittedFusion(Fusion(columns, again, line), trial, found, trained.rounds)


def train(taught: tuple[Floats, Doubles, Doubles], names: Sequence[str], recipe: Mapping[str, Any]) -> Model:
    """A forest of a given number of trees on rows, labels and weights."""
    x, y, weight = taught
    return build_model(train_forest(x, y, names=names, weight=weight, **recipe).forest)


def fit_line(voices: Doubles, y: Doubles, weight: Doubles, *, floor: Doubles) -> Line:
    """The logistic line of most likelihood whose weights stay above the floor; a little ridge toward (1 for the forest, the floor)."""
    centre = np.maximum(floor, np.eye(1, len(floor), 0 if len(floor) > 3 else 2)[0])
    mass = weight / weight.sum()
    spread = np.sqrt(np.maximum(mass @ (voices - mass @ voices) ** 2, 1e-9))

    def loss(line: Doubles) -> tuple[float, Doubles]:
        z = np.clip(line[0] + voices @ line[1:], -MARGIN_MAX, MARGIN_MAX)
        off = (line[1:] - centre) * spread
        p = 1.0 / (1.0 + np.exp(-z))
        value = mass @ (np.logaddexp(0.0, z) - y * z) + RIDGE * mass @ y * (off @ off)
        slope = np.concatenate([[mass @ (p - y)], (mass * (p - y)) @ voices + 2 * RIDGE * (mass @ y) * off * spread])
        return float(value), slope

    fused = len(floor) > len(ALONE_FLOOR)
    bounds: list[tuple[float | None, float | None]] = [(None, None)]
    for k, low in enumerate(floor):
        alarm = k % 3 == 2 if fused else k == 1
        fixed = (
            fused and k > 0 and not alarm
        )  # its forest has read the surprises: beside it only an alarm may weigh more
        bounds.append((low, low if fixed else ALARM_MAX if alarm else None))
    start = np.concatenate([[0.0], centre])
    minimize = import_module("scipy.optimize").minimize  # loaded when fitting: no decision needs it
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    return Line(float(found.x[0]), np.asarray(found.x[1:], np.float64))


__all__ = ["FitSettings", "Fitted", "choose_for", "fit_fraud"]
