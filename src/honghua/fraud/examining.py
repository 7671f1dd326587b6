"""Examines a fitted fraud model before it may decide: the battery over its forests and its scores, its card, its reference for drift.

Structure is checked on the model itself. How good it is, is measured with the model as it was before it learnt the held-out rows too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.fraud.core.plan import DETECTORS
from honghua.fraud.core.values import Value
from honghua.fraud.core.version import SCORE_VERSION
from honghua.fraud.fitting import Fitted, resample
from honghua.fraud.model import FraudModel
from honghua.models.api import (
    BatteryBounds,
    BatteryReport,
    Check,
    DriftReference,
    Evidence,
    Model,
    Purpose,
    card_html,
    check_forest,
    check_scores,
    find_largest,
    hostile_rows,
    measure_gain,
    measure_reference,
    merge_checks,
    pack_reference,
    psi,
    tell_battery,
    tell_purpose,
    tell_scores,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Files = Mapping[str, bytes]

CARD_PAGE, CARD, BATTERY, DRIFT = "card.html", "card.json", "battery.json", "drift.npz"
WEEK_US: Final = 7 * DAY_US
ROWS_MAX: Final = 4_000  # that the forests are held against LightGBM on
SINGLES: Final = 64
REFERENCE_MIN: Final = 500  # held-out rows that may stand for the world at the fitting's end; else all rows do
SEED: Final = 1
# Weights of the lines are held back by a ridge: where frauds are easy to tell, scores are more cautious than they need be. That is no
# harm (the error of calibration is bounded all the same); to be too sure is.
BOUNDS: Final = BatteryBounds(slope_high=5.0)
PURPOSE: Final = Purpose(
    "Fraud and cash-out at purchase",
    "one probability of fraud a purchase, and one for each of three detectors; read by policies, never alone a reason to refuse for good",
    "frauds that nobody reports teach it that they are none; kinds of fraud that it has not met are seen by the unlabelled parts only;"
    " the line that joins its voices is its calibration and was fitted on the rows it is measured on, so calibration is flattered a little",
    "a table of events, labels as they had arrived",
)


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What is kept beside a model's files: whether it passed, why not, the card, the reference that drift is measured against."""

    report: BatteryReport
    card: Mapping[str, Any]
    reference: bytes = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether the model may decide."""
        return self.report.passed

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence per failed check."""
        return self.report.problems

    def files(self) -> Files:
        """As files: the card for people, the card and the battery as JSON, the reference."""
        battery = {
            "passed": self.passed, "problems": list(self.problems), "score_version": SCORE_VERSION,
            "digest": self.card["digest"], "checks": self.card["battery"],
        }  # fmt: skip
        return {
            CARD_PAGE: card_html(dict(self.card)).encode(), CARD: _json(self.card), BATTERY: _json(battery), DRIFT: self.reference,
        }  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write them into a model's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_bytes(content)


def examine(
    fitted: Fitted,
    values: Floats,
    labels: NDArray[np.integer[Any]],
    *,
    described: Sequence[Value],
    weight: Doubles | None = None,
    at_us: Ints | None = None,
) -> Examination:
    """Examine what `fit_fraud` made of values float32[n, V], labels, `described` and weight: give exactly what it was given.

    at_us int64[n]: times of the rows; the scores must hold in each week of the held-out rows. Without them there are no weeks. A model that
    is kept in another form is examined in that form: `replace(fitted, model=fitted.model.narrowed())`; the examination names its digest.
    """
    model = fitted.model
    trial = (fitted.trial or fitted.model).placed(model.values)
    places = {value.name: k for k, value in enumerate(described)}
    columns = np.array([places[name] for name in model.names], np.int64)
    own = np.ascontiguousarray(values if np.array_equal(columns, np.arange(len(described))) else values[:, columns])
    mass = np.ones(len(own)) if weight is None else weight
    held = fitted.held
    some = own[np.unique(np.linspace(0, len(own) - 1, min(len(own), ROWS_MAX)).astype(np.int64))]
    checks = [*merge_checks(_check_forests(model, some)), *_check_model(model, some)]
    figures: dict[str, Any] = {"figures": {}}
    reference = own[resample(mass, SEED)], model
    if len(held):
        y, said = (labels[held] == 1).astype(np.int64), trial.score(own[held]).fused
        weeks = None if at_us is None else (at_us[held] - at_us[held].min()) // WEEK_US
        checks += check_scores(y, said, slices=weeks, weight=mass[held], bounds=BOUNDS)
        figures = tell_scores(y, said, weight=mass[held])
        if len(held) >= REFERENCE_MIN:
            reference = own[held][resample(mass[held], SEED)], trial
    else:
        problem = "too few known frauds to keep any back: nobody has measured how good this model is"
        checks.append(Check("measured on rows kept back", passed=False, found="0 rows", bound="> 0", problem=problem))
    report = BatteryReport(tuple(checks))
    measured, drifted = _measure_drift(*reference, own)
    card = {
        **tell_purpose(PURPOSE), **_tell_model(fitted, model), **figures, "psi": find_largest(drifted), **tell_battery(report),
    }  # fmt: skip
    return Examination(report, card, pack_reference(measured))


