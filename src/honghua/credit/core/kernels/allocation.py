"""How money that arrives is spread over debts, and how an open statement shrinks.

Order (terms; rules.md §7, 民法典 560/561): what is due before what is billed but not yet due; in each, costs and fees, then penalty,
then interest, then principal, each from the oldest statement on; from `principal_first_dpd` days past due, principal first. Then what
is owed but not yet billed: accrued interest, carried fees, unbilled purchases. The rest is the customer's: overpayment.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.credit.core.kernels.measures import due_unpaid, find_overdue_since, used_minor
from honghua.credit.core.layout import (
    D_BASE,
    D_BEARING,
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    DUE,
    H_AS_OF,
    H_DUES,
    H_FEE_CARRIED,
    H_HELD,
    H_INTEREST_ACCRUED,
    H_LIMIT,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_TEMPORARY,
    H_UNBILLED,
    T_PRINCIPAL_FIRST_DPD,
)  # fmt: skip


@njit(cache=True)
def take(head, field, amount):
    """Reduce head[field] by at most `amount`; returns what is left of the amount."""
    part = min(head[field], amount)
    head[field] -= part
    return amount - part


@njit(cache=True)
def pay_due(dues, i, field, amount):
    """Pay one component of open statement i; its minimum shrinks with it. Returns what is left of the amount."""
    part = min(dues[i, field], amount)
    dues[i, field] -= part
    dues[i, D_MINIMUM] = max(0, dues[i, D_MINIMUM] - part)
    if field == D_REVOLVING:
        dues[i, D_BASE] = min(dues[i, D_BASE], dues[i, D_REVOLVING])
    if field == D_REVOLVING or field == D_INSTALMENT:  # what is older is paid first
        dues[i, D_BEARING] = max(0, dues[i, D_BEARING] - part)
    return amount - part


@njit(cache=True)
def pay_field(head, dues, due_now, field, amount):
    """Pay one component on the open statements that are due by today (or, without `due_now`, on the others), oldest first."""
    for i in range(head[H_DUES]):
        if (dues[i, D_DUE] <= head[H_AS_OF]) == due_now:
            amount = pay_due(dues, i, field, amount)
    return amount


@njit(cache=True)
def pay_principal(head, dues, due_now, amount):
    """The same for principal; within a statement, instalments (wholly in the minimum) before purchases."""
    for i in range(head[H_DUES]):
        if (dues[i, D_DUE] <= head[H_AS_OF]) == due_now:
            amount = pay_due(dues, i, D_INSTALMENT, amount)
            amount = pay_due(dues, i, D_REVOLVING, amount)
    return amount


@njit(cache=True)
def drop_paid(head, dues):
    """Close up the rows of statements that are paid in full."""
    kept = 0
    for i in range(head[H_DUES]):
        if due_unpaid(dues[i]) > 0:
            if kept != i:
                for k in range(DUE):
                    dues[kept, k] = dues[i, k]
            kept += 1
    for i in range(kept, head[H_DUES]):
        for k in range(DUE):
            dues[i, k] = 0
    head[H_DUES] = kept


@njit(cache=True)
def pay_billed(head, dues, terms, amount):
    """Spread an amount over all that is billed or already late: what is due first (民法典 560), each part by the waterfall.

    Returns the rest.
    """
    switch = terms[T_PRINCIPAL_FIRST_DPD]
    since = find_overdue_since(head, dues)  # what a refund has just paid is overdue no more
    if switch > 0 and since != 0 and head[H_AS_OF] - since >= switch:
        amount = pay_principal(head, dues, True, amount)
    amount = pay_field(head, dues, True, D_FEE, amount)
    amount = pay_field(head, dues, True, D_PENALTY, amount)
    amount = take(head, H_PENALTY_ACCRUED, amount)
    amount = pay_field(head, dues, True, D_INTEREST, amount)
    amount = pay_principal(head, dues, True, amount)
    for field in (D_FEE, D_PENALTY, D_INTEREST):
        amount = pay_field(head, dues, False, field, amount)
    amount = pay_principal(head, dues, False, amount)
    drop_paid(head, dues)
    return amount


@njit(cache=True)
def pay(head, dues, terms, amount):
    """Spread a repayment over billed debt, then debt not yet billed; the rest becomes overpayment."""
    amount = pay_billed(head, dues, terms, amount)
    amount = take(head, H_INTEREST_ACCRUED, amount)
    amount = take(head, H_FEE_CARRIED, amount)
    amount = take(head, H_UNBILLED, amount)
    head[H_OVERPAID] += amount


@njit(cache=True)
def pay_overdue(head, dues, amount):
    """What a refund pays first: overdue penalty, interest and fee, then overdue principal (rules.md §1). Returns the rest.

    Which statements are overdue is settled before the first cent is spread: paying one's charges does not take it off the list.
    """
    late = np.zeros(head[H_DUES], np.bool_)
    for i in range(head[H_DUES]):
        late[i] = dues[i, D_DUE] < head[H_AS_OF] and dues[i, D_MINIMUM] > 0
    if not late.any():
        return amount
    for field in (D_PENALTY, D_INTEREST, D_FEE):
        for i in range(head[H_DUES]):
            if late[i]:
                amount = pay_due(dues, i, field, amount)
        if field == D_PENALTY:
            amount = take(head, H_PENALTY_ACCRUED, amount)
    for i in range(head[H_DUES]):
        if late[i]:
            amount = pay_due(dues, i, D_INSTALMENT, amount)
            amount = pay_due(dues, i, D_REVOLVING, amount)
    drop_paid(head, dues)
    return amount


@njit(cache=True)
def shrink_temporary(head, dues, plans, used_before):
    """A repaid part of the temporary limit does not come back: the temporary part is what lies above the fixed limit."""
    if head[H_TEMPORARY] == 0:
        return
    over_before = max(0, used_before + head[H_HELD] - head[H_LIMIT])
    over_after = max(0, used_minor(head, dues, plans) + head[H_HELD] - head[H_LIMIT])
    head[H_TEMPORARY] -= min(head[H_TEMPORARY], max(0, over_before - over_after))
