"""How often the graph finds what is meant: a set of questions with answers, half of them never looked at while tuning."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from honghua.lab.knowledge.asking import DATA
from honghua.lab.knowledge.graph import Graph

FIRST = 1
FEW = 5


@dataclass(frozen=True, slots=True)
class Task:
    """A question; any of the answers is right. part: tune or held."""

    question: str
    answers: tuple[str, ...]
    part: str


@dataclass(frozen=True, slots=True)
class Success:
    """Share of a part's questions whose answer came first, and came among the first five; missed: the questions that did not."""

    part: str
    tasks: int
    hit_at_1: float
    hit_at_5: float
    missed: tuple[str, ...]


def read_tasks(*, path: Path = DATA / "questions.toml") -> tuple[Task, ...]:
    """The questions that come with the program."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Task(one["question"], tuple(one["answers"]), one["part"]) for one in told["ask"])


def measure(graph: Graph, tasks: tuple[Task, ...], part: str) -> Success:
    """Ask a part's questions."""
    mine = [task for task in tasks if task.part == part]
    first, few, missed = 0, 0, []
    for task in mine:
        names = [hit.name for hit in graph.find(task.question, top=FEW)]
        first += bool(set(names[:FIRST]) & set(task.answers))
        few += bool(set(names) & set(task.answers))
        if not set(names) & set(task.answers):
            missed.append(task.question)
    return Success(part, len(mine), first / len(mine), few / len(mine), tuple(missed))


__all__ = ["Success", "Task", "measure", "read_tasks"]
