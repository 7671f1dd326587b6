"""Whether a model's word about other limits may be used: it is held against what lots have shown on the slice.

Any model can be asked "and if the limit were larger?". One fitted on a book where the safer got more will answer that risk falls. Here its
answer is compared with the effect of limits that were moved by lot; a model that has the sign wrong is refused, however well it ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Refusal
from honghua.base.shares import Z

Floats = NDArray[np.float64]

ROUNDING: Final = 1e-9  # relative: a fall within the last bits is none

FALLS: Final = Refusal(
    "RESPONSE_FALLS", "The model says for some customers that use, default or loss falls when the limit rises."
)
WRONG_SIGN: Final = Refusal(
    "RESPONSE_WRONG_SIGN",
    "The model says the opposite of what limits moved by lot have shown: it has learnt whom the past policy trusted.",
)
OFF: Final = Refusal("RESPONSE_OFF", "The model's effect lies outside what limits moved by lot allow.")
UNPROVEN: Final = Refusal(
    "RESPONSE_UNPROVEN", "The random slice is too small to show any effect, so that no model can be checked against it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseBounds:
    """rows_min: of the slice. off_share: how far beyond the interval the predicted effect may lie, as a share of the measured one (U)."""

    rows_min: int = 1_000
    off_share: float = 0.2


class Moves(NamedTuple):
    """n rows of the slice: arm int8[n], outcome float64[n] (use, loss or default), person int64[n]; factors float64[arms], alike likely."""

    arm: NDArray[np.int8]
    outcome: Floats
    person: NDArray[np.int64]
    factors: Floats


@dataclass(frozen=True, slots=True)
class ResponseVerdict:
    """problems: why it may not be used, none = it may. Effects are by one unit of the log of the limit, (low, middle, high) at 95 %."""

    problems: tuple[Refusal, ...]
    measured: tuple[float, float, float]
    predicted: float
    falling_share: float
    rows: int

    @property
    def passed(self) -> bool:
        """Whether it may be used."""
        return not self.problems


def check_response(predicted: Floats, moves: Moves, *, bounds: ResponseBounds | None = None) -> ResponseVerdict:
    """Hold what a model says about each row under each factor, float64[n, arms], against the slice.

    The model must not have been fitted on these rows. BadInput RESPONSE_SHAPE where shapes do not fit or a prediction is not finite.
    """
    bounds = bounds or ResponseBounds()
    n, arms = len(moves.arm), len(moves.factors)
    if predicted.shape != (n, arms) or not np.isfinite(predicted).all():
        raise BadInput(f"finite predictions [{n}, {arms}] are wanted", code="RESPONSE_SHAPE")
    if len(moves.outcome) != n or len(moves.person) != n or (n and not 0 <= moves.arm.min() <= moves.arm.max() < arms):
        raise BadInput("an arm, an outcome and a person of each row are wanted", code="RESPONSE_SHAPE")
    if n < bounds.rows_min:
        return ResponseVerdict((UNPROVEN,), (-np.inf, np.nan, np.inf), np.nan, np.nan, n)
    dose = np.log(moves.factors) - np.log(moves.factors).mean()
    said = float((predicted @ dose).mean() / (dose @ dose))
    low, middle, high = measure_effect(moves, predicted.mean(axis=1))
    falls = np.diff(predicted, axis=1).min(axis=1) < -ROUNDING * np.abs(predicted).max(axis=1)
    problems = [FALLS] if falls.any() else []
    room = bounds.off_share * abs(middle)
    if low <= 0.0 <= high:
        problems.append(UNPROVEN)
    elif said * middle <= 0.0:
        problems.append(WRONG_SIGN)
    elif not low - room <= said <= high + room:
        problems.append(OFF)
    return ResponseVerdict(tuple(problems), (low, middle, high), said, float(falls.mean()), n)


def measure_effect(moves: Moves, guess: Floats) -> tuple[float, float, float]:
    """The effect of one unit of log-limit on the outcome, (low, middle, high): lots alone are believed.

    guess  float64[n]: anything known of the rows that does not depend on their arm; it lowers the noise and cannot bias (lots have known
    chances). Standard errors by person: one person's periods go together. Source: Robins, Rotnitzky, Zhao (1994), for known chances.
    """
    logs = np.log(moves.factors)
    dose = (logs - logs.mean())[moves.arm]
    spread = float(((logs - logs.mean()) ** 2).mean())
    known = np.stack([np.ones(len(guess)), guess], axis=1)
    rest = moves.outcome - known @ np.linalg.lstsq(known, moves.outcome, rcond=None)[0]
    parts = dose * rest / spread
    middle = float(parts.mean())
    _, place = np.unique(moves.person, return_inverse=True)
    by_person = np.bincount(place, parts - middle)
    half = Z * float(np.sqrt((by_person**2).sum())) / len(parts)
    return middle - half, middle, middle + half


__all__ = ["Moves", "ResponseBounds", "ResponseVerdict", "check_response", "measure_effect"]
