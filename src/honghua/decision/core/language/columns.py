"""A policy over columns, by numpy alone: the second opinion on the kernel. It walks the tree, not the plan, and keeps what is missing
in masks of its own instead of in NaN, so that it shares nothing with the kernel but the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.language.expressions import Const, Expression, Named, Policy, Ref, Said
from honghua.decision.core.outcomes import SEVERITY, Lane, Outcome, Verdicts
from honghua.decision.core.vocabulary import Kind

ROWS_MAX: Final = 16_384  # taken at a time
EXACT_MAX: Final = 2.0**53
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Column = tuple[NDArray[Any], Flags]  # values (anything where missing), and where they are missing

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
_CALCULATE: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "neg": np.negative, "abs": np.abs,
    "min": np.minimum, "max": np.maximum, "floor": np.floor,
}  # fmt: skip


def judge_columns(
    policy: Policy, said: tuple[Said, ...], amount_place: int, vectors: Floats, off: NDArray[np.uint8]
) -> Verdicts:
    """What `judge_batch` says, by another way. vectors float64[n, I]; `said` gives outcomes their numbers."""
    words = max(1, -(-len(policy.rules) // 64))
    figures = np.empty((len(vectors), 6), np.int64)
    fired, unknown = (np.zeros((len(vectors), words), np.uint64) for _ in range(2))
    numbers = {id(s): k for k, s in enumerate(said)}
    for start in range(0, len(vectors), ROWS_MAX):
        part = slice(start, start + ROWS_MAX)
        with np.errstate(all="ignore"):
            chunk = _Chunk(policy, numbers, vectors[part], off != 0)
            chunk.run(fired[part], unknown[part])
            figures[part] = chunk.figures(amount_place)
    return Verdicts(figures, fired, unknown, off)


class _Chunk:
    """Some rows on their way through the lanes."""

    def __init__(self, policy: Policy, numbers: dict[int, int], vectors: Floats, off: Flags) -> None:
        n = len(vectors)
        self._policy, self._numbers, self._off, self._vectors = policy, numbers, off, vectors
        self._names: dict[int, Column] = {}
        self._outcome = np.full(n, Outcome.APPROVE, np.int64)
        self._severity = np.zeros(n, np.int64)
        self._said, self._rule = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        self._less, self._less_rule = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        self._less_outcome = np.zeros(n, np.int64)
        self._figure = np.zeros(n)
        self._refused, self._allowed = np.zeros(n, np.bool_), np.zeros(n, np.bool_)

    def run(self, fired: NDArray[np.uint64], unknown: NDArray[np.uint64]) -> None:
        """All lanes."""
        for name in self._policy.names:  # in their order: a chain of them is as deep as the text is long
            self._value(name)
        for lane in Lane:
            waiting = ~self._refused
            if lane in (Lane.EXCLUSIONS, Lane.SCORE, Lane.MATRIX):
                waiting &= ~self._allowed
            for rule in (r for r in self._policy.rules if r.lane == lane):
                held, unsure = self._value(rule.when)
                if rule.then.figure is not None:
                    unsure = unsure | (held & self._value(rule.then.figure)[1])
                held = held & ~unsure
                speaks = held | unsure if rule.missing is not None else held
                bit = np.uint64(1 << rule.number % 64)
                fired[:, rule.number // 64] |= np.where(speaks, bit, np.uint64(0))
                unknown[:, rule.number // 64] |= np.where(unsure, bit, np.uint64(0))
                if rule.shadow or self._off[rule.number]:
                    continue
                self._speak(rule.number, lane, rule.then, waiting & held)
                if rule.missing is not None:
                    self._speak(rule.number, lane, rule.missing, waiting & unsure)
                waiting &= ~speaks

    def _speak(self, number: int, lane: Lane, said: Said, rows: Flags) -> None:
        if said.outcome in (Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT):
            assert said.figure is not None
            amount, missing = self._value(said.figure)
            self._less[rows], self._less_rule[rows] = self._numbers[id(said)], number
            self._less_outcome[rows] = said.outcome
            self._figure[rows] = np.where(missing, 0.0, amount)[rows]
            return
        stronger = rows & ((self._said < 0) | (self._severity < SEVERITY[said.outcome]))
        self._outcome[stronger], self._severity[stronger] = said.outcome, SEVERITY[said.outcome]
        self._said[stronger], self._rule[stronger] = self._numbers[id(said)], number
        self._refused |= rows & (said.outcome == Outcome.REFUSE)
        self._allowed |= rows & (lane == Lane.ALLOW_LIST)

    def figures(self, amount_place: int) -> NDArray[np.int64]:
        """The verdicts as in outcomes.Verdicts."""
        full = _whole(self._vectors[:, amount_place])
        figure = _whole(self._figure)
        less = (self._less_outcome == Outcome.APPROVE_LESS) & ~self._refused
        more = (self._less_outcome == Outcome.TEMPORARY_LIMIT) & ~self._refused
        granted = np.where(self._refused, 0, np.where(less, np.minimum(full, figure), full))
        extra = np.where(more, figure, 0)
        nothing = less & (granted == 0)
        speaks = nothing | ((self._severity == 0) & ((less & (granted < full)) | (more & (extra > 0))))
        outcome = np.where(nothing, Outcome.REFUSE, np.where(speaks, self._less_outcome, self._outcome))
        return np.stack(
            [
                outcome, np.where(speaks, self._less, self._said), np.where(speaks, self._less_rule, self._rule), self._less_rule,
                granted, extra,
            ],
            axis=1,
        )  # fmt: skip

    def _value(self, expression: Expression) -> Column:
        if isinstance(expression, Named):
            if id(expression) not in self._names:
                self._names[id(expression)] = self._value(expression.expression)
            return self._names[id(expression)]
        n = len(self._vectors)
        if isinstance(expression, Const):
            value: Any = expression.value != 0 if expression.kind == Kind.FLAG else expression.value
            return np.full(n, value), np.zeros(n, np.bool_)
        if isinstance(expression, Ref):
            column = self._vectors[:, expression.place]
            missing = np.isnan(column)
            return (column != 0) & ~missing if expression.kind == Kind.FLAG else column, missing
        values = [self._value(a) for a in expression.arguments]
        return _apply(expression.operation, values, is_flag=expression.kind == Kind.FLAG)


def _apply(operation: str, sides: list[Column], *, is_flag: bool) -> Column:
    values, missing = [side[0] for side in sides], [side[1] for side in sides]
    if operation == "is_missing":
        return missing[0], np.zeros_like(missing[0])
    if operation == "coalesce":
        return np.where(missing[0], values[1], values[0]), missing[0] & missing[1]
    if operation == "if":
        return np.where(values[0], values[1], values[2]), missing[0] | np.where(values[0], missing[1], missing[2])
    if operation == "not":
        return ~values[0] & ~missing[0], missing[0]
    if operation in ("and", "or"):
        decisive = [(v if operation == "or" else ~v) & ~m for v, m in zip(values, missing)]
        settled = decisive[0] | decisive[1]
        unsure = (missing[0] | missing[1]) & ~settled
        return (settled if operation == "or" else ~settled) & ~unsure, unsure
    unsure = np.logical_or.reduce(missing)
    if operation in _COMPARE:
        return _COMPARE[operation](*values) & ~unsure, unsure
    result = _CALCULATE[operation](*values)
    if operation == "/":
        unsure = unsure | (values[1] == 0)
    assert not is_flag
    return result, unsure | np.isnan(result)


def _whole(values: Floats) -> NDArray[np.int64]:
    """Rounded down, 0 … 2**53, missing is 0."""
    whole: NDArray[np.int64] = np.floor(np.clip(np.where(np.isnan(values), 0.0, values), 0.0, EXACT_MAX)).astype(
        np.int64
    )
    return whole
