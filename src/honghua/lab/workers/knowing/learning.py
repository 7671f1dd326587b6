"""When models and strategy are judged: models, policy, cases and the fate of every variable are written into the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from honghua.agents.api import TEXT, Context, Done, Outcome, Slot
from honghua.lab.factory.api import Words
from honghua.lab.knowledge.sketching import Sketch, join
from honghua.lab.workers.knowing.memory import KNOWLEDGE, Memory, load_memory
from honghua.lab.workers.segmenter import Events

LEARN: Final = "write down what was learnt"
NAME_DIGITS: Final = 12
KEPT: Final = "kept"
REPEATS: Final = "repeats"  # it tells, and nothing that a kept variable does not tell
IN_VAIN: Final = "in vain"
UNTRIED: Final = "not tried"
CASES_MAX: Final = 300  # of a memory; the oldest go


@dataclass(frozen=True, slots=True)
class WriteKnowledge:
    """The memory that the next run may read. It names data by digest and no person."""

    events: Events
    agent: str = "Monitor"
    step: str = LEARN
    reads: tuple[Slot, ...] = (
        Slot("source"), Slot("sketch"), Slot("known"), Slot("hypotheses"), Slot("variables"), Slot("tags"), Slot("fit"),
        Slot("examination"), Slot("strategy"), Slot("policy", TEXT), Slot("policy_check"),
    )  # fmt: skip
    writes: tuple[Slot, ...] = (Slot(KNOWLEDGE), Slot("learnt"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        memory = load_memory(self.events.dictionary, context.read_json("known", dict[str, Any]))
        before = set(memory.graph.nodes)
        variables = context.read_json("variables", dict[str, Any])
        for one in variables["ranked"]:
            memory.note(one["name"], is_kept=one["kept"], iv=one["iv_confirmed"], why=one["why"])
        memory.add_ideas(context.read_json("tags", dict[str, Any])["hypotheses"])
        fates = tell_fates(context.read_json("hypotheses", list[dict[str, Any]]), variables)
        run = Findings(
            self.events.question.name, context.inputs["source"].digest[:NAME_DIGITS], context.read_json("fit", dict[str, Any]),
            context.read_json("examination", dict[str, Any]), context.read_json("strategy", dict[str, Any]),
            context.inputs["policy"].digest[:NAME_DIGITS],
        )  # fmt: skip
        write_models(memory, run)
        write_cases(memory, run, fates)
        memory.data.append(context.inputs["source"].digest)
        memory.sketch = join(memory.sketch, context.read_json("sketch", Sketch))
        added = [list(node) for node in memory.graph.nodes if node not in before]
        context.write_json(KNOWLEDGE, memory.as_json())
        context.write_json(
            "learnt", {"hypotheses": fates, "added": added, "runs": memory.runs, "results": len(memory.results)}
        )
        kept, same = (sum(one["fate"] == fate for one in fates) for fate in (KEPT, REPEATS))
        return Done((
            f"of {len(fates)} hypotheses {kept} were kept and {same} tell what a kept variable tells, on customers that no search saw",
            f"{len(added)} nodes are new in the graph; the fate of {len(variables['ranked'])} variables is kept",
        ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found, as its artefacts tell it. data, policy: digests, cut short."""

    name: str
    data: str
    fit: Mapping[str, Any]
    examination: Mapping[str, Any]
    strategy: Mapping[str, Any]
    policy: str

    def name_model(self, role: str) -> str:
        """As the graph calls a model."""
        return f"{self.name} {role} {self.examination[role]['digest'][:NAME_DIGITS]}"


def tell_fates(hypotheses: list[dict[str, Any]], variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each hypothesis with what became of its variables; one whose variable was not looked at says so."""
    ranked = {one["name"]: one for one in variables["ranked"]}
    told = []
    for one in hypotheses:
        found = [ranked[name] for name in one["variables"] if name in ranked]
        why = "; ".join(
            f"{each['name']}: {each['why']} (information value {each['iv_confirmed']:.3f})" for each in found
        )
        told.append({
            "says": one["says"], "by": one["by"], "variables": one["variables"], "fate": name_fate(found),
            "why": why or one["note"] or "its variables were not looked at",
        })  # fmt: skip
    return told


def name_fate(found: list[dict[str, Any]]) -> str:
    """The best that became of a hypothesis's variables."""
    if any(one["kept"] for one in found):
        return KEPT
    if any(one["why"].startswith("repeats") for one in found):
        return REPEATS
    return IN_VAIN if found else UNTRIED


def write_models(memory: Memory, run: Findings) -> None:
    """Both models on the variables that they read, and the policy on the challenger whose chance it cuts."""
    graph = memory.graph
    for role, found in run.examination.items():
        read = [name for name in run.fit["accepted"] if graph.kind_of(name)]
        low, middle, high = found["auc"]
        says = (
            f"{found['kind']} of {run.name}, AUC {middle:.3f} [{low:.3f}, {high:.3f}] on later rows of data {run.data}"
        )
        graph.add("model", run.name_model(role), Words(f"{role} {found['kind']}", "", says), made_of=read)
    loss = run.strategy["figures"]["loss_share"]
    says = f"cut-offs of {run.name}: {loss[1]:.4f} of the amount lost on later rows"
    graph.add("policy", f"{run.name} {run.policy}", Words("strategy", "", says), made_of=[run.name_model("challenger")])


def write_cases(memory: Memory, run: Findings, fates: list[dict[str, Any]]) -> None:
    """What was tried and did not do, with its reason: columns that came back, checks that failed, and sentences nobody could confirm."""
    graph = memory.graph
    for name in run.fit["left_out"]:
        if graph.kind_of(name):
            says = "sent back by the Validator and left out"
            graph.add("case", f"{run.name} {run.data} without {name}", Words("left out", "", says), made_of=[name])
    for role, found in run.examination.items():
        for number, problem in enumerate(found["problems"]):
            case = f"{run.name_model(role)} problem {number + 1}"
            graph.add("case", case, Words("problem", "", str(problem)), made_of=[run.name_model(role)])
    for one in fates:
        if one["fate"] == IN_VAIN:
            case = f"{run.name} {run.data} in vain: {one['says']}"
            graph.add(
                "case", case, Words("not confirmed", "", f"{one['says']}: {one['why']}"), made_of=one["variables"]
            )
    cases = [node for node in graph.nodes if node[0] == "case"]
    for node in cases[: max(0, len(cases) - CASES_MAX)]:
        del graph.nodes[node]


__all__ = ["LEARN", "WriteKnowledge"]
