"""When does a condition hold? As boxes: each a span per value, the condition holding exactly where some box holds.

Used to find conditions that are constant and rules that an earlier one always forestalls. What cannot be told in BOXES_MAX boxes is
None: then nothing is claimed. A box holds only where everything that it names is present, so containment is right with missing values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from honghua.decision.core.language.expressions import (
    COMPARISONS,
    Apply,
    Const,
    Expression,
    Named,
    can_be_missing,
    canonical,
    range_of,
    unfolded,
)

BOXES_MAX: Final = 128
DEPTH_MAX: Final = 200
INF: Final = float("inf")
_NEGATED: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Interval:
    """From low to high; an open end does not belong to it."""

    low: float
    high: float
    low_open: bool
    high_open: bool

    @property
    def is_empty(self) -> bool:
        """Holds nothing."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def within(self, other: Interval) -> bool:
        """Whether all of it lies in the other."""
        low = self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open))
        high = self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open))
        return low and high

    def meet(self, other: Interval) -> Interval:
        """What both hold."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, not_high_open = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, high, low_open, not not_high_open)


Box = dict[str, Interval]
Boxes = list[Box] | None
Known = dict[tuple[Named, bool], Boxes]  # a name that reads another twice, and so on, would take for ever


def boxes_of(condition: Expression, known: Known, *, negated: bool = False, depth: int = 0) -> Boxes:
    """Where a condition holds; `negated`: where it is false. None: not told. known: what was found before, of one policy."""
    if depth > DEPTH_MAX:
        return None
    if isinstance(condition, Named):
        if (condition, negated) not in known:
            known[condition, negated] = boxes_of(condition.expression, known, negated=negated, depth=depth + 1)
        return known[condition, negated]
    if isinstance(condition, Const):
        return [{}] if (condition.value != 0) != negated else []
    if isinstance(condition, Apply) and condition.operation == "not":
        return boxes_of(condition.arguments[0], known, negated=not negated, depth=depth + 1)
    if isinstance(condition, Apply) and condition.operation in ("and", "or"):
        left, right = (boxes_of(a, known, negated=negated, depth=depth + 1) for a in condition.arguments)
        return _both(left, right) if (condition.operation == "and") != negated else _either(left, right)
    if isinstance(condition, Apply) and condition.operation in COMPARISONS:
        return _comparison(condition, negated=negated)
    value = 0.0 if negated else 1.0
    if (
        isinstance(condition, Apply)
        and condition.operation == "is_missing"
        and not can_be_missing(condition.arguments[0])
    ):
        return [{}] if negated else []
    return [{_key(condition): Interval(value, value, low_open=False, high_open=False)}]


def covers(earlier: Box, later: Box) -> bool:
    """Whether the earlier box holds wherever the later one does."""
    return all(key in later and later[key].within(span) for key, span in earlier.items())


def _both(left: Boxes, right: Boxes) -> Boxes:
    if left == [] or right == []:
        return []
    if left is None or right is None or len(left) * len(right) > BOXES_MAX:
        return None
    found = []
    for one in left:
        for other in right:
            box = dict(one)
            for key, span in other.items():
                box[key] = box[key].meet(span) if key in box else span
            if not any(span.is_empty for span in box.values()):
                found.append(box)
    return found


def _either(left: Boxes, right: Boxes) -> Boxes:
    if left is None or right is None or len(left) + len(right) > BOXES_MAX:
        return None
    return [{}] if {} in left or {} in right else left + right


def _comparison(condition: Apply, *, negated: bool) -> Boxes:
    left, right = condition.arguments
    operation = _NEGATED[condition.operation] if negated else condition.operation
    first, second = unfolded(left), unfolded(right)
    if isinstance(first, Const):
        left, right, first, second, operation = right, left, second, first, _MIRRORED[operation]
    if isinstance(second, Const):
        key, bound, domain = _key(left), second.value, range_of(left)
    else:
        one, other = _key(left), _key(right)
        (low, high), (lower, higher) = range_of(left), range_of(right)
        domain = (low - higher, high - lower)
        if one > other:
            one, other, operation = other, one, _MIRRORED[operation]
            domain = (-domain[1], -domain[0])
        key, bound = f"{one} - {other}", 0.0
    unsure = can_be_missing(left) or can_be_missing(right)
    whole = Interval(*domain, low_open=False, high_open=False)
    spans = [span.meet(whole) for span in _spans(operation, bound)]
    spans = [span for span in spans if not span.is_empty]
    if any(whole.within(span) for span in spans) and not unsure:
        return [{}]
    return [{key: span} for span in spans]


def _spans(operation: str, bound: float) -> list[Interval]:
    below = Interval(-INF, bound, low_open=False, high_open=operation in ("<", "!="))
    above = Interval(bound, INF, low_open=operation in (">", "!="), high_open=False)
    if operation in ("<", "<="):
        return [below]
    if operation in (">", ">="):
        return [above]
    return [Interval(bound, bound, low_open=False, high_open=False)] if operation == "==" else [below, above]


def _key(expression: Expression) -> str:
    plain = unfolded(expression)
    if isinstance(plain, Apply) and isinstance(expression, Named):
        while isinstance(expression.expression, Named):
            expression = expression.expression
        return expression.name
    return msgspec.json.encode(canonical(plain)).decode()
