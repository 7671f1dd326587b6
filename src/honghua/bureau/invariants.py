"""What must hold about what was filed: it is the ledger's word, people were told before, files come out the same, repairs were due."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, LiteralString

import psycopg

from honghua.base.checks import Check, check_of
from honghua.bureau import store_records as store
from honghua.bureau.core.filing import AMOUNTS, compute_digest
from honghua.bureau.core.inquiries import INQUIRY_POLICY
from honghua.bureau.core.records import Position, Record, make_record
from honghua.bureau.core.repair import OverdueItem, judge, parse_policy
from honghua.bureau.policies import get_setting, load_products
from honghua.bureau.reporting import make_file_again
from honghua.bureau.store_expiring import find_gaps
from honghua.bureau.store_records import Filed
from honghua.store.invariants import check_query

# Positions of accounts at the end of a month as the facts up to a given one make them: what `app` hands in, since credit stands above.
ReadPositions = Callable[[psycopg.Connection, dt.date, Mapping[int, int]], Sequence[Position]]
PAGE: Final = 5_000
FILES_MAX: Final = 10_000
TOLD_BEFORE: Final = """
SELECT (SELECT count(*) FROM bureau_record WHERE overdue_from IS NOT NULL), ARRAY(
  SELECT 'record ' || r.account_id || '/' || r.month || '/' || r.version FROM bureau_record AS r
  WHERE (r.overdue_minor > 0 OR r.status ~ '[1-7BDZ]' OR r.status = 'M' AND r.overdue_from IS NOT NULL) AND NOT EXISTS (
    SELECT FROM bureau_notice AS n WHERE n.account_id = r.account_id AND n.arose_on = coalesce(r.overdue_from, r.month)
      AND n.report_from <= r.recorded_at)
  ORDER BY r.account_id, r.month, r.version LIMIT %(limit)s)
"""
VERSIONS: Final = """
SELECT (SELECT count(*) FROM bureau_record), ARRAY(
  SELECT 'record ' || account_id || '/' || month FROM bureau_record GROUP BY account_id, month, reporter
  HAVING max(version) <> count(*) OR min(version) <> 1 ORDER BY account_id, month LIMIT %(limit)s)
"""
INQUIRIES: Final = """
SELECT (SELECT count(*) FROM bureau_inquiry), ARRAY(
  SELECT DISTINCT 'customer ' || i.customer FROM bureau_inquiry AS i
  WHERE btrim(i.reason_code) = '' OR i.consent_at > i.asked_at OR (
    SELECT count(*) FROM bureau_inquiry AS o WHERE o.customer = i.customer
      AND o.asked_at > i.asked_at - interval '365 days' AND o.asked_at <= i.asked_at) > %(per_year)s
  ORDER BY 1 LIMIT %(limit)s)
"""
FREE: Final = """
SELECT (SELECT count(*) FROM bureau_objection), ARRAY(
  SELECT 'objection ' || objection_id FROM bureau_objection WHERE fee_minor <> 0 OR due_on <= opened_at::date
  ORDER BY objection_id LIMIT %(limit)s)
"""
RESCORED: Final = """
SELECT (SELECT count(*) FROM bureau_reinclusion), ARRAY(
  SELECT 'customer ' || f.customer FROM bureau_reinclusion AS f
  WHERE NOT EXISTS (SELECT FROM bureau_repair AS r WHERE r.customer = f.customer AND r.off_on <= (f.flagged_at + interval '1 day')::date)
  ORDER BY 1 LIMIT %(limit)s)
