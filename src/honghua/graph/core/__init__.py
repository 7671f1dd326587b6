"""What other cores may use of the graph."""

from __future__ import annotations

from honghua.graph.core.communities import Communities, DenseBlock, Runner, find_dense_blocks, run_at_once
from honghua.graph.core.kernels.layout import ALL, DAY_TICKS, TICK_US
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.measuring import (
    close_cycles,
    count_cycles,
    make_tie_log,
    rebuild_forests,
    time_one_hop,
    time_two_hops,
)
from honghua.graph.core.sensing import ADDRESS, CUSTOMER, DEVICE, GROUPS, MERCHANT, PAYEE, EdgePlan, GraphSensor
from honghua.graph.core.temporal import Graph, hop1_many, hop2_many

__all__ = [
    "ADDRESS", "ALL", "CUSTOMER", "DAY_TICKS", "DEVICE", "GROUPS", "MERCHANT", "PAYEE", "TICK_US", "Communities", "DenseBlock",
    "EdgePlan", "Graph", "GraphSensor", "Runner", "close_cycles", "count_cycles", "find_dense_blocks", "hop1_many", "hop2_many",
    "make_tie_log", "prefetch", "rebuild_forests", "run_at_once", "time_one_hop", "time_two_hops",
]  # fmt: skip
