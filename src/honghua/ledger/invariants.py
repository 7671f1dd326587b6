"""What must hold in the journal at any time, recomputed from its rows. Each check is one pass of SQL, or one stream.

Run them inside one REPEATABLE READ transaction: then they look at one moment, while others go on posting.
Cost: ~7 µs an entry for all of them together while most owners have a handful of entries, less when they have many.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.ledger import store
from honghua.ledger.core.chain import FIRST_PREVIOUS, compute_digest
from honghua.ledger.core.chart import CHARGE_OFF_COMPONENTS, COLUMNS, LIMIT_COMPONENTS, TITLES
from honghua.store.invariants import check_query

Connection = psycopg.Connection

# Not through ledger_sums_to_zero(): what checks the table must not lean on what guards it.
ENTRIES_SUM_TO_ZERO: Final = """
SELECT (SELECT count(*) FROM ledger_entry), ARRAY(
  SELECT 'entry ' || entry_id FROM ledger_entry AS entry
  WHERE cardinality(accounts) <> cardinality(amounts_minor) OR cardinality(accounts) < 2
    OR array_position(accounts, NULL) IS NOT NULL
    OR (SELECT sum(amount) FROM unnest(amounts_minor) AS line (amount)) IS DISTINCT FROM 0
    OR amounts_minor && ARRAY[0::bigint] OR array_position(amounts_minor, NULL) IS NOT NULL
  LIMIT %(limit)s)
"""
ENTRY_IDS_UNIQUE: Final = """
SELECT (SELECT count(*) FROM ledger_entry),
  ARRAY(SELECT 'entry ' || entry_id FROM ledger_entry GROUP BY entry_id HAVING count(*) > 1 LIMIT %(limit)s)
"""
OWNERS_HAVE_BALANCES: Final = """
SELECT (SELECT count(*) FROM ledger_owner), ARRAY(
  SELECT 'owner ' || owner_id FROM ledger_owner AS owner FULL JOIN ledger_balance AS balance USING (owner_id)
  WHERE owner.currency IS DISTINCT FROM balance.currency LIMIT %(limit)s)
"""
# One pass over the lines feeds three checks: sums against balances, currencies against owners, and both books' totals.
LINES_AGAINST_BALANCES: Final = """
WITH summed AS MATERIALIZED (
  SELECT account, currency, sum(amount) AS amount
  FROM (SELECT unnest(accounts) AS account, unnest(amounts_minor) AS amount, currency FROM ledger_entry) AS line
  GROUP BY account, currency),
kept AS (
  SELECT balance.owner_id * 256 + part.component AS account, balance.currency, part.amount
  FROM ledger_balance AS balance
  CROSS JOIN LATERAL (VALUES {parts}) AS part (component, amount) WHERE part.amount <> 0),
unlike AS (
  SELECT account FROM summed FULL JOIN kept USING (account, currency)
  WHERE coalesce(summed.amount, 0) <> coalesce(kept.amount, 0) LIMIT %(limit)s)
SELECT
  (SELECT count(*) FROM summed),
  ARRAY(SELECT 'owner ' || (account >> 8) || ' ' || coalesce(component.name, (account & 255)::text)
    FROM unlike LEFT JOIN ledger_component AS component ON component.component = account & 255),
  ARRAY(SELECT DISTINCT 'owner ' || (account >> 8) || ' ' || summed.currency
    FROM summed LEFT JOIN ledger_owner AS owner ON owner.owner_id = account >> 8
    WHERE owner.currency IS DISTINCT FROM summed.currency LIMIT %(limit)s),
  (SELECT count(DISTINCT currency) FROM ledger_balance),
  ARRAY(SELECT currency || ' in ' || book FROM (
      SELECT 'entries' AS book, currency, amount FROM summed
      UNION ALL SELECT 'balances', currency, amount FROM kept) AS books
    GROUP BY currency, book HAVING sum(amount) <> 0 LIMIT %(limit)s)
"""
BALANCES_BROKEN: Final = """
SELECT (SELECT count(*) FROM ledger_balance),
  ARRAY(SELECT 'owner ' || owner_id FROM ledger_balance WHERE {broken} LIMIT %(limit)s)
"""
SEALED_COMPLETE: Final = """
SELECT sealed.entries, entries.entries FROM
  (SELECT coalesce(sum(entries), 0)::bigint AS entries, coalesce(max(until_txid), 0) AS until
   FROM ledger_seal) AS sealed
  CROSS JOIN LATERAL (SELECT count(*) AS entries FROM ledger_entry WHERE txid < sealed.until) AS entries
