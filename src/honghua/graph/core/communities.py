"""Communities of a sensor: forests that merge at once and are built anew from the window every epoch, and dense blocks of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.graph.core.kernels import layout, peel, unions, walks
from honghua.graph.core.temporal import Graph, Ints

Ints32 = NDArray[np.int32]
Runner = Callable[[Callable[[], None]], Callable[[], None]]  # begins work and returns what waits for its end

EPOCH_TICKS: Final = layout.DAY_TICKS // 4
PAIR_ENTRIES_MAX: Final = 512
PAIRS_A_NODE: Final = 8
STATE: Final = (
    "parents",
    "sizes",
    "log",
    "logged",
    "epoch",
)  # what a snapshot holds; forests under way are begun again


def run_at_once(work: Callable[[], None]) -> Callable[[], None]:
    """The plain runner: no thread."""
    work()
    return lambda: None


class Communities:
    """Forests over the nodes of a graph: one a pair of the plan, and one of all ties.

    An epoch is a step of event time. At the end of one the forests that were begun at its start are taken over, with the ties that came
    meanwhile, and new ones are begun; whatever `runner` does with the work, the outcome is the same. So a merge is seen at once, a split
    one to two epochs after the last tie left the window.
    """

    def __init__(
        self, nodes_max: int, pairs: int, *, customers: int, ties_live: int, runner: Runner = run_at_once
    ) -> None:
        self.customers = customers
        self.parents: Ints32 = np.zeros((pairs + 1, nodes_max + 1), np.int32)
        self.sizes: Ints32 = np.zeros((pairs + 1, nodes_max + 1), np.int32)
        self.log: Ints = np.zeros((max(1, ties_live), 2), np.int64)
        self.logged: Ints = np.zeros(2, np.int64)
        self.epoch: Ints = np.array(
            [EPOCH_TICKS, 0, 0, -1], np.int64
        )  # tick of the next one; rows of the work under way, and since when
        self._back = (np.zeros_like(self.parents), np.zeros_like(self.sizes))
        self._runner = runner
        self._wait: Callable[[], None] | None = None

    def turn(self, tick: int, window: int) -> None:
        """Take over what was begun, begin anew; to be called when the clock first reaches `epoch[0]`."""
        if self._wait is not None:
            self._wait()
            parents, sizes = self._back
            unions.replay_ties(self.log, int(self.epoch[2]), int(self.logged[0]), self.customers, parents, sizes)
            self._back = (self.parents, self.sizes)
            self.parents, self.sizes = parents, sizes
        last = int(self.logged[0])
        # The rows of a ring that was sized for a window; an eighth is left for the ties that come while the work runs.
        first = max(0, last - len(self.log) + len(self.log) // 8)
        self.epoch[:] = ((tick // EPOCH_TICKS + 1) * EPOCH_TICKS, first, last, tick - window)
        self._begin()

    def _begin(self) -> None:
        _, first, last, since = self.epoch.tolist()
        parents, sizes = self._back
        self._wait = self._runner(lambda: unions.rebuild(self.log, first, last, since, self.customers, parents, sizes))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state, by name; the same arrays, not copies. Forests under way are no part of it: they are begun again."""
        return {name: getattr(self, name) for name in STATE}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Go on from such a state."""
        if any(arrays[name].shape != getattr(self, name).shape for name in STATE):
            raise BadInput("these communities were made for another graph or plan", code="GRAPH_FORMAT")
        for name in STATE:
            setattr(self, name, arrays[name])
        if self.epoch[2] > 0 or self.epoch[3] > -1:
            self._begin()


@dataclass(frozen=True, slots=True)
class DenseBlock:
    """A dense block of a window: its customers and shops by node number, pairs between them, and weight over nodes."""

    customers: Ints
    shops: Ints
    pairs: int
    density: float


def find_dense_blocks(graph: Graph, *, days: float, shop_type: int, blocks: int) -> list[DenseBlock]:
    """The densest blocks of customers (type 0) × shops in the last `days`, each peeled from what the ones before left over."""
    if not 1 <= blocks <= 100:
        raise BadInput("1 to 100 blocks", code="GRAPH_CAP")
    left, right = list_window_pairs(graph, days=days, shop_type=shop_type)
    nodes = len(graph.heads)
    weights, degrees, turns = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, np.int32)
    found: list[DenseBlock] = []
    while len(found) < blocks and len(left):
        density, turn = peel.peel_pairs(left.copy(), right.copy(), len(left), weights, degrees, turns)
        inside = (turns[left] >= turn) & (turns[right] >= turn)
        found.append(
            DenseBlock(np.unique(left[inside]), np.unique(right[inside]), int(inside.sum()), density / peel.UNIT)
        )
        left, right = left[~inside], right[~inside]
    return found


def list_window_pairs(graph: Graph, *, days: float, shop_type: int) -> tuple[Ints, Ints]:
    """Every (customer, shop) of the last `days` once; at most PAIR_ENTRIES_MAX entries a customer are looked at (counted)."""
    room = PAIRS_A_NODE * len(graph.heads)
    entries: Any = np.zeros((PAIR_ENTRIES_MAX, 2), np.int64)
    seen = np.zeros(walks.SET + 1, np.int64)
    while True:
        left, right = np.zeros(room, np.int64), np.zeros(room, np.int64)
        n = peel.list_pairs(
            graph.heads, graph.pool, graph.ring, graph.tally, 0, 1 << (2 * shop_type + 1), graph.since(days), PAIR_ENTRIES_MAX,
            entries, seen, left, right,
        )  # fmt: skip
        if n >= 0:
            return left[:n].copy(), right[:n].copy()
        room *= 4
