"""The memory of runs: a graph of data, tags, models, policies and cases, and what became of every variable that was tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from honghua.agents import api as agents
from honghua.base.errors import BadInput, NotFound
from honghua.lab.factory.api import Dictionary
from honghua.lab.knowledge.api import Graph, load_graph
from honghua.lab.knowledge.sketching import Sketch
from honghua.lab.tags.api import read_tags

KNOWLEDGE: Final = "knowledge"  # the artefact that a run leaves to the next
RUN_FOLDER: Final = "run"
BYTES_MAX: Final = 32 * 2**20
RESULTS_MAX: Final = 5_000
IDEAS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a variable: in how many runs it was looked at on unseen customers, in how many it was kept, and the last word."""

    tried: int = 0
    kept: int = 0
    iv: float = 0.0
    why: str = ""


@dataclass(slots=True)
class Memory:
    """ideas: sentences that somebody would try, a language model or a person; data: digests of the events that it has learnt from, one a
    run; sketch: of all those events."""

    graph: Graph
    results: dict[str, Tried] = field(default_factory=dict)
    ideas: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    sketch: Sketch = field(default_factory=Sketch)

    @property
    def runs(self) -> int:
        """How many have written into it."""
        return len(self.data)

    def note(self, name: str, *, is_kept: bool, iv: float, why: str) -> None:
        """One more trial of a variable."""
        one = self.results.get(name, Tried())
        self.results[name] = Tried(one.tried + 1, one.kept + int(is_kept), iv, why)

    def add_ideas(self, ideas: Iterable[str]) -> None:
        """The newest count."""
        self.ideas = list(dict.fromkeys([*self.ideas, *ideas]))[-IDEAS_MAX:]

    def as_json(self) -> dict[str, Any]:
        """Plain values; of the results those that were kept most often, then tried most often."""
        ranked = sorted(self.results.items(), key=lambda item: (-item[1].kept, -item[1].tried, item[0]))[:RESULTS_MAX]
        return {
            "graph": self.graph.as_json(), "results": {name: msgspec.to_builtins(one) for name, one in ranked}, "ideas": self.ideas,
            "data": self.data, "sketch": msgspec.to_builtins(self.sketch),
        }  # fmt: skip


def new_memory(dictionary: Dictionary) -> Memory:
    """Of a lab that has done nothing yet: data, and the tags where they stand on this dictionary's variables."""
    try:
        return Memory(Graph.of_dictionary(dictionary, tags=read_tags()))
    except BadInput as error:
        if error.code != "NO_NODE":
            raise
        return Memory(Graph.of_dictionary(dictionary))


def load_memory(dictionary: Dictionary, told: Mapping[str, Any]) -> Memory:
    """The memory of `as_json`; BadInput when it was made of another dictionary, or is none."""
    try:
        return Memory(
            load_graph(dictionary, told["graph"]),
            {str(name): msgspec.convert(one, Tried) for name, one in told["results"].items()},
            [str(one) for one in told["ideas"]], [str(one) for one in told["data"]], msgspec.convert(told.get("sketch", {}), Sketch),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise BadInput(f"this is no memory of the lab: {error!r}", code="BAD_KNOWLEDGE") from error


def read_memory(place: Path, dictionary: Dictionary) -> Memory:
    """The memory that an earlier run left, by the run's folder or a JSON file; BadInput, NotFound."""
    try:
        told = msgspec.json.decode(read_bytes(place))
    except msgspec.DecodeError as error:
        raise BadInput(f"{place} is no JSON: {error}", code="BAD_KNOWLEDGE") from error
    return load_memory(dictionary, told)


def read_bytes(place: Path) -> bytes:
    """As the artefact holds it."""
    if place.is_dir():
        folder = place / RUN_FOLDER if (place / RUN_FOLDER).is_dir() else place
        run = agents.look_at_run(folder)
        ref = run.standing().current.get(KNOWLEDGE)
        if ref is None:
            raise NotFound(f"the run in {place} has left no knowledge", code="ARTEFACT_UNKNOWN")
        return run.artefacts.get(ref.digest)
    try:
        if place.stat().st_size > BYTES_MAX:
            raise BadInput(f"{place} is larger than {BYTES_MAX:,} bytes", code="BAD_KNOWLEDGE")
        return place.read_bytes()
    except OSError as error:
        raise BadInput(f"no knowledge in {place}: {error}", code="FILE_UNREADABLE") from error


__all__ = ["KNOWLEDGE", "Memory", "Tried", "load_memory", "new_memory", "read_memory"]
