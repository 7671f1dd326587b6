"""A policy as data: ordered rules over a frozen integer vector. The first that holds refuses, else the purchase is approved."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import msgspec

FEATURES: Final = ("amount_minor", "amount_minor_max", "available_minor", "status", "days_past_due", "is_consumption")
_OPERATORS: Final[dict[str, Callable[[int, int], bool]]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


class Outcome(IntEnum):
    """What a decision can say; stored numbers."""

    APPROVE = 1
    REFUSE = 5


@dataclass(frozen=True, slots=True)
class Rule:
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
class Verdict:
    """Outcome with the code of the rule that refused; empty when approved."""

    outcome: Outcome
    code: str


class Bundle:
    """An immutable policy: its rules, and the digest that names it for ever."""

    __slots__ = ("_plan", "digest", "name", "rules")

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
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

    def judge(self, vector: Sequence[int]) -> Verdict:
        """Run the rules in order over a vector in the order of FEATURES."""
        for code, left, compare, right, constant in self._plan:
            if compare(vector[left], vector[right] if right >= 0 else constant):
                return Verdict(Outcome.REFUSE, code)
        return APPROVED


APPROVED: Final = Verdict(Outcome.APPROVE, "")

WITHIN_LIMIT: Final = Bundle(
    "within-limit",
    (
        Rule("PURPOSE_REFUSED", "is_consumption", "==", 0),
        Rule("ACCOUNT_NOT_ACTIVE", "status", "!=", 1),
        Rule("OVERDUE", "days_past_due", ">", 0),
        Rule("AMOUNT_INVALID", "amount_minor", ">", "amount_minor_max"),
        Rule("LIMIT_SHORT", "amount_minor", ">", "available_minor"),
    ),
)

BUNDLES: Final = {WITHIN_LIMIT.digest: WITHIN_LIMIT}


def evaluate(digest: bytes, vector: Sequence[int]) -> Verdict:
    """Judge a frozen vector with the bundle that its record names; KeyError when that bundle is not known."""
    return BUNDLES[digest].judge(vector)
