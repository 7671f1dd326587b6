"""SQL of movements and settlements, and of the follower's cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from honghua.store.copybin import Date, Int2, Int4, Int8, Text, Timestamp, copy_in

Ints = NDArray[np.int64]
LIST_MAX: Final = 500

MOVEMENT_COLUMNS: Final = (
    "merchant_id", "entry_id", "account_id", "fact_id", "kind", "booked_on", "happened_at", "purchase_id", "reference",
    "gross_minor", "net_minor", "fee_minor", "periods", "category_id",
)  # fmt: skip
MOVEMENTS: Final = (
    "SELECT entry_id, account_id, kind, booked_on, happened_at, purchase_id, reference, gross_minor, net_minor, fee_minor,"
    " periods, category_id FROM merchants_movement"
)
SETTLEMENTS: Final = (
    "SELECT merchant_id, day, sales_minor, refunds_minor, fees_minor, carried_minor, advanced_minor, service_minor, due_minor, paid_minor,"
    " state, entry_id, last_error, made_at, settled_at FROM merchants_settlement"
)
# Kind 102 (facts.kinds: MERCHANT_PAID) moves money that was counted when goods moved it; 103 (PAYOUT_RETURNED) makes it due again.
# 104 to 106 (paid at once, that came back, corrected to what the bank moved) gave a merchant money of the day before its settlement.
# The service fee (110, MERCHANT_CHARGED) is booked by the settlement that takes it: half up, on sales less refunds, never below zero.
# Registered merchants are settled T+n (`settle_days`, 1 for all others); one that is suspended keeps what it is owed until it is not.
# What a second scan held (`payouts/at_once.py`) is left out of the day of its capture and carried to the day on which it was let go.
# Everything up to the day that no settlement covers yet. A failed payout counts on the day on which it was booked back, however late.
DUE: Final = """
WITH terms AS (
  SELECT merchant_id, fee_ppm, %(day)s::date - (settle_days - 1) AS until, state NOT IN ('suspended', 'refused') AS is_paid
  FROM merchants_registry WHERE merchant_id IS NOT NULL),
last AS (
  SELECT DISTINCT ON (merchant_id) merchant_id, day, due_minor, paid_minor, state FROM merchants_settlement
  ORDER BY merchant_id, day DESC),
moved AS (
  SELECT m.merchant_id, sum(m.gross_minor) FILTER (WHERE m.gross_minor > 0 AND m.kind NOT BETWEEN 102 AND 106) AS sales,
    sum(m.gross_minor) FILTER (WHERE m.gross_minor < 0 AND m.kind NOT BETWEEN 102 AND 106) AS refunds, -sum(m.fee_minor) AS fees,
    sum(m.net_minor) FILTER (WHERE m.kind IN (104, 105, 106)) AS advanced, sum(m.net_minor) FILTER (WHERE m.kind = 103) AS returned
  FROM merchants_movement AS m LEFT JOIN last USING (merchant_id) LEFT JOIN terms USING (merchant_id)
  WHERE m.booked_on <= coalesce(terms.until, %(day)s) AND (last.day IS NULL OR m.booked_on > last.day) AND m.kind NOT IN (102, 110)
  GROUP BY m.merchant_id),
held AS (
  SELECT h.merchant_id, sum(h.minor) AS minor FROM (
    SELECT merchant_id, held_on AS day, -amount_minor AS minor FROM merchants_payout_held UNION ALL
    SELECT merchant_id, released_on, amount_minor FROM merchants_payout_held WHERE released_on IS NOT NULL) AS h
  LEFT JOIN last USING (merchant_id) LEFT JOIN terms USING (merchant_id)
  WHERE h.day <= coalesce(terms.until, %(day)s) AND (last.day IS NULL OR h.day > last.day)
  GROUP BY h.merchant_id),
