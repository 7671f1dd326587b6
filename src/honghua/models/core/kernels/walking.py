"""Walks a forest: one row through sixteen trees side by side, or, where trees are too large for `abreast`, eight rows through one tree.

Cost sketch (300 trees × 31 leaves, mean depth 10, 100 features): 3,000 visits × 0.7 ns + 200 columns × 1.5 ns + 300 ordered additions
= 2.5 µs a row; parts add 300 cards × 5 additions and 170 slips × 3, × 0.5 ns, and the choice of four, = 1.2 µs. Nodes take 150 KB and
stay in the second cache as far as the cards, 0.8 MB, let them. Parts are whole grains: adding whole numbers in memory waits least.
Arrays `nodes`, `plan`, `cards` are those of `layout`; Python checks them and `x` before the call. Oracle: LightGBM, and tests/naive.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.graph.core import prefetch
from honghua.models.core.layout import (
    CARD,
    CARD_OWNERS,
    CARD_SLIP,
    COLUMN_SCALE,
    GROUP,
    HEAD_GRAIN,
    HEAD_SLIPS,
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
    PRESENT_TO_ZERO,
    REASONS,
    SET_HEAD,
    SMALLEST_PART,
    SPARE,
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
FIVE, SIX, SEVEN = np.uint64(5), np.uint64(6), np.uint64(7)
CARDS, OWNERS, FURTHER = np.uint64(CARD), np.uint64(CARD_OWNERS), np.uint64(CARD_SLIP)
COLUMN_SHIFT = np.uint64(COLUMN_SCALE.bit_length() - 1)
AS_ZERO, PRESENT, SIDES = np.uint64(ZERO_IS_MISSING), np.uint64(PRESENT_TO_ZERO), np.uint64(TO_LEFT | TO_RIGHT)
WAYS = np.array([ZERO, MINUS_INF, PLUS_INF], np.float32)  # of what is missing: TO_ZERO, TO_LEFT, TO_RIGHT
LEAST = np.float64(SMALLEST_PART)


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
    """Copy row `row` of x float32[n, F] into work float32[W], column by column, with what is missing already sent its way.

    No branch: which values are missing cannot be guessed.
    """
    first, told = np.uint64(plan[P_COLUMNS]), x[row]
    for c in range(np.uint64(plan[P_WIDTH])):
        code = np.uint64(plan[first + c])
        value = told[code >> COLUMN_SHIFT]
        missing = (value != value) | ((code & AS_ZERO != NONE) & (abs(value) <= ZERO_BOUND_F))
        work[c] = WAYS[code & SIDES] if missing else (ZERO if code & PRESENT != NONE else value)
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
def _walk_row(nodes, plan, cards, work, at):
    """Leaf of every tree for one work row, into at int64[trees + 1] (the last place takes what pads the last group).

    Their cards are asked for as they are found: they come while the next trees are walked.
    """
    links = nodes.view(np.uint16)
    numbers = nodes.view(np.int32)
    end = plan[P_SORTED] + plan[P_GROUPS] * GROUP
    for k in range(plan[P_SORTED], end - GROUP, 2 * GROUP):
        _walk_two_groups(nodes, links, numbers, plan, k, work, at)
        for lane in range(1 + LANES, GROUP):
            prefetch(cards, CARD + CARD * at[plan[k + lane]])
            prefetch(cards, CARD + CARD * at[plan[k + GROUP + lane]])
    if plan[P_GROUPS] & 1:
        _walk_group(nodes, links, numbers, plan, end - GROUP, work, at)
        for lane in range(1 + LANES, GROUP):
            prefetch(cards, CARD + CARD * at[plan[end - GROUP + lane]])


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
def _value(values, leaf):
    """The value of a leaf; values: cards as float64."""
    return values[CARDS + CARDS * np.uint64(leaf)]


@njit(cache=True, inline="always")
def _add_card(cards, owners, halves, leaf, parts):
    """Add the parts on a card to parts int64[F + SPARE]; the first slip with further ones, 0 = none."""
    k = CARDS + CARDS * np.uint64(leaf)
    w = FOUR * (k + OWNERS)
    parts[owners[w]] += cards[k + ONE]
    parts[owners[w + ONE]] += cards[k + TWO]
    parts[owners[w + TWO]] += cards[k + THREE]
    parts[owners[w + THREE]] += cards[k + FOUR]
    parts[owners[w + FOUR]] += cards[k + FIVE]
    return np.uint64(halves[TWO * k + FURTHER])


@njit(cache=True, inline="always")
def _add_slips(cards, owners, slips, count, parts):
    """Add the parts on the slips at slips uint64[: count] and on those that follow them, for which there is room behind.

    One queue, since how many slips a leaf has cannot be guessed.
    """
    done = NONE
    while done < count:
        slip = slips[done]
        k = FOUR * slip
        w = FOUR * (k + THREE)
        parts[owners[w]] += cards[k]
        parts[owners[w + ONE]] += cards[k + ONE]
        parts[owners[w + TWO]] += cards[k + TWO]
        slips[count] = slip + ONE
        count += np.uint64(owners[w + THREE])
        done += ONE


@njit(cache=True, inline="always")
def _add_all(cards, at, trees, slips, parts):
    """The sum of the values of the leaves at[: trees], in the order of trees; their parts are added meanwhile."""
    values, owners, halves = cards.view(np.float64), cards.view(np.uint16), cards.view(np.int32)
    total, count = 0.0, NONE
    for t in range(np.uint64(trees)):
        total += _value(values, at[t])
        slip = _add_card(cards, owners, halves, at[t], parts)
        slips[count] = slip
        prefetch(cards, FOUR * slip)
        count += np.uint64(slip > NONE)
    _add_slips(cards, owners, slips, count, parts)
    return total


@njit(cache=True, inline="always")
def _slip_room(cards, leaves):
    """Places that `_add_slips` needs for so many leaves."""
    return leaves * max(cards[HEAD_SLIPS], 1) + 1


@njit(cache=True, inline="always")
def choose(parts, features, row, reasons, sizes, some):
    """The four largest positive of parts float64[≥ features], largest first, the lower feature first among equals.

    Where there are fewer: −1 and 0. some int64[≥ features] is room. Nothing here is guessed: eight columns of maxima say what four of
    the parts reach at least, and few parts reach that.
    """
    low = _reached_by_four(parts, features)
    count = NONE
    for f in range(np.uint64(features)):
        some[count] = f
        count += np.uint64((parts[f] >= low) & (parts[f] > LEAST))
    p0 = p1 = p2 = p3 = LEAST
    i0 = i1 = i2 = i3 = -1
    for k in range(count):
        f = some[k]
        value = parts[f]
        b0, b1, b2, b3 = value > p0, value > p1, value > p2, value > p3
        p3, i3 = (p2 if b2 else (value if b3 else p3)), (i2 if b2 else (f if b3 else i3))
        p2, i2 = (p1 if b1 else (value if b2 else p2)), (i1 if b1 else (f if b2 else i2))
        p1, i1 = (p0 if b0 else (value if b1 else p1)), (i0 if b0 else (f if b1 else i1))
        p0, i0 = (value if b0 else p0), (f if b0 else i0)
    reasons[row, 0], reasons[row, 1], reasons[row, 2], reasons[row, 3] = i0, i1, i2, i3
    sizes[row, 0] = p0 if i0 >= 0 else 0.0
    sizes[row, 1] = p1 if i1 >= 0 else 0.0
    sizes[row, 2] = p2 if i2 >= 0 else 0.0
    sizes[row, 3] = p3 if i3 >= 0 else 0.0


@njit(cache=True, inline="always")
def _reached_by_four(parts, features):
    """What at least four of the parts reach; LEAST where that cannot be said so easily."""
    a = b = c = d = e = f = g = h = LEAST
    for block in range(np.uint64(features) >> THREE):
        k = block << THREE
        a, b = max(a, parts[k]), max(b, parts[k + ONE])
        c, d = max(c, parts[k + TWO]), max(d, parts[k + THREE])
        e, f = max(e, parts[k + FOUR]), max(f, parts[k + FIVE])
        g, h = max(g, parts[k + SIX]), max(h, parts[k + SEVEN])
    a, b, c, d = _sort_four(a, b, c, d)
    e, f, g, h = _sort_four(e, f, g, h)
    return min(max(a, h), max(b, g), max(c, f), max(d, e))  # the least of the four largest of eight


@njit(cache=True, inline="always")
def _sort_four(a, b, c, d):
    """Largest first."""
    a, b, c, d = max(a, b), min(a, b), max(c, d), min(c, d)
    a, c, b, d = max(a, c), min(a, c), max(b, d), min(b, d)
    return a, max(b, c), min(b, c), d


@njit(cache=True)
def score_rows(nodes, plan, cards, x, out):
    """Margins of all rows: the leaves' values added in the order of trees, as LightGBM adds them.

    x float32[n, F]  C-contiguous, NaN = missing        out float64[n]
    """
    if x.shape[0] < FEW_ROWS:
        _score_few(nodes, plan, cards, x, out)
    else:
        _score_many(nodes, plan, cards, x, out)


@njit(cache=True)
def _score_few(nodes, plan, cards, x, out):
    """Row by row."""
    trees, width = np.int64(plan[P_TREES]), work_width(plan)
    values = cards.view(np.float64)
    half = (width + 1) >> 1
    room = np.empty(half + trees + 1, np.int64)
    work, at = room[:half].view(np.float32)[:width], room[half:]
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, cards, work, at)
        total = 0.0
        for t in range(np.uint64(trees)):
            total += _value(values, at[t])
        out[row] = total / plan[P_AVERAGED]


@njit(cache=True)
def _score_many(nodes, plan, cards, x, out):
    """Eight rows at a time through each tree."""
    n, trees, width = x.shape[0], plan[P_TREES], work_width(plan)
    values = cards.view(np.float64)
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
                    totals[r + k] += _value(values, leaf[k])
        for r in range(count):
            out[start + r] = totals[r] / plan[P_AVERAGED]


@njit(cache=True)
def explain_rows(nodes, plan, cards, x, out, reasons, sizes):
    """Margins as `score_rows` gives them, and the four features that raised each margin most.

    x float32[n, F]  out float64[n]  reasons int32[n, 4] features, −1 = none  sizes float32[n, 4] their parts
    """
    if x.shape[0] < FEW_ROWS:
        explain_few(nodes, plan, cards, x, out, reasons, sizes)
    else:
        _explain_many(nodes, plan, cards, x, out, reasons, sizes)


@njit(cache=True)
def _explain_many(nodes, plan, cards, x, out, reasons, sizes):
    """Eight rows at a time through each tree."""
    n, trees, width, features = x.shape[0], plan[P_TREES], work_width(plan), np.int64(plan[P_FEATURES])
    values, owners, halves = cards.view(np.float64), cards.view(np.uint16), cards.view(np.int32)
    grain = values[HEAD_GRAIN]
    work = np.zeros((ROWS, width), np.float32)
    parts = np.empty((ROWS, features + SPARE), np.int64)
    told, some, slips = np.empty(features), np.empty(features, np.int64), np.empty(_slip_room(cards, 1), np.uint64)
    leaf = np.empty(LANES, np.int64)
    totals = np.empty(ROWS)
    for start in range(0, n, ROWS):
        count = min(ROWS, n - start)
        for r in range(count):
            _fill(plan, x, start + r, work[r])
        totals[:] = 0.0
        parts[:] = 0
        for t in range(trees):
            for r in range(0, count, LANES):
                _walk_tree(nodes, plan, t, work, r, leaf)
                for k in range(LANES):
                    totals[r + k] += _value(values, leaf[k])
                    slips[0] = _add_card(cards, owners, halves, leaf[k], parts[r + k])
                    _add_slips(cards, owners, slips, np.uint64(slips[0] > NONE), parts[r + k])
        for r in range(count):
            out[start + r] = totals[r] / plan[P_AVERAGED]
            for f in range(features):
                told[f] = parts[r, f] * grain
            choose(told, features, start + r, reasons, sizes, some)


@njit(cache=True)
def explain_few(nodes, plan, cards, x, out, reasons, sizes):
    """The same of fewer than FEW_ROWS rows, one by one; False, and nothing done, where the shapes do not fit.

    Shapes are asked for here since Python takes a twentieth of a row's time for it; all room is one stretch for the same reason.
    """
    n = x.shape[0]
    if (
        x.shape[1] != plan[P_FEATURES]
        or out.shape[0] != n
        or reasons.shape != (n, REASONS)
        or sizes.shape != (n, REASONS)
    ):
        return False
    trees, width, features = np.int64(plan[P_TREES]), work_width(plan), np.int64(plan[P_FEATURES])
    a = (width + 1) >> 1
    b = a + max(trees + 1, features)
    c = b + _slip_room(cards, trees)
    d = c + features + SPARE
    room = np.empty(d + features, np.int64)
    work, at, slips = room[:a].view(np.float32)[:width], room[a:b], room[b:c].view(np.uint64)
    parts, told = room[c:d], room[d:].view(np.float64)
    grain = cards.view(np.float64)[HEAD_GRAIN]
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, cards, work, at)
        parts[:] = 0
        out[row] = _add_all(cards, at, trees, slips, parts) / plan[P_AVERAGED]
        for f in range(features):
            told[f] = parts[f] * grain
        choose(told, features, row, reasons, sizes, at)
    return True


@njit(cache=True)
def part_rows(nodes, plan, cards, x, parts):
    """All parts: parts float64[n, F] of x float32[n, F]; those of a row and the base sum to its margin."""
    trees, features = np.int64(plan[P_TREES]), parts.shape[1]
    work = np.empty(work_width(plan), np.float32)
    at, slips = np.empty(trees + 1, np.int64), np.empty(_slip_room(cards, trees), np.uint64)
    sums = np.empty(features + SPARE, np.int64)
    grain = cards.view(np.float64)[HEAD_GRAIN]
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, cards, work, at)
        sums[:] = 0
        _add_all(cards, at, trees, slips, sums)
        for f in range(features):
            parts[row, f] = sums[f] * grain


@njit(cache=True)
def leaf_rows(nodes, plan, cards, x, leaves):
    """The number of the leaf of every row of x float32[n, F] in every tree: leaves int64[n, trees + 1], the last column is padding."""
    work = np.empty(work_width(plan), np.float32)
    for row in range(x.shape[0]):
        _fill(plan, x, row, work)
        _walk_row(nodes, plan, cards, work, leaves[row])
