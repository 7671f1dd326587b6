"""The first policy ever used, kept as it was: records name its digest and must be replayable. New policies are text (language/).

Ordered rules over a frozen integer vector. The first that holds refuses, else the purchase is approved.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.outcomes import Outcome

FEATURES: Final = ("amount_minor", "amount_minor_max", "available_minor", "status", "days_past_due", "is_consumption")
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FirstRule:
    """Refuse with `code` when `feature operator other`, where other is a constant or another feature's name."""

    code: str
    feature: str
    operator: str
    other: int | str

    def __post_init__(self) -> None:
        assert self.feature in FEATURES, f"rule {self.code}: unknown feature {self.feature}"
        assert self.operator in _OPERATORS, f"rule {self.code}: unknown operator {self.operator}"
        assert isinstance(self.other, int) or self.other in FEATURES, f"rule {self.code}: unknown feature {self.other}"


@dataclass(frozen=True, slots=True)
class FirstVerdict:
    """Outcome with the code of the rule that refused; empty when approved."""

    outcome: Outcome
    code: str


class FirstPolicy:
    """An immutable policy: its rules, and the digest that names it for ever."""

    __slots__ = ("_plan", "digest", "name", "rules")

    def __init__(self, name: str, rules: Sequence[FirstRule]) -> None:
        self.name = name
        self.rules = tuple(rules)
        said = [[rule.code, rule.feature, rule.operator, rule.other] for rule in self.rules]
        self.digest = hashlib.sha256(msgspec.json.encode([name, list(FEATURES), said])).digest()
        place = {feature: i for i, feature in enumerate(FEATURES)}
        self._plan = [
            (r.code, place[r.feature], _OPERATORS[r.operator], place[r.other] if isinstance(r.other, str) else -1,
             r.other if isinstance(r.other, int) else 0)
            for r in self.rules
        ]  # fmt: skip

    def judge(self, vector: Sequence[int]) -> FirstVerdict:
        """Run the rules in order over a vector in the order of FEATURES."""
        for code, left, compare, right, constant in self._plan:
            if compare(vector[left], vector[right] if right >= 0 else constant):
                return FirstVerdict(Outcome.REFUSE, code)
        return APPROVED

    def approves(self, vectors: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of n vectors, int64[n, FEATURES], no rule refuses; bool[n]."""
        refused = np.zeros(len(vectors), np.bool_)
        for _, left, compare, right, constant in self._plan:
            refused |= compare(vectors[:, left], vectors[:, right] if right >= 0 else constant)
        return ~refused


APPROVED: Final = FirstVerdict(Outcome.APPROVE, "")

WITHIN_LIMIT: Final = FirstPolicy(
    "within-limit",
    (
        FirstRule("PURPOSE_REFUSED", "is_consumption", "==", 0),
        FirstRule("ACCOUNT_NOT_ACTIVE", "status", "!=", 1),
        FirstRule("OVERDUE", "days_past_due", ">", 0),
        FirstRule("AMOUNT_INVALID", "amount_minor", ">", "amount_minor_max"),
        FirstRule("LIMIT_SHORT", "amount_minor", ">", "available_minor"),
    ),
)

BUNDLES: Final = {WITHIN_LIMIT.digest: WITHIN_LIMIT}


def evaluate(digest: bytes, vector: Sequence[int]) -> FirstVerdict:
    """Judge a frozen vector with the bundle that its record names; KeyError when that bundle is not known."""
    return BUNDLES[digest].judge(vector)
