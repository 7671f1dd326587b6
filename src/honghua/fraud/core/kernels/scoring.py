"""A whole fraud model over rows of values in one call: three detectors, their lines, the fusion that the labels' age asks for, reasons.

A row's bits do not depend on the rows beside it: every sum runs over columns in their order, and exp is the scalar one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from honghua.fraud.core.fusion import HINGE, MARGIN_MAX
from honghua.fraud.core.kernels.surprise import detector_surprise, tail_surprise
from honghua.models.core import explain_forest, score_forest

DETECTORS, LATE, BLIND = 3, 3, 4  # parts: crowd, rhythm, merchant, then the two fusions
VOICES = 3  # of a detector: surprise, alarm, margin of its forest
REASONS = 4
# Columns of spans int64[parts, 14]: pairs of first and end.
COLUMNS, SUMS, NODES, PLAN, CARDS, SPLITS, LEAVES = range(0, 14, 2)


@njit(cache=True)
def chance(margin):
    """The logistic of a margin, cut at ± MARGIN_MAX."""
    return 1.0 / (1.0 + math.exp(-min(max(margin, -MARGIN_MAX), MARGIN_MAX)))


@njit(cache=True)
def gather(values, rows, columns, room, further):
    """values[rows][:, columns] as float32[n, columns + further], the last ones left to the caller; room float32: what it lies in."""
    n, width = rows.shape[0], columns.shape[0] + further
    x = room[: n * width].reshape(n, width)
    for r in range(n):
        value, row = values[rows[r]], x[r]
        for k in range(columns.shape[0]):
            row[k] = value[columns[k]]
    return x


@njit(cache=True)
def hear(part, values, everyone, spans, arrays, tails, lines, room, raw, margin, voices, worst, scores):
    """One detector: voices float64[n, VOICES] and the worst value of each row, and its own probability into scores[:, 1 + part]."""
    at = spans[part]
    nodes, plans, cards, splits, leaves, columns, sums = arrays
    signs, counts, thresholds = tails
    first, end = at[COLUMNS], at[COLUMNS + 1]
    mine = columns[first:end]
    detector_surprise(values, mine, signs[first:end], thresholds[first:end], counts[first:end], raw, worst)
    tail_surprise(raw, sums[at[SUMS] : at[SUMS + 1]], raw)
    margin[: values.shape[0]] = 0.0
    if at[PLAN] < at[PLAN + 1]:
        x = gather(values, everyone, mine, room, 0)
        score_forest(
            nodes[at[NODES] : at[NODES + 1]], plans[at[PLAN] : at[PLAN + 1]], cards[at[CARDS] : at[CARDS + 1]],
            splits[at[SPLITS] : at[SPLITS + 1]], leaves[at[LEAVES] : at[LEAVES + 1]], x, margin[: values.shape[0]],
        )  # fmt: skip
    line = lines[part]
    for i in range(values.shape[0]):
        voices[i, 0] = raw[i]
        voices[i, 1] = max(raw[i] - HINGE, 0.0)
        voices[i, 2] = margin[i]
        total = line[0]
        for k in range(VOICES):
            total += voices[i, k] * line[1 + k]
        scores[i, 1 + part] = chance(total)


@njit(cache=True)
def fuse(part, values, rows, spans, arrays, lines, room, margin, voices, found, sizes, reasons, scores):
    """One fusion over the rows int64[k] that are its own: the fused probability into scores[:, 0], reasons as columns of the values."""
    at, n = spans[part], rows.shape[0]
    if n == 0:
        return
    nodes, plans, cards, splits, leaves, columns, _ = arrays
    mine = columns[at[COLUMNS] : at[COLUMNS + 1]]
    margin[:n] = 0.0
    found[:n] = -1
    if at[PLAN] < at[PLAN + 1]:
        x = gather(values, rows, mine, room, DETECTORS)
        for r in range(n):
            for d in range(DETECTORS):
                x[r, mine.shape[0] + d] = voices[d, rows[r], 0]
        explain_forest(
            nodes[at[NODES] : at[NODES + 1]], plans[at[PLAN] : at[PLAN + 1]], cards[at[CARDS] : at[CARDS + 1]],
            splits[at[SPLITS] : at[SPLITS + 1]], leaves[at[LEAVES] : at[LEAVES + 1]], x, margin[:n], found[:n], sizes[:n],
        )  # fmt: skip
    line = lines[part]
    for r in range(n):
        i = rows[r]
        total = line[0] + margin[r] * line[1]
        for d in range(DETECTORS):
            for k in range(VOICES):
                total += voices[d, i, k] * line[2 + d * VOICES + k]
        scores[i, 0] = chance(total)
        for k in range(REASONS):
            inside = found[r, k] >= 0 and found[r, k] < mine.shape[0]
            reasons[i, k] = mine[found[r, k]] if inside else -1


@njit(cache=True)
def add_alarm(surprise, worst, reasons):
    """Where a detector alone is alarmed (one in a thousand), its worst value is among the reasons, in the last place if need be."""
    loudest = 0
    for d in range(1, DETECTORS):
        if surprise[d] > surprise[loudest]:
            loudest = d
    if surprise[loudest] < HINGE or worst[loudest] < 0:
        return
    free = REASONS - 1
    for k in range(REASONS - 1, -1, -1):
        if reasons[k] == worst[loudest]:
            return
        if reasons[k] < 0:
            free = k
    reasons[free] = worst[loudest]


@njit(cache=True, nogil=True)  # a desk writes one unit while it judges the next
def score_rows(
    values, spans, nodes, plans, cards, splits, leaves, columns, sums, signs, counts, thresholds, lines, silence, silence_days,
    scores, reasons, surprise, worst, fresh,
):  # fmt: skip
    """Scores of values float32[n, V].  About 6 µs alone, 3 µs a row among many, with 300 trees in each fusion.

    spans int64[5, 14], lines float64[5, 11]: of each part, its stretches of the flat arrays and bias and weights; silence: the column
    that tells the labels' age.  Out: scores float64[n, 4] fused and detectors; reasons int32[n, 4] columns, −1 = none; surprise
    float64[n, 3]; worst int32[n, 3] columns; fresh bool[n]: the fusion that reads late labels spoke.
    """
    n = values.shape[0]
    widest = 0
    for part in range(BLIND + 1):
        widest = max(widest, spans[part, COLUMNS + 1] - spans[part, COLUMNS] + DETECTORS)
    room, margin, voices = np.empty(n * widest, np.float32), np.empty(n), np.empty((DETECTORS, n, VOICES))
    everyone, said, raw = np.arange(n), np.empty(n, np.int32), np.empty(n)
    found, sizes = np.empty((n, REASONS), np.int32), np.empty((n, REASONS), np.float32)
    arrays, tails = (nodes, plans, cards, splits, leaves, columns, sums), (signs, counts, thresholds)
    for d in range(DETECTORS):
        hear(d, values, everyone, spans, arrays, tails, lines, room, raw, margin, voices[d], said, scores)
        for i in range(n):
            surprise[i, d] = voices[d, i, 0]
            worst[i, d] = said[i]
    rows, many = np.empty(n, np.int64), 0
    for i in range(n):
        fresh[i] = values[i, silence] <= silence_days  # NaN, no label so far, is not fresh
        if fresh[i]:
            rows[many] = i
            many += 1
    fuse(LATE, values, rows[:many], spans, arrays, lines, room, margin, voices, found, sizes, reasons, scores)
    many = 0
    for i in range(n):
        if not fresh[i]:
            rows[many] = i
            many += 1
    fuse(BLIND, values, rows[:many], spans, arrays, lines, room, margin, voices, found, sizes, reasons, scores)
    for i in range(n):
        add_alarm(surprise[i], worst[i], reasons[i])
