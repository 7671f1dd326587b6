"""SQL of joint loans that follow the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg

from honghua.funding.core.attributing import Item


def insert_purchase(conn: psycopg.Connection, purchase_id: int, account_id: int, loan: str) -> None:
    """A purchase that is a loan, and its account, followed from its beginning; nothing when it is known."""
    conn.execute("INSERT INTO funding_account (account_id) VALUES (%s) ON CONFLICT DO NOTHING", [account_id])
    conn.execute(
        "INSERT INTO funding_purchase (purchase_id, account_id, loan) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [purchase_id, account_id, loan],
    )


def lock_account(conn: psycopg.Connection, account_id: int) -> None:
    """Nobody follows this account until the transaction ends."""
    conn.execute("SELECT FROM funding_account WHERE account_id = %s FOR UPDATE", [account_id])


def lock_accounts(conn: psycopg.Connection) -> dict[int, int]:
    """account -> the first transaction not followed; theirs until the transaction ends."""
    rows = conn.execute("SELECT account_id, txid FROM funding_account ORDER BY account_id FOR UPDATE")
    return {int(account): int(txid) for account, txid in rows}


def move_accounts(conn: psycopg.Connection, accounts: Sequence[int], txid: int) -> None:
    """Go on from here next time."""
    conn.execute("UPDATE funding_account SET txid = %s WHERE account_id = ANY(%s)", [txid, list(accounts)])


def list_loans(conn: psycopg.Connection, account_id: int) -> dict[int, str]:
    """purchase -> loan of one account."""
    rows = conn.execute("SELECT purchase_id, loan FROM funding_purchase WHERE account_id = %s", [account_id])
    return {int(purchase): str(loan) for purchase, loan in rows}


def list_items(conn: psycopg.Connection, account_id: int) -> list[Item]:
    """All purchases of an account, in order of capture."""
    rows = conn.execute(
        "SELECT fact_id, purchase_id, principal_minor, outstanding_minor, written_off_minor FROM funding_item"
        " WHERE account_id = %s ORDER BY fact_id",
        [account_id],
    )
    return [Item(*row) for row in rows]


def save_items(conn: psycopg.Connection, account_id: int, items: Iterable[Item]) -> None:
    """They stand so now."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO funding_item (account_id, fact_id, purchase_id, principal_minor, outstanding_minor, written_off_minor)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, fact_id) DO UPDATE"
            " SET outstanding_minor = EXCLUDED.outstanding_minor, written_off_minor = EXCLUDED.written_off_minor",
            [
                (account_id, i.fact_id, i.purchase_id, i.principal_minor, i.outstanding_minor, i.written_off_minor)
                for i in items
            ],
        )


def list_earned(conn: psycopg.Connection, fact_id: int) -> list[tuple[str, int]]:
    """(loan, whole) of the interest, fees and penalties that were recorded for a fact."""
    rows = conn.execute(
        "SELECT loan, sum(amount_minor)::bigint FROM funding_movement WHERE key LIKE %s AND kind IN ('interest', 'fee', 'penalty')"
        " GROUP BY loan ORDER BY loan",
        [f"fact:{fact_id}:%"],
    )
    return [(str(loan), int(minor)) for loan, minor in rows]
