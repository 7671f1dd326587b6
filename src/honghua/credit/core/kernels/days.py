"""How days pass: interest day by day, the cut of a statement, expiries. Nothing here needs a fact.

Day convention: an action of day d happens at the start of d, before the facts of d. A purchase on the cut day therefore goes onto
the next bill, a repayment on the due day is in time, and interest for day d (d after the due day) is earned at its start, so
a debt paid n days after its due day has cost n daily amounts.
"""

from __future__ import annotations

from numba import njit

from honghua.base.dates import civil_from_day, day_from_civil, next_month_day
from honghua.credit.core.kernels.allocation import drop_paid, pay_billed, shrink_temporary
from honghua.credit.core.kernels.measures import classify, due_unpaid, next_action, share_half_up, used_minor
from honghua.credit.core.layout import (
    BROKEN_ORDER,
    D_BASE,
    D_BEARING,
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_ISSUED,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    D_SEQ,
    DUE,
    FULL,
    H_AS_OF,
    H_CUT_DAY,
    H_CYCLE_PURCHASES,
    H_CYCLE_REFUNDS,
    H_CYCLE_REPAID,
    H_DUE_DAY,
    H_DUES,
    H_FEE_CARRIED,
    H_FEE_INCOME,
    H_INTEREST_ACCRUED,
    H_INTEREST_INCOME,
    H_LAST_CUT,
    H_NEXT_ACTION,
    H_NEXT_CUT,
    H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_PENALTY_INCOME,
    H_PLANS,
    H_STATEMENTS,
    H_STATUS,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
    H_UNBILLED,
    OK,
    P_BILLED,
    P_BILLED_ON,
    P_DEFERRED,
    P_FEE_BILLED,
    P_FEE_LEFT,
    P_LEFT,
    P_PERIODS,
    PLAN,
    S_CARRIED,
    S_CUT,
    S_DUE,
    S_FEE,
    S_FROM,
    S_INSTALMENT,
    S_INTEREST,
    S_MINIMUM,
    S_OVERDUE,
    S_OVERPAYMENT_USED,
    S_OWN_MINIMUM,
    S_PENALTY,
    S_PURCHASES,
    S_REFUNDS,
    S_REPAID,
    S_REVOLVING,
    S_SEQ,
    S_TOTAL,
    STATUS_ACTIVE,
    STATUS_FROZEN,
    T_INTEREST,
    T_MINIMUM_SHARE,
    T_PENALTY,
    T_PENALTY_DAYS_MAX,
)  # fmt: skip


@njit(cache=True)
def due_day_of(cut_on, due_day):
    """The due day of the statement cut on `cut_on`: the first `due_day` of a month after it."""
    y, m, d = civil_from_day(cut_on)
    if due_day > d:
        return day_from_civil(y, m, due_day)
    return next_month_day(cut_on, due_day)


@njit(cache=True)
def accrue(head, dues, terms, to):
    """Earn interest or penalty on every past-due principal for the days (as_of_on, to]; the daily amount is rounded half up.

    Principal carried over from an earlier bill (`D_BEARING`) goes on earning interest until the new due day, too (rules.md §1: from
    the day after the due day). After its due day all principal of a statement earns: interest when its minimum was paid, penalty
    instead when it was not, never both. Nothing is earned on fees, interest or penalty. `penalty_days_max` (0 = no end) stops
    penalty so many days after the due day.
    """
    frm = head[H_AS_OF]
    for i in range(head[H_DUES]):
        principal = dues[i, D_REVOLVING] + dues[i, D_INSTALMENT]
        free = max(0, min(to, dues[i, D_DUE]) - frm)
        if free > 0 and dues[i, D_BEARING] > 0:
            amount = free * share_half_up(dues[i, D_BEARING], terms[T_INTEREST])
            head[H_INTEREST_ACCRUED] += amount
            head[H_INTEREST_INCOME] += amount
        start = max(frm, dues[i, D_DUE])
        if principal == 0 or to <= start:
            continue
        if dues[i, D_MINIMUM] > 0:
            end = to
            if terms[T_PENALTY_DAYS_MAX] > 0:
                end = min(to, dues[i, D_DUE] + terms[T_PENALTY_DAYS_MAX])
            amount = max(0, end - start) * share_half_up(principal, terms[T_PENALTY])
            head[H_PENALTY_ACCRUED] += amount
            head[H_PENALTY_INCOME] += amount
        else:
            amount = (to - start) * share_half_up(principal, terms[T_INTEREST])
            head[H_INTEREST_ACCRUED] += amount
            head[H_INTEREST_INCOME] += amount
    head[H_AS_OF] = to


@njit(cache=True)
def expire_temporary(head):
    """Drop the temporary limit once its last day is over; what was bought with it stays owed."""
    if head[H_TEMPORARY] > 0 and head[H_AS_OF] > head[H_TEMPORARY_UNTIL]:
        head[H_TEMPORARY] = 0


