"""Where a customer's repayments come from, in the customer's own order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import psycopg

from honghua.base.errors import NotFound
from honghua.credit import store, store_debits
from honghua.credit.core.debiting import Source, check_sources
from honghua.credit.core.desk import Answer
from honghua.credit.core.layout import H_TERMS
from honghua.credit.core.refusals import refusal
from honghua.credit.registry import Registry
from honghua.credit.viewing.reading import find_current
from honghua.store.database import run_unit


def set_sources(conn: psycopg.Connection, registry: Registry, customer: str, sources: Sequence[Source]) -> Answer:
    """Store a customer's sources in their own order of asking, in place of the order before; or the refusal."""

    def work(c: psycopg.Connection) -> Answer:
        account = find_current(c, registry, customer)
        if account is None:
            return refusal("ACCOUNT_UNKNOWN")
        problem = check_sources(sources, registry.terms[int(account.head[H_TERMS])])
        if problem is not None:
            return problem
        store_debits.replace_sources(c, account.account_id, sources)
        return {"outcome": "done", "sources": len(sources)}

    return run_unit(conn, work)


def list_sources(conn: psycopg.Connection, customer: str) -> list[Source]:
    """A customer's sources in order; NotFound without an account."""
    found = store.find_account_ids(conn, [customer])
    if not found:
        raise NotFound(f"no credit account for {customer!r}", code="ACCOUNT_UNKNOWN")
    account_id = found[customer]
    return store_debits.list_sources(conn, np.array([account_id], np.int64)).get(account_id, [])


__all__ = ["list_sources", "set_sources"]
