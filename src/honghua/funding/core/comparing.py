"""Two books of the same loans held against each other, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = tuple[str, int]  # (loan and kind, amount)


@dataclass(frozen=True, slots=True)
class FundingDifference:
    """How one key differs. kind: missing (at theirs), stranger (to us), twice, amount. Minor units, 0 where there is none."""

    key: str
    kind: str
    ours_minor: int
    theirs_minor: int


def compare_books(ours: Mapping[str, Row], theirs: Sequence[tuple[str, Row]]) -> list[FundingDifference]:
    """Differences by key, sorted; empty when both say the same. Both sides: key -> (what it is, minor units)."""
    times = Counter(key for key, _ in theirs)
    told = dict(theirs)
    found = []
    for key in sorted(ours.keys() | told.keys()):
        mine, other = ours.get(key), told.get(key)
        if other is None:
            assert mine is not None
            found.append(FundingDifference(key, "missing", mine[1], 0))
        elif mine is None:
            found.append(FundingDifference(key, "stranger", 0, other[1]))
        elif mine != other:
            found.append(FundingDifference(key, "amount", mine[1], other[1]))
        elif times[key] > 1:
            found.append(FundingDifference(key, "twice", mine[1], other[1] * times[key]))
    return found
