"""What must hold in the credit room at any time, recomputed from facts and rows: what `honghua verify` runs.

Run inside one REPEATABLE READ transaction: then it looks at one moment, while others go on working.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import psycopg

from honghua.base.checks import Check, check_of
from honghua.base.dates import to_day
from honghua.base.errors import HonghuaError
from honghua.credit import store
from honghua.credit.audit import Tally, check_accounts
from honghua.credit.core.layout import STATUS_CLOSED
from honghua.credit.core.lines.purposes import BUSINESS_MARK
from honghua.credit.core.terms import ProductTerms, terms_from_body
from honghua.credit.journey.invariants import check_journeys
from honghua.credit.materials.invariants import check_evidence
from honghua.credit.prudence.invariants import check_prudence
from honghua.store.invariants import check_facts_have_accounts, check_query

Connection = psycopg.Connection
Progress = Callable[[int, int], None]  # accounts audited, accounts in all

DAYS_CONTIGUOUS: Final = """
WITH book AS (SELECT started_on, business_on FROM credit_book),
wanted AS (
  SELECT on_day::date AS day FROM book, generate_series(started_on, business_on - 1, interval '1 day') AS on_day)
SELECT (SELECT count(*) FROM credit_day), ARRAY(
  SELECT 'day ' || day FROM wanted FULL JOIN credit_day AS kept USING (day)
  WHERE wanted.day IS NULL OR kept.day IS NULL OR (kept.state = 'closed') <> (kept.finished_at IS NOT NULL)
    OR (kept.state = 'closing' AND kept.day <> (SELECT business_on - 1 FROM book))
  ORDER BY day LIMIT %(limit)s)
"""
SHARDS_ONCE: Final = """
WITH shard AS (
  SELECT day, shard, low_id, high_id, state, finished_at,
    lag(high_id) OVER (PARTITION BY day ORDER BY low_id) AS before_id
  FROM credit_day_shard),
counted AS (SELECT day, count(*) AS shards, bool_and(state = 'done') AS done FROM credit_day_shard GROUP BY day)
SELECT (SELECT count(*) FROM credit_day_shard), ARRAY(
  SELECT 'shard ' || day || '/' || shard FROM shard
  WHERE low_id > high_id OR low_id <= before_id OR (state = 'done') <> (finished_at IS NOT NULL)
  UNION ALL
  SELECT 'day ' || kept.day FROM credit_day AS kept LEFT JOIN counted USING (day)
  WHERE coalesce(counted.shards, 0) <> kept.shards
    OR (kept.state = 'closed' AND NOT coalesce(counted.done, kept.shards = 0))
  LIMIT %(limit)s)
"""
NOBODY_LEFT_BEHIND: Final = """
SELECT (SELECT count(*) FROM credit_account), ARRAY(
  SELECT 'account ' || account_id FROM credit_account AS account, credit_book AS book
  WHERE as_of_on > business_on OR (next_action_on <= business_on AND NOT quarantined AND NOT EXISTS (
    SELECT FROM credit_day_shard AS shard JOIN credit_day AS kept USING (day)
    WHERE kept.state = 'closing' AND shard.state = 'waiting'
      AND account.account_id BETWEEN shard.low_id AND shard.high_id))
  ORDER BY account_id LIMIT %(limit)s)
"""
QUARANTINE_TOLD: Final = """
WITH open_case AS (SELECT DISTINCT account_id FROM credit_quarantine WHERE released_at IS NULL)
SELECT (SELECT count(*) FROM credit_account WHERE quarantined), ARRAY(
  SELECT 'account ' || account_id FROM credit_account FULL JOIN open_case USING (account_id)
  WHERE coalesce(quarantined, false) <> (open_case.account_id IS NOT NULL) ORDER BY account_id LIMIT %(limit)s)
