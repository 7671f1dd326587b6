"""The battery: one list of checks that every model passes before it may decide. Bounds are data; nothing here is timed.

Two halves: `check_subject` (what holds whatever the labels: of every kind of model, and what its own kind can prove) and `check_scores`
(what later rows say of the scores).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import numpy as np

from honghua.models.core.booster_text import Link
from honghua.models.core.drift import measure_reference, psi
from honghua.models.core.forest import Float32, Float64, Int64
from honghua.models.core.intervals import auc_interval
from honghua.models.core.metrics import auc
from honghua.models.core.model import Model
from honghua.models.core.proofs import check_monotone, find_unseen_missing
from honghua.models.core.reliability import measure_reliability
from honghua.models.files import load_model, save_model

SINGLES: Final = 64
SWEEP_ROWS: Final = 64
SWEEP_STEPS: Final = 21
PEER_ROWS_MAX: Final = 20_000

Predict = Callable[[Float32], Float64]


@dataclass(frozen=True, slots=True)
class BatteryBounds:
    """What a model must keep on rows later than its fitting."""

    auc_low: float = 0.5
    ece: float = 0.05
    ece_over_chance: float = 2.0  # an error of fewer times what honest probabilities show on so few rows says nothing
    slope_low: float = 0.7
    slope_high: float = 1.4
    slice_auc_spread: float = 0.15
    slice_score_psi: float = 0.5
    slice_positives_min: int = 20
    slice_rows_min: int = 200
    slope_errors: float = 2.0  # a slope out of its bounds by fewer standard errors may be chance


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Rows later than the fitting, on which the model is checked: x float32[n, F], y 0 or 1, slices int64[n] (day, week …) or None.

    weight: how many rows each stands for, None = one.
    """

    x: Float32
    y: np.ndarray[Any, Any]
    slices: Int64 | None = None
    monotone: Mapping[str, int] = field(default_factory=dict)
    weight: Float64 | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was found, what it may be, and what is wrong ("" when it passed)."""

    name: str
    passed: bool
    found: str
    bound: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class BatteryReport:
    """All checks, in order."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may decide."""
        return all(check.passed for check in self.checks)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence per failed check."""
        return tuple(f"{check.name}: {check.problem}" for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Any model as the battery sees it.

    names    the columns that it reads, in their order      digest   names what it computes
    predict  x float32[n, F] → float64[n]                   reload   saves it, reads it back: its digest and `predict` from there
    prove    what its kind can prove of itself, beyond what every model must show
    """

    names: tuple[str, ...]
    digest: bytes
    predict: Predict
    reload: Callable[[], tuple[bytes, Predict]]
    prove: Callable[[Evidence], Iterable[Check]]
    kind: str
    is_probability: bool = True


def check_battery(model: Model | Subject, evidence: Evidence, *, bounds: BatteryBounds | None = None) -> BatteryReport:
    """Run every check; none is skipped."""
    subject = model if isinstance(model, Subject) else forest_subject(model)
    said = subject.predict(evidence.x)
    quality = check_scores(evidence.y, said, slices=evidence.slices, weight=evidence.weight, bounds=bounds)
    return BatteryReport((*check_subject(subject, evidence), *quality))


def check_subject(subject: Subject, evidence: Evidence) -> tuple[Check, ...]:
    """What must hold whatever the labels are; of the evidence only rows and promised directions are looked at."""
    of_all = (check for part in OF_ALL for check in part(subject, evidence))
    return (*of_all, *subject.prove(evidence))


def check_forest(model: Model, evidence: Evidence) -> tuple[Check, ...]:
    """`check_subject` of a forest."""
    return check_subject(forest_subject(model), evidence)


def forest_subject(model: Model) -> Subject:
    """A forest as the battery sees it; its kind proves equality with LightGBM, sums of parts, monotony and ways for missing values."""

    def reload() -> tuple[bytes, Predict]:
        with tempfile.TemporaryDirectory() as folder:
            save_model(model, folder)
            again = load_model(folder)
        return again.digest, again.predict

    def prove(evidence: Evidence) -> Iterator[Check]:
        for part in OF_FORESTS:
            yield from part(model, evidence)

    is_probability = model.forest.link is Link.LOGISTIC
    return Subject(model.names, model.digest, model.predict, reload, prove, "forest", is_probability)


def check_scores(
    y: np.ndarray[Any, Any],
    scores: Float64,
    *,
    slices: Int64 | None = None,
    weight: Float64 | None = None,
    bounds: BatteryBounds | None = None,
) -> tuple[Check, ...]:
    """How well probabilities float64[n] of rows later than the fitting rank and mean what they say, overall and by slice."""
    limits = bounds or BatteryBounds()
    by_time = np.zeros(len(scores), np.int64) if slices is None else np.asarray(slices, np.int64)
    return (*_check_calibration(y, scores, weight, limits), *_check_stability(y, scores, by_time, limits))


