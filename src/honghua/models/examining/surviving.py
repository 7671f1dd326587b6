"""When people default: the life table of a book, and a hazard by month that a score moves; both take people whom one stopped seeing.

Discrete time: month t = 1, 2 …; a life of m months was seen in the months 1 … m, and defaulted in its last one or was lost from sight
(censored). Whoever closes early is censored too, so these are cause-specific probabilities: what default alone would do.
Sources: Kaplan and Meier, JASA 53 (1958) 457; Greenwood (1926); Efron, JASA 83 (1988) 414 (hazards by logistic regression);
Stepanova and Thomas, Operations Research 50 (2002) 277 (survival analysis for personal loans).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.base.shares import Z
from honghua.models.core.intervals import Interval

HORIZONS: Final = (12, 36)
MONTHS_MAX: Final = 600
AT_RISK_MIN: Final = 20  # beyond the month in which fewer are seen nothing is said
BANDS: Final = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 60)  # months up to which a hazard has one level
STEPS_MAX: Final = 50
DRAWS: Final = 500
RIDGE: Final = 1e-6
CLOSE: Final = 1e-9
EDGE: Final = 1e-6
SHARES: Final = (0.1, 0.5, 0.9)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PdCurve:
    """Probability of having defaulted by the end of each month 1 … T, float64[T], never falling, with its 95 % interval."""

    months: Int64
    at_risk: Int64
    defaults: Int64
    hazard: Float64
    pd: Float64
    low: Float64
    high: Float64

    def by(self, month: int) -> Interval | None:
        """Default by the end of a month; None beyond what was seen of enough people."""
        if not 1 <= month <= len(self.months):
            return None
        return Interval(float(self.low[month - 1]), float(self.pd[month - 1]), float(self.high[month - 1]))

    def as_json(self) -> dict[str, Any]:
        """Plain values; horizons that were not seen are None."""
        told = {str(month): (None if (one := self.by(month)) is None else one.as_list()) for month in HORIZONS}
        return {
            "months": self.months.tolist(), "at_risk": self.at_risk.tolist(), "pd": self.pd.tolist(),
            "low": self.low.tolist(), "high": self.high.tolist(), "by_month": told,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """One life a row: months int[n] ≥ 1 that it was seen, whether it defaulted in the last of them; entered: months before it was seen."""

    months: Int64
    defaulted: NDArray[np.bool_]
    entered: Int64 | None = None

    def check(self) -> None:
        """BadInput for lives that no book could have."""
        months = np.asarray(self.months)
        if len(months) == 0 or len(months) != len(self.defaulted) or months.min() < 1 or months.max() > MONTHS_MAX:
            raise BadInput(f"lives of 1 … {MONTHS_MAX} months are needed, and as many defaults", code="BAD_SHAPE")
        if self.entered is not None and (
            len(self.entered) != len(months) or self.entered.min() < 0 or (self.entered >= months).any()
        ):
            raise BadInput("whoever is seen came before the last month", code="BAD_SHAPE")


def life_table(lives: Lives) -> PdCurve:
    """Kaplan and Meier's curve by month with Greenwood's error on the log(−log) scale, so that intervals stay in 0 … 1 and never fall."""
    lives.check()
    months, entered = np.asarray(lives.months), lives.entered
    last = int(months.max())
    defaults = np.bincount(months[np.asarray(lives.defaulted, bool)], minlength=last + 1)[1:]
    leaving = np.bincount(months, minlength=last + 1)[1:]
    coming = np.bincount(np.zeros(len(months), np.int64) if entered is None else entered, minlength=last)[:last]
    at_risk = np.cumsum(coming) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    kept = int(np.argmax(at_risk < AT_RISK_MIN)) if (at_risk < AT_RISK_MIN).any() else last
    at_risk, defaults = at_risk[:kept], defaults[:kept]
    hazard = defaults / np.maximum(at_risk, 1)
    survived = np.cumprod(1.0 - hazard)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(at_risk > defaults, defaults / (at_risk * (at_risk - defaults)), 0.0))
        error = np.where((survived < 1) & (survived > 0), np.sqrt(greenwood) / np.abs(np.log(survived)), 0.0)
    high, low = 1.0 - survived ** np.exp(Z * error), 1.0 - survived ** np.exp(-Z * error)
    none = np.cumsum(defaults) == 0
    # Before the first default: three over how many were seen ("rule of three", Hanley and Lippman-Hand, JAMA 249 (1983) 1743).
    high = np.where(none, np.minimum(3.0 / np.maximum(at_risk, 1), 1.0), high)
    return PdCurve(
        np.arange(1, kept + 1), at_risk.astype(np.int64), defaults.astype(np.int64), hazard, 1.0 - survived,
        np.maximum.accumulate(low), np.maximum.accumulate(high),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HazardModel:
    """logit h(t | z) = level[band of t] + slope · z. covariance: of (levels, slope). last: the last month that is known."""

    bands: tuple[int, ...]
    weights: Float64
    covariance: Float64
    last: int

    def pd(self, z: Float64, month: int) -> Float64:
        """Probability of default by the end of the month of rows with this z, float64[n]."""
        self._check(month)
        return _cumulate(self.weights[None, :], np.asarray(z, np.float64), self._month_bands(month))[0, :, -1]

    def curve(self, z: float, *, seed: int, months: int | None = None) -> tuple[Interval, ...]:
        """Months 1 … `months` of one z, with intervals from draws of the weights; never falling."""
        until = self.last if months is None else months
        self._check(until)
        rng = derive_rng(seed, "hazard-curve")
        drawn = rng.multivariate_normal(self.weights, self.covariance, size=DRAWS, method="eigh")
        paths = _cumulate(drawn, np.array([z]), self._month_bands(until))[:, 0, :]
        mid = _cumulate(self.weights[None, :], np.array([z]), self._month_bands(until))[0, 0, :]
        low, high = np.quantile(paths, [0.025, 0.975], axis=0)
        return tuple(Interval(float(a), float(b), float(c)) for a, b, c in zip(low, mid, high))

    def _check(self, month: int) -> None:
        if not 1 <= month <= self.last:
            raise BadInput(f"nobody was seen beyond month {self.last}", code="BEYOND_DATA")

    def _month_bands(self, months: int) -> Int64:
        return np.searchsorted(np.array(self.bands), np.arange(1, months + 1), side="left")


def fit_hazard(z: Float64, lives: Lives, *, bands: Sequence[int] = BANDS) -> HazardModel:
    """A level of the hazard for each band of months and one slope for z float64[n] (a score's log-odds), by Newton's steps.

    Rows of equal z are best made few (round z): the work is one row per different z and band. A sliver of a ridge keeps levels of bands
    without any default finite.
    """
    lives.check()
    last = int(np.asarray(lives.months).max())
    ends = (*(end for end in bands if end < last), last)
    exposure, defaults, shown = _spread(np.asarray(z, np.float64), lives, ends)
    k = len(ends)
    weights = np.zeros(k + 1)
    weights[:k] = np.log((defaults.sum() + 0.5) / (exposure.sum() - defaults.sum() + 0.5))
    for _ in range(STEPS_MAX):
        p = _logistic(weights[:k][None, :] + weights[k] * shown[:, None])
        pull = defaults - exposure * p
        gradient = np.append(pull.sum(axis=0), (pull * shown[:, None]).sum()) - RIDGE * weights
        move = np.linalg.solve(_curvature(exposure * p * (1.0 - p), shown), gradient)
        weights = weights + np.clip(move, -2.0, 2.0)
        if float(np.abs(move).max()) < CLOSE:
            break
    p = _logistic(weights[:k][None, :] + weights[k] * shown[:, None])
    covariance: Float64 = np.linalg.inv(_curvature(exposure * p * (1.0 - p), shown)).astype(np.float64)
    return HazardModel(ends, weights, covariance, last)


@dataclass(frozen=True, slots=True)
class TermPoint:
    """Default by a month of people with one score: pd is the curve's, from the hazard that the score moves."""

    share: float
    score: float
    month: int
    pd: Interval

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"share": self.share, "score": self.score, "month": self.month, "pd": self.pd.as_list()}


