"""The graph as one object: its arrays, its size, and what a caller may ask of it."""

from __future__ import annotations

import math
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.graph.core.kernels import idmap, layout, ring, walks

Ints = NDArray[np.int64]

# Words of the ring for one live edge. Two entries take 2 words, their share of headers and of room not filled the rest. The first was
# measured on skewed streams (ADR of the graph); the second holds for any stream: no node ever holds more than 3 words an entry.
WORDS_TYPICAL: Final = 3.2
WORDS_PROVEN: Final = 6.2
WINDOW_DAYS_MAX: Final = 380
SLOT_SHARE: Final = 0.7
SEGMENTS: Final = 1_024
WORDS_MIN: Final = 4_096
HOP1_CAP_MAX: Final = walks.FILL_MAX
STATE: Final = ("heads", "pool", "ring", "segments", "table", "keys", "free")  # what a snapshot holds


class Graph:
    """Typed edges of the last `window_days` between at most `nodes_max` nodes that are alive at once, in flat arrays.

    edges_live: how many edges the window is expected to hold; the ring is sized from it and overwrites the oldest when more come,
    which `counters()["lost"]` shows. words_per_edge: see WORDS_TYPICAL. One writer at a time; reading counts too, so readers take turns.
    """

    def __init__(
        self, nodes_max: int, edges_live: int, window_days: float, *, words_per_edge: float = WORDS_TYPICAL
    ) -> None:
        words = _count_words(edges_live, window_days, words_per_edge)
        if not 1 <= nodes_max < layout.NODES_MAX or not 0 < window_days <= WINDOW_DAYS_MAX:
            raise BadInput(
                f"nodes_max is 1 … {layout.NODES_MAX - 1}, window_days above 0 and at most {WINDOW_DAYS_MAX}",
                code="GRAPH_SIZE",
            )
        shift = max(0, math.ceil(math.log2(words / SEGMENTS)))
        self.heads: Ints = np.zeros((nodes_max + 1, 2), np.int64)
        self.pool: Ints = np.zeros(words, np.int64)
        self.ring: Ints = np.zeros(layout.RING, np.int64)
        self.segments: Ints = np.zeros(((words >> shift) + 1, 2), np.int64)
        self.table: Ints = np.zeros(math.ceil((nodes_max + 2) / SLOT_SHARE), np.int64)
        self.keys: Ints = np.zeros(nodes_max + 1, np.int64)
        self.free: Ints = np.zeros(nodes_max + 1, np.int64)
        self.ring[layout.EPOCH_US] = -1
        self.ring[layout.NODES] = 1
        self.ring[layout.WINDOW] = _window_ticks(window_days)
        self.ring[layout.AGE] = _age_stamps(window_days)
        self.ring[layout.ROOM] = min(layout.ROOM_MAX, words // 64)
        self.ring[layout.SEGMENT_SHIFT] = shift
        self._begin_reading()

    @classmethod
    def of_arrays(cls, arrays: dict[str, Ints]) -> Self:
        """The graph whose arrays these are, without copying."""
        graph = cls.__new__(cls)
        for name in STATE:
            setattr(graph, name, arrays[name])
        graph._begin_reading()
        return graph

    def _begin_reading(self) -> None:
        self.tally: Ints = np.zeros(layout.TALLY, np.int64)
        self._seen: Ints = np.zeros(walks.SET + 1, np.int64)
        self._entries: Ints = np.zeros((4 * walks.FILL_MAX, 2), np.int64)
        self._middle: Ints = np.zeros(walks.FILL_MAX, np.int64)
        self._five: Ints = np.zeros(5, np.int64)

    def arrays(self) -> dict[str, Ints]:
        """The state, by name; the same arrays, not copies."""
        return {name: getattr(self, name) for name in STATE}

    @property
    def now_us(self) -> int:
        """The graph's clock: the newest time appended, in steps of 4 s; before the first edge 0."""
        return max(int(self.ring[layout.EPOCH_US]), 0) + int(self.ring[layout.CLOCK]) * layout.TICK_US

    def take_nodes(self, keys: Ints, types: Ints) -> Ints:
        """Numbers of keys (int64[n], 0 = nobody) of types (0 … 7); new ones are given out. 0 when all numbers are in use: counted."""
        out = np.zeros(len(keys), np.int64)
        idmap.take_nodes(self.table, self.keys, self.heads, self.ring, self.free, keys, types, out)
        return out

    def find_nodes(self, keys: Ints, types: Ints) -> Ints:
        """Numbers of keys, 0 for unknown ones."""
        out = np.zeros(len(keys), np.int64)
        idmap.find_nodes(self.table, self.keys, keys, types, out)
        return out

    def keys_of(self, nodes: Ints) -> tuple[Ints, Ints]:
        """(keys, types) of nodes int64[n]."""
        types = self.heads[nodes, 0] >> 54
        return self.keys[nodes] ^ (types << 60), types

    def append(
        self, at_us: Ints, ends: tuple[Ints, Ints], amount_minor: Ints, *, types: tuple[int, int]
    ) -> tuple[Ints, Ints]:
        """Append edges between the keys of `ends`, in order of time; the node numbers of both ends.

        at_us, ends[0], ends[1], amount_minor: int64[n]; a key of 0 leaves the edge out, a late time counts as now. Raises BadInput for
        a type or a time that the layout cannot hold.
        """
        if not all(0 <= kind < layout.TYPES_MAX for kind in types):
            raise BadInput(f"types of nodes are 0 … {layout.TYPES_MAX - 1}", code="GRAPH_TYPE")
        self.check_times(at_us)
        if len(at_us) == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        n = len(at_us)
        left = self.take_nodes(np.ascontiguousarray(ends[0]), np.full(n, types[0], np.int64))
        right = self.take_nodes(np.ascontiguousarray(ends[1]), np.full(n, types[1], np.int64))
        self.append_nodes(at_us, left, right, amount_minor)
        return left, right

    def append_nodes(self, at_us: Ints, left: Ints, right: Ints, amount_minor: Ints) -> None:
        """Append edges between node numbers that `take_nodes` gave; the caller has checked times."""
        ring.append_edges(self.heads, self.pool, self.ring, self.segments, at_us, left, right, amount_minor)

    def check_times(self, at_us: Ints) -> None:
        """Raise BadInput for times that a graph of this beginning cannot hold."""
        if len(at_us) == 0:
            return
        epoch, first = int(self.ring[layout.EPOCH_US]), int(at_us[0])
        start = first if epoch < 0 else epoch
        # To ask numpy for the least of one costs a purchase alone a microsecond and more.
        least, last = (first, first) if len(at_us) == 1 else (int(at_us.min()), int(at_us.max()))
        if least < 0 or last - start > layout.TICK_MAX * layout.TICK_US:
            raise BadInput(
                "times are microseconds since 1970 and at most 34 years after the first edge", code="GRAPH_TIME"
            )

    def since(self, days: float) -> int:
        """The tick `days` before the graph's clock, at the earliest the begin of the window."""
        return int(self.ring[layout.CLOCK]) - min(int(days * layout.DAY_TICKS), int(self.ring[layout.WINDOW]))

    def hop1(self, node: int, since: int, *, mask: int = layout.ALL, cap: int = 256) -> Ints:
        """int64[5] count, sum, largest, distinct others, newest tick of a node's newest `cap` entries since a tick.

        The array is reused by the next call. mask: a bit per 2 * type of the other + (1 when the node stood left)."""
        out = self._five
        walks.hop1(self.heads, self.pool, self.ring, self.tally, node, mask, since, cap, self._seen, out)
        return out

    def neighbours(self, node: int, *, days: float, mask: int = layout.ALL, cap: int = 256) -> dict[str, Ints]:
        """The newest entries of a node as columns, newest first: node, type, paid (1 = this node stood left), at_us, amount_minor."""
        if not 1 <= cap <= HOP1_CAP_MAX:
            raise BadInput(f"cap is 1 … {HOP1_CAP_MAX}", code="GRAPH_CAP")
        n = walks.collect(
            self.heads, self.pool, self.ring, self.tally, node, mask, self.since(days), cap, 4 * cap, self._entries
        )
        entries, ticks = self._entries[:n, 0], self._entries[:n, 1]
        code = entries & layout.M12
        exponent = code >> 7
        amounts = np.where(exponent == 0, code, (128 + (code & layout.M7)) << np.maximum(exponent - 1, 0))
        sort = (entries >> 32) & 15
        at_us = int(self.ring[layout.EPOCH_US]) + ticks * layout.TICK_US
        return {"node": entries >> 36, "type": sort >> 1, "paid": sort & 1, "at_us": at_us, "amount_minor": amounts}

    def counters(self) -> dict[str, int | float]:
        """What was appended, left out and cut short: edges, late, lost (entries overwritten that may have been inside the window),
        nodes, refused (new keys when all numbers were in use), reused, blocks, laps, held_days, walks, visits
        (entries looked at), cut_short, skipped_hubs."""
        state, tally = self.ring, self.tally
        return {
            "edges": int(state[layout.EDGES]), "late": int(state[layout.LATE]), "lost": int(state[layout.LOST]),
            "nodes": int(state[layout.NODES]) - 1 - int(state[layout.FREE]), "refused": int(state[layout.REFUSED]),
            "reused": int(state[layout.REUSED]), "blocks": int(state[layout.BLOCKS]), "laps": int(state[layout.LAP]),
            "held_days": round(self.held_ticks() / layout.DAY_TICKS, 3),
            "walks": int(tally[layout.WALKS]), "visits": int(tally[layout.VISITS]),
            "cut_short": int(tally[layout.CUT_SHORT]), "skipped_hubs": int(tally[layout.SKIPPED_HUBS]),
        }  # fmt: skip

    def held_ticks(self) -> int:
        """For how many ticks back every entry is still there."""
        clock = int(self.ring[layout.CLOCK])
        if self.ring[layout.LAP] == 0:
            return clock
        ahead = (int(self.ring[layout.HEAD]) >> int(self.ring[layout.SEGMENT_SHIFT])) + 1
        oldest = int(self.segments[ahead, 0]) if ahead < len(self.segments) else int(self.segments[0, 0])
        return max(0, clock - oldest - ((int(self.ring[layout.AGE]) + 1) << layout.STAMP_BITS))

    def memory(self) -> dict[str, int]:
        """Bytes by array."""
        return {name: array.nbytes for name, array in self.arrays().items()}


def _window_ticks(window_days: float) -> int:
    return math.ceil(window_days * layout.DAY_TICKS)


def _age_stamps(window_days: float) -> int:
    """Stamps after which a block is abandoned: a quarter of the window, less the stamp that it may begin early.

    More would need more room beside the window, less would make more blocks: headers, and misses when a chain is walked.
    """
    return max(1, (_window_ticks(window_days) >> 2 >> layout.STAMP_BITS) - 1)


def _count_words(edges_live: int, window_days: float, words_per_edge: float) -> int:
    """Words of the ring so that it holds the window and the age of a block besides."""
    if edges_live < 1 or words_per_edge < 2:
        raise BadInput("edges_live is at least 1 and words_per_edge at least 2", code="GRAPH_SIZE")
    window = max(_window_ticks(window_days), 1)
    share = (window + ((_age_stamps(window_days) + 2) << layout.STAMP_BITS)) / window
    words = max(WORDS_MIN, math.ceil(edges_live * words_per_edge * share))
    if words > layout.POOL_WORDS_MAX:
        raise BadInput(f"{edges_live} live edges are too many for one graph: {words} words", code="GRAPH_SIZE")
    return words


def hop2_many(graph: Graph, nodes: Ints, *, days: float, masks: Ints, fans: Ints, budget: int) -> Ints:
    """int64[n, 5] a row a node: middle nodes, entries, distinct nodes at the end, sum, middle nodes not looked at (kernels.walks.hop2)."""
    out: Any = np.zeros((len(nodes), 5), np.int64)
    span = int(graph.ring[layout.CLOCK]) - graph.since(days)
    walks.hop2_many(
        graph.heads, graph.pool, graph.ring, graph.tally, nodes, masks, span, fans, budget, graph._entries, graph._middle, graph._seen, out
    )  # fmt: skip
    return np.asarray(out)


def hop1_many(graph: Graph, nodes: Ints, *, days: float, mask: int, cap: int) -> Ints:
    """int64[n, 5] a row a node: count, sum, largest, distinct, newest tick (kernels.walks.hop1)."""
    out: Any = np.zeros((len(nodes), 5), np.int64)
    span = int(graph.ring[layout.CLOCK]) - graph.since(days)
    walks.hop1_many(graph.heads, graph.pool, graph.ring, graph.tally, nodes, mask, span, cap, graph._seen, out)
    return np.asarray(out)
