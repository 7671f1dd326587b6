"""The flow of a run about limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from honghua.agents.api import Flow, HumanGate, Slot, Worker
from honghua.lab.api import APPROVE, CANDIDATE, LIMITS
from honghua.lab.workers.limits.book import LimitBook
from honghua.lab.workers.limits.question import LimitsQuestion, question_of
from honghua.lab.workers.limits.steps import AssembleLimits, CheckResponses, ChooseLimits, ReadBook, TryModels

ASKS: Final = "may these raises be offered to the customers?"


def make_limits_params(place: Path, question: LimitsQuestion) -> dict[str, Any]:
    """What a run of this flow is opened with."""
    return {"book": str(place.absolute()), "question": msgspec.to_builtins(question)}


def make_limits_flow(params: Mapping[str, Any], *, after: tuple[Worker, ...] = ()) -> Flow:
    """The steps of a run that was opened with these params. after: steps behind the gate, which need a database."""
    book = LimitBook(Path(params["book"]), question_of(params))
    workers: tuple[Worker, ...] = (
        ReadBook(book), TryModels(book), CheckResponses(book), ChooseLimits(book), AssembleLimits(book),
        HumanGate(APPROVE, Slot(CANDIDATE), ASKS), *after,
    )  # fmt: skip
    return Flow(LIMITS, workers, signs=CANDIDATE, verdict="raises are offered")


__all__ = ["make_limits_flow", "make_limits_params"]
