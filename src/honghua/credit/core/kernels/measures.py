"""What can be read off a state: components of the journal, what is available, how late it is, when it next changes by itself."""

from __future__ import annotations

from numba import njit

from honghua.base.dates import add_months
from honghua.credit.core.layout import (
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    H_AS_OF,
    H_BANK,
    H_CHARGED_OFF,
    H_CLASS,
    H_CREDIT_LOSS,
    H_CURE,
    H_DUES,
    H_FEE_CARRIED,
    H_FEE_INCOME,
    H_HELD,
    H_INTEREST_ACCRUED,
    H_INTEREST_INCOME,
    H_LIMIT,
    H_MERCHANT,
    H_NEXT_ACTION,
    H_NEXT_CUT,
    H_NEXT_DUE,
    H_OVERDUE_SINCE,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_PENALTY_INCOME,
    H_PLANS,
    H_RECOVERY_INCOME,
    H_RESTRUCTURED,
    H_STATUS,
    H_SUBSIDY_EXPENSE,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
    H_UNBILLED,
    H_WAIVED,
    P_DEFERRED,
    P_LEFT,
    STATUS_ACTIVE,
    STATUS_FROZEN,
    STATUS_WRITTEN_OFF,
    T_ATTENTION,
    T_CURE_MONTHS,
    T_DOUBTFUL,
    T_LOSS,
    T_RESTRUCTURE_MONTHS,
    T_SUBSTANDARD,
)  # fmt: skip

COMPONENTS = 24
FAR = 2_932_896  # 9999-12-31: a day that never comes
PRODUCT_SAFE = 1 << 31  # two factors below it have a product below 2**62


@njit(cache=True)
def share_half_up(amount_minor, ppm):
    """amount × ppm / 10**6, rounded half up, exact for 0 ≤ amount ≤ 10**15 and 0 ≤ ppm ≤ 10**6 (no product leaves int64)."""
    whole = amount_minor // 1_000_000
    rest = amount_minor - whole * 1_000_000
    return whole * ppm + (rest * ppm + 500_000) // 1_000_000


@njit(cache=True)
def prorate_half_up(amount_minor, part, total):
    """amount × part / total, rounded half up; 0 ≤ amount, 0 ≤ part ≤ total, 0 < total < 2**62: exact, no product leaves int64.

    A product beyond 2**62 is divided while it is made, bit by bit of `part`: quotient and remainder < total are doubled and `rest`
    is added, so nothing grows beyond 2 × total (62 rounds at most; only sums beyond 21 million yuan come here).
    """
    whole = amount_minor // total
    rest = amount_minor - whole * total
    if rest < PRODUCT_SAFE and part < PRODUCT_SAFE:
        quotient = rest * part // total
        remainder = rest * part - quotient * total
    else:
        quotient = 0
        remainder = 0
        for k in range(61, -1, -1):
            quotient *= 2
            remainder *= 2
            if remainder >= total:
                remainder -= total
                quotient += 1
            if (part >> k) & 1:
                remainder += rest
                if remainder >= total:
                    remainder -= total
                    quotient += 1
    if remainder >= total - remainder:
        quotient += 1
    return whole * part + quotient


@njit(cache=True)
def due_unpaid(due):
    """Everything unpaid on one open statement."""
    return due[D_REVOLVING] + due[D_INSTALMENT] + due[D_FEE] + due[D_INTEREST] + due[D_PENALTY]


@njit(cache=True)
def used_minor(head, dues, plans):
    """Principal outstanding, wherever it stands: this is what uses the limit."""
    total = head[H_UNBILLED]
    for i in range(head[H_DUES]):
        total += dues[i, D_REVOLVING] + dues[i, D_INSTALMENT]
    for i in range(head[H_PLANS]):
        total += plans[i, P_LEFT]
    return total


@njit(cache=True)
def room_minor(head, dues, plans):
    """limit + temporary − used − held; negative after a reversed repayment or an expired temporary limit."""
    return head[H_LIMIT] + head[H_TEMPORARY] - used_minor(head, dues, plans) - head[H_HELD]


@njit(cache=True)
def components(head, dues, plans, out):
    """The account's balance in each component of the chart of accounts, debit positive, into out int64[24]; they sum to zero."""
    billed = 0
    fee = head[H_FEE_CARRIED]
    interest = head[H_INTEREST_ACCRUED]
    penalty = head[H_PENALTY_ACCRUED]
    for i in range(head[H_DUES]):
        billed += dues[i, D_REVOLVING] + dues[i, D_INSTALMENT]
        fee += dues[i, D_FEE]
        interest += dues[i, D_INTEREST]
        penalty += dues[i, D_PENALTY]
    left = 0
    deferred = 0
    for i in range(head[H_PLANS]):
        left += plans[i, P_LEFT]
        deferred += plans[i, P_DEFERRED]
    granted = head[H_LIMIT] + head[H_TEMPORARY]
    used = head[H_UNBILLED] + billed + left
    room = granted - used - head[H_HELD]
    out[0] = head[H_UNBILLED]
    out[1] = billed
    out[2] = left
    out[3] = interest
    out[4] = fee
    out[5] = penalty
    out[6] = -head[H_OVERPAID]
    out[7] = -deferred
    out[8] = head[H_MERCHANT]
    out[9] = head[H_BANK]
    out[10] = -head[H_INTEREST_INCOME]
    out[11] = -head[H_FEE_INCOME]
    out[12] = -head[H_PENALTY_INCOME]
    out[13] = -head[H_RECOVERY_INCOME]
    out[14] = head[H_SUBSIDY_EXPENSE]
    out[15] = head[H_CREDIT_LOSS]
    out[16] = head[H_WAIVED]
    out[17] = -granted
    out[18] = max(room, 0)
    out[19] = head[H_HELD]
    out[20] = used
    out[21] = min(room, 0)
    out[22] = head[H_CHARGED_OFF]
    out[23] = -head[H_CHARGED_OFF]