"""
CHECKS: Final[dict[str, LiteralString]] = {
    "bureau.adverse_told_before": TOLD_BEFORE,
    "bureau.versions_have_no_gap": VERSIONS,
    "bureau.inquiries_bounded": INQUIRIES,
    "bureau.objections_free": FREE,
    "bureau.reincluded_were_repaired": RESCORED,
}


def check_bureau(conn: psycopg.Connection, *, read_positions: ReadPositions) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    bounds = {"per_year": INQUIRY_POLICY.per_year}
    return (
        _check_reported(conn, read_positions),
        _check_files(conn),
        _check_repairs(conn),
        *(check_query(conn, name, query, **bounds) for name, query in CHECKS.items()),
    )


def _check_reported(conn: psycopg.Connection, read_positions: ReadPositions) -> Check:
    """Every newest record says what the ledger's facts, as far as they were known, say; and its product reports (R-023, R-245).

    Where several lenders report an account, their parts sum to it to the cent (R-234).
    """
    products = load_products()
    checked, broken = 0, []
    after = (0, dt.date.min)
    while page := store.list_newest_after(conn, after=after, limit=PAGE):
        by_month: dict[dt.date, dict[int, int]] = defaultdict(dict)
        for filed in page:
            known = by_month[filed.record.month]
            known[filed.record.account_id] = max(filed.known_fact_id, known.get(filed.record.account_id, 0))
        positions = {
            (one.account_id, month): one
            for month, known in by_month.items()
            for one in read_positions(conn, month, known)
        }
        for key, mine in _by_month(page):
            position = positions.get(key)
            found = None if position is None else make_record(position, get_setting(products, position.product))
            if not _says_the_same(found, mine):
                broken.append(f"record {key[0]}/{key[1]}")
        checked += len(page)
        after = (page[-1].record.account_id, page[-1].record.month)
    return check_of("bureau.reported_is_ledger", checked, broken)


def _by_month(page: Sequence[Filed]) -> list[tuple[tuple[int, dt.date], list[Record]]]:
    """Newest records by (account, month)."""
    found: dict[tuple[int, dt.date], list[Record]] = {}
    for filed in page:
        found.setdefault((filed.record.account_id, filed.record.month), []).append(filed.record)
    return list(found.items())


def _says_the_same(whole: Record | None, told: Sequence[Record]) -> bool:
    if whole is None:
        return False
    if [one.reporter for one in told] == [whole.reporter]:
        return whole == told[0]
    about = {(one.account_id, one.customer, one.month, one.account_type, one.currency) for one in told}
    return about == {(whole.account_id, whole.customer, whole.month, whole.account_type, whole.currency)} and all(
        sum(getattr(one, name) for one in told) == getattr(whole, name) for name in AMOUNTS
    )


def _check_files(conn: psycopg.Connection) -> Check:
    """Byte for byte; of a file that lost records to the five years, their number."""
    files = store.list_files(conn, limit=FILES_MAX)
    gaps = find_gaps(conn)
    broken = [
        f"file {header.file_id}"
        for header, digest, _ in files
        if (
            store.count_of_file(conn, header.file_id) + gaps[header.file_id] != header.records
            if header.file_id in gaps
            else compute_digest(make_file_again(conn, header)) != digest
        )
    ]
    return check_of("bureau.files_come_out_the_same", len(files), broken)


def _check_repairs(conn: psycopg.Connection) -> Check:
    """Every repair is one that its policy, as kept, grants to the item as it then stood."""
    rows = conn.execute(
        "SELECT r.account_id, r.arose_on, r.amount_minor, r.repaid_on, r.off_on, p.body FROM bureau_repair AS r"
        " JOIN bureau_policy AS p ON p.name = r.policy ORDER BY r.account_id, r.arose_on"
    ).fetchall()
    broken = []
    for account_id, arose_on, amount, repaid_on, off_on, body in rows:
        policy = parse_policy(body)
        regions = sorted({*policy.regions, *policy.most_by_region_minor, ""} if not policy.regions else policy.regions)
        item = {"arose_on": arose_on, "amount_minor": max(amount, 1), "repaid_on": repaid_on}
        verdicts = [judge(policy, OverdueItem(**item, region=region)) for region in regions]
        if not any(verdict.is_repaired and verdict.off_on == off_on for verdict in verdicts):
            broken.append(f"repair {account_id}/{arose_on}")
    return check_of("bureau.repairs_were_due", len(rows), broken)


__all__ = ["ReadPositions", "check_bureau"]
