"""All SQL of the journal's use cases; what is only checked stands in `invariants.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.sql import SQL, Composed, Identifier

from honghua.ledger.core.chain import SEALED_COLUMNS, SEALED_ORDER, BlockFigures
from honghua.ledger.core.chart import COLUMNS, COMPONENTS, KEY_BITS
from honghua.ledger.core.entries import BalanceChange, EntryBatch, Int64s
from honghua.store.copybin import Date, Int2, Int8, Int8Array, Text, copy_in, copy_out

Connection = psycopg.Connection

BALANCES: Final = "ledger_balance"
SEALER_LOCK: Final = 0x7365616C  # pg_advisory_xact_lock: one sealer at a time
ROWS_AT_ONCE: Final = 5_000
ENTRY_COLUMNS: Final = (
    "owner_id", "entry_id", "kind", "value_on", "booked_on", "fact_id", "currency", "accounts", "amounts_minor",
)  # fmt: skip


def names_of(columns: Sequence[str], *, table: str | None = None) -> Composed:
    """Columns as a list in a statement."""
    return SQL(", ").join(Identifier(name) if table is None else Identifier(table, name) for name in columns)


# ------------------------------------------------------------------------------------------------------------ owners
def find_owner_rows(conn: Connection, *, kind: int, refs: Sequence[str]) -> dict[str, tuple[int, str]]:
    """ref -> (owner_id, currency) of those that exist."""
    rows = conn.execute(
        "SELECT ref, owner_id, currency FROM ledger_owner WHERE kind = %s AND ref = ANY(%s::text[])", [kind, list(refs)]
    )
    return {ref: (owner_id, currency) for ref, owner_id, currency in rows}


def insert_owners(conn: Connection, *, kind: int, refs: Sequence[str], owner_ids: Int64s, currency: str) -> None:
    """New owners with a zero balance each; what somebody else opened meanwhile stays as it is. Give refs sorted."""
    conn.execute(
        "WITH opened AS (INSERT INTO ledger_owner (owner_id, kind, ref, currency)"
        " SELECT wanted.owner_id, %s::smallint, wanted.ref, %s::text"
        " FROM unnest(%s::bigint[], %s::text[]) AS wanted (owner_id, ref)"
        " ON CONFLICT (kind, ref) DO NOTHING RETURNING owner_id, currency)"
        " INSERT INTO ledger_balance (owner_id, currency) SELECT owner_id, currency FROM opened",
        [kind, currency, owner_ids, list(refs)],
    )


def list_owner_rows(conn: Connection, *, ref: str | None = None, limit: int = 50) -> list[tuple[Any, ...]]:
    """(owner_id, kind, ref, currency, opened_at, balances[24]) in order of opening, of one ref or of all."""
    statement = SQL(
        "SELECT owner.owner_id, owner.kind, owner.ref, owner.currency, owner.opened_at, ARRAY[{balances}]"
        " FROM ledger_owner AS owner JOIN ledger_balance AS balance USING (owner_id)"
        " WHERE %(ref)s::text IS NULL OR owner.ref = %(ref)s ORDER BY owner.owner_id LIMIT %(limit)s"
    ).format(balances=names_of(COLUMNS, table="balance"))
    return conn.execute(statement, {"ref": ref, "limit": limit}).fetchall()


def count_owners(conn: Connection) -> int:
    """All owners."""
    return _one(conn, "SELECT count(*) FROM ledger_owner")


def find_owner_kind(conn: Connection, owner_id: int) -> int | None:
    """The kind of an owner, None when there is none."""
    row = conn.execute("SELECT kind FROM ledger_owner WHERE owner_id = %s", [owner_id]).fetchone()
    return None if row is None else int(row[0])


def find_refs(conn: Connection, owner_ids: Sequence[int]) -> dict[int, str]:
    """owner_id -> ref of those that exist."""
    rows = conn.execute("SELECT owner_id, ref FROM ledger_owner WHERE owner_id = ANY(%s::bigint[])", [list(owner_ids)])
    return {int(owner_id): ref for owner_id, ref in rows}


# ----------------------------------------------------------------------------------------------- entries and balances
def insert_entries(conn: Connection, batch: EntryBatch, entry_ids: Int64s) -> None:
    """The rows of a batch by one COPY; the database gives them their time and transaction id."""
    columns = (
        Int8(batch.owner_id), Int8(entry_ids), Int2(batch.kind), Date(batch.value_on), Date(batch.booked_on),
        Int8(batch.fact_id, batch.fact_id != 0), Text([batch.currency] * len(batch)),
        Int8Array(batch.line_accounts, batch.line_offsets), Int8Array(batch.line_amounts, batch.line_offsets),
    )  # fmt: skip
    copy_in(conn, "ledger_entry", ENTRY_COLUMNS, columns)


def list_unknown_owners(conn: Connection, owner_ids: Int64s, *, currency: str, limit: int) -> list[int]:
    """Which of these owners have no balance in this currency."""
    rows = conn.execute(
        "SELECT wanted FROM unnest(%s::bigint[]) AS wanted WHERE NOT EXISTS"
        " (SELECT FROM ledger_balance WHERE owner_id = wanted AND currency = %s) ORDER BY wanted LIMIT %s",
        [owner_ids, currency, limit],
    )
    return [int(row[0]) for row in rows]


def update_balances(conn: Connection, change: BalanceChange, *, currency: str) -> int:
    """Add a batch's change to the balances in this currency, touched columns only; how many rows changed.

    Rows are locked one after the other in rising order of owner, so that batches wait for each other and never deadlock.
    """
    statement = _change_balances(tuple(change.components.tolist()))
    return conn.execute(statement, [change.owner_ids, *change.delta_minor, currency]).rowcount


@cache
def _change_balances(components: tuple[int, ...]) -> bytes:
    """The statement that changes the balances of these components, put together once.

    LATERAL takes the owners' rows in the order in which they are given, and OFFSET 0 keeps the planner from mixing that with the rest. A
    row that somebody else just changed is found again by its owner.
    """
    touched = [COLUMNS[component] for component in components]
    statement = SQL(
        "UPDATE ledger_balance AS balance SET {added} FROM ("
        "SELECT given.* FROM unnest(%s::bigint[], {arrays}) AS given (owner_id, {names}) CROSS JOIN LATERAL"
        " (SELECT FROM ledger_balance WHERE owner_id = given.owner_id AND currency = %s FOR NO KEY UPDATE) AS held OFFSET 0) AS change"
        " WHERE balance.owner_id = change.owner_id"
    ).format(
        added=SQL(", ").join(SQL("{0} = balance.{0} + change.{0}").format(Identifier(name)) for name in touched),
        arrays=SQL(", ").join([SQL("%s::bigint[]")] * len(touched)),
        names=names_of(touched),
    )
    return statement.as_bytes(None)


def read_balance_rows(conn: Connection, owner_ids: Int64s) -> NDArray[np.int64]:
    """int64[n, 24] in the order asked for; owners without a row are left out, so compare n."""
    query = SQL(
        "SELECT {columns} FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (owner_id, place)"
        " JOIN ledger_balance USING (owner_id) ORDER BY place"
    ).format(columns=names_of(COLUMNS))
    return np.stack(copy_out(conn, query, [Int8] * COMPONENTS, [owner_ids]), axis=1)


def sum_balance_rows(conn: Connection, owner_ids: Int64s, places: Int64s) -> list[tuple[int, ...]]:
    """(place, owners found, the sum of each component over them) of owners put into places, in order of the places."""
    sums = SQL(", ").join(SQL("sum({})::bigint").format(Identifier(name)) for name in COLUMNS)
    query = SQL(
        "SELECT place, count(*), {sums} FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (owner_id, place)"
        " JOIN ledger_balance USING (owner_id) GROUP BY place ORDER BY place"
    ).format(sums=sums)
    return conn.execute(query, [owner_ids, places]).fetchall()


def read_trial_rows(conn: Connection) -> dict[str, list[int]]:
    """currency -> the sum of each component over all owners."""
    sums = SQL(", ").join(SQL("sum({})").format(Identifier(name)) for name in COLUMNS)
    rows = conn.execute(
        SQL("SELECT currency, {sums} FROM ledger_balance GROUP BY currency ORDER BY currency").format(sums=sums)
    )
    return {row[0]: [int(value) for value in row[1:]] for row in rows}


def read_cause_rows(conn: Connection, owner_ids: Int64s, *, component: int) -> tuple[Int64s, ...]:
    """(owner, fact id or 0, day booked, sum of the lines of one component) of every entry of these owners, as columns."""
    query = (
        "SELECT owner_id, coalesce(fact_id, 0), booked_on, coalesce((SELECT sum(line.amount)"
        " FROM unnest(accounts, amounts_minor) AS line (account, amount)"
        " WHERE line.account & 255 = %(component)s), 0)::bigint"
        " FROM ledger_entry WHERE owner_id = ANY(%(owner_ids)s::bigint[])"
    )
    return tuple(copy_out(conn, query, [Int8, Int8, Date, Int8], {"owner_ids": owner_ids, "component": component}))


def list_balance_rows(conn: Connection, owner_id: int | None) -> list[tuple[int, list[int]]]:
    """(owner_id, balances[24]) of one owner or of all."""
    statement = SQL(
        "SELECT owner_id, ARRAY[{columns}] FROM ledger_balance"
        " WHERE %(owner_id)s::bigint IS NULL OR owner_id = %(owner_id)s ORDER BY owner_id"
    ).format(columns=names_of(COLUMNS))
    return conn.execute(statement, {"owner_id": owner_id}).fetchall()


# ----------------------------------------------------------------------------------------- entries for people and files
def _touching(owner_id: int | None, *, own: bool) -> tuple[SQL, dict[str, Any]]:
    """The condition for entries that touch an owner, and its parameters; a credit account's are found by the key."""
    if owner_id is None:
        return SQL("true"), {}
    if own:
        return SQL("entry.owner_id = %(owner_id)s"), {"owner_id": owner_id}
    keys = [(owner_id << KEY_BITS) + component for component in range(COMPONENTS)]
    return SQL("entry.accounts && %(keys)s::bigint[]"), {"keys": keys}


