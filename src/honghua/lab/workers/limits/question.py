"""What a run about limits is asked: which files, which lots, what limits may cost; a TOML file beside them, kept in the run as JSON."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from honghua.base.errors import BadInput
from honghua.limits.response.api import Slice

FILE: Final = "limits.toml"
WHAT_IF: Final = "what-if"
RESPONSE: Final = "response"
KINDS: Final = (WHAT_IF, RESPONSE)


class Lots(msgspec.Struct, frozen=True, kw_only=True):
    """The slice as it was drawn; see `limits.response.Slice`."""

    name: str
    share_ppm: int
    factors_ppm: tuple[int, ...]

    def as_slice(self) -> Slice:
        """Checked."""
        return Slice(name=self.name, share_ppm=self.share_ppm, factors_ppm=self.factors_ppm)


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """margin_ppm: earned on what is used in a period; the budgets are shares of what the customers lost and used in the last one.
    source: where these figures come from, and how sure they are."""

    margin_ppm: int
    loss_share_ppm: int
    drawn_share_ppm: int
    source: str


class LimitsQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """columns: what is known of a customer before the period; limit: the one of them that holds the limit; models: what is to be tried."""

    name: str
    columns: tuple[str, ...]
    limit: str
    lots: Lots
    costs: Costs
    models: tuple[str, ...] = KINDS

    def check(self) -> None:
        """BadInput for what makes no sense."""
        self.lots.as_slice()
        if self.limit not in self.columns or len(set(self.columns)) != len(self.columns):
            raise BadInput("the column of the limit is one of the columns, each named once", code="BAD_QUESTION")
        if not self.models or not set(self.models) <= set(KINDS) or len(set(self.models)) != len(self.models):
            raise BadInput(f"models to try are {', '.join(KINDS)}, each once", code="BAD_QUESTION")
        if min(self.costs.margin_ppm, self.costs.loss_share_ppm, self.costs.drawn_share_ppm) < 1:
            raise BadInput("margin and budgets are above 0", code="BAD_QUESTION")


def read_limits_question(folder: Path) -> LimitsQuestion:
    """The question of a folder; BadInput says what is wrong in it."""
    try:
        told = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
        question = msgspec.convert(told, LimitsQuestion)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"{folder / FILE}: {error}", code="BAD_QUESTION") from error
    question.check()
    return question


def question_of(params: Mapping[str, Any]) -> LimitsQuestion:
    """The question that a run was opened with."""
    return msgspec.convert(params["question"], LimitsQuestion)


__all__ = [
    "FILE",
    "KINDS",
    "RESPONSE",
    "WHAT_IF",
    "Costs",
    "LimitsQuestion",
    "Lots",
    "question_of",
    "read_limits_question",
]
