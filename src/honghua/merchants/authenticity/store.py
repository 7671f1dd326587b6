"""SQL of orders, their evidence, the word on them and what is withheld."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from honghua.merchants.core.authenticity import EvidenceItem, EvidenceKind, OrderState
from honghua.merchants.core.order_signs import COMPANY_DAYS, CROWD_MAX, LATELY_DAYS

Ints = NDArray[np.int64]
US_PER_HOUR: Final = 3_600_000_000
SHOPS_MAX: Final = 20  # of one customer that are looked into
ORDERS: Final = (
    "SELECT purchase_id, merchant_id, account_id, reference, category_id, region_id, amount_minor, bought_at, booked_on, due_at, needs,"
    " platform_minor, withheld_minor, state, score, reasons, decided_by, look_at, changed_at FROM merchants_order"
)
INSERT: Final = """
INSERT INTO merchants_order (purchase_id, merchant_id, account_id, reference, category_id, region_id, amount_minor, bought_at, booked_on,
  due_at, look_at, needs, changed_at)
SELECT purchase, merchant, account, reference, category, region, amount, 'epoch'::timestamptz + bought * interval '1 microsecond',
  '1970-01-01'::date + day::int, 'epoch'::timestamptz + due * interval '1 microsecond',
  'epoch'::timestamptz + look * interval '1 microsecond', needs, 'epoch'::timestamptz + bought * interval '1 microsecond'
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::text[])
  AS row (purchase, merchant, account, reference, category, region, amount, bought, day, due, look, needs)
ON CONFLICT DO NOTHING
"""
# Other customers' orders under one waybill; other customers' orders of the shop that went to one place lately.
WAYBILLS: Final = """
SELECT mine.purchase_id, count(DISTINCT other.account_id) FROM merchants_order_evidence AS mine
JOIN merchants_order AS o USING (purchase_id)
JOIN merchants_order_evidence AS same ON same.source = mine.source AND same.reference = mine.reference
  AND same.kind IN ('shipped', 'delivered')
JOIN merchants_order AS other ON other.purchase_id = same.purchase_id AND other.account_id <> o.account_id
WHERE mine.purchase_id = ANY(%s) AND mine.kind IN ('shipped', 'delivered') GROUP BY mine.purchase_id
"""
PLACES: Final = """
SELECT mine.purchase_id, count(DISTINCT other.account_id) FROM merchants_order_evidence AS mine
JOIN merchants_order AS o USING (purchase_id)
JOIN merchants_order_evidence AS same ON same.place = mine.place AND same.kind = 'delivered' AND same.place <> ''
JOIN merchants_order AS other ON other.purchase_id = same.purchase_id AND other.account_id <> o.account_id
  AND other.merchant_id = o.merchant_id AND other.booked_on BETWEEN o.booked_on - %s AND o.booked_on + %s
WHERE mine.purchase_id = ANY(%s) AND mine.kind = 'delivered' AND mine.place <> '' GROUP BY mine.purchase_id
"""
# Neighbours of new evidence: what was believed of them was believed without it.
TOUCH: Final = """
UPDATE merchants_order AS o SET look_at = %s FROM (
  SELECT DISTINCT same.purchase_id FROM merchants_order_evidence AS mine
  JOIN merchants_order_evidence AS same ON same.source = mine.source AND same.reference = mine.reference
    AND same.kind IN ('shipped', 'delivered')
  WHERE mine.purchase_id = ANY(%s) AND mine.kind IN ('shipped', 'delivered')) AS found
WHERE o.purchase_id = found.purchase_id AND NOT o.purchase_id = ANY(%s) AND o.state = 'proved' AND o.decided_by IS NULL
"""
SHOPS: Final = """
SELECT m.merchant_id, coalesce(sum(m.gross_minor) FILTER (WHERE m.gross_minor > 0), 0)::bigint,
  -coalesce(sum(m.gross_minor) FILTER (WHERE m.gross_minor < 0), 0)::bigint
FROM merchants_movement AS m WHERE m.merchant_id = ANY(%s) AND m.booked_on BETWEEN %s AND %s AND m.kind NOT BETWEEN 102 AND 112
GROUP BY m.merchant_id
"""
# `compute_withheld` of the core, where the books do not say so yet; the predicate is that of an index.
OWED: Final = """
UPDATE merchants_order AS o SET withheld_minor = owed.minor FROM (
  SELECT purchase_id, withheld_minor AS before,
    CASE WHEN state IN ('unproved', 'doubtful', 'false') THEN greatest(platform_minor, 0) ELSE 0 END AS minor
  FROM merchants_order
  WHERE withheld_minor <> CASE WHEN state IN ('unproved', 'doubtful', 'false') THEN greatest(platform_minor, 0) ELSE 0 END
  ORDER BY purchase_id LIMIT %s FOR UPDATE) AS owed
