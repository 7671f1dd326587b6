"""Which lenders a customer's contract names: told as it is shown, counted from the signature on (R-234, 助贷新规)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

from honghua.funding.lending import get_channel


def name_in_contract(conn: psycopg.Connection, *, document: str, customer: str, channel: str, now: dt.datetime) -> None:
    """Note whom a contract names that is shown now: the other lenders of a channel. In the caller's transaction, which shows it.

    The same document again changes nothing. NotFound for a channel that there is not.
    """
    lenders = sorted(get_channel(channel).partners)
    if lenders:
        conn.execute(
            "INSERT INTO funding_named (document, customer, lenders, shown_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [document, customer, lenders, now],
        )


def sign_named(conn: psycopg.Connection, document: str, *, now: dt.datetime) -> bool:
    """The contract is signed: its lenders may share what its customer buys. False where it names nobody. In the caller's transaction."""
    done = conn.execute(
        "INSERT INTO funding_named_signed (document, signed_at) SELECT document, %s FROM funding_named WHERE document = %s"
        " ON CONFLICT DO NOTHING RETURNING document",
        [now, document],
    )
    return done.rowcount == 1


def find_named(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, frozenset[str]]:
    """customer -> the other lenders named in contracts that they signed; who signed none of these is not there."""
    rows = conn.execute(
        "SELECT n.customer, array_agg(DISTINCT lender) FROM funding_named AS n JOIN funding_named_signed USING (document)"
        " CROSS JOIN LATERAL unnest(n.lenders) AS lender WHERE n.customer = ANY(%s) GROUP BY n.customer",
        [list(customers)],
    )
    return {str(customer): frozenset(lenders) for customer, lenders in rows}


__all__ = ["find_named", "name_in_contract", "sign_named"]
