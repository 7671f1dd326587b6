"""Look at a customer again by what the bureau says now: after a repair, and from time to time while their line runs (R-247, R-257).

Nobody is asked about without consent, nor oftener than the policy of inquiries allows. An answer that cannot be had leaves all as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import psycopg

from honghua.base.errors import Conflict, NotFound, Refusal
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Field
from honghua.limits import api as limits
from honghua.limits.core import Ruling, rule_one
from honghua.store.database import run_unit

ACCESS: Final = customers.Access("job bureau", customers.Purpose.IDENTITY_CHECK)
# After a repair an answer of before says nothing of it; the year's bounds hold all the same.
REPAIR_POLICY: Final = replace(
    bureau.INQUIRY_POLICY, fresh_days={**bureau.INQUIRY_POLICY.fresh_days, bureau.Purpose.LIMIT_CHANGE: 1}
)

OF_REPORTS: Final = frozenset(
    {"debt_service_minor", "debt_minor", "lenders", "inquiries_6m", "worst_24m"}
)  # what a bureau tells


class Ending(StrEnum):
    """moved: a new assessment stands · kept: looked at, all as it was · over: must not or cannot be looked at · later: try again."""

    MOVED = "moved"
    KEPT = "kept"
    OVER = "over"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Seen:
    """How a look ended, and why, in one line for people."""

    ending: Ending
    why: str
    is_bureau_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessor:
    """Who looks: one bureau, the keys of the vault, the books, and the follower of limits with the rulebook in force."""

    provider: bureau.BureauProvider
    vault: customers.Vault
    registry: credit.Registry
    follower: credit_jobs.Follower = field(default_factory=credit_jobs.Follower)

    def look(
        self, conn: psycopg.Connection, customer: str, purpose: bureau.Purpose, *, key: str, now: dt.datetime
    ) -> Seen:
        """Ask the bureau and carry out what follows. The connection is idle; the same key again moves nothing a second time."""
        asking = run_unit(conn, lambda c: self._make_asking(c, customer, purpose, key, now))
        if isinstance(asking, str):
            return Seen(Ending.OVER, asking)
        policy = REPAIR_POLICY if purpose is bureau.Purpose.LIMIT_CHANGE else bureau.INQUIRY_POLICY
        answer = bureau.inquire(conn, self.provider, asking, now=now, policy=policy)
        if isinstance(answer, Refusal):
            is_spent = answer.code == "BUREAU_QUOTA_SPENT"
            return Seen(Ending.LATER if is_spent else Ending.OVER, f"{answer.code}: {answer.sentence}")
        if answer.report is None:
            return Seen(Ending.LATER, f"the bureau gives no answer ({answer.why})", is_bureau_down=True)
        found, why = run_unit(conn, lambda c: self._assess(c, asking, answer, key, now))
        if found is None:
            return Seen(Ending.KEPT, why)
        done = credit_jobs.reassess(conn, self.registry, self.follower, customer, found, now=now)
        return Seen(
            Ending.MOVED, f"{found.reason}, {why}; limit raised {done.raised}, cut {done.cut}, offered {done.offered}"
        )

    def _make_asking(
        self, conn: psycopg.Connection, customer: str, purpose: bureau.Purpose, key: str, now: dt.datetime
    ) -> bureau.Asking | str:
        """The question, or why it must not be asked."""
        try:
            consent = customers.use_consent(conn, customer, ConsentKind.CREDIT_BUREAU)
            if consent is None:
                return "BUREAU_CONSENT_MISSING: no consent to ask the bureau stands"
            if credit.find_growth(conn, self.registry, self.follower.book.terms, customer) is None:
                return "there is no open account"
            number = customers.reveal(conn, self.vault, customer, [Field.NATIONAL_ID], ACCESS, now=now)
        except NotFound:
            return "nobody is registered under this reference"
        except Conflict:  # restricted or erased
            return "the customer has left"
        if Field.NATIONAL_ID not in number:
            return "no identity number is known to ask by"
        return bureau.Asking(
            customer=customer, national_id_digest=hashlib.sha256(number[Field.NATIONAL_ID].encode()).digest(), purpose=purpose,
            consent=bureau.Consent(kind=consent.kind, version=consent.version, given_at=consent.at), reference=key,
        )  # fmt: skip

    def _assess(
        self, conn: psycopg.Connection, asking: bureau.Asking, answer: bureau.BureauAnswer, key: str, now: dt.datetime
    ) -> tuple[credit_jobs.Assessment | None, str]:
        """What follows from the answer: an alarm that lenders grew, a better ceiling after a repair, or nothing; and the reason."""
        report, customer, terms = answer.report, asking.customer, self.follower.book.terms
        view = credit.find_growth(conn, self.registry, terms, customer)
        if report is None or view is None:
            return None, "the account was closed meanwhile"
        before = bureau.find_before(conn, customer, answer.inquiry_id)
        assessed = limits.find_ceilings(conn, [customer]).get(customer, (0, None))[1]
        known = [seen for seen in (None if before is None else before.lenders, assessed) if seen is not None]
        grown = int(report.lenders - min(known, default=report.lenders))
        ceiling = view.record.ceiling_minor
        said = f"{report.lenders} lenders, {max(grown, 0)} more (inquiry {answer.inquiry_id})"
        if grown >= terms.scan_lenders_more:
            return self._conclude(ceiling, "LENDERS_GREW", report, key, new_lenders=grown), said
        if asking.purpose is not bureau.Purpose.LIMIT_CHANGE:
            return None, said
        ruling = self._score(conn, customer, report, now)
        if ruling is None:
            return None, f"credit does not suit them; {said}"
        said = f"{ruling.outcome} {ruling.code} willing {ruling.willing:.4f} able {ruling.able:.4f}; {self._say_approved(conn)}; {said}"
        if ruling.outcome != "approved" or ruling.ceiling_minor <= ceiling:  # a repair takes nothing away
            return None, said
        return self._conclude(ruling.ceiling_minor, "REPAIRED", report, key), said

    def _say_approved(self, conn: psycopg.Connection) -> str:
        """Which rulebook scores, and who approved what it reads of a report (R-257)."""
        book = self.follower.book
        made = limits.find_release_in_force(conn, on=credit.get_business_day(conn))
        by = (
            "shipped"
            if made is None or made.digest != book.digest
            else f"by {made.author}, approved by {made.reviewer}"
        )
        reads = ", ".join(name for name in book.features if name in OF_REPORTS)
        return f"rulebook {book.digest.hex()[:16]} ({by}) reads {reads}"

    def _score(
        self, conn: psycopg.Connection, customer: str, report: bureau.Exposure, now: dt.datetime
    ) -> Ruling | None:
        """The rulebook's word on them as an applicant of today; None where credit does not suit them."""
        if customers.find_unsuited(conn, self.vault, customer, on=now.date()):
            return None
        applicant = journey.describe_applicant(conn, self.vault, customer, report, asked_minor=0, now=now)
        return rule_one(self.follower.book, applicant, credit.get_business_day(conn))[1]

    @staticmethod
    def _conclude(
        ceiling_minor: int, reason: str, report: bureau.Exposure, key: str, *, new_lenders: int = 0
    ) -> credit_jobs.Assessment:
        return credit_jobs.Assessment(
            ceiling_minor=ceiling_minor, reason=reason, lenders=float(report.lenders), new_lenders=new_lenders, key=key
        )
