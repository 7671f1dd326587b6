"""What a run knew, thought of and learnt, as its page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from honghua.web.desk.lab.reading import Look

FATES: Final = {"kept": "good", "repeats": "accent", "in vain": "", "not tried": ""}
ADDED_MAX: Final = 60


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis: the sentence, who thought of it, the variables that the graph found, and what became of them."""

    says: str
    by: str
    variables: tuple[str, ...] = ()
    fate: str = "not tried"
    why: str = ""

    @property
    def tone(self) -> str:
        """Of its badge."""
        return FATES.get(self.fate, "")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """hypotheses; added: kind → names of new nodes of the graph; runs, tried: how much the memory holds now."""

    hypotheses: tuple[Fate, ...]
    added: Mapping[str, tuple[str, ...]]
    runs: int
    tried: int


def read_knowledge(look: Look) -> Knowledge | None:
    """Of a run that has got so far; None for one that has not, or whose artefact is another's of that name."""
    learnt, thought = look.read_json("learnt"), look.read_json("hypotheses")
    try:
        if isinstance(learnt, dict):
            fates = msgspec.convert(learnt.get("hypotheses", ()), tuple[Fate, ...])
            added = msgspec.convert(learnt.get("added", ()), tuple[tuple[str, str], ...])[:ADDED_MAX]
            return Knowledge(fates, by_kind(added), int(learnt.get("runs", 0)), int(learnt.get("results", 0)))
        if isinstance(thought, list):
            return Knowledge(msgspec.convert(thought, tuple[Fate, ...]), {}, 0, 0)
    except (msgspec.ValidationError, TypeError, ValueError):
        return None
    return None


def by_kind(nodes: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, ...]]:
    """Names by kind, in their order."""
    found: dict[str, list[str]] = {}
    for kind, name in nodes:
        found.setdefault(kind, []).append(name)
    return {kind: tuple(names) for kind, names in found.items()}


__all__ = ["Fate", "Knowledge", "read_knowledge"]
