"""What must hold for joint loans at any time, recomputed from their rows."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import Check
from honghua.funding.core import FUNDING_RULES
from honghua.store.invariants import check_query

LOANS_WHOLE: Final = """
WITH summed AS (SELECT loan, sum(share_ppm) AS ppm, sum(principal_minor) AS minor FROM funding_share GROUP BY loan)
SELECT (SELECT count(*) FROM funding_loan), ARRAY(
  SELECT 'loan ' || l.loan FROM funding_loan AS l LEFT JOIN summed AS s USING (loan)
  WHERE s.ppm IS DISTINCT FROM 1000000 OR s.minor IS DISTINCT FROM l.principal_minor ORDER BY l.loan LIMIT %(limit)s)
"""
EVENTS_WHOLE: Final = """
WITH summed AS (
  SELECT key, loan, count(*) AS parts, sum(amount_minor) AS minor, min(whole_minor) AS least, max(whole_minor) AS most
  FROM funding_movement WHERE key NOT LIKE 'transfer:%%' GROUP BY key, loan),
lenders AS (
  SELECT loan, count(*) AS parts FROM funding_share AS s
  WHERE NOT EXISTS (SELECT FROM funding_transfer_loan AS t WHERE t.loan = s.loan) GROUP BY loan)
SELECT (SELECT count(*) FROM summed), ARRAY(
  SELECT 'event ' || s.key FROM summed AS s LEFT JOIN lenders AS l USING (loan)
  WHERE s.minor <> s.least OR s.least <> s.most OR s.parts <> l.parts ORDER BY s.key LIMIT %(limit)s)
"""
POSITIONS_MOVED: Final = """
WITH summed AS (
  SELECT loan, lender,
    sum(CASE WHEN kind IN ('lent', 'principal_back', 'bought') THEN amount_minor
      WHEN kind IN ('principal', 'refund', 'write_off', 'sold') THEN -amount_minor ELSE 0 END) AS out,
    sum(CASE WHEN kind IN ('interest', 'fee', 'penalty', 'earned_bought') THEN amount_minor
      WHEN kind IN ('interest_back', 'earned_sold') THEN -amount_minor ELSE 0 END) AS earned,
    sum(CASE WHEN kind IN ('write_off', 'loss_bought') THEN amount_minor
      WHEN kind IN ('recovery', 'loss_sold') THEN -amount_minor ELSE 0 END) AS lost
  FROM funding_movement GROUP BY loan, lender)
SELECT (SELECT count(*) FROM funding_position), ARRAY(
  SELECT 'part ' || p.loan || ' ' || p.lender FROM funding_position AS p FULL JOIN summed AS s USING (loan, lender)
  WHERE (p.outstanding_minor, p.earned_minor, p.written_off_minor) IS DISTINCT FROM (s.out, s.earned, s.lost)
  ORDER BY 1 LIMIT %(limit)s)
"""
EXPOSURES_SUMMED: Final = """
WITH own AS (
  SELECT p.loan, p.outstanding_minor FROM funding_position AS p WHERE p.lender = 'own'
    AND EXISTS (SELECT FROM funding_position AS s WHERE s.loan = p.loan AND s.is_held AND s.partner_group <> '')),
groups AS (
  SELECT DISTINCT s.partner_group, s.loan FROM funding_position AS s WHERE s.is_held AND s.partner_group <> ''),
summed AS (
  SELECT g.partner_group, sum(own.outstanding_minor) AS minor FROM groups AS g JOIN own USING (loan) GROUP BY g.partner_group
  UNION ALL SELECT '', coalesce(sum(outstanding_minor), 0) FROM own)
SELECT (SELECT count(*) FROM funding_exposure), ARRAY(
  SELECT 'exposure ' || coalesce(e.partner_group, s.partner_group) FROM funding_exposure AS e FULL JOIN summed AS s USING (partner_group)
  WHERE coalesce(e.own_minor, 0) <> coalesce(s.minor, 0) ORDER BY 1 LIMIT %(limit)s)
"""
# The rules in force on the day of each loan, as core.bounds dates them.
OWN_SHARE: Final = """
WITH rules AS (SELECT * FROM unnest(%(from)s::date[], %(own_min)s::int[]) AS r (effective_on, own_min_ppm)),
joint AS (
  SELECT l.loan, (SELECT own_min_ppm FROM rules WHERE effective_on <= l.lent_on ORDER BY effective_on DESC LIMIT 1) AS own_min_ppm
  FROM funding_loan AS l WHERE EXISTS (SELECT FROM funding_share AS s WHERE s.loan = l.loan AND s.partner_group <> ''))