@njit(cache=True)
def find_overdue_since(head, dues):
    """The due day of the oldest open statement whose minimum is unpaid after it; 0 when none. `H_OVERDUE_SINCE` as of this moment."""
    since = 0
    for i in range(head[H_DUES]):
        due_on = dues[i, D_DUE]
        if due_on < head[H_AS_OF] and dues[i, D_MINIMUM] > 0 and (since == 0 or due_on < since):
            since = due_on
    return since


@njit(cache=True)
def days_past_due(head):
    """Days since the due day of the oldest statement whose minimum is unpaid; 0 when none."""
    if head[H_OVERDUE_SINCE] == 0:
        return 0
    return head[H_AS_OF] - head[H_OVERDUE_SINCE]


@njit(cache=True)
def class_of_days(dpd, terms):
    """Five-class risk class by days past due: 1 normal, 2 attention, 3 substandard, 4 doubtful, 5 loss."""
    if dpd >= terms[T_LOSS]:
        return 5
    if dpd >= terms[T_DOUBTFUL]:
        return 4
    if dpd >= terms[T_SUBSTANDARD]:
        return 3
    if dpd >= terms[T_ATTENTION]:
        return 2
    return 1


@njit(cache=True)
def classify(head, dues, terms):
    """Refresh what follows from the day and the dues: overdue since, next due day, risk class and its cure, next action day.

    A non-performing account (class ≥ 3) gets better only after all arrears are paid and `cure_months` without new ones; a
    restructured one stays at least "attention" for `restructure_months` (2023 order art. 13–18; rules.md §8).
    """
    today = head[H_AS_OF]
    overdue_since = find_overdue_since(head, dues)
    next_due = 0
    for i in range(head[H_DUES]):
        due_on = dues[i, D_DUE]
        if due_on >= today and due_unpaid(dues[i]) > 0 and (next_due == 0 or due_on < next_due):
            next_due = due_on
    head[H_OVERDUE_SINCE] = overdue_since
    head[H_NEXT_DUE] = next_due
    by_days = class_of_days(days_past_due(head), terms)
    if head[H_STATUS] == STATUS_WRITTEN_OFF:
        head[H_CLASS] = 5  # a loss that was booked does not heal
        head[H_CURE] = 0
    elif head[H_CLASS] >= 3:
        if overdue_since != 0:
            head[H_CURE] = 0
            head[H_CLASS] = max(head[H_CLASS], by_days)
        elif head[H_CURE] == 0:
            head[H_CURE] = today
        elif today >= add_months(head[H_CURE], terms[T_CURE_MONTHS]):
            head[H_CLASS] = 1
            head[H_CURE] = 0
    else:
        head[H_CLASS] = by_days
    if head[H_CLASS] == 1 and head[H_RESTRUCTURED] != 0:
        if today < add_months(head[H_RESTRUCTURED], terms[T_RESTRUCTURE_MONTHS]):
            head[H_CLASS] = 2
    head[H_NEXT_ACTION] = next_action(head, dues, terms)


@njit(cache=True)
def next_action(head, dues, terms):
    """The first day after `as_of_on` on which time alone changes this account: cut, due day passed, expiry, class or cure."""
    if head[H_STATUS] != STATUS_ACTIVE and head[H_STATUS] != STATUS_FROZEN:
        return FAR
    today = head[H_AS_OF]
    day = head[H_NEXT_CUT]
    if head[H_TEMPORARY] > 0 and today <= head[H_TEMPORARY_UNTIL]:
        day = min(day, head[H_TEMPORARY_UNTIL] + 1)
    for i in range(head[H_DUES]):
        if dues[i, D_DUE] >= today:
            day = min(day, dues[i, D_DUE] + 1)
    since = head[H_OVERDUE_SINCE]
    if since != 0:
        for k in range(T_ATTENTION, T_LOSS + 1):
            if since + terms[k] > today:
                day = min(day, since + terms[k])
    if head[H_CURE] != 0:
        day = min(day, max(add_months(head[H_CURE], terms[T_CURE_MONTHS]), today + 1))
    if head[H_RESTRUCTURED] != 0:
        end = add_months(head[H_RESTRUCTURED], terms[T_RESTRUCTURE_MONTHS])
        if end > today:
            day = min(day, end)
    return day
