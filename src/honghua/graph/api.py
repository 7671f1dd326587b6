"""The graph's door: a graph and a sensor that can be saved to a folder and mapped back at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from honghua.graph.core import (
    ADDRESS,
    CUSTOMER,
    DEVICE,
    GROUPS,
    MERCHANT,
    PAYEE,
    DenseBlock,
    EdgePlan,
    Graph,
    GraphSensor,
    Runner,
    find_dense_blocks,
    run_at_once,
)
from honghua.graph.core.communities import STATE as COMMUNITY_STATE
from honghua.graph.core.temporal import STATE as GRAPH_STATE
from honghua.graph.snapshot import digest_of_all, load_arrays, save_arrays

__all__ = [
    "ADDRESS", "CUSTOMER", "DEVICE", "GROUPS", "MERCHANT", "PAYEE", "DenseBlock", "EdgePlan", "GraphSensor", "TemporalGraph",
    "find_dense_blocks", "load_sensor", "run_in_thread", "save_sensor",
]  # fmt: skip


class TemporalGraph(Graph):
    """A graph that lives in a folder between runs."""

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the state; the manifest comes last, so a folder without one holds nothing. Returns the manifest."""
        return save_arrays(folder, self.arrays())

    @classmethod
    def load(cls, folder: Path, *, verify: bool = False) -> Self:
        """The graph of a folder, mapped copy-on-write: at once, whatever its size; changes stay in memory.

        verify reads everything and compares digests. Raises BadInput when the folder holds no graph, IntegrityBroken when files do not
        fit their manifest.
        """
        return cls.of_arrays(load_arrays(folder, names=GRAPH_STATE, verify=verify))

    def digest(self) -> str:
        """Digest of the whole state: two graphs of one digest answer alike for ever."""
        return digest_of_all(self.arrays())


def save_sensor(sensor: GraphSensor, folder: Path) -> None:
    """Write a sensor's graph and communities into `graph/` and `communities/` of a folder."""
    save_arrays(folder / "communities", sensor.communities.arrays())
    save_arrays(folder / "graph", sensor.graph.arrays())


def load_sensor(folder: Path, plan: EdgePlan, *, runner: Runner = run_at_once, verify: bool = False) -> GraphSensor:
    """The sensor of a folder, going on as if it had never stopped. Raises BadInput when the plan is not the one it was saved with."""
    graph = TemporalGraph.load(folder / "graph", verify=verify)
    arrays = load_arrays(folder / "communities", names=COMMUNITY_STATE, verify=verify)
    sensor = GraphSensor(graph, plan, ties_live=len(arrays["log"]), runner=runner)
    sensor.communities.restore(arrays)
    return sensor


def run_in_thread(work: Callable[[], None]) -> Callable[[], None]:
    """A runner of communities: the kernel lets go of the interpreter, so decisions go on beside it."""
    thread = threading.Thread(target=work, name="communities", daemon=True)
    thread.start()
    return thread.join
