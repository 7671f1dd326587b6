"""SQL of the state's interest subsidy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from honghua.merchants.core.subsidy import HeldItem, ProductKind, SubsidyChange, SubsidyItem

ITEMS: Final = (
    "SELECT item, borrower, merchant, purchase_id, consumed_on, amount_minor, left_minor, rate_ppm, product, field, policy, evidence,"
    " is_false FROM merchants_subsidy_item"
)

# A shop has the money of a proved order at once, or with the first settlement from its day on whose payout arrived.
UNASKED: Final = """
SELECT DISTINCT ON (o.purchase_id) o.purchase_id, p.key, p.merchant, r.scenes FROM merchants_order AS o
JOIN merchants_movement AS m ON m.purchase_id = o.purchase_id AND m.gross_minor > 0
JOIN merchants_payout AS p ON p.merchant_id = m.merchant_id AND p.state = 'confirmed'
  AND (p.purchase_id = o.purchase_id OR (p.kind = 'settlement' AND p.day >= m.booked_on))
JOIN merchants_registry AS r USING (merchant)
WHERE o.state = 'proved'
  AND NOT EXISTS (SELECT FROM merchants_subsidy_item AS i WHERE i.purchase_id = o.purchase_id)
  AND NOT EXISTS (SELECT FROM merchants_subsidy_declined AS d WHERE d.purchase_id = o.purchase_id)
ORDER BY o.purchase_id, p.kind, p.day LIMIT %s
"""
REFUNDS: Final = """
SELECT i.item, m.fact_id, -m.gross_minor FROM merchants_subsidy_item AS i JOIN merchants_movement AS m USING (purchase_id)
WHERE m.kind = 7 AND m.gross_minor < 0 AND i.left_minor > 0
  AND NOT EXISTS (SELECT FROM merchants_subsidy_event AS e WHERE e.key = 'refund:' || m.fact_id)
ORDER BY m.entry_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class PaidPurchase:
    """A purchase whose money reached the merchant: key of the payout, scenes in which the merchant sells."""

    purchase_id: int
    key: str
    merchant: str
    scenes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyRow:
    """An item as registered. evidence: by what its trade was identified."""

    item: str
    borrower: str
    merchant: str
    purchase_id: int
    consumed_on: dt.date
    amount_minor: int
    left_minor: int
    rate_ppm: int
    product: str
    field: str
    policy: str
    evidence: str
    is_false: bool

    def held(self) -> HeldItem:
        """As the arithmetic sees it, nothing granted yet."""
        item = SubsidyItem(
            consumed_on=self.consumed_on, amount_minor=self.amount_minor, rate_ppm=self.rate_ppm, product=ProductKind(self.product),
            field=self.field,
        )  # fmt: skip
        return HeldItem(item=item, left_minor=self.left_minor, is_false=self.is_false)


@dataclass(frozen=True, slots=True)
class PartRow:
    """An interest part of an item: from a day (inside) to another (outside), minor units."""

    item: str
    seq: int
    from_on: dt.date
    to_on: dt.date
    principal_minor: int
    interest_minor: int


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A month's sums; taken_back ≤ 0; central + province = granted + taken back."""

    month: dt.date
    items: int
    granted_minor: int
    taken_back_minor: int
    central_minor: int
    province_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A change with the entry that booked it."""

    key: str
    item: str
    borrower: str
    kind: str
    change: SubsidyChange
    entry_id: int
    settled_on: dt.date


def lock_borrower(conn: psycopg.Connection, borrower: str) -> None:
    """This borrower's subsidies are ours until the transaction ends: caps cannot be passed by two at once."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('merchants_subsidy:' || %s, 0))", [borrower])


def find_item(conn: psycopg.Connection, item: str) -> SubsidyRow | None:
    """One item."""
    with conn.cursor(row_factory=class_row(SubsidyRow)) as cursor:
        return cursor.execute(ITEMS + " WHERE item = %s", [item]).fetchone()


