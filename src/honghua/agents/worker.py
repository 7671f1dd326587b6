"""What a worker is: a step with the artefacts that it reads and writes, and a function from a context to how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from honghua.agents import artefacts as kept
from honghua.agents.artefacts import FOLDER, JSON, Artefacts
from honghua.agents.core.entries import Author, Cost, Ref
from honghua.agents.core.standing import Answer, Remark
from honghua.agents.speaking import NOBODY, Ask, Said, Speaker
from honghua.base.rng import Label, derive_rng

T = TypeVar("T")

ROUNDS_MAX: Final = 3  # how often work may come back to one step


@dataclass(frozen=True, slots=True)
class Slot:
    """An artefact by the name that it has in a run, and the kind of its bytes."""

    name: str
    kind: str = field(default=JSON)


@dataclass(frozen=True, slots=True)
class Done:
    """The step's artefacts are written. reasons: why they are as they are, in sentences that hold no time of day and no duration.
    author: who did it, when it was not the worker itself (a person at a gate)."""

    reasons: tuple[str, ...] = ()
    author: Author | None = None


@dataclass(frozen=True, slots=True)
class SendBack:
    """What was made does not do: the step `to` is to do its work again with these reasons."""

    to: str
    reasons: tuple[str, ...]
    author: Author | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person must say something first. asks: what, in a sentence; subject: the artefact that they are to look at."""

    asks: str
    subject: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The run ends here without a result, for these reasons."""

    reasons: tuple[str, ...]
    author: Author | None = None


Outcome = Done | SendBack | Waiting | Refused


@dataclass(slots=True)
class Context:
    """What a worker is handed: its inputs, what was remarked on its earlier work, a place for files, and where its outputs go.

    inputs: by name; scratch: an empty folder of this attempt; seed, params: of the run; answers: what people said to this step.
    """

    store: Artefacts
    inputs: Mapping[str, Ref]
    writes: Mapping[str, Slot]
    scratch: Path
    seed: int
    params: Mapping[str, Any]
    step: str
    remarks: tuple[Remark, ...] = ()
    answers: tuple[Answer, ...] = ()
    speaker: Speaker = field(default_factory=lambda: NOBODY)
    outputs: dict[str, Ref] = field(default_factory=dict)
    transcripts: list[Ref] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)

    def rng(self, *labels: Label) -> np.random.Generator:
        """The stream of this step under these labels: it depends on the run's seed and on nothing else."""
        return derive_rng(self.seed, self.step, *labels)

    def read(self, name: str) -> bytes:
        """The bytes of an input that the worker declared."""
        return self.store.get(self.inputs[name].digest)

    def read_json(self, name: str, shape: type[T]) -> T:
        """A JSON input as a value of `shape`."""
        return kept.read_json(self.store, self.inputs[name].digest, shape)

    def lay(self, name: str) -> Path:
        """A folder input as files below the scratch folder; to read, not to change."""
        into = self.scratch / "in" / self.inputs[name].digest
        return into if into.exists() else kept.lay_folder(self.store, self.inputs[name].digest, into)

    def write(self, name: str, data: bytes) -> Ref:
        """Keep bytes as an output that the worker declared."""
        assert self.writes[name].kind != FOLDER, f"{name} is declared as a folder"
        self.outputs[name] = kept.put_bytes(self.store, name, self.writes[name].kind, data)
        return self.outputs[name]

    def write_json(self, name: str, value: Any) -> Ref:
        """Keep a value as canonical JSON."""
        assert self.writes[name].kind == JSON, f"{name} is declared as {self.writes[name].kind}"
        return self.write(name, kept.encode_json(value))

    def write_folder(self, name: str, folder: Path) -> Ref:
        """Keep all files of a folder."""
        assert self.writes[name].kind == FOLDER, f"{name} is declared as {self.writes[name].kind}"
        self.outputs[name] = kept.put_folder(self.store, name, folder)
        return self.outputs[name]

    def find_answer(self, subject: str) -> Answer | None:
        """What a person last said about the artefact `subject` as it is now; None when nobody did."""
        digest = self.inputs[subject].digest
        return next((one for one in reversed(self.answers) if one.subject == digest), None)

    def ask(self, ask: Ask[T]) -> Said[T]:
        """Ask the language model, if there is one; what it cost and said is kept. Without one: no value, and why."""
        said = self.speaker.ask(ask)
        self.cost += said.cost
        if said.transcript:
            name = f"transcript {len(self.transcripts) + 1} of {self.step}"
            self.transcripts.append(kept.put_bytes(self.store, name, JSON, said.transcript))
        return said


class Worker(Protocol):
    """One step of a run. agent: the worker's name as an author; step: unique in a flow; `run` has no effect outside its context, so that
    a step that died half-way is simply done again. Errors of base.errors end the attempt and are kept; the step may be tried again."""

    @property
    def agent(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def reads(self) -> tuple[Slot, ...]: ...
    @property
    def writes(self) -> tuple[Slot, ...]: ...
    def run(self, context: Context) -> Outcome: ...


__all__ = ["ROUNDS_MAX", "Context", "Done", "Outcome", "Refused", "SendBack", "Slot", "Waiting", "Worker"]
