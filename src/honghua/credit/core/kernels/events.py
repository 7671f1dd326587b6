"""What each kind of fact does to a state. Amounts are as recorded; nothing is refused here, refusing is the commands' work."""

from __future__ import annotations

from numba import njit

from honghua.base.dates import first_day_of_month_after
from honghua.credit.core.kernels.allocation import drop_paid, pay, pay_due, pay_overdue, shrink_temporary, take
from honghua.credit.core.kernels.measures import classify, due_unpaid, prorate_half_up, share_half_up, used_minor
from honghua.credit.core.layout import (
    D_BASE,
    D_BEARING,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    E_A0,
    E_A1,
    E_A2,
    E_A3,
    E_A4,
    E_AMOUNT,
    E_KIND,
    E_ON,
    FULL,
    H_AS_OF,
    H_BANK,
    H_CHARGED_OFF,
    H_CLASS,
    H_CREDIT_LOSS,
    H_CUT_DAY,
    H_CYCLE_PURCHASES,
    H_CYCLE_REFUNDS,
    H_CYCLE_REPAID,
    H_DUE_DAY,
    H_DUES,
    H_FEE_CARRIED,
    H_FEE_INCOME,
    H_HELD,
    H_INTEREST_ACCRUED,
    H_LAST_CUT,
    H_LIMIT,
    H_MERCHANT,
    H_NEXT_CUT,
    H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY,
    H_OPENED,
    H_OVERPAID,
    H_PAIR_CHANGED,
    H_PENALTY_ACCRUED,
    H_PLANS,
    H_RECOVERY_INCOME,
    H_RESTRUCTURED,
    H_STATUS,
    H_SUBSIDY_EXPENSE,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
    H_TERMS,
    H_UNBILLED,
    H_WAIVED,
    OK,
    P_BILLED,
    P_BILLED_ON,
    P_CREATED,
    P_DEFERRED,
    P_FEE,
    P_FEE_LEFT,
    P_ID,
    P_KIND,
    P_LEFT,
    P_PAYER,
    P_PERIODS,
    P_PRINCIPAL,
    PAYER_CONSUMER,
    PAYER_MERCHANT,
    PAYER_PLATFORM,
    PLAN,
    PLAN_BILL,
    PLAN_HARDSHIP,
    PLAN_PURCHASE,
    SETTLEMENT_ALL_FEES,
    SETTLEMENT_DAYS_USED,
    STATUS_ACTIVE,
    STATUS_FROZEN,
    STATUS_WRITTEN_OFF,
    T_MINIMUM_SHARE,
    T_REFUND_FEE,
    T_REFUND_OVERDUE_FIRST,
    T_SETTLEMENT_FEE,
    UNKNOWN_EVENT,
)  # fmt: skip

# The kinds of facts.kinds.FactKind as plain integers, which is what compiled code compares; a test holds them equal.
ACCOUNT_OPENED, LIMIT_CHANGED, TEMPORARY_LIMIT_GRANTED, PURCHASE_AUTHORISED, PURCHASE_CAPTURED = 1, 2, 3, 4, 5
AUTHORISATION_RELEASED, PURCHASE_REFUNDED, REPAYMENT_RECEIVED, OVERPAYMENT_RETURNED, BILL_INSTALLED = 6, 7, 8, 9, 10
PLAN_SETTLED, PAIR_CHANGED, WRITTEN_OFF, RECOVERY_RECEIVED, HARDSHIP_AGREED, STATUS_SET = 11, 12, 13, 14, 15, 16
CHARGES_WAIVED = 27


@njit(cache=True)
def open_account(head, event):
    """Begin an account: limit, pair of days, first cut on the next cut day after the opening day."""
    head[H_STATUS] = STATUS_ACTIVE
    head[H_AS_OF] = event[E_ON]
    head[H_OPENED] = event[E_ON]
    head[H_LIMIT] = event[E_AMOUNT]
    head[H_CUT_DAY] = event[E_A0]
    head[H_DUE_DAY] = event[E_A1]
    head[H_TERMS] = event[E_A2]
    head[H_LAST_CUT] = event[E_ON]
    head[H_NEXT_CUT] = first_day_of_month_after(event[E_ON], event[E_A0])
    head[H_CLASS] = 1


