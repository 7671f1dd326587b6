"""Nodes and edges of what the lab knows, and finding by meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.lab.factory.api import Dictionary, Factory, Words, measures_of
from honghua.lab.knowledge.asking import Asker
from honghua.lab.knowledge.words import aliases_of, best, take_apart
from honghua.lab.tags.api import TagBook

KINDS: Final = ("source", "entity", "table", "column", "variable", "tag", "model", "policy", "case")
VARIABLE_FIRST: Final = (
    1.0  # what a question that names no kind gives to variables, which are most of what is asked for
)


@dataclass(frozen=True, slots=True)
class Node:
    """A thing that is known: kind, name, words, what it is made of (names of other nodes or of variables)."""

    kind: str
    name: str
    words: Words
    made_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer. why: what of the question spoke for it; joins: columns that it needs and how their tables are joined."""

    kind: str
    name: str
    score: float
    why: tuple[str, ...]
    joins: tuple[str, ...]


@dataclass(slots=True)
class Graph:
    """All nodes but variables, which the grammar makes when they are asked for."""

    dictionary: Dictionary
    nodes: dict[tuple[str, str], Node] = field(default_factory=dict)
    factory: Factory = field(init=False)
    asker: Asker = field(init=False)

    def __post_init__(self) -> None:
        self.factory = Factory(self.dictionary)
        self.asker = Asker(self.factory)

    @classmethod
    def of_dictionary(cls, dictionary: Dictionary, *, tags: TagBook | None = None) -> Graph:
        """Sources, entities, tables and columns of a dictionary, and the tags of a book."""
        graph = cls(dictionary)
        for table in dictionary.tables:
            graph.add("source", table.file, Words(table.file))
        for name, words in dictionary.entities.items():
            graph.add("entity", name, words)
        for table in dictionary.tables:
            graph.add("table", table.name, table.words, made_of=[table.file])
            for entity, column in table.entities.items():
                graph.add("column", f"{table.name}.{column}", dictionary.entities[entity], made_of=[table.name, entity])
            for one in table.described:
                if not one.protected:
                    graph.add("column", f"{table.name}.{one.column}", one.words, made_of=[table.name])
            if table.time:
                graph.add(
                    "column",
                    f"{table.name}.{table.time}",
                    Words("time", "时间", "when it happened"),
                    made_of=[table.name],
                )
        for tag in tags.tags if tags else ():
            graph.add("tag", tag.name, Words(tag.en, tag.zh, f"{tag.definition}, {tag.group}"), made_of=tag.evidence)
        return graph

    def add(self, kind: str, name: str, words: Words, *, made_of: Sequence[str] = ()) -> Node:
        """Add or replace a node. BadInput for a kind that there is not, and where it is made of something unknown."""
        if kind not in KINDS or kind == "variable":
            raise BadInput(f"no kind of node {kind!r} to add", code="NO_KIND")
        unknown = [one for one in made_of if self.kind_of(one) is None]
        if unknown:
            raise BadInput(f"{kind} {name} is made of what nobody knows: {', '.join(unknown)}", code="NO_NODE")
        node = Node(kind, name, words, tuple(made_of))
        self.nodes[kind, name] = node
        return node

    def kind_of(self, name: str) -> str | None:
        """What a name stands for; None when for nothing."""
        found = next((kind for kind in KINDS if (kind, name) in self.nodes), None)
        if found is None:
            try:
                self.factory.find(name)
            except BadInput:
                return None
            return "variable"
        return found

    def find(self, question: str, *, kind: str | None = None, top: int = 5) -> tuple[Hit, ...]:
        """What a question in English or Chinese may mean, the likeliest first. kind: only nodes of that kind."""
        asked = kind or self._kind_asked(question)
        hits = [] if asked not in (None, "variable") else self._variables(question, top)
        if asked != "variable":
            hits += self._nodes(question, asked, top)
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.name))[:top])

    def _kind_asked(self, question: str) -> str | None:
        low = question.lower()
        said = {
            name: min(low.find(alias) for alias in aliases if alias in low)
            for name, aliases in self.asker.sayings["kinds"].items()
            if any(
                alias in low.split() or (not alias.isascii() and alias in low) or f"{alias}:" in low
                for alias in aliases
            )
        }
        return min(said, key=lambda name: said[name]) if said else None

    def _variables(self, question: str, top: int) -> list[Hit]:
        return [
            Hit("variable", one.variable.name, one.score + VARIABLE_FIRST, one.why, self.joins(one.variable.name))
            for one in self.asker.ask(question, top=top)
        ]

    def _nodes(self, question: str, kind: str | None, top: int) -> list[Hit]:
        said = take_apart(question)
        scored = []
        for node in self.nodes.values():
            if kind is None or node.kind == kind:
                score = best(said, aliases_of(node.words.en, node.words.zh, node.words.meaning)) + 0.3 * self._spread(
                    said, node
                )
                scored.append((score, node))
        scored = [one for one in scored if one[0] > 0]
        scored.sort(key=lambda one: (-one[0], one[1].name))
        return [
            Hit(node.kind, node.name, score, (node.words.en,), self.joins(node.name)) for score, node in scored[:top]
        ]

    def _spread(self, said: Any, node: Node) -> float:
        """How many of the question's words the node's texts hold, wherever they stand."""
        told = take_apart(node.words.text + " " + node.name.replace("_", " ").replace(".", " "))
        return float(sum(word in told.stems for word in set(said.stems)))

    def joins(self, name: str) -> tuple[str, ...]:
        """Columns that something needs, and by which keys their tables are joined to the row that asks."""
        origin = self.origin(name)
        columns = tuple(one for one in origin if self.kind_of(one) == "column")
        tables = tuple(dict.fromkeys(column.split(".")[0] for column in columns))
        keys = []
        for one in tables:
            table = self.dictionary.table(one)
            if table is not None:
                entity = next(iter(table.entities))
                keys.append(f"rows.{entity} = {one}.{table.entities[entity]}")
        return (*columns, *keys)

    def origin(self, name: str) -> tuple[str, ...]:
        """Everything that something is made of, nearest first, down to the files."""
        seen: dict[str, None] = {}
        waiting = [name]
        while waiting:
            for one in self._made_of(waiting.pop(0)):
                if one not in seen:
                    seen[one] = None
                    waiting.append(one)
        return tuple(seen)

    def users(self, name: str) -> tuple[str, ...]:
        """Every node that is made of something, directly or not."""
        return tuple(node.name for node in self.nodes.values() if name in self.origin(node.name))

    def _made_of(self, name: str) -> tuple[str, ...]:
        for kind in KINDS:
            if (kind, name) in self.nodes:
                return self.nodes[kind, name].made_of
        variable = self.factory.find(name)
        parts = measures_of(variable)
        lineage = self.factory.lineage(name)
        keys = tuple(dict.fromkeys(entity for part in parts for entity in part.key))
        return (*lineage.operands, *lineage.columns, *keys)

    def as_json(self) -> dict[str, Any]:
        """Nodes and edges, for an artefact: what `load_graph` takes beside the dictionary."""
        return {"dictionary": self.dictionary.digest.hex(), "nodes": [asdict(node) for node in self.nodes.values()]}


def load_graph(dictionary: Dictionary, told: Mapping[str, Any]) -> Graph:
    """The graph of `as_json`; BadInput when it was made of another dictionary."""
    if told.get("dictionary") != dictionary.digest.hex():
        raise BadInput("this graph was made of another dictionary", code="OTHER_DICTIONARY")
    graph = Graph(dictionary)
    for one in told["nodes"]:
        graph.nodes[one["kind"], one["name"]] = Node(
            one["kind"], one["name"], Words(**one["words"]), tuple(one["made_of"])
        )
    return graph


__all__ = ["KINDS", "Graph", "Hit", "Node", "load_graph"]
