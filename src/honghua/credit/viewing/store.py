"""SQL for people's eyes: holds, closed statements."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
from psycopg.rows import dict_row

STATEMENT_FIELDS = (
    "seq AS number, cut_on, due_on, from_on, carried_minor, purchases_minor, refunds_minor, repaid_minor,"
    " revolving_minor, instalment_minor, fee_minor, interest_minor, penalty_minor, overpayment_used_minor,"
    " total_minor, minimum_minor, overdue_minor, booked_on, last_fact_id"
)


def list_holds(conn: psycopg.Connection, account_id: int) -> list[tuple[int, int, dt.date]]:
    """(purchase id, held, last day) of an account's open holds, oldest first."""
    return conn.execute(
        "SELECT purchase_id, held_minor, expires_on FROM credit_hold WHERE account_id = %s ORDER BY purchase_id",
        [account_id],
    ).fetchall()


def list_statement_rows(
    conn: psycopg.Connection, account_id: int, *, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """Closed statements, newest first, with numbers below `before`."""
    query = (
        f"SELECT {STATEMENT_FIELDS} FROM credit_statement WHERE account_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s"  # noqa: S608
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [account_id, 2**62 if before is None else before, limit]).fetchall()


def find_statement_row(conn: psycopg.Connection, account_id: int, number: int) -> dict[str, Any] | None:
    """One closed statement."""
    query = f"SELECT {STATEMENT_FIELDS} FROM credit_statement WHERE account_id = %s AND seq = %s"  # noqa: S608
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [account_id, number]).fetchone()


def find_names(conn: psycopg.Connection, category_ids: list[int]) -> dict[int, str]:
    """Goods categories by id."""
    rows = conn.execute("SELECT category_id, name FROM credit_category WHERE category_id = ANY(%s)", [category_ids])
    return dict(rows.fetchall())
