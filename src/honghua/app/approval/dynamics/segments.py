"""Realised loss by segment (R-035): accounts as their segments stand after some months, and what each loses of its balance from there.

Segments, their order of risk and their rules were chosen on training cities; the figures are of cities that nobody looked at before. Beside
them what the rules are worth: the same people with the same luck under the segments' rules and under the general ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.approval.dynamics.lives import Stepping
from honghua.base.rng import derive_rng
from honghua.limits.core import LimitTerms, find_segment
from honghua.sim.api import MONTH_DAYS, Lived, interval

ROUNDS: Final = 400
LOOKED_MONTHS: Final = (6, 9, 12)  # at whose ends accounts are put into segments; each then lives on for AHEAD months
AHEAD: Final = 6
REST: Final = "general"
# Tiers of risk, the least first, and the segments of each. High ceilings that are used with measure have rules of their own and were no
# other risk than light use on the training cities: one tier.
TIERS: Final = {
    "low": ("light", "high_net_worth"), "middle": (REST,), "high": ("stretched",), "was late": ("was_late",), "past due": ("past_due",),
}  # fmt: skip
SEGMENTS: Final = tuple(name for names in TIERS.values() for name in names)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Looks:
    """Accounts looked at, n rows: person int64[n], place int64[n] of the segment in SEGMENTS; in the AHEAD months after, minor units:
    lost int64[n], balance float64[n] that stood drawn on average."""

    person: Ints
    place: Ints
    lost: Ints
    balance: Floats


def measure_segments(terms: LimitTerms, lives: Sequence[tuple[Lived, Stepping]], *, seed: int) -> dict[str, Any]:
    """Loss of what stands drawn, by tier and by segment, and whether it rises from tier to tier.

    Intervals: 95 %, all looks of a person drawn together; monotone_draws: in which share of the drawings it rises along all tiers.
    """
    parts = [_look(terms, lived, stepping, place << 32) for place, (lived, stepping) in enumerate(lives)]
    looks = Looks(*(np.concatenate([getattr(part, name) for part in parts]) for name in Looks.__slots__))
    tier_of = np.repeat(np.arange(len(TIERS)), [len(names) for names in TIERS.values()])
    tiers = replace(looks, place=tier_of[looks.place])
    mids, drawn = _draw(tiers, len(TIERS), seed=seed)
    low, high = _reach(drawn)
    names = list(TIERS)
    return {
        "tiers": _tell_all(tiers, names, seed=seed), "segments": _tell_all(looks, SEGMENTS, seed=seed),
        "monotone": bool((np.diff(mids[~np.isnan(mids)]) >= 0).all()),
        "monotone_draws": round(float((np.diff(drawn[:, ~np.isnan(mids)], axis=1) >= 0).all(axis=1).mean()), 4),
        "clearly_apart": [f"{names[k]} < {names[j]}" for k, j in itertools.pairwise(range(len(names))) if high[k] < low[j]],
    }  # fmt: skip


def _look(terms: LimitTerms, lived: Lived, stepping: Stepping, base: int) -> Looks:
    """Who has something drawn, or loses something, in the months after each look."""
    rows: list[tuple[int, int, int, float]] = []
    for month in LOOKED_MONTHS:
        balance = np.mean([one.used_minor for one in lived.months[month : month + AHEAD]], axis=0)
        first, last = month * MONTH_DAYS, (month + AHEAD) * MONTH_DAYS
        lost = np.where((lived.default_day >= first) & (lived.default_day < last), lived.lost_minor, 0)
        alive = (lived.default_day < 0) | (lived.default_day >= first)
        for k in np.flatnonzero(alive & ((balance > 0) | (lost > 0))).tolist():
            own = find_segment(terms, stepping.records[month - 1][k])
            rows.append((base + k, SEGMENTS.index(REST if own is None else own.name), int(lost[k]), float(balance[k])))
    person, place, lost_minor, stood = zip(*rows, strict=True)
    return Looks(np.array(person, np.int64), np.array(place, np.int64), np.array(lost_minor, np.int64), np.array(stood))


def _draw(looks: Looks, places: int, *, seed: int) -> tuple[Floats, Floats]:
    """Lost to average balance by place, float64[places], and the same in drawings of people, float64[ROUNDS, places]; NaN = nobody."""
    _, person = np.unique(looks.person, return_inverse=True)
    people = int(person.max()) + 1
    lost, balance = np.zeros((people, places)), np.zeros((people, places))
    np.add.at(lost, (person, looks.place), looks.lost)
    np.add.at(balance, (person, looks.place), looks.balance)
    rng = derive_rng(seed, "segments")
    weights = [np.bincount(rng.integers(0, people, people), minlength=people) for _ in range(ROUNDS)]
    return _ratio(lost.sum(axis=0), balance.sum(axis=0)), np.array([_ratio(w @ lost, w @ balance) for w in weights])


def _reach(drawn: Floats) -> tuple[Floats, Floats]:
    """The 95 % intervals of columns; NaN where nobody was drawn ever."""
    low, high = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn).all(axis=0)
    low[known], high[known] = np.nanquantile(drawn[:, known], [0.025, 0.975], axis=0)
    return low, high


def _ratio(lost: Floats, balance: Floats) -> Floats:
    return np.asarray(np.divide(lost, balance, out=np.full(len(lost), np.nan), where=balance > 0))


def _tell_all(looks: Looks, names: Sequence[str], *, seed: int) -> dict[str, Any]:
    """People, looks, share that defaults, loss of the balance and share of all balances, by name; nobody's place is left out."""
    mids, drawn = _draw(looks, len(names), seed=seed)
    low, high = _reach(drawn)
    told = {}
    for place, name in enumerate(names):
        mine = looks.place == place
        if mine.any():
            told[name] = {
                "people": len(np.unique(looks.person[mine])), "looks": int(mine.sum()),
                "default": interval(int((looks.lost[mine] > 0).sum()), int(mine.sum())),
                "loss": [round(float(one), 5) for one in (low[place], mids[place], high[place])],
                "balance_share": round(float(looks.balance[mine].sum() / looks.balance.sum()), 4),
            }  # fmt: skip
    return told


def measure_rules(own: Sequence[Lived], general: Sequence[Lived], *, seed: int) -> dict[str, Any]:
    """The same people under the segments' rules and under the general ones: lost of what was bought, with 95 % intervals, paired."""
    lost, bought = (
        np.column_stack([np.concatenate([getattr(one, name) for one in lives]) for lives in (own, general)]).astype(
            float
        )
        for name in ("lost_minor", "bought_minor")
    )
    rng, people = derive_rng(seed, "rules"), len(lost)
    draws = [np.bincount(rng.integers(0, people, people), minlength=people) for _ in range(ROUNDS)]
    shares = np.array([_ratio(w @ lost, w @ bought) for w in (np.ones(people), *draws)])
    told = {}
    for name, values in (("own", shares[:, 0]), ("general", shares[:, 1]), ("saved", shares[:, 1] - shares[:, 0])):
        low, high = np.quantile(values[1:], [0.025, 0.975])
        told[name] = [round(float(one), 5) for one in (low, values[0], high)]
    heads = (bought.sum(axis=0) / people).astype(np.int64)
    return {
        "people": people,
        "lost_of_bought": told,
        "bought_a_head_minor": {"own": int(heads[0]), "general": int(heads[1])},
    }


__all__ = ["TIERS", "measure_rules", "measure_segments"]
