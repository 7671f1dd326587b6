"""Walks a forest: one row through sixteen trees side by side, or, where trees are too large for `abreast`, eight rows through one tree.

Cost sketch (300 trees × 31 leaves, mean depth 10, 100 features): 3,000 visits × 0.7 ns + 100 columns × 1.5 ns + 300 ordered additions
= 2.6 µs a row; parts add 2,600 additions × 0.9 ns = 2.4 µs. Nodes take 150 KB and stay in the second cache, the table of parts 0.8 MB.
Arrays `nodes`, `plan`, `table` are those of `layout`; Python checks them and `x` before the call. Oracle: LightGBM, and tests/naive.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.graph.core import prefetch
from honghua.models.core.layout import (
    COLUMN_SCALE,
    GROUP,
    LANES,
    LEAF_BITS,
    P_AVERAGED,
    P_COLUMNS,
    P_FEATURES,
    P_GROUPS,
    P_ROOTS,
    P_SET_FEATURES,
    P_SETS,
    P_SORTED,
    P_TREES,
    P_WIDTH,
    PARTS,
    PRESENT_TO_ZERO,
    RECORD,
    RECORD_MORE,
    RECORD_OWNERS,
    RECORD_PARTS,
    SET_HEAD,
    SMALLEST_PART,
    TO_LEFT,
    TO_RIGHT,
    ZERO_BOUND,
    ZERO_IS_MISSING,
)

ROWS = 16  # rows in work at once: their columns and parts and one tree fit the first cache
FEW_ROWS = 6  # below this, eight trees a row are faster than eight rows a tree
ZERO = np.float32(0.0)
ZERO_BOUND_F = np.float32(ZERO_BOUND)
MINUS_INF = np.float32(-np.inf)
PLUS_INF = np.float32(np.inf)
# Places are unsigned: for a signed one numba asks each time whether it counts from the end.
NONE, ONE, TWO, THREE, FOUR = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
MORE, OWN, OWNERS = np.uint64(RECORD_MORE), np.uint64(RECORD_PARTS), np.uint64(RECORD_OWNERS)


@njit(cache=True)
def work_width(plan):
    """Columns of the work row: the plain ones, one per set of categories, and the −inf that leaves ask."""
    width, k = np.int64(plan[P_WIDTH]) + 1, np.int64(plan[P_SETS])
    for _ in range(plan[P_SET_FEATURES]):
        width += plan[k + 1]
        k += SET_HEAD + plan[k + 1] * plan[k + 2]
    return width


@njit(cache=True, inline="always")
def _fill(plan, x, row, work):
    """Copy row `row` of x float32[n, F] into work float32[W], column by column, with what is missing already sent its way."""
    first = plan[P_COLUMNS]
    for c in range(plan[P_WIDTH]):
        code = plan[first + c]
        value = x[row, code // COLUMN_SCALE]
        missing = value != value
        if code & ZERO_IS_MISSING:
            missing = missing or (value >= -ZERO_BOUND_F and value <= ZERO_BOUND_F)
        if missing:
            if code & TO_LEFT:
                value = MINUS_INF
            elif code & TO_RIGHT:
                value = PLUS_INF
            else:
                value = ZERO
        elif code & PRESENT_TO_ZERO:
            value = ZERO
        work[c] = value
    if plan[P_SET_FEATURES]:
        fill_sets(plan, x, row, work)
    work[work.shape[0] - 1] = MINUS_INF


@njit(cache=True)
def fill_sets(plan, x, row, work):
    """Ask every set of categories whether it holds the row's category. A set answers in one bit, so many answer at once."""
    k, column = plan[P_SETS], plan[P_WIDTH]
    for _ in range(plan[P_SET_FEATURES]):
        value, sets, words = x[row, plan[k]], plan[k + 1], plan[k + 2]
        k += SET_HEAD
        word = words
        if value > np.float32(-1.0) and value < np.float32(2147483648.0):  # LightGBM cuts −0.5 to category 0
            word = np.int64(value) >> 5
        if word < words:
            bit = np.int64(value) & 31
            for s in range(sets):
                work[column + s] = np.float32(1 - ((plan[k + word * sets + s] >> bit) & 1))
        else:
            work[column : column + sets] = np.float32(1.0)
        k += words * sets
        column += sets


