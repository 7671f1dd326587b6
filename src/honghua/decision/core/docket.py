"""The docket: judged purchases of one unit of work, collected row by row or as a batch, closed into columns to be recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.brake import BrakeChange
from honghua.decision.core.compile import FIGURES, codes_of
from honghua.decision.core.freezing import freeze
from honghua.decision.core.judging import Group, Judge, Prepared
from honghua.decision.core.outcomes import Verdict
from honghua.decision.core.records import Bits, Ints, JudgedColumns, put_bits

Number = TypeVar("Number", bound=np.generic)


class Docket:
    """Rows to be recorded, all judged by one `Judge`; `close` empties it."""

    __slots__ = ("_arms", "_events", "_heads", "_inputs", "_seats", "_signals", "_verdicts", "judge")

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._clear()

    def _clear(self) -> None:
        self._heads: list[tuple[int, int, int]] = []  # account, decision, event time
        self._verdicts: list[Verdict] = []
        self._seats: list[int] = []
        self._inputs: list[NDArray[np.float64]] = []
        self._arms: list[Bits] = []
        self._signals: list[NDArray[np.float32]] = []
        self._events: list[Ints] = []

    def __len__(self) -> int:
        return len(self._heads)

    def add(
        self, head: tuple[int, int], prepared: Prepared, row: int, verdict: Verdict, *,
        signals: NDArray[np.float32], event: Ints,
    ) -> None:  # fmt: skip
        """One judged row, as it stood when it was judged. head: account id and decision id; signals float32[F]; event int64[C]."""
        self._heads.append((*head, int(prepared.at_us[row])))
        self._verdicts.append(verdict)
        self._seats.append(int(prepared.seat[row]))
        self._inputs.append(prepared.inputs[row].copy())
        self._arms.append(prepared.arms[row])
        self._signals.append(signals)
        self._events.append(event)

    def close(self) -> tuple[JudgedColumns, list[tuple[int, BrakeChange]]]:
        """Freeze, let the shadows judge, feed the brake: what to record, and the rules that the brake has something to say on."""
        judge, verdicts = self.judge, self._verdicts
        force = judge.force
        width = _width(judge)
        n = len(verdicts)
        inputs = _stack(self._inputs, np.zeros((0, len(force.layout.inputs)), np.float64))
        signals = _stack(self._signals, np.zeros((0, len(force.layout.signals)), np.float32))
        outcome = np.array([v.outcome for v in verdicts], np.int64)
        amount = np.array([v.amount_minor for v in verdicts], np.int64)
        heads = np.array(self._heads, np.int64).reshape(-1, 3)
        columns = JudgedColumns(
            account_id=heads[:, 0], decision_id=heads[:, 1], at_us=heads[:, 2],
            bundle_id=np.array([force.seats[seat].bundle_id for seat in self._seats], np.int64), outcome=outcome,
            reason=[v.code or None for v in verdicts], amount_minor=amount,
            extra_minor=np.array([v.extra_minor for v in verdicts], np.int64),
            fired=put_bits([v.fired for v in verdicts], width), muted=_put_muted([v.off for v in verdicts], width),
            arms=_stack(self._arms, np.zeros((0, len(force.experiments)), np.uint8)),
            frozen=freeze(inputs, signals), event=_stack(self._events, np.zeros((0, 0), np.int64)),
            shadows=judge.judge_shadows(inputs, signals, (outcome, amount), np.array(self._seats, np.uint8)) if n else (),
        )  # fmt: skip
        rules = np.array([v.rule for v in verdicts], np.int64)
        self._clear()
        return columns, judge.feed_brakes(columns, rules)


def record_batch(
    judge: Judge,
    prepared: Prepared,
    groups: Sequence[Group],
    heads: Ints,
    *,
    signals: NDArray[np.float32],
    events: Ints,
) -> tuple[JudgedColumns, list[tuple[int, BrakeChange]]]:
    """The same for a batch that was judged at once, column by column. heads int64[n, 2]: account ids and decision ids."""
    force = judge.force
    n, width = len(prepared), _width(judge)
    figures = np.empty((n, FIGURES), np.int64)
    fired, muted = np.zeros((n, width), np.uint8), np.zeros((n, width), np.uint8)
    reasons = np.empty(n, object)
    for group in groups:
        seat, verdicts = force.seats[group.seat], group.verdicts
        figures[group.rows] = verdicts.figures
        bits = np.ascontiguousarray(verdicts.fired).view(np.uint8)[:, :width]
        fired[group.rows, : bits.shape[1]] = bits
        if verdicts.off.any():
            muted[group.rows] = put_bits([np.flatnonzero(verdicts.off).tolist()], width)
        reasons[group.rows] = codes_of(seat.bundle, verdicts)
    outcome, amount = figures[:, 0].copy(), figures[:, 4].copy()
    bundle_ids = np.array([seat.bundle_id for seat in force.seats], np.int64)
    columns = JudgedColumns(
        account_id=heads[:, 0], decision_id=heads[:, 1], at_us=prepared.at_us, bundle_id=bundle_ids[prepared.seat],
        outcome=outcome, reason=[code or None for code in reasons.tolist()], amount_minor=amount,
        extra_minor=figures[:, 5].copy(), fired=fired, muted=muted if muted.any() else muted[:, :0], arms=prepared.arms,
        frozen=freeze(prepared.inputs, signals), event=events,
        shadows=judge.judge_shadows(prepared.inputs, signals, (outcome, amount), prepared.seat) if n else (),
    )  # fmt: skip
    return columns, judge.feed_brakes(columns, figures[:, 2].copy())


def _width(judge: Judge) -> int:
    return max((len(seat.rules) + 7) // 8 for seat in judge.force.seats)


def _put_muted(rules: Sequence[Sequence[int]], width: int) -> Bits:
    """Bitmaps of the rules that were off; no bytes at all where none was, as it nearly always is."""
    return put_bits(rules, width if any(rules) else 0)


def _stack(rows: Sequence[NDArray[Number]], empty: NDArray[Number]) -> NDArray[Number]:
    return np.stack(rows) if rows else empty


__all__ = ["Docket", "record_batch"]