due AS (
  SELECT merchant_id, coalesce(terms.until, %(day)s) AS day, coalesce(moved.sales, 0)::bigint AS sales,
    coalesce(moved.refunds, 0)::bigint AS refunds,
    coalesce(moved.fees, 0)::bigint AS fees, coalesce(moved.advanced, 0)::bigint AS advanced,
    -round(greatest(coalesce(moved.sales, 0) + coalesce(moved.refunds, 0), 0) * coalesce(terms.fee_ppm, 0) / 1000000.0)::bigint AS service,
    (coalesce(CASE WHEN last.state = 'carried' THEN last.due_minor ELSE 0 END, 0) + coalesce(moved.returned, 0)
      + coalesce(held.minor, 0))::bigint AS carried
  FROM moved FULL JOIN last USING (merchant_id) FULL JOIN held USING (merchant_id) LEFT JOIN terms USING (merchant_id)
  WHERE coalesce(terms.is_paid, true) AND (last.day IS NULL OR last.day < coalesce(terms.until, %(day)s))
    AND last.state IS DISTINCT FROM 'instructed')
INSERT INTO merchants_settlement (merchant_id, day, sales_minor, refunds_minor, fees_minor, carried_minor, advanced_minor, service_minor,
  due_minor, paid_minor, state, made_at)
SELECT merchant_id, day, sales, refunds, fees, carried, advanced, service, sales + refunds + fees + carried + advanced + service,
  greatest(sales + refunds + fees + carried + advanced + service, 0),
  CASE WHEN sales + refunds + fees + carried + advanced + service > 0 THEN 'instructed' ELSE 'carried' END, %(now)s
FROM due WHERE sales <> 0 OR refunds <> 0 OR fees <> 0 OR carried <> 0 OR advanced <> 0
RETURNING merchant_id, day, paid_minor, service_minor
"""


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """Columns of `merchants_movement`; int64[n] but `reference`. booked_on: day numbers; happened_at: microseconds since 1970 UTC."""

    merchant_id: Ints
    entry_id: Ints
    account_id: Ints
    fact_id: Ints
    kind: Ints
    booked_on: Ints
    happened_at: Ints
    purchase_id: Ints
    reference: list[str]
    gross_minor: Ints
    net_minor: Ints
    fee_minor: Ints
    periods: Ints
    category_id: Ints


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing that happened to a merchant, for people. kind: a number of facts.kinds."""

    entry_id: int
    account_id: int
    kind: int
    booked_on: dt.date
    happened_at: dt.datetime
    purchase_id: int
    reference: str
    gross_minor: int
    net_minor: int
    fee_minor: int
    periods: int
    category_id: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """One merchant's day. carried: from other days, less what is held back of this one.

    due = sales + refunds + fees + carried + advanced (paid before its settlement, mostly < 0) + service (≤ 0).

    state: carried, instructed, paid (the bank says so, then its statement) or failed (its statement shows a rejection).
    """

    merchant_id: int
    day: dt.date
    sales_minor: int
    refunds_minor: int
    fees_minor: int
    carried_minor: int
    advanced_minor: int
    service_minor: int
    due_minor: int
    paid_minor: int
    state: str
    entry_id: int | None
    last_error: str | None
    made_at: dt.datetime
    settled_at: dt.datetime | None


def lock_settling(conn: psycopg.Connection, *, share: bool) -> None:
    """Until the transaction ends: a settlement alone, or (share) many who order or hold payouts of single purchases."""
    lock = "pg_advisory_xact_lock_shared" if share else "pg_advisory_xact_lock"
    conn.execute(f"SELECT {lock}(hashtextextended('merchants_settling', 0))")


def is_settled(conn: psycopg.Connection, merchant_id: int, day: dt.date) -> bool:
    """Whether a settlement of this merchant covers a business day."""
    row = conn.execute(
        "SELECT 1 FROM merchants_settlement WHERE merchant_id = %s AND day >= %s LIMIT 1", [merchant_id, day]
    ).fetchone()
    return row is not None


