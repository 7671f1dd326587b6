"""Scenes: where and for what people spend – the registry that a file gives, in columns for the generator.

A scene is finer than a category of goods: a motorway toll and a metro ride are both transport. Prices, hours, seasons and the pull of
sale days are rough guesses of ours, made to look like a Chinese city's spending; no statistic stands behind a single line.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints
from honghua.sim.core.shops import CATEGORIES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Channel(IntEnum):
    """How a purchase comes about. Only OFFLINE happens at a place."""

    OFFLINE = 0
    ONLINE = 1
    LIVE = 2
    SOCIAL = 3
    INSTANT = 4


class Milestone(IntEnum):
    """The event of a life that a scene belongs to: bought much more often around it. The numbers are those of LifeEvent."""

    NONE = 0
    WEDDING = 1
    BIRTH = 2
    MOVE = 3
    SCHOOL = 4
    RENOVATION = 5


# Weights of the hours 0 … 23 in which a scene is bought; what people's own day allows comes on top.
HOURS: Final[Mapping[str, tuple[float, ...]]] = {
    "day": (1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 7, 9, 10, 9, 8, 8, 9, 9, 9, 9, 8, 8, 8, 7, 5, 3),
    "morning": (0.2, 0.1, 0.1, 0.1, 0.5, 2, 6, 10, 12, 11, 9, 7, 5, 4, 5, 5, 5, 6, 5, 3, 2, 1, 0.5, 0.3),
    "breakfast": (
        0.1,
        0.1,
        0.1,
        0.1,
        0.5,
        3,
        10,
        14,
        9,
        4,
        2,
        1,
        0.5,
        0.3,
        0.3,
        0.3,
        0.3,
        0.3,
        0.3,
        0.2,
        0.2,
        0.2,
        0.2,
        0.1,
    ),
    "meal": (0.5, 0.3, 0.1, 0.1, 0.1, 0.3, 1, 2, 2, 2, 4, 12, 14, 7, 3, 2, 3, 8, 12, 9, 5, 3, 2, 1),
    "dinner": (0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.5, 1, 5, 6, 3, 1, 1, 3, 9, 14, 14, 10, 6, 3, 1),
    "office": (0.3, 0.2, 0.1, 0.1, 0.1, 0.5, 2, 7, 12, 11, 9, 6, 8, 10, 9, 7, 5, 4, 3, 2, 2, 1, 0.7, 0.5),
    "commute": (1, 0.5, 0.3, 0.3, 0.5, 2, 6, 14, 13, 6, 4, 4, 4, 4, 4, 4, 6, 12, 12, 8, 6, 5, 4, 2),
    "evening": (3, 1.5, 0.7, 0.4, 0.3, 0.4, 1, 2, 4, 6, 7, 7, 8, 7, 6, 6, 6, 6, 7, 9, 12, 13, 11, 7),
    "late": (5, 3, 2, 1.5, 1, 1.5, 3, 4, 5, 5, 5, 6, 7, 6, 5, 5, 6, 7, 8, 9, 10, 10, 9, 7),
    "night": (9, 6, 4, 2, 1, 0.5, 0.5, 1, 2, 3, 3, 4, 6, 5, 4, 4, 4, 5, 7, 9, 12, 14, 14, 12),
    "weekend": (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 1, 3, 7, 10, 9, 7, 9, 11, 11, 10, 8, 7, 7, 6, 4, 2, 0.7),
}
# Weights of the months January … December; each is brought to a mean of one.
SEASONS: Final[Mapping[str, tuple[float, ...]]] = {
    "flat": (1,) * 12,
    "festival": (1.9, 1.5, 0.8, 0.8, 0.9, 0.8, 0.8, 0.8, 1.3, 1.1, 0.9, 1.1),
    "winter": (1.7, 1.4, 0.9, 0.6, 0.5, 0.5, 0.5, 0.5, 0.7, 1.0, 1.8, 1.9),
    "summer": (0.4, 0.4, 0.6, 0.8, 1.3, 1.9, 2.1, 1.8, 1.1, 0.7, 0.5, 0.4),
    "spring": (0.7, 0.9, 1.7, 1.7, 1.4, 0.9, 0.7, 0.7, 0.9, 1.1, 0.8, 0.5),
    "autumn": (0.6, 0.5, 0.6, 0.8, 1.1, 0.7, 0.7, 1.0, 1.9, 2.1, 1.2, 0.8),
    "holiday": (0.9, 1.2, 0.7, 1.0, 1.4, 0.9, 1.5, 1.5, 0.7, 1.6, 0.5, 0.6),
    "school": (0.6, 1.5, 1.0, 0.6, 0.6, 0.9, 1.0, 2.3, 2.0, 0.6, 0.5, 0.4),
    "graduation": (0.7, 1.0, 1.1, 0.8, 0.8, 1.6, 1.8, 1.3, 1.0, 0.8, 0.6, 0.5),
    "gift": (1.1, 1.5, 0.9, 0.8, 1.4, 1.0, 0.7, 1.2, 0.9, 0.8, 0.8, 1.2),
    "seasonal": (0.9, 0.7, 1.2, 1.2, 1.1, 0.9, 0.7, 0.8, 1.2, 1.3, 1.3, 1.0),
    "heating": (0.6, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.8, 4.2, 4.0, 1.5),
    "term": (0.7, 0.6, 1.2, 1.2, 1.2, 1.1, 0.5, 0.4, 1.3, 1.3, 1.3, 1.2),
}
_FLAG: Final[Callable[[str], bool]] = {"0": False, "1": True}.__getitem__
_WHOLE: Final = ("months", "risk", "fee_ppm", "free_months")
_REAL: Final = ("weight", "median_yuan", "sigma", "refunds", "credit", "promo")
_FLAGS: Final = ("basket", "resale", "virtual")
COLUMNS: Final = (
    "code", "zh", "en", "category", "channel", "weight", "median_yuan", "sigma", "refunds", "basket", "resale", "virtual", "credit",
    "months", "promo", "hours", "season", "milestone", "risk", "fee_ppm", "free_months",
)  # fmt: skip


class SceneProblems(ValueError):
    """What is wrong with a file of scenes, one sentence a line."""


@dataclass(frozen=True, slots=True, eq=False)  # one book is one key of caches
class SceneBook:
    """Scenes by number: s rows a column, in the order of the file.

    code, zh, en   names; code is unique
    category       int64    place in CATEGORIES: what engines see of the kind of goods
    channel        int64    Channel
    weight         float64  how many purchases it draws, relative
    median_yuan, sigma      of a purchase: lognormal
    refunds        float64  share that goes back
    basket         bool     amounts are sums of many goods, not list prices
    resale         bool     sells again for cash
    virtual        bool     nothing is delivered
    credit         float64  odds of being wished on credit, against the average scene
    months         int64    the longest instalment plan that buyers usually take; 0 = none
    promo          float64  how many times more is sold on a day like 11.11
    hours          float64[s, 24]  weights, each row adds up to 1
    season         float64[s, 12]  by month, each row has the mean 1
    milestone      int64    Milestone
    risk           int64    0 … 3: how closely purchases are to be looked at
    fee_ppm        int64    what the shop pays of an amount
    free_months    int64    plans up to so many months are often interest-free at the shop's cost; 0 = none
    """

    code: tuple[str, ...]
    zh: tuple[str, ...]
    en: tuple[str, ...]
    category: Ints
    channel: Ints
    weight: Floats
    median_yuan: Floats
    sigma: Floats
    refunds: Floats
    basket: Flags
    resale: Flags
    virtual: Flags
    credit: Floats
    months: Ints
    promo: Floats
    hours: Floats
    season: Floats
    milestone: Ints
    risk: Ints
    fee_ppm: Ints
    free_months: Ints

    def __len__(self) -> int:
        return len(self.code)

    @property
    def online(self) -> Flags:
        """Bought from anywhere."""
        return np.asarray(self.channel != Channel.OFFLINE, np.bool_)


def parse_scenes(text: str) -> SceneBook:
    """Scenes from comma-separated text with the header COLUMNS; SceneProblems names every line that is wrong."""
    rows = list(csv.DictReader(text.splitlines()))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise SceneProblems(f"the header must be {','.join(COLUMNS)}")
    places = {
        "category": {one.name: place for place, one in enumerate(CATEGORIES)},
        "channel": {one.name.lower(): int(one) for one in Channel},
        "milestone": {one.name.lower(): int(one) for one in Milestone},
        "hours": HOURS, "season": SEASONS,
    }  # fmt: skip
    problems: list[str] = []
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for line, row in enumerate(rows, start=2):
        try:
            read = _read_row(row, places)
        except (KeyError, ValueError, TypeError) as wrong:
            problems.append(f"line {line}: {type(wrong).__name__}: {wrong}")
            continue
        if read["code"] in columns["code"]:
            problems.append(f"line {line}: the code {read['code']} stands twice")
        for name, value in read.items():
            columns[name].append(value)
    if problems:
        raise SceneProblems("\n".join(problems))
    return _book(columns)


def _read_row(row: Mapping[str, str], places: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {name: row[name] for name in ("code", "zh", "en")}
    read |= {name: known[row[name]] for name, known in places.items()}
    read |= {name: int(row[name]) for name in _WHOLE} | {name: float(row[name]) for name in _REAL}
    read |= {name: _FLAG(row[name]) for name in _FLAGS}
    if not (read["weight"] > 0 and read["median_yuan"] > 0 and read["sigma"] > 0 and 0 <= read["refunds"] < 1):
        raise ValueError("weight, median_yuan and sigma are above 0, refunds a share below 1")
    if not (0 <= read["free_months"] <= read["months"] and 0 <= read["risk"] <= 3 and read["fee_ppm"] >= 0):
        raise ValueError("free_months is at most months, risk 0 … 3, fee_ppm not negative")
    return read


def _book(columns: Mapping[str, list[Any]]) -> SceneBook:
    hours = np.array(columns["hours"], np.float64)
    season = np.array(columns["season"], np.float64)
    read: dict[str, Any] = {name: tuple(columns[name]) for name in ("code", "zh", "en")}
    for names, kind in (
        (("category", "channel", "milestone", *_WHOLE), np.int64),
        (_REAL, np.float64),
        (_FLAGS, np.bool_),
    ):
        read |= {name: np.array(columns[name], kind) for name in names}
    read["hours"] = hours / hours.sum(axis=1, keepdims=True)
    read["season"] = season / season.mean(axis=1, keepdims=True)
    return SceneBook(**read)


__all__ = ["COLUMNS", "HOURS", "SEASONS", "Channel", "Milestone", "SceneBook", "SceneProblems", "parse_scenes"]
