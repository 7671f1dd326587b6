"""A small flow for tests: a reader, a maker whose work comes back once, a judge, and a gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from honghua.agents.api import (
    FOLDER,
    Context,
    Done,
    Flow,
    HumanGate,
    Means,
    Opening,
    Outcome,
    SendBack,
    Signer,
    Slot,
    Speaker,
)
from honghua.agents.core import Entry
from honghua.agents.speaking import NOBODY
from honghua.base.clock import FixedClock

NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
SIGNER = Signer.derive(b"k" * 32)
OPENING = Opening("toy", 7, "a test asked for it", {"rows": 5})
Point = Callable[[str], None]


def no_point(name: str) -> None:
    """Nothing happens here."""


@dataclass(frozen=True)
class Draw:
    """Draws numbers from the run's seed."""

    point: Point = no_point
    agent: str = "Reader"
    step: str = "draw"
    reads: tuple[Slot, ...] = ()
    writes: tuple[Slot, ...] = (Slot("numbers"),)

    def run(self, context: Context) -> Outcome:
        self.point("draw begun")
        context.write_json("numbers", context.rng("numbers").integers(0, 100, context.params["rows"]).tolist())
        self.point("draw written")
        return Done((f"{context.params['rows']} numbers",))


@dataclass(frozen=True)
class Make:
    """Writes a folder; multiplies by how often it was told to."""

    point: Point = no_point
    agent: str = "Maker"
    step: str = "make"
    reads: tuple[Slot, ...] = (Slot("numbers"),)
    writes: tuple[Slot, ...] = (Slot("work", FOLDER),)

    def run(self, context: Context) -> Outcome:
        numbers = context.read_json("numbers", list[int])
        out = context.scratch / "out"
        out.mkdir()
        for name, value in (("sum", sum(numbers) * (1 + len(context.remarks))), ("count", len(numbers))):
            (out / name).write_text(str(value))
        self.point("make in the middle")
        context.write_folder("work", out)
        return Done(("made again" if context.remarks else "made",))


@dataclass(frozen=True)
class Judge:
    """Sends the work back until the sum is `times` of the numbers'."""

    times: int = 2
    point: Point = no_point
    agent: str = "Judge"
    step: str = "judge"
    reads: tuple[Slot, ...] = (Slot("numbers"), Slot("work", FOLDER))
    writes: tuple[Slot, ...] = (Slot("candidate"),)

    def run(self, context: Context) -> Outcome:
        self.point("judge begun")
        made = int((context.lay("work") / "sum").read_text())
        if made != self.times * sum(context.read_json("numbers", list[int])):
            return SendBack("make", (f"{made} is not {self.times} times the sum",))
        context.write_json("candidate", {"sum": made})
        return Done(("it will do",))


def make_flow(*, times: int = 2, point: Point = no_point, back_to: str = "") -> Flow:
    gate = HumanGate("approve", Slot("candidate"), "may this go out?", back_to)
    return Flow("toy", (Draw(point), Make(point), Judge(times, point), gate), signs="candidate", verdict="approved")


def ignore(entry: Entry) -> None:
    """Nobody listens."""


@dataclass
class Bench:
    """Hands of a test."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def means(self, *, told: Callable[[Entry], None] = ignore, speaker: Speaker = NOBODY) -> Means:
        return Means(self.clock, self.folder / "scratch", SIGNER, speaker, told)
