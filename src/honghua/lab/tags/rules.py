"""Rules of tags: comparisons of variables, joined by `and`, alternatives by `or`.

    customer__count__purchases__night__90d__share >= 0.15 and customer__count__purchases__90d >= 10
    customer__sum_amount__repayments__90d >= 0.95 * customer__sum_amount__purchases__on_credit__90d
    customer__mean_amount__purchases__90d >= q0.8 or customer__max_amount__purchases__90d >= 200000

q0.8 is the quantile of the population when the tags were fitted. What is not known fulfils nothing, except `x == missing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput

Flags = NDArray[np.bool_]
OPS: Final = (">=", "<=", ">", "<", "==")
MISSING: Final = "missing"
_CLAUSE: Final = re.compile(r"(\S+) (>=|<=|>|<|==) (?:(missing)|q(0\.\d+)|([-+]?\d+(?:\.\d+)?)(?: \* (\S+))?|(\S+))")


@dataclass(frozen=True, slots=True)
class Clause:
    """variable op value: a number (times another variable, where `other` is named), a quantile, or missing."""

    variable: str
    op: str
    value: float = 0.0
    other: str = ""
    quantile: float = 0.0
    missing: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.variable, self.other) if self.other else (self.variable,)


@dataclass(frozen=True, slots=True)
class Rule:
    """Alternatives of clauses that all hold."""

    alternatives: tuple[tuple[Clause, ...], ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """What it reads, each once."""
        return tuple(dict.fromkeys(name for some in self.alternatives for one in some for name in one.variables))

    @property
    def quantiles(self) -> tuple[tuple[str, float], ...]:
        """(variable, quantile) that must be fitted."""
        return tuple(
            dict.fromkeys((one.variable, one.quantile) for some in self.alternatives for one in some if one.quantile)
        )


def parse_rule(text: str) -> Rule:
    """The rule of a text; BadInput with the clause that means nothing."""
    return Rule(tuple(tuple(_clause(one.strip()) for one in some.split(" and ")) for some in text.split(" or ")))


def _clause(text: str) -> Clause:
    found = _CLAUSE.fullmatch(text)
    if not found or (found[3] and found[2] != "=="):
        raise BadInput(f"no clause of a tag: {text!r}", code="BAD_RULE")
    variable, op, missing, quantile, number, times, alone = found.groups()
    if missing:
        return Clause(variable, op, missing=True)
    if quantile:
        return Clause(variable, op, quantile=float(quantile))
    if number:
        return Clause(variable, op, value=float(number), other=times or "")
    return Clause(variable, op, value=1.0, other=alone)


def holds(rule: Rule, values: Mapping[str, NDArray[np.float32]], cuts: Mapping[tuple[str, float], float]) -> Flags:
    """bool[n]: where a rule holds. values: variable → float32[n]; cuts: (variable, quantile) → number (NaN = nobody knows)."""
    found: Flags | None = None
    for some in rule.alternatives:
        together: Flags | None = None
        for one in some:
            true = _true(one, values, cuts)
            together = true if together is None else together & true
        assert together is not None, "an alternative has clauses"
        found = together if found is None else found | together
    assert found is not None, "a rule has alternatives"
    return found


def _true(one: Clause, values: Mapping[str, NDArray[np.float32]], cuts: Mapping[tuple[str, float], float]) -> Flags:
    left = values[one.variable].astype(np.float64)
    if one.missing:
        return np.isnan(left)
    right = np.full(len(left), cuts[one.variable, one.quantile] if one.quantile else one.value)
    if one.other:
        right = one.value * values[one.other].astype(np.float64)
    with np.errstate(invalid="ignore"):
        match one.op:
            case ">=":
                return np.asarray(left >= right, np.bool_)
            case "<=":
                return np.asarray(left <= right, np.bool_)
            case ">":
                return np.asarray(left > right, np.bool_)
            case "<":
                return np.asarray(left < right, np.bool_)
            case _:
                return np.asarray(left == right, np.bool_)


__all__ = ["Clause", "Rule", "holds", "parse_rule"]
