"""A book whose truth is known: columns that say something, columns that say nothing, and columns that know the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.lab.tables.api import Table, build_table

Values = NDArray[Any]
Rng = np.random.Generator


def plant(
    *, seed: int, rows: int = 12_000, signals: int = 40, noise: int = 40, traps: int = 10, rate: float = 0.2
) -> Table:
    """The table; columns are called s00 …, n00 …, t00 … and stand in a drawn order."""
    rng = derive_rng(seed, "planted")
    columns: dict[str, Values] = {}
    margin = np.zeros(rows)
    for k in range(signals):
        values, effect = SIGNALS[k % len(SIGNALS)](rng, rows)
        columns[f"s{k:02}"] = values
        margin += rng.choice([-1.0, 1.0]) * effect
    # The margins of the signals add up; what is left is chance.
    shift = np.quantile(margin + rng.logistic(size=rows), 1.0 - rate)
    y = (margin + rng.logistic(size=rows) > shift).astype(np.uint8)
    for k in range(noise):
        columns[f"n{k:02}"] = SIGNALS[k % len(SIGNALS)](rng, rows)[0]
    for k in range(traps):
        columns[f"t{k:02}"] = TRAPS[k % len(TRAPS)](rng, y)
    names = [list(columns)[k] for k in rng.permutation(len(columns))]
    return build_table({name: columns[name] for name in names}, target=y)


def _line(rng: Rng, n: int) -> tuple[Values, Values]:
    z = rng.normal(size=n)
    return np.round(np.exp(z) * 1_000, 2), 0.25 * z


def _valley(rng: Rng, n: int) -> tuple[Values, Values]:
    z = rng.normal(size=n)
    return z, 0.2 * (z * z - 1.0)


def _step(rng: Rng, n: int) -> tuple[Values, Values]:
    z = rng.integers(18, 70, n)
    return z, 0.5 * (z > 45)


def _words(rng: Rng, n: int) -> tuple[Values, Values]:
    codes = rng.integers(0, 6, n)
    return np.array(["own", "rent", "family", "dorm", "works", "none of these"])[codes], np.array(
        [0.4, -0.3, 0.0, 0.2, -0.4, 0.1]
    )[codes]


def _many_words(rng: Rng, n: int) -> tuple[Values, Values]:
    codes = rng.integers(0, 30, n)
    return np.array([f"region {k:02}" for k in range(30)])[codes], np.sin(np.arange(30.0))[codes] * 0.4


def _gaps(rng: Rng, n: int) -> tuple[Values, Values]:
    z, lost = rng.normal(size=n), rng.random(n) < 0.3
    return np.where(lost, np.nan, z), 0.5 * lost


def _special(rng: Rng, n: int) -> tuple[Values, Values]:
    z, coded = rng.gamma(2.0, 500.0, n), rng.random(n) < 0.1
    return np.where(coded, -999.0, np.round(z)), 0.7 * coded


def _flag(rng: Rng, n: int) -> tuple[Values, Values]:
    flag = rng.random(n) < 0.3
    return flag, 0.45 * flag


SIGNALS: tuple[Callable[[Rng, int], tuple[Values, Values]], ...] = (
    _line, _valley, _step, _words, _many_words, _gaps, _special, _flag,
)  # fmt: skip


def _flipped(rng: Rng, y: Values) -> Values:
    return np.where(rng.random(len(y)) < 0.03, 1 - y, y)


def _mirrored(rng: Rng, y: Values) -> Values:
    return np.array(["repaid", "lost"])[y]


def _noisy(rng: Rng, y: Values) -> Values:
    return y * 2.0 + rng.normal(size=len(y)) * 0.8


def _filled_later(rng: Rng, y: Values) -> Values:
    return np.where((y == 1) & (rng.random(len(y)) < 0.5), rng.gamma(2.0, 300.0, len(y)), np.nan)


def _recovered(rng: Rng, y: Values) -> Values:
    return np.where((y == 1) & (rng.random(len(y)) < 0.4), np.round(rng.gamma(2.0, 300.0, len(y))), 0.0)


def _calls(rng: Rng, y: Values) -> Values:
    return rng.poisson(np.where(y == 1, 5.0, 0.3))


def _day_of_loss(rng: Rng, y: Values) -> Values:
    days = np.datetime64("2026-01-01") + rng.integers(0, 300, len(y)).astype("timedelta64[D]")
    return np.where(y == 1, days, np.datetime64("NaT"))


def _closed_well(rng: Rng, y: Values) -> Values:
    return np.where(
        (y == 0) & (rng.random(len(y)) < 0.8),
        "closed in order",
        np.where(rng.random(len(y)) < 0.5, "open", "passed on"),
    )


def _paid_share(rng: Rng, y: Values) -> Values:
    return np.clip(np.where(y == 1, rng.beta(2.0, 3.0, len(y)), rng.beta(9.0, 1.5, len(y))), 0.0, 1.0)


def _score_after(rng: Rng, y: Values) -> Values:
    return np.round(650.0 - 120.0 * y + rng.normal(size=len(y)) * 60)


TRAPS: tuple[Callable[[Rng, Values], Values], ...] = (
    _flipped, _mirrored, _noisy, _filled_later, _recovered, _calls, _day_of_loss, _closed_well, _paid_share, _score_after,
)  # fmt: skip
