"""What is sensed of an event, by its schema: windows, edges, memories; which detector reads each value, and which way is suspicious."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Self

from honghua.base.errors import BadInput
from honghua.features.core import Definition, FeatureSet, Schema
from honghua.fraud.core.graph_values import edge_plan, graph_values
from honghua.fraud.core.reading import needed_groups, needed_memory, needed_signs, needed_windows
from honghua.fraud.core.values import (
    DETECTORS,
    EVENT,
    FAMILY_OF,
    LEVELS_MAX,
    LIVE_NUMBERS,
    SIGNS,
    SILENCE,
    Family,
    Value,
    values_of_entity,
)
from honghua.fraud.core.windows import describe_window, window_definitions
from honghua.graph.core import GROUPS, EdgePlan

NAMED_AT_MOST: Final = 5


@dataclass(frozen=True)
class RiskPlan:
    """Everything that fixes what a RiskSensor reads. Immutable; `digest` names it.

    scales: a number of the schema that is read as it is → its factor. levels: a column whose commonest keys are told apart → those keys,
    at most LEVELS_MAX, in order of code 1, 2 …; any other key is code 0. unit_minor: minor units of one major one.
    reads: the values that are sensed, in their order; None = all there are. Made by `reading`.
    """

    schema: Schema
    scales: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unit_minor: int = 100
    windows: bool = True
    graph: bool = True
    reads: tuple[str, ...] | None = None

    def reading(self, names: Collection[str]) -> Self:
        """The smallest plan that senses only these values, in the order of this plan's.

        Each is what it is in this plan, bit for bit, as long as no memory has met its bound: what nobody reads is neither stored nor
        computed, so a smaller plan forgets later. BadInput for names that this plan doesn't sense, and for none at all.
        """
        unknown = sorted(set(names) - set(self.names))
        if unknown or not names:
            said = ", ".join(unknown[:NAMED_AT_MOST]) or "nothing"
            raise BadInput(f"the plan doesn't sense {said}", code="UNKNOWN_VALUES")
        wanted = set(names)
        return replace(self, reads=tuple(name for name in self.names if name in wanted))

    def joined(self, other: RiskPlan) -> RiskPlan | None:
        """The plan that senses what either reads; None where they do not describe the same events in the same way."""
        mine, theirs = replace(self, reads=None), replace(other, reads=None)
        if mine.told() != theirs.told():
            return None
        return mine if self.reads is None or other.reads is None else mine.reading({*self.reads, *other.reads})

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Every value that is sensed, with its family and sign: windows, graph, memories, numbers and levels of the event itself."""
        found = [describe_window(definition) for definition in self._all_windows]
        edges = edge_plan(self.schema, GROUPS) if self.graph else None
        if edges is not None:
            found += graph_values(f"graph_{name}" for name in edges.names())
        found += self.memory_values
        found += [Value(f"number_{name}", Family.PLAIN) for name in self.scales]
        found += [Value(f"level_{name}", Family.PLAIN) for name in self.levels]
        reads = set(self.reads or ())
        return tuple(value for value in found if self.reads is None or value.name in reads)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the values."""
        return tuple(value.name for value in self.values)

    @cached_property
    def memory_values(self) -> tuple[Value, ...]:
        """Everything that the memories could give, in the order of the kernel's columns."""
        found = [Value(name, family, sign) for name, family, sign in EVENT]
        for entity in self.schema.entities:
            found += values_of_entity(entity)
        return tuple(found)

    @cached_property
    def remembered(self) -> Mapping[str, int]:
        """Entities whose memory is kept → which parts of it (bits of kernels/layout.py)."""
        return needed_memory(self.schema.entities, self.reads)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The names of the values, and of those of windows and graph from which the memories tell oddities."""
        return frozenset(self.names) | (needed_signs(self.schema.entities, self.reads) & self._senseable)

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The windows of the feature store: those that are read, and those that others are made of."""
        return tuple(needed_windows(self._all_windows, None if self.reads is None else self.needed))

    @cached_property
    def feature_set(self) -> FeatureSet:
        """The definitions, checked; a plan without any has no set."""
        return FeatureSet(self.schema, self.definitions)

    @cached_property
    def edges(self) -> EdgePlan | None:
        """The edges of the graph and the groups of values that are read of it; None where there is nothing to read."""
        edges = edge_plan(self.schema, GROUPS) if self.graph else None
        if edges is None or self.reads is None:
            return edges
        groups = needed_groups(edges, self.needed)
        return edge_plan(self.schema, groups) if groups else None

    @cached_property
    def _all_windows(self) -> tuple[Definition, ...]:
        return tuple(window_definitions(self.schema)) if self.windows else ()

    @cached_property
    def _senseable(self) -> frozenset[str]:
        """Those of SIGNS that windows and graph can give here."""
        edges = edge_plan(self.schema, GROUPS) if self.graph else None
        given = {f"graph_{name}" for name in edges.names()} if edges is not None else set()
        return frozenset(SIGNS) & (given | {definition.name for definition in self._all_windows})

    @cached_property
    def digest(self) -> bytes:
        """sha256 of all that is fixed here."""
        said: list[Any] = [
            self.schema.columns,
            sorted(self.scales.items()),
            sorted(self.levels.items()),
            self.unit_minor,
            self.graph,
        ]
        if self.reads is not None:
            said.append(self.reads)
        windows = self.feature_set.digest if self.definitions else b""
        return sha256(repr(said).encode() + windows + repr(self.memory_values).encode()).digest()

    def told(self) -> dict[str, Any]:
        """The plan in words that JSON knows; `of_told` reads them."""
        schema = {"entities": list(self.schema.entities), "numbers": list(self.schema.numbers)}
        return {
            "schema": schema, "scales": dict(self.scales), "levels": {name: list(keys) for name, keys in self.levels.items()},
            "unit_minor": self.unit_minor, "windows": self.windows, "graph": self.graph,
            "reads": None if self.reads is None else list(self.reads),
        }  # fmt: skip

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Self:
        """The plan that `told` describes; further keys do not matter. Without "reads" it senses all values."""
        schema = Schema(tuple(told["schema"]["entities"]), tuple(told["schema"]["numbers"]))
        levels = {name: tuple(keys) for name, keys in told["levels"].items()}
        whole = cls(schema, dict(told["scales"]), levels, told["unit_minor"], told["windows"], told["graph"])
        reads = told.get("reads")
        return whole if reads is None else whole.reading(reads)


__all__ = [
    "DETECTORS",
    "FAMILY_OF",
    "LEVELS_MAX",
    "LIVE_NUMBERS",
    "SIGNS",
    "SILENCE",
    "Family",
    "RiskPlan",
    "Value",
    "window_definitions",
]
