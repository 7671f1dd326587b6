"""Questions about people: for what, how often, and how old an answer may be before it is asked for again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from honghua.base.errors import BadInput, Refusal

DIGEST_BYTES: Final = 32


class Purpose(StrEnum):
    """Why we ask; the person agreed to these and to no other (art. 18)."""

    APPROVAL = "approval"
    LIMIT_CHANGE = "limit_change"
    POST_LOAN = "post_loan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The code that stands in the person's report beside the inquiry, and its words."""

    code: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryPolicy:
    """How little we ask. per_year: the most inquiries of one person in 365 days, in all and by purpose; fresh_days: an answer this
    young is used again instead of asking; stale_days: an answer that describes a day longer ago is no answer."""

    per_year: int
    per_year_of: Mapping[Purpose, int]
    fresh_days: Mapping[Purpose, int]
    stale_days: int
    cost_minor: int
    source: str
    grade: str


REASONS: Final[Mapping[Purpose, Reason]] = {
    Purpose.APPROVAL: Reason(code="02", chinese="贷款审批", english="approval of a loan"),
    Purpose.LIMIT_CHANGE: Reason(code="02", chinese="贷款审批(调整额度)", english="approval of a higher limit"),
    Purpose.POST_LOAN: Reason(code="01", chinese="贷后管理", english="managing a running loan"),
}  # codes: U, rules.md names none; R-247 names 贷后管理
INQUIRY_POLICY: Final = InquiryPolicy(
    per_year=8,
    per_year_of={Purpose.APPROVAL: 4, Purpose.LIMIT_CHANGE: 2, Purpose.POST_LOAN: 4},
    fresh_days={Purpose.APPROVAL: 15, Purpose.LIMIT_CHANGE: 30, Purpose.POST_LOAN: 90},
    stale_days=45,
    cost_minor=500,
    source="ours; R-247 complains of 21 in a year and a half",
    grade="U",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The person's standing yes to being asked about, as `app` read it; who has none hands in None."""

    kind: str
    version: int
    given_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One wish to ask. national_id_digest: sha256 of the identity number, 32 bytes; reference: of the application or account."""

    customer: str
    national_id_digest: bytes
    purpose: Purpose
    consent: Consent | None
    reference: str = ""

    def __post_init__(self) -> None:
        if not self.customer or len(self.national_id_digest) != DIGEST_BYTES:
            raise BadInput("an inquiry names its customer and the digest of the identity number", code="ASKING_INVALID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What a report says of somebody's debts with everybody. Amounts minor units; worst_status 0 … 7 of 24 months, worst_class 1 … 5."""

    as_of: dt.date
    lenders: int
    accounts: int
    limit_minor: int
    balance_minor: int
    monthly_due_minor: int
    overdue_accounts: int
    overdue_minor: int
    worst_status: int
    worst_class: int
    inquiries_90d: int
    inquiries_6m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """What a provider sends back: about whom, and figures not yet believed."""

    national_id_digest: bytes
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An inquiry made before: when and for what."""

    purpose: Purpose
    asked_at: dt.datetime


def judge_asking(asking: Asking, past: Sequence[Past], policy: InquiryPolicy, *, now: dt.datetime) -> Refusal | None:
    """Whether we may ask at all: consent first, then the year's bounds. An inquiry without answer counts: the person sees it, too."""
    if asking.consent is None or asking.consent.given_at > now:
        return Refusal("BUREAU_CONSENT_MISSING", "Without the person's own consent the bureau is not asked.")
    since = now - dt.timedelta(days=365)
    year = [one for one in past if one.asked_at > since]
    of_purpose = sum(one.purpose is asking.purpose for one in year)
    if len(year) >= policy.per_year or of_purpose >= policy.per_year_of[asking.purpose]:
        return Refusal(
            "BUREAU_QUOTA_SPENT", "The bureau was asked about this person as often as we allow ourselves in a year."
        )
    return None


def check_answer(
    asking: Asking, answer: ProviderAnswer, policy: InquiryPolicy, *, today: dt.date
) -> tuple[str, str, Exposure | None]:
    """(outcome, why, figures): answered; wrong_person, stale or garbled, which count as no answer."""
    if answer.national_id_digest != asking.national_id_digest:
        return "wrong_person", "the answer is about somebody else", None
    try:
        values = dict(answer.body)
        as_of = dt.date.fromisoformat(values.pop("as_of"))
        if values.keys() != FIGURES or not all(isinstance(one, int) and one >= 0 for one in values.values()):
            raise ValueError("figures")
        found = Exposure(as_of=as_of, **values)
    except (KeyError, TypeError, ValueError):
        return "garbled", "the answer cannot be read", None
    if found.worst_status > 7 or not 1 <= found.worst_class <= 5 or found.lenders > found.accounts or as_of > today:
        return "garbled", "the answer contradicts itself", None
    if (today - as_of).days > policy.stale_days:
        return "stale", f"the answer describes {as_of}, too long ago", None
    return "answered", "", found


FIGURES: Final = frozenset(Exposure.__dataclass_fields__) - {"as_of"}