WHERE o.purchase_id = owed.purchase_id
RETURNING o.purchase_id, o.merchant_id, owed.minor - owed.before
"""


@dataclass(frozen=True, slots=True)
class NewOrders:
    """Columns of orders to open; int64[n] but the texts. Moments in microseconds since 1970 UTC, days as day numbers."""

    purchase_id: Ints
    merchant_id: Ints
    account_id: Ints
    reference: list[str]
    category_id: Ints
    region_id: Ints
    amount_minor: Ints
    bought_at: Ints
    booked_on: Ints
    due_at: Ints
    look_at: Ints
    needs: list[str]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with the word on it. needs: kinds of evidence with | between; withheld_minor: of the platform's campaign money."""

    purchase_id: int
    merchant_id: int
    account_id: int
    reference: str
    category_id: int
    region_id: int
    amount_minor: int
    bought_at: dt.datetime
    booked_on: dt.date
    due_at: dt.datetime
    needs: str
    platform_minor: int
    withheld_minor: int
    state: str
    score: int
    reasons: list[str]
    decided_by: str | None
    look_at: dt.datetime | None
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """An item as kept, and who said it when."""

    item: EvidenceItem
    source: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One change of the word on an order."""

    state_before: str
    state_after: str
    reasons: list[str]
    score: int
    person: str
    why: str
    at: dt.datetime


def insert_orders(conn: psycopg.Connection, rows: NewOrders) -> None:
    """Open orders; those that are open already stay as they are."""
    first = (rows.purchase_id, rows.merchant_id, rows.account_id)
    second = (
        rows.category_id,
        rows.region_id,
        rows.amount_minor,
        rows.bought_at,
        rows.booked_on,
        rows.due_at,
        rows.look_at,
    )
    numbers = [[column.tolist() for column in some] for some in (first, second)]
    conn.execute(INSERT, [*numbers[0], rows.reference, *numbers[1], rows.needs])


def find_scenes(conn: psycopg.Connection, merchant_ids: Sequence[int]) -> dict[int, str]:
    """merchant -> its first scene, of those that are registered."""
    rows = conn.execute(
        "SELECT merchant_id, scenes[1] FROM merchants_registry WHERE merchant_id = ANY(%s)", [merchant_ids]
    )
    return {int(merchant): str(scene) for merchant, scene in rows}


def add_platform_fees(conn: psycopg.Connection, purchase_ids: Ints, amounts_minor: Ints) -> None:
    """What the platform bears of orders has changed by so much. Parallel int64[n]."""
    if len(purchase_ids):
        conn.execute(
            "UPDATE merchants_order AS o SET platform_minor = o.platform_minor + more.minor FROM ("
            " SELECT purchase, sum(amount)::bigint AS minor FROM unnest(%s::bigint[], %s::bigint[]) AS row (purchase, amount)"
            " GROUP BY purchase) AS more WHERE o.purchase_id = more.purchase",
            [purchase_ids.tolist(), amounts_minor.tolist()],
        )


def list_waiting(conn: psycopg.Connection, *, now: dt.datetime, limit: int) -> list[OrderRow]:
    """Orders whose look is due, the longest due first."""
    with conn.cursor(row_factory=class_row(OrderRow)) as cursor:
        return cursor.execute(
            ORDERS + " WHERE look_at <= %s ORDER BY look_at, purchase_id LIMIT %s", [now, limit]
        ).fetchall()


def lock_orders(conn: psycopg.Connection, purchase_ids: Collection[int]) -> list[OrderRow]:
    """These orders, ours until the transaction ends, in order."""
    with conn.cursor(row_factory=class_row(OrderRow)) as cursor:
        return cursor.execute(
            ORDERS + " WHERE purchase_id = ANY(%s) ORDER BY purchase_id FOR UPDATE", [sorted(purchase_ids)]
        ).fetchall()


def find_order(conn: psycopg.Connection, purchase_id: int) -> OrderRow | None:
    """One order."""
    with conn.cursor(row_factory=class_row(OrderRow)) as cursor:
        return cursor.execute(ORDERS + " WHERE purchase_id = %s", [purchase_id]).fetchone()


def find_orders(conn: psycopg.Connection, purchase_ids: Collection[int]) -> dict[int, OrderRow]:
    """purchase -> its order."""
    with conn.cursor(row_factory=class_row(OrderRow)) as cursor:
        rows = cursor.execute(ORDERS + " WHERE purchase_id = ANY(%s)", [list(purchase_ids)]).fetchall()
    return {row.purchase_id: row for row in rows}


def list_flagged(conn: psycopg.Connection, *, limit: int) -> list[OrderRow]:
    """Orders that are unproved, doubtful or false, the last changed first."""
    with conn.cursor(row_factory=class_row(OrderRow)) as cursor:
        return cursor.execute(
            ORDERS + " WHERE state IN ('unproved', 'doubtful', 'false') ORDER BY changed_at DESC, purchase_id LIMIT %s",
            [limit],
        ).fetchall()


def count_states(conn: psycopg.Connection, *, since: dt.date) -> list[tuple[str, int, int]]:
    """(state, orders, withheld minor units) of business days from one on."""
    rows = conn.execute(
        "SELECT state, count(*), sum(withheld_minor)::bigint FROM merchants_order WHERE booked_on >= %s GROUP BY state ORDER BY state",
        [since],
    )
    return [(str(state), int(orders), int(minor)) for state, orders, minor in rows]


def insert_evidence(conn: psycopg.Connection, items: Sequence[EvidenceItem], *, source: str, now: dt.datetime) -> None:
    """Keep what is new."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_order_evidence (purchase_id, source, kind, reference, happened_at, region, place, grams, scans,"
            " recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (i.purchase_id, source, i.kind.value, i.reference, i.at, i.region, i.place, i.grams, i.scans, now)
                for i in items
            ],
        )


