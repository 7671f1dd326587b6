"""A policy that was read, laid out for the kernel: numbered values, registers with a life, one row of code per operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import kernels
from honghua.decision.core.language.expressions import Const, Expression, Named, Policy, Ref, Said
from honghua.decision.core.outcomes import SEVERITY, Outcome
from honghua.decision.core.vocabulary import AMOUNT, Kind, Vocabulary

OPERATION_CODES: Final = {
    "<": kernels.OP_LT, "<=": kernels.OP_LE, "==": kernels.OP_EQ, "!=": kernels.OP_NE, "and": kernels.OP_AND, "or": kernels.OP_OR,
    "not": kernels.OP_NOT, "if": kernels.OP_IF, "+": kernels.OP_ADD, "-": kernels.OP_SUBTRACT, "*": kernels.OP_MULTIPLY,
    "/": kernels.OP_DIVIDE, "neg": kernels.OP_NEGATE, "abs": kernels.OP_ABS, "min": kernels.OP_MIN, "max": kernels.OP_MAX,
    "floor": kernels.OP_FLOOR, "is_missing": kernels.OP_IS_MISSING, "coalesce": kernels.OP_COALESCE,
}  # fmt: skip
_TURNED: Final = {">": "<", ">=": "<="}
_AMOUNTS: Final = {Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT}


@dataclass(frozen=True, eq=False)
class Plan:
    """What kernels.judge_rows walks; the arrays are read-only. `said` are the outcomes that rules can say, by number."""

    code: NDArray[np.int32]
    places: NDArray[np.int32]
    constants: NDArray[np.float64]
    rules: NDArray[np.int32]  # int32[R, 5], as in kernels.py
    figures: NDArray[np.int32]  # int32[S, 3]: outcome, severity, register of the amount
    said: tuple[Said, ...]
    all_on: NDArray[np.uint8]  # the mask that switches no rule off
    words: int  # of 64 rules each


def plan_policy(policy: Policy, vocabulary: Vocabulary) -> Plan:
    """Compile a policy that was checked."""
    planner = _Planner(vocabulary)
    for name in policy.names:  # in their order: a chain of names is as deep as the text is long
        planner.value(name)
    for rule in policy.rules:
        planner.add_rule(rule.when, rule.then, rule.missing)
    said = tuple(planner.said)
    code = planner.allocate()
    rows = [
        (
            rule.lane,
            planner.said_number(rule.then),
            planner.said_number(rule.missing),
            int(rule.shadow),
            planner.condition(k),
        )
        for k, rule in enumerate(policy.rules)
    ]
    figures = [
        (s.outcome, SEVERITY[s.outcome], planner.register_of(planner.figures.get(k, -1))) for k, s in enumerate(said)
    ]
    constants = np.array(planner.constants, np.float64)
    constants.flags.writeable = False
    words = max(1, -(-len(policy.rules) // 64))
    return Plan(
        _frozen(code, 5), _frozen(planner.places, 0), constants, _frozen(rows, 5), _frozen(figures, 3), said,
        np.zeros(len(rows), np.uint8), words,
    )  # fmt: skip


class _Planner:
    """Numbers values (equal operations on equal values are one value), then gives them registers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.said: list[Said] = []
        self.figures: dict[int, int] = {}  # value of what is said
        self.places: list[int] = [vocabulary.place(AMOUNT)]
        self.constants: list[float] = []
        self._values: dict[tuple[object, ...], int] = {("input", self.places[0]): 0}
        self._names: dict[int, int] = {}
        self._keep: list[Named] = []  # their ids are keys
        self._code: list[tuple[int, int, int, int, int]] = []  # of values
        self._inputs: dict[int, int] = {0: 0}  # value → register, and likewise constants
        self._literals: dict[int, int] = {}
        self._count = 1
        self._registers: dict[int, int] = {}
        self._said_numbers: dict[int, int] = {}
        self._conditions: list[int] = []  # values, by rule

    def add_rule(self, when: Expression, then: Said, missing: Said | None) -> None:
        """Code of the next rule."""
        self._conditions.append(self.value(when))
        for said in (then, missing):
            if said is not None and id(said) not in self._said_numbers:
                self._said_numbers[id(said)] = len(self.said)
                if said.outcome in _AMOUNTS and said.figure is not None:
                    self.figures[len(self.said)] = self.value(said.figure)
                self.said.append(said)

    def said_number(self, said: Said | None) -> int:
        """Number of an outcome; -1 for none."""
        return -1 if said is None else self._said_numbers[id(said)]

    def value(self, expression: Expression) -> int:
        """Number of a value, with the code that makes it."""
        if isinstance(expression, Named):
            found = self._names.get(id(expression))
            if found is None:
                found = self._names[id(expression)] = self.value(expression.expression)
                self._keep.append(expression)
            return found
        if isinstance(expression, Const):
            return self._constant(expression.value)
        if isinstance(expression, Ref):
            found = self._input(expression.place)
            if expression.kind == Kind.FLAG:  # whatever is not 0 is true
                zero = self._constant(0.0)
                return self._operation(kernels.OP_NE, found, zero, zero)
            return found
        arguments = [self.value(a) for a in expression.arguments]
        word = expression.operation
        if word in _TURNED:
            word, arguments = _TURNED[word], arguments[::-1]
        arguments += arguments[-1:] * (3 - len(arguments))
        return self._operation(OPERATION_CODES[word], *arguments)

    def allocate(self) -> list[tuple[int, int, int, int, int]]:
        """The code with registers in place of values: inputs, constants, then temporaries, reused after their last reader."""
        base = len(self.places)
        self._registers = {**self._inputs, **{v: base + r for v, r in self._literals.items()}}
        top = base + len(self._literals)
        pinned = {*self._registers, *self.figures.values(), *self._conditions}
        last = {v: k for k, (_, _, *reads) in enumerate(self._code) for v in reads}
        free: list[int] = []
        code = []
        for k, (op, out, *reads) in enumerate(self._code):
            registers = [self._registers[v] for v in reads]
            target = free.pop() if free else top
            top = max(top, target + 1)
            self._registers[out] = target
            for v in set(reads):
                if last[v] == k and v not in pinned:
                    free.append(self._registers[v])
            code.append((op, target, registers[0], registers[1], registers[2]))
        return code

    def condition(self, rule: int) -> int:
        """Register of a rule's condition after `allocate`."""
        return self._registers[self._conditions[rule]]

    def register_of(self, value: int) -> int:
        """Register of a value after `allocate`; -1 for none."""
        return -1 if value < 0 else self._registers[value]

    def _input(self, place: int) -> int:
        key = ("input", place)
        if key not in self._values:
            self._values[key] = self._new()
            self._inputs[self._values[key]] = len(self.places)
            self.places.append(place)
        return self._values[key]

    def _constant(self, value: float) -> int:
        key = ("constant", value.hex())
        if key not in self._values:
            self._values[key] = self._new()
            self._literals[self._values[key]] = len(self.constants)
            self.constants.append(value)
        return self._values[key]

    def _operation(self, op: int, a: int, b: int, c: int) -> int:
        key = (op, a, b, c)
        if key not in self._values:
            self._values[key] = self._new()
            self._code.append((op, self._values[key], a, b, c))
        return self._values[key]

    def _new(self) -> int:
        self._count += 1
        return self._count - 1


def _frozen(rows: Sequence[object], width: int) -> NDArray[np.int32]:
    """int32[n, width], or int32[n] for width 0; read-only."""
    array = np.array(rows, np.int32).reshape((len(rows), width) if width else (len(rows),))
    array.flags.writeable = False
    return array