"""
ROWS_HAVE_ACCOUNTS: Final = """
WITH named AS (
  SELECT account_id, 'statement ' || account_id || '/' || seq AS name FROM credit_statement
  UNION ALL SELECT account_id, 'purchase ' || purchase_id FROM credit_hold
  UNION ALL SELECT account_id, 'source of account ' || account_id FROM credit_source)
SELECT (SELECT count(*) FROM named), ARRAY(
  SELECT name FROM named LEFT JOIN credit_account AS account USING (account_id)
  WHERE account.account_id IS NULL ORDER BY name LIMIT %(limit)s)
"""


# Both lines of a holder together, as far as limits go: debt beyond them is interest, or stood before they were cut.
PERSONS_WITHIN_CAP: Final = f"""
WITH cap AS (
  SELECT max((body ->> 'limit_minor_max')::bigint) AS minor FROM credit_terms WHERE coalesce((body ->> 'purpose')::int, 0) = 0),
business AS (
  SELECT account_id, limit_minor + temporary_minor AS minor, left(customer_ref, -length('{BUSINESS_MARK}')) AS holder
  FROM credit_account WHERE customer_ref LIKE '%%{BUSINESS_MARK}' AND status <> {STATUS_CLOSED})
SELECT (SELECT count(*) FROM business), ARRAY(
  SELECT 'account ' || business.account_id FROM cap, business LEFT JOIN credit_account AS other
    ON other.customer_ref = business.holder AND other.status <> {STATUS_CLOSED}
  WHERE business.minor + coalesce(other.limit_minor + other.temporary_minor, 0) > cap.minor
  ORDER BY business.account_id LIMIT %(limit)s)
"""  # noqa: S608 — our own constants


def check_credit(conn: Connection, *, progress: Progress | None = None) -> tuple[Check, ...]:
    """All invariants of the credit room; `progress` hears of every batch of accounts."""
    terms, terms_check = check_terms(conn)
    row = conn.execute("SELECT count(*) FROM credit_account").fetchone()
    accounts = int(row[0]) if row else 0
    tally = Tally()
    ids = [np.zeros(0, np.int64)]
    done = 0
    for batch in check_accounts(conn, terms, today=read_today(conn), tally=tally):
        ids.append(batch)
        done += len(batch)
        if progress is not None:
            progress(done, accounts)
    return (
        *tally.checks(),
        terms_check,
        check_facts_have_accounts(conn, np.concatenate(ids)),
        check_query(conn, "credit.rows_have_accounts", ROWS_HAVE_ACCOUNTS),
        check_query(conn, "credit.days_contiguous", DAYS_CONTIGUOUS),
        check_query(conn, "credit.shards_once", SHARDS_ONCE),
        check_query(conn, "credit.nobody_left_behind", NOBODY_LEFT_BEHIND),
        check_query(conn, "credit.quarantine_told", QUARANTINE_TOLD),
        check_query(conn, "credit.persons_within_cap", PERSONS_WITHIN_CAP),
        *check_journeys(conn),
        *check_prudence(conn),
        *check_evidence(conn),
    )


def read_today(conn: Connection) -> int:
    """The business date as a day number; 0 for a book not started, in which nothing can have happened."""
    day = store.find_business_day(conn)
    return 0 if day is None else to_day(day)


def check_terms(conn: Connection) -> tuple[dict[int, ProductTerms], Check]:
    """Every version of the terms is what its digest says; returns those that can be read at all, by id."""
    terms: dict[int, ProductTerms] = {}
    broken = []
    rows = conn.execute("SELECT terms_id, body, digest FROM credit_terms ORDER BY terms_id").fetchall()
    for terms_id, body, digest in rows:
        try:
            terms[terms_id] = terms_from_body(body)
        except (HonghuaError, TypeError, KeyError, ValueError):
            broken.append(f"terms {terms_id}")
            continue
        if terms[terms_id].digest() != bytes(digest):
            broken.append(f"terms {terms_id}")
    return terms, check_of("credit.terms_digests", len(rows), broken)