def find_item_of_purchase(conn: psycopg.Connection, purchase_id: int) -> SubsidyRow | None:
    """The item of a purchase."""
    with conn.cursor(row_factory=class_row(SubsidyRow)) as cursor:
        return cursor.execute(ITEMS + " WHERE purchase_id = %s", [purchase_id]).fetchone()


def find_purchases(conn: psycopg.Connection, items: Iterable[str]) -> dict[int, str]:
    """purchase -> item of these items."""
    rows = conn.execute("SELECT purchase_id, item FROM merchants_subsidy_item WHERE item = ANY(%s)", [list(items)])
    return {int(purchase): str(item) for purchase, item in rows}


def load_items(conn: psycopg.Connection, borrower: str) -> dict[str, HeldItem]:
    """All items of a borrower with what they have had."""
    with conn.cursor(row_factory=class_row(SubsidyRow)) as cursor:
        rows = cursor.execute(ITEMS + " WHERE borrower = %s ORDER BY item", [borrower]).fetchall()
    items = {row.item: row.held() for row in rows}
    sums = conn.execute(
        "SELECT item, year, sum(amount_minor)::bigint FROM merchants_subsidy_movement WHERE borrower = %s GROUP BY item, year",
        [borrower],
    ).fetchall()
    for item, year, minor in sums:
        items[item] = replace(items[item], by_year={**items[item].by_year, int(year): int(minor)})
    return items


def insert_item(conn: psycopg.Connection, row: SubsidyRow, parts: Sequence[PartRow], *, now: dt.datetime) -> None:
    """A new item with its interest parts."""
    conn.execute(
        "INSERT INTO merchants_subsidy_item (item, borrower, merchant, purchase_id, consumed_on, amount_minor, left_minor, rate_ppm,"
        " product, field, policy, evidence, registered_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            row.item, row.borrower, row.merchant, row.purchase_id, row.consumed_on, row.amount_minor, row.left_minor, row.rate_ppm,
            row.product, row.field, row.policy, row.evidence, now,
        ],
    )  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_subsidy_part (item, seq, from_on, to_on, principal_minor, interest_minor)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [(p.item, p.seq, p.from_on, p.to_on, p.principal_minor, p.interest_minor) for p in parts],
        )


def save_item(conn: psycopg.Connection, item: str, held: HeldItem) -> None:
    """What is left of an item, and whether it was false."""
    conn.execute(
        "UPDATE merchants_subsidy_item SET left_minor = %s, is_false = %s WHERE item = %s",
        [held.left_minor, held.is_false, item],
    )


def list_due(conn: psycopg.Connection, *, until: dt.date, limit: int) -> list[tuple[str, PartRow]]:
    """(borrower, part) of parts that ended by a day and are not settled, the oldest first; none of an order whose purpose is in doubt."""
    rows = conn.execute(
        "SELECT i.borrower, p.item, p.seq, p.from_on, p.to_on, p.principal_minor, p.interest_minor FROM merchants_subsidy_part AS p"
        " JOIN merchants_subsidy_item AS i USING (item) WHERE NOT p.is_settled AND p.to_on <= %s AND NOT EXISTS ("
        " SELECT FROM merchants_order AS o WHERE o.purchase_id = i.purchase_id AND o.state IN ('unproved', 'doubtful'))"
        " ORDER BY p.to_on, p.item, p.seq LIMIT %s",
        [until, limit],
    )
    return [(str(borrower), PartRow(*rest)) for borrower, *rest in rows]


def mark_settled(conn: psycopg.Connection, part: PartRow) -> bool:
    """Whether it was not settled before."""
    done = conn.execute(
        "UPDATE merchants_subsidy_part SET is_settled = true WHERE item = %s AND seq = %s AND NOT is_settled",
        [part.item, part.seq],
    )
    return done.rowcount == 1


