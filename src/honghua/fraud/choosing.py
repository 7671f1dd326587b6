"""Which values a model is to read: what teaches the fusion on every part of the time, and what a detector's alarms are made of.

A plan senses hundreds of values, since nobody knows beforehand which of them tell on a table. Most tell nothing there: each costs time at
every decision, and where frauds are few a forest learns some of them by heart. All is chosen on the fitting rows alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.fraud.core.plan import DETECTORS, SILENCE, Family, Value
from honghua.fraud.core.tails import Tail, speaking
from honghua.fraud.sieving import Rows
from honghua.models.api import train_forest

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PARTS: Final = 3  # of the time; a forest is fitted without each of them
GAIN_SHARE: Final = 0.99  # of what the forests gain that the chosen values bring
FRAUDS_PER_VALUE: Final = 3  # few frauds cannot tell many values apart …
VALUES_MIN, VALUES_MAX = 40, 240  # … within these bounds
ALARM_SHARE: Final = 0.02  # of the rows, the most surprising to a detector, are asked what surprises
SPOKEN_SHARE: Final = 0.9  # of what was said there that the chosen values said
CLEAR_MAX: Final = 40_000
FRAUDS_MAX: Final = 10_000
FRAUDS_MIN: Final = 10
ROUNDS: Final = 60
PARAMS: Final[dict[str, Any]] = {
    "num_leaves": 15, "learning_rate": 0.08, "min_data_in_leaf": 30, "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 10.0, "max_bin": 63, "max_delta_step": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """The names of what each part reads: the two fusions' forests, and each detector."""

    late: tuple[str, ...]
    blind: tuple[str, ...]
    detectors: Mapping[Family, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """All that a model of these reads, the age of the labels with it."""
        parts = [self.late, self.blind, *self.detectors.values(), (SILENCE,)]
        return tuple(dict.fromkeys(name for part in parts for name in part))

    def columns(self, names: Sequence[str], described: Sequence[Value]) -> Ints:
        """Where some of these names stand, rising."""
        wanted = set(names)
        return np.array([k for k, value in enumerate(described) if value.name in wanted], np.int64)


def choose_values(rows: Rows, peers: Floats, described: Sequence[Value], *, seed: int, threads: int) -> Chosen:
    """Of labelled rows, and of peers float32[n, V]: rows as they are in ordinary life.

    A fusion's values are those that bring GAIN_SHARE of the gain, fewer where frauds are few; a detector's, those that taught it and those
    that its alarms speak of, whether or not any label taught that they matter.
    """
    few = draw(rows, seed)
    frauds = int(few.y.sum())
    taught = frauds >= FRAUDS_MIN and frauds < len(few.y)
    most = int(np.clip(frauds // FRAUDS_PER_VALUE, VALUES_MIN, VALUES_MAX))

    def teaching(columns: Sequence[int], most: int) -> list[int]:
        if not taught or not len(columns):
            return []
        gains = gains_over_time(few, np.array(columns), seed=seed, threads=threads)
        return [columns[k] for k in bringing(gains, GAIN_SHARE, most=most)]

    def named(columns: Collection[int]) -> tuple[str, ...]:
        return tuple(described[k].name for k in sorted(columns))

    sighted = [k for k, value in enumerate(described) if value.name != SILENCE]  # it chooses, it is no reason
    blind = [k for k in sighted if described[k].family is not Family.LABEL]
    detectors = {}
    for family in DETECTORS:
        tail = Tail.fit(peers, described, family)
        own = tail.columns.tolist()
        spoken = bringing(speaking(tail, peers, ALARM_SHARE), SPOKEN_SHARE, most=len(own)) if own else []
        detectors[family] = named({own[k] for k in spoken} | set(teaching(own, most // 2)))
    return Chosen(named(teaching(sighted, most)), named(teaching(blind, most)), detectors)


def draw(rows: Rows, seed: int) -> Rows:
    """As many rows as it takes to rank values, in their order."""
    rng = derive_rng(seed, "ranking")
    kept, weight = [], []
    for label, most in ((1, FRAUDS_MAX), (0, CLEAR_MAX)):
        found = np.flatnonzero(rows.y == label)
        drawn = found if len(found) <= most else rng.choice(found, most, replace=False)
        kept.append(drawn)
        weight.append(rows.weight[drawn] * len(found) / max(len(drawn), 1))
    every = np.concatenate(kept)
    order = np.argsort(every, kind="stable")
    return rows.take(every[order], np.concatenate(weight)[order])


def gains_over_time(rows: Rows, columns: Ints, *, seed: int, threads: int) -> Doubles:
    """float64[columns]: the mean share of the gain that each value brings to forests without one part of the time; 0 where most of them
    do without it."""
    part = parts_of_frauds(rows.y)
    names = [str(k) for k in columns]
    x = np.ascontiguousarray(rows.values[:, columns])
    shares = np.zeros((PARTS, len(columns)))
    for left in range(PARTS):
        seen = part != left
        trained = train_forest(
            x[seen], rows.y[seen], names=names, weight=rows.weight[seen], params=PARAMS, rounds=ROUNDS, seed=seed + left,
            num_threads=threads,
        )  # fmt: skip
        gain = np.array(trained.gain)
        shares[left] = gain / max(gain.sum(), 1e-12)
    steady = (shares > 0).sum(axis=0) > PARTS // 2
    found: Doubles = np.where(steady, shares.mean(axis=0), 0.0)
    return found


def parts_of_frauds(y: Doubles) -> Ints:
    """int64[n]: which of PARTS stretches of time a row lies in; each has as many frauds."""
    seen = np.cumsum(y)
    found: Ints = np.minimum((seen - y) * PARTS // max(seen[-1], 1), PARTS - 1).astype(np.int64)
    return found


def bringing(gains: Doubles, share: float, *, most: int) -> list[int]:
    """The fewest places that bring this share of all gains, `most` at most; none that brings nothing."""
    order = np.argsort(-gains, kind="stable")
    gained = int((gains > 0).sum())
    reached = np.cumsum(gains[order])
    enough = int(np.searchsorted(reached, share * reached[-1])) + 1 if gained else 0
    return [int(k) for k in order[: min(enough, gained, most)]]


__all__ = ["Chosen", "choose_values"]
