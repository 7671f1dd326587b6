"""Before variables are chosen: what earlier runs have left is read, and hypotheses are formed by asking the graph by meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from honghua.agents.api import Context, Done, Outcome, Slot
from honghua.base.errors import BadInput
from honghua.lab.factory.api import Factory, measures_of
from honghua.lab.knowledge.sketching import Sketch, share_seen
from honghua.lab.workers.knowing.memory import Memory, load_memory, new_memory, read_memory
from honghua.lab.workers.segmenter import Events

RECALL: Final = "recall what is known"
HYPOTHESISE: Final = "form hypotheses"
ANSWERS: Final = 2  # variables of one sentence
CONFIRMED_MAX: Final = 40  # of earlier runs
TRIED_ENOUGH: Final = 2  # so often in vain, and an idea of ours is not tried again
KEY: Final = "customer"
SAME_DATA: Final = "same_data"
OVERLAP_MAX: Final = 0.01  # of the events of a run: from so many on a memory would confirm itself (grade U)
NOT_AGAIN: Final = "it has learnt from these events, or from many of them: what it kept would only confirm itself, so it proposes nothing"


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence and what the graph found for it. by: who thought of it."""

    says: str
    by: str
    variables: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecallKnowledge:
    """The memory of an earlier run, or a new one; what was made of another dictionary is left alone. A memory that has learnt from
    these events, or from a hundredth of them, hands nothing on: what it kept was chosen on rows that would confirm it here."""

    events: Events
    place: str
    agent: str = "TagMiner"
    step: str = RECALL
    reads: tuple[Slot, ...] = (Slot("source"), Slot("sketch"))
    writes: tuple[Slot, ...] = (Slot("known"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        dictionary = self.events.dictionary
        memory, said = new_memory(dictionary), "nothing was handed on: the graph holds data and tags"
        if self.place:
            try:
                memory = read_memory(Path(self.place), dictionary)
                said = f"{memory.runs} earlier runs have tried {len(memory.results):,} variables and left {len(memory.ideas)} ideas"
            except BadInput as error:
                if error.code != "OTHER_DICTIONARY":
                    raise
                said = f"what was handed on is not used: {error}"
        seen = share_seen(context.read_json("sketch", Sketch), memory.sketch)
        is_same = context.inputs["source"].digest in memory.data or seen >= OVERLAP_MAX
        context.write_json("known", {**memory.as_json(), SAME_DATA: is_same, "overlap": seen})
        overlap = (f"{seen:.1%} of these events were among those that it has learnt from",) if seen else ()
        return Done((said, *overlap, *((NOT_AGAIN,) if is_same else ()), count_nodes(memory)))


def count_nodes(memory: Memory) -> str:
    """How many nodes of each kind the graph has, in a sentence."""
    kinds: dict[str, int] = {}
    for kind, _ in memory.graph.nodes:
        kinds[kind] = kinds.get(kind, 0) + 1
    return "nodes: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())


@dataclass(frozen=True, slots=True)
class FormHypotheses:
    """Sentences of the question and ideas that were left, asked of the graph; and variables that earlier runs confirmed."""

    events: Events
    agent: str = "TagMiner"
    step: str = HYPOTHESISE
    reads: tuple[Slot, ...] = (Slot("known"),)
    writes: tuple[Slot, ...] = (Slot("hypotheses"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        known = context.read_json("known", dict[str, Any])
        memory, asked = load_memory(self.events.dictionary, known), self.events.question.ask
        found = [find_variables(memory, says, by="question") for says in asked]
        if not known[SAME_DATA]:
            ideas = [says for says in memory.ideas if says not in asked]
            found += [find_variables(memory, says, by="idea of an earlier run") for says in ideas]
            found += recall_confirmed(memory)
        context.write_json("hypotheses", [msgspec.to_builtins(one) for one in found])
        names = {name for one in found for name in one.variables}
        silent = sum(not one.variables for one in found)
        return Done(
            (
                f"{len(found)} hypotheses, {len(names)} variables to be tried; of {silent} the graph knows nothing to try",
            )
        )


def find_variables(memory: Memory, says: str, *, by: str) -> Hypothesis:
    """A sentence as variables of customers; an idea that was tried often enough in vain is told and not tried again."""
    factory = memory.graph.factory
    hits = [hit for hit in memory.graph.find(says, kind="variable", top=ANSWERS) if is_of_customers(factory, hit.name)]
    vain = [hit.name for hit in hits if by != "question" and is_in_vain(memory, hit.name)]
    names = tuple(hit.name for hit in hits if hit.name not in vain)
    note = "; ".join(f"{name} was tried {memory.results[name].tried} times in vain" for name in vain)
    return Hypothesis(
        says=says, by=by, variables=names, note=note if names or vain else "the graph finds no such variable"
    )


def is_in_vain(memory: Memory, name: str) -> bool:
    """Whether a variable was looked at often enough and never kept."""
    one = memory.results.get(name)
    return one is not None and one.tried >= TRIED_ENOUGH and not one.kept


def recall_confirmed(memory: Memory) -> list[Hypothesis]:
    """What earlier runs kept, the most often kept first: it may hold here, too, and has to show it again."""
    kept = sorted(
        (item for item in memory.results.items() if item[1].kept),
        key=lambda item: (-item[1].kept, -item[1].iv, item[0]),
    )
    factory = memory.graph.factory
    return [
        Hypothesis(
            says=factory.lineage(name).en, by="kept by an earlier run", variables=(name,),
            note=f"kept in {one.kept} of {one.tried} runs, information value {one.iv:.3f} the last time",
        )
        for name, one in kept[:CONFIRMED_MAX] if is_of_customers(factory, name)
    ]  # fmt: skip


def is_of_customers(factory: Factory, name: str) -> bool:
    """Whether a variable needs no other key than the row's customer."""
    return all(set(part.key) <= {KEY} for part in measures_of(factory.find(name)))


__all__ = ["HYPOTHESISE", "RECALL", "FormHypotheses", "Hypothesis", "RecallKnowledge"]
