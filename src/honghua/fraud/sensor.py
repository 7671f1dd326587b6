"""The risk sensor: windows, graph and memories fed event by event, one row of values for each purchase and transfer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import IntegrityBroken
from honghua.features.api import FeatureStore
from honghua.features.core import ENTITIES
from honghua.fraud.core import kernels
from honghua.fraud.core.kernels import layout as at
from honghua.fraud.core.plan import LIVE_NUMBERS, SIGNS, RiskPlan, Value
from honghua.graph.api import load_sensor, save_sensor
from honghua.graph.core import Graph, GraphSensor

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
FORMAT: Final = 1
SLOTS_PER_ROW: Final = 2
ROWS_FIRST: Final = 1024
BLOCK: Final = 4096  # rows sensed at once; what a value is does not depend on it
MEMORY_ARRAYS: Final = ("table", "keys", "memory", "everybody")


@dataclass(frozen=True, slots=True)
class SensorSize:
    """Bounds of memory. entities: remembered at most, over all kinds (about 360 bytes each), the longest unseen half leaves;
    nodes and edges: of the graph's window of `window_days`; keys: per group of the window store."""

    entities: int = 1_000_000
    nodes: int = 1_000_000
    edges: int = 2_000_000
    window_days: int = 30
    keys: int = 1_000_000