@njit(cache=True)
def bill_plans(head, plans, day):
    """Bill one period of every plan; returns (principal, consumer fee). The remainder of a division goes into the first period."""
    principal = 0
    fee = 0
    kept = 0
    for i in range(head[H_PLANS]):
        periods = plans[i, P_PERIODS] - plans[i, P_BILLED]
        part = plans[i, P_LEFT] // periods + plans[i, P_LEFT] % periods
        fee_part = plans[i, P_FEE_LEFT] // periods + plans[i, P_FEE_LEFT] % periods
        deferred_part = plans[i, P_DEFERRED] // periods + plans[i, P_DEFERRED] % periods
        plans[i, P_LEFT] -= part
        plans[i, P_FEE_LEFT] -= fee_part
        plans[i, P_FEE_BILLED] += fee_part
        plans[i, P_DEFERRED] -= deferred_part
        plans[i, P_BILLED] += 1
        plans[i, P_BILLED_ON] = day
        head[H_FEE_INCOME] += fee_part + deferred_part
        principal += part
        fee += fee_part
        if plans[i, P_BILLED] < plans[i, P_PERIODS]:
            if kept != i:
                for k in range(PLAN):
                    plans[kept, k] = plans[i, k]
            kept += 1
    for i in range(kept, head[H_PLANS]):
        for k in range(PLAN):
            plans[i, k] = 0
    head[H_PLANS] = kept
    return principal, fee


@njit(cache=True)
def roll_old_dues(head, dues, new):
    """Carry open statements into a new one: overdue ones stay and are wanted in full; others pass their rest to row `new`.

    Returns (carried, overdue): what was unpaid from earlier bills, and the part of it that stays overdue.
    """
    carried = 0
    overdue = 0
    today = head[H_AS_OF]
    for i in range(new):
        unpaid = due_unpaid(dues[i])
        carried += unpaid
        if dues[i, D_DUE] >= today:
            continue
        if dues[i, D_MINIMUM] > 0:
            dues[i, D_MINIMUM] = unpaid
            dues[i, D_BASE] = 0
            overdue += unpaid
            continue
        dues[new, D_REVOLVING] += dues[i, D_REVOLVING]
        dues[new, D_BASE] += dues[i, D_REVOLVING]
        dues[new, D_BEARING] += dues[i, D_REVOLVING] + dues[i, D_INSTALMENT]
        dues[new, D_INSTALMENT] += dues[i, D_INSTALMENT]
        dues[new, D_FEE] += dues[i, D_FEE]
        dues[new, D_INTEREST] += dues[i, D_INTEREST]
        dues[new, D_PENALTY] += dues[i, D_PENALTY]
        for k in range(D_REVOLVING, DUE):
            dues[i, k] = 0
    return carried, overdue


@njit(cache=True)
def open_due(head, plans, dues, new, statement):
    """Fill row `new` of dues with what this cycle brought, and the statement's parts with the same figures."""
    instalment, fee = bill_plans(head, plans, head[H_AS_OF])
    for k in range(DUE):
        dues[new, k] = 0
    dues[new, D_SEQ] = head[H_STATEMENTS]
    dues[new, D_ISSUED] = head[H_AS_OF]
    dues[new, D_DUE] = due_day_of(head[H_AS_OF], head[H_DUE_DAY])
    dues[new, D_REVOLVING] = head[H_UNBILLED]
    dues[new, D_BASE] = head[H_UNBILLED]
    dues[new, D_INSTALMENT] = instalment
    dues[new, D_FEE] = fee + head[H_FEE_CARRIED]
    dues[new, D_INTEREST] = head[H_INTEREST_ACCRUED]
    dues[new, D_PENALTY] = head[H_PENALTY_ACCRUED]
    statement[S_REVOLVING] = dues[new, D_REVOLVING]
    statement[S_INSTALMENT] = instalment
    statement[S_FEE] = dues[new, D_FEE]
    statement[S_INTEREST] = dues[new, D_INTEREST]
    statement[S_PENALTY] = dues[new, D_PENALTY]
    head[H_UNBILLED] = 0
    head[H_FEE_CARRIED] = 0
    head[H_INTEREST_ACCRUED] = 0
    head[H_PENALTY_ACCRUED] = 0


