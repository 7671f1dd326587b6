"""Evidence that comes by itself: scenes and carriers tell of orders as things happen; it is weighed like what a source was asked for.

Telling twice is telling once. What was told is never changed: the same thing told otherwise is a conflict, and a person can see both
sides. A shop's own word is no evidence of its own orders: who may tell is the operator's to say (a partner's scope).
"""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.merchants.authenticity import store
from honghua.merchants.authenticity.looking import check_items
from honghua.merchants.core.authenticity import EvidenceItem


def hear_evidence(conn: psycopg.Connection, item: EvidenceItem, *, source: str, now: dt.datetime) -> bool:
    """Keep what a source tells of an order and have the order looked at; False where the source said the very same before.

    In the caller's transaction. NotFound where no such order is open (orders open some seconds after they are booked), BadInput for what
    cannot be weighed, Conflict where the source said something else under this reference.
    """
    if not check_items([item], {item.purchase_id}, now=now):
        raise BadInput(
            "a reference in print, an hour that has come, and grams and scans from 0 on", code="EVIDENCE_UNREADABLE"
        )
    if not store.lock_orders(conn, [item.purchase_id]):
        raise NotFound("this order is not open yet; tell it again in a minute", code="ORDER_NOT_OPEN")
    for known in store.list_evidence(conn, [item.purchase_id]):
        if (known.source, known.item.kind, known.item.reference) == (source, item.kind, item.reference):
            if known.item != item:
                raise Conflict("the same event was told otherwise before", code="EVIDENCE_DIFFERS")
            return False
    store.insert_evidence(conn, [item], source=source, now=now)
    store.look_soon(conn, item.purchase_id, now=now)
    return True


__all__ = ["hear_evidence"]
