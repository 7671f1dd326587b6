"""What must hold for merchants at any time, recomputed from their rows; what the journal says is compared where it is at hand."""

from __future__ import annotations

from typing import Final

import numpy as np
import psycopg

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.merchants import store_settlement
from honghua.merchants.authenticity.invariants import check_authenticity
from honghua.merchants.subsidies.invariants import check_subsidies
from honghua.store.copybin import Int8, copy_out
from honghua.store.invariants import check_query

EVERYTHING: Final = 2**62  # beyond any transaction: all that this snapshot sees
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
    sales_minor + refunds_minor + fees_minor + advanced_minor AS moved FROM merchants_settlement),
summed AS (
  SELECT k.merchant_id, k.day, k.moved, coalesce(sum(m.net_minor), 0) AS net FROM marked AS k
  LEFT JOIN merchants_movement AS m ON m.merchant_id = k.merchant_id AND m.booked_on <= k.day
    AND (k.before IS NULL OR m.booked_on > k.before) AND m.kind NOT IN (102, 103, 110)
  GROUP BY k.merchant_id, k.day, k.moved)
SELECT (SELECT count(*) FROM merchants_settlement), ARRAY(
  SELECT 'settlement ' || merchant_id || ' ' || day FROM summed WHERE moved <> net ORDER BY merchant_id, day LIMIT %(limit)s)
"""

# What a bank's statements show is what orders ended with; an order that ended stands on exactly one row.
PAYOUTS_ENDED: Final = """
WITH shown AS (
  SELECT p.key, count(r.row_id) AS times, bool_and(r.is_moved) AS moved, max(r.amount_minor) AS minor
  FROM merchants_payout AS p LEFT JOIN merchants_bank_row AS r ON r.key = p.key AND r.bank = p.bank AND r.merchant = p.merchant
  WHERE p.ended_at IS NOT NULL GROUP BY p.key)
SELECT (SELECT count(*) FROM merchants_payout), ARRAY(
  SELECT 'payout ' || p.key FROM merchants_payout AS p JOIN shown USING (key)
  WHERE NOT EXISTS (SELECT FROM merchants_bank_difference AS d WHERE d.key = p.key AND d.kind IN ('moved_twice', 'after_the_end'))
    AND (shown.times <> 1 OR shown.moved <> (p.state = 'confirmed') OR (shown.moved AND shown.minor <> p.paid_minor))
  ORDER BY p.key LIMIT %(limit)s)
"""
PAYOUTS_OF_MERCHANTS: Final = """
SELECT merchant_id, sum(CASE state WHEN 'returned' THEN 0 WHEN 'confirmed' THEN paid_minor ELSE amount_minor END)::bigint
FROM merchants_payout GROUP BY merchant_id ORDER BY merchant_id
"""
SERVICE: Final = (
    "SELECT merchant_id, sum(service_minor)::bigint FROM merchants_settlement GROUP BY merchant_id ORDER BY merchant_id"
)
PAYOUT_KINDS: Final = (
    FactKind.MERCHANT_PAID, FactKind.PAYOUT_RETURNED, FactKind.MERCHANT_PAID_AT_ONCE, FactKind.PAYMENT_AT_ONCE_RETURNED,
    FactKind.PAYOUT_CORRECTED,
)  # fmt: skip


def check_merchants(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the room."""
    return (
        check_query(conn, "merchants.budgets_kept", BUDGETS_KEPT),
        check_query(conn, "merchants.settled_once", SETTLED_ONCE),
        check_movements(conn),
        *check_payouts(conn),
        check_service(conn),
        *check_subsidies(conn),
        *check_authenticity(conn),
    )


def check_payouts(conn: psycopg.Connection) -> tuple[Check, ...]:
    """Orders, statements and the journal tell one story."""
    return (check_query(conn, "merchants.payouts_end_as_statements_show", PAYOUTS_ENDED), check_payouts_booked(conn))


def check_service(conn: psycopg.Connection) -> Check:
    """Service fees that settlements took are what the journal charged, merchant by merchant."""
    lines = ledger.read_component_lines(conn, Component.FEE_INCOME, from_txid=0, until_txid=EVERYTHING)
    charged: dict[int, int] = {}
    for owner, kind, minor in zip(
        lines.owner_id.tolist(), lines.kind.tolist(), lines.amount_minor.tolist(), strict=True
    ):
        if kind == FactKind.MERCHANT_CHARGED:
            charged[owner] = charged.get(owner, 0) + minor
    taken = {int(m): int(minor) for m, minor in conn.execute(SERVICE)}
    wrong = sorted(m for m in charged.keys() | taken.keys() if charged.get(m, 0) != taken.get(m, 0))
    return check_of("merchants.service_fees_are_booked", len(taken), [f"merchant {m}" for m in wrong[:BROKEN_IDS_MAX]])


def check_payouts_booked(conn: psycopg.Connection) -> Check:
    """What the journal says left the bank for each merchant is what its orders come to."""
    lines = ledger.read_component_lines(conn, Component.BANK_CLEARING, from_txid=0, until_txid=EVERYTHING)
    of_payouts = np.isin(lines.kind, PAYOUT_KINDS)
    owners, place = np.unique(lines.owner_id[of_payouts], return_inverse=True)
    left = np.zeros(len(owners), np.int64)
    np.subtract.at(left, place, lines.amount_minor[of_payouts])
    booked = dict(zip(owners.tolist(), left.tolist(), strict=True))
    ordered = {int(owner): int(minor) for owner, minor in conn.execute(PAYOUTS_OF_MERCHANTS)}
    wrong = sorted(m for m in booked.keys() | ordered.keys() if booked.get(m, 0) != ordered.get(m, 0))
    return check_of("merchants.payouts_are_booked", len(ordered), [f"merchant {m}" for m in wrong[:BROKEN_IDS_MAX]])


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
