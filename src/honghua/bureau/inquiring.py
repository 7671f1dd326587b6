"""Ask a bureau about a person: bounded, logged before the question leaves, and safe when the bureau breaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Protocol

import psycopg

from honghua.base.errors import BadInput, Refusal, TimedOut, WorldFailed
from honghua.bureau import store_inquiries as store
from honghua.bureau.core.inquiries import (
    INQUIRY_POLICY,
    REASONS,
    Asking,
    Exposure,
    InquiryPolicy,
    ProviderAnswer,
    Purpose,
    check_answer,
    judge_asking,
)
from honghua.bureau.store_inquiries import InquiryRow
from honghua.store.database import run_unit

YEAR: Final = dt.timedelta(days=365)
LOG_MAX: Final = 1_000
AGAIN_AFTER: Final = dt.timedelta(
    days=14
)  # own bound (U): after an inquiry that nobody answered; each one shows in the person's report


class BureauProvider(Protocol):
    """Whoever can be asked about people."""

    @property
    def name(self) -> str:
        """What the log calls it; a fake says that it is one."""
        ...

    def ask(self, national_id_digest: bytes, *, reason_code: str) -> ProviderAnswer:
        """What is known of somebody. Raises TimedOut or another WorldFailed; may also lie, so the answer is checked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BureauAnswer:
    """fresh: asked now; reused: a young answer of before; unavailable: no answer that can be used, and `why`: decide as on somebody of
    whom nothing is known, never as on somebody of whom nothing bad is known."""

    inquiry_id: int
    state: str
    report: Exposure | None
    why: str
    answered_at: dt.datetime | None


def inquire(
    conn: psycopg.Connection,
    provider: BureauProvider,
    asking: Asking,
    *,
    now: dt.datetime,
    policy: InquiryPolicy = INQUIRY_POLICY,
) -> BureauAnswer | Refusal:
    """Ask, or use a young answer. Refusal BUREAU_CONSENT_MISSING or BUREAU_QUOTA_SPENT; a broken provider is `unavailable`, no error.

    The connection must be idle: the question is on record, committed, before it leaves, and its answer in a second unit of work.
    """
    begun = run_unit(conn, lambda c: _begin(c, provider.name, asking, policy, now))
    if not isinstance(begun, int):
        return begun
    judged: tuple[str, str, Exposure | None]
    try:
        answer = provider.ask(asking.national_id_digest, reason_code=REASONS[asking.purpose].code)
        judged = check_answer(asking, answer, policy, today=now.date())
    except TimedOut as error:
        judged = ("timed_out", str(error), None)
    except WorldFailed as error:
        judged = ("failed", str(error), None)
    run_unit(conn, lambda c: store.insert_answer(c, begun, judged, cost_minor=policy.cost_minor, now=now))
    outcome, why, report = judged
    if outcome != "answered":
        return BureauAnswer(
            inquiry_id=begun, state="unavailable", report=None, why=f"{outcome}: {why}", answered_at=None
        )
    return BureauAnswer(inquiry_id=begun, state="fresh", report=report, why="", answered_at=now)


def list_inquiries(conn: psycopg.Connection, customer: str, *, limit: int = 100) -> list[InquiryRow]:
    """The log that the customer sees, the newest first. BadInput for more than `LOG_MAX`."""
    if not 1 <= limit <= LOG_MAX:
        raise BadInput(f"1 … {LOG_MAX} inquiries at a time")
    return store.list_inquiries(conn, customer, limit=limit)


def find_before(conn: psycopg.Connection, customer: str, inquiry_id: int) -> Exposure | None:
    """What the bureau last said of somebody before this inquiry; None where it never answered."""
    return store.find_before(conn, customer, inquiry_id)


def list_stale(
    conn: psycopg.Connection, *, after: str, limit: int, now: dt.datetime, policy: InquiryPolicy = INQUIRY_POLICY
) -> list[str]:
    """Customers behind `after`, by reference, whose answer is older than a running loan may be looked after with.

    Somebody whom the bureau never told of is not among them, nor who was asked about in vain within `AGAIN_AFTER`.
    """
    answered_by = now - dt.timedelta(days=policy.fresh_days[Purpose.POST_LOAN])
    return store.list_stale(conn, answered_by=answered_by, asked_by=now - AGAIN_AFTER, after=after, limit=limit)


def _begin(
    conn: psycopg.Connection, provider: str, asking: Asking, policy: InquiryPolicy, now: dt.datetime
) -> int | BureauAnswer | Refusal:
    """The number of a new inquiry, a young answer, or why there is neither. Consent counts for a young answer, too."""
    store.lock_customer(conn, asking.customer)
    past = store.list_past(conn, asking.customer, since=now - YEAR)
    refusal = judge_asking(asking, past, policy, now=now)
    if refusal is not None and refusal.code == "BUREAU_CONSENT_MISSING":
        return refusal
    young = store.find_fresh(conn, asking.customer, since=now - dt.timedelta(days=policy.fresh_days[asking.purpose]))
    if young is not None:
        number, report, answered_at = young
        return BureauAnswer(inquiry_id=number, state="reused", report=report, why="", answered_at=answered_at)
    return refusal or store.insert_inquiry(conn, asking, provider=provider, now=now)
