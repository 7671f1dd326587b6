"""The auditor's driver: fold accounts from zero, up to every closed statement and up to today, and compare.

A statement is folded as it was known at its cut: with the facts up to its last fact id and the minimums issued before
it. The fold goes on from statement to statement while no fact came late, and begins again from zero where one did.
Cost sketch: a fold of the account's facts (~0.2 µs each) and cuts (~0.5 µs each), once more for every late fact.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.credit.core.kernels.days import advance
from honghua.credit.core.kernels.events import (
    ACCOUNT_OPENED,
    BILL_INSTALLED,
    HARDSHIP_AGREED,
    PAIR_CHANGED,
    PURCHASE_CAPTURED,
)
from honghua.credit.core.kernels.fold import fold
from honghua.credit.core.kernels.measures import FAR, components, due_unpaid
from honghua.credit.core.layout import (
    BROKEN_ORDER,
    D_MINIMUM,
    DUE,
    E_A0,
    E_A1,
    E_A2,
    E_KIND,
    E_ON,
    EVENT,
    H_DUES,
    H_PLANS,
    H_STATEMENTS,
    H_STATUS,
    H_TERMS,
    HEAD,
    OK,
    PLAN,
    S_CARRIED,
    S_CUT,
    S_FEE,
    S_INSTALMENT,
    S_INTEREST,
    S_MINIMUM,
    S_OVERDUE,
    S_OVERPAYMENT_USED,
    S_OWN_MINIMUM,
    S_PENALTY,
    S_REVOLVING,
    S_SEQ,
    S_TOTAL,
    STATEMENT,
    STATUS_NONE,
    UNKNOWN_EVENT,
)  # fmt: skip

PASSED_FIRST, PASSED_LAST = 17, 26  # the kinds between are PASSED_OVER and no others; a test holds them to it
DAY_OF_MONTH_MAX = 28
PERIODS_MAX = 60


@njit(cache=True)
def is_sound(event, terms_count):
    """Whether an event int64[EVENT] can be folded: a planted day 99 or unknown terms must not lead kernels astray."""
    kind = event[E_KIND]
    if kind == ACCOUNT_OPENED or kind == PAIR_CHANGED:
        days = 1 <= event[E_A0] <= DAY_OF_MONTH_MAX and 1 <= event[E_A1] <= DAY_OF_MONTH_MAX
        return days and (kind == PAIR_CHANGED or 0 < event[E_A2] < terms_count)
    if kind == PURCHASE_CAPTURED:
        return 0 <= event[E_A1] <= PERIODS_MAX
    if kind == BILL_INSTALLED or kind == HARDSHIP_AGREED:
        return 1 <= event[E_A0] <= PERIODS_MAX
    return True


@njit(cache=True)
def find_undoing(ids, reverses):
    """For each fact the id of the first fact that reverses it, 0 when none does; int64[n]."""
    undoing = np.zeros(ids.shape[0], np.int64)
    for j in range(ids.shape[0]):
        if reverses[j] == 0:
            continue
        for i in range(ids.shape[0]):
            if ids[i] == reverses[j] and (undoing[i] == 0 or ids[j] < undoing[i]):
                undoing[i] = ids[j]
    return undoing


@njit(cache=True)
def choose_known(events, ids, undoing, known_id, low, high, chosen):
    """Copy the events of low ≤ day < high that count for one who knows facts up to `known_id`; returns how many.

    events int64[n, EVENT] ordered by (day, id), ids and undoing int64[n]; chosen int64[n, EVENT] is written.
    """
    n = 0
    for i in range(events.shape[0]):
        kind = events[i, E_KIND]
        if ids[i] > known_id or events[i, E_ON] < low or events[i, E_ON] >= high:
            continue
        if PASSED_FIRST <= kind <= PASSED_LAST or 0 < undoing[i] <= known_id:
            continue
        chosen[n] = events[i]
        n += 1
    return n


@njit(cache=True)
def came_late(events, ids, after_id, until_id, day):
    """Whether one of the facts after_id < id ≤ until_id counts for a day before `day`."""
    for i in range(events.shape[0]):
        if after_id < ids[i] <= until_id and events[i, E_ON] < day:
            return True
    return False


@njit(cache=True)
def is_same_state(head, dues, plans, flat):
    """Whether a state equals a flat one (head, dues, plans)."""
    dues_end = HEAD + head[H_DUES] * DUE
    if flat.shape[0] != dues_end + head[H_PLANS] * PLAN:
        return False
    for k in range(HEAD):
        if head[k] != flat[k]:
            return False
    for i in range(head[H_DUES]):
        for k in range(DUE):
            if dues[i, k] != flat[HEAD + i * DUE + k]:
                return False
    for i in range(head[H_PLANS]):
        for k in range(PLAN):
            if plans[i, k] != flat[dues_end + i * PLAN + k]:
                return False
    return True


@njit(cache=True)
def is_missing(folded, rows, events, booked, entered_on):
    """Whether a statement that the fold cuts after the last of the stored rows should have been issued at its time.

    A cut with nothing to state issues none, and facts that come later may give it something: only a cut before which
    nothing was booked late is missed for certain, and only after `entered_on`, when the account came into this book.
    folded, rows int64[., STATEMENT]; booked int64[n] the day numbers on which the events were booked.
    """
    for r in range(folded.shape[0]):
        day = folded[r, S_CUT]
        if day <= entered_on or (rows.shape[0] > 0 and day <= rows[-1, S_CUT]):
            continue
        late = False
        for i in range(events.shape[0]):
            late = late or (events[i, E_ON] < day and booked[i] >= day)
        if not late:
            return True
    return False


@njit(cache=True)
def clear(head, dues, plans):
    """Make the state that of an account not yet opened."""
    head[:] = 0
    dues[:] = 0
    plans[:] = 0


@njit(cache=True)
def fold_on(head, dues, plans, terms, issued, events, to, statements):
    """Fold chosen events onto a state, let days pass until the start of day `to`. Returns (status, statements cut)."""
    for i in range(events.shape[0]):
        if not is_sound(events[i], terms.shape[0]):
            return UNKNOWN_EVENT, 0
    status, count = fold(head, dues, plans, terms, issued, events, statements, 0)
    if status != OK:
        return status, count
    if head[H_STATUS] == STATUS_NONE:
        return BROKEN_ORDER, count
    return advance(head, dues, plans, terms[head[H_TERMS]], issued, to, statements, count)


@njit(cache=True)
def adds_up(row, snapshot):
    """Whether a statement int64[STATEMENT] equals the sum of its parts and what its snapshot (flat) leaves open."""
    parts = row[S_CARRIED] + row[S_REVOLVING] + row[S_INSTALMENT] + row[S_FEE] + row[S_INTEREST] + row[S_PENALTY]
    if row[S_TOTAL] != parts - row[S_OVERPAYMENT_USED] or row[S_OWN_MINIMUM] < 0 or row[S_OVERDUE] > row[S_CARRIED]:
        return False
    if row[S_OVERPAYMENT_USED] == 0 and row[S_MINIMUM] < row[S_OWN_MINIMUM] + row[S_OVERDUE]:
        return False
    if snapshot.shape[0] < HEAD or snapshot[H_STATEMENTS] != row[S_SEQ] + 1:
        return False
    dues = snapshot[H_DUES]
    if dues < 0 or snapshot.shape[0] < HEAD + dues * DUE:
        return False
    total = 0
    minimum = 0
    for i in range(dues):
        due = snapshot[HEAD + i * DUE : HEAD + (i + 1) * DUE]
        total += due_unpaid(due)
        minimum += due[D_MINIMUM]
    return total == row[S_TOTAL] and minimum == row[S_MINIMUM]


@njit(cache=True)
def audit_account(
    terms, events, ids, reverses, booked, rows, known, snapshots, at, state, days, room, rows_ok, sums_ok
):
    """Audit one account; returns (whether its stored state is the fold of its facts, whether no statement is missing).

    events, ids, reverses, booked: its facts in fold order, with the day numbers on which they were booked.
    rows int64[m, STATEMENT], known int64[m], snapshots (flat, row j owns [at[j], at[j + 1])): its statements by number.
    state: the stored state, flat; days int64[2]: at the start of which it holds, on which the account entered the book.
    room int64[3]: rows for dues, plans and statements that suffice; rows_ok, sums_ok bool[m] are written.
    """
    head = np.zeros(HEAD, np.int64)
    dues = np.zeros((room[0], DUE), np.int64)
    plans = np.zeros((room[1], PLAN), np.int64)
    statements = np.zeros((room[2], STATEMENT), np.int64)
    chosen = np.zeros((events.shape[0], EVENT), np.int64)
    undoing = find_undoing(ids, reverses)
    m = rows.shape[0]
    issued = np.full(room[2], -1, np.int64)
    low = 0  # the day that the working state has reached by a cut; 0 = begin from zero
    known_id = 0
    complete = True
    for j in range(m):
        cut_on = rows[j, S_CUT]
        snapshot = snapshots[at[j] : at[j + 1]]
        sums_ok[j] = adds_up(rows[j], snapshot)
        if low != 0 and (known[j] < known_id or came_late(events, ids, known_id, known[j], low)):
            low = 0
        if low == 0:
            clear(head, dues, plans)
        n = choose_known(events, ids, undoing, known[j], low, cut_on, chosen)
        status, count = fold_on(head, dues, plans, terms, issued, chosen[:n], cut_on, statements)
        good = status == OK and count > 0 and is_same_state(head, dues, plans, snapshot)
        if count > 1:
            complete = complete and not is_missing(statements[: count - 1], rows[:j], events, booked, days[1])
        if good:
            for k in range(STATEMENT):
                good = good and statements[count - 1, k] == rows[j, k]
        heard = False
        for i in range(events.shape[0]):
            heard = heard or ids[i] == known[j]
            if ids[i] <= known[j] and events[i, E_ON] >= cut_on:
                good = False  # nothing of a day after the cut can have been known at the cut
        rows_ok[j] = good and heard
        if 0 <= rows[j, S_SEQ] < issued.shape[0]:
            issued[rows[j, S_SEQ]] = rows[j, S_OWN_MINIMUM]
        low = cut_on if status == OK else 0
        known_id = known[j]
    if low != 0 and came_late(events, ids, known_id, np.iinfo(np.int64).max, low):
        low = 0
    if low == 0:
        clear(head, dues, plans)
    n = choose_known(events, ids, undoing, np.iinfo(np.int64).max, low, FAR, chosen)
    status, count = fold_on(head, dues, plans, terms, issued, chosen[:n], days[0], statements)
    if status == OK and count > 0:
        complete = complete and not is_missing(statements[:count], rows, events, booked, days[1])
    return status == OK and is_same_state(head, dues, plans, state), complete


@njit(cache=True, nogil=True)
def audit_accounts(
    terms,
    facts,
    statement_at,
    states,
    state_at,
    days,
    rooms,
    events,
    ids,
    reverses,
    booked,
    rows,
    known,
    snapshots,
    at,
    out,
):
    """Audit a batch: account i owns facts [facts[i], facts[i + 1]), and likewise by statement_at and state_at.

    rooms int64[n, 3], days int64[n, 2]: see `audit_account`. out: state_ok, complete bool[n], rows_ok, sums_ok bool[m].
    """
    state_ok, complete, rows_ok, sums_ok = out
    for i in range(days.shape[0]):
        f, g = facts[i], facts[i + 1]
        s, t = statement_at[i], statement_at[i + 1]
        state_ok[i], complete[i] = audit_account(
            terms, events[f:g], ids[f:g], reverses[f:g], booked[f:g], rows[s:t], known[s:t], snapshots, at[s : t + 1],
            states[state_at[i] : state_at[i + 1]], days[i], rooms[i], rows_ok[s:t], sums_ok[s:t],
        )  # fmt: skip


@njit(cache=True, nogil=True)
def state_components(states, state_at, out):
    """Component balances of n flat states into out int64[n, COMPONENTS]; every state must have its full length."""
    for i in range(out.shape[0]):
        flat = states[state_at[i] : state_at[i + 1]]
        dues_end = HEAD + flat[H_DUES] * DUE
        dues = flat[HEAD:dues_end].reshape(flat[H_DUES], DUE)
        plans = flat[dues_end:].reshape(flat[H_PLANS], PLAN)
        components(flat[:HEAD], dues, plans, out[i])