def list_entry_rows(
    conn: Connection, owner_id: int, *, own: bool, limit: int, before: int | None
) -> list[tuple[Any, ...]]:
    """The newest entries that touch an owner, below `before`, newest first."""
    mine, values = _touching(owner_id, own=own)
    statement = SQL(
        "SELECT {columns}, recorded_at FROM ledger_entry AS entry"
        " WHERE {mine} AND (%(before)s::bigint IS NULL OR entry_id < %(before)s) ORDER BY entry_id DESC LIMIT %(limit)s"
    ).format(columns=names_of(ENTRY_COLUMNS), mine=mine)
    return conn.execute(statement, {**values, "before": before, "limit": limit}).fetchall()


def sum_lines_from(conn: Connection, owner_id: int, *, own: bool, from_entry_id: int) -> dict[int, int]:
    """component -> what the owner's lines of entries from `from_entry_id` on add up to."""
    mine, values = _touching(owner_id, own=own)
    statement = SQL(
        "SELECT (line.account & 255)::int, sum(line.amount) FROM ledger_entry AS entry"
        " CROSS JOIN LATERAL unnest(accounts, amounts_minor) AS line (account, amount)"
        " WHERE {mine} AND entry_id >= %(from)s AND line.account >> 8 = %(line_owner_id)s GROUP BY 1"
    ).format(mine=mine)
    rows = conn.execute(statement, {**values, "from": from_entry_id, "line_owner_id": owner_id})
    return {int(component): int(total) for component, total in rows}


