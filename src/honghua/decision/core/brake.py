"""The brake: a rule that suddenly refuses far more than it used to is stopped, in event time and so the same in a replay.

Decisions are counted in tiles of event time; when a tile ends, each rule's share of refusals over the last `tiles` tiles, or over
more of them until there are `sample_min` decisions, is held against its bounds: a shop with a customer a minute is watched too.
Between `calm` and `warn` a state stays as it is (hysteresis); a stopped rule stays stopped until a person
reopens it, with empty counters. What is found is in force at the engine's next batch, and each record names the rules that were
off, so that a replay does not need the brake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.experiment import PPM
from honghua.decision.core.keeping import kernels
from honghua.decision.core.outcomes import Outcome

COUNTED: Final = (Outcome.STEP_UP, Outcome.DELAY, Outcome.REVIEW, Outcome.REFUSE)  # what stands in a customer's way
NEVER_STOP: Final = PPM + 1  # a bound that no share passes


class BrakeState(IntEnum):
    """calm · warned: people were told · stopped: the rule is off until a person reopens it."""

    CALM = kernels.CALM
    WARNED = kernels.WARNED
    STOPPED = kernels.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakePlan:
    """How a bundle's rules are watched. The reference is what a rule refused in the backtest before it was activated."""

    tile_seconds: int = 10
    tiles: int = 30
    sample_min: int = 500
    warn_times: int = 3  # the reference, at least `floor_ppm`
    stop_times: int = 6
    floor_ppm: int = 20_000
    stop_max_ppm: int = 300_000  # whatever the reference: no rule refuses more than this
    reference_ppm: dict[str, int] = field(
        default_factory=dict
    )  # rule → share; one without a reference may refuse up to stop_max_ppm

    def bounds_of(self, rules: Sequence[str], *, protected: frozenset[str]) -> NDArray[np.int64]:
        """int64[R, 3]: calm below, warn above, stop above, in ppm. A protected rule is watched but never stopped."""
        rows = []
        for rule in rules:
            stop, warn = self.stop_max_ppm, self.stop_max_ppm // 2
            if rule in self.reference_ppm:
                reference = max(self.reference_ppm[rule], self.floor_ppm)
                most = max(self.stop_max_ppm, min(2 * reference, (reference + PPM) // 2))  # half-way to everybody
                stop = min(reference * self.stop_times, most)
                warn = min(reference * self.warn_times, stop)
            rows.append((warn // 2, warn, NEVER_STOP if rule in protected else stop))
        return np.array(rows, np.int64).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class BrakeChange:
    """A rule changed its state at a moment of event time: so many of so many were refused in the window."""

    rule: int
    state: BrakeState
    at_us: int
    judged: int
    refused: int
    bound_ppm: int


class Brake:
    """The counters of one bundle's rules. A fold: the same decisions in the same order give the same changes."""

    __slots__ = ("any_stopped", "bounds", "clock", "judged", "plan", "refused", "states", "tile_us")

    def __init__(self, plan: BrakePlan, bounds: NDArray[np.int64], *, stopped: Sequence[int] = ()) -> None:
        rules = len(bounds)
        self.plan, self.bounds = plan, bounds
        self.tile_us = plan.tile_seconds * 1_000_000
        self.clock = np.array([-1, 0], np.int64)
        self.judged = np.zeros(plan.tiles + 1, np.int64)
        self.refused = np.zeros((rules, plan.tiles + 1), np.int64)
        self.states = np.zeros(rules, np.uint8)
        self.any_stopped = False
        for rule in stopped:
            self.stop(rule)

    @property
    def off(self) -> NDArray[np.uint8]:
        """uint8[R]: 1 where the rule is stopped."""
        off: NDArray[np.uint8] = (self.states == BrakeState.STOPPED).astype(np.uint8)
        return off

    def _cut(self, at_us: NDArray[np.int64]) -> list[slice]:
        """Slices of one tile each: no call of the kernel closes more than one."""
        if not len(at_us):
            return []
        tiles = np.maximum.accumulate(at_us // self.tile_us)
        edges = [0, *(np.flatnonzero(np.diff(tiles)) + 1).tolist(), len(at_us)]
        return [slice(low, high) for low, high in pairwise(edges)]

    def feed(
        self, at_us: NDArray[np.int64], rules: NDArray[np.int64], outcomes: NDArray[np.int64]
    ) -> list[BrakeChange]:
        """Count judged purchases in order: their times, who decided (−1 nobody) and the outcomes; changes at tile ends."""
        counted = np.where(np.isin(outcomes, COUNTED), rules, -1)
        changes = []
        for part in self._cut(at_us):
            changes += self._watch(np.ascontiguousarray(at_us[part]), np.ascontiguousarray(counted[part]))
        return changes

    def stop(self, rule: int) -> None:
        """Another engine's brake stopped a rule."""
        self.states[rule] = BrakeState.STOPPED
        self.any_stopped = True

    def reopen(self, rule: int) -> None:
        """A person lets a rule act again: its counters start empty."""
        self.states[rule] = BrakeState.CALM
        self.refused[rule] = 0
        self.any_stopped = bool(self.off.any())

    def _watch(self, at_us: NDArray[np.int64], rules: NDArray[np.int64]) -> list[BrakeChange]:
        said = np.empty((2 * len(self.states) + 2, 5), np.int64)
        found = kernels.watch(
            at_us, rules, self.clock, self.tile_us, self.judged, self.refused, self.states, self.bounds,
            self.plan.sample_min, said,
        )  # fmt: skip
        if found:
            self.any_stopped = bool(self.off.any())
        return [self._change(row) for row in said[:found].tolist()]

    def _change(self, row: list[int]) -> BrakeChange:
        at_us, rule, state, judged, refused = row
        column = {BrakeState.CALM: 0, BrakeState.WARNED: 1, BrakeState.STOPPED: 2}[BrakeState(state)]
        return BrakeChange(rule, BrakeState(state), at_us, judged, refused, int(self.bounds[rule, column]))


__all__ = ["COUNTED", "Brake", "BrakeChange", "BrakePlan", "BrakeState"]
