"""Accounts as they stand on the business date, for those who only look: days pass in memory and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.credit import store
from honghua.credit.core.account import Account
from honghua.credit.core.foresight import pass_to
from honghua.credit.registry import Registry

Ints = NDArray[np.int64]


@contextmanager
def one_moment(conn: psycopg.Connection) -> Iterator[None]:
    """Everything read inside shows one moment, while others go on booking. Inside a caller's transaction it is the caller's moment."""
    if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        yield  # PostgreSQL sets the isolation of a whole transaction only, before its first query
        return
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def load_current(
    conn: psycopg.Connection, registry: Registry, account_ids: Ints, *, lock: bool = False
) -> list[Account]:
    """Accounts by rising id, at the start of the business date. `lock`: nobody changes them until the transaction ends.

    Quarantined accounts stay where they stopped.
    """
    today = to_day(store.get_business_day(conn))
    rows = store.load_accounts(conn, np.sort(account_ids), lock=lock)
    terms_rows = registry.learn_terms_of(conn, rows)
    accounts = [rows.account(i, terms_rows) for i in range(len(rows))]
    for account in accounts:
        if not account.quarantined:
            pass_to(account, today)
    return accounts


def find_current(conn: psycopg.Connection, registry: Registry, customer: str) -> Account | None:
    """One customer's account at the start of the business date, or None."""
    found = store.find_account_ids(conn, [customer])
    return load_current(conn, registry, np.array([found[customer]], np.int64))[0] if found else None
