"""Accounts whose closed months later facts have reached: found by following the facts, so that nobody reads every month every hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.credit.limiting.store import read_place, write_place
from honghua.store.facts import read_final_page

FEED: Final = "late"
PAGE: Final = 10_000


def note_late(conn: psycopg.Connection, *, closed_before: dt.date) -> int:
    """Read a page of facts behind the last one and note the accounts of those that count before a day; how many facts were read.

    A fact of the running month reaches no closed one: that month is told after it. In the caller's transaction.
    """
    page = read_final_page(conn, after=read_place(conn, FEED), limit=PAGE)
    if not len(page):
        return 0
    late = np.unique(page.account_id[page.effective_on < to_day(closed_before)])
    conn.execute("INSERT INTO credit_late_account SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING", [late.tolist()])
    write_place(conn, FEED, (int(page.txid[-1]), int(page.fact_id[-1])))
    return len(page)


def list_late(conn: psycopg.Connection, *, after_id: int, limit: int) -> list[int]:
    """Ids of noted accounts above one id, rising."""
    rows = conn.execute(
        "SELECT account_id FROM credit_late_account WHERE account_id > %s ORDER BY account_id LIMIT %s",
        [after_id, limit],
    )
    return [int(row[0]) for row in rows]


def forget_late(conn: psycopg.Connection, account_ids: Sequence[int]) -> None:
    """All that was told of these accounts stands again. In the caller's transaction, which looked at them."""
    conn.execute("DELETE FROM credit_late_account WHERE account_id = ANY(%s::bigint[])", [list(account_ids)])


__all__ = ["forget_late", "list_late", "note_late"]
