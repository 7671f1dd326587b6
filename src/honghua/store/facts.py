"""The event log: facts appended in columns by COPY and read back in columns, in the order in which an account folds
them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from honghua.base.errors import BadInput
from honghua.store.arrays import as_int64
from honghua.store.copybin import (
    Column,
    Date,
    Int2,
    Int8,
    Int8Array,
    Jsonb,
    Kind,
    Nullable,
    Text,
    Timestamp,
    copy_in,
    copy_out,
)
from honghua.store.finality import read_final_txid
from honghua.store.ids import allocate

FACT_SEQUENCE = "store_fact_id"
NONE = 0  # in the four columns that may be absent: no such thing
DAY_ZERO = -719_162  # 0001-01-01, before any fact

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("fact_id", Int8), ("kind", Int2), ("version", Int2), ("account_id", Int8), ("value_on", Date), ("effective_on",
    Date), ("happened_at", Timestamp), ("recorded_at", Timestamp), ("amount_minor", Int8), ("counterparty_id",
    Nullable(Int8)), ("purchase_id", Nullable(Int8)), ("reverses_fact_id", Nullable(Int8)), ("command_id",
    Nullable(Int8)), ("args", Int8Array), ("reference", Text), ("detail", Jsonb), ("txid", Int8),
)  # fmt: skip
SELECT_COLUMNS = ", ".join(f"f.{name}" for name, _ in COLUMNS)
KINDS = tuple(kind for _, kind in COLUMNS)

OF_ACCOUNTS = f"""SELECT {SELECT_COLUMNS} FROM unnest(%s, %s) AS a (account_id, after_on)
JOIN store_fact f ON f.account_id = a.account_id AND f.effective_on > DATE '1970-01-01' + a.after_on::int
ORDER BY f.account_id, f.effective_on, f.fact_id"""  # noqa: S608 — our own constant names
OF_PURCHASES = f"""SELECT {SELECT_COLUMNS} FROM store_fact f WHERE f.purchase_id = ANY(%s)
ORDER BY f.account_id, f.effective_on, f.fact_id"""  # noqa: S608
FINAL_SINCE = f"""SELECT {SELECT_COLUMNS} FROM store_fact f
WHERE f.txid >= %s AND f.txid < %s ORDER BY f.txid, f.fact_id"""  # noqa: S608

FINAL_PAGE = f"""SELECT {SELECT_COLUMNS} FROM store_fact f
WHERE f.txid >= %s AND f.txid < %s AND (f.txid, f.fact_id) > (%s, %s) ORDER BY f.txid, f.fact_id LIMIT %s"""  # noqa: S608
PAGE_TXIDS_FIRST = 256  # transactions that a page looks at first; four times as many whenever they did not fill it
PAGE_FACTS_MAX = 10_000

SUMS = """
SELECT value_on, kind, CASE WHEN kind = ANY(%(split)s::smallint[]) THEN coalesce(args[1], 0) ELSE 0 END, count(*), sum(amount_minor)::bigint
FROM store_fact WHERE value_on BETWEEN %(since)s AND %(until)s AND kind = ANY(%(kinds)s::smallint[])
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

# Facts of a kind in a span of value days that no later fact reverses, by counterparty and some arguments.
SUMS_BY_ARGS = """
SELECT coalesce(fact.counterparty_id, 0), {keys}, sum(fact.amount_minor)::bigint FROM store_fact AS fact
WHERE fact.kind = %(kind)s AND fact.value_on > %(after)s AND fact.value_on <= %(until)s AND NOT EXISTS (
  SELECT FROM store_fact AS undo WHERE undo.account_id = fact.account_id AND undo.reverses_fact_id = fact.fact_id)
GROUP BY {places}
"""

