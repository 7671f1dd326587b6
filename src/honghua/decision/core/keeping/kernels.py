"""Compiled loops around a judgement: pack and unpack frozen vectors, look keys up in lists, watch what rules refuse.

Cost sketch: packing reads each value once, ~2 ns a value (0.5 µs for 220 values, 1.5 ns a byte written); a lookup is one
binary search, 20 … 100 ns; the brake adds two counters per decision and 2 ns per rule whenever a tile of event time ends.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RAW, ZERO, MISSING, SMALL = 0, 1, 2, 3  # two bits per value say how it is written
SMALL_MAX = 2**31 - 1
TINY_MAX = 255
CALM, WARNED, STOPPED = 0, 1, 2
PPM = 1_000_000


@njit(cache=True, inline="always")
def _put_code(out, start, cell, code):
    out[start + cell // 4] |= np.uint8(code << (2 * (cell % 4)))


@njit(cache=True)
def pack(inputs, input_bytes, signals, signal_bytes, out, ends):
    """Write each row's codes and values behind one another; returns how many bytes in all.

    inputs  float64[n, I]  input_bytes  uint8[n, I, 8] the same memory, little-endian
    signals float32[n, F]  signal_bytes uint8[n, F, 4] the same
    out     uint8[≥ n · (⌈(I + F) / 4⌉ + 8 I + 4 F)], zeroed        ends int64[n] where each row ends
    Per value two bits: 0 raw bytes · 1 zero (+0.0) · 2 the canonical NaN · 3 an integer in 4 bytes (inputs) or 1 … 255 in one
    byte (signals). All else, other NaNs and −0.0 too, is raw: what comes back is bit for bit what went in.
    Oracle: tests/test_freezing.py (naive twin).
    """
    rows, many = inputs.shape
    few = signals.shape[1]
    heads = (many + few + 3) // 4
    place = 0
    for i in range(rows):
        start = place
        place += heads
        for k in range(many):
            value = inputs[i, k]
            if value == 0.0 and input_bytes[i, k, 7] == 0:
                _put_code(out, start, k, ZERO)
            elif value == np.floor(value) and value != 0.0 and abs(value) <= SMALL_MAX:
                _put_code(out, start, k, SMALL)
                whole = np.int64(value)
                for b in range(4):
                    out[place + b] = np.uint8((whole >> (8 * b)) & 0xFF)
                place += 4
            elif _is_missing(value, input_bytes[i, k], 0xF8, 7):
                _put_code(out, start, k, MISSING)
            else:
                for b in range(8):
                    out[place + b] = input_bytes[i, k, b]
                place += 8
        for k in range(few):
            signal = signals[i, k]
            if signal == 0.0 and signal_bytes[i, k, 3] == 0:
                _put_code(out, start, many + k, ZERO)
            elif signal == np.floor(signal) and 0.0 < signal <= TINY_MAX:
                _put_code(out, start, many + k, SMALL)
                out[place] = np.uint8(signal)
                place += 1
            elif _is_missing(signal, signal_bytes[i, k], 0xC0, 3):
                _put_code(out, start, many + k, MISSING)
            else:
                for b in range(4):
                    out[place + b] = signal_bytes[i, k, b]
                place += 4
        ends[i] = place
    return place


@njit(cache=True, inline="always")
def _is_missing(value, raw, quiet, top):
    if value == value or raw[top] != 0x7F or raw[top - 1] != quiet:
        return False
    rest = 0
    for b in range(top - 1):
        rest |= raw[b]
    return rest == 0


@njit(cache=True)
def unpack(data, offsets, inputs, input_bytes, signals, signal_bytes):
    """The inverse of `pack`; returns −1, or the first row whose bytes do not fit the layout.

    data uint8[], row i owns [offsets[i], offsets[i + 1]); the other arrays as in `pack`, written.
    """
    rows, many = inputs.shape
    few = signals.shape[1]
    heads = (many + few + 3) // 4
    for i in range(rows):
        start, end = offsets[i], offsets[i + 1]
        place = start + heads
        if place > end:
            return i
        for k in range(many + few):
            code = (data[start + k // 4] >> (2 * (k % 4))) & 3
            wide = k < many
            if code == RAW:
                size = 8 if wide else 4
            elif code == SMALL:
                size = 4 if wide else 1
            else:
                size = 0
            if place + size > end:
                return i
            if code == RAW:
                for b in range(size):
                    if wide:
                        input_bytes[i, k, b] = data[place + b]
                    else:
                        signal_bytes[i, k - many, b] = data[place + b]
            elif wide:
                whole = np.int64(0)
                for b in range(size):
                    whole |= np.int64(data[place + b]) << (8 * b)
                whole = whole - (np.int64(1) << 32) if whole > SMALL_MAX else whole
                inputs[i, k] = np.nan if code == MISSING else np.float64(whole)
            else:
                signals[i, k - many] = np.nan if code == MISSING else 0.0 if size == 0 else data[place]
            place += size
        if place != end:
            return i
    return -1


@njit(cache=True)
def look_up(keys, expires, starts, columns, events, at_us, out):
    """For each event and list: is the list's entity of this event on it, and not yet expired?

    keys int64[m], each list's part ascending  expires int64[m] microseconds, the entry counts while at_us < expires
    starts int64[L + 1] where each list's part begins  columns int64[L] which column of `events` it is about, −1 = none
    events int64[n, C], key 0 = absent         at_us int64[n]         out bool[n, L], written
    """
    for i in range(events.shape[0]):
        for j in range(columns.shape[0]):
            out[i, j] = False
            key = events[i, columns[j]] if columns[j] >= 0 else 0
            if key == 0:
                continue
            low, high = starts[j], starts[j + 1]
            end = high
            while low < high:
                middle = (low + high) // 2
                if keys[middle] < key:
                    low = middle + 1
                else:
                    high = middle
            out[i, j] = low < end and keys[low] == key and at_us[i] < expires[low]


@njit(cache=True)
def watch(at_us, rules, clock, tile_us, judged, refused, states, bounds, sample_min, said):
    """Count decisions by event-time tiles; at the end of each tile judge every rule; returns how many changes were written.

    at_us int64[n] event times, nearly ascending   rules int64[n] the rule that refused, −1 = none did
    clock int64[2] the open tile, −1 = none yet, and its place in the ring        tile_us  length of a tile
    judged int64[T + 1], refused int64[R, T + 1]   counters of T tiles as a ring, and their sum in the last place. A tile is
    forgotten after T others, but not while fewer than sample_min decisions would be left: where little happens the window
    reaches back further, and what happens meanwhile is counted in the open tile.
    states uint8[R]    bounds int64[R, 3] ppm: calm below, warn above, stop above     sample_min  fewer decisions prove nothing
    said int64[≥ 2 R + 2, 5]  (tile's end, rule, new state, judged, refused), written. Stops reading when it could run over: the
    caller gives every tile's decisions in one call at most, see `core/brake.py`.
    """
    tiles = judged.shape[0] - 1
    count = 0
    for i in range(at_us.shape[0]):
        tile = at_us[i] // tile_us
        if clock[0] < 0:
            clock[0] = tile
        if tile > clock[0]:
            count = _judge_rules(clock[0], tile_us, judged, refused, states, bounds, sample_min, said, count)
            for _ in range(min(tile - clock[0], tiles)):
                oldest = (clock[1] + 1) % tiles
                if 0 < judged[oldest] and judged[tiles] - judged[oldest] < sample_min:
                    break
                _open_tile(oldest, judged, refused, tiles)
                clock[1] = oldest
            clock[0] = tile
        # A late event counts where the clock stands: what is closed stays closed, so a replay in the same order says the same.
        slot = clock[1]
        judged[slot] += 1
        judged[tiles] += 1
        if rules[i] >= 0:
            refused[rules[i], slot] += 1
            refused[rules[i], tiles] += 1
    return count


@njit(cache=True)
def _open_tile(slot, judged, refused, tiles):
    judged[tiles] -= judged[slot]
    judged[slot] = 0
    for r in range(refused.shape[0]):
        refused[r, tiles] -= refused[r, slot]
        refused[r, slot] = 0


@njit(cache=True)
def _judge_rules(tile, tile_us, judged, refused, states, bounds, sample_min, said, count):
    tiles = judged.shape[0] - 1
    total = judged[tiles]
    if total < sample_min:
        return count
    for r in range(states.shape[0]):
        before = states[r]
        if before == STOPPED:
            continue
        share = refused[r, tiles] * PPM // total
        after = before
        if share > bounds[r, 2]:
            after = np.uint8(STOPPED)
        elif share > bounds[r, 1]:
            after = np.uint8(WARNED)
        elif share < bounds[r, 0]:
            after = np.uint8(CALM)
        if after != before and count < said.shape[0]:
            states[r] = after
            said[count, 0] = (tile + 1) * tile_us
            said[count, 1] = r
            said[count, 2] = after
            said[count, 3] = total
            said[count, 4] = refused[r, tiles]
            count += 1
    return count
