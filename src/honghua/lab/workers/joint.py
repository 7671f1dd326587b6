"""More good customers let pass and less lost, both at once: a strategy beside the best rule of one variable, on later rows (R-120).

The rule is what an analyst writes in an hour: the variable that ranks best on the rows to choose on, cut where it lets pass as many as
the chosen strategy does. Against it stands what is chosen on the same rows: the point of the frontier, or the cut of the models' chance,
whose less certain gain over the rule is the most certain. Both are told once on later rows, with intervals over customers drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.strategy.api import Orders, Strategy
from honghua.models.api import auc

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
DRAWS: Final = 400
CUTS: Final = 50
LOW, HIGH = 0.025, 0.975
KNOWN_MIN: Final = 0.5  # share of the rows that have a value, for a variable to be a rule by itself


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has more (way 1) or less (way −1) than the cut of one variable does not pass; who has no value passes or not."""

    name: str
    way: int
    cut: float
    lets_missing: bool

    def lets_pass(self, values: Floats) -> Mask:
        """Of float64[n], NaN = no value; bool[n]."""
        return np.where(np.isnan(values), self.lets_missing, self.way * values <= self.way * self.cut)

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.name} {'≤' if self.way == 1 else '≥'} {self.cut:g}{' or unknown' if self.lets_missing else ''}"


def draw_rule(columns: Mapping[str, Floats], orders: Orders, *, share: float) -> Rule | None:
    """The rule of the column that ranks these orders best, cut where about a `share` of them pass; None when no column says anything."""
    found: list[tuple[float, str, int]] = []
    for name, values in columns.items():
        known = ~np.isnan(values)
        y = orders.bad[known]
        if known.mean() >= KNOWN_MIN and 0 < y.sum() < len(y):
            rank = auc(y, values[known])
            found.append((max(rank, 1.0 - rank), name, 1 if rank >= 0.5 else -1))
    told, name, way = max(found, default=(0.5, "", 1))
    if told == 0.5:
        return None
    values = columns[name]
    lost = np.isnan(values)
    lets_missing = bool(lost.any() and orders.bad[lost].mean() <= orders.bad.mean())
    wanted = share * len(values) - (lost.sum() if lets_missing else 0)
    ranked = np.sort(way * values[~lost])
    return Rule(name, way, float(way * ranked[int(np.clip(round(wanted) - 1, 0, len(ranked) - 1))]), lets_missing)


def measure_both(orders: Orders, passes: Mask, *, weights: Floats | None = None) -> Floats:
    """(share of the good orders that pass, share of the bad orders' amount that passes); each order counts `weights` times."""
    count = np.ones(len(orders)) if weights is None else weights
    good, lost = count * (orders.bad == 0), count * orders.bad * orders.amount_minor
    return np.array([(part * passes).sum() / max(1.0, part.sum()) for part in (good, lost)])  # of nobody, nobody passes


def list_masks(strategy: Strategy, develop: Orders, later: Orders) -> list[tuple[str, Mask, Mask]]:
    """What may stand against the rule: every point of the frontier, and cuts of the models' chance between them, as (name, masks)."""
    cells = strategy.grid.place(develop), strategy.grid.place(later)
    found = []
    for number, point in enumerate(strategy.frontier):
        actions = np.array(point.actions)
        found.append((f"point {number} of the frontier", actions[cells[0]] == 0, actions[cells[1]] == 0))
    for cut in np.unique(np.quantile(develop.chance, np.linspace(0.0, 1.0, CUTS + 1)[1:-1])).tolist():
        found.append((f"chance ≤ {cut:.4g}", develop.chance <= cut, later.chance <= cut))
    return found


def _least_sure(orders: Orders, ours: Mask, rule: Mask) -> float:
    """The less certain of the two gains over the rule, in standard errors."""
    more = ours.astype(np.float64) - rule
    told = []
    for way, weights in ((1.0, orders.bad == 0), (-1.0, orders.bad * orders.amount_minor)):
        parts = way * weights * more
        error = float(np.sqrt(len(parts)) * parts.std())
        told.append(float(parts.sum()) / error if error else 0.0)
    return min(told)


def compare_jointly(
    strategy: Strategy, columns: tuple[Mapping[str, Floats], Mapping[str, Floats]], orders: tuple[Orders, Orders], rng: np.random.Generator
) -> dict[str, Any]:  # fmt: skip
    """Both on later rows, as plain JSON. columns, orders: of the rows to choose on, and of the later ones."""
    develop, later = orders
    rule = draw_rule(columns[0], develop, share=strategy.promised.approved_share)
    if rule is None:
        return {"why": "no variable says anything by itself, so there is no rule to compare with"}
    passes = rule.lets_pass(columns[0][rule.name])
    name, _, ours = max(list_masks(strategy, develop, later), key=lambda one: _least_sure(develop, one[1], passes))
    theirs = rule.lets_pass(columns[1][rule.name])
    drawn = np.empty((DRAWS, 2))
    for k in range(DRAWS):
        weights = rng.multinomial(len(later), np.full(len(later), 1.0 / len(later))).astype(np.float64)
        drawn[k] = measure_both(later, ours, weights=weights) - measure_both(later, theirs, weights=weights)
    mids = measure_both(later, ours) - measure_both(later, theirs)
    lows, highs = np.quantile(drawn, LOW, axis=0), np.quantile(drawn, HIGH, axis=0)
    shares = {"strategy": measure_both(later, ours), "rule": measure_both(later, theirs)}
    return {
        "rule": rule.told, "strategy": name, "rows": len(later),
        **{
            goal: {
                **{who: round(float(found[place]), 6) for who, found in shares.items()},
                "difference": [round(float(one[place]), 6) for one in (lows, mids, highs)],
            }
            for place, goal in enumerate(("good_passed", "bad_amount_passed"))
        },
        "both_improve": bool(lows[0] > 0.0 and highs[1] < 0.0),
    }  # fmt: skip


__all__ = ["Rule", "compare_jointly", "draw_rule", "list_masks", "measure_both"]
