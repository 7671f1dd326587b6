"""The flow from raw events to a signed release candidate, and from the click to the decision room."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from honghua.agents.api import Budget, Flow, Worker
from honghua.lab.api import BUILD, CANDIDATE
from honghua.lab.workers.knowing.learning import WriteKnowledge
from honghua.lab.workers.knowing.recalling import FormHypotheses, RecallKnowledge
from honghua.lab.workers.modeller import ComputeTable, FitModels
from honghua.lab.workers.question import Question, question_of, to_params
from honghua.lab.workers.releaser import Assemble, JudgeEverybody, WriteCard, make_gate
from honghua.lab.workers.segmenter import DrawRows, Events, ReadEvents, Segment
from honghua.lab.workers.strategist import DEFAULT_FRAME, CheckPolicy, DrawStrategy, read_frame
from honghua.lab.workers.tagging import MineTags
from honghua.lab.workers.tagminer import ChooseVariables
from honghua.lab.workers.validator import Examine

SECONDS_MAX: Final = 72 * 3_600.0  # 72 hours from data to a strategy; a run that takes longer is refused
VERDICT: Final = "released"


def make_params(
    place: Path, question: Question, *, frame: str = DEFAULT_FRAME, knowledge: Path | None = None
) -> dict[str, Any]:
    """What a run of this flow is opened with. BadInput where the policy cannot be read. knowledge: what an earlier run has left."""
    read_frame(frame)
    told = {"events": str(place.absolute()), "question": to_params(question), "frame": frame}
    return told if knowledge is None else {**told, "knowledge": str(knowledge.absolute())}


def make_flow(params: Mapping[str, Any], *, after: tuple[Worker, ...] = ()) -> Flow:
    """The steps of a run that was opened with these params. after: steps behind the gate, which need a database."""
    question = question_of(params)
    events = Events(Path(params["events"]), question)
    frame = str(params["frame"])
    workers: tuple[Worker, ...] = (
        ReadEvents(events), DrawRows(events), Segment(events), RecallKnowledge(events, str(params.get("knowledge", ""))),
        FormHypotheses(events), ChooseVariables(events), MineTags(events), ComputeTable(events), FitModels(),
        Examine(events, question), DrawStrategy(events, question, frame), CheckPolicy(question), WriteCard(question),
        WriteKnowledge(events), JudgeEverybody(events), Assemble(question, frame), make_gate(), *after,
    )  # fmt: skip
    return Flow(BUILD, workers, signs=CANDIDATE, verdict=VERDICT, budget=Budget(seconds=SECONDS_MAX))


__all__ = ["make_flow", "make_params"]
