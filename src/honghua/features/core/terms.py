"""A window in numbers: what the planner and the SQL twin both start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from honghua.features.core.spans import Span

Condition = tuple[str, str, int]
OPS: Final = ("==", "!=", "<", "<=", ">", ">=", "multiple_of")
LIFETIME: Final = ("last", "since", "first_seen")
REVERSIBLE: Final = ("count", "sum", "mean", "std")


@dataclass(frozen=True, slots=True)
class Term:
    """A resolved window: places are columns of the schema, `place` is the column of the values."""

    place: int
    key: tuple[int, ...]
    aggregate: str
    column: int
    of_entity: bool
    span: Span
    where: tuple[tuple[int, str, int], ...]
    include_current: bool
    zero_when_empty: bool
    reverse: bool


__all__ = ["LIFETIME", "OPS", "REVERSIBLE", "Condition", "Term"]
