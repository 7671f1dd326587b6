"""The walk over all accounts: what planned events come to when each limit is used, repaid and raised in order of time."""

from __future__ import annotations

import numpy as np
from numba import njit

PURCHASE, REFUND, TRANSFER, REPAYMENT, LIMIT_RAISED = 1, 2, 3, 4, 5  # EventKind
PPM = 1_000_000
SMALLEST_MINOR = 2_000  # a share that comes to less is not worth a crook's while


@njit(cache=True)
def walk_accounts(
    kind,
    customer,
    origin,
    share_ppm,
    grid_minor,
    limit_minor,
    used_minor,
    amount,
    credit,
    available_out,
    limit_out,
    kept,
):
    """Walk planned events in order of time; settle amounts and credit, write what was available and which rows happen.

    kind, customer, origin (a row before, or -1), share_ppm, grid_minor   int64[n]
    limit_minor, used_minor   int64[people]   changed in place: limits and use at the start → at the end
    amount, credit            int64[n]        changed in place: plan → what happened; credit 2 (or not at all) becomes 1
    available_out, limit_out  int64[n]        before the event; of a raise: after it
    kept                      bool[n]         False: a purchase beyond the limit, a refund of nothing, a tiny share
    Cost: one pass, two random reads a row.
    """
    for row in range(len(kind)):
        who = customer[row]
        what = kind[row]
        about = origin[row]
        available = limit_minor[who] - used_minor[who]
        share = share_ppm[row]
        kept[row] = about < 0 or kept[about]
        if share > 0:
            base = available
            if about >= 0:
                base = amount[about]
            elif what == REPAYMENT:
                base = used_minor[who]
            elif what == LIMIT_RAISED:
                base = limit_minor[who]
            wished = base * share // PPM
            amount[row] = wished // grid_minor[row] * grid_minor[row]
            if amount[row] < SMALLEST_MINOR:
                kept[row] = False
        if kept[row]:
            if what == PURCHASE:
                if credit[row] > 0 and amount[row] > available:
                    kept[row] = credit[row] == 1
                    credit[row] = 0
                if kept[row] and credit[row] > 0:
                    credit[row] = 1
                    used_minor[who] += amount[row]
            elif what == REFUND:
                credit[row] = credit[about]
                if credit[row] > 0:
                    used_minor[who] -= min(amount[row], used_minor[who])
            elif what == REPAYMENT:
                used_minor[who] -= min(amount[row], used_minor[who])
            elif what == LIMIT_RAISED:
                limit_minor[who] += amount[row]
                available += amount[row]
        available_out[row] = available
        limit_out[row] = limit_minor[who]


REFUSED, FRAUD_REPORTED = 8, 6  # EventKind
NOT_TRIED, APPROVED, REFUSED_LIMIT = 0, 1, 4  # Heard