@njit(cache=True)
def add_plan(head, plans, plan_id, kind, payer, periods, principal, fee):
    """Append an instalment plan; a fee that the merchant or the platform pays is deferred income, earned period by period."""
    i = head[H_PLANS]
    if i >= plans.shape[0]:
        return FULL
    for k in range(PLAN):
        plans[i, k] = 0
    plans[i, P_ID] = plan_id
    plans[i, P_KIND] = kind
    plans[i, P_PAYER] = payer
    plans[i, P_PERIODS] = periods
    plans[i, P_PRINCIPAL] = principal
    plans[i, P_LEFT] = principal
    plans[i, P_FEE] = fee
    plans[i, P_CREATED] = head[H_AS_OF]
    if payer == PAYER_CONSUMER:
        plans[i, P_FEE_LEFT] = fee
    else:
        plans[i, P_DEFERRED] = fee
    if payer == PAYER_MERCHANT:
        head[H_MERCHANT] += fee
    elif payer == PAYER_PLATFORM:
        head[H_SUBSIDY_EXPENSE] += fee
    head[H_PLANS] = i + 1
    return OK


@njit(cache=True)
def capture(head, plans, event):
    """A purchase becomes debt: onto the next bill, or into a plan. E_A0 hold released, E_A1 periods, E_A2 fee, E_A3 payer, E_A4 plan."""
    head[H_HELD] -= min(head[H_HELD], event[E_A0])
    amount = event[E_AMOUNT]
    head[H_MERCHANT] -= amount
    head[H_CYCLE_PURCHASES] += amount
    if event[E_A1] > 0:
        return add_plan(head, plans, event[E_A4], PLAN_PURCHASE, event[E_A3], event[E_A1], amount, event[E_A2])
    head[H_UNBILLED] += amount
    return OK


@njit(cache=True)
def find_plan(head, plans, plan_id):
    """Row of a plan, or −1."""
    for i in range(head[H_PLANS]):
        if plans[i, P_ID] == plan_id:
            return i
    return -1


@njit(cache=True)
def remove_plan(head, plans, i):
    """Close up the row of a plan that ended."""
    last = head[H_PLANS] - 1
    for j in range(i, last):
        for k in range(PLAN):
            plans[j, k] = plans[j + 1, k]
    for k in range(PLAN):
        plans[last, k] = 0
    head[H_PLANS] = last


@njit(cache=True)
def shrink_plan(head, plans, terms, i, amount):
    """Cancel `amount` ≤ P_LEFT of a plan's unbilled principal because the goods came back; its fee shrinks in proportion.

    A deferred fee goes back to whoever paid it when the terms say that fees are returned, else it is earned at once.
    """
    left = plans[i, P_LEFT]
    plans[i, P_FEE_LEFT] -= prorate_half_up(plans[i, P_FEE_LEFT], amount, left)
    deferred = prorate_half_up(plans[i, P_DEFERRED], amount, left)
    plans[i, P_DEFERRED] -= deferred
    if terms[T_REFUND_FEE] == 0:
        head[H_FEE_INCOME] += deferred
    elif plans[i, P_PAYER] == PAYER_MERCHANT:
        head[H_MERCHANT] -= deferred
    else:
        head[H_SUBSIDY_EXPENSE] -= deferred
    plans[i, P_LEFT] = left - amount
    if plans[i, P_LEFT] == 0:
        remove_plan(head, plans, i)


