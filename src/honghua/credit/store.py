"""All SQL of the credit room: accounts, statements, holds, terms, the business date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, NotFound
from honghua.credit.core.account import Account, State, roomy
from honghua.credit.core.layout import (
    DUE,
    H_DUES,
    H_PLANS,
    HEAD,
    HEAD_COLUMNS,
    PLAN,
    STATEMENT,
    STATEMENT_COLUMNS,
)  # fmt: skip
from honghua.credit.core.terms import ProductTerms, terms_from_body
from honghua.store.arrays import array_cursor
from honghua.store.copybin import Bool, Date, Int8, Int8Array, Text, copy_in, copy_out

Connection = psycopg.Connection
Ints = NDArray[np.int64]
Ragged = tuple[Ints, Ints]  # flat values with offsets int64[n + 1]

HEAD_IS_DATE = [name.endswith("_on") for name in HEAD_COLUMNS]
ACCOUNT_NAMES = ("account_id", "customer_ref", *HEAD_COLUMNS, "dues", "plans", "last_fact_id", "quarantined")
ACCOUNT_KINDS = [Int8, Text, *(Date if is_date else Int8 for is_date in HEAD_IS_DATE), Int8Array, Int8Array, Int8, Bool]
ACCOUNT_SELECT = f"SELECT {', '.join(ACCOUNT_NAMES)} FROM credit_account"  # noqa: S608 — our own constant names
BOOK_LOCK = "hashtext('credit_book')"  # held exclusively to move the business date, shared to work under it
STATEMENT_NAMES = ("account_id", *STATEMENT_COLUMNS, "booked_on", "last_fact_id", "snapshot")


HEAD_SET = [
    f"{n} = " + (f"DATE '1970-01-01' + v.h{k}::int" if HEAD_IS_DATE[k] else f"v.h{k}")
    for k, n in enumerate(HEAD_COLUMNS)
]
ROWS_SET = "{0} = CASE WHEN v.{0}_to > v.{0}_from THEN (%({0})s::bigint[])[v.{0}_from + 1 : v.{0}_to] ELSE '{{}}' END"


@dataclass(frozen=True, slots=True)
class Moved:
    """What of accounts is to be stored: columns of their heads, and which of dues and plans."""

    head: tuple[int, ...] = tuple(range(HEAD))
    rows: tuple[str, ...] = ("dues", "plans")


EVERYTHING = Moved()


@cache
def _update_accounts(moved: Moved) -> str:
    """The statement that stores this much of accounts, built from our own constant names; values are parameters."""
    names = [
        "id",
        "fact",
        *(f"h{k}" for k in moved.head),
        *(f"{kind}_{end}" for kind in moved.rows for end in ("from", "to")),
    ]
    sets = [*(HEAD_SET[k] for k in moved.head), *map(ROWS_SET.format, moved.rows), "last_fact_id = v.fact"]
    arrays, columns = ", ".join(f"%({name})s::bigint[]" for name in names), ", ".join(names)
    return f"UPDATE credit_account a SET {', '.join(sets)} FROM unnest({arrays}) AS v ({columns}) WHERE a.account_id = v.id"  # noqa: S608


class AccountRows:
    """Accounts as columns: ids int64[n], refs, heads int64[n, HEAD], ragged dues and plans, last fact ids, quarantine marks."""

    __slots__ = ("dues", "dues_at", "heads", "ids", "last_fact_ids", "plans", "plans_at", "quarantined", "refs")

    def __init__(self, columns: list[Any]) -> None:
        self.ids: Ints = columns[0]
        self.refs: list[str] = columns[1]
        self.heads: Ints = (
            np.ascontiguousarray(np.stack(columns[2 : 2 + HEAD], axis=1))
            if len(self.ids)
            else np.zeros((0, HEAD), np.int64)
        )
        self.dues, self.dues_at = columns[2 + HEAD]
        self.plans, self.plans_at = columns[3 + HEAD]
        self.last_fact_ids: Ints = columns[4 + HEAD]
        self.quarantined: NDArray[np.bool_] = columns[5 + HEAD]

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, rows: Ints) -> AccountRows:
        """The chosen rows, in that order."""
        if len(rows) == len(self.ids) and (rows == np.arange(len(rows))).all():
            return self
        part = AccountRows.__new__(AccountRows)
        part.ids, part.refs, part.heads = self.ids[rows], [self.refs[i] for i in rows], self.heads[rows]
        part.dues, part.dues_at = ragged(self.dues[self.dues_at[i] : self.dues_at[i + 1]] for i in rows)
        part.plans, part.plans_at = ragged(self.plans[self.plans_at[i] : self.plans_at[i + 1]] for i in rows)
        part.last_fact_ids, part.quarantined = self.last_fact_ids[rows], self.quarantined[rows]
        return part

    def account(self, i: int, terms_rows: Ints) -> Account:
        """Row i as a working account."""
        head = self.heads[i].copy()
        flat_dues = self.dues[self.dues_at[i] : self.dues_at[i + 1]]
        flat_plans = self.plans[self.plans_at[i] : self.plans_at[i + 1]]
        fits = len(flat_dues) == head[H_DUES] * DUE and len(flat_plans) == head[H_PLANS] * PLAN
        if (
            self.quarantined[i] and not fits
        ):  # all that may be done with it is to refuse, in the midst of others' business
            head[H_DUES] = head[H_PLANS] = 0
        dues, plans = roomy(flat_dues, DUE, int(head[H_DUES])), roomy(flat_plans, PLAN, int(head[H_PLANS]))
        return Account(
            int(self.ids[i]), self.refs[i], terms_rows, state=State(head, dues, plans),
            last_fact_id=int(self.last_fact_ids[i]), quarantined=bool(self.quarantined[i]),
        )  # fmt: skip


def load_accounts(conn: Connection, account_ids: Ints, *, lock: bool) -> AccountRows:
    """Accounts by id, in rising order of id (so that locks are taken in one order by everybody)."""
    query = (
        ACCOUNT_SELECT
        + " WHERE account_id = ANY(%(ids)s::bigint[]) ORDER BY account_id"
        + (" FOR UPDATE" if lock else "")
    )
    return AccountRows(copy_out(conn, query, ACCOUNT_KINDS, {"ids": account_ids}))


def load_due_range(conn: Connection, *, low_id: int, high_id: int, to: int) -> AccountRows:
    """Lock and read the accounts low_id … high_id on which time acts by day `to`, leaving out those in quarantine."""
    query = (
        ACCOUNT_SELECT
        + " WHERE account_id BETWEEN %(low)s AND %(high)s AND next_action_on <= DATE '1970-01-01' + %(to)s::int"
        " AND NOT quarantined ORDER BY account_id FOR UPDATE"
    )
    return AccountRows(copy_out(conn, query, ACCOUNT_KINDS, {"low": low_id, "high": high_id, "to": to}))


def find_account_ids(conn: Connection, refs: Sequence[str]) -> dict[str, int]:
    """Account ids by the customer's reference."""
    rows = conn.execute(
        "SELECT customer_ref, account_id FROM credit_account WHERE customer_ref = ANY(%s::text[])", [list(refs)]
    )
    return dict(rows.fetchall())


