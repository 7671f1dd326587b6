"""What a fit leaves: two candidates, what they said of rows they had not seen, and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.fitting.screening import Screening
from honghua.lab.tables.api import Schema
from honghua.models.api import Interval, Model, auc_difference, auc_interval, brier, ks, measure_reliability
from honghua.models.scorecard.api import Scorecard

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

DIGITS: Final = 6
ECE_MAX: Final = 0.02
ECE_OVER_CHANCE: Final = 2.0  # errors smaller than this many times what chance gives say nothing


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Of m rows: places in the table, outcome uint8[m], and each candidate's calibrated probability float64[m]."""

    rows: Int64
    y: NDArray[np.uint8]
    champion: Float64
    challenger: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A scorecard and a forest that read the same rows: x = encode(table, schema)."""

    champion: Scorecard
    challenger: Model


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a candidate was on rows it had not seen; AUC with DeLong's 95 % interval.

    ece_by_chance: the calibration error that perfectly honest probabilities are expected to show on so many rows
    """

    kind: str
    auc: float
    auc_low: float
    auc_high: float
    ks: float
    brier: float
    ece: float
    ece_by_chance: float
    slope: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON: a bound that is not known is null."""
        told = {
            name: getattr(self, name)
            for name in ("auc", "auc_low", "auc_high", "ks", "brier", "ece", "ece_by_chance", "slope")
        }
        return {"kind": self.kind} | {name: round(v, DIGITS) if np.isfinite(v) else None for name, v in told.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the fit, and what came of it in a sentence. It holds no duration: the same seed tells the same steps."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Everything that a fit found.

    pair        what scores (fitted on all rows when refitted)     examined    fitted on the `development` rows: the figures are theirs
    out_of_fold of (a sample of) the development rows              report      rows that nothing was fitted, tuned or chosen on
    difference  challenger's AUC minus champion's on the report rows
    """

    schema: Schema
    pair: Pair
    examined: Pair
    development: Int64
    out_of_fold: Predictions
    report: Predictions
    screening: Screening
    champion_figures: Figures
    challenger_figures: Figures
    difference: Interval
    steps: tuple[Step, ...]
    verdict: str
    told: Mapping[str, Any]


def measure(kind: str, y: NDArray[np.uint8], probability: Float64) -> Figures:
    """The figures of probabilities."""
    interval = auc_interval(y, probability)
    seen = measure_reliability(y, probability)
    return Figures(
        kind, interval.mid, interval.low, interval.high, ks(y, probability), brier(y, probability), seen.ece, seen.ece_by_chance,
        seen.slope,
    )  # fmt: skip


def judge(report: Predictions, figures: tuple[Figures, Figures], screening: Screening) -> tuple[Interval, str]:
    """The difference of the two and what to make of everything, in plain sentences."""
    champion, challenger = figures
    gain = auc_difference(report.y, report.challenger, report.champion)
    told = f"{gain.mid:+.4f} ({gain.low:+.4f} … {gain.high:+.4f})"
    if gain.low > 0:
        said = [
            f"The challenger ranks better than the scorecard: AUC {told} on {len(report.y):,} rows that neither has seen."
        ]
    elif gain.high < 0:
        said = [f"The scorecard ranks better than the challenger: AUC {told} for the challenger; keep the scorecard."]
    else:
        said = [
            f"No difference that these {len(report.y):,} rows can show: AUC {told} for the challenger; prefer the scorecard."
        ]
    if min(champion.auc_low, challenger.auc_low) <= 0.5:
        said.append("At least one of them may be no better than chance.")
    off = [
        f"the {name} (ECE {one.ece:.3f}, by chance {one.ece_by_chance:.3f}; slope {one.slope:.2f})"
        for name, one in zip(("scorecard", "challenger"), figures)
        if one.ece > ECE_MAX and one.ece > ECE_OVER_CHANCE * one.ece_by_chance
    ]
    if off:
        said.append(f"Probabilities are off for {' and '.join(off)}.")
    out = [one.name for one in screening.suspected if one.left_out]
    kept = [one.name for one in screening.suspected if not one.left_out]
    if out:
        said.append(f"Left out because they know the outcome: {', '.join(out)}.")
    if kept:
        said.append(f"Kept, but have their origin looked at: {', '.join(kept)}.")
    if not screening.accepted:
        said.append("No column shows a tie with the target that chance does not explain.")
    ones = int(report.y.sum())
    if min(ones, len(report.y) - ones) < 100:
        said.append(
            f"The report rests on {ones:,} ones among {len(report.y):,} rows: read the intervals, not the figures."
        )
    return gain, " ".join(said)


__all__ = ["Candidates", "Figures", "Pair", "Predictions", "Step", "judge", "measure"]
