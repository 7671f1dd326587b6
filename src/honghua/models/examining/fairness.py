"""Fairness by a protected column that no model reads: who is approved, which good payers are, and whether risk is said rightly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.models.core.intervals import Interval, auc_interval
from honghua.models.examining.shares import difference_interval, ratio_interval, share_interval


@dataclass(frozen=True, slots=True)
class FairnessBounds:
    """What may not be passed, and surely: a bound counts as broken when the figure passes it *and* its interval excludes equality.

    ratio_min         approval rate over that of the best treated group. Four-fifths rule, 29 CFR 1607.4(D): made for hiring in the
                      United States, the measure most used in lending; no Chinese rule names a number, so it is configuration (grade C)
    opportunity_gap   how much seldomer good payers of a group may be approved (grade U: ours)
    calibration_gap   how far the mean probability of a group may stand from what it did (grade U: ours)
    rows_min          smaller groups are shown and not judged (grade U: ours); goods_min: the same for good payers
    """

    ratio_min: float = 0.8
    opportunity_gap: float = 0.10
    calibration_gap: float = 0.05
    rows_min: int = 100
    goods_min: int = 30


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """A protected column: codes int64[n] into words; −1 = not told, which is a group that nobody judges."""

    name: str
    codes: NDArray[np.int64]
    words: tuple[str, ...]

    @classmethod
    def of(cls, name: str, values: Sequence[object] | NDArray[Any]) -> Groups:
        """From one value per row; words in alphabetical order."""
        told = np.array([str(value) for value in values])
        words, codes = np.unique(told, return_inverse=True)
        return cls(name, codes.astype(np.int64), tuple(str(word) for word in words))


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group. ratio and gap are against the group approved most; seen is its share of ones, said what the scores say of it.

    gap: the other's share of good payers approved minus this one's, so above 0 = worse off here. judged: large enough.
    """

    word: str
    rows: int
    ones: int
    approved: Interval
    ratio: Interval
    opportunity: Interval
    gap: Interval
    said: float
    seen: Interval
    auc: Interval
    judged: bool


@dataclass(frozen=True, slots=True)
class FairnessReport:
    """Of one column. reference: the group approved most among those judged ("" when fewer than two could be)."""

    name: str
    reference: str
    groups: tuple[GroupFigures, ...]
    problems: tuple[str, ...]
    bounds: FairnessBounds

    @property
    def is_judged(self) -> bool:
        """Whether at least two groups were large enough to be compared."""
        return sum(group.judged for group in self.groups) >= 2

    @property
    def passed(self) -> bool:
        """Whether no bound is surely broken; a column that could not be judged has not passed."""
        return self.is_judged and not self.problems

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not a number is None."""
        return {
            "name": self.name, "reference": self.reference, "passed": self.passed, "is_judged": self.is_judged,
            "problems": list(self.problems), "bounds": asdict(self.bounds), "groups": [_tell(one) for one in self.groups],
        }  # fmt: skip


def measure_fairness(
    y: NDArray[Any],
    scores: NDArray[np.float64],
    groups: Groups,
    *,
    approved: NDArray[np.bool_],
    bounds: FairnessBounds | None = None,
) -> FairnessReport:
    """Of rows that no fitting saw: y 0 (paid) or 1 (defaulted), scores their probability of 1, approved what the cut-off makes of them.

    Sources: Hardt, Price, Srebro, NeurIPS 2016 (equal opportunity); Kozodoi, Jacob, Lessmann, EJOR 297 (2022) 1083 (credit scoring).
    """
    limits = bounds or FairnessBounds()
    if not len(y) == len(scores) == len(groups.codes) == len(approved):
        raise BadInput("labels, scores, groups and approvals must be of one length", code="BAD_SHAPE")
    if len(groups.codes) and not -1 <= int(groups.codes.min()) <= int(groups.codes.max()) < len(groups.words):
        raise BadInput(f"a code of {groups.name} has no word", code="BAD_SHAPE")
    rows = {word: np.flatnonzero(groups.codes == code) for code, word in enumerate(groups.words)}
    ones = np.asarray(y) == 1
    large = [
        word for word, mine in rows.items()
        if len(mine) >= limits.rows_min and int((~ones[mine]).sum()) >= limits.goods_min
    ]  # fmt: skip
    reference = max(large, key=lambda word: (float(approved[rows[word]].mean()), word)) if len(large) > 1 else ""
    other = rows[reference] if reference else np.zeros(0, np.int64)
    found = tuple(
        _measure(word, mine, other, (ones, scores, approved), judged=word in large and bool(reference))
        for word, mine in rows.items() if len(mine)
    )  # fmt: skip
    problems = tuple(
        f"{groups.name} = {one.word}: {problem}" for one in found if one.judged for problem in _judge(one, limits)
    )
    return FairnessReport(groups.name, reference, found, problems, limits)


def _measure(
    word: str,
    mine: NDArray[np.int64],
    other: NDArray[np.int64],
    told: tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]],
    *,
    judged: bool,
) -> GroupFigures:
    ones, scores, approved = told
    counts = [(int(approved[rows].sum()), len(rows)) for rows in (mine, other)]
    goods = [(int((approved & ~ones)[rows].sum()), int((~ones)[rows].sum())) for rows in (mine, other)]
    chances = [share_interval(*pair) for pair in goods]
    return GroupFigures(
        word=word,
        rows=len(mine),
        ones=int(ones[mine].sum()),
        approved=share_interval(*counts[0]),
        ratio=ratio_interval((counts[0][0], counts[1][0]), (counts[0][1], counts[1][1])),
        opportunity=chances[0],
        gap=difference_interval(chances[1], chances[0]),
        said=float(np.mean(scores[mine])),
        seen=share_interval(int(ones[mine].sum()), len(mine)),
        auc=auc_interval(ones[mine], scores[mine]),
        judged=judged,
    )


def _judge(one: GroupFigures, limits: FairnessBounds) -> list[str]:
    problems = []
    if one.ratio.mid < limits.ratio_min and one.ratio.high < 1.0:
        problems.append(f"approved {one.ratio.mid:.2f} times as often as the best treated (bound {limits.ratio_min:g})")
    if one.gap.mid > limits.opportunity_gap and one.gap.low > 0.0:
        problems.append(f"good payers are approved {one.gap.mid:.2f} seldomer (bound {limits.opportunity_gap:g})")
    off = one.said - one.seen.mid
    if abs(off) > limits.calibration_gap and not one.seen.low <= one.said <= one.seen.high:
        problems.append(f"its risk is said as {one.said:.3f}, and was {one.seen.mid:.3f}")
    return problems


def _tell(one: GroupFigures) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in GroupFigures.__slots__:
        value = getattr(one, name)
        told[name] = tell_interval(value) if isinstance(value, Interval) else value
    return told


def tell_interval(interval: Interval | None) -> list[float | None] | None:
    """[low, mid, high] for JSON, None for what is not a number."""
    return None if interval is None else [value if np.isfinite(value) else None for value in interval.as_list()]
