"""SQL of joint loans that follow the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.funding.core.attributing import Item


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture that is a loan."""

    purchase_id: int
    fact_id: int
    account_id: int
    loan: str
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """What one lender has in one account on a day; minor units. got: principal and charges of the days asked about, given back deducted.

    moved_on: the last of these days on which something happened to it, None = nothing did. sold_on: the last on which it sold a part.
    lent_on: since when it has a part, lent or bought.
    """

    account_id: int
    lender: str
    lent_on: dt.date
    out_minor: int
    got_minor: int
    lost_minor: int
    moved_on: dt.date | None
    sold_on: dt.date | None


PARTS: Final = """
SELECT p.account_id, m.lender, min(m.day) AS lent_on, max(m.day) FILTER (WHERE m.day >= %(first)s) AS moved_on,
  max(m.day) FILTER (WHERE m.day >= %(first)s AND m.kind IN ('sold', 'loss_sold')) AS sold_on,
  sum(CASE WHEN m.kind IN ('lent', 'principal_back', 'bought') THEN m.amount_minor
    WHEN m.kind IN ('principal', 'refund', 'write_off', 'sold') THEN -m.amount_minor ELSE 0 END)::bigint AS out_minor,
  coalesce(sum(CASE WHEN m.kind IN ('principal', 'interest', 'fee', 'penalty', 'recovery') THEN m.amount_minor
    WHEN m.kind IN ('principal_back', 'interest_back') THEN -m.amount_minor ELSE 0 END)
    FILTER (WHERE m.day >= %(first)s), 0)::bigint AS got_minor,
  sum(CASE WHEN m.kind IN ('write_off', 'loss_bought') THEN m.amount_minor
    WHEN m.kind IN ('recovery', 'loss_sold') THEN -m.amount_minor ELSE 0 END)::bigint AS lost_minor
FROM funding_purchase AS p JOIN funding_movement AS m USING (loan)
WHERE p.account_id = ANY(%(accounts)s::bigint[]) AND m.lender <> 'own' AND m.day <= %(last)s
GROUP BY p.account_id, m.lender ORDER BY p.account_id, m.lender
"""


def insert_captures(conn: psycopg.Connection, made: Sequence[Capture]) -> None:
    """Captures whose loans were just made; their accounts are followed from their beginning."""
    accounts = [one.account_id for one in made]
    conn.execute(
        "INSERT INTO funding_account (account_id) SELECT DISTINCT a FROM unnest(%s::bigint[]) AS a ON CONFLICT DO NOTHING",
        [accounts],
    )
    conn.execute(
        "INSERT INTO funding_purchase (purchase_id, fact_id, account_id, loan, customer)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])",
        [
            [one.purchase_id for one in made], [one.fact_id for one in made], accounts, [one.loan for one in made],
            [one.customer for one in made],
        ],
    )  # fmt: skip


def is_shared(conn: psycopg.Connection, loan: str) -> bool:
    """Whether a capture is a loan."""
    return conn.execute("SELECT FROM funding_purchase WHERE loan = %s", [loan]).fetchone() is not None


def lock_account(conn: psycopg.Connection, account_id: int) -> None:
    """Nobody follows this account until the transaction ends."""
    conn.execute("SELECT FROM funding_account WHERE account_id = %s FOR UPDATE", [account_id])


def lock_cursor(conn: psycopg.Connection) -> tuple[int, int]:
    """(transaction, fact) that was looked at last; ours until the transaction ends."""
    row = conn.execute("SELECT txid, fact_id FROM funding_cursor FOR UPDATE").fetchone()
    assert row is not None, "the migration made it"
    return int(row[0]), int(row[1])


def move_cursor(conn: psycopg.Connection, place: tuple[int, int]) -> None:
    """Go on behind this fact next time."""
    conn.execute("UPDATE funding_cursor SET txid = %s, fact_id = %s", [*place])