@njit(cache=True)
def refund(head, dues, plans, terms, event):
    """Money comes back from the merchant: overdue debt first, then the purchase where it stands, then other debt, rest to balance.

    E_A0 day of purchase, E_A1 plan (0 = none), E_A2 fee given back with it (decided when the refund was taken).
    """
    amount = event[E_AMOUNT]
    head[H_MERCHANT] += amount
    head[H_CYCLE_REFUNDS] += amount
    if head[H_CHARGED_OFF] > 0:
        part = min(amount, head[H_CHARGED_OFF])
        head[H_CHARGED_OFF] -= part
        head[H_RECOVERY_INCOME] += part
        amount -= part
    if terms[T_REFUND_OVERDUE_FIRST] != 0:
        amount = pay_overdue(head, dues, amount)
    if event[E_A1] != 0:
        i = find_plan(head, plans, event[E_A1])
        if i >= 0:
            part = min(amount, plans[i, P_LEFT])
            if part > 0:
                shrink_plan(head, plans, terms, i, part)
            amount -= part
    elif event[E_A0] >= head[H_LAST_CUT]:
        amount = take(head, H_UNBILLED, amount)
    head[H_FEE_INCOME] -= event[E_A2]
    pay(head, dues, terms, amount + event[E_A2])


@njit(cache=True)
def repay(head, dues, plans, terms, amount):
    """Money from the customer: temporary part first (by limit), debts by the waterfall."""
    used_before = used_minor(head, dues, plans)
    head[H_BANK] += amount
    head[H_CYCLE_REPAID] += amount
    pay(head, dues, terms, amount)
    shrink_temporary(head, dues, plans, used_before)


@njit(cache=True)
def instal_bill(head, dues, plans, terms, event):
    """Move billed purchases (newest statement first) into a plan; the minimum of those statements falls by their share."""
    wanted = event[E_AMOUNT]
    moved = 0
    for i in range(head[H_DUES] - 1, -1, -1):
        part = min(wanted - moved, dues[i, D_REVOLVING])
        if part == 0:
            continue
        share = share_half_up(dues[i, D_BASE], terms[T_MINIMUM_SHARE])
        dues[i, D_REVOLVING] -= part
        dues[i, D_BASE] = min(dues[i, D_BASE], dues[i, D_REVOLVING])
        dues[i, D_BEARING] = min(dues[i, D_BEARING], dues[i, D_REVOLVING] + dues[i, D_INSTALMENT])
        saved = share - share_half_up(dues[i, D_BASE], terms[T_MINIMUM_SHARE])
        dues[i, D_MINIMUM] = min(max(0, dues[i, D_MINIMUM] - saved), due_unpaid(dues[i]))  # no more than is left
        moved += part
    drop_paid(head, dues)
    if moved == 0:
        return OK
    fee = prorate_half_up(event[E_A1], moved, wanted)
    return add_plan(head, plans, event[E_A3], PLAN_BILL, event[E_A2], event[E_A0], moved, fee)


@njit(cache=True)
def settlement_fee(head, plans, terms, i):
    """Fee of settling plan i today: none, the running period's by days used (民法典 677), or all that remains, by the terms."""
    periods = plans[i, P_PERIODS] - plans[i, P_BILLED]
    left = plans[i, P_FEE_LEFT]
    if terms[T_SETTLEMENT_FEE] == SETTLEMENT_ALL_FEES:
        return left
    if terms[T_SETTLEMENT_FEE] != SETTLEMENT_DAYS_USED or left == 0:
        return 0
    start = max(plans[i, P_BILLED_ON], plans[i, P_CREATED])
    days = head[H_NEXT_CUT] - start
    next_fee = left // periods + left % periods
    return prorate_half_up(next_fee, min(head[H_AS_OF] - start, days), days)


