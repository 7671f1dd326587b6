"""Asks the processor for lines of the cache before they are needed. It changes nothing but time; without compilation it does nothing."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from honghua.features.core.kernels.rows import LOW, hash_of, slot_of
from honghua.features.core.layout import (
    H_BASE,
    L_BASE,
    L_WORDS,
    S_SLAB,
    S_TILE,
    T_CLOCK,
    T_HEAD,
    T_TILES,
    T_WORDS,
)

READ, KEEP, DATA = 0, 3, 1  # what llvm.prefetch is told
config: Any = numba.config


@intrinsic
def _fetch(typing_context, array, place):
    def generate(context, builder, signature, arguments):
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        told = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, told, "llvm.prefetch.p0")
        builder.call(call, [pointer, number(READ), number(KEEP), number(DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


if config.DISABLE_JIT:

    def fetch(array, place):
        """Nothing to fetch for the interpreter."""

else:

    @njit(cache=True, forceinline=True)
    def fetch(array, place):
        """Ask for the line of array[place]; place ≥ 0 and inside."""
        _fetch(array, place)


@njit(cache=True)
def fetch_tiles(rows, places, numbers, first, end, tiled, tracks_end, pool, slabs, tracks):
    """Ask for the slab's lines that the tiles of places first … end are about to be closed into."""
    for b in range(first, end):
        r = places[b]
        if r < 0:
            continue
        for t in range(tiled, tracks_end):
            head = r + tracks[t, T_HEAD]
            closing = rows[head + S_TILE]
            if closing != numbers[b, tracks[t, T_CLOCK]] and rows[head + S_SLAB] > 0:
                slab = slabs[t, L_BASE] + (rows[head + S_SLAB] - 1) * slabs[t, L_WORDS]
                fetch(pool, slab + closing % tracks[t, T_TILES] * tracks[t, T_WORDS])


@njit(cache=True)
def fetch_slots(events, first, end, one, two, g, slots, heads):
    """Ask for the lines of `slots` where the keys of events first … end are looked up; one, two: their columns, two −1 = none."""
    for i in range(first, end):
        key = events[i, one]
        other = events[i, two] if two >= 0 else 0
        if key != 0 and (other != 0 or two < 0):
            fetch(slots, slot_of(hash_of(key, other), heads, g))


@njit(cache=True)
def fetch_rows(events, first, end, one, two, g, width, slots, heads, rows):
    """Ask for the first line of the rows that these slots, which have come by now, name; a collision only loses the hint."""
    for i in range(first, end):
        key = events[i, one]
        other = events[i, two] if two >= 0 else 0
        if key != 0 and (other != 0 or two < 0):
            word = slots[slot_of(hash_of(key, other), heads, g)]
            if word != 0:
                fetch(rows, heads[g, H_BASE] + ((word & LOW) - 1) * width)
