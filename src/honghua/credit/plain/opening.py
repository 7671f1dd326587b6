"""SQL with which a unit of work begins: its turn and its accounts, each in one round trip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from honghua.credit.store import ACCOUNT_KINDS, ACCOUNT_SELECT, BOOK_LOCK, AccountRows, Connection, Ints, load_accounts
from honghua.credit.store_risk import DECIDERS_LOCK, DECIDERS_TURN
from honghua.store.copybin import copy_out
from honghua.store.facts import LAST_FACT

TURN = f"SELECT pg_advisory_xact_lock_shared({BOOK_LOCK}); SELECT business_on, risk_engine FROM credit_book; {DECIDERS_TURN}"  # noqa: S608
NAMED = "account_id = ANY(%(ids)s::bigint[]) OR customer_ref = ANY(%(refs)s::text[])"
KNOWN_OR_NAMED = f"{ACCOUNT_SELECT} WHERE {NAMED} ORDER BY account_id FOR UPDATE"
AS_THEY_ARE = f"{ACCOUNT_SELECT} WHERE {NAMED}"
COUNT_UNMOVED = """
SELECT count(*) FROM unnest(%s::bigint[], %s::bigint[]) AS v (id, fact) JOIN credit_account a ON a.account_id = v.id
WHERE a.last_fact_id = v.fact AND NOT a.quarantined
"""
# The same locks as `TURN`, held by the connection until it gives them back: several transactions of one writer in a row.
TAKE_TURN = (
    f"SELECT pg_advisory_lock_shared({BOOK_LOCK}); SELECT business_on, risk_engine FROM credit_book;"  # noqa: S608
    f" SELECT pg_advisory_lock({DECIDERS_LOCK}); {LAST_FACT}"
)
GIVE_TURN = f"SELECT pg_advisory_unlock({DECIDERS_LOCK}), pg_advisory_unlock_shared({BOOK_LOCK})"
# Advisory locks alone: what other transactions of this writer's turn are waited for by is no concern of the turn.
IS_AWAITED = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def share_book_in_turn(conn: Connection) -> tuple[tuple[dt.date, bool] | None, int]:
    """`store.share_book` and `store_risk.lock_deciders` in one round trip: what both of them return."""
    return _ask_turn(conn, TURN)


def take_turn(conn: Connection) -> tuple[tuple[dt.date, bool] | None, int]:
    """The same outside of transactions, for several in a row, until `give_turn`: nobody else books meanwhile."""
    return _ask_turn(conn, TAKE_TURN)


def give_turn(conn: Connection) -> None:
    """Let others write."""
    conn.execute(GIVE_TURN)


def is_turn_awaited(conn: Connection) -> bool:
    """Whether somebody waits for a turn: this connection's or another one's."""
    row = conn.execute(IS_AWAITED).fetchone()
    return row is not None and bool(row[0])


def _ask_turn(conn: Connection, statements: str) -> tuple[tuple[dt.date, bool] | None, int]:
    all_four = conn.execute(statements)
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


def read_accounts(conn: Connection, account_ids: Ints, refs: Sequence[str]) -> AccountRows:
    """Accounts by id, and those of customers whose ids nobody knows yet, as they are; nothing is locked, and they come in no order."""
    return AccountRows(copy_out(conn, AS_THEY_ARE, ACCOUNT_KINDS, {"ids": account_ids, "refs": list(refs)}))


def are_unmoved(conn: Connection, account_ids: Ints, fact_ids: Ints) -> bool:
    """Whether accounts that were read by `read_accounts` stand at the facts that they stood at. Nobody may move them who has not our turn,
    but a person in the database, or a program that we do not know."""
    row = conn.execute(COUNT_UNMOVED, [account_ids, fact_ids]).fetchone()
    return row is not None and int(row[0]) == len(account_ids)


__all__ = [
    "are_unmoved",
    "give_turn",
    "is_turn_awaited",
    "lock_accounts",
    "read_accounts",
    "share_book_in_turn",
    "take_turn",
]
