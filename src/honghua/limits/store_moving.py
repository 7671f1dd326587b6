"""SQL of changes and offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from honghua.store.copybin import Column, Date, Int8, Text, Timestamp, copy_in
from honghua.store.ids import allocate

CHANGE = (
    "fact_id, customer, kind, from_minor, to_minor, reason, rule, rulebook, model, consent, notice, on_day, happened_at"
)
OFFER = "offer_id, customer, kind, amount_minor, until_on, reason, rulebook, state, offered_at, settled_at"


@dataclass(frozen=True, slots=True)
class Change:
    """A limit that moved: kind opened, fixed or temporary; amounts minor units; why, by which rule and rulebook, on which consent.

    notice: the key of the wish that tells the customer.
    """

    fact_id: int
    customer: str
    kind: str
    from_minor: int
    to_minor: int
    reason: str
    rule: str
    rulebook: str
    model: str
    consent: str
    notice: str
    on_day: dt.date
    happened_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A limit that waits for a yes: kind fixed (the new limit) or temporary (what is added); minor units; until_on inclusive."""

    offer_id: int
    customer: str
    kind: str
    amount_minor: int
    until_on: dt.date
    reason: str
    rulebook: str
    state: str
    offered_at: dt.datetime
    settled_at: dt.datetime | None


def insert_changes(conn: psycopg.Connection, changes: Sequence[Change], *, now: dt.datetime) -> list[Change]:
    """Append changes whose facts were not noted before; those."""
    fresh = []
    for one in changes:
        row = conn.execute(
            f"INSERT INTO limits_change ({CHANGE}, recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
            " ON CONFLICT (fact_id) DO NOTHING",
            [one.fact_id, one.customer, one.kind, one.from_minor, one.to_minor, one.reason, one.rule, one.rulebook, one.model,
             one.consent, one.notice, one.on_day, one.happened_at, now],
        )  # fmt: skip
        if row.rowcount:
            fresh.append(one)
    return fresh


def list_changes(conn: psycopg.Connection, customer: str, *, limit: int) -> list[Change]:
    """A customer's changes, the newest first."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(
            f"SELECT {CHANGE} FROM limits_change WHERE customer = %s ORDER BY fact_id DESC LIMIT %s",  # noqa: S608
            [customer, limit],
        ).fetchall()


def read_changes(conn: psycopg.Connection, customers: Sequence[str]) -> set[tuple[int, str, int]]:
    """(fact, customer, new limit) of every noted change of these customers."""
    query = "SELECT fact_id, customer, to_minor FROM limits_change WHERE customer = ANY(%s::text[])"
    return {(int(fact), customer, int(to)) for fact, customer, to in conn.execute(query, [list(customers)])}


def find_last_days(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, dt.date]:
    """The business date on which each customer's fixed limit last moved."""
    rows = conn.execute(
        "SELECT customer, max(on_day) FROM limits_change WHERE customer = ANY(%s::text[]) AND kind <> 'temporary' GROUP BY customer",
        [list(customers)],
    )
    return dict(rows.fetchall())


def copy_offers(conn: psycopg.Connection, prefix: str, offers: Sequence[tuple[str, int]], like: Offer) -> int:
    """Append many offers alike but for customer and amount, under keys prefix:customer; how many."""
    n = len(offers)
    if n == 0:
        return 0
    ids = allocate(conn, "limits_id", n)
    columns: list[Column] = [
        Int8(ids), Text([f"{prefix}:{customer}" for customer, _ in offers]), Text([customer for customer, _ in offers]),
        Text([like.kind] * n), Int8([amount for _, amount in offers]), Date([(like.until_on - dt.date(1970, 1, 1)).days] * n),
        Text([like.reason] * n), Text([like.rulebook] * n), Timestamp([int(like.offered_at.timestamp() * 1_000_000)] * n),
    ]  # fmt: skip
    names = ("offer_id", "key", "customer", "kind", "amount_minor", "until_on", "reason", "rulebook", "offered_at")
    copy_in(conn, "limits_offer", names, columns)
    return n


def insert_offer(conn: psycopg.Connection, key: str, offer: Offer) -> bool:
    """Append one offer; False when its key was used before, or the customer has an open one of its kind and amount."""
    return (
        conn.execute(
            "INSERT INTO limits_offer (offer_id, key, customer, kind, amount_minor, until_on, reason, rulebook, offered_at)"
            " SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM limits_offer"
            "   WHERE customer = %s AND kind = %s AND amount_minor = %s AND state = 'open') ON CONFLICT (key) DO NOTHING",
            [offer.offer_id, key, offer.customer, offer.kind, offer.amount_minor, offer.until_on, offer.reason, offer.rulebook,
             offer.offered_at, offer.customer, offer.kind, offer.amount_minor],
        ).rowcount
        == 1
    )  # fmt: skip


def find_offer(conn: psycopg.Connection, offer_id: int, *, lock: bool) -> Offer | None:
    """One offer by number."""
    query = f"SELECT {OFFER} FROM limits_offer WHERE offer_id = %s" + (" FOR UPDATE" if lock else "")  # noqa: S608
    with conn.cursor(row_factory=class_row(Offer)) as cursor:
        return cursor.execute(query, [offer_id]).fetchone()


def list_open(conn: psycopg.Connection, customer: str, *, on: dt.date) -> list[Offer]:
    """A customer's open offers that may be accepted on a day."""
    query = (
        f"SELECT {OFFER} FROM limits_offer WHERE customer = %s AND state = 'open' AND until_on >= %s ORDER BY offer_id"  # noqa: S608
    )
    with conn.cursor(row_factory=class_row(Offer)) as cursor:
        return cursor.execute(query, [customer, on]).fetchall()


def settle(conn: psycopg.Connection, offer_id: int, state: str, *, now: dt.datetime) -> None:
    """Say how an open offer ended."""
    conn.execute(
        "UPDATE limits_offer SET state = %s, settled_at = %s WHERE offer_id = %s AND state = 'open'",
        [state, now, offer_id],
    )


def lapse(conn: psycopg.Connection, *, by: dt.date, now: dt.datetime) -> int:
    """End offers whose last day lies before a day; how many."""
    return conn.execute(
        "UPDATE limits_offer SET state = 'lapsed', settled_at = %s WHERE state = 'open' AND until_on < %s", [now, by]
    ).rowcount