def lock_accounts(conn: psycopg.Connection, seen: Sequence[int], *, oldest: int) -> dict[int, int]:
    """account -> the first transaction not followed, of those seen and of the `oldest` that nobody looked at for longest.

    Theirs until the transaction ends, locked in one order.
    """
    rows = conn.execute(
        "SELECT account_id, txid FROM funding_account WHERE account_id = ANY(%s::bigint[])"
        " OR account_id = ANY(ARRAY(SELECT account_id FROM funding_account ORDER BY txid LIMIT %s))"
        " ORDER BY account_id FOR UPDATE",
        [list(seen), oldest],
    )
    return {int(account): int(txid) for account, txid in rows}


def move_accounts(conn: psycopg.Connection, accounts: Sequence[int], txid: int) -> None:
    """Go on from here next time."""
    conn.execute("UPDATE funding_account SET txid = %s WHERE account_id = ANY(%s)", [txid, list(accounts)])


def list_loans(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[int, str]:
    """capture -> loan of some accounts."""
    rows = conn.execute(
        "SELECT fact_id, loan FROM funding_purchase WHERE account_id = ANY(%s::bigint[])", [list(account_ids)]
    )
    return {int(fact): str(loan) for fact, loan in rows}


def list_items(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[int, list[Item]]:
    """account -> all of its purchases, in order of capture; an account without any is not there."""
    found: dict[int, list[Item]] = {}
    rows = conn.execute(
        "SELECT account_id, fact_id, purchase_id, principal_minor, outstanding_minor, written_off_minor FROM funding_item"
        " WHERE account_id = ANY(%s::bigint[]) ORDER BY account_id, fact_id",
        [list(account_ids)],
    )
    for account, *row in rows:
        found.setdefault(int(account), []).append(Item(*row))
    return found


def list_items_of(conn: psycopg.Connection, captures: Sequence[tuple[int, int]]) -> list[Item]:
    """The items of some (account, capture), as far as the follower has seen them."""
    rows = conn.execute(
        "SELECT fact_id, purchase_id, principal_minor, outstanding_minor, written_off_minor"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS w (account_id, fact_id) JOIN funding_item USING (account_id, fact_id)"
        " ORDER BY fact_id",
        [[account for account, _ in captures], [fact for _, fact in captures]],
    )
    return [Item(*row) for row in rows]


def save_items(conn: psycopg.Connection, rows: Sequence[tuple[int, Item]]) -> None:
    """(account, item): they stand so now; an item once."""
    if not rows:
        return
    items = [item for _, item in rows]
    conn.execute(
        "INSERT INTO funding_item (account_id, fact_id, purchase_id, principal_minor, outstanding_minor, written_off_minor)"
        " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
        " ON CONFLICT (account_id, fact_id) DO UPDATE"
        " SET principal_minor = EXCLUDED.principal_minor, outstanding_minor = EXCLUDED.outstanding_minor,"
        " written_off_minor = EXCLUDED.written_off_minor",
        [
            [account for account, _ in rows], [i.fact_id for i in items], [i.purchase_id for i in items],
            [i.principal_minor for i in items], [i.outstanding_minor for i in items], [i.written_off_minor for i in items],
        ],
    )  # fmt: skip


def list_earned(conn: psycopg.Connection, fact_id: int) -> list[tuple[str, int]]:
    """(loan, whole) of the interest, fees and penalties that were recorded for a fact."""
    rows = conn.execute(
        "SELECT loan, sum(amount_minor)::bigint FROM funding_movement WHERE key LIKE %s AND kind IN ('interest', 'fee', 'penalty')"
        " GROUP BY loan ORDER BY loan",
        [f"fact:{fact_id}:%"],
    )
    return [(str(loan), int(minor)) for loan, minor in rows]


def list_parts(
    conn: psycopg.Connection, account_ids: Sequence[int], days: tuple[dt.date, dt.date]
) -> list[AccountPart]:
    """What other lenders than ourselves have in accounts on the last of some days, and what came in for them on these days."""
    with conn.cursor(row_factory=class_row(AccountPart)) as cursor:
        return cursor.execute(PARTS, {"accounts": list(account_ids), "first": days[0], "last": days[1]}).fetchall()
