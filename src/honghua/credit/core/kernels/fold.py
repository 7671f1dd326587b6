"""The drivers: fold facts into one state, apply one fact and give its journal lines, close a day for a whole shard.

Cost sketch: an account's closing step touches ~1 kB of state and costs ~0.3 µs; a fact ~0.2 µs; both are memory-bound in a shard.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.credit.core.kernels.days import advance
from honghua.credit.core.kernels.events import ACCOUNT_OPENED, apply_event
from honghua.credit.core.kernels.measures import COMPONENTS, components
from honghua.credit.core.layout import BROKEN_ORDER, E_A2, E_KIND, E_ON, H_AS_OF, H_TERMS, OK, STATEMENT

CUTS_MAX = 2_400  # of one account in one bulk fold: two hundred years of months


@njit(cache=True)
def fold(head, dues, plans, terms, issued, events, statements, count):
    """Fold events int64[n, EVENT] (ordered by day) into a state, days passing between them.

    terms int64[k, TERMS] by terms id; issued as in `cut`; statements int64[m, STATEMENT] filled from row `count` on.
    Returns (status, count). On a status other than OK the state is unfinished and must be thrown away.
    """
    for i in range(events.shape[0]):
        if events[i, E_KIND] != ACCOUNT_OPENED:
            if events[i, E_ON] < head[H_AS_OF]:
                return BROKEN_ORDER, count
            status, count = advance(head, dues, plans, terms[head[H_TERMS]], issued, events[i, E_ON], statements, count)
            if status != OK:
                return status, count
            status = apply_event(head, dues, plans, terms[head[H_TERMS]], events[i])
        else:
            status = apply_event(head, dues, plans, terms[events[i, E_A2]], events[i])
        if status != OK:
            return status, count
    return OK, count


@njit(cache=True)
def difference(before, after, codes, amounts):
    """Journal lines that lead from one component vector to another: codes and amounts of the nonzero ones. Returns how many."""
    n = 0
    for k in range(COMPONENTS):
        if after[k] != before[k]:
            codes[n] = k
            amounts[n] = after[k] - before[k]
            n += 1
    return n


@njit(cache=True)
def step(head, dues, plans, terms, event, before, after, codes, amounts):
    """Apply one fact to a state on its day and give the journal lines: `before` must hold the state's components.

    On return `before` holds the new components, so that steps chain. Returns (status, number of lines).
    """
    status = apply_event(head, dues, plans, terms, event)
    if status != OK:
        return status, 0
    components(head, dues, plans, after)
    n = difference(before, after, codes, amounts)
    for k in range(COMPONENTS):
        before[k] = after[k]
    return OK, n


@njit(cache=True, nogil=True)
def close_shard(heads, dues, plans, terms, to, statements, has_statement, codes, amounts, line_counts, statuses):
    """Let the days pass until the start of day `to` for n accounts, at most one cut each, writing lines and statements.

    heads int64[n, HEAD] dues int64[n, d, DUE] plans int64[n, p, PLAN] terms int64[k, TERMS]; statements int64[n, STATEMENT],
    has_statement bool[n], codes and amounts int64[n, COMPONENTS], line_counts int64[n], statuses int64[n] are written.
    An account whose status is not OK is left half changed: its row must not be stored.
    """
    before = np.zeros(COMPONENTS, np.int64)
    after = np.zeros(COMPONENTS, np.int64)
    issued = np.zeros(0, np.int64)
    for i in range(heads.shape[0]):
        components(heads[i], dues[i], plans[i], before)
        status, cuts = advance(
            heads[i], dues[i], plans[i], terms[heads[i, H_TERMS]], issued, to, statements[i : i + 1], 0
        )
        statuses[i] = status
        has_statement[i] = cuts > 0
        line_counts[i] = 0
        if status == OK:
            components(heads[i], dues[i], plans[i], after)
            line_counts[i] = difference(before, after, codes[i], amounts[i])


@njit(cache=True, nogil=True)
def fold_many(heads, dues, plans, terms, events, to):
    """Fold events int64[n, k, EVENT] (ordered by day, zero kind = none) into n zeroed states and let days pass to the start of `to`.

    Room for every account must suffice: dues int64[n, d, DUE], plans int64[n, p, PLAN]. Returns the first account whose status
    is not OK, or −1. Statements cut on the way are not kept.
    """
    issued = np.zeros(0, np.int64)
    statements = np.zeros((CUTS_MAX, STATEMENT), np.int64)
    for i in range(heads.shape[0]):
        count = 0
        while count < events.shape[1] and events[i, count, E_KIND] != 0:
            count += 1
        status, _ = fold(heads[i], dues[i], plans[i], terms, issued, events[i, :count], statements, 0)
        if status == OK:
            status, _ = advance(heads[i], dues[i], plans[i], terms[heads[i, H_TERMS]], issued, to, statements, 0)
        if status != OK:
            return i
    return -1
