"""SQL of the portfolio: accounts and closed statements by span and segment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg

from honghua.credit.core.layout import H_AS_OF, H_CHARGED_OFF, H_OVERDUE_SINCE, STATUS_WRITTEN_OFF

# What a snapshot says of the day of its cut; arrays count from 1.
FIELDS: Final = f"""
s.account_id, s.seq, s.cut_on, s.snapshot[{H_AS_OF + 1}], s.snapshot[{H_OVERDUE_SINCE + 1}], s.snapshot[{H_CHARGED_OFF + 1}],
s.total_minor, a.status = {STATUS_WRITTEN_OFF} AND s.seq = (SELECT max(l.seq) FROM credit_statement AS l WHERE l.account_id = s.account_id)
"""  # noqa: S608 — our own constant names
WHICH: Final = (
    "(%(terms)s::bigint IS NULL OR a.terms_id = %(terms)s) AND (%(least)s::bigint IS NULL OR a.limit_minor >= %(least)s)"
    " AND (%(most)s::bigint IS NULL OR a.limit_minor <= %(most)s)"
)
LATENESS: Final = f"""
SELECT a.account_id, CASE WHEN a.overdue_since_on > DATE '1970-01-01' THEN %(today)s::date - a.overdue_since_on ELSE 0 END
FROM credit_account AS a WHERE a.status > 0 AND {WHICH} ORDER BY a.account_id LIMIT %(limit)s
"""  # noqa: S608 — our own constant names
CUTS_BETWEEN: Final = f"""
SELECT {FIELDS} FROM credit_statement AS s JOIN credit_account AS a USING (account_id)
WHERE s.cut_on BETWEEN %(since)s AND %(until)s AND {WHICH} ORDER BY s.account_id, s.seq LIMIT %(limit)s
"""  # noqa: S608 — our own constant names
CUTS_OF: Final = f"""
SELECT {FIELDS} FROM credit_statement AS s JOIN credit_account AS a USING (account_id)
WHERE s.account_id = ANY(%s::bigint[]) ORDER BY s.account_id, s.seq LIMIT %s
"""  # noqa: S608 — our own constant names
OPENED: Final = f"""
SELECT a.account_id, a.opened_on FROM credit_account AS a
WHERE a.status > 0 AND a.opened_on BETWEEN %(since)s AND %(until)s AND {WHICH} ORDER BY a.account_id
"""  # noqa: S608 — our own constant names


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Which accounts. limit bounds in minor units, None = open; terms_id: of the product's version, None = all."""

    terms_id: int | None = None
    limit_least_minor: int | None = None
    limit_most_minor: int | None = None


class CutRow(NamedTuple):
    """An account on the day of a bill; as_of and overdue_since are day numbers. is_last: it was written off before another bill."""

    account_id: int
    seq: int
    cut_on: dt.date
    as_of: int
    overdue_since: int
    charged_off_minor: int
    total_minor: int
    is_last: bool


def list_lateness(conn: psycopg.Connection, segment: Segment, *, today: dt.date, limit: int) -> list[tuple[int, int]]:
    """(account, days past due) of every open account of a segment."""
    return conn.execute(LATENESS, {**_values(segment), "today": today, "limit": limit}).fetchall()


def list_cuts_between(
    conn: psycopg.Connection, segment: Segment, *, span: tuple[dt.date, dt.date], limit: int
) -> list[CutRow]:
    """Closed statements of a span of days (both counted), by account and number."""
    since, until = span
    rows = conn.execute(CUTS_BETWEEN, {**_values(segment), "since": since, "until": until, "limit": limit})
    return [CutRow(*row) for row in rows]


def list_cuts_of(conn: psycopg.Connection, account_ids: Sequence[int], *, limit: int) -> list[CutRow]:
    """All closed statements of some accounts, by account and number."""
    return [CutRow(*row) for row in conn.execute(CUTS_OF, [list(account_ids), limit])]


def list_opened(
    conn: psycopg.Connection, segment: Segment, *, since: dt.date, until: dt.date
) -> list[tuple[int, dt.date]]:
    """(account, opened on) of accounts opened in a span of days."""
    return conn.execute(OPENED, {**_values(segment), "since": since, "until": until}).fetchall()


def _values(segment: Segment) -> dict[str, Any]:
    return {"terms": segment.terms_id, "least": segment.limit_least_minor, "most": segment.limit_most_minor}


__all__ = ["CutRow", "Segment", "list_cuts_between", "list_cuts_of", "list_lateness", "list_opened"]