def look_soon(conn: psycopg.Connection, purchase_id: int, *, now: dt.datetime) -> None:
    """An order that no person has decided is looked at in the next round."""
    conn.execute(
        "UPDATE merchants_order SET look_at = %s WHERE purchase_id = %s AND decided_by IS NULL AND (look_at IS NULL OR look_at > %s)",
        [now, purchase_id, now],
    )


def list_evidence(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> list[EvidenceRow]:
    """All that was said of these orders, in the order in which it came."""
    rows = conn.execute(
        "SELECT purchase_id, kind, reference, happened_at, region, place, grams, scans, source, recorded_at"
        " FROM merchants_order_evidence WHERE purchase_id = ANY(%s) ORDER BY evidence_id",
        [purchase_ids],
    )
    return [
        EvidenceRow(
            EvidenceItem(
                purchase_id=p, kind=EvidenceKind(kind), reference=ref, at=at, region=region, place=place, grams=grams, scans=scans
            ), source, recorded_at,
        )
        for p, kind, ref, at, region, place, grams, scans, source, recorded_at in rows
    ]  # fmt: skip


def count_waybill_orders(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> dict[int, int]:
    """purchase -> other customers under its waybills."""
    return {int(p): int(n) for p, n in conn.execute(WAYBILLS, [purchase_ids])}


def count_place_orders(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> dict[int, int]:
    """purchase -> other customers of the shop whose orders went to its place within a month."""
    return {int(p): int(n) for p, n in conn.execute(PLACES, [LATELY_DAYS, LATELY_DAYS, purchase_ids])}


def touch_neighbours(conn: psycopg.Connection, purchase_ids: Sequence[int], *, now: dt.datetime) -> None:
    """Proved orders that share a waybill with these are looked at again."""
    conn.execute(TOUCH, [now, purchase_ids, purchase_ids])


def count_shop_days(
    conn: psycopg.Connection, days: Collection[tuple[int, dt.date]]
) -> dict[tuple[int, dt.date], tuple[int, int]]:
    """(merchant, business day) -> (its orders, its orders in LATELY_DAYS before)."""
    rows = conn.execute(
        "SELECT d.m, d.day, count(*) FILTER (WHERE o.booked_on = d.day), count(*) FILTER (WHERE o.booked_on < d.day)"
        " FROM unnest(%s::bigint[], %s::date[]) AS d (m, day) JOIN merchants_order AS o"
        " ON o.merchant_id = d.m AND o.booked_on BETWEEN d.day - %s AND d.day GROUP BY d.m, d.day",
        [[m for m, _ in days], [day for _, day in days], LATELY_DAYS],
    )
    return {(int(m), day): (int(n), int(before)) for m, day, n, before in rows}


def list_other_shops(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> dict[int, list[int]]:
    """purchase -> other shops at which its customer bought within COMPANY_DAYS of it, at most SHOPS_MAX."""
    rows = conn.execute(
        "SELECT mine.purchase_id, ARRAY(SELECT DISTINCT o.merchant_id FROM merchants_order AS o WHERE o.account_id = mine.account_id"
        " AND o.merchant_id <> mine.merchant_id AND o.booked_on BETWEEN mine.booked_on - %s AND mine.booked_on + %s LIMIT %s)"
        " FROM merchants_order AS mine WHERE mine.purchase_id = ANY(%s)",
        [COMPANY_DAYS, COMPANY_DAYS, SHOPS_MAX, purchase_ids],
    )
    return {int(p): list(shops) for p, shops in rows}


def list_buyers(
    conn: psycopg.Connection, days: Collection[tuple[int, dt.date]]
) -> dict[tuple[int, dt.date], set[int] | None]:
    """(merchant, day) -> accounts that bought there within COMPANY_DAYS of it; None where there were more than CROWD_MAX orders."""
    rows = conn.execute(
        "SELECT d.m, d.day, ARRAY(SELECT o.account_id FROM merchants_order AS o WHERE o.merchant_id = d.m"
        " AND o.booked_on BETWEEN d.day - %s AND d.day + %s LIMIT %s) FROM unnest(%s::bigint[], %s::date[]) AS d (m, day)",
        [COMPANY_DAYS, COMPANY_DAYS, CROWD_MAX + 1, [m for m, _ in days], [day for _, day in days]],
    )
    return {(int(m), day): set(accounts) if len(accounts) <= CROWD_MAX else None for m, day, accounts in rows}


def sum_shops(conn: psycopg.Connection, merchant_ids: Sequence[int], *, until: dt.date) -> dict[int, tuple[int, int]]:
    """merchant -> (sold, refunded) of a month, minor units."""
    rows = conn.execute(SHOPS, [merchant_ids, until - dt.timedelta(days=LATELY_DAYS), until])
    return {int(m): (int(sold), int(refunded)) for m, sold, refunded in rows}


def sum_refunded(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> dict[int, int]:
    """purchase -> what was refunded of it, minor units."""
    rows = conn.execute(
        "SELECT purchase_id, -sum(gross_minor)::bigint FROM merchants_movement WHERE purchase_id = ANY(%s) AND purchase_id <> 0"
        " AND gross_minor < 0 GROUP BY purchase_id",
        [purchase_ids],
    )
    return {int(p): int(minor) for p, minor in rows}


def find_capacities(conn: psycopg.Connection, merchant_ids: Sequence[int], *, since: dt.datetime) -> dict[int, int]:
    """merchant -> the newest word on its orders a day, not older than a moment."""
    rows = conn.execute(
        "SELECT DISTINCT ON (merchant_id) merchant_id, orders_max FROM merchants_capacity WHERE merchant_id = ANY(%s)"
        " AND recorded_at >= %s ORDER BY merchant_id, capacity_id DESC",
        [merchant_ids, since],
    )
    return {int(m): int(most) for m, most in rows}


def insert_capacities(
    conn: psycopg.Connection, told: Sequence[tuple[int, int]], *, source: str, now: dt.datetime
) -> None:
    """(merchant, orders a day) as a source says."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_capacity (merchant_id, source, orders_max, recorded_at) VALUES (%s, %s, %s, %s)",
            [(merchant, source, most, now) for merchant, most in told],
        )


def save_word(
    conn: psycopg.Connection,
    purchase_id: int,
    word: tuple[OrderState, int, Sequence[str]],
    *,
    look_at: dt.datetime | None,
    decided_by: str | None,
    now: dt.datetime,
) -> None:
    """(state, score, reasons) of an order from now on; `changed_at` moves with the state alone."""
    state, score, reasons = word
    conn.execute(
        "UPDATE merchants_order SET changed_at = CASE WHEN state <> %(state)s THEN %(now)s ELSE changed_at END, state = %(state)s,"
        " score = %(score)s, reasons = %(reasons)s, look_at = %(look)s, decided_by = %(by)s WHERE purchase_id = %(purchase)s",
        {"state": state.value, "score": score, "reasons": list(reasons), "look": look_at, "by": decided_by, "now": now,
         "purchase": purchase_id},
    )  # fmt: skip


def insert_step(conn: psycopg.Connection, purchase_id: int, step: OrderStep) -> None:
    """Write a change of the word down."""
    conn.execute(
        "INSERT INTO merchants_order_step (purchase_id, state_before, state_after, reasons, score, person, why, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [purchase_id, step.state_before, step.state_after, step.reasons, step.score, step.person, step.why, step.at],
    )


def list_steps(conn: psycopg.Connection, purchase_id: int) -> list[OrderStep]:
    """Each change of the word on an order, in order."""
    with conn.cursor(row_factory=class_row(OrderStep)) as cursor:
        return cursor.execute(
            "SELECT state_before, state_after, reasons, score, person, why, at FROM merchants_order_step WHERE purchase_id = %s"
            " ORDER BY step_id",
            [purchase_id],
        ).fetchall()


def move_withheld(conn: psycopg.Connection, *, limit: int) -> list[tuple[int, int, int]]:
    """(purchase, merchant, + to withhold or − to give back) of orders whose withheld money is not what it should be; now it is."""
    return [(int(p), int(m), int(minor)) for p, m, minor in conn.execute(OWED, [limit])]


def insert_withholdings(
    conn: psycopg.Connection, rows: Sequence[tuple[int, int, int, int]], *, booked_on: dt.date, now: dt.datetime
) -> None:
    """(purchase, merchant, amount, entry) as booked."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_withholding (purchase_id, merchant_id, amount_minor, entry_id, booked_on, at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [(*row, booked_on, now) for row in rows],
        )