@njit(cache=True, inline="always")
def _step(nodes, links, work, i):
    """The child of node i (or i itself, a leaf) that the row goes to. No branch: which way a row goes cannot be guessed."""
    k = FOUR * i
    return i + np.uint64(links[k + THREE]) + (NONE if work[links[k + TWO]] <= nodes[TWO * i] else ONE)


@njit(cache=True, inline="always")
def _walk_group(nodes, links, numbers, plan, k, work, at):
    """Leaves of the eight trees of the group at plan[k], into at."""
    a, b, c, d = np.uint64(plan[k + 1]), np.uint64(plan[k + 2]), np.uint64(plan[k + 3]), np.uint64(plan[k + 4])
    e, f, h, m = np.uint64(plan[k + 5]), np.uint64(plan[k + 6]), np.uint64(plan[k + 7]), np.uint64(plan[k + 8])
    for _ in range(plan[k]):
        a = _step(nodes, links, work, a)
        b = _step(nodes, links, work, b)
        c = _step(nodes, links, work, c)
        d = _step(nodes, links, work, d)
        e = _step(nodes, links, work, e)
        f = _step(nodes, links, work, f)
        h = _step(nodes, links, work, h)
        m = _step(nodes, links, work, m)
    at[plan[k + 9]] = numbers[TWO * a] & LEAF_BITS
    at[plan[k + 10]] = numbers[TWO * b] & LEAF_BITS
    at[plan[k + 11]] = numbers[TWO * c] & LEAF_BITS
    at[plan[k + 12]] = numbers[TWO * d] & LEAF_BITS
    at[plan[k + 13]] = numbers[TWO * e] & LEAF_BITS
    at[plan[k + 14]] = numbers[TWO * f] & LEAF_BITS
    at[plan[k + 15]] = numbers[TWO * h] & LEAF_BITS
    at[plan[k + 16]] = numbers[TWO * m] & LEAF_BITS


@njit(cache=True, inline="always")
def _walk_two_groups(nodes, links, numbers, plan, k, work, at):
    """The same of the group at plan[k] and the next one side by side: of like depth, and nodes come from the second cache anyway."""
    n = k + GROUP
    a, b, c, d = np.uint64(plan[k + 1]), np.uint64(plan[k + 2]), np.uint64(plan[k + 3]), np.uint64(plan[k + 4])
    e, f, h, m = np.uint64(plan[k + 5]), np.uint64(plan[k + 6]), np.uint64(plan[k + 7]), np.uint64(plan[k + 8])
    a1, b1, c1, d1 = np.uint64(plan[n + 1]), np.uint64(plan[n + 2]), np.uint64(plan[n + 3]), np.uint64(plan[n + 4])
    e1, f1, h1, m1 = np.uint64(plan[n + 5]), np.uint64(plan[n + 6]), np.uint64(plan[n + 7]), np.uint64(plan[n + 8])
    for _ in range(max(plan[k], plan[n])):  # who is in a leaf stays there
        a = _step(nodes, links, work, a)
        b = _step(nodes, links, work, b)
        c = _step(nodes, links, work, c)
        d = _step(nodes, links, work, d)
        e = _step(nodes, links, work, e)
        f = _step(nodes, links, work, f)
        h = _step(nodes, links, work, h)
        m = _step(nodes, links, work, m)
        a1 = _step(nodes, links, work, a1)
        b1 = _step(nodes, links, work, b1)
        c1 = _step(nodes, links, work, c1)
        d1 = _step(nodes, links, work, d1)
        e1 = _step(nodes, links, work, e1)
        f1 = _step(nodes, links, work, f1)
        h1 = _step(nodes, links, work, h1)
        m1 = _step(nodes, links, work, m1)
    at[plan[k + 9]] = numbers[TWO * a] & LEAF_BITS
    at[plan[k + 10]] = numbers[TWO * b] & LEAF_BITS
    at[plan[k + 11]] = numbers[TWO * c] & LEAF_BITS
    at[plan[k + 12]] = numbers[TWO * d] & LEAF_BITS
    at[plan[k + 13]] = numbers[TWO * e] & LEAF_BITS
    at[plan[k + 14]] = numbers[TWO * f] & LEAF_BITS
    at[plan[k + 15]] = numbers[TWO * h] & LEAF_BITS
    at[plan[k + 16]] = numbers[TWO * m] & LEAF_BITS
    at[plan[n + 9]] = numbers[TWO * a1] & LEAF_BITS
    at[plan[n + 10]] = numbers[TWO * b1] & LEAF_BITS
    at[plan[n + 11]] = numbers[TWO * c1] & LEAF_BITS
    at[plan[n + 12]] = numbers[TWO * d1] & LEAF_BITS
    at[plan[n + 13]] = numbers[TWO * e1] & LEAF_BITS
    at[plan[n + 14]] = numbers[TWO * f1] & LEAF_BITS
    at[plan[n + 15]] = numbers[TWO * h1] & LEAF_BITS
    at[plan[n + 16]] = numbers[TWO * m1] & LEAF_BITS