def tell_terms(scores: Float64, lives: Lives, *, seed: int) -> tuple[TermPoint, ...]:
    """The term structure by score: 12 and 36 months (as far as was seen) for the scores of the 10, 50 and 90 % of people.

    () where too few defaulted to say anything.
    """
    if int(np.sum(lives.defaulted)) < AT_RISK_MIN:
        return ()
    held = np.clip(scores, EDGE, 1.0 - EDGE)
    z: Float64 = np.round(np.log(held / (1.0 - held)), 1).astype(np.float64)
    model = fit_hazard(z, lives)
    found = []
    for share in SHARES:
        score = float(np.quantile(held, share))
        months = [month for month in HORIZONS if month <= model.last]
        curve = model.curve(float(np.log(score / (1.0 - score))), seed=seed) if months else ()
        found += [TermPoint(share, score, month, curve[month - 1]) for month in months]
    return tuple(found)


def _spread(z: Float64, lives: Lives, ends: tuple[int, ...]) -> tuple[Float64, Float64, Float64]:
    """Months seen and defaults by (different z, band), and the different z."""
    if len(z) != len(lives.months):
        raise BadInput("one z per life is needed", code="BAD_SHAPE")
    shown, place = np.unique(z, return_inverse=True)
    months = np.asarray(lives.months)
    entered = np.zeros_like(months) if lives.entered is None else lives.entered
    exposure, defaults = np.zeros((len(shown), len(ends))), np.zeros((len(shown), len(ends)))
    start = 0
    for band, end in enumerate(ends):
        seen = np.clip(np.minimum(months, end) - np.maximum(entered, start), 0, None)
        exposure[:, band] = np.bincount(place, weights=seen, minlength=len(shown))
        here = np.asarray(lives.defaulted, bool) & (months > start) & (months <= end)
        defaults[:, band] = np.bincount(place[here], minlength=len(shown))
        start = end
    return exposure, defaults, shown


def _curvature(mass: Float64, shown: Float64) -> Float64:
    k = mass.shape[1]
    out = RIDGE * np.eye(k + 1)
    out[np.arange(k), np.arange(k)] += mass.sum(axis=0)
    out[k, :k] = out[:k, k] = mass.T @ shown
    out[k, k] += float((mass * (shown**2)[:, None]).sum())
    return out


def _cumulate(weights: Float64, z: Float64, bands: Int64) -> Float64:
    """Cumulative probabilities float64[draws, rows, months]."""
    hazard = _logistic(weights[:, None, bands] + weights[:, -1][:, None, None] * z[None, :, None])
    reached: Float64 = np.asarray(1.0 - np.cumprod(1.0 - hazard, axis=2), np.float64)
    return reached


def _logistic(values: Float64) -> Float64:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -700.0, 700.0)))