def list_used_accounts(
    conn: Connection, owner_id: int | None, *, own: bool
) -> list[tuple[int, str, dt.date, dt.date, str]]:
    """(account, currency, first and last value date, ref) of each account in entries that touch an owner, or all."""
    mine, values = _touching(owner_id, own=own)
    statement = SQL(
        "SELECT used.*, owner.ref FROM (SELECT line.account, entry.currency, min(entry.value_on), max(entry.value_on)"
        " FROM ledger_entry AS entry CROSS JOIN LATERAL unnest(entry.accounts) AS line (account)"
        " WHERE {mine} GROUP BY 1, 2) AS used"
        " JOIN ledger_owner AS owner ON owner.owner_id = used.account >> 8 ORDER BY used.account"
    ).format(mine=mine)
    return conn.execute(statement, values).fetchall()


def iter_entry_rows(conn: Connection, owner_id: int | None, *, own: bool) -> Iterator[tuple[Any, ...]]:
    """ENTRY_COLUMNS of entries in order of the key, `ROWS_AT_ONCE` of them in memory; inside a transaction."""
    mine, values = _touching(owner_id, own=own)
    statement = SQL("SELECT {columns} FROM ledger_entry AS entry WHERE {mine} ORDER BY owner_id, entry_id").format(
        columns=names_of(ENTRY_COLUMNS), mine=mine
    )
    with conn.cursor(name="ledger_entries") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(statement, values)
        yield from cursor