@njit(cache=True, inline="always")
def _walk_row(nodes, plan, table, work, at):
    """Leaf of every tree for one work row, into at int64[trees + 1] (the last place takes what pads the last group).

    Their records in `table` are asked for as they are found.
    """
    links = nodes.view(np.uint16)
    numbers = nodes.view(np.int32)
    end = plan[P_SORTED] + plan[P_GROUPS] * GROUP
    for k in range(plan[P_SORTED], end - GROUP, 2 * GROUP):
        _walk_two_groups(nodes, links, numbers, plan, k, work, at)
        for lane in range(1 + LANES, GROUP):  # the records come while the next trees are walked
            _hint(table, at[plan[k + lane]])
            _hint(table, at[plan[k + GROUP + lane]])
    if plan[P_GROUPS] & 1:
        _walk_group(nodes, links, numbers, plan, end - GROUP, work, at)
        for lane in range(1 + LANES, GROUP):
            _hint(table, at[plan[end - GROUP + lane]])


@njit(cache=True, inline="always")
def _hint(table, leaf):
    """The record of a leaf will be read: it lies in two lines of the cache."""
    prefetch(table, RECORD * leaf)
    prefetch(table, RECORD * leaf + RECORD - 1)


@njit(cache=True, inline="always")
def _walk_tree(nodes, plan, t, work, r, at):
    """Leaf of tree t for the eight work rows from r on, into at int64[≥ 8]."""
    links = nodes.view(np.uint16)
    numbers = nodes.view(np.int32)
    place = plan[P_ROOTS] + 2 * t
    root = np.uint64(plan[place])
    a = b = c = d = e = f = h = m = root
    for _ in range(plan[place + 1]):
        a = _step(nodes, links, work[r], a)
        b = _step(nodes, links, work[r + 1], b)
        c = _step(nodes, links, work[r + 2], c)
        d = _step(nodes, links, work[r + 3], d)
        e = _step(nodes, links, work[r + 4], e)
        f = _step(nodes, links, work[r + 5], f)
        h = _step(nodes, links, work[r + 6], h)
        m = _step(nodes, links, work[r + 7], m)
    at[0], at[1] = numbers[TWO * a] & LEAF_BITS, numbers[TWO * b] & LEAF_BITS
    at[2], at[3] = numbers[TWO * c] & LEAF_BITS, numbers[TWO * d] & LEAF_BITS
    at[4], at[5] = numbers[TWO * e] & LEAF_BITS, numbers[TWO * f] & LEAF_BITS
    at[6], at[7] = numbers[TWO * h] & LEAF_BITS, numbers[TWO * m] & LEAF_BITS


