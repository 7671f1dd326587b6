"""Orders heard together: sensed in one pass, judged ahead as their accounts will probably stand, recorded as columns.

What stands in an account changes with every purchase. So a word spoken ahead counts only when the account stands as was
foreseen, to the last input; else that one order is judged anew, and the record holds what it was really judged on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import (
    ACCOUNT_INPUTS,
    BrakeChange,
    Group,
    Judge,
    JudgedColumns,
    Outcome,
    Prepared,
    judge_batch,
    record_batch,
)

Ints = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)
ACCOUNT: int = len(ACCOUNT_INPUTS)


class Word(NamedTuple):
    """A verdict as far as handlers ask for it."""

    outcome: int
    code: str
    amount_minor: int
    extra_minor: int
    minutes: int
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """Orders as the engine brings them before the judge: heads int64[n, 2] account ids and decision ids, signals float32[n, V],
    events int64[n, C], and what policies read."""

    heads: Ints
    prepared: Prepared
    signals: NDArray[np.float32]
    events: Ints


class Hearing:
    """One batch of orders before the judge. `speak` gives each its word; `close_hearings` what to record."""

    __slots__ = ("_brought", "_foreseen", "_groups", "_heard", "_judge", "_place", "_prepared")

    def __init__(self, judge: Judge, brought: Brought, foreseen: Ints) -> None:
        n = len(foreseen)
        self._judge, self._brought, self._prepared = judge, brought, brought.prepared
        self._foreseen = foreseen.copy()
        self._prepared.inputs[:, :ACCOUNT] = foreseen
        self._groups = judge.batch(self._prepared)
        self._place = np.zeros((n, 2), np.int64)  # which group, which place in it
        self._heard = bytearray(n)
        for k, group in enumerate(self._groups):
            self._place[group.rows, 0], self._place[group.rows, 1] = k, np.arange(len(group.rows))

    def _tell(self, group: Group, figures: Ints) -> Word:
        said = self._judge.force.seats[group.seat].bundle.plan.said
        outcome, number, _, _, amount, extra = figures.tolist()
        if number < 0:
            return Word(outcome, "", amount, extra, 0, "")
        return Word(outcome, said[number].code, amount, extra, said[number].minutes, said[number].detail)

    def approved(self) -> NDArray[np.bool_]:
        """Which orders the policy approves if their accounts stand as was foreseen; bool[n]."""
        said = np.zeros(len(self._heard), np.bool_)
        for group in self._groups:
            said[group.rows] = group.verdicts.figures[:, 0] == Outcome.APPROVE
        return said

    def hear(self, rows: slice) -> None:
        """These orders were taken at the word spoken ahead."""
        self._heard[rows] = b"\1" * (rows.stop - rows.start)

    def speak(self, row: int, inputs: Sequence[int]) -> Word:
        """The word on an order whose account stands like this now."""
        assert row >= 0, "sensed before it is judged"
        self._heard[row] = 1
        k, place = self._place[row].tolist()
        group = self._groups[k]
        if list(inputs) != self._foreseen[row].tolist():
            self._again(row, inputs, group, place)
        return self._tell(group, group.verdicts.figures[place])

    def _again(self, row: int, inputs: Sequence[int], group: Group, place: int) -> None:
        self._prepared.inputs[row, :ACCOUNT] = inputs
        self._judge.fill_slots(self._prepared, rows=np.array([row], np.int64))
        seat, verdicts = self._judge.force.seats[group.seat], group.verdicts
        anew = judge_batch(seat.bundle, seat.vectors(self._prepared.inputs[row : row + 1]), off=verdicts.off)
        verdicts.figures[place], verdicts.fired[place], verdicts.unknown[place] = (
            anew.figures[0], anew.fired[0], anew.unknown[0],
        )  # fmt: skip


def close_hearings(judge: Judge, hearings: Sequence[Hearing]) -> tuple[JudgedColumns, list[tuple[int, BrakeChange]]]:
    """What to record of a unit's hearings (at least one), and what the brake has to say."""
    groups: list[Group] = []
    start = 0
    for one in hearings:
        assert all(one._heard), "every order that was sensed is judged"
        groups += [replace(group, rows=group.rows + start) for group in one._groups]
        start += len(one._heard)
    prepared = [one._prepared for one in hearings]
    together = Prepared(
        _join([p.inputs for p in prepared]), _join([p.arms for p in prepared]), _join([p.seat for p in prepared]),
        _join([p.at_us for p in prepared]), prepared[0].off,
    )  # fmt: skip
    brought = [one._brought for one in hearings]
    return record_batch(
        judge, together, groups, _join([b.heads for b in brought]),
        signals=_join([b.signals for b in brought]), events=_join([b.events for b in brought]),
    )  # fmt: skip


def _join(parts: Sequence[NDArray[Number]]) -> NDArray[Number]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


__all__ = ["Brought", "Hearing", "Word", "close_hearings"]
