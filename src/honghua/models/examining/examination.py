"""One examination of a candidate: every part of it, one verdict, and the sentences that send work back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.models.battery import BatteryBounds, BatteryReport, Check, Evidence, Subject, check_battery, check_of
from honghua.models.core.intervals import Interval, auc_difference, auc_interval
from honghua.models.core.metrics import ks
from honghua.models.core.reliability import Reliability, measure_reliability
from honghua.models.examining.adversarial import Telling, tell_apart
from honghua.models.examining.fairness import FairnessBounds, FairnessReport, Groups, measure_fairness, tell_interval
from honghua.models.examining.stability import Scored, StabilityBounds, StabilityReport, measure_stability
from honghua.models.examining.surviving import Lives, PdCurve, TermPoint, life_table, tell_terms


@dataclass(frozen=True, slots=True)
class ExaminationBounds:
    """Bounds of all parts. approval_share: how many are approved where nobody names a cut-off (configuration; grade U: ours)."""

    battery: BatteryBounds = field(default_factory=BatteryBounds)
    fairness: FairnessBounds = field(default_factory=FairnessBounds)
    stability: StabilityBounds = field(default_factory=StabilityBounds)
    apart: float = 0.55
    approval_share: float = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """The model that the candidate would replace, and what it says of the same later rows."""

    digest: bytes
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """Days: the last of the fitting, the first and last of the later rows."""

    fitted_until: dt.date
    first_on: dt.date
    last_on: dt.date

    @property
    def is_later(self) -> bool:
        """Whether the rows are out of time: all after the fitting."""
        return self.fitted_until < self.first_on <= self.last_on


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedRows:
    """What a candidate is examined on.

    fitting x float[n, F]   rows of the fitting                later x float[m, F], y 0 or 1[m]   rows that it never saw
    slices int64[m]         their months or folds, or None     groups   protected columns of the later rows
    cutoff   approved up to it; None: the bounds' share        lives    of the later rows, for the curve of default by month
    """

    fitting: NDArray[Any]
    later: NDArray[Any]
    y: NDArray[Any]
    slices: NDArray[np.int64] | None = None
    monotone: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[Groups, ...] = ()
    cutoff: float | None = None
    rival: Rival | None = None
    lives: Lives | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate − rival on the same rows. wins: surely above."""

    rival: bytes
    ours: Interval
    theirs: Interval
    difference: Interval

    @property
    def wins(self) -> bool:
        """Whether the candidate ranks surely better."""
        return self.difference.low > 0.0

    @property
    def loses(self) -> bool:
        """Whether it ranks surely worse."""
        return self.difference.high < 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """All that was found. A candidate that passed may be a challenger; to replace the champion it must also win (`models.registry`)."""

    kind: str
    digest: bytes
    battery: BatteryReport
    stability: StabilityReport
    fairness: tuple[FairnessReport, ...]
    telling: Telling
    reliability: Reliability
    auc: Interval
    ks: float
    cutoff: float
    rows: int
    ones: int
    scores: NDArray[np.float64]
    y: NDArray[Any]
    comparison: Comparison | None = None
    curve: PdCurve | None = None
    terms: tuple[TermPoint, ...] = ()
    window: Window | None = None
    extra: tuple[Check, ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """The battery's, then fairness and stability, then what others asked to be checked."""
        moved = "; ".join(self.stability.problems)
        found = [check_of("scores since the fitting", not moved, moved or "stayed", "PSI in its bound", moved)]
        for one in self.fairness:
            said = "; ".join(one.problems) or ("" if one.is_judged else "no two groups are large enough")
            found.append(check_of(f"fair by {one.name}", one.passed, said or "no bound broken", "see the report", said))
        return (*self.battery.checks, *found, *self.extra)

    @property
    def passed(self) -> bool:
        """Whether it may stand beside the champion."""
        return all(check.passed for check in self.checks)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence per failed check: what sends the work back."""
        return tuple(f"{check.name}: {check.problem}" for check in self.checks if not check.passed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know although it fails nothing."""
        told = [f"column moved: {one}" for one in self.stability.moved]
        if self.telling.is_apart:
            named = ", ".join(list(self.telling.columns)[:3])
            told.append(f"later rows can be told from the fitting's (AUC {self.telling.auc.mid:.3f}), by {named}")
        if not self.fairness:
            told.append("no protected column was given: fairness was not looked at")
        if self.window is None or not self.window.is_later:
            told.append("the rows are not known to be later than the fitting")
        if self.comparison is not None and not self.comparison.wins:
            told.append("it does not surely rank better than its rival")
        return tuple(told)

    def as_json(self) -> dict[str, Any]:
        """Plain values: for an artefact, a page, a register."""
        window = self.window
        return {
            "kind": self.kind, "digest": self.digest.hex(), "passed": self.passed, "problems": list(self.problems),
            "notes": list(self.notes), "rows": self.rows, "ones": self.ones, "auc": tell_interval(self.auc), "ks": _finite(self.ks),
            "ece": _finite(self.reliability.ece), "slope": _finite(self.reliability.slope), "cutoff": self.cutoff,
            "checks": [
                {"check": c.name, "passed": c.passed, "found": c.found, "bound": c.bound, "problem": c.problem}
                for c in self.checks
            ],
            "stability": self.stability.as_json(), "fairness": [one.as_json() for one in self.fairness],
            "adversarial": self.telling.as_json(), "pd": None if self.curve is None else self.curve.as_json(),
            "terms": [one.as_json() for one in self.terms],
            "comparison": None if self.comparison is None else _tell_comparison(self.comparison),
            "window": None if window is None else [day.isoformat() for day in (window.fitted_until, window.first_on, window.last_on)],
        }  # fmt: skip


def examine_candidate(
    subject: Subject,
    rows: ExaminedRows,
    *,
    seed: int,
    bounds: ExaminationBounds | None = None,
    extra: Sequence[Check] = (),
) -> Examination:
    """Examine any model. `extra`: checks of others (a limit model's check of its cause, say) that count as the examination's own.

    BadInput where the rows do not fit each other; a model that answers nonsense fails checks instead.
    """
    limits = bounds or ExaminationBounds()
    _check_shapes(subject, rows)
    evidence = Evidence(rows.later, rows.y, slices=rows.slices, monotone=rows.monotone)
    battery = check_battery(subject, evidence, bounds=limits.battery)
    scores, y = subject.predict(rows.later), np.asarray(rows.y)
    cutoff = float(np.quantile(scores, limits.approval_share)) if rows.cutoff is None else rows.cutoff
    fitted = Scored(rows.fitting, subject.predict(rows.fitting))
    return Examination(
        kind=subject.kind,
        digest=subject.digest,
        battery=battery,
        stability=measure_stability(subject.names, fitted, _slice(rows, scores), bounds=limits.stability),
        fairness=tuple(
            measure_fairness(y, scores, one, approved=scores <= cutoff, bounds=limits.fairness) for one in rows.groups
        ),
        telling=tell_apart(rows.fitting, rows.later, names=subject.names, seed=seed, bound=limits.apart),
        reliability=measure_reliability(y, scores),
        auc=auc_interval(y, scores),
        ks=ks(y, scores),
        cutoff=cutoff,
        rows=len(y),
        ones=int((y == 1).sum()),
        scores=scores,
        y=y,
        comparison=None if rows.rival is None else compare(y, scores, rows.rival),
        curve=None if rows.lives is None else life_table(rows.lives),
        terms=() if rows.lives is None else tell_terms(scores, rows.lives, seed=seed),
        window=rows.window,
        extra=tuple(extra),
    )


def compare(y: NDArray[Any], scores: NDArray[np.float64], rival: Rival) -> Comparison:
    """Candidate and rival on the same rows; the difference is paired."""
    return Comparison(
        rival.digest, auc_interval(y, scores), auc_interval(y, rival.scores), auc_difference(y, scores, rival.scores)
    )


def _slice(rows: ExaminedRows, scores: NDArray[np.float64]) -> dict[str, Scored]:
    if rows.slices is None:
        return {"later": Scored(rows.later, scores)}
    return {
        str(word): Scored(rows.later[rows.slices == word], scores[rows.slices == word])
        for word in np.unique(rows.slices).tolist()
    }


def _check_shapes(subject: Subject, rows: ExaminedRows) -> None:
    width = len(subject.names)
    if rows.fitting.ndim != 2 or rows.later.ndim != 2 or {rows.fitting.shape[1], rows.later.shape[1]} != {width}:
        raise BadInput(f"rows of {width} columns are needed: {', '.join(subject.names[:5])} …", code="BAD_SHAPE")
    later = len(rows.later)
    told = [rows.y, *(one.codes for one in rows.groups)]
    told += [] if rows.slices is None else [rows.slices]
    told += [] if rows.rival is None else [rows.rival.scores]
    told += [] if rows.lives is None else [rows.lives.months]
    if len(rows.fitting) == 0 or any(len(column) != later for column in told):
        raise BadInput(
            "labels, slices, groups, lives and the rival's scores need one value per later row", code="BAD_SHAPE"
        )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _tell_comparison(one: Comparison) -> dict[str, Any]:
    return {
        "rival": one.rival.hex(), "ours": tell_interval(one.ours), "theirs": tell_interval(one.theirs),
        "difference": tell_interval(one.difference), "wins": one.wins,
    }  # fmt: skip
