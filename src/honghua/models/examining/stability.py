"""Stability: how far scores and columns of later slices stand from the fitting's, and how far chance alone would put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.models.core.drift import Int64, measure_reference, psi

WORST: Final = 15


@dataclass(frozen=True, slots=True)
class StabilityBounds:
    """A PSI counts as broken beyond its bound *and* beyond what chance alone gives so few rows.

    score_psi, column_psi   0.25 is the credit industry's rule of thumb (Siddiqi, Credit Risk Scorecards, 2006; grade C)
    chance                  how seldom rows of one population may be called moved
    """

    score_psi: float = 0.25
    column_psi: float = 0.25
    chance: float = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows x float[n, F] and what a model said of them, float64[n]."""

    x: NDArray[Any]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SliceStability:
    """One slice (a month, a fold) against the reference. chance_psi: what rows of one population pass with the bounds' chance only."""

    word: str
    rows: int
    score_psi: float
    score_chance_psi: float
    columns: Mapping[str, float]
    column_chance_psi: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class StabilityReport:
    """Slices in the order given. problems: scores that moved; moved: columns that did, which is no fault of the model."""

    slices: tuple[SliceStability, ...]
    problems: tuple[str, ...]
    moved: tuple[str, ...]
    bounds: StabilityBounds

    @property
    def passed(self) -> bool:
        """Whether the score stayed where it was."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Plain values; of columns the worst fifteen."""
        told = [
            {
                "slice": one.word, "rows": one.rows, "score_psi": one.score_psi, "score_chance_psi": one.score_chance_psi,
                "columns": dict(sorted(one.columns.items(), key=lambda item: -item[1])[:WORST]),
            } for one in self.slices
        ]  # fmt: skip
        return {
            "slices": told, "problems": list(self.problems), "moved": list(self.moved), "passed": self.passed,
            "bounds": asdict(self.bounds),
        }  # fmt: skip


def measure_stability(
    names: Sequence[str],
    reference: Scored,
    later: Mapping[str, Scored],
    *,
    bounds: StabilityBounds | None = None,
) -> StabilityReport:
    """PSI of the score and of every column, slice by slice, over the reference's quantile bins."""
    limits = bounds or StabilityBounds()
    kept = measure_reference(np.asarray(reference.x, np.float32), reference.scores, names=names)
    slices, problems, moved = [], [], []
    for word, some in later.items():
        counts = kept.count(np.asarray(some.x, np.float32), some.scores)
        values = [psi(a, b) for a, b in zip(kept.counts, counts)]
        chances = [chance_psi(a, b, chance=limits.chance) for a, b in zip(kept.counts, counts)]
        one = SliceStability(
            word, len(some.scores), values[-1], chances[-1], dict(zip(names, values)), dict(zip(names, chances))
        )
        slices.append(one)
        if one.score_psi > max(limits.score_psi, one.score_chance_psi):
            problems.append(f"the score moved in {word}: PSI {one.score_psi:.3f}, bound {limits.score_psi:g}")
        moved += [
            f"{name} in {word}: PSI {value:.3f}" for name, value in one.columns.items()
            if value > max(limits.column_psi, one.column_chance_psi[name])
        ]  # fmt: skip
    return StabilityReport(tuple(slices), tuple(problems), tuple(moved), limits)


def chance_psi(reference: Int64, counts: Int64, *, chance: float) -> float:
    """The PSI that rows of one population pass with this chance: (1/n + 1/m) χ²(B − 1), B the bins in use.

    Source: Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020) 89; χ² by Wilson and Hilferty's cube.
    """
    n, m = int(np.sum(reference)), int(np.sum(counts))
    freedom = int(np.sum((np.asarray(reference) + np.asarray(counts)) > 0)) - 1
    if min(n, m) == 0 or freedom < 1:
        return float("inf") if min(n, m) == 0 else 0.0
    spread = 2.0 / (9.0 * freedom)
    cube = 1.0 - spread + NormalDist().inv_cdf(1.0 - chance) * spread**0.5
    return float((1.0 / n + 1.0 / m) * freedom * cube**3)
