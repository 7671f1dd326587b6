"""A run as a desk shows it: a row for each end of a step, what it read and wrote, why, what it cost, and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from honghua.agents.core.entries import Cost, Entry, Ref, What, compute_trail
from honghua.agents.core.standing import fold_entries, measure_automation

SHOWN = (What.DONE, What.SENT_BACK, What.WAITING, What.ANSWERED, What.FAILED, What.SIGNED, What.REFUSED, What.CLOSED)


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One row. number: of its entry; author_kind: agent or human; outcome: see What; back_to: the step that it went back to."""

    number: int
    at: str
    step: str
    author_kind: str
    author: str
    turn: int
    outcome: str
    reasons: tuple[str, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    cost: Cost
    back_to: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run for people. state: running, waiting, refused or closed; artefacts: the newest of each name; trail: see `compute_trail`."""

    run: str
    flow: str
    seed: int
    why: str
    opened_at: str
    state: str
    verdict: str
    waits_for: str
    rows: tuple[TimelineRow, ...]
    artefacts: tuple[Ref, ...]
    steps_by_agents: int
    steps: int
    human_clicks: int
    cost: Cost
    trail: str

    @property
    def automated_share(self) -> float:
        """Steps that no person did, of all steps; 0 where nothing was done yet."""
        return self.steps_by_agents / self.steps if self.steps else 0.0


def make_timeline(entries: Sequence[Entry]) -> Timeline:
    """The run that these entries (at least `opened`) tell."""
    standing = fold_entries(entries)
    agents, steps = measure_automation(entries)
    state = standing.ended.value if standing.ended else "waiting" if standing.waiting else "running"
    return Timeline(
        run=standing.run, flow=standing.flow, seed=standing.seed, why=standing.why, opened_at=standing.opened_at, state=state,
        verdict=standing.verdict, waits_for=" ".join(standing.waiting.reasons) if standing.waiting else "",
        rows=tuple(_row(one) for one in entries if one.what in SHOWN), artefacts=tuple(standing.current.values()),
        steps_by_agents=agents, steps=steps, human_clicks=sum(one.what is What.ANSWERED for one in entries),
        cost=standing.cost, trail=compute_trail(entries),
    )  # fmt: skip


def _row(entry: Entry) -> TimelineRow:
    return TimelineRow(
        entry.number, entry.at, entry.step, entry.author.kind.value, entry.author.name, entry.turn, entry.what.value, entry.reasons,
        entry.inputs, entry.outputs, entry.cost, str(entry.detail.get("to", "")),
    )  # fmt: skip


__all__ = ["Timeline", "TimelineRow", "make_timeline"]