def update_account_columns(
    conn: Connection, ids: Ints, last_fact_ids: Ints, heads: Ints, *, rows: Mapping[str, Ragged], moved: Moved = EVERYTHING
) -> None:  # fmt: skip
    """Store n accounts, one statement: heads int64[n, HEAD], ragged "dues" and "plans", or what moved of them; every row must exist."""
    if len(ids) == 0:
        return
    columns = {f"h{k}": np.ascontiguousarray(heads[:, k]) for k in moved.head} | {"id": ids, "fact": last_fact_ids}
    for kind in moved.rows:
        values, offsets = rows[kind]
        columns |= {kind: values, f"{kind}_from": offsets[:-1], f"{kind}_to": offsets[1:]}
    done = conn.execute(_update_accounts(moved), columns).rowcount
    assert done == len(ids), f"{len(ids) - done} of {len(ids)} accounts vanished while they were locked"


def ragged(parts: Iterable[Ints]) -> Ragged:
    """Flat values with offsets int64[n + 1]."""
    pieces = list(parts)
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    flat = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    return flat.astype(np.int64, copy=False), offsets


def insert_accounts(conn: Connection, accounts: Sequence[Account]) -> None:
    """Store newly opened accounts."""
    if not accounts:
        return
    heads = np.stack([account.head for account in accounts])
    columns: list[Any] = [Int8([a.account_id for a in accounts]), Text([a.customer_ref for a in accounts])]
    columns += [Date(heads[:, k]) if HEAD_IS_DATE[k] else Int8(heads[:, k]) for k in range(HEAD)]
    columns += [
        Int8Array(*ragged(a.flat_dues() for a in accounts)),
        Int8Array(*ragged(a.flat_plans() for a in accounts)),
    ]
    columns += [Int8([a.last_fact_id for a in accounts]), Bool([a.quarantined for a in accounts])]
    copy_in(conn, "credit_account", ACCOUNT_NAMES, columns)


