"""The ring against the list of edges: windows, hubs, caps, late edges, a ring that was overwritten many times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.graph.core import Graph, hop2_many
from honghua.graph.core.kernels import layout
from honghua.graph.core.tests.twin import Twin, rounded

DAY_US = 86_400_000_000
BEGIN = 1_700_000_000_000_000


def feed(graph, twin, edges):
    """Append edges (at_us, left, right, amount), left of type 0 and right of type 1, to both."""
    at, left, right, amount = (np.array(column, np.int64) for column in zip(*edges, strict=True))
    graph.append(at, (left, right), amount, types=(0, 1))
    for edge in edges:
        twin.append(edge[0], (0, edge[1]), (1, edge[2]), edge[3])


def stream(rng, n, *, days, customers, shops, skew):
    """n edges over `days` days in order, some of them late by minutes; shops by a power law."""
    at = BEGIN + np.sort(rng.integers(0, int(days * DAY_US), n))
    at -= np.where(rng.random(n) < 0.05, rng.integers(0, int(3 * days * DAY_US / n), n), 0)
    at[0] = BEGIN
    left = rng.integers(1, customers + 1, n)
    right = (shops * rng.random(n) ** skew).astype(np.int64) + 1
    return list(
        zip(
            np.maximum(at, BEGIN).tolist(),
            left.tolist(),
            right.tolist(),
            rng.integers(0, 10**7, n).tolist(),
            strict=True,
        )
    )


def compare(graph, twin, nodes, *, days, cap):
    """Both sides' neighbours and hop1 of every node; returns how many nodes had any."""
    told = 0
    for kind, key in nodes:
        number = int(graph.find_nodes(np.array([key]), np.array([kind]))[0])
        if number == 0:
            assert (kind, key) not in twin.entries
            continue
        want = twin.newest((kind, key), days, cap)
        got = graph.neighbours(number, days=days, cap=cap)
        keys, types = graph.keys_of(got["node"])
        assert list(zip(types.tolist(), keys.tolist(), strict=True)) == [e.other for e in want]
        assert got["type"].tolist() == [e.other[0] for e in want]
        assert got["paid"].tolist() == [int(e.paid) for e in want]
        assert got["at_us"].tolist() == [twin.epoch_us + e.tick * layout.TICK_US for e in want]
        assert got["amount_minor"].tolist() == [e.amount for e in want]
        count, total, largest, distinct, newest = graph.hop1(number, graph.since(days), cap=cap).tolist()
        assert (count, total) == (len(want), sum(e.amount for e in want))
        assert (largest, distinct) == (max((e.amount for e in want), default=0), len({e.other for e in want}))
        assert newest == (want[0].tick if want else -1)
        told += len(want) > 0
    return told


@pytest.mark.parametrize(
    ("days", "window", "n"),
    [(20, 30, 400), (120, 30, 1_500), (70, 60, 800), pytest.param(400, 30, 60_000, marks=pytest.mark.slow)],
)
def test_windows_and_caps_equal_the_list(days, window, n):
    """Also beyond 48.5 days, where the low bits of ticks come round, and with hubs of more entries than any cap."""
    rng = np.random.default_rng(n)
    live = max(1, int(n * window / days))
    graph, twin = Graph(200, live, window), Twin(window)
    edges = stream(rng, n, days=days, customers=60, shops=25, skew=3)
    nodes = [(0, k) for k in range(1, 62, 7)] + [(1, k) for k in range(1, 26, 4)]
    for part in range(0, n, n // 4):
        feed(graph, twin, edges[part : part + n // 4])
        for span, cap in ((1, 8), (7, 256), (window, 512), (2 * window, 3)):
            assert compare(graph, twin, nodes, days=span, cap=cap) > 0
    counters = graph.counters()
    assert counters["lost"] == 0
    assert counters["late"] == twin.late > 0
    assert counters["edges"] == n
    assert counters["cut_short"] > 0


@pytest.mark.parametrize("words", [3.4, 6.2])
def test_a_ring_overwritten_many_times_still_holds_its_window(words):
    """Small blocks, many laps: whatever is inside the window is there, and the ring says so itself."""
    rng = np.random.default_rng(5)
    n = 6_000
    graph, twin = Graph(400, 1_150, 2, words_per_edge=words), Twin(2)
    edges = stream(rng, n, days=12, customers=100, shops=10, skew=2)
    for part in range(0, n, 1_000):
        feed(graph, twin, edges[part : part + 1_000])
        compare(graph, twin, [(0, k) for k in range(1, 100, 9)] + [(1, 1), (1, 9)], days=2, cap=512)
    counters = graph.counters()
    assert counters["laps"] >= 3 if words < 4 else counters["laps"] >= 1
    assert counters["lost"] == 0
    assert counters["held_days"] >= 2


def test_a_ring_too_small_counts_what_it_lost():
    """Three times more edges than it was made for: the count of lost entries says so, and walks end without nonsense."""
    rng = np.random.default_rng(6)
    graph, twin = Graph(400, 1_000, 30, words_per_edge=3), Twin(30)
    edges = stream(rng, 6_000, days=30, customers=100, shops=10, skew=2)
    feed(graph, twin, edges)
    counters = graph.counters()
    assert counters["held_days"] < 30
    missing = 0
    for key in range(1, 101):
        number = int(graph.find_nodes(np.array([key]), np.array([0]))[0])
        got = graph.neighbours(number, days=30, cap=512)
        want = twin.newest((0, key), 30, 512)
        assert got["amount_minor"].tolist() == [e.amount for e in want][: len(got["node"])]
        missing += len(want) - len(got["node"])
    assert 0 < missing <= counters["lost"]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 40 * 86_400), st.integers(0, 6), st.integers(0, 4), st.integers(-5, 2**40)),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([1, 7, 30]),
)
@example([(0, 1, 1, 127), (0, 1, 1, 128), (3, 1, 1, 255), (4, 1, 1, 257), (4, 0, 1, 5), (5, 1, 0, 5)], 1)
@example([(0, 1, 1, 1), (7 * 86_400, 1, 2, 1), (7 * 86_400 + 4, 1, 3, 1)], 7)
def test_any_small_stream_equals_the_list(gaps, window):
    """Gaps of any length, absent ends, amounts on the edges of the code."""
    graph, twin = Graph(40, 20, window, words_per_edge=6.2), Twin(window)
    at = BEGIN
    for gap, left, right, amount in gaps:
        at += gap * 1_000_000
        feed(graph, twin, [(at, left, right, amount)])
    compare(graph, twin, [(0, k) for k in range(1, 7)] + [(1, k) for k in range(1, 5)], days=window, cap=16)