SELECT (SELECT count(*) FROM funding_loan), ARRAY(
  SELECT 'loan ' || j.loan FROM joint AS j LEFT JOIN funding_share AS s ON s.loan = j.loan AND s.lender = 'own'
  WHERE coalesce(s.share_ppm, 0) < coalesce(j.own_min_ppm, 1000001) ORDER BY j.loan LIMIT %(limit)s)
"""
REVENUE_WHOLE: Final = """
WITH earned AS (
  SELECT DISTINCT key, kind, whole_minor FROM funding_movement WHERE kind IN ('interest', 'fee', 'penalty', 'interest_back')),
shared AS (SELECT key, sum(share_ppm) AS ppm, sum(amount_minor) AS minor FROM funding_revenue GROUP BY key)
SELECT (SELECT count(*) FROM earned), ARRAY(
  SELECT 'event ' || coalesce(e.key, s.key) FROM earned AS e FULL JOIN shared AS s USING (key)
  WHERE e.whole_minor IS DISTINCT FROM s.minor OR s.ppm <> 1000000 ORDER BY 1 LIMIT %(limit)s)
"""
# What the follower of the books thinks is out of a purchase, and what its lenders have out.
PARTS_FOLLOW: Final = """
WITH parts AS (
  SELECT loan, sum(outstanding_minor) AS out, sum(written_off_minor) AS lost FROM funding_position GROUP BY loan),
items AS (
  SELECT p.loan, sum(i.outstanding_minor) AS out, sum(i.written_off_minor) AS lost
  FROM funding_purchase AS p JOIN funding_item AS i USING (account_id, fact_id) GROUP BY p.loan)
SELECT (SELECT count(*) FROM items), ARRAY(
  SELECT 'loan ' || i.loan FROM items AS i LEFT JOIN parts AS p USING (loan)
  WHERE (p.out, p.lost) IS DISTINCT FROM (i.out, i.lost) ORDER BY i.loan LIMIT %(limit)s)
"""

# Who holds the parts of a loan holds all of it; who has sold has nothing left.
PARTS_HELD: Final = """
WITH summed AS (SELECT loan, sum(share_ppm) AS ppm FROM funding_position GROUP BY loan)
SELECT (SELECT count(*) FROM funding_position), ARRAY(
  SELECT 'loan ' || l.loan FROM funding_loan AS l LEFT JOIN summed AS s USING (loan)
  WHERE s.ppm IS DISTINCT FROM 1000000 OR EXISTS (
    SELECT FROM funding_position AS p WHERE p.loan = l.loan AND NOT p.is_held
      AND (p.share_ppm, p.outstanding_minor, p.written_off_minor, p.earned_minor) <> (0, 0, 0, 0))
  ORDER BY l.loan LIMIT %(limit)s)
"""
# Each loan of a transfer moved what stands in it, from the seller to the buyer, after the yes of another person than asked for it.
TRANSFERS_WHOLE: Final = """
WITH moved AS (
  SELECT key, lender, kind, amount_minor FROM funding_movement WHERE key LIKE 'transfer:%%'),
wanted AS (
  SELECT 'transfer:' || t.transfer_id || ':' || l.loan || ':' || w.what AS key, t.transfer_id, w.minor, side.lender, side.kind
  FROM funding_transfer_loan AS l JOIN funding_transfer AS t USING (transfer_id)
  CROSS JOIN LATERAL (VALUES ('principal', l.principal_minor, 'sold', 'bought'), ('loss', l.loss_minor, 'loss_sold', 'loss_bought'),
    ('earned', l.earned_minor, 'earned_sold', 'earned_bought'), ('price', l.price_minor, 'price_got', 'price_paid'))
    AS w (what, minor, given, taken)
  CROSS JOIN LATERAL (VALUES (t.seller, w.given), (t.buyer, w.taken)) AS side (lender, kind) WHERE w.minor > 0),
summed AS (
  SELECT transfer_id, count(*) AS sold, sum(principal_minor) AS minor, sum(price_minor) AS price FROM funding_transfer_loan
  GROUP BY transfer_id)
