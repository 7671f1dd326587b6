"""What must hold about limits at any time, recomputed from their rows: grants are their history, applications judge the same again."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.base.checks import Check, check_of
from honghua.limits.applications import replay_applications
from honghua.limits.core import rulebook_from_body
from honghua.limits.response.auditing import check_temporary
from honghua.store.invariants import check_query

REPLAYED: Final = 500  # a spread sample; `replay_applications` without one takes all

GRANTS_ARE_EVENTS: Final = """
WITH told AS (
  SELECT grant_id, coalesce(sum(amount_minor) FILTER (WHERE act = 'use'), 0)
    - coalesce(sum(amount_minor) FILTER (WHERE act = 'give_back'), 0) AS used,
    bool_or(act = 'claim') AS claimed, bool_or(act = 'revoke') AS revoked, bool_or(act = 'expire') AS expired,
    count(*) FILTER (WHERE act IN ('issue', 'grant')) AS begun FROM limits_grant_event GROUP BY grant_id)
SELECT (SELECT count(*) FROM limits_grant), ARRAY(
  SELECT 'grant ' || g.grant_id FROM limits_grant AS g LEFT JOIN told USING (grant_id)
  WHERE told.begun IS DISTINCT FROM 1 OR told.used <> g.used_minor OR told.revoked <> (g.state = 'revoked')
    OR (g.state = 'issued' AND (told.claimed OR told.used > 0)) OR (g.state = 'spent' AND g.used_minor <> g.amount_minor)
    OR (g.coupon <> '' AND g.state IN ('active', 'spent') AND NOT told.claimed)
    OR (g.state = 'expired' AND NOT told.expired AND g.used_minor = g.amount_minor)
  ORDER BY g.grant_id LIMIT %(limit)s)
"""
ACTS_FOLLOW: Final = """
WITH placed AS (
  SELECT application_id, act, lag(act) OVER (PARTITION BY application_id ORDER BY act_id) AS before FROM limits_application_act)
SELECT (SELECT count(*) FROM limits_application_act), ARRAY(
  SELECT DISTINCT 'application ' || application_id FROM placed JOIN limits_application AS a USING (application_id)
  WHERE (act = 'asked' AND (before IS NOT NULL OR a.outcome = 'approved'))
    OR (act <> 'asked' AND coalesce(before, CASE a.outcome WHEN 'review' THEN 'asked' ELSE '' END) <> 'asked')
  ORDER BY 1 LIMIT %(limit)s)
"""
SCANS_FOLLOW: Final = """
SELECT (SELECT count(*) FROM limits_scan), ARRAY(
  SELECT 'scan ' || scan_id FROM limits_scan AS s JOIN limits_application AS a USING (application_id)
  WHERE s.outcome = 'clear' AND a.outcome <> 'approved' AND NOT EXISTS (
    SELECT FROM limits_application_act AS t WHERE t.application_id = s.application_id AND t.act = 'approved' AND t.acted_at <= s.scanned_at)
  ORDER BY scan_id LIMIT %(limit)s)
"""

# What judges, or will, was approved by somebody else than its author, last word counting; a rollback says what an old seat said.
BY_TWO: Final = """
SELECT (SELECT count(*) FROM limits_rulebook_seat), ARRAY(
  SELECT 'rulebook seat ' || seat_id FROM limits_rulebook_seat AS seat JOIN limits_rulebook_release AS made USING (release_id)
  WHERE NOT EXISTS (SELECT FROM limits_rulebook_review AS seen WHERE seen.release_id = seat.release_id AND seen.approved
      AND seen.digest = made.digest AND seen.reviewed_at <= seat.seated_at AND lower(btrim(seen.reviewer)) <> lower(btrim(made.author)))
    OR (restores IS NOT NULL AND seat.release_id IS DISTINCT FROM (
      SELECT release_id FROM limits_rulebook_seat AS old WHERE old.seat_id = seat.restores AND old.seat_id < seat.seat_id))
  ORDER BY seat_id LIMIT %(limit)s)
"""


def check_limits(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    return (
        check_rulebooks(conn),
        check_query(conn, "limits.rulebooks_by_two", BY_TWO),
        check_applications(conn),
        check_query(conn, "limits.grants_are_events", GRANTS_ARE_EVENTS),
        check_query(conn, "limits.acts_follow_applications", ACTS_FOLLOW),
        check_query(conn, "limits.scans_follow_approvals", SCANS_FOLLOW),
        *check_temporary(conn),
    )


def check_rulebooks(conn: psycopg.Connection) -> Check:
    """Every rulebook is what its digest says."""
    rows = conn.execute("SELECT digest, body FROM limits_rulebook ORDER BY digest").fetchall()
    broken = [bytes(digest).hex()[:16] for digest, body in rows if rulebook_from_body(body).digest != bytes(digest)]
    return check_of("limits.rulebooks_digests", len(rows), [f"rulebook {one}" for one in broken])


def check_applications(conn: psycopg.Connection) -> Check:
    """A spread sample of applications judges the same again, to the last bit."""
    count, different = replay_applications(conn, sample=REPLAYED)
    return check_of("limits.applications_replay", count, [f"application {one}" for one in different])


__all__ = ["check_limits"]
