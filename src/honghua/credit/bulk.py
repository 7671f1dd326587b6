"""Bring whole accounts into the book in columns: facts, one opening entry each, state. For migrations of a portfolio and for benches.

The state must be the fold of the facts given; what is posted are its components, so journal and state agree from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numba import njit
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.credit.core.kernels.fold import fold_many
from honghua.credit.core.kernels.measures import COMPONENTS, components
from honghua.credit.core.layout import ARGS, DUE, E_AMOUNT, E_KIND, E_ON, EVENT, H_DUES, H_PLANS, H_TERMS, HEAD, PLAN
from honghua.credit.registry import Registry
from honghua.credit.shard import gather
from honghua.credit.store import ACCOUNT_NAMES, HEAD_IS_DATE, get_business_day
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, EntryBatch, OwnerKind, account_keys
from honghua.store.copybin import Bool, Date, Int8, Int8Array, Text, copy_in
from honghua.store.facts import FactBatch, allocate_fact_ids, append_facts

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class AccountBlock:
    """n accounts side by side: ids int64[n], refs, state heads/dues/plans, a merchant each.

    events int64[n, k, EVENT] with fact ids int64[n, k]: what the states are the fold of; kind 0 = none.
    """

    ids: Ints
    refs: list[str]
    heads: Ints
    dues: Ints
    plans: Ints
    events: Ints
    fact_ids: Ints
    merchants: Ints


@njit(cache=True, nogil=True)
def components_many(heads, dues, plans, out):  # type: ignore[no-untyped-def]
    """`components` of n accounts into out int64[n, 24]."""
    for i in range(heads.shape[0]):
        components(heads[i], dues[i], plans[i], out[i])


def import_accounts(
    conn: psycopg.Connection,
    registry: Registry,
    *,
    refs: list[str],
    events: Ints,
    merchants: Ints,
    rows_max: tuple[int, int],
) -> int:
    """Bring n new accounts in with the facts given; returns how many facts. Inside the caller's transaction.

    events int64[n, k, EVENT]: each account's facts in order of day, the opening first; merchants int64[n]: whom its purchases are
    owed to; rows_max: room for (open statements, plans) of one account. The states are folded to the book's business date.
    Statements that the fold cuts on the way were issued elsewhere and are not stored. Raises BadInput when an account does not fold.
    """
    n, k, _ = events.shape
    today = to_day(get_business_day(conn, share=True))
    heads, dues = np.zeros((n, HEAD), np.int64), np.zeros((n, rows_max[0], DUE), np.int64)
    plans = np.zeros((n, rows_max[1], PLAN), np.int64)
    failed = fold_many(heads, dues, plans, registry.terms_rows, events, today)
    if failed >= 0:
        raise BadInput(
            f"the facts of customer {refs[failed]} do not fold: out of order, unknown or too many open rows",
            code="BAD_FACTS",
        )
    currency = registry.terms[int(heads[0, H_TERMS])].currency
    ids = ledger.open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency=currency)
    fact_ids = allocate_fact_ids(conn, n * k).reshape(n, k)
    store_block(
        conn,
        AccountBlock(ids, refs, heads, dues, plans, events, fact_ids, merchants),
        booked_on=today,
        currency=currency,
    )
    return int(np.count_nonzero(events[:, :, E_KIND]))


def store_block(conn: psycopg.Connection, block: AccountBlock, *, booked_on: int, currency: str) -> None:
    """Write facts, entries, balances and states of a block, in the caller's transaction. The accounts must be new."""
    n, k = block.fact_ids.shape
    flat = block.events.reshape(n * k, EVENT)
    given = flat[:, E_KIND] != 0
    flat, account_ids = flat[given], np.repeat(block.ids, k)[given]
    is_purchase = np.isin(flat[:, E_KIND], (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED))
    fact_ids, merchants = block.fact_ids.ravel()[given], np.repeat(block.merchants, k)[given]
    append_facts(
        conn,
        FactBatch(
            fact_id=fact_ids, kind=flat[:, E_KIND], account_id=account_ids, value_on=flat[:, E_ON],
            effective_on=flat[:, E_ON], happened_at=flat[:, E_ON] * DAY_US, amount_minor=flat[:, E_AMOUNT],
            counterparty_id=np.where(is_purchase, merchants, 0), purchase_id=np.where(is_purchase, fact_ids, 0),
            args_values=np.ascontiguousarray(flat[:, 3:]).ravel(), args_offsets=np.arange(0, len(flat) * ARGS + 1, ARGS, dtype=np.int64),
        ),
    )  # fmt: skip
    insert_states(conn, block)
    ledger.post_entries(conn, opening_entries(block, booked_on, currency))


def insert_states(conn: psycopg.Connection, block: AccountBlock) -> None:
    """Store the accounts."""
    columns: list[Any] = [Int8(block.ids), Text(block.refs)]
    columns += [Date(block.heads[:, j]) if HEAD_IS_DATE[j] else Int8(block.heads[:, j]) for j in range(HEAD)]
    columns += [
        Int8Array(*gather(block.dues, block.heads[:, H_DUES], DUE)),
        Int8Array(*gather(block.plans, block.heads[:, H_PLANS], PLAN)),
    ]
    last_fact_ids = np.where(block.events[:, :, E_KIND] != 0, block.fact_ids, 0).max(axis=1)
    columns += [Int8(last_fact_ids), Bool(np.zeros(len(block.ids), np.bool_))]
    copy_in(conn, "credit_account", ACCOUNT_NAMES, columns)


def opening_entries(block: AccountBlock, booked_on: int, currency: str) -> EntryBatch:
    """One entry per account with all its components as lines; what is owed to merchants goes to the account's merchant."""
    n = len(block.ids)
    balances = np.zeros((n, COMPONENTS), np.int64)
    components_many(block.heads, block.dues, block.plans, balances)
    mask = balances != 0
    keys = account_keys(block.ids[:, None], np.arange(COMPONENTS))
    keys[:, Component.MERCHANT_PAYABLE] = account_keys(block.merchants, Component.MERCHANT_PAYABLE)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(mask.sum(axis=1), out=offsets[1:])
    return EntryBatch(
        owner_id=block.ids, kind=np.full(n, int(FactKind.ADJUSTED), np.int16), value_on=np.full(n, booked_on, np.int64),
        booked_on=np.full(n, booked_on, np.int64), fact_id=np.zeros(n, np.int64), line_offsets=offsets, line_accounts=keys[mask],
        line_amounts=balances[mask], currency=currency,
    )  # fmt: skip
