"""What a run is asked: which events, whose rows, what is bad and when that is known; from a TOML file, kept in the run as plain JSON."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from honghua.base.errors import BadInput

SHIPPED: Final = ("city", "handbook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Bad is whoever has an event (`happens`) or none (`absent`) of a table in the days after a row's time. says: in words."""

    name: str
    says: str
    table: str
    bad_when: Literal["happens", "absent"]
    within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """Who is asked about: customers with an event of this table, with these values, in the days before a row's time."""

    table: str
    within_days: int
    where: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDates:
    """When rows are drawn: every so many days, the last one so that its outcome is known, the first when the windows are warm."""

    every_days: int
    warm_up_days: int
    snapshots_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Columns of the stream that tell what is owed: limit less what is available."""

    limit: str
    available: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """How many segments, by which variables."""

    count: int
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A file that tells protected traits of people, by the id that the events use; no variable reads them."""

    file: str
    id: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All of it. dictionary, plan: shipped names, or paths; ask: sentences on what might tell, which the knowledge graph turns into
    variables to be tried."""

    name: str
    dictionary: str
    plan: str
    target: Target
    among: Among
    rows: RowDates
    segments: SegmentPlan
    exposure: Exposure | None = None
    protected: Protected | None = None
    ask: tuple[str, ...] = ()

    def check(self) -> None:
        """BadInput for what makes no sense: a row whose outcome the next row's variables would see is a leak."""
        if self.rows.every_days < self.target.within_days:
            raise BadInput(
                f"rows every {self.rows.every_days} days and outcomes of {self.target.within_days}: the training rows' outcomes"
                " would reach beyond the time of the rows that they are examined on", code="BAD_QUESTION",
            )  # fmt: skip
        if (
            min(self.target.within_days, self.among.within_days, self.rows.warm_up_days, self.rows.snapshots_max - 1)
            < 1
        ):
            raise BadInput("days are at least 1, snapshots at least 2", code="BAD_QUESTION")
        if not 2 <= self.segments.count <= 50 or not self.segments.variables:
            raise BadInput("from 2 to 50 segments by at least one variable", code="BAD_QUESTION")


def read_question(told: str) -> Question:
    """A shipped question by its name, or one from a TOML file; BadInput names what is wrong in it."""
    try:
        if told in SHIPPED:
            text = (files("honghua.lab") / "data" / f"build-{told}.toml").read_text(encoding="utf-8")
        else:
            text = Path(told).read_text(encoding="utf-8")
        question = msgspec.convert(tomllib.loads(text), Question)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"question {told}: {error}; shipped are {', '.join(SHIPPED)}", code="BAD_QUESTION") from error
    question.check()
    return question


def question_of(params: Mapping[str, Any]) -> Question:
    """The question that a run was opened with."""
    return msgspec.convert(params["question"], Question)


def to_params(question: Question) -> dict[str, Any]:
    """As plain JSON, for the run's first entry."""
    plain: dict[str, Any] = msgspec.to_builtins(question)
    return plain


__all__ = ["SHIPPED", "Among", "Question", "Target", "question_of", "read_question", "to_params"]
