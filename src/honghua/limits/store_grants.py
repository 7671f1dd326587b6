"""SQL of limits for one scene: grants, coupons, what was used of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from honghua.limits.core import Grant, Scope, State

COLUMNS = "grant_id, customer, scene, categories, merchants, amount_minor, from_on, until_on, coupon, state, used_minor"


@dataclass(frozen=True, slots=True)
class Use:
    """What an order took from a grant, or gave back: minor units, under the fact that says so."""

    grant_id: int
    purchase_id: int
    amount_minor: int
    fact_id: int


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a grant's history."""

    grant_id: int
    act: str
    amount_minor: int
    purchase_id: int = 0
    fact_id: int = 0
    why: str = ""


def insert_grant(conn: psycopg.Connection, key: str, grant: Grant) -> bool:
    """Append a grant; False when its key was used before."""
    scope = grant.scope
    values = [
        key, grant.grant_id, grant.customer, scope.scene, list(scope.categories), list(scope.merchants), grant.amount_minor,
        grant.from_on, grant.until_on, grant.coupon, grant.state.value, grant.used_minor,
    ]  # fmt: skip
    return conn.execute(
        f"INSERT INTO limits_grant (key, {COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",  # noqa: S608
        values,
    ).rowcount == 1  # fmt: skip


def find_grant(conn: psycopg.Connection, *, grant_id: int = 0, key: str = "", lock: bool = False) -> Grant | None:
    """One grant by number or key."""
    query = f"SELECT {COLUMNS} FROM limits_grant WHERE grant_id = %s OR key = %s"  # noqa: S608
    row = conn.execute(query + (" FOR UPDATE" if lock else ""), [grant_id, key]).fetchone()
    return None if row is None else _grant(row)


def list_grants(conn: psycopg.Connection, customer: str) -> list[Grant]:
    """Grants of a customer that may be claimed or used, by number."""
    query = (
        f"SELECT {COLUMNS} FROM limits_grant WHERE customer = %s AND state IN ('issued', 'active') ORDER BY grant_id"  # noqa: S608
    )
    return [_grant(row) for row in conn.execute(query, [customer])]


def lock_usable(conn: psycopg.Connection, customers: Sequence[str], *, on: dt.date) -> list[Grant]:
    """Grants of these customers that may be used on a day, locked, by number."""
    query = (
        f"SELECT {COLUMNS} FROM limits_grant WHERE customer = ANY(%s::text[]) AND state = 'active'"  # noqa: S608
        " AND %s BETWEEN from_on AND until_on ORDER BY grant_id FOR UPDATE"
    )
    return [_grant(row) for row in conn.execute(query, [list(customers), on])]


def is_any_active(conn: psycopg.Connection, *, on: dt.date) -> bool:
    """Whether there is any grant at all whose days are not over on a day."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM limits_grant WHERE state = 'active' AND until_on >= %s)", [on]
    ).fetchone()
    return bool(row and row[0])


def is_any_usable(conn: psycopg.Connection, customers: Sequence[str], *, on: dt.date) -> bool:
    """Whether any of these customers has a grant that may be used on a day."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM limits_grant WHERE customer = ANY(%s::text[]) AND state = 'active'"
        " AND %s BETWEEN from_on AND until_on)",
        [list(customers), on],
    ).fetchone()
    return bool(row and row[0])


def lock_carrying(
    conn: psycopg.Connection, purchase_ids: Sequence[int]
) -> tuple[list[Grant], list[tuple[int, int, int, int]]]:
    """Grants that bear part of these orders, locked; and (order, grant, taken, given back) of each."""
    rows = conn.execute(
        "SELECT purchase_id, grant_id, sum(amount_minor) FILTER (WHERE act = 'use'),"
        " coalesce(sum(amount_minor) FILTER (WHERE act = 'give_back'), 0) FROM limits_grant_event"
        " WHERE purchase_id = ANY(%s::bigint[]) AND purchase_id <> 0 GROUP BY purchase_id, grant_id ORDER BY purchase_id, grant_id",
        [list(purchase_ids)],
    ).fetchall()
    if not rows:
        return [], []
    query = f"SELECT {COLUMNS} FROM limits_grant WHERE grant_id = ANY(%s::bigint[]) ORDER BY grant_id FOR UPDATE"  # noqa: S608
    ids = sorted({row[1] for row in rows})
    return [_grant(row) for row in conn.execute(query, [ids])], [(p, g, int(t), int(b)) for p, g, t, b in rows]


def update_grants(conn: psycopg.Connection, grants: Sequence[Grant]) -> None:
    """Write state and what was used."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "UPDATE limits_grant SET state = %s, used_minor = %s WHERE grant_id = %s",
            [(grant.state.value, grant.used_minor, grant.grant_id) for grant in grants],
        )


def insert_events(conn: psycopg.Connection, events: Sequence[Event], *, now: dt.datetime) -> None:
    """Append to the history of grants."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO limits_grant_event (grant_id, act, amount_minor, purchase_id, fact_id, why, happened_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(e.grant_id, e.act, e.amount_minor, e.purchase_id, e.fact_id, e.why, now) for e in events],
        )


def read_uses(conn: psycopg.Connection, customers: Sequence[str]) -> set[tuple[int, int, int]]:
    """(fact, grant, minor units) of every use of these customers' grants."""
    rows = conn.execute(
        "SELECT e.fact_id, e.grant_id, e.amount_minor FROM limits_grant AS g JOIN limits_grant_event AS e USING (grant_id)"
        " WHERE g.customer = ANY(%s::text[]) AND e.act = 'use'",
        [list(customers)],
    )
    return {(int(fact), int(grant), int(amount)) for fact, grant, amount in rows}


def lock_over(conn: psycopg.Connection, *, by: dt.date, limit: int) -> list[Grant]:
    """Grants whose last day lies before a day, locked; what others have locked is left to them."""
    query = (
        f"SELECT {COLUMNS} FROM limits_grant WHERE state IN ('issued', 'active') AND until_on < %s"  # noqa: S608
        " ORDER BY until_on, grant_id LIMIT %s FOR UPDATE SKIP LOCKED"
    )
    return [_grant(row) for row in conn.execute(query, [by, limit])]


def _grant(row: tuple[object, ...]) -> Grant:
    grant_id, customer, scene, categories, merchants, amount, from_on, until_on, coupon, state, used = row
    assert isinstance(categories, list), "a column of texts"
    assert isinstance(merchants, list), "a column of texts"
    assert isinstance(from_on, dt.date), "a column of dates"
    assert isinstance(until_on, dt.date), "a column of dates"
    return Grant(
        grant_id=int(str(grant_id)), customer=str(customer), scope=Scope(str(scene), tuple(categories), tuple(merchants)),
        amount_minor=int(str(amount)), from_on=from_on, until_on=until_on, state=State(str(state)), used_minor=int(str(used)),
        coupon=str(coupon),
    )  # fmt: skip
