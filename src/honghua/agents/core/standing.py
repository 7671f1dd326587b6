"""How a run stands: a pure fold over the entries of its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from honghua.agents.core.entries import BEGINNING, AuthorKind, Cost, Entry, Ref, What, digest_entry, sum_cost

COUNTED = (What.DONE, What.SENT_BACK, What.REFUSED)
ENDS = (What.DONE, What.SENT_BACK, What.WAITING, What.FAILED)


@dataclass(frozen=True, slots=True)
class Remark:
    """Why work goes back. by: the step that found it."""

    by: str
    turn: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a run that waits. subject: digest of the artefact that they looked at."""

    person: str
    approved: bool
    subject: str
    why: str


@dataclass(slots=True)
class StepState:
    """One step so far. last, inputs: of its newest end, name → digest; ends: how often work was finished or sent back; starts: begun in a
    row without an end; remarks: all that came back to it, of which `heeded` were known at its last end; answers: what people said."""

    last: What | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    ends: int = 0
    starts: int = 0
    remarks: tuple[Remark, ...] = ()
    heeded: int = 0
    answers: tuple[Answer, ...] = ()

    def is_done_for(self, inputs: Mapping[str, str]) -> bool:
        """Whether its last work was on exactly these, after all that was remarked."""
        return self.last is What.DONE and dict(self.inputs) == dict(inputs) and self.heeded == len(self.remarks)


@dataclass(slots=True)
class Standing:
    """A run as its entries make it. current: artefacts by name, the newest of each; head: digest of the last entry; ended: how, or None."""

    run: str = ""
    flow: str = ""
    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    opened_at: str = ""
    count: int = 0
    head: str = BEGINNING
    current: dict[str, Ref] = field(default_factory=dict)
    steps: dict[str, StepState] = field(default_factory=dict)
    signed: dict[str, Entry] = field(default_factory=dict)
    waiting: Entry | None = None
    ended: What | None = None
    verdict: str = ""
    cost: Cost = field(default_factory=Cost)

    def step(self, name: str) -> StepState:
        """A step's state; that of one that never began where it did not."""
        return self.steps.get(name, StepState())


def fold_entries(entries: Sequence[Entry]) -> Standing:
    """How the run stands after these entries; an empty standing (count 0) for none."""
    found = Standing()
    for entry in entries:
        _take(found, entry)
    if entries:
        found.count, found.head = len(entries), digest_entry(entries[-1])
        found.cost = sum_cost(entries)
    return found


def _take(found: Standing, entry: Entry) -> None:
    what = entry.what
    if what is What.OPENED:
        found.run, found.opened_at = entry.run, entry.at
        found.flow, found.seed = str(entry.detail["flow"]), int(entry.detail["seed"])
        found.params, found.why = dict(entry.detail["params"]), " ".join(entry.reasons)
    elif what is What.SIGNED:
        found.signed[str(entry.detail["subject"])] = entry
    elif what in (What.REFUSED, What.CLOSED):
        found.ended, found.verdict, found.waiting = what, " ".join(entry.reasons), None
    if entry.step:
        _take_step(found, entry, found.steps.setdefault(entry.step, StepState()))
    if what in ENDS:
        found.waiting = entry if what is What.WAITING else None


def _take_step(found: Standing, entry: Entry, state: StepState) -> None:
    if entry.what is What.STARTED:
        state.starts += 1
    elif entry.what is What.ANSWERED:
        answer = Answer(
            entry.author.name, bool(entry.detail["approved"]), str(entry.detail["subject"]), " ".join(entry.reasons)
        )
        state.answers = (*state.answers, answer)
    elif entry.what in ENDS:
        state.last, state.starts = entry.what, 0
        state.ends += entry.what in (What.DONE, What.SENT_BACK)
        state.inputs = {ref.name: ref.digest for ref in entry.inputs}
        state.heeded = len(state.remarks)
        if entry.what is What.DONE:
            found.current |= {ref.name: ref for ref in entry.outputs}
        elif entry.what is What.SENT_BACK:
            back = found.steps.setdefault(str(entry.detail["to"]), StepState())
            back.remarks = (*back.remarks, Remark(entry.step, entry.turn, entry.reasons))


def measure_automation(entries: Sequence[Entry]) -> tuple[int, int]:
    """(steps by agents, all steps): each end of a step counts, done, sent back or refused, and so does a gate that waits for a person."""
    ended = [one for one in entries if one.step and one.what in COUNTED]
    agents = sum(one.author.kind is AuthorKind.AGENT for one in ended)
    open_gate = fold_entries(entries).waiting is not None
    return agents, len(ended) + int(open_gate)


__all__ = ["Answer", "Remark", "Standing", "StepState", "fold_entries", "measure_automation"]
