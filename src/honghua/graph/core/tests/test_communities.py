"""Communities against plain sets, across epochs; dense blocks that were planted in a market."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.graph.core import Graph, GraphSensor, find_dense_blocks
from honghua.graph.core.communities import EPOCH_TICKS, list_window_pairs
from honghua.graph.core.kernels import unions
from honghua.graph.core.tests.test_sensing import AT, GADGET, PLAN, TO, WHO, make_events
from honghua.graph.core.tests.twin import DAY, TICK_US

TYPES = (1, 2, 3, 0)


def members(ties, who):
    """Customers in the component of a customer over ties (left, right), as (type, key) nodes."""
    around: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for left, right in ties:
        around.setdefault(left, set()).add(right)
        around.setdefault(right, set()).add(left)
    seen, todo = {who}, [who]
    while todo:
        for node in around.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return sum(kind == 0 for kind, _ in seen)


@pytest.mark.parametrize("n", [300, pytest.param(4_000, marks=pytest.mark.slow)])
def test_communities_equal_sets(n):
    """Merges at once; splits when the forests begun after the ties left the window are taken over, exactly."""
    rng = np.random.default_rng(n)
    events = make_events(rng, n, customers=n // 4, shops=9, days=60)
    events[:, GADGET] = np.where(rng.random(n) < 0.9, 0, events[:, GADGET])
    events[:, TO] = np.where(rng.random(n) < 0.8, 0, events[:, TO])
    sensor = GraphSensor(Graph(3 * n, 4 * n, 10), PLAN)
    out = np.empty((n, len(sensor.names)), np.float32)
    sensor.step(events, out)
    begin = int(sensor.graph.ring[3])
    places = {p: sensor.names.index("graph_community_" + label) for p, label in enumerate(PLAN.labels) if p > 0}
    users = {p: sensor.names.index(f"graph_{label}_users_30d") for p, label in enumerate(PLAN.labels)}
    ties: list[tuple[int, int, tuple[int, int], tuple[int, int]]] = []
    current: set[int] = set()  # rows of ties in the forests that are read
    begun: tuple[set[int], int] | None = None  # rows in the forests under way, and how many ties there were
    epoch, turns = EPOCH_TICKS, 0
    for event, got in zip(events, out, strict=True):
        if event[1] not in PLAN.kinds:
            continue
        tick = (int(event[AT]) - begin) // TICK_US
        if tick >= epoch:
            if begun is not None:
                current = begun[0] | set(range(begun[1], len(ties)))
            begun = {k for k, tie in enumerate(ties) if tie[0] >= tick - 10 * DAY}, len(ties)
            turns += 1
            epoch = (tick // EPOCH_TICKS + 1) * EPOCH_TICKS
        if event[WHO] == 0:
            continue
        who = (0, int(event[WHO]))
        for p in places:
            thing = (TYPES[p], int(event[PLAN.pairs[p][1]]))
            if thing[1] and thing != who and got[users[p]] <= unions.USERS_MAX:
                current.add(len(ties))
                ties.append((tick, p, who, thing))
        for p, place in places.items():
            assert got[place] == members([t[2:] for k, t in enumerate(ties) if k in current and t[1] == p], who)
        assert got[-1] == members([t[2:] for k, t in enumerate(ties) if k in current], who)
    assert turns > 20
    assert out[:, -1][~np.isnan(out[:, -1])].max() > 3
    assert len(current) < len(ties)


def test_ties_overwritten_inside_the_window_are_counted():
    log, logged = np.zeros((4, 2), np.int64), np.zeros(2, np.int64)
    for k in range(6):
        unions.log_tie(log, logged, 1, 2, 0, k, 10)
    assert logged.tolist() == [6, 2]


def test_a_planted_block_is_the_densest():
    """Twelve customers who all buy at four shops, among 300 who buy anywhere, and a pair of one customer and one shop a hundred times."""
    rng = np.random.default_rng(1)
    at = 10**15 + np.arange(800) * 10**9
    left, right = rng.integers(1, 301, 800), 1 + (200 * rng.random(800) ** 2).astype(np.int64)
    left[:96], right[:96] = 900 + np.arange(96) % 12, 800 + np.arange(96) // 12 % 4
    left[100:200], right[100:200] = 5, 5
    order = rng.permutation(800)
    graph = Graph(600, 3_000, 30)
    graph.append(at, (left[order], right[order]), at % 1_000, types=(0, 1))
    first, second = find_dense_blocks(graph, days=30, shop_type=1, blocks=2)
    assert sorted(graph.keys_of(first.customers)[0].tolist()) == list(range(900, 912))
    assert sorted(graph.keys_of(first.shops)[0].tolist()) == list(range(800, 804))
    assert first.pairs == 48
    assert first.density == pytest.approx(48 / (1 + 3 / 2) / 16, rel=1e-3)
    assert second.density < first.density
    with pytest.raises(BadInput):
        find_dense_blocks(graph, days=30, shop_type=1, blocks=0)


def test_pairs_of_a_window_are_taken_once():
    graph = Graph(50, 100, 30)
    day = 86_400_000_000
    at = 10**15 + np.array([0, 8, 9, 9, 9]) * day
    graph.append(at, (np.array([1, 1, 1, 2, 2]), np.array([7, 8, 8, 8, 9])), at, types=(0, 1))
    left, right = list_window_pairs(graph, days=5, shop_type=1)
    keys = zip(graph.keys_of(left)[0].tolist(), graph.keys_of(right)[0].tolist(), strict=True)
    assert sorted(keys) == [(1, 8), (2, 8), (2, 9)]
