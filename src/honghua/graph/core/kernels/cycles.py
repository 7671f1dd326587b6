"""Temporal cycles: does the edge u → v just appended close a way v → … → u whose edges came one after the other?

The search goes backwards from u, newest first: each step follows an incoming edge that is older than the one before it. A depth
of 3 steps finds cycles of up to 4 edges. Fans and a budget bound the work; what they cut is counted.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import CUT_SHORT, amount_of, other_of
from honghua.graph.core.kernels.walks import collect


@njit(cache=True)
def find_cycle(heads, pool, ring, tally, payer, payee, mask, since, limits, stack, out):
    """Look for the shortest cycle that payer → payee (the newest edge of both) closes.

    mask: the incoming edges to follow; since: a tick; limits int64[3]: steps back (1 … 3), fan of a step, edges looked at in all
    stack int64[3, >= fan, 2]: scratch; out int64[3]: edges of the cycle (0 = none), smallest amount on the way, tick of its first edge
    Of cycles of one length the newest is taken.
    """
    steps, fan, budget = limits[0], limits[1], limits[2]
    out[0], out[1], out[2] = 0, 0, 0
    first = collect(heads, pool, ring, tally, payer, mask, since, fan, 4 * fan, stack[0])
    for a in range(first):  # two edges
        if other_of(stack[0, a, 0]) == payee:
            out[0], out[1], out[2] = 2, amount_of(stack[0, a, 0]), stack[0, a, 1]
            return
    if steps < 2:
        return
    looked = first
    for a in range(first):
        middle, tick = other_of(stack[0, a, 0]), stack[0, a, 1]
        if middle == payer or is_repeat(stack[0], a):
            continue
        if looked >= budget:
            tally[CUT_SHORT] += 1
            return
        second = collect(heads, pool, ring, tally, middle, mask, since, fan, 4 * fan, stack[1])
        looked += second
        for b in range(second):
            if stack[1, b, 1] <= tick and other_of(stack[1, b, 0]) == payee:
                if out[0] != 3:
                    out[0], out[2] = 3, stack[1, b, 1]
                    out[1] = min(amount_of(stack[0, a, 0]), amount_of(stack[1, b, 0]))
                break
        if out[0] == 3:
            return
    if steps >= 3:
        find_four(heads, pool, ring, tally, payer, payee, mask, since, limits, stack, out, first, looked)


@njit(cache=True)
def is_repeat(entries, place):
    """Whether a newer entry has the same other node: the newest allows every way that an older one does."""
    node = other_of(entries[place, 0])
    for k in range(place):
        if other_of(entries[k, 0]) == node:
            return True
    return False


@njit(cache=True)
def find_four(heads, pool, ring, tally, payer, payee, mask, since, limits, stack, out, first, looked):
    """The third step back of find_cycle; stack[0] still holds the `first` edges into the payer."""
    fan, budget = limits[1], limits[2]
    for a in range(first):
        one, late = other_of(stack[0, a, 0]), stack[0, a, 1]
        if one == payer or is_repeat(stack[0], a):
            continue
        second = collect(heads, pool, ring, tally, one, mask, since, fan, 4 * fan, stack[1])
        looked += second
        for b in range(second):
            two, middle = other_of(stack[1, b, 0]), stack[1, b, 1]
            if middle > late or two == payer or two == one:
                continue
            if looked >= budget:
                tally[CUT_SHORT] += 1
                return
            third = collect(heads, pool, ring, tally, two, mask, since, fan, 4 * fan, stack[2])
            looked += third
            for c in range(third):
                if stack[2, c, 1] <= middle and other_of(stack[2, c, 0]) == payee:
                    out[0], out[2] = 4, stack[2, c, 1]
                    out[1] = min(amount_of(stack[0, a, 0]), amount_of(stack[1, b, 0]), amount_of(stack[2, c, 0]))
                    return
