"""The policy kernel: walks a plan over blocks of rows, one operation at a time over the whole block; a single row goes alone.

Missing is NaN. A flag is 1.0 or 0.0. An operation on something missing is missing, except for `and` with a false side, `or` with a
true one, is_missing and coalesce; x / 0 is missing. Cost: about 0.3 ns per operation and row in blocks, 5 ns alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# One operation is a row of code int32[n, 5]: operation, out, a, b, c (registers).
OP_LT = 0
OP_LE = 1
OP_EQ = 2
OP_NE = 3
OP_AND = 4
OP_OR = 5
OP_NOT = 6
OP_IF = 7
OP_ADD = 8
OP_SUBTRACT = 9
OP_MULTIPLY = 10
OP_DIVIDE = 11
OP_NEGATE = 12
OP_ABS = 13
OP_MIN = 14
OP_MAX = 15
OP_FLOOR = 16
OP_IS_MISSING = 17
OP_COALESCE = 18

# Columns of rules int32[R, 5] and said int32[S, 3].
R_LANE = 0
R_THEN = 1  # number of what it says
R_MISSING = 2  # what it says when it cannot be told; -1 nothing
R_SHADOW = 3
R_HELD = 4  # register of its condition
S_OUTCOME = 0
S_SEVERITY = 1
S_FIGURE = 2  # register of the amount; -1 none

# Rows of the state int32[5, block].
ROW_GATE = 0  # only lanes from this one on may still speak
ROW_STAND = 1  # what stands, -1 nothing
ROW_STAND_RULE = 2
ROW_LESS = 3  # what was said about the amount, -1 nothing
ROW_LESS_RULE = 4

LANE_ALLOW = 1
LANE_AMOUNT = 5
LANE_NONE = 99
APPROVE = 1
APPROVE_LESS = 2
REFUSE = 5
TEMPORARY_LIMIT = 6
EXACT_MAX = 9007199254740992.0  # 2**53
FIGURES = 6


@njit(cache=True, error_model="numpy")
def run_operations(code, registers, n):
    """Run the code on the first n columns of registers float64[count, block], one operation over all columns at a time."""
    for k in range(len(code)):
        op, o, a, b, c = code[k, 0], code[k, 1], code[k, 2], code[k, 3], code[k, 4]
        if op == OP_LT:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (1.0 if x < y else 0.0)
        elif op == OP_LE:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (1.0 if x <= y else 0.0)
        elif op == OP_EQ:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (1.0 if x == y else 0.0)
        elif op == OP_NE:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (1.0 if x != y else 0.0)
        elif op == OP_AND:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = 0.0 if (x == 0.0) | (y == 0.0) else x * y  # the product is missing when one side is
        elif op == OP_OR:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = 1.0 if (x == 1.0) | (y == 1.0) else x + y
        elif op == OP_NOT:
            for i in range(n):
                registers[o, i] = 1.0 - registers[a, i]
        elif op == OP_IF:
            for i in range(n):
                x, y, z = registers[a, i], registers[b, i], registers[c, i]
                registers[o, i] = np.nan if x != x else (y if x == 1.0 else z)
        elif op == OP_ADD:
            for i in range(n):
                registers[o, i] = registers[a, i] + registers[b, i]
        elif op == OP_SUBTRACT:
            for i in range(n):
                registers[o, i] = registers[a, i] - registers[b, i]
        elif op == OP_MULTIPLY:
            for i in range(n):
                registers[o, i] = registers[a, i] * registers[b, i]
        elif op == OP_DIVIDE:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if y == 0.0 else x / y
        elif op == OP_NEGATE:
            for i in range(n):
                registers[o, i] = -registers[a, i]
        elif op == OP_ABS:
            for i in range(n):
                registers[o, i] = abs(registers[a, i])
        elif op == OP_MIN:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (x if x <= y else y)
        elif op == OP_MAX:
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = np.nan if (x != x) | (y != y) else (x if x >= y else y)
        elif op == OP_FLOOR:
            for i in range(n):
                registers[o, i] = np.floor(registers[a, i])
        elif op == OP_IS_MISSING:
            for i in range(n):
                registers[o, i] = 1.0 if registers[a, i] != registers[a, i] else 0.0
        else:  # OP_COALESCE
            for i in range(n):
                x, y = registers[a, i], registers[b, i]
                registers[o, i] = y if x != x else x


@njit(cache=True, error_model="numpy")
def run_alone(code, registers):
    """`run_operations` on the first column only: without the loops an operation costs a quarter."""
    for k in range(len(code)):
        op, o = code[k, 0], code[k, 1]
        x, y, z = registers[code[k, 2], 0], registers[code[k, 3], 0], registers[code[k, 4], 0]
        unsure = (x != x) | (y != y)
        if op == OP_LT:
            value = np.nan if unsure else (1.0 if x < y else 0.0)
        elif op == OP_LE:
            value = np.nan if unsure else (1.0 if x <= y else 0.0)
        elif op == OP_EQ:
            value = np.nan if unsure else (1.0 if x == y else 0.0)
        elif op == OP_NE:
            value = np.nan if unsure else (1.0 if x != y else 0.0)
        elif op == OP_AND:
            value = 0.0 if (x == 0.0) | (y == 0.0) else x * y
        elif op == OP_OR:
            value = 1.0 if (x == 1.0) | (y == 1.0) else x + y
        elif op == OP_NOT:
            value = 1.0 - x
        elif op == OP_IF:
            value = np.nan if x != x else (y if x == 1.0 else z)
        elif op == OP_ADD:
            value = x + y
        elif op == OP_SUBTRACT:
            value = x - y
        elif op == OP_MULTIPLY:
            value = x * y
        elif op == OP_DIVIDE:
            value = np.nan if y == 0.0 else x / y
        elif op == OP_NEGATE:
            value = -x
        elif op == OP_ABS:
            value = abs(x)
        elif op == OP_MIN:
            value = np.nan if unsure else (x if x <= y else y)
        elif op == OP_MAX:
            value = np.nan if unsure else (x if x >= y else y)
        elif op == OP_FLOOR:
            value = np.floor(x)
        elif op == OP_IS_MISSING:
            value = 1.0 if x != x else 0.0
        else:  # OP_COALESCE
            value = y if x != x else x
        registers[o, 0] = value


@njit(cache=True)
def run_rules(registers, start, n, rules, said, off, state, fired, unknown):
    """Fold every rule into the state of n rows, in order; fired, unknown uint64[all, words] are marked from row `start` on."""
    for k in range(len(rules)):
        lane = rules[k, R_LANE]
        condition = rules[k, R_HELD]
        silent = rules[k, R_SHADOW] != 0 or off[k] != 0
        figure = said[rules[k, R_THEN], S_FIGURE]
        word = k >> 6
        bit = np.uint64(1) << np.uint64(k & 63)
        for i in range(n):
            held = registers[condition, i]
            if held == 0.0:
                continue
            v = rules[k, R_THEN]
            if held != held or (figure >= 0 and registers[figure, i] != registers[figure, i]):
                unknown[start + i, word] |= bit
                v = rules[k, R_MISSING]
                if v < 0:
                    continue
            fired[start + i, word] |= bit
            if silent or lane < state[ROW_GATE, i]:
                continue
            outcome = said[v, S_OUTCOME]
            if outcome == REFUSE:
                state[ROW_GATE, i] = LANE_NONE
            elif lane == LANE_ALLOW:
                state[ROW_GATE, i] = LANE_AMOUNT
            else:
                state[ROW_GATE, i] = lane + 1
            stand = state[ROW_STAND, i]
            if outcome == APPROVE_LESS or outcome == TEMPORARY_LIMIT:
                state[ROW_LESS, i] = v
                state[ROW_LESS_RULE, i] = k
            elif stand < 0 or said[v, S_SEVERITY] > said[stand, S_SEVERITY]:
                state[ROW_STAND, i] = v
                state[ROW_STAND_RULE, i] = k


@njit(cache=True)
def whole_minor(value):
    """A float as whole minor units, rounded down, 0 … 2**53; missing is 0."""
    if not value >= 1.0:
        return 0
    return np.int64(np.floor(min(value, EXACT_MAX)))


@njit(cache=True)
def finish(registers, start, n, said, state, figures):
    """What stands and what was said about the amount (register 0) become the verdict: figures int64[all, 6] from row `start` on."""
    for i in range(n):
        stand = state[ROW_STAND, i]
        less = state[ROW_LESS, i]
        full = whole_minor(registers[0, i])
        outcome = APPROVE
        granted = full
        extra = 0
        v = stand
        rule = state[ROW_STAND_RULE, i]
        free = True  # nothing hinders, so the amount may speak
        if stand >= 0:
            outcome = said[stand, S_OUTCOME]
            free = said[stand, S_SEVERITY] == 0
        if outcome == REFUSE:
            granted = 0
        elif less >= 0:
            whole = whole_minor(registers[said[less, S_FIGURE], i])
            speaks = False
            if said[less, S_OUTCOME] == APPROVE_LESS:
                granted = min(whole, full)
                speaks = granted < full
                if granted == 0:  # nothing left to approve
                    speaks = True
                    free = True
            else:
                extra = whole
                speaks = extra > 0
            if speaks and free:
                outcome = said[less, S_OUTCOME]
                if granted == 0 and outcome == APPROVE_LESS:
                    outcome = REFUSE
                v = less
                rule = state[ROW_LESS_RULE, i]
        figures[start + i, 0] = outcome
        figures[start + i, 1] = v
        figures[start + i, 2] = rule
        figures[start + i, 3] = state[ROW_LESS_RULE, i]
        figures[start + i, 4] = granted
        figures[start + i, 5] = extra


@njit(cache=True, nogil=True)
def judge_rows(code, places, constants, rules, said, off, vectors, block, figures, fired, unknown):
    """Judge vectors float64[n, I] by a plan, block rows at a time.

    code      int32[ops, 5]     places int32[U]  the inputs that the plan reads: registers 0 … U-1; the first is the amount
    constants float64[K]        registers U … U+K-1, then the temporaries up to the highest that the code writes
    rules     int32[R, 5]       said   int32[S, 3]      off uint8[R]
    figures   int64[n, 6], fired and unknown uint64[n, words]: zeroed by the caller, written here.
    """
    n = vectors.shape[0]
    inputs = len(places)
    count = inputs + len(constants)
    for k in range(len(code)):
        count = max(count, code[k, 1] + 1)
    registers = np.empty((count, block), np.float64)
    state = np.empty((5, block), np.int32)
    for k in range(len(constants)):
        for i in range(block):
            registers[inputs + k, i] = constants[k]
    for start in range(0, n, block):
        rows = min(block, n - start)
        for k in range(inputs):
            place = places[k]
            for i in range(rows):
                registers[k, i] = vectors[start + i, place]
        for i in range(rows):
            state[ROW_GATE, i] = 0
            for k in range(ROW_GATE + 1, 5):
                state[k, i] = -1
        if rows == 1:
            run_alone(code, registers)
        else:
            run_operations(code, registers, rows)
        run_rules(registers, start, rows, rules, said, off, state, fired, unknown)
        finish(registers, start, rows, said, state, figures)


@njit(cache=True)
def judge_alone(code, places, registers, rules, said, off, vectors, row, found):
    """Judge one row of vectors float64[n, I] as `judge_rows` does: a third of its cost, since nothing is made and copied for it.

    registers float64[count, 1]: room that the caller keeps, with the constants in their places; the GIL is held, so that threads may
    share it.  found int64[6 + 2 × words]: the figures, then the bits of the rules that fired and of those that are unknown.
    """
    for k in range(len(places)):
        registers[k, 0] = vectors[row, places[k]]
    found[:] = 0
    bits = found[FIGURES:].view(np.uint64).reshape(2, (len(found) - FIGURES) // 2)
    state = np.full((5, 1), -1, np.int32)
    state[ROW_GATE, 0] = 0
    run_alone(code, registers)
    run_rules(registers, 0, 1, rules, said, off, state, bits[:1], bits[1:])
    finish(registers, 0, 1, said, state, found[:FIGURES].reshape(1, FIGURES))


@njit(cache=True, nogil=True)
def tally_rows(figures, fired, before, loss_chance, segments, counts, sums, rules, groups, losses):
    """Compare verdicts with what was decided before and add up. All sums are added to, never cleared.

    figures int64[n, 6], fired uint64[n, words]: the verdicts      before int64[n, 2]: outcome and amount granted before
    loss_chance float64[n] (NaN counts as 0)                        segments int64[n], 0 … S-1
    counts int64[8, 8] decisions, sums int64[2, 8, 8] minor units granted before and after, by outcome before and after
    rules  int64[R, 5]  spoke (acting or not), decided, decided and changed the outcome, decided and refused anew, decided and
                        stood in the customer's way (what the brake counts)
    groups int64[S, 6]  decisions, refused before, refused after, changed, granted before, granted after (minor units)
    losses float64[S, 2] expected before and after: chance × what was granted at once (approved, less, with a temporary limit)
    """
    for i in range(len(figures)):
        after = figures[i, 0]
        was = before[i, 0]
        given = figures[i, 4]
        group = segments[i]
        counts[was, after] += 1
        sums[0, was, after] += before[i, 1]
        sums[1, was, after] += given
        groups[group, 0] += 1
        groups[group, 1] += was == REFUSE
        groups[group, 2] += after == REFUSE
        groups[group, 3] += was != after
        groups[group, 4] += before[i, 1]
        groups[group, 5] += given
        chance = loss_chance[i]
        if chance == chance:
            if was == APPROVE or was == APPROVE_LESS or was == TEMPORARY_LIMIT:
                losses[group, 0] += chance * before[i, 1]
            if after == APPROVE or after == APPROVE_LESS or after == TEMPORARY_LIMIT:
                losses[group, 1] += chance * given
        decided = figures[i, 2]
        if decided >= 0:
            rules[decided, 1] += 1
            rules[decided, 2] += was != after
            rules[decided, 3] += after == REFUSE and was != REFUSE
            rules[decided, 4] += after != APPROVE and after != APPROVE_LESS and after != TEMPORARY_LIMIT
        for word in range(fired.shape[1]):
            bits = fired[i, word]
            rule = 64 * word
            while bits != 0:
                if bits & np.uint64(1):
                    rules[rule, 0] += 1
                bits >>= np.uint64(1)
                rule += 1
