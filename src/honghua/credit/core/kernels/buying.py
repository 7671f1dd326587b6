"""Many purchases on many accounts: how the accounts will stand before each, and the booking of those that stand as was foreseen.

Cost sketch: 0.3 µs a purchase, memory-bound: the account's head, its components, a line of each column.
"""

from __future__ import annotations

from numba import njit

from honghua.credit.core.kernels.events import PURCHASE_CAPTURED
from honghua.credit.core.kernels.fold import step
from honghua.credit.core.kernels.measures import components, days_past_due
from honghua.credit.core.layout import (
    E_A5,
    E_AMOUNT,
    E_KIND,
    E_ON,
    H_CLASS,
    H_HELD,
    H_LAST_CUT,
    H_LIMIT,
    H_OPENED,
    H_STATEMENTS,
    H_STATUS,
    H_TEMPORARY,
    OK,
)  # fmt: skip

AVAILABLE = 18  # ledger.core.Component.LIMIT_AVAILABLE in the component vector; a test holds them equal
# The account's part of decision.core.ACCOUNT_INPUTS; a test holds them equal.
(
    IN_AMOUNT, IN_MOST, IN_AVAILABLE, IN_STATUS, IN_PAST_DUE, IN_CONSUMPTION, IN_LIMIT, IN_TEMPORARY, IN_HELD, IN_CLASS,
    IN_STATEMENTS, IN_AGE, INPUTS,
) = range(13)  # fmt: skip


@njit(cache=True)
def measure_accounts(heads, dues, plans, balances):
    """Components of n accounts side by side into balances int64[n, COMPONENTS]."""
    for k in range(heads.shape[0]):
        components(heads[k], dues[k], plans[k], balances[k])


@njit(cache=True)
def read_accounts(places, heads, balances, today, inputs):
    """What accounts say about themselves before any order of theirs: columns of inputs int64[n, INPUTS], rows with places[i] ≥ 0."""
    for i in range(places.shape[0]):
        k = places[i]
        if k >= 0:
            inputs[i, IN_AVAILABLE] = balances[k, AVAILABLE]
            inputs[i, IN_STATUS] = heads[k, H_STATUS]
            inputs[i, IN_PAST_DUE] = days_past_due(heads[k])
            inputs[i, IN_LIMIT] = heads[k, H_LIMIT]
            inputs[i, IN_TEMPORARY] = heads[k, H_TEMPORARY]
            inputs[i, IN_HELD] = heads[k, H_HELD]
            inputs[i, IN_CLASS] = heads[k, H_CLASS]
            inputs[i, IN_STATEMENTS] = heads[k, H_STATEMENTS]
            inputs[i, IN_AGE] = today - heads[k, H_OPENED]


@njit(cache=True)
def foresee(who, holding, spent, held, inputs):
    """Let orders in a row take from what is available, as far as it goes: inputs int64[n, INPUTS] become those of each order's moment.

    who int64[n] numbers the accounts; holding bool[n]: the order holds its amount; spent and held int64[accounts], zeroed.
    """
    for i in range(who.shape[0]):
        k = who[i]
        inputs[i, IN_AVAILABLE] -= spent[k]
        inputs[i, IN_HELD] += held[k]
        if inputs[i, IN_AMOUNT] <= inputs[i, IN_AVAILABLE]:
            spent[k] += inputs[i, IN_AMOUNT]
            if holding[i]:
                held[k] += inputs[i, IN_AMOUNT]


@njit(cache=True)
def stands_as(head, balance, today, inputs):
    """Whether an account stands as these inputs say."""
    return (
        inputs[IN_AVAILABLE] == balance[AVAILABLE]
        and inputs[IN_STATUS] == head[H_STATUS]
        and inputs[IN_PAST_DUE] == days_past_due(head)
        and inputs[IN_LIMIT] == head[H_LIMIT]
        and inputs[IN_TEMPORARY] == head[H_TEMPORARY]
        and inputs[IN_HELD] == head[H_HELD]
        and inputs[IN_CLASS] == head[H_CLASS]
        and inputs[IN_STATEMENTS] == head[H_STATEMENTS]
        and inputs[IN_AGE] == today - head[H_OPENED]
    )


@njit(cache=True)
def buy_many(
    row, approved, places, categories, inputs, today, heads, dues, plans, balances, terms, event, after, days, counts, codes,
    amounts,
):  # fmt: skip
    """Book approved purchases from `row` on, until one that is not approved or whose account does not stand as was foreseen.

    approved bool[n]; places int64[n] of accounts, −1 = not among them; categories int64[n]; inputs int64[n, INPUTS] as judged;
    heads int64[a, HEAD], dues int64[a, d, DUE], plans int64[a, p, PLAN], balances int64[a, COMPONENTS], terms int64[a, TERMS] by
    account; event int64[EVENT] and after int64[COMPONENTS] are scratch. Written: days int64[n] on which they count, counts int64[n]
    of lines, codes and amounts int64[n, COMPONENTS]. Returns (row at which it ended, status of the kernel).
    """
    for i in range(row, places.shape[0]):
        k = places[i]
        if not approved[i] or k < 0 or not stands_as(heads[k], balances[k], today, inputs[i]):
            return i, OK
        event[:] = 0
        days[i] = max(today, heads[k, H_LAST_CUT])
        event[E_KIND], event[E_ON], event[E_AMOUNT], event[E_A5] = (
            PURCHASE_CAPTURED, days[i], inputs[i, IN_AMOUNT], categories[i],
        )  # fmt: skip
        status, counts[i] = step(heads[k], dues[k], plans[k], terms[k], event, balances[k], after, codes[i], amounts[i])
        if status != OK:
            return i, status
    return places.shape[0], OK