@njit(cache=True)
def cut(head, dues, plans, terms, issued, statement):
    """Cut the statement of day `as_of_on` into statement int64[STATEMENT]; S_SEQ is −1 when there was nothing to state.

    issued int64[k]: own minimums of statements already issued, by their number: a closed statement asks no more than it said,
    also when the fold is repeated with later knowledge; −1 or beyond the end = not issued yet.
    Minimum = share × (purchases and carried principal) + all instalments, fees, interest, penalty and overdue (rules.md §1).
    Returns OK, or FULL when dues has no free row.
    """
    if head[H_DUES] >= dues.shape[0]:
        return FULL
    new = head[H_DUES]
    today = head[H_AS_OF]
    overpaid = head[H_OVERPAID]
    statement[S_SEQ] = head[H_STATEMENTS]
    statement[S_CUT] = today
    statement[S_FROM] = head[H_LAST_CUT]
    statement[S_PURCHASES] = head[H_CYCLE_PURCHASES]
    statement[S_REFUNDS] = head[H_CYCLE_REFUNDS]
    statement[S_REPAID] = head[H_CYCLE_REPAID]
    open_due(head, plans, dues, new, statement)
    statement[S_DUE] = dues[new, D_DUE]
    statement[S_CARRIED], statement[S_OVERDUE] = roll_old_dues(head, dues, new)
    own = share_half_up(dues[new, D_BASE], terms[T_MINIMUM_SHARE]) + due_unpaid(dues[new]) - dues[new, D_BASE]
    if own == 0:  # a share that rounds to nothing would never be asked for
        own = due_unpaid(dues[new])
    if head[H_STATEMENTS] < issued.shape[0] and issued[head[H_STATEMENTS]] >= 0:
        own = min(own, issued[head[H_STATEMENTS]])
    dues[new, D_MINIMUM] = own
    statement[S_OWN_MINIMUM] = own
    head[H_DUES] = new + 1
    used_before = used_minor(head, dues, plans)
    head[H_OVERPAID] = pay_billed(head, dues, terms, overpaid)
    shrink_temporary(head, dues, plans, used_before)  # own money that pays a bill is a repayment, too
    statement[S_OVERPAYMENT_USED] = overpaid - head[H_OVERPAID]
    finish_statement(head, dues, statement)
    turn_cycle(head)
    drop_paid(head, dues)
    return OK


@njit(cache=True)
def finish_statement(head, dues, statement):
    """Total and minimum over all open statements; count the cycle, and mark the statement when there is nothing to state."""
    total = 0
    minimum = 0
    for i in range(head[H_DUES]):
        total += due_unpaid(dues[i])
        minimum += dues[i, D_MINIMUM]
    statement[S_TOTAL] = total
    statement[S_MINIMUM] = minimum
    activity = head[H_CYCLE_PURCHASES] + head[H_CYCLE_REFUNDS] + head[H_CYCLE_REPAID]
    if total == 0 and activity == 0:
        statement[S_SEQ] = -1
    head[H_STATEMENTS] += 1


@njit(cache=True)
def turn_cycle(head):
    """Begin the next cycle: exactly one cut a calendar month, from the chosen pair of days once it takes effect."""
    head[H_CYCLE_PURCHASES] = 0
    head[H_CYCLE_REFUNDS] = 0
    head[H_CYCLE_REPAID] = 0
    head[H_LAST_CUT] = head[H_AS_OF]
    if head[H_NEXT_CUT_DAY] != 0:
        head[H_CUT_DAY] = head[H_NEXT_CUT_DAY]
        head[H_DUE_DAY] = head[H_NEXT_DUE_DAY]
        head[H_NEXT_CUT_DAY] = 0
        head[H_NEXT_DUE_DAY] = 0
    head[H_NEXT_CUT] = next_month_day(head[H_AS_OF], head[H_CUT_DAY])


@njit(cache=True)
def advance(head, dues, plans, terms, issued, to, statements, count):
    """Let days pass until the start of day `to`; statements int64[k, STATEMENT] receives those cut, from row `count` on.

    Goes from one day of action to the next, so one long step equals many short ones. Returns (status, count); on FULL
    (no room) or BROKEN_ORDER (a state that no fold makes) the state is partly advanced and must be thrown away.
    """
    if head[H_STATUS] != STATUS_ACTIVE and head[H_STATUS] != STATUS_FROZEN:
        head[H_AS_OF] = max(head[H_AS_OF], to)
        head[H_NEXT_ACTION] = next_action(head, dues, terms)
        return OK, count
    while head[H_NEXT_ACTION] <= to:
        if head[H_NEXT_ACTION] <= head[H_AS_OF]:
            return BROKEN_ORDER, count
        accrue(head, dues, terms, head[H_NEXT_ACTION])
        expire_temporary(head)
        if head[H_AS_OF] == head[H_NEXT_CUT]:
            if count >= statements.shape[0]:
                return FULL, count
            status = cut(head, dues, plans, terms, issued, statements[count])
            if status != OK:
                return status, count
            if statements[count, S_SEQ] >= 0:
                count += 1
        classify(head, dues, terms)
    accrue(head, dues, terms, to)
    return OK, count