def test_amounts_are_kept_to_one_part_in_256():
    amounts = np.unique(
        np.concatenate([2 ** np.arange(38) + d for d in (-1, 0, 1)] + [np.arange(600), [255 << 30, 2**40]])
    )
    for amount in amounts.tolist():
        kept = layout.unpack_amount(layout.pack_amount(amount))
        assert kept == rounded(amount)
        assert 0 <= layout.pack_amount(amount) < 4096
        if amount <= 255 << 30:
            assert abs(kept - amount) * 256 <= amount


def test_two_hops_equal_the_list():
    """With fans wider than any list, and with fans that cut."""
    rng = np.random.default_rng(8)
    graph, twin = Graph(300, 600, 30), Twin(30)
    feed(graph, twin, stream(rng, 600, days=20, customers=80, shops=40, skew=1))
    masks = np.array([layout.ALL, layout.ALL])
    for fans, days in (((200, 200), 7), ((3, 2), 20)):
        nodes = graph.find_nodes(np.arange(1, 31), np.zeros(30, np.int64))
        got = hop2_many(graph, nodes, days=days, masks=masks, fans=np.array(fans), budget=100_000)
        for key, row in zip(range(1, 31), got.tolist(), strict=True):
            middle = twin.distinct(twin.newest((0, key), days, 4 * fans[0]), fans[0])
            ends = [e for m in middle for e in twin.newest(m, days, fans[1]) if e.other != (0, key)]
            assert row == [len(middle), len(ends), len({e.other for e in ends}), sum(e.amount for e in ends), 0]


def test_a_budget_that_bites_is_counted():
    graph, twin = Graph(300, 600, 30), Twin(30)
    feed(graph, twin, [(BEGIN + k, k % 5 + 1, k % 7 + 1, 1) for k in range(100)])
    node = graph.find_nodes(np.array([1]), np.array([0]))
    before = graph.counters()["cut_short"]
    row = hop2_many(graph, node, days=1, masks=np.array([layout.ALL] * 2), fans=np.array([8, 100]), budget=30)[0]
    assert row[4] > 0
    assert graph.counters()["cut_short"] == before + 1


def test_numbers_of_nodes_come_back_when_the_window_has_passed():
    """Ten thousand customers come and go through forty numbers; nobody is refused while numbers are free."""
    graph, twin = Graph(40, 100, 1), Twin(1)
    rng = np.random.default_rng(9)
    for k in range(600):
        at = BEGIN + k * DAY_US // 20
        feed(graph, twin, [(at, 1 + k, int(rng.integers(1, 4)), 100 + k)])
        if k % 50 == 0:
            compare(
                graph,
                twin,
                [(0, 1 + j) for j in range(max(0, k - 15), k + 1)] + [(1, 1), (1, 2), (1, 3)],
                days=0.5,
                cap=64,
            )
    counters = graph.counters()
    assert counters["refused"] == 0
    assert counters["reused"] > 500
    assert counters["nodes"] <= 40


def test_when_all_numbers_are_in_use_new_ones_are_refused_and_counted():
    graph = Graph(10, 100, 30)
    for key in range(1, 31):
        one = np.array([key])
        left, right = graph.append(BEGIN + one, (one, one), one, types=(0, 1))
        assert (left[0] > 0) == (right[0] > 0) == (key <= 5)
    assert graph.counters()["refused"] == 50
    assert graph.counters()["edges"] == 5


def test_types_keep_equal_keys_apart_and_keys_come_back():
    graph = Graph(10, 10, 1)
    keys = np.array([7, 7, (1 << 62) + 5])
    types = np.array([0, 3, 2])
    nodes = graph.take_nodes(keys, types)
    assert len(set(nodes.tolist())) == 3
    assert graph.take_nodes(keys, types).tolist() == nodes.tolist()
    back, kinds = graph.keys_of(nodes)
    assert (back.tolist(), kinds.tolist()) == (keys.tolist(), types.tolist())
    assert graph.find_nodes(np.array([8]), np.array([0])).tolist() == [0]


def test_sizes_and_times_out_of_reach_are_refused():
    for arguments in ((0, 10, 30), (1 << 27, 10, 30), (10, 0, 30), (10, 10, 0), (10, 10, 381), (10, 10**10, 30)):
        with pytest.raises(BadInput):
            Graph(*arguments)
    graph = Graph(10, 10, 30)
    one = np.array([1])
    for at in (-1, BEGIN):
        graph.append(one * BEGIN, (one, one), one, types=(0, 1))
        with pytest.raises(BadInput):
            graph.append(np.array([at + (35 * 366 * DAY_US if at > 0 else 0)]), (one, one), one, types=(0, 1))
    with pytest.raises(BadInput):
        graph.append(one * BEGIN, (one, one), one, types=(0, 8))
    with pytest.raises(BadInput):
        graph.neighbours(1, days=1, cap=0)
