"""SQL of the portfolio: accounts and closed statements by span and segment, counted where they lie."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from honghua.base.dates import NO_DAY
from honghua.credit.core.layout import H_AS_OF, H_CHARGED_OFF, H_OVERDUE_SINCE, STATUS_WRITTEN_OFF

BUCKETS: Final = ((0, 0), (1, 30), (31, 60), (61, 90), (91, 10**6))  # days past due, both ends
WRITTEN_OFF: Final = len(BUCKETS)  # the bucket after the last
# What a snapshot says of the day of its cut (arrays count from 1): days past due as `measures.days_past_due` reckons, and the bucket.
DAYS_LATE: Final = f"""
CASE WHEN s.snapshot[{H_OVERDUE_SINCE + 1}] = {NO_DAY} THEN 0 ELSE s.snapshot[{H_AS_OF + 1}] - s.snapshot[{H_OVERDUE_SINCE + 1}] END
"""
IS_OFF: Final = f"s.snapshot[{H_CHARGED_OFF + 1}] > 0"
BUCKET: Final = f"""
CASE WHEN {IS_OFF} THEN {WRITTEN_OFF} ELSE
  CASE {" ".join(f"WHEN {DAYS_LATE} <= {high} THEN {place}" for place, (_, high) in enumerate(BUCKETS))} END END
"""
WHICH: Final = (
    "(%(terms)s::bigint IS NULL OR a.terms_id = %(terms)s) AND (%(least)s::bigint IS NULL OR a.limit_minor >= %(least)s)"
    " AND (%(most)s::bigint IS NULL OR a.limit_minor <= %(most)s)"
)
LATENESS: Final = f"""
SELECT a.account_id, CASE WHEN a.overdue_since_on > DATE '1970-01-01' THEN %(today)s::date - a.overdue_since_on ELSE 0 END
FROM credit_account AS a WHERE a.status > 0 AND {WHICH} ORDER BY a.account_id LIMIT %(limit)s
"""  # noqa: S608 — our own constant names
MOVES: Final = f"""
WITH cut AS (
  SELECT s.account_id, s.seq, date_trunc('month', s.cut_on)::date AS month, {BUCKET} AS bucket, a.status = {STATUS_WRITTEN_OFF} AS is_off
  FROM credit_statement AS s JOIN credit_account AS a USING (account_id) WHERE s.cut_on BETWEEN %(since)s AND %(until)s AND {WHICH}
), pair AS (
  SELECT *, lead(seq) OVER of_one AS next_seq, lead(bucket) OVER of_one AS next_bucket FROM cut
  WINDOW of_one AS (PARTITION BY account_id ORDER BY seq)
)
SELECT month, bucket, next_bucket, count(*) FROM pair WHERE next_seq = seq + 1 GROUP BY 1, 2, 3
UNION ALL
SELECT month, bucket, {WRITTEN_OFF}, count(*) FROM pair
WHERE is_off AND next_seq IS NULL AND NOT EXISTS
  (SELECT 1 FROM credit_statement AS l WHERE l.account_id = pair.account_id AND l.seq > pair.seq) GROUP BY 1, 2
"""  # noqa: S608 — our own constant names
AGES: Final = f"""
WITH grown AS (
  SELECT date_trunc('month', a.opened_on)::date AS month, row_number() OVER of_one AS age,
    bool_or({IS_OFF} OR {DAYS_LATE} >= %(late)s) OVER of_one AS is_late
  FROM credit_statement AS s JOIN credit_account AS a USING (account_id)
  WHERE a.status > 0 AND a.opened_on BETWEEN %(since)s AND %(until)s AND {WHICH}
  WINDOW of_one AS (PARTITION BY s.account_id ORDER BY s.seq)
)
SELECT month, age, count(*) FILTER (WHERE is_late), count(*) FROM grown GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 — our own constant names
OPENED: Final = f"""
SELECT date_trunc('month', a.opened_on)::date, count(*) FROM credit_account AS a
WHERE a.status > 0 AND a.opened_on BETWEEN %(since)s AND %(until)s AND {WHICH} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 — our own constant names


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Which accounts. limit bounds in minor units, None = open; terms_id: of the product's version, None = all."""

    terms_id: int | None = None
    limit_least_minor: int | None = None
    limit_most_minor: int | None = None


def list_lateness(conn: psycopg.Connection, segment: Segment, *, today: dt.date, limit: int) -> list[tuple[int, int]]:
    """(account, days past due) of every open account of a segment."""
    return conn.execute(LATENESS, {**_values(segment), "today": today, "limit": limit}).fetchall()


def count_moves(
    conn: psycopg.Connection, segment: Segment, *, since: dt.date, until: dt.date
) -> list[tuple[dt.date, int, int, int]]:
    """(month, from bucket, to bucket, accounts) over pairs of bills that follow each other in a span of days, both counted."""
    return conn.execute(MOVES, {**_values(segment), "since": since, "until": until}).fetchall()


def count_ages(
    conn: psycopg.Connection, segment: Segment, *, since: dt.date, until: dt.date, late_days: int
) -> list[tuple[dt.date, int, int, int]]:
    """(month of opening, bills so far, of those accounts ever late by then, accounts), in order."""
    return conn.execute(AGES, {**_values(segment), "since": since, "until": until, "late": late_days}).fetchall()


def count_opened(
    conn: psycopg.Connection, segment: Segment, *, since: dt.date, until: dt.date
) -> list[tuple[dt.date, int]]:
    """(month, accounts opened in it) of a span of days, in order."""
    return conn.execute(OPENED, {**_values(segment), "since": since, "until": until}).fetchall()


def _values(segment: Segment) -> dict[str, Any]:
    return {"terms": segment.terms_id, "least": segment.limit_least_minor, "most": segment.limit_most_minor}


__all__ = ["BUCKETS", "WRITTEN_OFF", "Segment", "count_ages", "count_moves", "count_opened", "list_lateness"]