def merge_checks(parts: Mapping[str, Sequence[Check]]) -> tuple[Check, ...]:
    """The same checks of several models as one list: a check passes when it does for each; problems say whose they are."""
    merged: dict[str, list[tuple[str, Check]]] = {}
    for owner, checks in parts.items():
        for check in checks:
            merged.setdefault(check.name, []).append((owner, check))
    return tuple(
        Check(
            name, all(check.passed for _, check in found), "; ".join(f"{owner} {check.found}" for owner, check in found),
            found[0][1].bound, "; ".join(f"{owner}: {check.problem}" for owner, check in found if not check.passed),
        )
        for name, found in merged.items()
    )  # fmt: skip


def hostile_rows(features: int) -> Float32:
    """Rows that no fitting has seen: nothing there, all infinite, all huge, all tiny, all negative categories."""
    values = (np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-40, -1e-40, 0.0, -1.0, 4e9)
    return np.array([[value] * features for value in values], np.float32)


def _check_finite(model: Subject, evidence: Evidence) -> Iterator[Check]:
    rows = np.concatenate([evidence.x, hostile_rows(len(model.names))])
    answers = model.predict(rows)
    wild = int(np.sum(~np.isfinite(answers)))
    yield check_of("finite scores", wild == 0, f"{wild} of {len(rows)}", "0", f"{wild} rows have no finite score")
    if model.is_probability:
        outside = int(np.sum((answers < 0) | (answers > 1)))
        yield check_of(
            "probabilities", outside == 0, f"{outside} outside", "0 … 1", f"{outside} rows are outside 0 … 1"
        )


def _check_same_bits(model: Subject, evidence: Evidence) -> Iterator[Check]:
    some = np.concatenate([evidence.x[:SINGLES], hostile_rows(len(model.names))])
    many = model.predict(some)
    single = np.array([model.predict(some[k : k + 1])[0] for k in range(len(some))])
    differ = int(np.sum(many != single))
    yield check_of("one row = many rows", differ == 0, f"{differ} differ", "0", f"{differ} rows score otherwise alone")


def _check_swept(model: Subject, evidence: Evidence) -> Iterator[Check]:
    count = sum(1 for direction in evidence.monotone.values() if direction)
    broken = [
        name
        for name, direction in evidence.monotone.items()
        if direction and _falls(model, evidence.x, name, direction)
    ]
    yield check_of(
        "monotone, swept", not broken, f"{count} features", "no fall", f"the score falls along {', '.join(broken)}"
    )


def _check_any_missing(model: Subject, evidence: Evidence) -> Iterator[Check]:
    some = evidence.x[:SINGLES]
    wild = []
    for k, name in enumerate(model.names):
        rows = some.copy()
        rows[:, k] = np.nan
        if not np.isfinite(model.predict(rows)).all():
            wild.append(name)
    yield check_of(
        "any feature may be missing", not wild, f"{len(wild)} features", "0", f"no score without {', '.join(wild[:5])}"
    )


def _check_digest(model: Subject, evidence: Evidence) -> Iterator[Check]:
    digest, predict = model.reload()
    rows = evidence.x[:SINGLES]
    same = digest == model.digest and np.array_equal(predict(rows), model.predict(rows))
    yield check_of(
        "saved and loaded", same, model.digest.hex()[:12], digest.hex()[:12], "another model came back from its folder"
    )


def _check_peer(model: Model, evidence: Evidence) -> Iterator[Check]:
    rows = np.concatenate([evidence.x[:PEER_ROWS_MAX], hostile_rows(len(model.names))])
    if model.forest.trees:
        lightgbm = import_module("lightgbm")  # loaded when models are checked: no decision needs it
        peer = np.asarray(lightgbm.Booster(model_str=model.forest.text).predict(rows, raw_score=True, num_threads=1))
        gap = float(np.max(np.abs(peer / model.forest.booster.averaged - model.forest.score(rows))))
        yield check_of("equal to LightGBM", gap == 0.0, repr(gap), "0.0", f"margins differ by up to {gap!r}")
    some = np.concatenate([evidence.x[:SINGLES], hostile_rows(len(model.names))])
    off = float(np.max(np.abs(model.forest.parts(some).sum(axis=1) + model.forest.base - model.forest.score(some))))
    yield check_of(
        "parts sum to the margin", off <= 1e-9, f"{off:.1e}", "1e-9", f"base and parts miss the margin by {off:.1e}"
    )


def _check_monotone(model: Model, evidence: Evidence) -> Iterator[Check]:
    problems = check_monotone(model.forest, evidence.monotone)
    count = sum(1 for direction in evidence.monotone.values() if direction)
    yield check_of(
        "monotone, proven on the trees", not problems, f"{count} features", "no break", "; ".join(problems[:3])
    )