@njit(cache=True, inline="always")
def _add_record(table, owners, record, parts):
    """Add the parts of a record to parts float64[F + 8]; the last eight places take the padding."""
    k = np.uint64(RECORD) * np.uint64(record) + OWN
    w = FOUR * (k - OWN + OWNERS)
    parts[owners[w]] += table[k]
    parts[owners[w + np.uint64(1)]] += table[k + np.uint64(1)]
    parts[owners[w + np.uint64(2)]] += table[k + np.uint64(2)]
    parts[owners[w + np.uint64(3)]] += table[k + np.uint64(3)]
    parts[owners[w + np.uint64(4)]] += table[k + np.uint64(4)]
    parts[owners[w + np.uint64(5)]] += table[k + np.uint64(5)]
    parts[owners[w + np.uint64(6)]] += table[k + np.uint64(6)]
    parts[owners[w + np.uint64(7)]] += table[k + np.uint64(7)]


@njit(cache=True, inline="always")
def _add_parts(table, spans, owners, leaf, parts):
    """Add all parts of a leaf."""
    _add_record(table, owners, leaf, parts)
    place = TWO * (np.uint64(RECORD) * np.uint64(leaf) + MORE)
    for n in range(spans[place + ONE]):
        _add_record(table, owners, spans[place] + n, parts)


@njit(cache=True, inline="always")
def _add_all(table, spans, owners, at, trees, long, parts):
    """The sum of the values of the leaves at[: trees], in the order of trees; their parts are added meanwhile.

    Leaves with further records wait in `long`: whether there are any cannot be guessed.
    """
    total, longs = 0.0, 0
    for t in range(trees):
        leaf = np.uint64(at[t])
        total += table[np.uint64(RECORD) * leaf]
        long[longs] = at[t]
        longs += spans[TWO * (np.uint64(RECORD) * leaf + MORE) + ONE] > 0
        _add_record(table, owners, leaf, parts)
    for k in range(longs):
        place = TWO * (np.uint64(RECORD) * np.uint64(long[k]) + MORE)
        for n in range(spans[place + ONE]):
            _add_record(table, owners, spans[place] + n, parts)
    return total


@njit(cache=True, inline="always")
def choose(parts, features, row, reasons, sizes):
    """The four largest positive of parts float64[≥ features], largest first, the lower feature first among equals.

    Where there are fewer: −1 and 0.
    """
    p0 = p1 = p2 = p3 = SMALLEST_PART
    i0 = i1 = i2 = i3 = -1
    for first in range(0, features, 4):
        end = min(first + 4, features)
        if end == first + 4 and not (
            (parts[first] > p3) | (parts[first + 1] > p3) | (parts[first + 2] > p3) | (parts[first + 3] > p3)
        ):
            continue
        for f in range(first, end):
            value = parts[f]
            if value > p3:
                if value > p1:
                    p3, i3 = p2, i2
                    p2, i2 = p1, i1
                    if value > p0:
                        p1, i1 = p0, i0
                        p0, i0 = value, f
                    else:
                        p1, i1 = value, f
                elif value > p2:
                    p3, i3 = p2, i2
                    p2, i2 = value, f
                else:
                    p3, i3 = value, f
    reasons[row, 0], reasons[row, 1], reasons[row, 2], reasons[row, 3] = i0, i1, i2, i3
    sizes[row, 0] = p0 if i0 >= 0 else 0.0
    sizes[row, 1] = p1 if i1 >= 0 else 0.0
    sizes[row, 2] = p2 if i2 >= 0 else 0.0
    sizes[row, 3] = p3 if i3 >= 0 else 0.0