# ------------------------------------------------------------------------------------------------------------- sealing
def lock_sealer(conn: Connection) -> None:
    """Wait until we are the only sealer; until the end of the transaction."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [SEALER_LOCK])


def find_last_seal(conn: Connection) -> tuple[int, int, bytes] | None:
    """(block_no, until_txid, digest) of the newest seal."""
    row = conn.execute("SELECT block_no, until_txid, digest FROM ledger_seal ORDER BY block_no DESC LIMIT 1").fetchone()
    return None if row is None else (int(row[0]), int(row[1]), bytes(row[2]))


def find_txid_at(conn: Connection, from_txid: int, until_txid: int, *, offset: int) -> int | None:
    """The transaction of the entry at `offset` in the sealer's order, or None when there are not so many."""
    row = conn.execute(
        "SELECT txid FROM ledger_entry WHERE txid >= %s AND txid < %s ORDER BY txid LIMIT 1 OFFSET %s",
        [from_txid, until_txid, offset],
    ).fetchone()
    return None if row is None else int(row[0])


def read_block_size(conn: Connection, from_txid: int, until_txid: int) -> tuple[int, int, int]:
    """(entries, lines, now in microseconds since 1970) of a block."""
    row = conn.execute(
        "SELECT count(*), coalesce(sum(cardinality(accounts)), 0)::bigint,"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        " FROM ledger_entry WHERE txid >= %s AND txid < %s",
        [from_txid, until_txid],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def stream_block(conn: Connection, from_txid: int, until_txid: int) -> Iterator[bytes | bytearray | memoryview]:
    """The COPY BINARY stream of a block's entries, as `core/chain.py` hashes it."""
    statement = SQL(
        "COPY (SELECT {columns} FROM ledger_entry WHERE txid >= {from_txid} AND txid < {until_txid} ORDER BY {order})"
        " TO STDOUT (FORMAT binary)"
    ).format(columns=names_of(SEALED_COLUMNS), from_txid=from_txid, until_txid=until_txid, order=names_of(SEALED_ORDER))
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        yield from copy


def insert_seal(conn: Connection, figures: BlockFigures, *, previous: bytes, digest: bytes) -> None:
    """One more seal."""
    conn.execute(
        "INSERT INTO ledger_seal (block_no, from_txid, until_txid, entries, lines, previous, digest, sealed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, timestamptz 'epoch' + %s * interval '1 microsecond')",
        [
            figures.block_no, figures.from_txid, figures.until_txid, figures.entries, figures.lines, previous, digest,
            figures.sealed_at_micro,
        ],
    )  # fmt: skip


def iter_seals(conn: Connection) -> Iterator[tuple[BlockFigures, bytes, bytes]]:
    """(figures, previous, digest) of every seal, in order."""
    rows = conn.execute(
        "SELECT block_no, from_txid, until_txid, entries, lines, (extract(epoch FROM sealed_at) * 1000000)::bigint,"
        " previous, digest FROM ledger_seal ORDER BY block_no"
    ).fetchall()
    for *numbers, previous, digest in rows:
        yield BlockFigures(*(int(number) for number in numbers)), bytes(previous), bytes(digest)


def count_sealed(conn: Connection) -> tuple[int, int, int]:
    """(blocks, entries they say they seal, entries not sealed yet)."""
    row = conn.execute(
        "WITH sealed AS (SELECT count(*) AS blocks, coalesce(sum(entries), 0)::bigint AS entries,"
        " coalesce(max(until_txid), 0) AS until FROM ledger_seal)"
        " SELECT blocks, entries, (SELECT count(*) FROM ledger_entry WHERE txid >= until) FROM sealed"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def _one(conn: Connection, query: str, values: Sequence[Any] = ()) -> int:
    row = conn.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


def count_entries(conn: Connection) -> tuple[int, int]:
    """(entries, lines) in the journal."""
    row = conn.execute("SELECT count(*), coalesce(sum(cardinality(accounts)), 0) FROM ledger_entry").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def read_component_lines(conn: Connection, component: int, *, from_txid: int, until_txid: int) -> list[Any]:
    """Columns of `ledger.api.ComponentLines`: what entries of these transactions did to one component, summed per entry and owner."""
    return copy_out(
        conn,
        "SELECT line.account >> 8, entry.entry_id, entry.owner_id, coalesce(entry.fact_id, 0), entry.kind, entry.booked_on,"
        " sum(line.amount)::bigint, (extract(epoch FROM min(entry.recorded_at)) * 1000000)::bigint"
        " FROM ledger_entry AS entry CROSS JOIN LATERAL unnest(entry.accounts, entry.amounts_minor) AS line (account, amount)"
        " WHERE entry.txid >= %s AND entry.txid < %s AND line.account & 255 = %s"
        " GROUP BY line.account, entry.owner_id, entry.entry_id ORDER BY entry.entry_id, 1",
        [Int8, Int8, Int8, Int8, Int2, Date, Int8, Int8],
        [from_txid, until_txid, component],
    )


def read_owner_changes(
    conn: Connection, owner_ids: Sequence[int], from_txids: Sequence[int], *, until_txid: int
) -> list[Any]:
    """(owner, entry, kind, fact, day, components, amounts) of the own entries of these owners in these transactions."""
    return conn.execute(
        "SELECT entry.owner_id, entry.entry_id, entry.kind, coalesce(entry.fact_id, 0), entry.booked_on, own.codes, own.amounts"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (owner_id, txid)"
        " JOIN ledger_entry AS entry ON entry.owner_id = wanted.owner_id AND entry.txid >= wanted.txid AND entry.txid < %s"
        " CROSS JOIN LATERAL (SELECT coalesce(array_agg(code), '{}') AS codes, coalesce(array_agg(amount), '{}') AS amounts FROM ("
        "SELECT (line.account & 255)::int AS code, sum(line.amount)::bigint AS amount"
        " FROM unnest(entry.accounts, entry.amounts_minor) AS line (account, amount)"
        " WHERE line.account >> 8 = entry.owner_id GROUP BY 1) AS summed) AS own"
        " ORDER BY entry.owner_id, entry.txid, entry.entry_id",
        [list(owner_ids), list(from_txids), until_txid],
    ).fetchall()


def has_component_lines(conn: Connection, component: int, *, from_txid: int, booked_until: dt.date) -> bool:
    """Whether entries of transactions from this one on, booked until a day, touch a component."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM ledger_entry AS entry WHERE entry.txid >= %s AND entry.booked_on <= %s"
        " AND EXISTS (SELECT FROM unnest(entry.accounts) AS account WHERE account & 255 = %s))",
        [from_txid, booked_until, component],
    ).fetchone()
    return bool(row and row[0])
