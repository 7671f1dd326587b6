"""Tags on people: quantiles fitted on a population, rules judged, and how far that reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.factory.api import Rows, Stream, compute
from honghua.lab.tags.book import Tag, TagBook
from honghua.lab.tags.rules import holds

INFORMS: Final = 1.1
Flags = NDArray[np.bool_]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a tag reaches. covered: share of people of whom its evidence is known; tagged: share of whom it holds."""

    name: str
    covered: float
    tagged: float


@dataclass(frozen=True, slots=True, eq=False)
class FittedTags:
    """A book with the quantiles of a population; as_of_us: of when. Same population, same cuts."""

    book: TagBook
    cuts: Mapping[tuple[str, float], float]
    as_of_us: int

    @property
    def names(self) -> tuple[str, ...]:
        """The tags, in the order of `judge`'s columns."""
        return tuple(tag.name for tag in self.book.tags)

    def judge(self, values: Mapping[str, Values]) -> Flags:
        """bool[n, T] from values of the book's variables float32[n]."""
        return np.stack([holds(tag.rule, values, self.cuts) for tag in self.book.tags], axis=1)

    def assign(self, stream: Stream, rows: Rows) -> Flags:
        """bool[n, T] of rows, by what was known at each row's time."""
        return self.judge(values_of(self.book, stream, rows))

    def reach(self, stream: Stream, rows: Rows) -> tuple[Reach, ...]:
        """How far each tag reaches among the rows."""
        values = values_of(self.book, stream, rows)
        flags = self.judge(values)
        return tuple(
            Reach(tag.name, float(known(tag, values).mean()), float(flags[:, place].mean()))
            for place, tag in enumerate(self.book.tags)
        )


def values_of(book: TagBook, stream: Stream, rows: Rows) -> dict[str, Values]:
    """Variable → float32[n], of all that the tags read."""
    names = book.variables
    return dict(zip(names, compute(stream, names, rows).T, strict=True))


def known(tag: Tag, values: Mapping[str, Values]) -> Flags:
    """bool[n]: of whom the tag can be judged: what it compares is known (a missing value that it asks for is)."""
    asked = {one.variable for some in tag.rule.alternatives for one in some if one.missing}
    found = np.ones(len(next(iter(values.values()))), np.bool_)
    for name in tag.evidence:
        if name not in asked:
            found &= np.isfinite(values[name])
    return found


def fit_tags(book: TagBook, stream: Stream, rows: Rows) -> FittedTags:
    """The quantiles that the rules ask for, among the rows of whom the variable is known."""
    return FittedTags(book, cut_quantiles(book, values_of(book, stream, rows)), int(rows.as_of_us.max()))


def cut_quantiles(book: TagBook, values: Mapping[str, Values]) -> dict[tuple[str, float], float]:
    """(variable, quantile) → number, of everything that the rules compare with; NaN where nobody knows the variable."""
    asked = dict.fromkeys(pair for tag in book.tags for pair in tag.rule.quantiles)
    return {(name, q): _cut(values[name], q) for name, q in asked}


def _cut(values: Values, q: float) -> float:
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, q)) if len(finite) else float("nan")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A tag against the truth, of those whose evidence is known. lift: precision over the base rate; balanced: mean of recall and
    specificity; all NaN where nobody is tagged."""

    name: str
    truth: str
    people: int
    base_rate: float
    precision: float
    recall: float
    lift: float
    balanced: float

    @property
    def informs(self) -> bool:
        """Whether being tagged makes the truth likelier than it is anyway, by a tenth at least; a tag that does not is a guess."""
        return self.lift >= INFORMS


def accuracy(
    fitted: FittedTags, values: Mapping[str, Values], truths: Mapping[str, Flags | None]
) -> tuple[Accuracy, ...]:
    """Each tag that answers a question of `truths` (question → bool[n]; None = not known here). Evaluation only: no engine holds truths."""
    flags = fitted.judge(values)
    found = []
    for place, tag in enumerate(fitted.book.tags):
        truth = truths.get(tag.truth) if tag.truth else None
        if truth is not None:
            found.append(_measure(tag, flags[:, place], truth, known(tag, values)))
    return tuple(found)


def _measure(tag: Tag, flags: Flags, truth: Flags, judged: Flags) -> Accuracy:
    mine, true = flags[judged], truth[judged]
    nan = float("nan")
    if not len(mine) or not mine.any() or not true.any() or true.all():
        return Accuracy(tag.name, tag.truth, len(mine), float(true.mean()) if len(true) else nan, nan, nan, nan, nan)
    precision, recall = float(true[mine].mean()), float(mine[true].mean())
    base = float(true.mean())
    return Accuracy(
        tag.name,
        tag.truth,
        len(mine),
        base,
        precision,
        recall,
        precision / base,
        (recall + float((~mine[~true]).mean())) / 2,
    )


def questions(book: TagBook) -> Sequence[str]:
    """The questions that some tag answers."""
    return list(dict.fromkeys(tag.truth for tag in book.tags if tag.truth))


__all__ = [
    "Accuracy",
    "FittedTags",
    "Reach",
    "accuracy",
    "cut_quantiles",
    "fit_tags",
    "known",
    "questions",
    "values_of",
]