@njit(cache=True)
def settle_plan(head, dues, plans, terms, event):
    """Pay off a plan early with E_AMOUNT; E_A0 plan. Too little reduces the plan, too much pays other debt."""
    amount = event[E_AMOUNT]
    head[H_BANK] += amount
    head[H_CYCLE_REPAID] += amount
    used_before = used_minor(head, dues, plans)
    i = find_plan(head, plans, event[E_A0])
    if i >= 0:
        fee = min(settlement_fee(head, plans, terms, i), max(0, amount - plans[i, P_LEFT]))
        part = min(amount, plans[i, P_LEFT])
        if part == plans[i, P_LEFT]:
            head[H_FEE_INCOME] += fee + plans[i, P_DEFERRED]
            amount -= part + fee
            remove_plan(head, plans, i)
        else:
            plans[i, P_FEE_LEFT] -= prorate_half_up(plans[i, P_FEE_LEFT], part, plans[i, P_LEFT])
            plans[i, P_LEFT] -= part
            amount -= part
    pay(head, dues, terms, amount)
    shrink_temporary(head, dues, plans, used_before)


@njit(cache=True)
def write_off(head, dues, plans):
    """Take the whole claim off the books as a loss and keep it in memo (账销案存, 财金〔2017〕90号); limits end."""
    claim = head[H_UNBILLED] + head[H_INTEREST_ACCRUED] + head[H_PENALTY_ACCRUED] + head[H_FEE_CARRIED]
    head[H_UNBILLED] = 0
    head[H_INTEREST_ACCRUED] = 0
    head[H_PENALTY_ACCRUED] = 0
    head[H_FEE_CARRIED] = 0
    for i in range(head[H_DUES]):
        for k in (D_REVOLVING, D_INSTALMENT, D_FEE, D_INTEREST, D_PENALTY):
            claim += dues[i, k]
            dues[i, k] = 0
    drop_paid(head, dues)
    for i in range(head[H_PLANS] - 1, -1, -1):
        claim += plans[i, P_LEFT]
        head[H_FEE_INCOME] += plans[i, P_DEFERRED]
        remove_plan(head, plans, i)
    own = min(head[H_OVERPAID], claim)
    head[H_OVERPAID] -= own
    head[H_CREDIT_LOSS] += claim - own
    head[H_CHARGED_OFF] += claim - own
    head[H_STATUS] = STATUS_WRITTEN_OFF
    head[H_LIMIT] = 0
    head[H_TEMPORARY] = 0
    head[H_CLASS] = 5


@njit(cache=True)
def recover(head, amount):
    """Money after write-off: income, and the memo claim falls; what exceeds the claim is the customer's."""
    head[H_BANK] += amount
    part = min(amount, head[H_CHARGED_OFF])
    head[H_CHARGED_OFF] -= part
    head[H_RECOVERY_INCOME] += part
    head[H_OVERPAID] += amount - part


@njit(cache=True)
def agree_hardship(head, dues, plans, event):
    """Turn everything billed and unbilled into one plan (个性化分期); E_A0 periods, E_A1 fee, E_A2 waive, E_A3 plan.

    Running plans go on. With E_A2 = 1 billed and accrued interest, penalty and fees are waived; else they go onto the next bill.
    """
    principal = head[H_UNBILLED]
    head[H_UNBILLED] = 0
    for i in range(head[H_DUES]):
        principal += dues[i, D_REVOLVING] + dues[i, D_INSTALMENT]
        head[H_INTEREST_ACCRUED] += dues[i, D_INTEREST]
        head[H_PENALTY_ACCRUED] += dues[i, D_PENALTY]
        head[H_FEE_CARRIED] += dues[i, D_FEE]
        for k in (D_REVOLVING, D_INSTALMENT, D_FEE, D_INTEREST, D_PENALTY, D_MINIMUM, D_BASE, D_BEARING):
            dues[i, k] = 0
    drop_paid(head, dues)
    if event[E_A2] == 1:
        head[H_WAIVED] += head[H_INTEREST_ACCRUED] + head[H_PENALTY_ACCRUED] + head[H_FEE_CARRIED]
        head[H_INTEREST_ACCRUED] = 0
        head[H_PENALTY_ACCRUED] = 0
        head[H_FEE_CARRIED] = 0
    head[H_RESTRUCTURED] = head[H_AS_OF]
    if principal == 0:
        return OK
    return add_plan(head, plans, event[E_A3], PLAN_HARDSHIP, PAYER_CONSUMER, event[E_A0], principal, event[E_A1])


