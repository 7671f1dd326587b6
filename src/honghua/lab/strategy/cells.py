"""Orders in cells of chance and amount: what each action would bring and cost in each, with bad rates that rise with the chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from honghua.lab.strategy.orders import Floats, Ints, Orders
from honghua.lab.strategy.plans import PPM, Plan

CELL_ROWS_MIN: Final = 30
PRIOR_ROWS: Final = 20.0  # the predicted chance counts like so many orders seen
DIGITS: Final = 4  # significant ones of a bound of chance: a person can read it
AMOUNT_STEP_MINOR: Final = 10_000  # bounds of amount are whole hundreds of yuan
BUDGETS: Final = ("loss", "capital", "reviews", "stopped", "turned away", "refused good")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Inner bounds of the bands, rising; a bound belongs to the riskier (larger) band. Cells are numbered by amount band, then chance."""

    chance: Floats
    amount_minor: Ints

    @property
    def shape(self) -> tuple[int, int]:
        """Amount bands, chance bands."""
        return len(self.amount_minor) + 1, len(self.chance) + 1

    def place(self, orders: Orders) -> Ints:
        """The cell of each order; int64[n]."""
        band = np.searchsorted(self.chance, orders.chance, side="right")
        size = np.searchsorted(self.amount_minor, orders.amount_minor, side="right")
        return (size * self.shape[1] + band).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """Of every action in every cell: value float64[c, a] in minor units; cost float64[c, a, 6] (BUDGETS) in minor units, minor units,
    then orders; through float64[c, a], orders let through; good float64[c, a], good ones that are not."""

    value: Floats
    cost: Floats
    through: Floats
    refused_good: Floats

    def total(self, figures: Floats, actions: NDArray[np.int8]) -> Floats:
        """Sum over the cells of a figure [c, a] or [c, a, b] under these actions."""
        return np.asarray(figures[np.arange(len(actions)), actions].sum(axis=0))


