"""What must hold for the state's subsidy: caps, shares, returns, and that the journal says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.checks import Check, check_of
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.merchants.core.subsidy import POLICIES
from honghua.merchants.subsidies.claiming import ADVANCED, CENTRAL, PROVINCE
from honghua.store.invariants import check_query

EVERYTHING: Final = 2**62
CAPS: Final = """
WITH items AS (
  SELECT i.item, i.borrower, i.policy, i.is_false, i.amount_minor < %(small_below)s AS is_small,
    coalesce(sum(m.amount_minor), 0) AS had FROM merchants_subsidy_item AS i LEFT JOIN merchants_subsidy_movement AS m USING (item)
  GROUP BY i.item),
years AS (SELECT borrower, year, sum(amount_minor) AS had FROM merchants_subsidy_movement GROUP BY borrower, year)
SELECT (SELECT count(*) FROM items), ARRAY(
  SELECT 'item ' || item FROM items WHERE had < 0 OR (is_false AND had <> 0) OR (policy = 'v1' AND had > %(item)s)
  UNION ALL SELECT 'borrower ' || borrower FROM items WHERE policy = 'v1' GROUP BY borrower
    HAVING sum(had) > %(total)s OR coalesce(sum(had) FILTER (WHERE is_small), 0) > %(small)s
  UNION ALL SELECT 'borrower ' || y.borrower FROM years AS y WHERE y.had > %(year)s
    AND EXISTS (SELECT FROM items AS i WHERE i.borrower = y.borrower AND i.policy = 'v2')
    AND NOT EXISTS (SELECT FROM items AS i WHERE i.borrower = y.borrower AND i.policy = 'v1')
  LIMIT %(limit)s)
"""
RETURNS: Final = """
WITH summed AS (
  SELECT date_trunc('month', settled_on)::date AS month, sum(amount_minor) AS minor, sum(central_minor) AS central
  FROM merchants_subsidy_movement GROUP BY 1)
SELECT (SELECT count(*) FROM merchants_subsidy_return), ARRAY(
  SELECT 'return ' || r.month FROM merchants_subsidy_return AS r LEFT JOIN summed AS s USING (month)
  WHERE r.granted_minor + r.taken_back_minor <> coalesce(s.minor, 0) OR r.central_minor <> coalesce(s.central, 0)
    OR r.central_minor + r.province_minor <> r.granted_minor + r.taken_back_minor
  ORDER BY r.month LIMIT %(limit)s)
"""
MOVED: Final = """
SELECT date_trunc('month', settled_on)::date, sum(central_minor)::bigint, sum(province_minor)::bigint, sum(amount_minor)::bigint
FROM merchants_subsidy_movement GROUP BY 1 ORDER BY 1
"""
RECEIVED: Final = """
SELECT date_trunc('month', received_on)::date, -sum(central_minor)::bigint, -sum(province_minor)::bigint,
  -sum(central_minor + province_minor)::bigint
FROM merchants_subsidy_receipt GROUP BY 1 ORDER BY 1
"""
CLAIMED: Final = (FactKind.SUBSIDY_CLAIMED, FactKind.SUBSIDY_TAKEN_BACK)


def check_subsidies(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the state's subsidy."""
    v1, v2 = POLICIES[0], POLICIES[-1]
    caps = {
        "small_below": v1.small_below_minor, "item": v1.cap_item_minor, "small": v1.cap_small_minor, "total": v1.cap_total_minor,
        "year": v2.cap_year_minor,
    }  # fmt: skip
    return (
        check_query(conn, "merchants.subsidy_caps_kept", CAPS, **caps),
        check_query(conn, "merchants.subsidy_returns_are_movements", RETURNS),
        check_claims(conn),
    )


def check_claims(conn: psycopg.Connection) -> Check:
    """Month by month the journal claims from central and province what the movements say, and advanced it to customers; and its claims
    fall by what the receipts say."""
    lines = ledger.read_component_lines(conn, Component.BANK_CLEARING, from_txid=0, until_txid=EVERYTHING)
    wrong, count = set(), 0
    for query, kinds in ((MOVED, CLAIMED), (RECEIVED, (FactKind.SUBSIDY_RECEIVED,))):
        moved = conn.execute(query).fetchall()
        wrong |= _find_wrong_months(moved, _sum_months(conn, lines, kinds))
        count += len(moved)
    return check_of("merchants.subsidy_claims_are_booked", count, [f"month {month}" for month in sorted(wrong)])


def _sum_months(
    conn: psycopg.Connection, lines: ledger.ComponentLines, kinds: tuple[FactKind, ...]
) -> dict[tuple[str, str], int]:
    """What entries of these kinds moved: (reference, month as 2026-03) → minor units."""
    kept = np.isin(lines.kind, kinds)
    refs = ledger.find_refs(conn, owner_ids=np.unique(lines.owner_id[kept]).tolist())
    booked: dict[tuple[str, str], int] = {}
    months = (lines.booked_on[kept].astype("datetime64[D]").astype("datetime64[M]")).astype(str).tolist()
    for owner, month, minor in zip(
        lines.owner_id[kept].tolist(), months, lines.amount_minor[kept].tolist(), strict=True
    ):
        booked[refs[owner], month] = booked.get((refs[owner], month), 0) + minor
    return booked


def _find_wrong_months(moved: Sequence[tuple[Any, ...]], booked: dict[tuple[str, str], int]) -> set[str]:
    """Months in which the rows (month, central, province, both) and what is booked differ."""
    wrong = set()
    for month, central, province, amount in moved:
        for ref, minor in ((CENTRAL, central), (PROVINCE, province), (ADVANCED, -amount)):
            if booked.pop((ref, f"{month:%Y-%m}"), 0) != minor:
                wrong.add(f"{month:%Y-%m}")
    return wrong | {month for (_, month), minor in booked.items() if minor}
