"""What must hold for merchants at any time, recomputed from their rows; what the journal says is compared where it is at hand."""

from __future__ import annotations

from typing import Final, LiteralString

import numpy as np
import psycopg

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.merchants import store_settlement
from honghua.store.copybin import Int8, copy_out

BUDGETS_KEPT: Final = """
WITH summed AS (
  SELECT campaign_id, coalesce(sum(fee_minor) FILTER (WHERE state = 'open'), 0) AS reserved,
    coalesce(sum(fee_minor) FILTER (WHERE state = 'booked'), 0) AS booked
  FROM merchants_reservation GROUP BY campaign_id)
SELECT (SELECT count(*) FROM merchants_budget), ARRAY(
  SELECT 'campaign ' || b.campaign_id FROM merchants_budget AS b LEFT JOIN summed USING (campaign_id)
  WHERE b.reserved_minor <> coalesce(summed.reserved, 0) OR b.spent_minor > coalesce(summed.booked, 0)
    OR b.reserved_minor + b.spent_minor > b.budget_minor
  ORDER BY b.campaign_id LIMIT %(limit)s)
"""
SETTLED_ONCE: Final = """
WITH marked AS (
  SELECT merchant_id, day, lag(day) OVER (PARTITION BY merchant_id ORDER BY day) AS before,
    sales_minor + refunds_minor + fees_minor AS moved FROM merchants_settlement),
summed AS (
  SELECT k.merchant_id, k.day, k.moved, coalesce(sum(m.net_minor), 0) AS net FROM marked AS k
  LEFT JOIN merchants_movement AS m ON m.merchant_id = k.merchant_id AND m.booked_on <= k.day
    AND (k.before IS NULL OR m.booked_on > k.before) AND m.kind NOT IN (102, 103)
  GROUP BY k.merchant_id, k.day, k.moved)
SELECT (SELECT count(*) FROM merchants_settlement), ARRAY(
  SELECT 'settlement ' || merchant_id || ' ' || day FROM summed WHERE moved <> net ORDER BY merchant_id, day LIMIT %(limit)s)
"""


def check_merchants(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the room."""
    return (
        _check(conn, "merchants.budgets_kept", BUDGETS_KEPT),
        _check(conn, "merchants.settled_once", SETTLED_ONCE),
        check_movements(conn),
    )


def check_movements(conn: psycopg.Connection) -> Check:
    """Movements say what the journal says: entry by entry as far as the follower has come."""
    start = store_settlement.read_cursor(conn)
    lines = ledger.read_component_lines(conn, Component.MERCHANT_PAYABLE, from_txid=0, until_txid=start)
    query = "SELECT merchant_id, entry_id, net_minor FROM merchants_movement ORDER BY entry_id, merchant_id"
    merchant_ids, entry_ids, net = copy_out(conn, query, [Int8, Int8, Int8], [])
    told = np.column_stack([merchant_ids, entry_ids, net])
    meant = np.column_stack([lines.owner_id, lines.entry_id, -lines.amount_minor])
    rows, times = np.unique(np.concatenate([told, meant]), axis=0, return_counts=True)  # neither side says a row twice
    broken = np.unique(rows[times == 1, 1]).tolist()
    return check_of(
        "merchants.movements_are_the_journal", int(np.size(net)), [f"entry {e}" for e in broken[:BROKEN_IDS_MAX]]
    )


def _check(conn: psycopg.Connection, name: str, query: LiteralString) -> Check:
    row = conn.execute(query, {"limit": BROKEN_IDS_MAX}).fetchone()
    assert row is not None
    return check_of(name, row[0], row[1])
