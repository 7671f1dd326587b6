"""Campaign money of flagged orders: the shop bears the fee that the platform promised to pay, until its order is proved.

What is withheld is a difference, kept right by one statement: of a flagged order all that the platform bears of it, of any other nothing.
A fee that the merchant or the customer bears is never touched: the platform's part is read off the journal, order by order.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg

from honghua.base.dates import to_day
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, account_key, entry_batch
from honghua.merchants.authenticity import store

MOVED_AT_ONCE: Final = 5_000


def settle_withheld(conn: psycopg.Connection, *, business_on: dt.date, currency: str, now: dt.datetime) -> int:
    """Book what is to be withheld and given back; how many orders (at most MOVED_AT_ONCE). In the caller's transaction."""
    owed = store.move_withheld(conn, limit=MOVED_AT_ONCE)
    if not owed:
        return 0
    day = to_day(business_on)
    entries: list[dict[str, Any]] = [
        {
            "owner_id": merchant, "value_on": day, "booked_on": day,
            "kind": int(FactKind.CAMPAIGN_WITHHELD if minor > 0 else FactKind.CAMPAIGN_RELEASED),
            "lines": [
                (account_key(merchant, Component.MERCHANT_PAYABLE), minor), (account_key(merchant, Component.SUBSIDY_EXPENSE), -minor),
            ],
        }
        for _, merchant, minor in owed
    ]  # fmt: skip
    entry_ids = ledger.post_entries(conn, entry_batch(entries, currency=currency)).tolist()
    rows = [(*one, entry_id) for one, entry_id in zip(owed, entry_ids, strict=True)]
    store.insert_withholdings(conn, rows, booked_on=business_on, now=now)
    return len(rows)


__all__ = ["MOVED_AT_ONCE", "settle_withheld"]
