"""SQL with which a unit of work begins: its turn and its accounts, each in one round trip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from honghua.credit.store import ACCOUNT_KINDS, ACCOUNT_SELECT, BOOK_LOCK, AccountRows, Connection, Ints, load_accounts
from honghua.credit.store_risk import DECIDERS_TURN
from honghua.store.copybin import copy_out

TURN = f"SELECT pg_advisory_xact_lock_shared({BOOK_LOCK}); SELECT business_on, risk_engine FROM credit_book; {DECIDERS_TURN}"  # noqa: S608
KNOWN_OR_NAMED = (
    f"{ACCOUNT_SELECT} WHERE account_id = ANY(%(ids)s::bigint[]) OR customer_ref = ANY(%(refs)s::text[])"
    " ORDER BY account_id FOR UPDATE"
)


def share_book_in_turn(conn: Connection) -> tuple[tuple[dt.date, bool] | None, int]:
    """`store.share_book` and `store_risk.lock_deciders` in one round trip: what both of them return."""
    all_four = conn.execute(TURN)
    all_four.nextset()
    book = all_four.fetchone()
    all_four.nextset()
    all_four.nextset()
    last = all_four.fetchone()
    assert last is not None, "an aggregate has one row"
    return book, int(last[0])


def lock_accounts(conn: Connection, account_ids: Ints, refs: Sequence[str]) -> AccountRows:
    """Lock and read accounts by id, and those of customers whose ids nobody knows yet, all in rising order of id."""
    if not refs:
        return load_accounts(conn, account_ids, lock=True)
    return AccountRows(copy_out(conn, KNOWN_OR_NAMED, ACCOUNT_KINDS, {"ids": account_ids, "refs": list(refs)}))


__all__ = ["lock_accounts", "share_book_in_turn"]