LAST_FACT = "SELECT coalesce(max(fact_id), 0) FROM store_fact"
AFTER = f"""SELECT {SELECT_COLUMNS} FROM store_fact f WHERE f.fact_id > %s ORDER BY f.fact_id LIMIT %s"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBatch:
    """Facts to append, in parallel columns of n rows.

    fact_id, account_id, amount_minor    int64[n]          kind, version   int16 range      args_offsets   int64[n + 1]
    value_on, effective_on    day numbers int64[n]         happened_at     microseconds since 1970 UTC int64[n]
    counterparty_id, purchase_id, reverses_fact_id, command_id   int64[n], 0 = none; None = none in the whole batch
    args_values    int64[m], row i owns [args_offsets[i], args_offsets[i + 1]); None = no args at all
    reference      texts or None;  detail   JSON texts or None;  each may be None for the whole batch
    """

    fact_id: NDArray[np.int64]
    kind: NDArray[Any]
    account_id: NDArray[np.int64]
    value_on: NDArray[np.int64]
    effective_on: NDArray[np.int64]
    happened_at: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    version: NDArray[Any] | None = None  # None: version 1
    counterparty_id: NDArray[np.int64] | None = None
    purchase_id: NDArray[np.int64] | None = None
    reverses_fact_id: NDArray[np.int64] | None = None
    command_id: NDArray[np.int64] | None = None
    args_values: NDArray[np.int64] | None = None
    args_offsets: NDArray[np.int64] | None = None
    reference: list[str | None] | None = None
    detail: list[str | None] | None = None

    def __len__(self) -> int:
        return len(self.fact_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactColumns:
    """Facts as stored, in parallel columns; 0 stands for none. `recorded_at` and `txid` were set by the database."""

    fact_id: NDArray[np.int64]
    kind: NDArray[np.int64]
    version: NDArray[np.int64]
    account_id: NDArray[np.int64]
    value_on: NDArray[np.int64]
    effective_on: NDArray[np.int64]
    happened_at: NDArray[np.int64]
    recorded_at: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    counterparty_id: NDArray[np.int64]
    purchase_id: NDArray[np.int64]
    reverses_fact_id: NDArray[np.int64]
    command_id: NDArray[np.int64]
    args_values: NDArray[np.int64]
    args_offsets: NDArray[np.int64]
    reference: list[str | None]
    detail: list[str | None]
    txid: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.fact_id)

    def find_account_offsets(self, account_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[k + 1] for *sorted* account ids: account j owns rows [out[j], out[j + 1]). Every account of a row
        must be among them."""
        return np.append(np.searchsorted(self.account_id, account_ids), len(self)).astype(np.int64)


def allocate_fact_ids(conn: psycopg.Connection, n: int) -> NDArray[np.int64]:
    """`n` new fact ids, increasing."""
    return allocate(conn, FACT_SEQUENCE, n)


def append_facts(conn: psycopg.Connection, batch: FactBatch) -> None:
    """Append inside the caller's transaction.

    Raises BadInput when columns do not fit (nothing is sent then); a fact id used twice for an account raises
    psycopg's UniqueViolation.
    """
    rows = len(batch)
    if not rows:
        return
    names = ["fact_id", "kind", "account_id", "value_on", "effective_on", "happened_at", "amount_minor"]
    columns: list[Column] = [
        Int8(batch.fact_id), Int2(batch.kind), Int8(batch.account_id), Date(batch.value_on), Date(batch.effective_on),
        Timestamp(batch.happened_at), Int8(batch.amount_minor),
    ]  # fmt: skip
    if batch.version is not None:
        names.append("version")
        columns.append(Int2(batch.version))
    for name in ("counterparty_id", "purchase_id", "reverses_fact_id", "command_id"):
        ids = getattr(batch, name)
        if ids is not None:
            names.append(name)
            columns.append(Int8(ids, np.asarray(ids) != NONE))
    if (batch.args_values is None) != (batch.args_offsets is None):
        raise BadInput("args_values and args_offsets come together")
    if batch.args_values is not None and batch.args_offsets is not None:
        names.append("args")
        columns.append(Int8Array(batch.args_values, batch.args_offsets))
    if batch.reference is not None:
        names.append("reference")
        columns.append(Text(batch.reference))
    if batch.detail is not None:
        names.append("detail")
        columns.append(Jsonb(batch.detail))
    copy_in(conn, "store_fact", names, columns)


def read_facts(
    conn: psycopg.Connection, account_ids: NDArray[np.int64], *, after: NDArray[np.int64] | int | None = None
) -> FactColumns:
    """All facts of these accounts, ordered by (account_id, effective_on, fact_id).

    `after` keeps only facts with effective_on later than that day number: one for all, or one per account, parallel
    to `account_ids`.
    """
    ids = as_int64(account_ids)
    if len(np.unique(ids)) != len(ids):
        raise BadInput("an account id stands twice")
    floor = (
        np.full(len(ids), DAY_ZERO, dtype=np.int64)
        if after is None
        else np.broadcast_to(np.asarray(after, dtype=np.int64), ids.shape)
    )
    return _read(conn, OF_ACCOUNTS, [ids, np.clip(floor, DAY_ZERO - 1, 2_932_896)])


def read_facts_of_purchases(conn: psycopg.Connection, purchase_ids: NDArray[np.int64]) -> FactColumns:
    """All facts about these purchases, whichever account they stand on, in the same order."""
    return _read(conn, OF_PURCHASES, [as_int64(purchase_ids)])


def read_final_facts(conn: psycopg.Connection, *, from_txid: int) -> FactColumns:
    """For readers with a cursor: facts of transactions ≥ `from_txid` that can no longer gain company, ordered by
    (txid, fact_id).

    The next cursor is the last txid + 1. Complete: every transaction below the oldest running one has ended.
    """
    return _read(conn, FINAL_SINCE, [from_txid, read_final_txid(conn)])


