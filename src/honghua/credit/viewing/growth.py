"""How a limit grows: what an account shows of its owner's conduct, which rules of growth are met, and what moved the limit so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.credit import store as accounts
from honghua.credit.core.account import Account
from honghua.credit.core.kernels.measures import days_past_due, used_minor
from honghua.credit.core.layout import H_HELD, H_LIMIT, H_OPENED, H_TEMPORARY, H_TERMS
from honghua.credit.core.terms import person_cap
from honghua.credit.guarding import read_others
from honghua.credit.registry import Registry
from honghua.limits import api as limits
from honghua.limits.core import PPM, Growth, LimitTerms, Record, explain_growth

CHANGES_SHOWN = 20
CONDUCT = """
SELECT account_id, count(*) FILTER (WHERE s.cut_on > c.since AND s.overdue_minor = 0 AND s.total_minor > 0),
  coalesce(bool_or(s.overdue_minor > 0) FILTER (WHERE s.place <= 12), false),
  coalesce(max(s.total_minor) FILTER (WHERE s.cut_on > c.since), 0), max(s.cut_on)
FROM unnest(%s::bigint[], %s::date[]) AS c (account_id, since)
JOIN LATERAL (SELECT cut_on, overdue_minor, total_minor, row_number() OVER (ORDER BY seq DESC) AS place
  FROM credit_statement WHERE credit_statement.account_id = c.account_id) AS s ON true GROUP BY account_id
"""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What bills since a day say: how many with nothing overdue, whether one of the last twelve was, the largest, the newest cut."""

    good_statements: int = 0
    was_late: bool = False
    largest_minor: int = 0
    newest_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class GrowthView:
    """What a customer is shown: the record, each rule with where one stands, the next limit, and changes so far, the newest first."""

    record: Record
    growth: Growth
    changes: list[limits.Change]


def find_growth(conn: psycopg.Connection, registry: Registry, terms: LimitTerms, customer: str) -> GrowthView | None:
    """How a customer's limit grows; None without an open account. Reads only."""
    found = accounts.find_account_ids(conn, [customer])
    records = read_records(conn, registry, list(found.values())) if found else {}
    if customer not in records:
        return None
    record = records[customer][1]
    return GrowthView(record, explain_growth(terms, record), limits.list_changes(conn, customer, limit=CHANGES_SHOWN))


def read_records(
    conn: psycopg.Connection, registry: Registry, account_ids: Sequence[int], *, fraud: frozenset[int] = frozenset()
) -> dict[str, tuple[int, Record]]:
    """customer → (account id, record of conduct): what growth is decided on and what its owner is shown. Reads only.

    A ceiling leaves room for the holder's other line: the cap is one person's.
    """
    rows = accounts.load_accounts(conn, np.array(sorted(account_ids), np.int64), lock=False)
    terms_rows = registry.learn_terms_of(conn, rows)
    found = [rows.account(i, terms_rows) for i in range(len(rows))]
    found = [one for one in found if one.is_open and not one.quarantined]
    refs = [one.customer_ref for one in found]
    last, ceilings = limits.find_last_days(conn, refs), limits.find_ceilings(conn, refs)
    rooms = _find_rooms(conn, registry, found)
    since = {one.customer_ref: last.get(one.customer_ref, from_day(int(one.head[H_OPENED]))) for one in found}
    conduct = read_conduct(conn, [one.account_id for one in found], [since[ref] for ref in refs])
    today = accounts.get_business_day(conn)
    return {
        one.customer_ref: (
            one.account_id,
            _record(one, conduct.get(one.account_id, Conduct()), today, since[one.customer_ref],
                    min(ceilings.get(one.customer_ref, (int(one.head[H_LIMIT]), None))[0], rooms[one.account_id]),
                    one.account_id in fraud),
        )
        for one in found
    }  # fmt: skip


def _find_rooms(conn: psycopg.Connection, registry: Registry, found: Sequence[Account]) -> dict[int, int]:
    """The most that each account may grow to beside its holder's other line; what it has already is never taken away by that."""
    others = read_others(conn, [one.customer_ref for one in found])
    caps = {one.account_id: person_cap(registry.terms, registry.terms[int(one.head[H_TERMS])]) for one in found}
    return {
        one.account_id: max(caps[one.account_id] - others.get(one.customer_ref, 0), int(one.head[H_LIMIT]))
        for one in found
    }


def _record(account: Account, conduct: Conduct, today: dt.date, since: dt.date, ceiling: int, is_fraud: bool) -> Record:  # noqa: FBT001
    head = account.head
    limit = int(head[H_LIMIT])
    used = int(used_minor(head, account.dues, account.plans)) + int(head[H_HELD])
    newest = conduct.newest_on or from_day(int(head[H_OPENED]))
    return Record(
        limit_minor=limit, ceiling_minor=ceiling, used_minor=used, good_statements=conduct.good_statements,
        days_since_change=(today - since).days, used_share_ppm=conduct.largest_minor * PPM // max(limit, 1),
        dpd=int(days_past_due(head)), was_late=conduct.was_late, has_temporary=int(head[H_TEMPORARY]) > 0,
        idle_days=0 if used else (today - newest).days, fraud_reports=int(is_fraud),
    )  # fmt: skip


def read_conduct(conn: psycopg.Connection, account_ids: Sequence[int], since: Sequence[dt.date]) -> dict[int, Conduct]:
    """Conduct of accounts, each since its own day; accounts without a bill are absent."""
    rows = conn.execute(CONDUCT, [list(account_ids), list(since)])
    return {
        account_id: Conduct(int(good), bool(late), int(largest), newest)
        for account_id, good, late, largest, newest in rows
    }


__all__ = ["Conduct", "GrowthView", "find_growth", "read_records"]
