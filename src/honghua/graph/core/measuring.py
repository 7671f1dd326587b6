"""What the bench asks of the kernels themselves: cycles of one question, cycles of money a second, forests a second."""

from __future__ import annotations

import numpy as np

from honghua.graph.core.kernels import layout, timing, unions, walks
from honghua.graph.core.temporal import Graph, Ints


def time_one_hop(graph: Graph, nodes: Ints, *, days: float, cap: int) -> Ints:
    """Cycles of `hop1` for each of nodes int64[n]."""
    took, five, seen = np.zeros(len(nodes), np.int64), np.zeros(5, np.int64), np.zeros(walks.SET + 1, np.int64)
    span = int(days * layout.DAY_TICKS)
    timing.time_hop1(graph.heads, graph.pool, graph.ring, graph.tally, nodes, span, cap, seen, five, took)
    return took


def time_two_hops(graph: Graph, nodes: Ints, *, days: float, fan: int) -> Ints:
    """Cycles of `hop2` with fan × fan for each of nodes int64[n]."""
    took, five, seen = np.zeros(len(nodes), np.int64), np.zeros(5, np.int64), np.zeros(walks.SET + 1, np.int64)
    entries: Ints = np.zeros((8 * fan, 2), np.int64)
    masks, fans, middle = np.array([layout.ALL] * 2), np.array([fan, fan]), np.zeros(fan, np.int64)
    span = int(days * layout.DAY_TICKS)
    timing.time_hop2(
        graph.heads, graph.pool, graph.ring, graph.tally, nodes, masks, span, fans, fan * fan, entries, middle, seen, five, took
    )  # fmt: skip
    return took


def count_cycles(rounds: int) -> int:
    """Ticks of the processor's counter during a loop of so many steps."""
    return int(timing.count_cycles(rounds)[0])


def close_cycles(graph: Graph, payers: Ints, payees: Ints, amounts: Ints, at_us: Ints) -> int:
    """Append transfers between people and look for the cycle of at most 4 edges within a day that each closes; how many do."""
    stack: Ints = np.zeros((3, 8, 2), np.int64)
    return int(
        timing.close_cycles(
            graph.heads, graph.pool, graph.ring, graph.segments, graph.tally, payers, payees, amounts, at_us, layout.DAY_TICKS,
            np.array([3, 8, 256]), stack, np.zeros(3, np.int64),
        )
    )  # fmt: skip


def make_tie_log(left: Ints, right: Ints, *, pair: int = 0) -> Ints:
    """A log of ties of one pair, all of tick 0."""
    word = left | (right << unions.NODE_BITS) | (pair << (2 * unions.NODE_BITS))
    return np.stack([word, np.zeros_like(left)], axis=1)


def rebuild_forests(log: Ints, nodes: int) -> int:
    """Build the forest of a pair and the forest of all from a log; customers in the largest community of all."""
    parents, sizes = np.ones((2, nodes), np.int32), np.ones((2, nodes), np.int32)  # touched before the work
    unions.rebuild(log, 0, len(log), 0, 0, parents, sizes)
    return int(sizes[1].max())
