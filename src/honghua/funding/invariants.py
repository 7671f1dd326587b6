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
  FROM funding_movement GROUP BY key, loan),
lenders AS (SELECT loan, count(*) AS parts FROM funding_share GROUP BY loan)
SELECT (SELECT count(*) FROM summed), ARRAY(
  SELECT 'event ' || s.key FROM summed AS s JOIN lenders AS l USING (loan)
  WHERE s.minor <> s.least OR s.least <> s.most OR s.parts <> l.parts ORDER BY s.key LIMIT %(limit)s)
"""
POSITIONS_MOVED: Final = """
WITH summed AS (
  SELECT loan, lender,
    sum(CASE WHEN kind IN ('lent', 'principal_back') THEN amount_minor
      WHEN kind IN ('principal', 'refund', 'write_off') THEN -amount_minor ELSE 0 END) AS out,
    sum(CASE WHEN kind IN ('interest', 'fee', 'penalty') THEN amount_minor
      WHEN kind = 'interest_back' THEN -amount_minor ELSE 0 END) AS earned,
    sum(CASE WHEN kind = 'write_off' THEN amount_minor WHEN kind = 'recovery' THEN -amount_minor ELSE 0 END) AS lost
  FROM funding_movement GROUP BY loan, lender)
SELECT (SELECT count(*) FROM funding_position), ARRAY(
  SELECT 'part ' || p.loan || ' ' || p.lender FROM funding_position AS p FULL JOIN summed AS s USING (loan, lender)
  WHERE (p.outstanding_minor, p.earned_minor, p.written_off_minor) IS DISTINCT FROM (s.out, s.earned, s.lost)
  ORDER BY 1 LIMIT %(limit)s)
"""
EXPOSURES_SUMMED: Final = """
WITH own AS (
  SELECT p.loan, p.outstanding_minor FROM funding_position AS p WHERE p.lender = 'own'
    AND EXISTS (SELECT FROM funding_share AS s WHERE s.loan = p.loan AND s.partner_group <> '')),
groups AS (
  SELECT DISTINCT s.partner_group, s.loan FROM funding_share AS s WHERE s.partner_group <> ''),
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
    )
