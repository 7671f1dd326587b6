"""Stages and expected credit loss of IFRS 9 / CAS 22 (财会〔2017〕7号): which stage an account is in, and what will be lost on it.

Loss = exposure at default × loss rate; the loss rate is probability of default × loss given default, rounded half up to ppm, and the
amount is rounded half up to the minor unit: two named steps. Probabilities come from the book's own migrations (`loss_curve`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.credit.core.kernels.measures import share_half_up

PPM: Final = 1_000_000
MONTHS_A_YEAR: Final = 12
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRules:
    """When credit risk has risen, and when it is default (IFRS 9 5.5.11 and B5.5.37; rules.md §11, days graded U and B).

    rise_times_ppm and rise_least_ppm: the probability of default has risen significantly when it is so many times what it was at
    the start and at least so much larger. Backstops in days past due; both are rebuttable, with evidence that is kept.
    """

    rise_dpd: int = 30
    default_dpd: int = 90
    rise_times_ppm: int = 2_000_000
    rise_least_ppm: int = 5_000
    impaired_class: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the stage of one account depends on. Probabilities are of default in twelve months, ppm; None = not scored."""

    days_past_due: int
    risk_class: int = 1
    is_restructured: bool = False  # within its observation period
    is_impaired: bool = False  # known otherwise: fraud, death, insolvency
    pd_now_ppm: int | None = None
    pd_start_ppm: int | None = None
    rebuts_rise: bool = False
    rebuts_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LossParameters:
    """Probabilities by bucket of days past due, ppm, discounted; loss given default and conversion of what is not drawn, ppm."""

    pd_year_ppm: tuple[int, ...]
    pd_life_ppm: tuple[int, ...]
    lgd_ppm: int
    conversion_ppm: int

    def __post_init__(self) -> None:
        if len(self.pd_year_ppm) != len(self.pd_life_ppm) or not self.pd_year_ppm:
            raise BadInput("a probability for a year and one for life are needed for each bucket")
        shares = (*self.pd_year_ppm, *self.pd_life_ppm, self.lgd_ppm, self.conversion_ppm)
        if not all(0 <= share <= PPM for share in shares):
            raise BadInput("probabilities and shares are 0 … 1,000,000 ppm")


def find_stage(signs: Signs, rules: StageRules) -> int:
    """1: twelve months' loss, 2: risk has risen, lifetime loss, 3: impaired. The worst reason counts."""
    late = signs.days_past_due
    if signs.is_impaired or signs.risk_class >= rules.impaired_class:
        return 3
    if late > rules.default_dpd and not signs.rebuts_default:
        return 3
    if signs.is_restructured or (late > rules.rise_dpd and not signs.rebuts_rise):
        return 2
    if late > rules.default_dpd:  # a rebutted default has at least risen
        return 2
    if signs.pd_now_ppm is not None and signs.pd_start_ppm is not None:
        gained = signs.pd_now_ppm - signs.pd_start_ppm
        times = signs.pd_now_ppm * PPM >= signs.pd_start_ppm * rules.rise_times_ppm
        if gained >= rules.rise_least_ppm and times:
            return 2
    return 1


def find_stages(days_past_due: Ints, risk_class: Ints, is_restructured: NDArray[np.bool_], rules: StageRules) -> Ints:
    """`find_stage` for a whole book without scores and rebuttals, int64[n]; a test holds the two equal."""
    stage = np.ones(len(days_past_due), np.int64)
    stage[is_restructured | (days_past_due > rules.rise_dpd)] = 2
    stage[(risk_class >= rules.impaired_class) | (days_past_due > rules.default_dpd)] = 3
    return stage


def loss_rate_ppm(stage: int, bucket: int, parameters: LossParameters) -> int:
    """Share of the exposure that will be lost, ppm, rounded half up; in stage 3 default has happened."""
    if stage == 3:
        return parameters.lgd_ppm
    pd = (parameters.pd_year_ppm if stage == 1 else parameters.pd_life_ppm)[bucket]
    return (pd * parameters.lgd_ppm + PPM // 2) // PPM


def exposure_minor(stage: int, claim_minor: int, undrawn_minor: int, parameters: LossParameters) -> int:
    """What will be owed at default, minor units: the claim, and in stages 1 and 2 the part of the open line that will be drawn."""
    drawn = 0 if stage == 3 else int(share_half_up(undrawn_minor, parameters.conversion_ppm))
    return claim_minor + drawn


def expected_loss_minor(
    stage: int, bucket: int, parameters: LossParameters, *, claim_minor: int, undrawn_minor: int
) -> int:
    """Expected credit loss of one account, minor units, rounded half up."""
    exposure = exposure_minor(stage, claim_minor, undrawn_minor, parameters)
    return int(share_half_up(exposure, loss_rate_ppm(stage, bucket, parameters)))


def loss_curve(migrated: Ints, prior: Floats, *, prior_accounts: float) -> Floats:
    """Monthly migration probabilities between buckets, float64[k, k], rows summing to 1; the last bucket keeps who is in it.

    migrated int64[k, k] counts accounts from a bill to the next; prior is added as so many accounts a row, so that a small book
    leans on it. Buckets run from "not late" to "written off".
    """
    k = migrated.shape[0]
    if migrated.shape != (k, k) or prior.shape != (k, k):
        raise BadInput("counts and prior are square and of one size")
    total = migrated + prior * prior_accounts
    total[-1] = 0
    total[-1, -1] = 1
    rows = total.sum(axis=1, keepdims=True)
    if (rows == 0).any():
        raise BadInput("a bucket that nobody left needs a prior")
    shares: Floats = total / rows
    return shares


def default_ppm(moves: Floats, *, default_from: int, months: int, eir_year: Fraction) -> tuple[int, ...]:
    """Discounted probability of reaching bucket `default_from` or worse within so many months, by bucket, ppm rounded half up.

    Each month's first defaults are discounted with the effective interest rate a year; who is there already has probability one.
    """
    k = moves.shape[0]
    absorbing = moves.copy()
    absorbing[default_from:] = 0.0
    for state in range(default_from, k):
        absorbing[state, state] = 1.0
    at = np.eye(k)
    before = at[:, default_from:].sum(axis=1)
    value = before.copy()
    for month in range(1, months + 1):
        at = at @ absorbing
        now = at[:, default_from:].sum(axis=1)
        value += (now - before) / float(1 + eir_year) ** (month / MONTHS_A_YEAR)
        before = now
    return tuple(min(PPM, int(share * PPM + 0.5)) for share in value.tolist())


__all__ = [
    "LossParameters", "Signs", "StageRules", "default_ppm", "expected_loss_minor", "exposure_minor", "find_stage", "find_stages",
    "loss_curve", "loss_rate_ppm",
]  # fmt: skip