@njit(cache=True)
def score_rows(nodes, plan, table, x, out):
    """Margins of all rows: the leaves' values added in the order of trees, as LightGBM adds them.

    x float32[n, F]  C-contiguous, NaN = missing        out float64[n]
    """
    n, trees, width = x.shape[0], plan[P_TREES], work_width(plan)
    if n < FEW_ROWS:
        work1 = np.empty(width, np.float32)
        at = np.empty(trees + 1, np.int64)
        for row in range(n):
            _fill(plan, x, row, work1)
            _walk_row(nodes, plan, table, work1, at)
            total = 0.0
            for t in range(trees):
                total += table[RECORD * at[t]]
            out[row] = total / plan[P_AVERAGED]
        return
    work = np.zeros((ROWS, width), np.float32)
    leaf = np.empty(LANES, np.int64)
    totals = np.empty(ROWS)
    for start in range(0, n, ROWS):
        count = min(ROWS, n - start)
        for r in range(count):
            _fill(plan, x, start + r, work[r])
        totals[:] = 0.0
        for t in range(trees):
            for r in range(0, count, LANES):
                _walk_tree(nodes, plan, t, work, r, leaf)
                for k in range(LANES):
                    totals[r + k] += table[RECORD * leaf[k]]
        for r in range(count):
            out[start + r] = totals[r] / plan[P_AVERAGED]


@njit(cache=True)
def explain_rows(nodes, plan, table, x, out, reasons, sizes):
    """Margins as `score_rows` gives them, and the four features that raised each margin most.

    x float32[n, F]  out float64[n]  reasons int32[n, 4] features, −1 = none  sizes float32[n, 4] their parts
    """
    n, trees, width, features = x.shape[0], plan[P_TREES], work_width(plan), plan[P_FEATURES]
    spans = table.view(np.int32)
    owners = table.view(np.uint16)
    if n < FEW_ROWS:
        work1 = np.empty(width, np.float32)
        parts1 = np.empty(features + PARTS)
        at, long = np.empty(trees + 1, np.int64), np.empty(trees + 1, np.int64)
        for row in range(n):
            _fill(plan, x, row, work1)
            _walk_row(nodes, plan, table, work1, at)
            parts1[:] = 0.0
            out[row] = _add_all(table, spans, owners, at, trees, long, parts1) / plan[P_AVERAGED]
            choose(parts1, features, row, reasons, sizes)
        return
    work = np.zeros((ROWS, width), np.float32)
    parts = np.empty((ROWS, features + PARTS))
    leaf = np.empty(LANES, np.int64)
    totals = np.empty(ROWS)
    for start in range(0, n, ROWS):
        count = min(ROWS, n - start)
        for r in range(count):
            _fill(plan, x, start + r, work[r])
        totals[:] = 0.0
        parts[:] = 0.0
        for t in range(trees):
            for r in range(0, count, LANES):
                _walk_tree(nodes, plan, t, work, r, leaf)
                for k in range(LANES):
                    totals[r + k] += table[RECORD * leaf[k]]
                    _add_parts(table, spans, owners, leaf[k], parts[r + k])
        for r in range(count):
            out[start + r] = totals[r] / plan[P_AVERAGED]
            choose(parts[r], features, start + r, reasons, sizes)


@njit(cache=True)
def part_rows(nodes, plan, table, x, parts):
    """All parts: parts float64[n, F + 8] of x float32[n, F]; per row the first F and the base sum to the margin, the rest is padding."""
    trees = plan[P_TREES]
    work = np.empty(work_width(plan), np.float32)
    at = np.empty(trees + 1, np.int64)
    spans = table.view(np.int32)
    owners = table.view(np.uint16)
    parts[:] = 0.0
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, table, work, at)
        for t in range(trees):
            _add_parts(table, spans, owners, at[t], parts[row])


@njit(cache=True)
def leaf_rows(nodes, plan, x, leaves):
    """The record of the leaf of every row of x float32[n, F] in every tree: leaves int64[n, trees + 1], the last column is padding."""
    work = np.empty(work_width(plan), np.float32)
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, nodes, work, leaves[row])
