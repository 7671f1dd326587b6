"""SQL of payout orders, of what banks said of them, and of their statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.merchants.core.payouts import DifferenceKind, PayoutState, StatementRow

COLUMNS: Final = (
    "key, kind, merchant_id, merchant, purchase_id, day, amount_minor, currency, entry_id, state, paid_minor, bank, tries,"
    " heard_on, error, ordered_at, sent_at, answered_at, ended_at"
)
SELECT: Final = f"SELECT {COLUMNS} FROM merchants_payout"  # noqa: S608 (names of our own)
MARK_SENT: Final = f"""UPDATE merchants_payout SET sent_at = coalesce(sent_at, %(now)s), bank = coalesce(bank, %(bank)s),
  tries = tries + 1 WHERE key = %(key)s AND state = 'waiting' AND coalesce(bank, %(bank)s) = %(bank)s
RETURNING {COLUMNS}"""  # noqa: S608 (names of our own)
DIFFERENCES: Final = (
    "SELECT difference_id, bank, day, key, kind, ours_minor, theirs_minor, needs_person, told_at, settled_at, person, why"
    " FROM merchants_bank_difference"
)


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One order. paid_minor: what the bank's statement shows, 0 before. tries: how often it was sent or asked about."""

    key: str
    kind: str
    merchant_id: int
    merchant: str
    purchase_id: int | None
    day: dt.date | None
    amount_minor: int
    currency: str
    entry_id: int
    state: str
    paid_minor: int
    bank: str | None
    tries: int
    heard_on: dt.date | None
    error: str | None
    ordered_at: dt.datetime
    sent_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a bank's words or book differ from ours. needs_person: nothing that we may do by ourselves mends it."""

    difference_id: int
    bank: str
    day: dt.date
    key: str
    kind: str
    ours_minor: int
    theirs_minor: int
    needs_person: bool
    told_at: dt.datetime
    settled_at: dt.datetime | None
    person: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDifference:
    """The same before it is written down."""

    key: str
    kind: DifferenceKind
    ours_minor: int
    theirs_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a bank said of a key, and what it did to the order (None: there is no such order)."""

    key: str
    via: str
    said: str
    amount_minor: int
    before: str | None
    after: str | None


def insert_payouts(conn: psycopg.Connection, orders: Sequence[PayoutOrder]) -> None:
    """New orders, waiting."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_payout (key, kind, merchant_id, merchant, purchase_id, day, amount_minor, currency, entry_id,"
            " ordered_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (o.key, o.kind, o.merchant_id, o.merchant, o.purchase_id, o.day, o.amount_minor, o.currency, o.entry_id, o.ordered_at)
                for o in orders
            ],
        )  # fmt: skip


def find_payout(conn: psycopg.Connection, key: str) -> PayoutOrder | None:
    """The order under a key."""
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        return cursor.execute(SELECT + " WHERE key = %s", [key]).fetchone()


def find_of_purchase(conn: psycopg.Connection, purchase_id: int) -> PayoutOrder | None:
    """The payment at once of a purchase."""
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        return cursor.execute(SELECT + " WHERE purchase_id = %s", [purchase_id]).fetchone()


def is_held(conn: psycopg.Connection, purchase_id: int) -> bool:
    """Whether the payout of a purchase was kept back, let go since or not."""
    row = conn.execute("SELECT 1 FROM merchants_payout_held WHERE purchase_id = %s", [purchase_id]).fetchone()
    return row is not None


def lock_open(conn: psycopg.Connection, bank: str) -> list[PayoutOrder]:
    """Orders sent to a bank that no statement has ended, locked."""
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        return cursor.execute(
            SELECT + " WHERE bank = %s AND ended_at IS NULL ORDER BY key FOR UPDATE", [bank]
        ).fetchall()


def lock_many(conn: psycopg.Connection, keys: Sequence[str]) -> dict[str, PayoutOrder]:
    """Orders by key, locked in one order; those that nobody made are absent."""
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        rows = cursor.execute(SELECT + " WHERE key = ANY(%s) ORDER BY key FOR UPDATE", [list(keys)])
        return {row.key: row for row in rows}


def list_payouts(conn: psycopg.Connection, *, merchant_id: int | None, limit: int) -> list[PayoutOrder]:
    """The newest orders, of one merchant or of all."""
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        return cursor.execute(
            SELECT + " WHERE %s::bigint IS NULL OR merchant_id = %s ORDER BY ordered_at DESC, key LIMIT %s",
            [merchant_id, merchant_id, limit],
        ).fetchall()


