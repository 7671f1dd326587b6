"""SQL of the risk engine's place in the credit room: the deciders' turn, whether it judges this book, names of our numbers."""

from __future__ import annotations

from collections.abc import Sequence

from honghua.credit.store import BOOK_LOCK, Connection
from honghua.store.facts import LAST_FACT

DECIDERS_LOCK = "hashtext('credit_deciders')"  # held by whoever writes facts in a book that the risk engine judges
DECIDERS_TURN = f"SELECT pg_advisory_xact_lock({DECIDERS_LOCK}); {LAST_FACT}"


def lock_deciders(conn: Connection) -> int:
    """Wait for the turn to write facts in a book that the risk engine judges: fact ids become visible in their order.

    Returns the last fact there is (0 = none), read when the turn has come: two statements in one round trip.
    """
    both = conn.execute(DECIDERS_TURN)
    both.nextset()
    row = both.fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row[0])


def switch_risk_on(conn: Connection) -> None:
    """From the next unit on, in every process, the risk engine judges this book's purchases."""
    conn.execute(f"SELECT pg_advisory_xact_lock({BOOK_LOCK})")
    conn.execute("UPDATE credit_book SET risk_engine = true WHERE NOT risk_engine")


def is_risk_on(conn: Connection) -> bool:
    """Whether the risk engine judges this book's purchases."""
    return conn.execute("SELECT risk_engine FROM credit_book").fetchone() == (True,)


def find_customer_refs(conn: Connection, account_ids: Sequence[int]) -> dict[int, str]:
    """Customers by account id."""
    query = "SELECT account_id, customer_ref FROM credit_account WHERE account_id = ANY(%s::bigint[])"
    return dict(conn.execute(query, [list(account_ids)]).fetchall())


def find_category_names(conn: Connection, category_ids: Sequence[int]) -> dict[int, str]:
    """Goods categories by id."""
    query = "SELECT category_id, name FROM credit_category WHERE category_id = ANY(%s::bigint[])"
    return dict(conn.execute(query, [list(category_ids)]).fetchall())
