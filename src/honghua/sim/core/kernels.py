"""The walk over all accounts: what planned events come to when each limit is used, repaid and raised in order of time."""

from __future__ import annotations

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