def mark_sent(conn: psycopg.Connection, key: str, *, bank: str, now: dt.datetime) -> PayoutOrder | None:
    """Note that a waiting order is about to be sent or asked about; as it stands then. None when it waits no more.

    An order goes to one bank for good: under another bank's key the money could move a second time.
    """
    with conn.cursor(row_factory=class_row(PayoutOrder)) as cursor:
        return cursor.execute(MARK_SENT, {"now": now, "bank": bank, "key": key}).fetchone()


def set_heard(
    conn: psycopg.Connection, key: str, state: PayoutState, *, error: str | None, heard_on: dt.date, now: dt.datetime
) -> None:
    """The state after hearsay."""
    conn.execute(
        "UPDATE merchants_payout SET state = %s, error = %s, heard_on = %s, answered_at = coalesce(answered_at, %s)"
        " WHERE key = %s AND ended_at IS NULL",
        [state.value, error, heard_on, now, key],
    )


def set_ended(conn: psycopg.Connection, key: str, state: PayoutState, *, paid_minor: int, now: dt.datetime) -> None:
    """The end by a statement."""
    conn.execute(
        "UPDATE merchants_payout SET state = %s, paid_minor = %s, ended_at = %s, answered_at = coalesce(answered_at, %s) WHERE key = %s",
        [state.value, paid_minor, now, now, key],
    )


def insert_words(conn: psycopg.Connection, bank: str, words: Sequence[Word], *, now: dt.datetime) -> None:
    """Keep everything that was said."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_payout_word (key, bank, via, said, amount_minor, state_before, state_after, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(w.key[:200], bank, w.via, w.said, w.amount_minor, w.before, w.after, now) for w in words],
        )


def insert_differences(
    conn: psycopg.Connection, bank: str, day: dt.date, found: Sequence[tuple[NewDifference, bool]], *, now: dt.datetime
) -> None:
    """Write differences down, each with whether a person must look."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_bank_difference (bank, day, key, kind, ours_minor, theirs_minor, needs_person, told_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(bank, day, d.key[:200], d.kind.value, d.ours_minor, d.theirs_minor, person, now) for d, person in found],
        )


def find_statement_digest(conn: psycopg.Connection, bank: str, day: dt.date) -> bytes | None:
    """The digest of a statement that was reconciled."""
    row = conn.execute(
        "SELECT digest FROM merchants_bank_statement WHERE bank = %s AND day = %s", [bank, day]
    ).fetchone()
    return None if row is None else bytes(row[0])


def find_last_day(conn: psycopg.Connection, bank: str) -> dt.date | None:
    """The newest day of a bank that was reconciled."""
    row = conn.execute("SELECT max(day) FROM merchants_bank_statement WHERE bank = %s", [bank]).fetchone()
    return None if row is None else row[0]


def find_first_sent(conn: psycopg.Connection, bank: str) -> dt.datetime | None:
    """When a bank was first sent anything."""
    row = conn.execute("SELECT min(sent_at) FROM merchants_payout WHERE bank = %s", [bank]).fetchone()
    return None if row is None else row[0]


def insert_statement(
    conn: psycopg.Connection, bank: str, day: dt.date, rows: Sequence[StatementRow], *, digest: bytes, now: dt.datetime
) -> None:
    """A statement with its rows."""
    moved = sum(row.amount_minor for row in rows if row.is_moved)
    conn.execute(
        "INSERT INTO merchants_bank_statement (bank, day, rows, moved_minor, digest, reconciled_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [bank, day, len(rows), moved, digest, now],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_bank_row (bank, day, key, merchant, amount_minor, currency, is_moved, reference)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(bank, day, r.key[:200], r.merchant, r.amount_minor, r.currency, r.is_moved, r.reference) for r in rows],
        )


def list_differences(conn: psycopg.Connection, *, open_only: bool, limit: int) -> list[Difference]:
    """The newest differences; open ones are those that need a person and have not had one."""
    where = " WHERE needs_person AND settled_at IS NULL" if open_only else ""
    with conn.cursor(row_factory=class_row(Difference)) as cursor:
        return cursor.execute(DIFFERENCES + where + " ORDER BY difference_id DESC LIMIT %s", [limit]).fetchall()


def settle_difference(conn: psycopg.Connection, difference_id: int, *, person: str, why: str, now: dt.datetime) -> bool:
    """A person has dealt with it; False when there is no such open one."""
    done = conn.execute(
        "UPDATE merchants_bank_difference SET settled_at = %s, person = %s, why = %s WHERE difference_id = %s AND settled_at IS NULL",
        [now, person, why, difference_id],
    )
    return done.rowcount == 1
