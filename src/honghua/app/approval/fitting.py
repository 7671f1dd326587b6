"""The two scorecards fitted on simulated applicants: bins are chosen here, points come from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.limits.core import VALUES, Scorecard, fit_card
from honghua.sim.api import Applicants, Drawn

Floats = NDArray[np.float64]
# Inner bounds of bins by value. Ability is about money, willingness about conduct; thin data speak in both where thick data are missing.
# Age would help and stays out: it is nobody's conduct, and a price follows from the cards.
WILLINGNESS_BINS: Final[Mapping[str, Sequence[float]]] = {
    "worst_24m": (1, 2, 3), "dpd_max_24m": (1, 8), "inquiries_6m": (2, 5), "months_known": (12, 36),
    "orders_12m": (40, 120),
}  # fmt: skip
ABILITY_BINS: Final[Mapping[str, Sequence[float]]] = {
    "income_minor": (300_000, 500_000, 800_000), "debt_minor": (1, 1_000_000, 3_000_000), "lenders": (1, 3),
    "spend_minor": (150_000, 300_000, 600_000), "inquiries_6m": (2, 5)
}  # fmt: skip


def rows_of(applicants: Applicants | Drawn) -> Floats:
    """Values float64[n, VALUES] of applicants, NaN = not known."""
    rows = np.full((len(applicants.who), len(VALUES)), np.nan)
    for k, name in enumerate(VALUES):
        if name in applicants.values:
            rows[:, k] = applicants.values[name]
    return rows


def fit_cards(lives: Sequence[Applicants], *, trained_on: str) -> tuple[Scorecard, Scorecard]:
    """(willingness, ability) from applicants, each with what one future made of them; willingness from those alone who could pay."""
    rows = np.concatenate([rows_of(one) for one in lives])
    could, meant = (np.concatenate([getattr(one, name) for one in lives]) for name in ("could_pay", "meant_to"))
    willing = fit_card("willingness", VALUES, rows[could], meant[could], bounds=WILLINGNESS_BINS, trained_on=trained_on)
    return willing, fit_card("ability", VALUES, rows, could, bounds=ABILITY_BINS, trained_on=trained_on)


def card_source(card: Scorecard) -> str:
    """A card as Python, to be shipped in limits/core/shipped.py."""
    parts = "".join(
        f"    Characteristic({c.value!r}, {c.bounds!r}, {c.points!r}, {c.unknown}),\n" for c in card.characteristics
    )
    return f"Scorecard({card.name!r}, {card.version!r}, {card.base}, {card.factor!r}, (\n{parts}), {card.trained_on!r})"


__all__ = ["card_source", "fit_cards", "rows_of"]