def _measure_drift(rows: Floats, scorer: FraudModel, own: Floats) -> tuple[DriftReference, dict[str, float]]:
    """What the model read and said on the rows that stand for its world, and how far its earlier rows stood from them, by value."""
    read = [scorer.names.index(name) for name in scorer.reads]
    early = own[: len(own) // 2 + 1]
    measured = measure_reference(rows[:, read], scorer.score(rows).fused, names=scorer.reads)
    before = measured.count(early[:, read], scorer.score(early).fused)
    return measured, {name: psi(a, b) for name, a, b in zip((*scorer.reads, "score"), measured.counts, before)}


def _forests(model: FraudModel) -> dict[str, tuple[Model, Mapping[str, int]]]:
    """Every forest there is, with the directions that it promises."""
    found: dict[str, tuple[Model, Mapping[str, int]]] = {}
    for family in DETECTORS:
        detector = model.detectors[family]
        if detector.model is not None:
            signs = {model.names[k]: int(s) for k, s in zip(detector.tail.columns, detector.tail.signs, strict=True)}
            found[family.value] = detector.model, signs
    for name, fusion in (("late", model.late), ("blind", model.blind)):
        if fusion.model is not None:
            found[name] = fusion.model, {}
    return found


def _check_forests(model: FraudModel, rows: Floats) -> dict[str, tuple[Check, ...]]:
    voices = [model.detectors[family].voices(rows)[0] for family in DETECTORS]
    matrices = {family.value: rows[:, model.detectors[family].tail.columns] for family in DETECTORS}
    matrices |= {name: fusion.matrix(rows, voices) for name, fusion in (("late", model.late), ("blind", model.blind))}
    return {
        name: check_forest(forest, Evidence(np.ascontiguousarray(matrices[name]), np.zeros(len(rows)), monotone=signs))
        for name, (forest, signs) in _forests(model).items()
    }


def _check_model(model: FraudModel, rows: Floats) -> list[Check]:
    """What must hold of the four scores together: finite, the same alone and among others, the same out of a folder."""
    some = np.concatenate([rows[:SINGLES], hostile_rows(len(model.names))])
    many = model.score(some).columns
    wild = int((~np.isfinite(many) | (many < 0) | (many > 1)).sum())
    alone = np.concatenate([model.score(some[k : k + 1]).columns for k in range(len(some))])
    differ = int((alone != many).any(axis=1).sum())
    with TemporaryDirectory() as place:
        model.save(Path(place))
        again = FraudModel.load(Path(place))
    same = again.digest == model.digest and np.array_equal(again.score(some).columns, many)
    return [
        _check("fused scores are probabilities", wild == 0, f"{wild} wild", "0", f"{wild} scores are none"),
        _check("fused: one row = many rows", differ == 0, f"{differ} differ", "0", f"{differ} rows score otherwise alone"),
        _check("fused: saved and loaded", same, again.digest.hex()[:12], model.digest.hex()[:12], "another came back"),
    ]  # fmt: skip


def _check(name: str, passed: bool, found: str, bound: str, problem: str) -> Check:  # noqa: FBT001
    return Check(name, bool(passed), found, bound, "" if passed else problem)


def _tell_model(fitted: Fitted, model: FraudModel) -> dict[str, Any]:
    forests = _forests(model)
    gain: dict[str, float] = {}
    for name in ("late", "blind"):
        if name in forests and not gain:
            gain = measure_gain(forests[name][0])
    return {
        "digest": model.digest.hex(),
        "score_version": SCORE_VERSION,
        "trees": {name: forest.forest.trees for name, (forest, _) in forests.items()},
        "leaves": {name: forest.forest.leaves for name, (forest, _) in forests.items()},
        "bytes": sum(forest.forest.size_bytes for forest, _ in forests.values()),
        "calibration": "a logistic line over the forest's margin and the detectors' voices, fitted on rows kept back",
        "features": list(model.reads),
        "monotone": {name: sum(1 for s in signs.values() if s) for name, (_, signs) in forests.items() if signs},
        "fitting": {"rows": fitted.rows, "labelled": fitted.labelled, "positives": fitted.positives, "silence_days": model.silence_days},
        "importance": find_largest(gain),
    }  # fmt: skip


def _json(told: Mapping[str, Any]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


__all__ = ["BATTERY", "CARD", "CARD_PAGE", "DRIFT", "PURPOSE", "Examination", "examine"]