def read_final_page(conn: psycopg.Connection, *, after: tuple[int, int], limit: int) -> FactColumns:
    """At most `limit` (≤ PAGE_FACTS_MAX) final facts behind the place `after` = (txid, fact id), in that order.

    Nothing slips in before them. Costs what lies between, not what the table holds; the next place is that of the last fact. A page that
    is shorter than its limit holds all that is final.
    """
    if not 1 <= limit <= PAGE_FACTS_MAX:
        raise BadInput(f"facts are read 1 … {PAGE_FACTS_MAX} at a time")
    final, start, width = read_final_txid(conn), after[0], PAGE_TXIDS_FIRST
    while True:
        stop = min(final, start + width)
        page = _read(conn, FINAL_PAGE, [start, stop, *after, limit])
        if len(page) == limit or stop >= final:
            return page
        start, width = start if len(page) else stop, width * 4


def read_facts_after(conn: psycopg.Connection, fact_id: int, *, limit: int) -> FactColumns:
    """Facts with a higher id, in rising order of id, at most `limit`.

    Complete only where writers take turns: ids are given out before the commit.
    """
    return _read(conn, AFTER, [fact_id, limit])


def find_last_fact_id(conn: psycopg.Connection) -> int:
    """The highest fact id, 0 where there is no fact."""
    row = conn.execute(LAST_FACT).fetchone()
    return int(row[0]) if row else 0


def _read(conn: psycopg.Connection, query: str, params: list[Any]) -> FactColumns:
    found = dict(zip((name for name, _ in COLUMNS), copy_out(conn, query, KINDS, params)))
    for name, kind in COLUMNS:
        if isinstance(kind, Nullable):
            found[name] = found[name][0]  # NULL reads as 0, which is NONE
    args_values, args_offsets = found.pop("args")
    return FactColumns(**found, args_values=args_values, args_offsets=args_offsets)


def read_fact_days(conn: psycopg.Connection, account_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(effective_on, fact_id) of all facts of one account, ordered as they fold: what tells which snapshots later
    facts overtook."""
    query = "SELECT effective_on, fact_id FROM store_fact WHERE account_id = %s ORDER BY effective_on, fact_id"
    days, fact_ids = copy_out(conn, query, [Date, Int8], [account_id])
    return days, fact_ids


REACHED: Final = """
SELECT place - 1 FROM unnest(%s::bigint[], %s::date[], %s::bigint[]) WITH ORDINALITY AS looked (account_id, ends, known, place)
WHERE EXISTS (SELECT FROM store_fact AS fact WHERE fact.account_id = looked.account_id AND fact_id > known AND effective_on < ends)
ORDER BY place
"""


def find_reached(
    conn: psycopg.Connection, account_ids: Sequence[int], *, ends: Sequence[dt.date], known: Sequence[int]
) -> list[int]:
    """Places, rising, of those looks at an account that a later fact (id above `known`) with an effect before the day `ends` reaches."""
    return [int(place) for (place,) in conn.execute(REACHED, [list(account_ids), list(ends), list(known)])]


@dataclass(frozen=True, slots=True)
class FactSum:
    """Facts of one kind on one value day. first_arg: their first argument where they were asked for by it, else 0."""

    day: dt.date
    kind: int
    first_arg: int
    facts: int
    amount_minor: int


def find_labelled(conn: psycopg.Connection, *, kind: int, label: int, after: int) -> list[int]:
    """Purchases numbered above `after` whose newest fact of this kind has this first argument: a later word takes an earlier one back."""
    rows = conn.execute(
        "SELECT purchase_id FROM (SELECT DISTINCT ON (purchase_id) purchase_id, args[1] AS label FROM store_fact"
        "  WHERE purchase_id > %s AND kind = %s ORDER BY purchase_id, fact_id DESC) AS newest WHERE label = %s",
        [after, kind, label],
    ).fetchall()
    return [purchase_id for (purchase_id,) in rows]


def sum_facts(
    conn: psycopg.Connection, kinds: Sequence[int], *, since: dt.date, until: dt.date, split: Sequence[int] = ()
) -> list[FactSum]:
    """Sums from one value day to another, both counted. split: kinds that are told apart by their first argument."""
    values = {"kinds": list(kinds), "split": list(split), "since": since, "until": until}
    return [FactSum(*row) for row in conn.execute(SUMS, values)]


def sum_by_args(
    conn: psycopg.Connection, kind: int, *, after: dt.date, until: dt.date, args: Sequence[int]
) -> list[tuple[int, ...]]:
    """(counterparty, the arguments at these places from 0, amount) of what was not reversed; an argument that is not told is 0."""
    keys = sql.SQL(", ").join(sql.SQL("coalesce(fact.args[{}], 0)").format(sql.Literal(place + 1)) for place in args)
    places = sql.SQL(", ").join(sql.Literal(place) for place in range(1, len(args) + 2))
    query = sql.SQL(SUMS_BY_ARGS).format(keys=keys, places=places)
    return conn.execute(query, {"kind": kind, "after": after, "until": until}).fetchall()
