"""A score in life beside the score at application (R-065): which tells better who will default, and how long before.

The same two learners read both (logistic regression, and trees of our own kernel); they are fitted on the training cities only, where it is
also chosen what serves and where the alarm line lies. Both are compared on all live accounts and, harder, on those with nothing past due;
warnings count there only.
"""

from __future__ import annotations

import itertools
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
from honghua.models.api import auc_difference, auc_interval, train_forest
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
    "limit_log", "used_log", "utilisation_all", "utilisation_most", "utilisation_change", "paid_share_least", "paid_share_all", "late_days",
    "months_any_late", "bought_log", "bought_spread", "purchases_log", "unpaid_3m", "refused_all",
)  # fmt: skip
# Few leaves and many rows in each: defaults are rare. Not tuned; the same for every reader.
TREES: Final = {"num_leaves": 7, "min_data_in_leaf": 300, "lambda_l2": 5.0}
ROUNDS: Final = 120
FOLDS: Final = 4
LEARNERS: Final = ("logistic", "trees")
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
    bought, refused = (np.array([getattr(one, name) for one in months]) for name in ("bought_minor", "refused"))
    late = np.array([one.dpd_most for one in months])
    return np.column_stack([
        np.minimum(used[-1], 2), np.minimum(np.mean(used[-3:], axis=0), 2), paid[-1], np.mean(paid[-3:], axis=0),
        np.minimum(now.dpd_most, 60), np.minimum(np.max([one.dpd_most for one in last3], axis=0), 60),
        np.sum([one.dpd > 0 for one in months], axis=0), np.log1p(np.sum([one.refused for one in last3], axis=0)),
        np.log((now.bought_minor + 1_000) / (before + 1_000)), np.log(limit), np.log1p(now.used_minor),
        np.minimum(np.mean(used, axis=0), 2),
        np.minimum(np.max(used, axis=0), 2), np.clip(used[-1] - used[-3], -2, 2), np.min(paid, axis=0), np.mean(paid, axis=0),
        np.minimum(late, 30).sum(axis=0), (late > 0).sum(axis=0), np.log1p(bought.mean(axis=0)),
        bought.std(axis=0) / (bought.mean(axis=0) + 1_000), np.log1p(now.purchases), np.sum([one.paid_minor == 0 for one in last3], axis=0),
        np.log1p(refused.sum(axis=0)),
    ])  # fmt: skip


READERS: Final[dict[str, Callable[[Panel], Floats]]] = {
    "conduct": lambda panel: panel.conduct,
    "application": lambda panel: panel.applied,
    "both": lambda panel: np.column_stack([panel.conduct, panel.applied]),
}


def measure_behaviour(train: Panel, test: Panel) -> dict[str, Any]:
    """AUC of both scores on the same account-months of the test cities, risk tiers and lead time. Intervals: 95 %, DeLong, Wilson."""
    learner, serving, folds = choose_serving(train)
    fitted = {name: _fit(learner, read(train), train.bad) for name, read in READERS.items()}
    chance = {name: fitted[name](read(test)) for name, read in READERS.items()}
    chance["cards"] = 1.0 - test.score  # the shipped application cards, fitted on a city of their own
    own = fitted[serving](READERS[serving](train))
    line = float(np.quantile(own[train.in_order & ~train.bad], 1.0 - FALSE_ALARMS))
    looked = np.isin(test.month, LOOKED)
    return {
        "people_train": len(np.unique(train.person)), "people_test": len(np.unique(test.person)), "learner": learner, "serving": serving,
        "folds_auc": folds, "live_accounts": _compare(test, chance, looked),
        "accounts_in_order": _compare(test, chance, looked & test.in_order),
        "tiers": tell_tiers(own, chance[serving], test), "alarm_line": round(line, 5), **_tell_lead(test, chance[serving], line),
    }  # fmt: skip


def choose_serving(train: Panel) -> tuple[str, str, dict[str, float]]:
    """(learner, what it reads, AUC of each pair) by training cities left out in turn, of accounts in order.

    Both learners are tried on the application, too; it does not serve, and is compared by the learner that is chosen for conduct.
    """
    fold = (train.person >> 32) % FOLDS
    found: dict[tuple[str, str], float] = {}
    for learner, name in itertools.product(LEARNERS, READERS):
        rows, said = READERS[name](train), np.zeros(len(train.bad))
        for one in np.unique(fold):
            mine = fold == one
            rest = ~mine if not mine.all() else mine
            said[mine] = _fit(learner, rows[rest], train.bad[rest])(rows[mine])
        kept = train.in_order
        found[learner, name] = round(float(auc_interval(train.bad[kept].astype(np.int64), said[kept]).mid), 4)
    learner, serving = max((pair for pair in found if pair[1] != "application"), key=lambda pair: found[pair])
    return learner, serving, {f"{name}, {by}": value for (by, name), value in found.items()}


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


def _fit(learner: str, rows: Floats, bad: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """From rows float64[n, k] to chances of default float64[n]."""
    if learner == "logistic":
        line = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500)).fit(rows, bad)
        return lambda some: np.asarray(line.predict_proba(some)[:, 1])
    names = [f"value {k}" for k in range(rows.shape[1])]
    trained = train_forest(
        rows.astype(np.float32), bad.astype(np.int64), names=names, seed=1, params=TREES, rounds=ROUNDS, num_threads=1
    )
    return lambda some: 1.0 / (1.0 + np.exp(-trained.forest.score(some.astype(np.float32))))


def _fill(values: Floats | None, who: NDArray[np.bool_]) -> Floats:
    """A column with −1 where nothing is known: amounts are read as logarithms."""
    if values is None:
        return np.full(int(who.sum()), -1.0)
    mine = values[who]
    return np.where(np.isnan(mine), -1.0, np.log1p(np.maximum(mine, 0.0)))


__all__ = ["FEATURES", "Panel", "describe_conduct", "make_panel", "measure_behaviour"]