def insert_due(conn: psycopg.Connection, rows: Movements, *, kind: int) -> None:
    """Of these movements, what is to be paid at once: captures (kind) of merchants that agreed so and are fully admitted."""
    at = np.flatnonzero((rows.kind == kind) & (rows.purchase_id != 0))
    if not len(at):
        return
    columns = (rows.merchant_id, rows.purchase_id, rows.account_id, rows.fact_id, rows.booked_on)
    conn.execute(
        "INSERT INTO merchants_payout_due (purchase_id, account_id, merchant_id, fact_id, captured_on)"
        " SELECT m.purchase_id, m.account_id, m.merchant_id, m.fact_id, DATE '1970-01-01' + m.day FROM unnest(%s::bigint[], %s::bigint[],"
        " %s::bigint[], %s::bigint[], %s::int[]) AS m (merchant_id, purchase_id, account_id, fact_id, day)"
        " JOIN merchants_registry AS r USING (merchant_id) WHERE r.paid_at_once AND r.state = 'admitted' ON CONFLICT DO NOTHING",
        [column[at].tolist() for column in columns],
    )


def lock_cursor(conn: psycopg.Connection) -> int:
    """The first transaction not followed yet, ours until the transaction ends."""
    row = conn.execute("SELECT txid FROM merchants_cursor FOR UPDATE").fetchone()
    assert row is not None
    return int(row[0])


def read_cursor(conn: psycopg.Connection) -> int:
    """The first transaction not followed yet."""
    row = conn.execute("SELECT txid FROM merchants_cursor").fetchone()
    assert row is not None
    return int(row[0])


def move_cursor(conn: psycopg.Connection, txid: int) -> None:
    """Go on from here next time."""
    conn.execute("UPDATE merchants_cursor SET txid = %s", [txid])


def insert_movements(conn: psycopg.Connection, rows: Movements) -> int:
    """Append; how many."""
    columns = (
        Int8(rows.merchant_id), Int8(rows.entry_id), Int8(rows.account_id), Int8(rows.fact_id), Int2(rows.kind),
        Date(rows.booked_on), Timestamp(rows.happened_at), Int8(rows.purchase_id), Text(list(rows.reference)),
        Int8(rows.gross_minor), Int8(rows.net_minor), Int8(rows.fee_minor), Int4(rows.periods), Int8(rows.category_id),
    )  # fmt: skip
    return copy_in(conn, "merchants_movement", MOVEMENT_COLUMNS, columns)


def list_movements(
    conn: psycopg.Connection, merchant_id: int, *, before: int, days: tuple[dt.date, dt.date], limit: int
) -> list[Movement]:
    """Movements of some business days (both inside) below an entry id, the newest first."""
    with conn.cursor(row_factory=class_row(Movement)) as cursor:
        return cursor.execute(
            MOVEMENTS + " WHERE merchant_id = %s AND entry_id < %s"
            " AND booked_on BETWEEN %s AND %s ORDER BY entry_id DESC LIMIT %s",
            [merchant_id, before, *days, limit],
        ).fetchall()


def list_of_purchase(conn: psycopg.Connection, merchant_id: int, purchase_id: int) -> list[Movement]:
    """All movements of one purchase at this merchant, in order."""
    with conn.cursor(row_factory=class_row(Movement)) as cursor:
        return cursor.execute(
            MOVEMENTS + " WHERE merchant_id = %s AND purchase_id = %s ORDER BY entry_id",
            [merchant_id, purchase_id],
        ).fetchall()


def sum_days(conn: psycopg.Connection, merchant_id: int, *, days: tuple[dt.date, dt.date]) -> list[tuple[Any, ...]]:
    """(day, orders, sales, refunds, fees, net) of each business day with a movement, payouts left out."""
    return conn.execute(
        "SELECT booked_on, count(*) FILTER (WHERE gross_minor > 0), coalesce(sum(gross_minor) FILTER (WHERE gross_minor > 0), 0)::bigint,"
        " coalesce(sum(gross_minor) FILTER (WHERE gross_minor < 0), 0)::bigint, sum(fee_minor)::bigint, sum(net_minor)::bigint"
        " FROM merchants_movement WHERE merchant_id = %s AND booked_on BETWEEN %s AND %s AND kind NOT BETWEEN 102 AND 110"
        " GROUP BY booked_on ORDER BY booked_on",
        [merchant_id, *days],
    ).fetchall()