def insert_statements(
    conn: Connection,
    account_ids: Ints,
    statements: Ints,
    *,
    booked_on: int,
    last_fact_ids: Ints,
    snapshots: tuple[Ints, Ints],
) -> None:
    """Append closed statements: statements int64[n, STATEMENT] with the state just after each cut."""
    if len(account_ids) == 0:
        return
    columns: list[Any] = [Int8(account_ids)]
    for k in range(STATEMENT):
        values = np.ascontiguousarray(statements[:, k])
        columns.append(Date(values) if STATEMENT_COLUMNS[k].endswith("_on") else Int8(values))
    columns += [Date(np.full(len(account_ids), booked_on, np.int64)), Int8(last_fact_ids), Int8Array(*snapshots)]
    copy_in(conn, "credit_statement", STATEMENT_NAMES, columns)


def load_issued(conn: Connection, account_id: int) -> Ints:
    """Own minimums of the closed statements by number, −1 where none was issued; int64[k]."""
    rows = conn.execute(
        "SELECT seq, own_minimum_minor FROM credit_statement WHERE account_id = %s ORDER BY seq", [account_id]
    ).fetchall()
    issued = np.full(rows[-1][0] + 1 if rows else 0, -1, np.int64)
    for seq, minimum in rows:
        issued[seq] = minimum
    return issued


def list_cuts(conn: Connection, account_id: int) -> list[tuple[int, int, int]]:
    """Closed statements of an account in order: (seq, cut day, last fact id known at the cut)."""
    rows = conn.execute(
        "SELECT seq, cut_on, last_fact_id FROM credit_statement WHERE account_id = %s ORDER BY seq", [account_id]
    )
    return [(seq, to_day(cut_on), last_fact_id) for seq, cut_on, last_fact_id in rows]


def get_snapshot(conn: Connection, account_id: int, seq: int) -> Ints:
    """The flat state just after a cut."""
    row = (
        array_cursor(conn)
        .execute("SELECT snapshot FROM credit_statement WHERE account_id = %s AND seq = %s", [account_id, seq])
        .fetchone()
    )
    assert row is not None
    snapshot: Ints = row[0]
    return snapshot


def change_holds(conn: Connection, changes: Sequence[tuple[int, int, int, int]]) -> None:
    """Bring pending holds up to date, two statements: (purchase_id, account_id, held_minor now, last day as a day number)."""
    gone = [purchase_id for purchase_id, _, held, _ in changes if held <= 0]
    if gone:
        conn.execute("DELETE FROM credit_hold WHERE purchase_id = ANY(%s::bigint[])", [gone])
    kept = np.array([change for change in changes if change[2] > 0], np.int64).reshape(-1, 4)
    if len(kept):
        conn.execute(
            "INSERT INTO credit_hold (purchase_id, account_id, held_minor, expires_on)"
            " SELECT purchase_id, account_id, held_minor, DATE '1970-01-01' + expires_on::int"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
            " AS change (purchase_id, account_id, held_minor, expires_on)"
            " ON CONFLICT (purchase_id) DO UPDATE SET held_minor = excluded.held_minor",
            [np.ascontiguousarray(kept[:, k]) for k in range(4)],
        )


