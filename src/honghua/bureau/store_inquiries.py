"""SQL of inquiries and their answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from honghua.bureau.core.inquiries import REASONS, Asking, Exposure, Past, Purpose

LIST: Final = """
SELECT i.inquiry_id, i.customer, i.purpose, i.reason_code, i.provider, i.asked_at, a.outcome, a.why, a.as_of
FROM bureau_inquiry AS i LEFT JOIN bureau_answer AS a USING (inquiry_id)
WHERE i.customer = %s ORDER BY i.inquiry_id DESC LIMIT %s
"""
NEWEST: Final = """
SELECT i.inquiry_id, a.exposure, a.answered_at FROM bureau_inquiry AS i JOIN bureau_answer AS a USING (inquiry_id)
WHERE i.customer = %s AND a.outcome = 'answered' AND i.asked_at > %s ORDER BY i.asked_at DESC, i.inquiry_id DESC LIMIT 1
"""
BEFORE: Final = """
SELECT a.exposure FROM bureau_inquiry AS i JOIN bureau_answer AS a USING (inquiry_id)
WHERE i.customer = %s AND a.outcome = 'answered' AND i.inquiry_id < %s ORDER BY i.inquiry_id DESC LIMIT 1
"""
STALE: Final = """
SELECT i.customer FROM bureau_inquiry AS i LEFT JOIN bureau_answer AS a USING (inquiry_id) WHERE i.customer > %s
GROUP BY i.customer HAVING max(i.asked_at) <= %s AND max(i.asked_at) FILTER (WHERE a.outcome = 'answered') <= %s
ORDER BY i.customer LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class InquiryRow:
    """One inquiry as the person sees it. outcome None: it was never answered."""

    inquiry_id: int
    customer: str
    purpose: str
    reason_code: str
    provider: str
    asked_at: dt.datetime
    outcome: str | None
    why: str | None
    as_of: dt.date | None

    @property
    def reason(self) -> tuple[str, str]:
        """The words of its reason: Chinese, English."""
        found = REASONS[Purpose(self.purpose)]
        return found.chinese, found.english


def lock_customer(conn: psycopg.Connection, customer: str) -> None:
    """Two questions about one person take turns, so that both count."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('bureau_inquiry'), hashtext(%s))", [customer])


def list_past(conn: psycopg.Connection, customer: str, *, since: dt.datetime) -> list[Past]:
    """Inquiries about somebody after a moment."""
    rows = conn.execute(
        "SELECT purpose, asked_at FROM bureau_inquiry WHERE customer = %s AND asked_at > %s ORDER BY asked_at",
        [customer, since],
    )
    return [Past(purpose=Purpose(purpose), asked_at=at) for purpose, at in rows]


def find_fresh(
    conn: psycopg.Connection, customer: str, *, since: dt.datetime
) -> tuple[int, Exposure, dt.datetime] | None:
    """The newest answer about somebody that was asked for after a moment."""
    row = conn.execute(NEWEST, [customer, since]).fetchone()
    return None if row is None else (int(row[0]), read_exposure(row[1]), row[2])


def find_before(conn: psycopg.Connection, customer: str, inquiry_id: int) -> Exposure | None:
    """The newest answer about somebody of an inquiry before this one."""
    row = conn.execute(BEFORE, [customer, inquiry_id]).fetchone()
    return None if row is None else read_exposure(row[0])


def list_stale(
    conn: psycopg.Connection, *, answered_by: dt.datetime, asked_by: dt.datetime, after: str, limit: int
) -> list[str]:
    """Customers behind `after` whose newest answer was asked for by a moment, and who were asked about by another at the latest."""
    return [row[0] for row in conn.execute(STALE, [after, asked_by, answered_by, limit])]


def insert_inquiry(conn: psycopg.Connection, asking: Asking, *, provider: str, now: dt.datetime) -> int:
    """Write down that we ask, before we ask."""
    assert asking.consent is not None, "judged before"
    row = conn.execute(
        "INSERT INTO bureau_inquiry (customer, purpose, reason_code, reference, consent_kind, consent_version, consent_at, provider,"
        " asked_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING inquiry_id",
        [
            asking.customer, asking.purpose.value, REASONS[asking.purpose].code, asking.reference, asking.consent.kind,
            asking.consent.version, asking.consent.given_at, provider, now,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None, "INSERT … RETURNING"
    return int(row[0])


def insert_answer(
    conn: psycopg.Connection,
    inquiry_id: int,
    judged: tuple[str, str, Exposure | None],
    *,
    cost_minor: int,
    now: dt.datetime,
) -> None:
    """What became of it: (outcome, why, figures)."""
    outcome, why, exposure = judged
    conn.execute(
        "INSERT INTO bureau_answer (inquiry_id, outcome, why, exposure, as_of, cost_minor, answered_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            inquiry_id, outcome, why, Jsonb(_write(exposure)) if exposure else None, exposure.as_of if exposure else None,
            cost_minor, now,
        ],
    )  # fmt: skip


def list_inquiries(conn: psycopg.Connection, customer: str, *, limit: int) -> list[InquiryRow]:
    """All inquiries about somebody, the newest first."""
    return [InquiryRow(*row) for row in conn.execute(LIST, [customer, limit])]


def read_exposure(values: Mapping[str, Any]) -> Exposure:
    """Figures as they were stored."""
    return Exposure(**{**values, "as_of": dt.date.fromisoformat(values["as_of"])})


def _write(exposure: Exposure) -> dict[str, Any]:
    return {**asdict(exposure), "as_of": exposure.as_of.isoformat()}
