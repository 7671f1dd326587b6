"""A score in life beside the score at application (R-065): which tells better who will default, and how long before.

The learner (logistic regression) is the same for both; it is fitted on the training cities only, where it is also chosen what serves and
where the alarm line lies. Both are compared on all live accounts and, harder, on those with nothing past due; warnings count there only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from honghua.app.approval.dynamics.lives import MONTHS, Town
from honghua.limits.core import VALUES
from honghua.models.api import auc_difference, auc_interval
from honghua.sim.api import MONTH_DAYS, Lived, interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIRST_MONTH: Final = 3  # of conduct, before anybody is scored by it
AHEAD: Final = 6  # months within which a default is meant
LOOKED: Final = (
    6,
    12,
)  # months after which both scores are compared: what is meant by the one ends where the other begins
TIERS: Final = (0.5, 0.8, 0.95)  # shares of the training rows at which risk tiers end, the safest first
FALSE_ALARMS: Final = 0.05  # of account-months that do not end in default, on the training cities
FEATURES: Final = (
    "utilisation", "utilisation_3m", "paid_share", "paid_share_3m", "dpd_most", "dpd_most_3m", "months_late", "refused_3m", "bought_change",
    "limit_log",
)  # fmt: skip
APPLIED: Final = tuple(name for name in VALUES if name not in ("is_barred", "own_lines_minor", "spend_minor"))


@dataclass(frozen=True, slots=True)
class Panel:
    """Account-months, n rows: conduct float64[n, FEATURES], applied float64[n, APPLIED], bad bool[n]: default within AHEAD months.

    person, month int64[n]; in_order bool[n]: nothing past due. default_day int64[n] of the person, below 0 = none.
    lost_minor, drawn_minor int64[n]: lost within these months, and what stood drawn in them on average; never a value to fit on.
    """

    conduct: Floats
    applied: Floats
    score: Floats
    bad: NDArray[np.bool_]
    person: Ints
    month: Ints
    in_order: NDArray[np.bool_]
    default_day: Ints
    lost_minor: Ints
    drawn_minor: Ints


def make_panel(lives: Sequence[tuple[Town, NDArray[np.bool_], Lived]]) -> Panel:
    """All months of all lives that have AHEAD months before them. Nothing of a later month enters a row but `bad`."""
    parts = [_rows(town, who, lived, place << 32) for place, (town, who, lived) in enumerate(lives)]
    return Panel(*(np.concatenate([getattr(part, name) for part in parts]) for name in Panel.__slots__))


def _rows(town: Town, who: NDArray[np.bool_], lived: Lived, base: int) -> Panel:
    parts = []
    people = np.arange(base, base + int(who.sum()))
    applied = np.column_stack([_fill(town.drawn.values.get(name), who) for name in APPLIED])
    for month in range(FIRST_MONTH, MONTHS - AHEAD + 1):
        end = month * MONTH_DAYS
        alive = (lived.default_day < 0) | (lived.default_day >= end)
        bad = (lived.default_day >= end) & (lived.default_day < end + AHEAD * MONTH_DAYS)
        part = Panel(
            describe_conduct(lived, month), applied, town.score[who], bad, people, np.full(len(people), month, np.int64),
            lived.months[month - 1].dpd == 0, lived.default_day, np.where(bad, lived.lost_minor, 0),
            np.mean([one.used_minor for one in lived.months[month : month + AHEAD]], axis=0).astype(np.int64),
        )  # fmt: skip
        parts.append([getattr(part, name)[alive] for name in Panel.__slots__])
    return Panel(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def describe_conduct(lived: Lived, month: int) -> Floats:
    """float64[k, FEATURES] from the first `month` months of lives, and nothing of later ones."""
    months = lived.months[:month]
    now, last3 = months[-1], months[-3:]
    limit = np.maximum(now.limit_minor, 1).astype(np.float64)
    owed = [np.maximum(one.used_minor + one.paid_minor, 1).astype(np.float64) for one in months]
    paid = [one.paid_minor / was for one, was in zip(months, owed, strict=True)]
    used = [one.used_minor / np.maximum(one.limit_minor, 1) for one in months]
    before = np.mean([one.bought_minor for one in months[:-1]], axis=0)
    return np.column_stack([
        np.minimum(used[-1], 2), np.minimum(np.mean(used[-3:], axis=0), 2), paid[-1], np.mean(paid[-3:], axis=0),
        np.minimum(now.dpd_most, 60), np.minimum(np.max([one.dpd_most for one in last3], axis=0), 60),
        np.sum([one.dpd > 0 for one in months], axis=0), np.log1p(np.sum([one.refused for one in last3], axis=0)),
        np.log((now.bought_minor + 1_000) / (before + 1_000)), np.log(limit),
    ])  # fmt: skip


READERS: Final[dict[str, Callable[[Panel], Floats]]] = {
    "conduct": lambda panel: panel.conduct,
    "application": lambda panel: panel.applied,
    "both": lambda panel: np.column_stack([panel.conduct, panel.applied]),
}


def measure_behaviour(train: Panel, test: Panel) -> dict[str, Any]:
    """AUC of both scores on the same account-months of the test cities, risk tiers and lead time. Intervals: 95 %, DeLong, Wilson."""
    fitted = {name: _fit(read(train), train.bad) for name, read in READERS.items()}
    chance = {name: fitted[name].predict_proba(read(test))[:, 1] for name, read in READERS.items()}
    chance["cards"] = 1.0 - test.score  # the shipped application cards, fitted on a city of their own
    serving, folds = choose_serving(train)
    own = fitted[serving].predict_proba(READERS[serving](train))[:, 1]
    line = float(np.quantile(own[train.in_order & ~train.bad], 1.0 - FALSE_ALARMS))
    looked = np.isin(test.month, LOOKED)
    return {
        "people_train": len(np.unique(train.person)), "people_test": len(np.unique(test.person)), "serving": serving, "folds_auc": folds,
        "live_accounts": _compare(test, chance, looked), "accounts_in_order": _compare(test, chance, looked & test.in_order),
        "tiers": tell_tiers(own, chance[serving], test), "alarm_line": round(line, 5), **_tell_lead(test, chance[serving], line),
    }  # fmt: skip


def choose_serving(train: Panel) -> tuple[str, dict[str, float]]:
    """Whether conduct serves alone or with the application: by AUC on each training city left out, of accounts in order."""
    cities = train.person >> 32
    found = {}
    for name in ("conduct", "both"):
        rows, said = READERS[name](train), np.zeros(len(train.bad))
        for city in np.unique(cities):
            mine = cities == city
            said[mine] = _fit(rows[~mine], train.bad[~mine]).predict_proba(rows[mine])[:, 1]
        kept = train.in_order
        found[name] = round(float(auc_interval(train.bad[kept].astype(np.int64), said[kept]).mid), 4)
    return max(found, key=lambda name: found[name]), found


def _compare(test: Panel, chance: dict[str, Floats], rows: NDArray[np.bool_]) -> dict[str, Any]:
    """AUC of each score on some rows, and of conduct less application."""
    bad = test.bad[rows].astype(np.int64)
    gain = auc_difference(bad, chance["conduct"][rows], chance["application"][rows])
    return {
        "rows": int(rows.sum()), "bad": int(bad.sum()),
        "auc": {name: [round(one, 4) for one in auc_interval(bad, said[rows]).as_list()] for name, said in chance.items()},
        "conduct_less_application": [round(one, 4) for one in gain.as_list()],
    }  # fmt: skip


def tell_tiers(train_chance: Floats, chance: Floats, test: Panel) -> dict[str, Any]:
    """Realised loss by risk tier on the test cities: bounds from the training rows; loss of what stood drawn over the months ahead."""
    bounds = np.quantile(train_chance, TIERS)
    looked = np.isin(test.month, LOOKED)
    tier = np.searchsorted(bounds, chance[looked], side="right")
    bad, lost, drawn = test.bad[looked], test.lost_minor[looked], test.drawn_minor[looked]
    rows: list[dict[str, Any]] = [
        {
            "accounts": int((tier == k).sum()), "default": interval(int(bad[tier == k].sum()), int((tier == k).sum())),
            "loss": round(float(lost[tier == k].sum() / max(float(drawn[tier == k].sum()), 1.0)), 5),
        }
        for k in range(len(TIERS) + 1)
    ]  # fmt: skip
    losses = [row["loss"] for row in rows]
    shares = [row["default"][1] for row in rows]
    return {"tiers": rows, "loss_monotone": losses == sorted(losses), "default_monotone": shares == sorted(shares)}


def _tell_lead(test: Panel, chance: Floats, line: float) -> dict[str, Any]:
    """Of those who default: how many were above the line while in order, and how many days before; beside the first day past due."""
    alarmed = test.in_order & (chance >= line)
    good = test.in_order & ~test.bad
    first: dict[int, int] = {}
    for row in np.flatnonzero(alarmed & test.bad).tolist():
        end = int(test.month[row]) * MONTH_DAYS
        first[int(test.person[row])] = min(first.get(int(test.person[row]), end), end)
    day_of = dict(zip(test.person.tolist(), test.default_day.tolist(), strict=True))
    defaulted = sorted({int(one) for one in test.person[test.bad & test.in_order]})
    leads = [day_of[one] - first[one] for one in defaulted if one in first]
    quarters = [int(one) for one in np.quantile(leads, [0.25, 0.5, 0.75])] if leads else []
    return {
        "false_alarms": interval(int((alarmed & good).sum()), int(good.sum())),
        "warned": interval(len(leads), len(defaulted)), "defaulted": len(defaulted),
        "lead_days": {"quarters": quarters, "at_least_90": interval(sum(lead > 90 for lead in leads), len(defaulted))},
    }  # fmt: skip


def _fit(rows: Floats, bad: NDArray[np.bool_]) -> Any:
    """Logistic regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500)).fit(rows, bad)


def _fill(values: Floats | None, who: NDArray[np.bool_]) -> Floats:
    """A column with −1 where nothing is known: amounts are read as logarithms."""
    if values is None:
        return np.full(int(who.sum()), -1.0)
    mine = values[who]
    return np.where(np.isnan(mine), -1.0, np.log1p(np.maximum(mine, 0.0)))


__all__ = ["FEATURES", "Panel", "describe_conduct", "make_panel", "measure_behaviour"]