class RiskSensor:
    """Turns events of a plan's schema into values float32[n, V]. One writer at a time; deterministic; no clock.

    An event is read with itself in its windows and edges, and against the memory of what came before it.
    """

    def __init__(self, plan: RiskPlan, *, size: SensorSize | None = None) -> None:
        self.plan, self.size = plan, size or SensorSize()
        self.values: tuple[Value, ...] = plan.values
        self.names: tuple[str, ...] = plan.names
        self.store = FeatureStore(plan.feature_set, capacities=self._capacities()) if plan.definitions else None
        self.graph = None
        if plan.edges is not None:
            self.graph = GraphSensor(Graph(self.size.nodes, self.size.edges, self.size.window_days), plan.edges)
        rows = min(ROWS_FIRST, self.size.entities + 1)
        self._entities = len(plan.remembered)
        self._width = (
            at.MEMORY_WIDTH if any(kept & at.TRAILS_KEPT for kept in plan.remembered.values()) else at.LABEL_END
        )
        self.table: NDArray[np.int32] = np.zeros(rows * SLOTS_PER_ROW, np.int32)
        self.keys: Ints = np.zeros(rows, np.int64)
        self.memory: NDArray[np.float64] = np.zeros((rows, self._width))
        self.everybody: NDArray[np.float64] = np.zeros(at.GLOBAL_WIDTH)
        self._places = place_columns(plan, [() if part is None else part.names for part in (self.store, self.graph)])
        self._rooms = self._make_rooms(0)

    def _capacities(self) -> Mapping[str, int]:
        return {"+".join(key): self.size.keys for key in self.plan.feature_set.plan.keys}

    def step(self, events: Ints, out: Floats) -> None:
        """Take events int64[n, C] in order and write values into out float32[n, V]; NaN rows for other than purchase and transfer.

        Labels (FRAUD_REPORTED, CLEARED) and LIMIT_RAISED are events like others, at the time at which they arrive.
        """
        if len(events) <= BLOCK:
            self._step_block(events, out)
            return
        for start in range(0, len(events), BLOCK):
            self._step_block(events[start : start + BLOCK], out[start : start + BLOCK])

    def sense(self, events: Ints) -> Floats:
        """`step` into a new array."""
        out = np.empty((len(events), len(self.names)), np.float32)
        self.step(events, out)
        return out

    def _step_block(self, events: Ints, out: Floats) -> None:
        if len(self._rooms[0]) != len(events):
            self._rooms = self._make_rooms(len(events))
        windows, edges = self._rooms
        if self.store is not None:
            self.store.step(events, windows)
        if self.graph is not None:
            self.graph.step(events, edges)
        self.join(events, windows, edges, out)

    def join(self, events: Ints, windows: Floats, edges: Floats, out: Floats) -> None:
        """The last of three parts of a step: the memories, and out float32[n, V] put together with what windows and graph said."""
        self._make_room(len(events))
        kernels.join(
            events, windows, edges, *self._places, self.table, self.keys, self.memory, self.everybody, out
        )  # fmt: skip

    def _make_rooms(self, events: int) -> tuple[Floats, Floats]:
        """Where windows and graph write; kept until a block of another length comes."""
        widths = [0 if part is None else len(part.names) for part in (self.store, self.graph)]
        return np.empty((events, widths[0]), np.float32), np.empty((events, widths[1]), np.float32)

    def _make_room(self, events: int) -> None:
        """Grow so that these events find rows, up to the bound; the kernel forgets only at the bound, whatever the batch."""
        wanted = int(self.everybody[at.G_ROWS]) + events * self._entities + 2
        rows, limit = len(self.keys), self.size.entities + 1
        if wanted <= rows or rows >= limit:
            return
        grown = min(max(wanted, 2 * rows), limit)
        self.table = np.zeros(grown * SLOTS_PER_ROW, np.int32)
        self.keys = np.concatenate([self.keys, np.zeros(grown - rows, np.int64)])
        self.memory = np.concatenate([self.memory, np.zeros((grown - rows, self._width))])
        kernels.rebuild(self.table, self.keys, int(self.everybody[at.G_ROWS]))

    def counters(self) -> dict[str, Any]:
        """What is held and what was lost."""
        held = {"entities": int(self.everybody[at.G_ROWS]), "entities_forgotten": int(self.everybody[at.G_DROPPED])}
        return held | ({"graph": self.graph.graph.counters()} if self.graph is not None else {})

    def digest(self) -> bytes:
        """sha256 of what the next values depend on: 32 bytes."""
        rows = int(self.everybody[at.G_ROWS]) + 1
        state = sha256(self.plan.digest)
        state.update(self.everybody.tobytes())
        order = np.argsort(self.keys[:rows], kind="stable")
        state.update(self.keys[:rows][order].tobytes())
        state.update(self.memory[:rows][order].tobytes())
        if self.store is not None:
            state.update(self.store.digest())
        if self.graph is not None:
            for part in (self.graph.graph, self.graph.communities):
                for array in part.arrays().values():
                    state.update(np.ascontiguousarray(array).tobytes())
        return state.digest()

    def save(self, folder: Path) -> None:
        """Write the state into new files, one .npy an array, the table of contents last."""
        folder.mkdir(parents=True, exist_ok=True)
        contents = folder / "sensor.json"
        contents.unlink(missing_ok=True)
        for name in MEMORY_ARRAYS:  # a sensor may still be mapped to the files of before: new ones take their names
            np.save(folder / "writing.npy", getattr(self, name))
            (folder / "writing.npy").replace(folder / f"{name}.npy")
        if self.store is not None:
            self.store.save(folder / "windows")
        if self.graph is not None:
            save_sensor(self.graph, folder / "edges")
        told = {"format": FORMAT, "plan": self.plan.digest.hex(), "size": asdict(self.size)}
        contents.write_text(json.dumps(told, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path, plan: RiskPlan) -> RiskSensor:
        """The sensor as it was saved, its large arrays mapped copy-on-write; IntegrityBroken when cut short or of another plan."""
        try:
            told = json.loads((folder / "sensor.json").read_text())
        except (OSError, ValueError) as problem:
            raise IntegrityBroken(f"{folder} holds no saved sensor") from problem
        if told.get("format") != FORMAT or told.get("plan") != plan.digest.hex():
            raise IntegrityBroken(f"{folder} was saved by another plan")
        sensor = cls(plan, size=SensorSize(**told["size"]))
        for name in MEMORY_ARRAYS:
            setattr(sensor, name, np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c")))
        if sensor.store is not None:
            sensor.store = FeatureStore.load(folder / "windows", plan.feature_set)
        if sensor.graph is not None:
            sensor.graph = load_sensor(folder / "edges", sensor.graph.plan)
        return sensor


Places = tuple[Ints, Ints, NDArray[np.uint32], Ints, int, NDArray[np.float64], Ints, Ints, NDArray[np.float64]]


def place_columns(plan: RiskPlan, given: Sequence[Sequence[str]]) -> Places:
    """Where events, windows and edges (whose names are given) and memories have what `kernels.join` reads, in the order of its arguments
    from `who` to `level_codes`."""
    schema, kept = plan.schema, plan.remembered
    who = np.array([[schema.place(e) for e in kept], [ENTITIES.index(e) for e in kept], list(kept.values())], np.int64)
    numbers = [schema.place(name) if name in schema.numbers else -1 for name in LIVE_NUMBERS]
    remembered = [value.name for value in plan.memory_values if value.entity in ("", *kept)]
    sources = {name: k for k, name in enumerate([*given[0], *given[1], *remembered])}
    signs = [sources.get(name, -1) for name in SIGNS]
    picks = np.array([sources[name] for name in plan.names if name in sources], np.uint32)
    ends = len(given[0]), len(given[0]) + len(given[1])
    cuts = np.array([np.count_nonzero(picks < end) for end in ends] + [len(picks)], np.int64)
    asked = set(plan.names)
    scales = [[schema.place(name), factor] for name, factor in plan.scales.items() if f"number_{name}" in asked]
    levels = {name: keys for name, keys in plan.levels.items() if f"level_{name}" in asked}
    known = [np.array(keys, np.int64) for keys in levels.values()]
    stops = np.cumsum([0, *(len(keys) for keys in known)])
    spans = [(schema.place(name), stops[k], stops[k + 1]) for k, name in enumerate(levels)]
    orders = [np.argsort(keys) for keys in known]
    return (
        who.reshape(3, -1), cuts, picks, np.array(numbers + signs, np.int64), plan.unit_minor,
        np.array(scales, np.float64).reshape(-1, 2), np.array(spans, np.int64).reshape(-1, 3),
        np.concatenate([np.zeros(0, np.int64), *(keys[order] for keys, order in zip(known, orders, strict=True))]),
        np.concatenate([np.zeros(0), *(order + 1.0 for order in orders)]),
    )  # fmt: skip


__all__ = ["BLOCK", "RiskSensor", "SensorSize"]
