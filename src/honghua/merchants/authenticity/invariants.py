"""What must hold for orders and what is withheld of them."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.invariants import check_query

EVERYTHING: Final = 2**62
# Rows add up to what stands withheld; that is the platform's money of a flagged order and never a merchant's campaign's.
WITHHELD: Final = """
WITH summed AS (SELECT purchase_id, sum(amount_minor) AS minor FROM merchants_withholding GROUP BY purchase_id)
SELECT (SELECT count(*) FROM summed), ARRAY(
  SELECT 'order ' || o.purchase_id FROM merchants_order AS o LEFT JOIN summed AS s USING (purchase_id)
  LEFT JOIN merchants_reservation AS r ON r.purchase_id = o.purchase_id LEFT JOIN merchants_campaign AS c USING (campaign_id)
  WHERE o.withheld_minor <> coalesce(s.minor, 0)
    OR (o.withheld_minor > 0 AND (o.state NOT IN ('unproved', 'doubtful', 'false') OR c.payer = 2))
  ORDER BY o.purchase_id LIMIT %(limit)s)
"""
# The word on an order is its newest step; the state's money goes to no order that a person found to be false.
WORDS: Final = """
WITH last AS (SELECT DISTINCT ON (purchase_id) purchase_id, state_after FROM merchants_order_step ORDER BY purchase_id, step_id DESC),
granted AS (
  SELECT i.purchase_id, sum(m.amount_minor) AS minor FROM merchants_subsidy_item AS i JOIN merchants_subsidy_movement AS m USING (item)
  GROUP BY i.purchase_id)
SELECT (SELECT count(*) FROM merchants_order), ARRAY(
  SELECT 'order ' || o.purchase_id FROM merchants_order AS o LEFT JOIN last USING (purchase_id) LEFT JOIN granted AS g USING (purchase_id)
  WHERE o.state <> coalesce(last.state_after, 'awaited') OR (o.state = 'false' AND coalesce(g.minor, 0) <> 0)
  ORDER BY o.purchase_id LIMIT %(limit)s)
"""
# Nobody confirms their own word; an order that was cleared or found false by two says so in its newest step.
BY_TWO: Final = """
SELECT (SELECT count(*) FROM merchants_order_proposal), ARRAY(
  SELECT 'order ' || p.purchase_id FROM merchants_order_proposal AS p JOIN merchants_order_proposal_end AS e USING (proposal_id)
  WHERE e.person = p.person OR NOT EXISTS (
    SELECT FROM merchants_order_step AS s WHERE s.purchase_id = p.purchase_id AND s.person = e.person
      AND s.state_after = CASE WHEN p.is_real THEN 'proved' ELSE 'false' END)
  ORDER BY p.purchase_id LIMIT %(limit)s)
"""
BOOKED: Final = "SELECT merchant_id, sum(amount_minor)::bigint FROM merchants_withholding GROUP BY merchant_id"
KINDS: Final = (FactKind.CAMPAIGN_WITHHELD, FactKind.CAMPAIGN_RELEASED)


def check_authenticity(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of orders' evidence."""
    return (
        check_query(conn, "merchants.withheld_of_flagged_orders_only", WITHHELD),
        check_query(conn, "merchants.orders_stand_as_their_steps", WORDS),
        check_query(conn, "merchants.order_words_by_two", BY_TWO),
        check_withheld_booked(conn),
    )


def check_withheld_booked(conn: psycopg.Connection) -> Check:
    """What the journal withheld from each merchant is what our rows say."""
    lines = ledger.read_component_lines(conn, Component.MERCHANT_PAYABLE, from_txid=0, until_txid=EVERYTHING)
    booked: dict[int, int] = {}
    for owner, kind, minor in zip(
        lines.owner_id.tolist(), lines.kind.tolist(), lines.amount_minor.tolist(), strict=True
    ):
        if kind in KINDS:
            booked[owner] = booked.get(owner, 0) + minor
    told = {int(merchant): int(minor) for merchant, minor in conn.execute(BOOKED)}
    wrong = sorted(m for m in booked.keys() | told.keys() if booked.get(m, 0) != told.get(m, 0))
    return check_of("merchants.withheld_is_booked", len(told), [f"merchant {m}" for m in wrong[:BROKEN_IDS_MAX]])


__all__ = ["check_authenticity"]