def _check_missing(model: Model, evidence: Evidence) -> Iterator[Check]:
    counts = {name: int(np.isnan(evidence.x[:, k]).sum()) for k, name in enumerate(model.names)}
    blind = find_unseen_missing(model.forest, counts)
    problem = f"missing values of {', '.join(blind[:5])} would be read as zero: the fitting saw none"
    yield check_of("missing values have their own way", not blind, f"{len(blind)} features", "0", problem)


def _falls(model: Subject, x: Float32, name: str, direction: int) -> bool:
    if name not in model.names:
        return True
    column = model.names.index(name)
    there = x[:, column][np.isfinite(x[:, column])]
    steps = np.quantile(there, np.linspace(0, 1, SWEEP_STEPS)) if len(there) else np.linspace(-1, 1, SWEEP_STEPS)
    rows = np.repeat(x[:SWEEP_ROWS], SWEEP_STEPS, axis=0)
    rows[:, column] = np.tile(steps.astype(np.float32), len(rows) // SWEEP_STEPS)
    answers = model.predict(rows).reshape(-1, SWEEP_STEPS)
    return bool((np.diff(answers, axis=1) * direction < 0).any())


def _check_calibration(
    y: np.ndarray[Any, Any], answers: Float64, weight: Float64 | None, limits: BatteryBounds
) -> Iterator[Check]:
    interval = auc_interval(y, answers)
    told = f"{interval.low:.3f} … {interval.mid:.3f} … {interval.high:.3f}"
    yield check_of(
        "ranks better than chance", interval.low > limits.auc_low, told, f"low > {limits.auc_low}", f"AUC {told}"
    )
    seen = measure_reliability(y, answers, weight=weight)
    most = max(limits.ece, limits.ece_over_chance * seen.ece_by_chance)
    told = f"{seen.ece:.4f}, by chance {seen.ece_by_chance:.4f}"
    yield check_of("calibration error", seen.ece <= most, told, f"≤ {most:.4g}", f"ECE is {told}")
    room = limits.slope_errors * seen.slope_error
    steep = limits.slope_low - room <= seen.slope <= limits.slope_high + room
    told = f"{seen.slope:.3f} ± {seen.slope_error:.3f}"
    if interval.mid == 1.0:  # the steepest line of all fits best: a slope says nothing
        steep, told = True, "perfectly ranked, so none"
    bound = f"{limits.slope_low} … {limits.slope_high}, within {limits.slope_errors:g} errors"
    yield check_of("calibration slope", steep, told, bound, f"slope is {told}")


def _check_stability(
    y: np.ndarray[Any, Any], answers: Float64, slices: Int64, limits: BatteryBounds
) -> Iterator[Check]:
    groups = [np.flatnonzero(slices == name) for name in np.unique(slices)]
    labels = np.asarray(y)
    enough = [
        rows for rows in groups if min(labels[rows].sum(), len(rows) - labels[rows].sum()) >= limits.slice_positives_min
    ]
    figures = [auc(labels[rows], answers[rows]) for rows in enough]
    spread = max(figures) - min(figures) if figures else 0.0
    told = f"{spread:.3f} over {len(figures)} slices"
    bound = f"≤ {limits.slice_auc_spread}"
    yield check_of("AUC by time slice", spread <= limits.slice_auc_spread, told, bound, f"AUC moves by {told}")
    groups = [rows for rows in groups if len(rows) >= limits.slice_rows_min]
    worst = max((_score_psi(answers[groups[0]], answers[rows]) for rows in groups[1:]), default=0.0)
    told, bound = f"PSI {worst:.3f}", f"≤ {limits.slice_score_psi}"
    yield check_of("scores by time slice", worst <= limits.slice_score_psi, told, bound, told)


def _score_psi(before: Float64, after: Float64) -> float:
    reference = measure_reference(np.zeros((len(before), 0), np.float32), before, names=())
    return psi(reference.counts[0], reference.count(np.zeros((len(after), 0), np.float32), after)[0])


def check_of(name: str, passed: bool, found: str, bound: str, problem: str) -> Check:  # noqa: FBT001
    """A check; what is wrong is told only of one that failed."""
    return Check(name, bool(passed), found, bound, "" if passed else problem)


OF_ALL: Final[tuple[Callable[[Subject, Evidence], Iterator[Check]], ...]] = (
    _check_finite,
    _check_same_bits,
    _check_swept,
    _check_any_missing,
    _check_digest,
)
OF_FORESTS: Final[tuple[Callable[[Model, Evidence], Iterator[Check]], ...]] = (
    _check_peer,
    _check_monotone,
    _check_missing,
)

__all__ = [
    "BatteryBounds",
    "BatteryReport",
    "Check",
    "Evidence",
    "Subject",
    "check_battery",
    "check_forest",
    "check_of",
    "check_scores",
    "check_subject",
    "forest_subject",
    "hostile_rows",
    "merge_checks",
]