def sum_spent(
    conn: psycopg.Connection, merchant_id: int, rows: Sequence[tuple[int, dt.datetime]], *, until: dt.datetime
) -> dict[int, int]:
    """account -> what it spent here, refunds deducted, from its own moment to `until`, minor units; the others spent nothing."""
    found = conn.execute(
        "SELECT seen.account_id, sum(m.gross_minor)::bigint FROM unnest(%s::bigint[], %s::timestamptz[]) AS seen (account_id, at)"
        " JOIN merchants_movement AS m ON m.merchant_id = %s AND m.account_id = seen.account_id AND m.happened_at >= seen.at"
        " AND m.happened_at < %s AND m.kind NOT BETWEEN 102 AND 110 GROUP BY seen.account_id",
        [[account for account, _ in rows], [at for _, at in rows], merchant_id, until],
    )
    return {int(account): int(spent) for account, spent in found}


def make_settlements(
    conn: psycopg.Connection, *, day: dt.date, now: dt.datetime
) -> list[tuple[int, dt.date, int, int]]:
    """One row per merchant with something due up to a closed day; (merchant, last day covered, to pay out, charge ≤ 0) of new rows."""
    return [
        (int(m), on, int(paid), int(charged))
        for m, on, paid, charged in conn.execute(DUE, {"day": day, "now": now}).fetchall()
    ]


def settle(
    conn: psycopg.Connection, merchant_id: int, day: dt.date, *, state: str, error: str | None, now: dt.datetime
) -> bool:
    """How a payout stands: instructed, paid or failed; False when it had failed before, which is for good."""
    done = conn.execute(
        "UPDATE merchants_settlement SET state = %s, last_error = %s, settled_at = CASE WHEN %s = 'instructed' THEN NULL ELSE %s END"
        " WHERE merchant_id = %s AND day = %s AND state IN ('instructed', 'paid')",
        [state, error, state, now, merchant_id, day],
    )
    return done.rowcount == 1


def note_entries(conn: psycopg.Connection, rows: Sequence[tuple[int, dt.date, int]]) -> None:
    """Which journal entry paid whose day: (merchant, day, entry)."""
    conn.execute(
        "UPDATE merchants_settlement AS s SET entry_id = e.entry_id"
        " FROM unnest(%s::bigint[], %s::date[], %s::bigint[]) AS e (merchant_id, day, entry_id)"
        " WHERE s.merchant_id = e.merchant_id AND s.day = e.day",
        [list(column) for column in zip(*rows, strict=True)],
    )


def find_settlement(conn: psycopg.Connection, merchant_id: int, day: dt.date) -> Settlement | None:
    """One merchant's day."""
    with conn.cursor(row_factory=class_row(Settlement)) as cursor:
        return cursor.execute(
            SETTLEMENTS + " WHERE merchant_id = %s AND day = %s",
            [merchant_id, day],
        ).fetchone()


def list_settlements(conn: psycopg.Connection, merchant_id: int, *, before: dt.date, limit: int) -> list[Settlement]:
    """A merchant's settlements before a day, the newest first."""
    with conn.cursor(row_factory=class_row(Settlement)) as cursor:
        return cursor.execute(
            SETTLEMENTS + " WHERE merchant_id = %s AND day < %s ORDER BY day DESC LIMIT %s",
            [merchant_id, before, limit],
        ).fetchall()


def find_day_before(conn: psycopg.Connection, merchant_id: int, day: dt.date) -> dt.date | None:
    """The day of the settlement before this one."""
    row = conn.execute(
        "SELECT max(day) FROM merchants_settlement WHERE merchant_id = %s AND day < %s", [merchant_id, day]
    ).fetchone()
    return None if row is None else row[0]