def list_expired_holds(conn: Connection, *, by: dt.date, limit: int) -> list[tuple[int, str]]:
    """Holds whose last day is over at the start of `by`: (purchase id, customer)."""
    rows = conn.execute(
        "SELECT h.purchase_id, a.customer_ref FROM credit_hold h JOIN credit_account a USING (account_id)"
        " WHERE h.expires_on < %s AND NOT a.quarantined ORDER BY h.purchase_id LIMIT %s",
        [by, limit],
    )
    return [(purchase_id, ref) for purchase_id, ref in rows]


def find_business_day(conn: Connection, *, share: bool = False) -> dt.date | None:
    """The business date, None for a book not yet started. With `share` it can't move before the transaction ends.

    An advisory lock, because it is queued for: a share of the row itself would be taken past a waiting end of day, which a
    busy shop could then keep waiting for ever. Two statements in one round trip: the date is read after the lock is had.
    """
    if not share:
        row = conn.execute("SELECT business_on FROM credit_book").fetchone()
    else:
        row = share_book(conn)
    return row[0] if row else None


def share_book(conn: Connection) -> tuple[dt.date, bool] | None:
    """(business date, whether the risk engine judges), fixed until the transaction ends; None for a book not yet started."""
    both = conn.execute(
        f"SELECT pg_advisory_xact_lock_shared({BOOK_LOCK}); SELECT business_on, risk_engine FROM credit_book"  # noqa: S608
    )
    both.nextset()
    return both.fetchone()


def get_business_day(conn: Connection, *, share: bool = False) -> dt.date:
    """The business date; raises NotFound for a book not yet started."""
    day = find_business_day(conn, share=share)
    if day is None:
        raise NotFound("this book has no business date yet: start it with its first day", code="BOOK_NOT_STARTED")
    return day


def start_book(conn: Connection, day: dt.date) -> None:
    """Set the first business date, once."""
    conn.execute("INSERT INTO credit_book (business_on, started_on) VALUES (%s, %s) ON CONFLICT DO NOTHING", [day, day])


def load_terms(conn: Connection) -> dict[int, ProductTerms]:
    """Every version of the terms, by id."""
    return {
        terms_id: terms_from_body(body) for terms_id, body in conn.execute("SELECT terms_id, body FROM credit_terms")
    }


