"""Questions to the graph, each timed by the processor's cycle counter, for the bench; about 10 ns of it are the counter's own."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from honghua.graph.core.kernels import cycles, layout, ring, walks
from honghua.graph.core.kernels.compiling import njit

config: Any = numba.config

if config.DISABLE_JIT:

    def read_cycles():
        """Without the compiler there is no counter to read."""
        return 0

else:

    @intrinsic
    def read_cycles(_typingctx):
        """The processor's cycle counter, int64."""

        def _codegen(_context, builder, _signature, _args):
            function = ir.FunctionType(ir.IntType(64), [])
            return builder.call(cgutils.get_or_insert_function(builder.module, function, "llvm.readcyclecounter"), [])

        return types.int64(), _codegen


@njit(cache=True)
def count_cycles(rounds):
    """Cycles of a loop of `rounds` steps, to be held against a clock outside; and what the loop made, so that it is not left out."""
    started = read_cycles()
    x = 1
    for k in range(rounds):
        x = (x * 1_103_515_245 + k) & 0x7FFFFFFF
    return read_cycles() - started, x


@njit(cache=True)
def time_hop1(heads, pool, state, tally, nodes, span, cap, seen, out, took):
    """took int64[n] out: cycles of hop1 for each of nodes int64[n]."""
    for i in range(nodes.shape[0]):
        started = read_cycles()
        walks.hop1(heads, pool, state, tally, nodes[i], layout.ALL, state[layout.CLOCK] - span, cap, seen, out)
        took[i] = read_cycles() - started


@njit(cache=True)
def time_hop2(heads, pool, state, tally, nodes, masks, span, fans, budget, entries, middle, seen, out, took):
    """took int64[n] out: cycles of hop2 for each of nodes int64[n]."""
    for i in range(nodes.shape[0]):
        started = read_cycles()
        since = state[layout.CLOCK] - span
        walks.hop2(heads, pool, state, tally, nodes[i], masks, since, fans, budget, entries, middle, seen, out)
        took[i] = read_cycles() - started


@njit(cache=True)
def close_cycles(heads, pool, state, segments, tally, payers, payees, amounts, at_us, span, limits, stack, out):
    """Append transfers (at_us, payers, payees, amounts int64[n]) and look for the cycle that each closes; how many do."""
    found = 0
    for i in range(payers.shape[0]):
        if payers[i] != payees[i]:
            ring.move_clock(state, at_us[i])
            ring.append_edge(heads, pool, state, segments, payers[i], payees[i], amounts[i])
            mask = 1 << (2 * (heads[payers[i], 0] >> 54))
            since = state[layout.CLOCK] - span
            cycles.find_cycle(heads, pool, state, tally, payers[i], payees[i], mask, since, limits, stack, out)
            found += 1 if out[0] > 0 else 0
    return found
