"""The ledger of effort: hours that people would have spent on the steps of a run, against a stated baseline, less what they did spend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from honghua.agents.core.entries import AuthorKind, Entry, What


@dataclass(frozen=True, slots=True)
class EffortTask:
    """What a step takes by hand. hours: of an expert, once; source and grade: where the figure comes from; a guess says that it is one."""

    step: str
    hours: Fraction
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class EffortLine:
    """One step's saving. times: how often agents did it, of which one counts: its baseline includes what people do twice."""

    step: str
    times: int
    baseline_hours: Fraction
    machine_seconds: float
    source: str
    grade: str


def sum_effort(entries: Sequence[Entry], tasks: Mapping[str, EffortTask]) -> tuple[tuple[EffortLine, ...], Fraction]:
    """(a line for each step that an agent brought to its end and a baseline is stated for, hours saved in all). A step that was done
    again after it was sent back saves its baseline once; steps without a baseline save nothing."""
    seconds: dict[str, list[float]] = {}
    finished = set()
    for one in entries:
        if one.what in (What.DONE, What.SENT_BACK) and one.author.kind is AuthorKind.AGENT:
            seconds.setdefault(one.step, []).append(one.cost.seconds)
            finished |= {one.step} if one.what is What.DONE else set()
    lines = tuple(
        EffortLine(step, len(spent), tasks[step].hours, round(sum(spent), 3), tasks[step].source, tasks[step].grade)
        for step, spent in seconds.items()
        if step in tasks and step in finished
    )
    return lines, sum((line.baseline_hours for line in lines), Fraction(0))


__all__ = ["EffortLine", "EffortTask", "sum_effort"]