def insert_movement(conn: psycopg.Connection, booked: Booked, *, now: dt.datetime) -> None:
    """Keep a change, a row a year that it counts in; the shares stand with the last row's rest."""
    years = sorted(booked.change.by_year.items())
    central_left, left = booked.change.central_minor, booked.change.amount_minor
    for i, (year, minor) in enumerate(years):
        central = central_left if i == len(years) - 1 else central_left * minor // left
        central_left -= central
        left -= minor
        conn.execute(
            "INSERT INTO merchants_subsidy_movement (key, year, item, borrower, kind, policy, amount_minor, central_minor, province_minor,"
            " limited_by, settled_on, entry_id, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                booked.key, year, booked.item, booked.borrower, booked.kind, booked.change.policy, minor, central, minor - central,
                booked.change.limited_by, booked.settled_on, booked.entry_id, now,
            ],
        )  # fmt: skip


def insert_event(conn: psycopg.Connection, what: tuple[str, str, str, int], *, now: dt.datetime) -> bool:
    """(key, item, kind, amount) of a refund or finding; False when the key has worked."""
    done = conn.execute(
        "INSERT INTO merchants_subsidy_event (key, item, kind, amount_minor, at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [*what, now],
    )
    return done.rowcount == 1


def read_debt(conn: psycopg.Connection, borrower: str) -> int:
    """What a borrower owes back."""
    row = conn.execute("SELECT owed_minor FROM merchants_subsidy_debt WHERE borrower = %s", [borrower]).fetchone()
    return 0 if row is None else int(row[0])


def set_debt(conn: psycopg.Connection, borrower: str, owed_minor: int) -> None:
    """What a borrower owes back from now on."""
    conn.execute(
        "INSERT INTO merchants_subsidy_debt (borrower, owed_minor) VALUES (%s, %s)"
        " ON CONFLICT (borrower) DO UPDATE SET owed_minor = EXCLUDED.owed_minor",
        [borrower, owed_minor],
    )


def sum_month(conn: psycopg.Connection, month: dt.date, until: dt.date) -> ReturnRow:
    """A month's movements, by business day."""
    row: tuple[Any, ...] | None = conn.execute(
        "SELECT count(DISTINCT item)::int, coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0)::bigint,"
        " coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)::bigint, coalesce(sum(central_minor), 0)::bigint,"
        " coalesce(sum(province_minor), 0)::bigint FROM merchants_subsidy_movement WHERE settled_on >= %s AND settled_on < %s",
        [month, until],
    ).fetchone()
    assert row is not None
    return ReturnRow(month, *row)


def insert_return(conn: psycopg.Connection, row: ReturnRow, *, person: str, now: dt.datetime) -> bool:
    """File a month; False when it was filed."""
    done = conn.execute(
        "INSERT INTO merchants_subsidy_return (month, items, granted_minor, taken_back_minor, central_minor, province_minor,"
        " filed_by, filed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [row.month, row.items, row.granted_minor, row.taken_back_minor, row.central_minor, row.province_minor, person, now],
    )  # fmt: skip
    return done.rowcount == 1


def find_return(conn: psycopg.Connection, month: dt.date) -> ReturnRow | None:
    """A filed month."""
    with conn.cursor(row_factory=class_row(ReturnRow)) as cursor:
        return cursor.execute(
            "SELECT month, items, granted_minor, taken_back_minor, central_minor, province_minor FROM merchants_subsidy_return"
            " WHERE month = %s",
            [month],
        ).fetchone()


def list_unasked(conn: psycopg.Connection, *, limit: int) -> list[PaidPurchase]:
    """Purchases whose entrusted payment a bank's statement confirms and whose order is proved, if nobody asked the state for them yet."""
    with conn.cursor(row_factory=class_row(PaidPurchase)) as cursor:
        return cursor.execute(UNASKED, [limit]).fetchall()


def insert_declined(conn: psycopg.Connection, purchase_id: int, code: str, *, now: dt.datetime) -> None:
    """Nobody asks the state for this purchase again."""
    conn.execute(
        "INSERT INTO merchants_subsidy_declined (purchase_id, code, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [purchase_id, code, now],
    )


def list_refunds(conn: psycopg.Connection, *, limit: int) -> list[tuple[str, int, int]]:
    """(item, fact, refunded minor units) of refunds of subsidised purchases that were not followed, in order of happening."""
    rows = conn.execute(REFUNDS, [limit])
    return [(str(item), int(fact), int(minor)) for item, fact, minor in rows]
