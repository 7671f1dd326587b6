"""The scorer of orders whose evidence is there: a small forest in our own kernel, with the signs that spoke most as its reasons.

It is fitted by `honghua bench authenticity --fit FILE` on training markets alone, where its line is chosen, too; digest and line stand in
data/authenticity.toml. Before evidence has come the readable points of that file speak; contradictions go before either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.merchants.authenticity.following import load_rules
from honghua.merchants.core.authenticity import SCORED, ForestTerms, OrderSigns, Scored
from honghua.models.core import REASONS, Forest

PPM: Final = 1_000_000
# Nobody gets off by more orders to one door, fewer scans or another region. Other signs are free: on markets left out, holding
# `company` to one direction, too, cost 4 points of recall.
MONOTONE: Final = {"place_orders": 1, "scans": -1, "other_region": 1}


@dataclass(frozen=True, slots=True)
class OrderScorer:
    """A forest over SCORED and its terms."""

    forest: Forest
    terms: ForestTerms

    def score(self, signs: Sequence[OrderSigns]) -> list[Scored]:
        """The chance of a fake as ppm and the signs that raised it most, heaviest first; a sign that is not known is missing to it."""
        rows = rows_of(signs)
        margin, reasons = np.empty(len(rows)), np.empty((len(rows), REASONS), np.int32)
        parts = np.empty((len(rows), REASONS), np.float32)
        self.forest.score_explained_into(rows, margin, reasons, parts)
        chance = np.floor(PPM / (1.0 + np.exp(-margin))).astype(np.int64)
        return [
            Scored(int(ppm), int(ppm) >= self.terms.doubt_from_ppm, tuple(SCORED[k] for k in some if k >= 0))
            for ppm, some in zip(chance.tolist(), reasons.tolist(), strict=True)
        ]


def rows_of(signs: Sequence[OrderSigns]) -> NDArray[np.float32]:
    """float32[n, SCORED]; NaN where a sign is not known."""
    values = [[np.nan if (value := getattr(one, name)) is None else float(value) for name in SCORED] for one in signs]
    return np.array(values, np.float32).reshape(len(values), len(SCORED))


def make_scorer(text: str, terms: ForestTerms) -> OrderScorer:
    """A scorer from a forest's text; BadInput RULES_INVALID where it is not the one whose line the terms hold."""
    forest = Forest.from_text(text, names=SCORED)
    if forest.digest.hex() != terms.digest:
        raise BadInput(
            f"{terms.file} is another forest than the one whose line stands in the rules", code="RULES_INVALID"
        )
    return OrderScorer(forest, terms)


@cache
def load_scorer() -> OrderScorer:
    """The shipped forest, as data/authenticity.toml names it."""
    terms = load_rules().forest
    return make_scorer(
        resources.files("honghua.merchants").joinpath("data", terms.file).read_text(encoding="utf-8"), terms
    )


__all__ = ["MONOTONE", "OrderScorer", "load_scorer", "make_scorer", "rows_of"]