"""
DATES_IN_ORDER: Final = """
SELECT (SELECT count(*) FROM ledger_entry), ARRAY(
  SELECT 'entry ' || entry_id FROM ledger_entry
  WHERE value_on > booked_on OR booked_on > DATE '1970-01-01' + %(today)s::int LIMIT %(limit)s)
"""


def check_ledger(conn: Connection) -> tuple[Check, ...]:
    """All invariants of the journal."""
    return (
        check_entries_sum_to_zero(conn),
        check_entry_ids_unique(conn),
        check_owners_have_balances(conn),
        *check_balances(conn),
        check_memo_identity(conn),
        check_balances_on_their_side(conn),
        check_hash_chain(conn),
        check_sealed_complete(conn),
    )


def check_entries_sum_to_zero(conn: Connection) -> Check:
    """Every entry has two or more lines, none of them zero, that sum to zero."""
    return check_query(conn, "ledger.entries_sum_to_zero", ENTRIES_SUM_TO_ZERO)


def check_entry_ids_unique(conn: Connection) -> Check:
    """No two entries share an id, whoever owns them."""
    return check_query(conn, "ledger.entry_ids_unique", ENTRY_IDS_UNIQUE)


def check_owners_have_balances(conn: Connection) -> Check:
    """Each owner has one balance row in its currency, and each balance row an owner."""
    return check_query(conn, "ledger.owners_have_balances", OWNERS_HAVE_BALANCES)


def check_balances(conn: Connection) -> tuple[Check, Check, Check]:
    """Balances are the sums of lines; entries keep to their owners' one currency; both books add up to zero."""
    parts = SQL(", ").join(SQL("({}, {})").format(place, Identifier(name)) for place, name in enumerate(COLUMNS))
    row = conn.execute(SQL(LINES_AGAINST_BALANCES).format(parts=parts), {"limit": BROKEN_IDS_MAX}).fetchone()
    assert row is not None
    accounts, unlike, mixed, currencies, unbalanced = row
    return (
        check_of("ledger.balances_are_sums", accounts, unlike),
        check_of("ledger.one_currency", accounts, mixed),
        check_of("ledger.trial_balance_zero", currencies, unbalanced),
    )


def check_memo_identity(conn: Connection) -> Check:
    """granted = available + held + used + over, and what is written off is still claimed, owner by owner."""
    sums = [
        SQL("{} <> 0").format(SQL(" + ").join(Identifier(COLUMNS[component]) for component in components))
        for components in (LIMIT_COMPONENTS, CHARGE_OFF_COMPONENTS)
    ]
    return check_query(conn, "ledger.memo_identity", SQL(BALANCES_BROKEN).format(broken=SQL(" OR ").join(sums)))


def check_balances_on_their_side(conn: Connection) -> Check:
    """No debt, held or available amount below zero, no overpayment above it (`Title.bound`)."""
    sides = [SQL("{} * {} < 0").format(Identifier(title.column), title.side) for title in TITLES if title.bound]
    return check_query(
        conn, "ledger.balances_on_their_side", SQL(BALANCES_BROKEN).format(broken=SQL(" OR ").join(sides))
    )


def check_hash_chain(conn: Connection) -> Check:
    """Every seal follows the one before it without a gap, and its digest is that of the entries as they stand now."""
    broken: list[str] = []
    blocks, block_no, until_txid, last_digest = 0, 0, 0, FIRST_PREVIOUS
    for figures, previous, digest in store.iter_seals(conn):
        blocks += 1
        follows = (figures.block_no, figures.from_txid, previous) == (block_no + 1, until_txid, last_digest)
        stream = store.stream_block(conn, figures.from_txid, figures.until_txid)
        if not follows or compute_digest(previous, stream, figures) != digest:
            broken.append(f"block {figures.block_no}")
        block_no, until_txid, last_digest = figures.block_no, figures.until_txid, digest
    return check_of("ledger.hash_chain", blocks, broken)


def check_sealed_complete(conn: Connection) -> Check:
    """Below the newest seal there are exactly as many entries as the seals say: none slipped in, none is missing."""
    row = conn.execute(SEALED_COMPLETE).fetchone()
    assert row is not None
    sealed, found = row
    broken = [] if sealed == found else [f"{sealed} entries sealed, {found} found"]
    return check_of("ledger.sealed_complete", found, broken)


def check_dates_in_order(conn: Connection, *, today: int) -> Check:
    """No entry is booked after the business date `today` (a day number), none counts for a day after it was booked."""
    return check_query(conn, "ledger.dates_in_order", DATES_IN_ORDER, today=today)