@njit(cache=True)
def waive(head, dues, amount):
    """Forgive penalty, then interest, then fees: of bills, oldest first, then what runs towards the next one. Never principal.

    The minimum of a bill falls with what it no longer asks. What exceeds the charges there are is not forgiven.
    """
    left = amount
    for column, running in ((D_PENALTY, H_PENALTY_ACCRUED), (D_INTEREST, H_INTEREST_ACCRUED), (D_FEE, H_FEE_CARRIED)):
        for i in range(head[H_DUES]):
            left = pay_due(dues, i, column, left)
        left = take(head, running, left)
    drop_paid(head, dues)
    head[H_WAIVED] += amount - left


@njit(cache=True)
def set_limits(head, event):
    """Facts that only change limits, days or status."""
    kind = event[E_KIND]
    if kind == LIMIT_CHANGED:
        head[H_LIMIT] = event[E_AMOUNT]
    elif kind == TEMPORARY_LIMIT_GRANTED:
        head[H_TEMPORARY] = event[E_AMOUNT]
        head[H_TEMPORARY_UNTIL] = event[E_A0]
    elif kind == PAIR_CHANGED:
        head[H_NEXT_CUT_DAY] = event[E_A0]
        head[H_NEXT_DUE_DAY] = event[E_A1]
        head[H_PAIR_CHANGED] = event[E_ON]
    elif kind == STATUS_SET and head[H_STATUS] != STATUS_WRITTEN_OFF:
        head[H_STATUS] = event[E_A0]


@njit(cache=True)
def return_overpayment(head, amount):
    """Pay the customer's own money out; what was not theirs after all (a reversed repayment) becomes debt on the next bill."""
    head[H_BANK] -= amount
    head[H_UNBILLED] += take(head, H_OVERPAID, amount)


@njit(cache=True)
def apply_event(head, dues, plans, terms, event):
    """Apply one fact int64[EVENT] to a state that has reached its day. Returns OK, FULL or UNKNOWN_EVENT."""
    kind = event[E_KIND]
    amount = event[E_AMOUNT]
    live = head[H_STATUS] == STATUS_ACTIVE or head[H_STATUS] == STATUS_FROZEN
    status = OK
    if kind == PURCHASE_CAPTURED:
        status = capture(head, plans, event)
    elif kind == REPAYMENT_RECEIVED or kind == RECOVERY_RECEIVED:  # which of the two it is, the account's state says
        if live or head[H_CHARGED_OFF] == 0:
            repay(head, dues, plans, terms, amount)
        else:
            recover(head, amount)
    elif kind == PURCHASE_AUTHORISED:
        head[H_HELD] += amount
    elif kind == AUTHORISATION_RELEASED:
        head[H_HELD] -= min(head[H_HELD], amount)
    elif kind == PURCHASE_REFUNDED:
        refund(head, dues, plans, terms, event)
    elif kind == ACCOUNT_OPENED:
        open_account(head, event)
    elif kind == OVERPAYMENT_RETURNED:
        return_overpayment(head, amount)
    elif kind == BILL_INSTALLED:
        status = instal_bill(head, dues, plans, terms, event)
    elif kind == PLAN_SETTLED:
        settle_plan(head, dues, plans, terms, event)
    elif kind == WRITTEN_OFF:
        write_off(head, dues, plans)
    elif kind == CHARGES_WAIVED:
        waive(head, dues, amount)
    elif kind == HARDSHIP_AGREED:
        status = agree_hardship(head, dues, plans, event)
    elif kind == LIMIT_CHANGED or kind == TEMPORARY_LIMIT_GRANTED or kind == PAIR_CHANGED or kind == STATUS_SET:
        set_limits(head, event)
    else:
        return UNKNOWN_EVENT
    classify(head, dues, terms)
    return status