SELECT (SELECT count(*) FROM funding_transfer), ARRAY(
  SELECT DISTINCT 'transfer ' || transfer_id FROM (
    SELECT coalesce(w.transfer_id::text, split_part(m.key, ':', 2)) AS transfer_id FROM wanted AS w FULL JOIN moved AS m
      ON m.key = w.key AND m.lender = w.lender AND m.kind = w.kind WHERE w.minor IS DISTINCT FROM m.amount_minor
    UNION ALL SELECT t.transfer_id::text FROM funding_transfer AS t LEFT JOIN funding_transfer_word AS w USING (transfer_id)
      LEFT JOIN funding_transfer_run AS r USING (transfer_id) LEFT JOIN summed AS s USING (transfer_id)
      WHERE w.person = t.person OR (w.word IS DISTINCT FROM 'approve') <> (r.transfer_id IS NULL)
        OR (coalesce(r.sold, 0), coalesce(r.principal_minor, 0), coalesce(r.price_minor, 0))
          <> (coalesce(s.sold, 0), coalesce(s.minor, 0), coalesce(s.price, 0))
        OR coalesce(r.kept, 0) <> (SELECT count(*) FROM funding_transfer_kept AS k WHERE k.transfer_id = t.transfer_id)
    UNION ALL SELECT o.transfer_id::text FROM funding_transfer_over AS o JOIN funding_transfer AS t USING (transfer_id)
      LEFT JOIN funding_transfer_loan AS l USING (transfer_id, loan) WHERE l.loan IS NULL OR t.buyer <> 'own') AS wrong
  ORDER BY 1 LIMIT %(limit)s)
"""
# Each order between lenders stands where the statements left it; what one asks for is what was due then (a row's own check).
SETTLEMENTS_END: Final = """
WITH told AS (
  SELECT key, count(*) AS lines, sum(amount_minor) FILTER (WHERE is_moved) AS minor FROM funding_bank_line
  WHERE difference NOT IN ('unknown', 'payee') GROUP BY key)
SELECT (SELECT count(*) FROM funding_settlement), ARRAY(
  SELECT 'order ' || s.key FROM funding_settlement AS s LEFT JOIN funding_settlement_state AS t USING (key) LEFT JOIN told USING (key)
  WHERE t.moved_minor IS DISTINCT FROM coalesce(told.minor, 0) OR t.state IS DISTINCT FROM (
    CASE WHEN told.lines IS NULL THEN 'waiting' WHEN told.minor IS NULL THEN 'refused' ELSE 'moved' END)
  ORDER BY s.key LIMIT %(limit)s)
"""
BANK_DAYS_WHOLE: Final = """
WITH told AS (
  SELECT bank, day, count(*) AS lines, sum(CASE WHEN NOT is_moved THEN 0 WHEN direction = 'pay' THEN amount_minor ELSE -amount_minor END)
    AS minor FROM funding_bank_line GROUP BY bank, day)
SELECT (SELECT count(*) FROM funding_bank_day), ARRAY(
  SELECT 'bank day ' || d.day FROM funding_bank_day AS d LEFT JOIN told USING (bank, day)
  WHERE (d.lines, d.total_minor) IS DISTINCT FROM (coalesce(told.lines, 0), coalesce(told.minor, 0)) ORDER BY d.day LIMIT %(limit)s)
"""
# Nobody else than ourselves has a part in the debt of a customer whose signed contract does not name it.
SHARERS_NAMED: Final = """
WITH named AS (
  SELECT DISTINCT n.customer, lender FROM funding_named AS n JOIN funding_named_signed USING (document)
  CROSS JOIN LATERAL unnest(n.lenders) AS lender),
parts AS (
  SELECT p.loan, p.customer, s.lender FROM funding_purchase AS p JOIN funding_position AS s USING (loan)
  WHERE s.lender <> 'own' AND p.customer IS NOT NULL)
SELECT (SELECT count(*) FROM parts), ARRAY(
  SELECT DISTINCT 'loan ' || loan FROM parts LEFT JOIN named USING (customer, lender) WHERE named.customer IS NULL
  ORDER BY 1 LIMIT %(limit)s)
"""


def check_funding(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All invariants of the room."""
    rules = {"from": [r.effective_on for r in FUNDING_RULES], "own_min": [r.own_min_ppm for r in FUNDING_RULES]}
    return (
        check_query(conn, "funding.loans_are_whole", LOANS_WHOLE),
        check_query(conn, "funding.events_are_whole", EVENTS_WHOLE),
        check_query(conn, "funding.parts_are_what_moved", POSITIONS_MOVED),
        check_query(conn, "funding.parts_follow_the_books", PARTS_FOLLOW),
        check_query(conn, "funding.exposures_are_sums", EXPOSURES_SUMMED),
        check_query(conn, "funding.own_share_kept", OWN_SHARE, **rules),
        check_query(conn, "funding.revenue_is_whole", REVENUE_WHOLE),
        check_query(conn, "funding.parts_are_held", PARTS_HELD),
        check_query(conn, "funding.transfers_are_whole", TRANSFERS_WHOLE),
        check_query(conn, "funding.settlements_end_by_statements", SETTLEMENTS_END),
        check_query(conn, "funding.bank_days_are_whole", BANK_DAYS_WHOLE),
        check_query(conn, "funding.sharers_are_named", SHARERS_NAMED),
    )
