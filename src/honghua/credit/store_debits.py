"""SQL of auto-debit: sources in the customer's order, accounts to debit, what was asked and answered."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from honghua.credit.core.debiting import Pays, Source, SourceKind

Ints = NDArray[np.int64]

DUE_ACCOUNTS = """
SELECT a.account_id FROM credit_account a
WHERE a.account_id > %(after)s AND a.status IN (1, 2) AND NOT a.quarantined
  AND (a.overdue_since_on > DATE '1970-01-01' OR a.next_due_on BETWEEN DATE '1970-01-02' AND %(today)s)
  AND NOT EXISTS (SELECT FROM credit_debit d WHERE d.account_id = a.account_id AND d.state IN ('asked', 'stuck'))
  AND EXISTS (SELECT FROM credit_source s WHERE s.account_id = a.account_id AND s.kind <> 'credit_card'
    AND NOT EXISTS (SELECT FROM credit_debit d WHERE d.account_id = s.account_id AND d.asked_on = %(today)s
      AND d.slot = %(slot)s AND d.kind = s.kind AND d.reference = s.reference))
ORDER BY a.account_id LIMIT %(limit)s
"""
INSERT_DEBITS = """
INSERT INTO credit_debit (key, account_id, due_on, asked_on, slot, kind, reference, pays, amount_minor)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::date[], %s::date[], %s::smallint[], %s::text[], %s::text[],
  %s::text[], %s::bigint[])
ON CONFLICT DO NOTHING RETURNING key
"""
INSERT_COLUMNS = ("key", "account_id", "due_on", "asked_on", "slot", "kind", "reference", "pays", "amount_minor")
DEBITS = """
SELECT d.key, d.account_id, a.customer_ref AS customer, d.due_on, d.asked_on, d.slot, d.kind, d.reference, d.pays,
  d.amount_minor, d.state, d.taken_minor, d.reason
FROM credit_debit d JOIN credit_account a USING (account_id)
"""


@dataclass(frozen=True, slots=True)
class Debit:
    """One source asked for money once."""

    key: str
    account_id: int
    customer: str
    due_on: dt.date
    asked_on: dt.date
    slot: int
    kind: str
    reference: str
    pays: str
    amount_minor: int
    state: str = "asked"
    taken_minor: int | None = None
    reason: str | None = None

    @property
    def source(self) -> Source:
        """The source as the bank port takes it."""
        return Source(SourceKind(self.kind), self.reference, Pays(self.pays))


def replace_sources(conn: psycopg.Connection, account_id: int, sources: Sequence[Source]) -> None:
    """Store the customer's order, which takes the place of the one before."""
    conn.execute("DELETE FROM credit_source WHERE account_id = %s", [account_id])
    rows = [(account_id, i, s.kind.value, s.reference, s.pays.value) for i, s in enumerate(sources, start=1)]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO credit_source (account_id, position, kind, reference, pays) VALUES (%s, %s, %s, %s, %s)", rows
        )


def list_sources(conn: psycopg.Connection, account_ids: Ints) -> dict[int, list[Source]]:
    """The sources of each account, in order."""
    rows = conn.execute(
        "SELECT account_id, kind, reference, pays FROM credit_source WHERE account_id = ANY(%s::bigint[])"
        " ORDER BY account_id, position",
        [account_ids],
    )
    found: dict[int, list[Source]] = defaultdict(list)
    for account_id, kind, reference, pays in rows:
        found[account_id].append(Source(SourceKind(kind), reference, Pays(pays)))
    return dict(found)


def list_due_accounts(conn: psycopg.Connection, *, after: int, today: dt.date, slot: int, limit: int) -> Ints:
    """Ids above `after` of accounts with something due or overdue, no question open, and a source not yet asked."""
    rows = conn.execute(DUE_ACCOUNTS, {"after": after, "today": today, "slot": slot, "limit": limit}).fetchall()
    return np.array([account_id for (account_id,) in rows], np.int64)


def list_asked(
    conn: psycopg.Connection, account_ids: Ints, *, today: dt.date, slot: int
) -> dict[int, list[tuple[str, str]]]:
    """(kind, reference) of the sources asked in this run, by account."""
    rows = conn.execute(
        "SELECT account_id, kind, reference FROM credit_debit"
        " WHERE account_id = ANY(%s::bigint[]) AND asked_on = %s AND slot = %s",
        [account_ids, today, slot],
    )
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for account_id, kind, reference in rows:
        found[account_id].append((kind, reference))
    return dict(found)


def insert_debits(conn: psycopg.Connection, debits: Sequence[Debit]) -> set[str]:
    """Record that these are asked; the keys of the new ones: an account with an open question stays as it is."""
    columns: list[Any] = [[getattr(debit, name) for debit in debits] for name in INSERT_COLUMNS]
    return {key for (key,) in conn.execute(INSERT_DEBITS, columns).fetchall()}


def load_debits(conn: psycopg.Connection, keys: Sequence[str]) -> dict[str, Debit]:
    """Debits by key; unknown keys are absent."""
    with conn.cursor(row_factory=class_row(Debit)) as cursor:
        rows = cursor.execute(DEBITS + " WHERE d.key = ANY(%s::text[])", [list(keys)]).fetchall()
    return {row.key: row for row in rows}


def list_debits(conn: psycopg.Connection, account_id: int, *, limit: int) -> list[Debit]:
    """What was asked for an account, newest first."""
    with conn.cursor(row_factory=class_row(Debit)) as cursor:
        return cursor.execute(
            DEBITS + " WHERE d.account_id = %s ORDER BY d.recorded_at DESC, d.key DESC LIMIT %s", [account_id, limit]
        ).fetchall()


def answer_debits(
    conn: psycopg.Connection, answers: Sequence[tuple[str, str, int | None, str | None]], *, now: dt.datetime
) -> None:
    """Note answers (key, state, taken, reason). Money that was taken stays taken, whatever is said later."""
    keys, states, taken, reasons = ([row[k] for row in answers] for k in range(4))
    conn.execute(
        "UPDATE credit_debit d SET state = n.state, taken_minor = n.taken, reason = n.reason, answered_at = %s"
        " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) AS n (key, state, taken, reason)"
        " WHERE d.key = n.key AND d.state <> 'paid'",
        [now, keys, states, taken, reasons],
    )