@njit(cache=True)
def settle_day(
    kind,
    row_of,
    share_ppm,
    grid_minor,
    months,
    limit_minor,
    used_minor,
    unpaid_minor,
    minimum_minor,
    deferred_minor,
    release_minor,
    blocked,
    amount,
    credit,
    code,
    available_out,
    limit_out,
    kept,
):
    """A plain house settles one day's wants in order of time: within the limit yes, beyond it or while in arrears no.

    kind, share_ppm, grid_minor, months  int64[n]  of the wants, by time; months: instalments wished, 0 or 1 = with the next bill
    row_of           int64[n]    place of the account in the arrays below; −1 = somebody without one
    limit_minor, used_minor, unpaid_minor, minimum_minor, deferred_minor, release_minor   int64[accounts], changed in place:
                     what is owed in all; of that on issued bills; of that needed for the minimum; of `used` what later bills will
                     ask for, and how much of it each will
    blocked          bool[accounts]   buys nothing on credit
    amount, credit   int64[n]    changed in place: what is wanted → what happened
    code             int8[n]     out: Heard;   available_out, limit_out  int64[n]  before the event (of a raise: after it)
    kept             bool[n]     out: it happened, or it was refused and the refusal is an event (see `life.house`)
    Cost: one pass, six random reads a row.  Oracle: life/tests/test_house.py (a dict of plain Python).
    """
    for row in range(len(kind)):
        who = row_of[row]
        what = kind[row]
        available = 0
        if who >= 0:
            available = max(limit_minor[who] - used_minor[who], 0)
        share = share_ppm[row]
        if share > 0:
            base = available
            if what == REPAYMENT:
                base = 0
                if who >= 0:
                    base = unpaid_minor[who] if unpaid_minor[who] > 0 else used_minor[who]
            elif what == LIMIT_RAISED:
                base = limit_minor[who] if who >= 0 else 0
            amount[row] = base * share // PPM // grid_minor[row] * grid_minor[row]
            if amount[row] < SMALLEST_MINOR:
                amount[row] = 0
        code[row] = APPROVED
        kept[row] = amount[row] > 0
        if what == PURCHASE:
            if credit[row] == 0:
                code[row] = NOT_TRIED
            elif who < 0 or blocked[who] or amount[row] > available or amount[row] == 0:
                code[row] = REFUSED_LIMIT
                credit[row] = 1 if credit[row] == 2 else 0
            else:
                credit[row] = 1
                used_minor[who] += amount[row]
                if months[row] > 1:
                    deferred_minor[who] += amount[row]
                    release_minor[who] += -(-amount[row] // months[row])
        elif what == REFUND:
            if credit[row] > 0 and who >= 0:
                back = min(amount[row], used_minor[who])
                used_minor[who] -= back
                unpaid_minor[who] = min(unpaid_minor[who], used_minor[who])
                minimum_minor[who] = min(minimum_minor[who], unpaid_minor[who])
                deferred_minor[who] = min(deferred_minor[who], used_minor[who] - unpaid_minor[who])
        elif what == REPAYMENT:
            if who < 0:
                kept[row] = False
            else:
                amount[row] = min(amount[row], used_minor[who])
                kept[row] = amount[row] > 0
                used_minor[who] -= amount[row]
                unpaid_minor[who] = max(unpaid_minor[who] - amount[row], 0)
                minimum_minor[who] = max(minimum_minor[who] - amount[row], 0)
                deferred_minor[who] = min(deferred_minor[who], used_minor[who] - unpaid_minor[who])
        elif what == LIMIT_RAISED:
            if who >= 0:
                limit_minor[who] += amount[row]
                available += amount[row]
        if not kept[row]:
            code[row] = NOT_TRIED
        available_out[row] = available
        limit_out[row] = limit_minor[who] if who >= 0 else 0


GOLDEN = 0x9E3779B97F4A7C15


@njit(cache=True)
def splitmix(x):
    """uint64 → uint64: the mixing step of splitmix64, a bijection without visible order (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def hash_uniforms(start, left, right, out):
    """float64[n] in [0, 1) for pairs of numbers, always the same for the same pair: taste that need not be stored.

    start  uint64   of the seed and the purpose;   left, right  int64[n]   e.g. a person and a scene;   out  float64[n]
    Cost: two mixings a row.
    """
    for i in range(len(out)):
        x = splitmix(start + np.uint64(left[i] + 1) * np.uint64(GOLDEN))
        x = splitmix(x ^ (np.uint64(right[i] + 1) * np.uint64(GOLDEN)))
        out[i] = np.float64(x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def hash_keys(start, ids, out):
    """int64[n]: what `market.keys_of` gives, written into `out`: keys without order for dense ids, 0 for −1.

    start  uint64   of seed and space;   ids  int64[n]   −1 = absent.   Cost: one mixing a row.
    """
    for i in range(len(out)):
        if ids[i] == -1:
            out[i] = 0
        else:
            x = splitmix(start + np.uint64(ids[i] + 1) * np.uint64(GOLDEN)) >> np.uint64(1)
            out[i] = max(np.int64(x), 1)
