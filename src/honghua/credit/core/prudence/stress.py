"""Stress: the book lived through a baseline, an adverse and a severe scenario, many times, from one seed (R-093).

One factor moves all accounts together (Vasicek 2002, the model behind the Basel formula): in a path with factor z a default probability
p becomes Φ((Φ⁻¹(p) − √ρ·z) / √(1 − ρ)), after the scenario has multiplied it. Losses, capital and liquidity at the end of the horizon are
printed as quantiles over paths; every bound that is broken in the median path is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng

Floats = NDArray[np.float64]
PPM: Final = 1_000_000
QUANTILES: Final = (0.05, 0.5, 0.95)
PATHS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A year of weather. Multipliers are ppm of the normal; factor_mean shifts the common factor (negative = bad times)."""

    name: str
    pd_times_ppm: int
    lgd_times_ppm: int
    drawn_times_ppm: int  # of what is not drawn, how much more is drawn before default
    repaid_times_ppm: int  # of what comes in every month
    factor_mean: float


# The three that R-093 asks for. Nobody publishes an operator's own: configuration, grade U.
WEATHER: Final = (
    ("baseline", 1_000_000, 1_000_000, 1_000_000, 1_000_000, 0.0),
    ("adverse", 1_600_000, 1_100_000, 1_200_000, 920_000, -0.6),
    ("severe", 2_800_000, 1_250_000, 1_500_000, 800_000, -1.2),
)
SCENARIOS: Final = tuple(
    Scenario(
        name=name,
        pd_times_ppm=pd,
        lgd_times_ppm=lgd,
        drawn_times_ppm=drawn,
        repaid_times_ppm=repaid,
        factor_mean=factor,
    )
    for name, pd, lgd, drawn, repaid, factor in WEATHER
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StressPlan:
    """How the book is stressed. correlation is Basel's for qualifying revolving retail, 4 % (CRE31.16); the least ratios are ppm."""

    seed: int
    capital_least_ppm: int
    liquidity_least_ppm: int
    paths: int = 10_000
    correlation: float = 0.04
    scenarios: tuple[Scenario, ...] = SCENARIOS

    def __post_init__(self) -> None:
        if not 0 <= self.correlation < 1 or not 1 <= self.paths <= PATHS_MAX:
            raise BadInput(f"correlation lies in 0 … 1 and paths in 1 … {PATHS_MAX:,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StressBook:
    """The book in bands of equal risk: accounts, claim and open line by band, minor units, and yearly default probability, ppm.

    capital figures are minor units; income_year_minor: what a normal year earns before losses; None where the operator told nothing.
    """

    claims_minor: tuple[int, ...]
    undrawn_minor: tuple[int, ...]
    pd_ppm: tuple[int, ...]
    lgd_ppm: int
    conversion_ppm: int
    income_year_minor: int
    repaid_month_minor: int
    net_capital_minor: int | None = None
    risk_weighted_minor: int | None = None
    liquid_assets_minor: int | None = None
    liquid_liabilities_minor: int | None = None

    def __post_init__(self) -> None:
        if not len(self.claims_minor) == len(self.undrawn_minor) == len(self.pd_ppm):
            raise BadInput("claims, open lines and probabilities are told for each band")


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult:
    """One scenario: loss, capital ratio and liquidity ratio at the end by quantile of `QUANTILES`; None where a figure was not told."""

    scenario: str
    loss_minor: tuple[int, ...]
    loss_share_ppm: tuple[int, ...]
    capital_ppm: tuple[int, ...] | None
    liquidity_ppm: tuple[int, ...] | None
    broken: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Plain values; quantiles by name."""
        names = [f"p{int(q * 100):02d}" for q in QUANTILES]

        def named(values: tuple[int, ...] | None) -> dict[str, int] | None:
            return None if values is None else dict(zip(names, values, strict=True))

        return {
            "scenario": self.scenario,
            "loss_minor": named(self.loss_minor),
            "loss_share_ppm": named(self.loss_share_ppm),
            "capital_ppm": named(self.capital_ppm),
            "liquidity_ppm": named(self.liquidity_ppm),
            "broken": list(self.broken),
        }


def run_stress(book: StressBook, plan: StressPlan) -> tuple[StressResult, ...]:
    """Every scenario over the same factors, so that scenarios differ by their weather alone. Same seed, same figures."""
    factors = derive_rng(plan.seed, "credit.stress").standard_normal(plan.paths)
    return tuple(_live(book, plan, scenario, factors) for scenario in plan.scenarios)


def _live(book: StressBook, plan: StressPlan, scenario: Scenario, factors: Floats) -> StressResult:
    losses = _losses(book, scenario, factors, plan.correlation)
    claims = sum(book.claims_minor)
    share = losses * PPM / claims if claims else np.zeros_like(losses)
    ends = {"capital": _capital(book, scenario, losses), "liquidity": _liquidity(book, scenario, losses)}
    least = {"capital": plan.capital_least_ppm, "liquidity": plan.liquidity_least_ppm}
    shown = {name: None if values is None else _quantiles(values) for name, values in ends.items()}
    return StressResult(
        scenario=scenario.name, loss_minor=_quantiles(losses), loss_share_ppm=_quantiles(share),
        capital_ppm=shown["capital"], liquidity_ppm=shown["liquidity"],
        broken=tuple(name for name, values in ends.items() if values is not None and float(np.median(values)) < least[name]),
    )  # fmt: skip


def _capital(book: StressBook, scenario: Scenario, losses: Floats) -> Floats | None:
    """Net capital ÷ risk-weighted assets after the year, ppm: losses beyond the year's income eat capital; profit is not counted."""
    if book.net_capital_minor is None or not book.risk_weighted_minor:
        return None
    income = book.income_year_minor * scenario.repaid_times_ppm / PPM
    left: Floats = (book.net_capital_minor + np.minimum(income - losses, 0.0)) * PPM / book.risk_weighted_minor
    return left


def _liquidity(book: StressBook, scenario: Scenario, losses: Floats) -> Floats | None:
    """Liquid assets ÷ liquid liabilities after the worst month, ppm: less comes in, more is drawn, a twelfth of the losses falls."""
    if book.liquid_assets_minor is None or not book.liquid_liabilities_minor:
        return None
    missed = book.repaid_month_minor * (1 - scenario.repaid_times_ppm / PPM)
    drawn = sum(book.undrawn_minor) * book.conversion_ppm / PPM * (scenario.drawn_times_ppm / PPM - 1)
    left: Floats = (
        (book.liquid_assets_minor - missed - max(drawn, 0.0) - losses / 12) * PPM / book.liquid_liabilities_minor
    )
    return left


def _losses(book: StressBook, scenario: Scenario, factors: Floats, correlation: float) -> Floats:
    """Loss of a year in each path, minor units, float64[paths]."""
    lgd = min(1.0, book.lgd_ppm / PPM * scenario.lgd_times_ppm / PPM)
    losses = np.zeros(len(factors))
    for claim, undrawn, pd_ppm in zip(book.claims_minor, book.undrawn_minor, book.pd_ppm, strict=True):
        pd = min(pd_ppm / PPM * scenario.pd_times_ppm / PPM, 1.0)
        drawn = undrawn * min(1.0, book.conversion_ppm / PPM * scenario.drawn_times_ppm / PPM)
        if pd <= 0.0:
            continue
        if pd < 1.0:
            point = ndtri(pd)
            z = (point - np.sqrt(correlation) * (factors + scenario.factor_mean)) / np.sqrt(1 - correlation)
            losses += ndtr(z) * lgd * (claim + drawn)
        else:
            losses += lgd * (claim + drawn)
    return losses


def _quantiles(values: Floats) -> tuple[int, ...]:
    return tuple(round(one) for one in np.quantile(values, QUANTILES).tolist())


__all__ = ["QUANTILES", "SCENARIOS", "Scenario", "StressBook", "StressPlan", "StressResult", "run_stress"]