def draw_grid(orders: Orders, plan: Plan) -> Grid:
    """Bands of chance that hold equally many orders in the safe half and equally many bad ones above; amounts by their quantiles."""
    wanted = min(plan.bands, max(2, len(orders) // (CELL_ROWS_MIN * plan.amount_bands)))
    chance = np.sort(orders.chance)
    by_rows = np.quantile(chance, np.arange(1, wanted) / wanted)
    bad = orders.chance[orders.bad == 1]
    by_bad = np.quantile(bad, np.arange(1, wanted) / wanted) if len(bad) > wanted else by_rows
    bounds = np.unique([float(f"{x:.{DIGITS}g}") for x in np.concatenate([by_rows[::2], by_bad[::2]]) if 0 < x < 1])
    return Grid(_with_rows(chance, bounds), _amount_bounds(orders, plan.amount_bands))


def _with_rows(chance: Floats, bounds: Floats) -> Floats:
    """Those bounds that leave CELL_ROWS_MIN orders in each band."""
    kept: list[float] = []
    below = 0
    for bound in bounds.tolist():
        place = int(np.searchsorted(chance, bound, side="left"))
        if place - below >= CELL_ROWS_MIN and len(chance) - place >= CELL_ROWS_MIN:
            kept.append(bound)
            below = place
    return np.array(kept, np.float64)


def _amount_bounds(orders: Orders, bands: int) -> Ints:
    if bands == 1:
        return np.zeros(0, np.int64)
    cuts = np.quantile(orders.amount_minor, np.arange(1, bands) / bands)
    steps = np.unique(np.maximum(1, np.round(cuts / AMOUNT_STEP_MINOR))).astype(np.int64) * AMOUNT_STEP_MINOR
    return np.asarray(steps[steps < orders.amount_minor.max()], np.int64)


def bad_rates(orders: Orders, cell: Ints, grid: Grid) -> Floats:
    """Expected share of bad orders by cell: seen, drawn towards the predicted chance, rising with it; float64[c]."""
    amounts, bands = grid.shape
    cells = amounts * bands
    rows = np.bincount(cell, minlength=cells).astype(np.float64)
    bad = np.bincount(cell, weights=orders.bad, minlength=cells)
    predicted = np.bincount(cell, weights=orders.chance, minlength=cells) / np.maximum(rows, 1)
    everywhere = np.interp(np.arange(cells), np.flatnonzero(rows), predicted[rows > 0])
    predicted = np.where(rows > 0, predicted, everywhere)
    seen = (bad + PRIOR_ROWS * predicted) / (rows + PRIOR_ROWS)
    weight = rows + PRIOR_ROWS
    risen = [
        isotonic_regression(seen[k * bands : (k + 1) * bands], sample_weight=weight[k * bands : (k + 1) * bands])
        for k in range(amounts)
    ]
    return np.asarray(np.clip(np.concatenate(risen), 0.0, 1.0), np.float64)


def reckon(orders: Orders, plan: Plan, grid: Grid) -> Ledger:
    """What every action would bring and cost in every cell, were the cell's orders bad as often as expected."""
    cell = grid.place(orders)
    cells = grid.shape[0] * grid.shape[1]
    rate = bad_rates(orders, cell, grid)
    rows = np.bincount(cell, minlength=cells).astype(np.float64)
    asked = np.bincount(cell, weights=orders.amount_minor, minlength=cells)
    margin = np.bincount(cell, weights=orders.amount_minor * plan.economics.margins(orders.chance), minlength=cells)
    shape = (cells, len(plan.actions))
    value, through, refused_good = np.empty(shape), np.empty(shape), np.empty(shape)
    cost = np.zeros((*shape, len(BUDGETS)))
    for k, action in enumerate(plan.actions):
        part, good, bad = action.part_ppm / PPM, action.good_ppm / PPM, action.bad_ppm / PPM
        loss = asked * rate * part * bad * plan.economics.loss_ppm / PPM
        away = asked * (1 - rate) * (1 - good) * plan.economics.turned_away_ppm / PPM
        value[:, k] = margin * (1 - rate) * part * good - loss - away - rows * action.cost_minor
        cost[:, k, 0] = loss
        cost[:, k, 1] = asked * part * ((1 - rate) * good + rate * bad)
        cost[:, k, 2] = rows * action.is_manual
        cost[:, k, 3] = rows * (k > 0)
        through[:, k] = rows * ((1 - rate) * good + rate * bad)
        refused_good[:, k] = rows * (1 - rate) * (1 - good)
        cost[:, k, 4] = rows - through[:, k]
        cost[:, k, 5] = refused_good[:, k]
    return Ledger(value, cost, through, refused_good)


def follow(action_of: NDArray[np.int8], orders: Orders, plan: Plan, cell: Ints) -> dict[str, Floats]:
    """What the chosen actions do to each order, by its known outcome: float64[n] each.

    through: expected share let through; profit, loss, capital in minor units; reviews: 1 where a person looks; stopped: 1 where it
    does not pass at once.
    """
    chosen = action_of[cell]
    table = np.array([
        (a.good_ppm / PPM, a.bad_ppm / PPM, a.part_ppm / PPM, a.cost_minor, a.is_manual) for a in plan.actions
    ])[chosen]  # fmt: skip
    bad = orders.bad == 1
    through = np.where(bad, table[:, 1], table[:, 0])
    capital = orders.amount_minor * table[:, 2] * through
    loss = np.where(bad, capital * plan.economics.loss_ppm / PPM, 0.0)
    away = orders.amount_minor * (1 - through) * plan.economics.turned_away_ppm / PPM
    earned = np.where(bad, 0.0, capital * plan.economics.margins(orders.chance) - away)
    return {
        "through": through, "profit": earned - loss - table[:, 3], "loss": loss, "capital": capital, "reviews": table[:, 4],
        "stopped": (chosen > 0).astype(np.float64),
        "refused_good": np.where(bad, 0.0, 1.0 - through),
    }  # fmt: skip
