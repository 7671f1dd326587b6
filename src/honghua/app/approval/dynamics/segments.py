"""Realised loss by segment (R-035): accounts as their segments stand after some months, and what each loses of its balance from there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.approval.dynamics.lives import Stepping, Town
from honghua.base.rng import derive_rng
from honghua.limits.core import LimitTerms, find_segment
from honghua.sim.api import MONTH_DAYS, Lived

ROUNDS: Final = 400
LOOKED_MONTHS: Final = (6, 9, 12)  # at whose ends accounts are put into segments; each then lives on for AHEAD months
AHEAD: Final = 6
REST: Final = "general"
ORDER: Final = (
    "high_net_worth",
    REST,
    "beginner",
    "was_late",
)  # from the least risk to the most, as the segments were meant
Rows = list[tuple[int, str, int, int]]  # person, segment, lost, average balance


def measure_segments(terms: LimitTerms, lives: Sequence[tuple[Town, Lived, Stepping]], *, seed: int) -> dict[str, Any]:
    """Loss of what stands drawn, by segment, with 95 % intervals by resampling people; and whether it rises along ORDER."""
    rows: Rows = []
    for place, (_, lived, stepping) in enumerate(lives):
        rows += _look(terms, lived, stepping, place << 32)
    found = {name: _tell([row for row in rows if row[1] == name], seed=seed) for name in ORDER}
    shown = [name for name in ORDER if found[name]["people"]]
    mids = [found[name]["loss"][1] for name in shown]
    return {
        "order": shown, "segments": found, "monotone": all(low <= high for low, high in itertools.pairwise(mids)),
        "clearly_apart": [
            f"{low} < {high}"
            for low, high in itertools.pairwise(shown)
            if found[low]["loss"][2] < found[high]["loss"][0]
        ],
    }  # fmt: skip


def _look(terms: LimitTerms, lived: Lived, stepping: Stepping, base: int) -> Rows:
    rows: Rows = []
    for month in LOOKED_MONTHS:
        ahead = lived.months[month : month + AHEAD]
        balance = np.mean([one.used_minor for one in ahead], axis=0)
        first, last = month * MONTH_DAYS, (month + AHEAD) * MONTH_DAYS
        lost = np.where((lived.default_day >= first) & (lived.default_day < last), lived.lost_minor, 0)
        alive = (lived.default_day < 0) | (lived.default_day >= first)
        for k, record in enumerate(stepping.records[month - 1]):
            if alive[k] and (balance[k] > 0 or lost[k]):
                own = find_segment(terms, record)
                rows.append((base + k, REST if own is None else own.name, int(lost[k]), int(balance[k])))
    return rows


def _tell(rows: Rows, *, seed: int) -> dict[str, Any]:
    """People, account-months looked at, and [low, mid, high] of lost to average balance; all of a person's looks are drawn together."""
    if not rows:
        return {"people": 0, "looks": 0, "loss": [0.0, 0.0, 0.0]}
    people, place = np.unique([row[0] for row in rows], return_inverse=True)
    lost, balance = np.zeros(len(people)), np.zeros(len(people))
    np.add.at(lost, place, [row[2] for row in rows])
    np.add.at(balance, place, [row[3] for row in rows])
    rng = derive_rng(seed, "segments")
    values = [_ratio(lost, balance, rng.integers(0, len(people), len(people))) for _ in range(ROUNDS)]
    low, high = np.quantile(values, [0.025, 0.975])
    mid = float(lost.sum() / max(float(balance.sum()), 1.0))
    return {"people": len(people), "looks": len(rows), "loss": [round(float(one), 5) for one in (low, mid, high)]}


def _ratio(lost: NDArray[np.float64], balance: NDArray[np.float64], drawn: NDArray[np.int64]) -> float:
    return float(lost[drawn].sum() / max(float(balance[drawn].sum()), 1.0))


__all__ = ["ORDER", "measure_segments"]
