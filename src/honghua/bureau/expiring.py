"""Deleting what was filed of adverse items whose five years are over: records with all their versions, notices, repairs, objections.

Unpaid items never expire; the journal is not touched, since whoever must keep it keeps it for other reasons and other years. The database
itself refuses to delete anything younger than the years, whatever this module thinks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.dates import add_months, from_day, to_day
from honghua.bureau import store_expiring as store
from honghua.bureau import store_records
from honghua.bureau.core.records import Record
from honghua.bureau.core.report import Item, find_items
from honghua.bureau.core.retention import ADVERSE_YEARS

ACCOUNTS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionReport:
    """What one page deleted: rows by what they are. accounts: that were looked at."""

    accounts: int = 0
    records: int = 0
    notices: int = 0
    repairs: int = 0
    objections: int = 0


def delete_expired(
    conn: psycopg.Connection, *, on: dt.date, after: int = 0, now: dt.datetime
) -> tuple[DeletionReport, int]:
    """Delete what expired before a day, of the next accounts; the report and where to go on, 0 = done. In the caller's transaction."""
    ids = store.list_old_accounts(conn, after=after, before=_years_before(on), limit=ACCOUNTS_AT_ONCE)
    if not ids:
        return DeletionReport(), 0
    store.declare(conn, on)
    records = [one.record for one in store_records.list_of_accounts(conn, ids)]
    items = [item for item in find_items(records) if not item.is_kept(on)]
    months = {*find_months(records, items), *store.list_corrected(conn, ids, before=_years_before(on))}
    keys = sorted(item.key for item in items)
    report = DeletionReport(
        accounts=len(ids),
        objections=store.delete_objections(conn, sorted(months), before=_years_before(on)),
        records=store.delete_records(conn, sorted(months)),
        notices=store.delete_notices(conn, keys),
        repairs=store.delete_repairs(conn, keys),
    )
    gone = (report.records, report.notices, report.repairs, report.objections)
    if any(gone):
        store.insert_deletion(conn, on, gone, now=now)
    return report, ids[-1] if len(ids) == ACCOUNTS_AT_ONCE else 0


def find_months(records: Sequence[Record], items: Sequence[Item]) -> set[tuple[int, dt.date]]:
    """(account, month) of the records that tell of these items: those they colour, and the one that tells of their end.

    Not one that also tells of a later item, which is not among these.
    """
    ends = {(item.account_id, item.ended_on) for item in items}
    found = {(item.account_id, month) for item in items for month in item.months}
    found |= {
        (one.account_id, one.month)
        for one in records
        if one.overdue_from is None and (one.account_id, one.carried_cleared_on) in ends
    }
    return found


def find_expired(conn: psycopg.Connection, *, on: dt.date, limit: int) -> list[tuple[int, dt.date]]:
    """(account, month) of what should be gone on a day and is not; empty is the proof, over every record that is old enough."""
    found: list[tuple[int, dt.date]] = []
    after = 0
    while len(found) < limit:
        ids = store.list_old_accounts(conn, after=after, before=_years_before(on), limit=ACCOUNTS_AT_ONCE)
        if not ids:
            break
        records = [one.record for one in store_records.list_of_accounts(conn, ids)]
        found += sorted(find_months(records, [item for item in find_items(records) if not item.is_kept(on)]))
        after = ids[-1]
    return found[:limit]


def _years_before(on: dt.date) -> dt.date:
    return from_day(int(add_months(to_day(on), -12 * ADVERSE_YEARS.years)))


__all__ = ["DeletionReport", "delete_expired", "find_expired"]