def save_terms(conn: Connection, terms: ProductTerms, body_json: str) -> int:
    """Append a version (same digest = same row); returns its id."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('credit_terms'))")
    row = conn.execute("SELECT terms_id FROM credit_terms WHERE digest = %s", [terms.digest()]).fetchone()
    if row:
        return int(row[0])
    row = conn.execute(
        "INSERT INTO credit_terms (terms_id, name, version, body, digest)"
        " SELECT coalesce(max(terms_id), 0) + 1, %s, %s, %s::jsonb, %s FROM credit_terms RETURNING terms_id",
        [terms.name, terms.version, body_json, terms.digest()],
    ).fetchone()
    assert row is not None
    return int(row[0])


def ensure_categories(conn: Connection, names: Sequence[str]) -> dict[str, int]:
    """Ids of goods categories, appended where new."""
    wanted = sorted(set(names))
    query = "SELECT name, category_id FROM credit_category WHERE name = ANY(%s::text[])"
    known: dict[str, int] = dict(conn.execute(query, [wanted]).fetchall())
    if len(known) < len(wanted):
        conn.execute(
            "INSERT INTO credit_category (category_id, name) SELECT nextval('credit_category_id'), name FROM unnest(%s::text[]) AS name"
            " ON CONFLICT (name) DO NOTHING",
            [[name for name in wanted if name not in known]],
        )
        known = dict(conn.execute(query, [wanted]).fetchall())
    return known


def begin_day(conn: Connection, *, shard_ids: int, wanted: dt.date | None = None) -> dt.date:
    """Begin to close the business date, or go on with a day that is being closed; returns that day.

    Moves the business date on and lays out one shard per `shard_ids` consecutive account ids, all in the caller's transaction.
    wanted: only this day, which may be closed already (by somebody else, a moment ago); BadInput when its turn has not come.
    """
    conn.execute(f"SELECT pg_advisory_xact_lock({BOOK_LOCK})")
    row = conn.execute("SELECT business_on FROM credit_book FOR UPDATE").fetchone()
    if row is None:
        raise NotFound("this book has no business date yet: start it with its first day", code="BOOK_NOT_STARTED")
    if wanted is not None and conn.execute("SELECT FROM credit_day WHERE day = %s", [wanted]).fetchone() is not None:
        return wanted
    open_day = find_open_day(conn)
    day: dt.date = row[0] if open_day is None else open_day
    if wanted is not None and wanted != day:
        raise BadInput(f"{wanted} can't be closed: the next day to close is {day}", code="DAY_NOT_NEXT")
    if open_day is not None:
        return open_day
    span = conn.execute(
        "SELECT coalesce(min(account_id), 1), coalesce(max(account_id), 0) FROM credit_account"
    ).fetchone()
    low, high = span or (1, 0)
    shards = (high - low) // shard_ids + 1 if high >= low else 0
    conn.execute("INSERT INTO credit_day (day, state, shards) VALUES (%s, 'closing', %s)", [day, shards])
    conn.execute(
        "INSERT INTO credit_day_shard (day, shard, low_id, high_id)"
        " SELECT %s, n, %s::bigint + n * %s::bigint, %s::bigint + (n + 1) * %s::bigint - 1 FROM generate_series(0, %s::int) AS n WHERE %s",
        [day, low, shard_ids, low, shard_ids, (high - low) // shard_ids if high >= low else 0, high >= low],
    )
    conn.execute("UPDATE credit_book SET business_on = %s", [day + dt.timedelta(days=1)])
    return day


def find_open_day(conn: Connection) -> dt.date | None:
    """The day that is being closed, if one is."""
    row = conn.execute("SELECT min(day) FROM credit_day WHERE state = 'closing'").fetchone()
    return row[0] if row else None


def take_shard(conn: Connection, day: dt.date) -> tuple[int, int, int] | None:
    """Lease a waiting shard of a day until the transaction ends: (shard, low id, high id); None when all are done or taken."""
    return conn.execute(
        "SELECT shard, low_id, high_id FROM credit_day_shard WHERE day = %s AND state = 'waiting' ORDER BY shard LIMIT 1"
        " FOR UPDATE SKIP LOCKED",
        [day],
    ).fetchone()


def finish_shard(conn: Connection, day: dt.date, shard: int, *, worker: str, figures: Sequence[int]) -> None:
    """Mark a shard done, in the transaction that closed it. figures: accounts, statements, entries, lines, quarantined."""
    conn.execute(
        "UPDATE credit_day_shard SET state = 'done', worker = %s, accounts = %s, statements = %s, entries = %s, lines = %s,"
        " quarantined = %s, finished_at = now() WHERE day = %s AND shard = %s",
        [worker, *figures, day, shard],
    )


def finish_day(conn: Connection, day: dt.date) -> bool:
    """Mark a day closed once every shard is done; False while some are not."""
    return conn.execute(
        "UPDATE credit_day SET state = 'closed', finished_at = now() WHERE day = %s AND state = 'closing'"
        " AND NOT EXISTS (SELECT FROM credit_day_shard s WHERE s.day = credit_day.day AND s.state <> 'done')",
        [day],
    ).rowcount > 0 or conn.execute("SELECT state = 'closed' FROM credit_day WHERE day = %s", [day]).fetchone() == (
        True,
    )


def sum_day(conn: Connection, day: dt.date) -> tuple[int, ...]:
    """(shards, shards done, accounts, statements, entries, lines, quarantined) of a day so far."""
    row = conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE state = 'done'), sum(accounts), sum(statements),"
        " sum(entries), sum(lines), sum(quarantined)"
        " FROM credit_day_shard WHERE day = %s",
        [day],
    ).fetchone()
    return tuple(int(x or 0) for x in row or ())


def quarantine(conn: Connection, account_id: int, *, day: dt.date, error: str) -> None:
    """Take an account out of online work and end of day until a person has looked."""
    conn.execute("UPDATE credit_account SET quarantined = true WHERE account_id = %s", [account_id])
    conn.execute(
        "INSERT INTO credit_quarantine (account_id, since_on, error) VALUES (%s, %s, %s)",
        [account_id, day, error[:2000]],
    )


def list_bills_due(conn: Connection, due_on: dt.date) -> list[tuple[str, int, int]]:
    """Open statements due on a day: (customer, unpaid, still needed for the minimum), by customer."""
    rows = conn.execute(
        "SELECT customer_ref, revolving_minor + instalment_minor + fee_minor + interest_minor + penalty_minor, minimum_minor"
        " FROM credit_due WHERE due_on = %s ORDER BY customer_ref",
        [due_on],
    )
    return [(ref, int(unpaid), int(minimum)) for ref, unpaid, minimum in rows]


def count_statements(conn: Connection) -> int:
    """Closed statements in the book."""
    row = conn.execute("SELECT count(*) FROM credit_statement").fetchone()
    return int(row[0]) if row else 0


def count_closed_days(conn: Connection) -> int:
    """Days closed in this book."""
    row = conn.execute("SELECT count(*) FROM credit_day WHERE state = 'closed'").fetchone()
    return int(row[0]) if row else 0


def find_replay(conn: Connection, digest: bytes) -> tuple[dt.date | None, bool, int] | None:
    """How far a replay came: (the day it is in, whether it has finished, its seed); None when it never began."""
    return conn.execute(
        "SELECT day, finished_at IS NOT NULL, (settings->>'seed')::bigint FROM credit_replay WHERE digest = %s",
        [digest],
    ).fetchone()


def try_lock_replay(conn: Connection) -> bool:
    """Whether this connection is the one that replays from now on; it is until it closes."""
    return conn.execute("SELECT pg_try_advisory_lock(hashtext('credit_replay'))").fetchone() == (True,)


def save_replay(
    conn: Connection, digest: bytes, *, source: str, settings_json: str, day: dt.date, finished: bool = False
) -> None:
    """Remember how far a replay came."""
    conn.execute(
        "INSERT INTO credit_replay (digest, source, settings, day) VALUES (%s, %s, %s::jsonb, %s)"
        " ON CONFLICT (digest) DO UPDATE SET day = excluded.day, finished_at = CASE WHEN %s THEN now() END",
        [digest, source, settings_json, day, finished],
    )


def list_quarantined(conn: Connection) -> list[tuple[int, str, dt.date, str]]:
    """(account id, customer, since, error) of accounts in quarantine."""
    rows = conn.execute(
        "SELECT q.account_id, a.customer_ref, q.since_on, q.error FROM credit_quarantine q JOIN credit_account a USING (account_id)"
        " WHERE q.released_at IS NULL ORDER BY q.recorded_at"
    )
    return [(account_id, ref, since, error) for account_id, ref, since, error in rows]


def end_quarantine(conn: Connection, account_id: int) -> None:
    """Take an account back into work."""
    conn.execute("UPDATE credit_account SET quarantined = false WHERE account_id = %s", [account_id])
    conn.execute(
        "UPDATE credit_quarantine SET released_at = now() WHERE account_id = %s AND released_at IS NULL", [account_id]
    )


def list_days(conn: Connection, *, limit: int) -> list[tuple[dt.date, str, int, int, int, int, int]]:
    """The newest days with what closing them did: (day, state, shards, accounts, statements, entries, quarantined)."""
    rows = conn.execute(
        "SELECT d.day, d.state, d.shards, coalesce(sum(s.accounts), 0), coalesce(sum(s.statements), 0), coalesce(sum(s.entries), 0),"
        " coalesce(sum(s.quarantined), 0) FROM credit_day d LEFT JOIN credit_day_shard s USING (day)"
        " GROUP BY d.day ORDER BY d.day DESC LIMIT %s",
        [limit],
    )
    return [(row[0], row[1], int(row[2]), int(row[3]), int(row[4]), int(row[5]), int(row[6])) for row in rows]
