"""Who approves: the limits room on what the bureau tells, and a plain one of few rules for sites without either.

Whom credit does not suit is refused before anybody is asked about them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

from honghua.base.errors import Conflict, Refusal
from honghua.bureau import api as bureau
from honghua.credit.core.journey import RiskVerdict, Step, StepOutcome, Verdict
from honghua.credit.core.lines.purposes import Purpose, holder_of
from honghua.credit.guarding import read_others
from honghua.credit.journey.asking import Moment
from honghua.credit.journey.setting import Approval
from honghua.credit.journey.store import SYSTEM
from honghua.credit.journey.trading import Trade, look_at_business
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Field, Profile
from honghua.limits import api as limits
from honghua.limits.core import BUSINESS, CONSUMPTION, Applicant, Rulebook, Scan
from honghua.limits.core import Moment as LimitMoment
from honghua.store.database import run_unit

START_MINOR: Final = 500_000
APPROVAL_DAYS: Final = 30  # own bound (U): an older approval is made anew
# Before money leaves, an answer of yesterday is old: what somebody borrowed elsewhere since is what the second scan is for.
SCAN_POLICY: Final = replace(
    bureau.INQUIRY_POLICY, fresh_days={**bureau.INQUIRY_POLICY.fresh_days, bureau.Purpose.APPROVAL: 1}
)
EXPIRED: Final = frozenset({"APPROVAL_STALE", "NOT_APPROVED_YET"})
READER: Final = "approval"
PRODUCTS: Final = {Purpose.CONSUMPTION: CONSUMPTION, Purpose.BUSINESS: BUSINESS}  # of the rulebooks


@dataclass(frozen=True, slots=True, kw_only=True)
class StartingApprover:
    """start_minor: the limit that everybody suited starts with, or less where less was asked for; both minor units."""

    vault: customers.Vault
    start_minor: int = START_MINOR
    approval_days: int = APPROVAL_DAYS

    def approve(self, conn: psycopg.Connection, moment: Moment, *, key: str) -> Approval:
        """See `Approver.approve`."""
        refused = find_unsuited(conn, self.vault, moment)
        if refused is not None:
            return refused
        if moment.contract.purpose is Purpose.BUSINESS and moment.decided_by == SYSTEM:
            return Approval(outcome="review", code="BUSINESS_UNCHECKED")  # nothing here knows a trade
        asked = moment.asked.get("asked_minor")
        limit_minor = self.start_minor if asked is None else min(int(asked), self.start_minor)
        return Approval(outcome="approved", limit_minor=limit_minor, figures={"start_minor": self.start_minor})

    def scan(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """See `Approver.scan`: who has become unsuited since, shares their identity, or was approved too long ago, waits."""
        verdict = scan_identity(conn, self.vault, moment)
        approved = moment.last_passed(Step.APPROVAL)
        is_first = moment.last_passed(Step.PAYOUT) is None
        if approved is None or (is_first and moment.now - approved.at > dt.timedelta(days=self.approval_days)):
            return RiskVerdict(verdict.hook, Verdict.REFUSE, (*verdict.reasons, "SCAN_EXPIRED"), verdict.figures)
        return verdict

    def price_cap_ppm(self, conn: psycopg.Connection, on: dt.date) -> None:
        """See `Approver.price_cap_ppm`: everybody has the product's own price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsApprover:
    """The limits room's rulebook on what the customer told, our own records and one bureau say; each inquiry under its own consent.

    A contract for a small business is judged by the business product's rulebook, once the register knows the business as the owner's.
    book: for measurements only; None = the one that is in force on the business date. register None: no business can be checked.
    """

    vault: customers.Vault
    provider: bureau.BureauProvider
    book: Rulebook | None = None
    register: customers.BusinessRegister | None = None

    def approve(self, conn: psycopg.Connection, moment: Moment, *, key: str) -> Approval:
        """See `Approver.approve`. A reviewer's word goes to the limits room, which keeps what no reviewer may grant."""
        refused = find_unsuited(conn, self.vault, moment)
        if refused is not None:
            return refused
        trade = None
        if moment.contract.purpose is Purpose.BUSINESS:
            looked = look_at_business(conn, self.vault, self.register, moment)
            if isinstance(looked, Approval):
                return looked
            trade = looked
        told = self._ask(conn, moment, bureau.INQUIRY_POLICY)
        if isinstance(told, Refusal):
            return Approval(outcome="refused", code="CONSENT_MISSING", figures={"bureau": told.code})
        at = LimitMoment(on=moment.business_on, now=moment.now)
        again = run_unit(conn, lambda c: bureau.find_reinclusion(c, moment.contract.customer))
        said = run_unit(conn, lambda c: self._judge(c, moment, told.report, trade, key=key, is_again=again is not None))
        reviewer = find_reviewer(moment)
        if said.outcome != "approved" and reviewer is not None:
            said = self._settle(conn, said, reviewer, at, moment.contract.purpose)
        figures = {
            "willing": round(said.willing, 4), "able": round(said.able, 4), "ceiling_minor": said.ceiling_minor,
            "suggested_minor": said.suggested_minor, "rulebook": said.rulebook, "bureau": told.state,
            "reasons": [code for code, _, _ in said.reasons], "reincluded": None if again is None else again.policy,
            **({} if trade is None else trade.figures()),
        }  # fmt: skip
        return Approval(
            outcome=said.outcome, code=said.code, limit_minor=said.limit_minor, price_ppm=said.price_ppm,
            reference=said.application_id, figures=figures,
        )  # fmt: skip

    def scan(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """See `Approver.scan`. Before a contract's first money the bureau's newest answer is held against the approval (R-063)."""
        verdict = scan_identity(conn, self.vault, moment)
        approved = moment.last_passed(Step.APPROVAL)
        if approved is None or moment.last_passed(Step.PAYOUT) is not None:
            return verdict
        told = self._ask(conn, moment, SCAN_POLICY)
        report = None if isinstance(told, Refusal) else told.report
        seen = Scan(is_reported=not verdict.is_pass, **_exposure(report))
        at = LimitMoment(on=moment.business_on, now=moment.now)
        number = int(approved.decided["reference"])
        found = run_unit(
            conn, lambda c: limits.second_scan(c, self._book(c, at.on, moment.contract.purpose), number, seen, at=at)
        )
        figures = {
            **verdict.figures,
            "scan": found.scan_id,
            "said": found.code,
            "bureau": "refused" if report is None else "answered",
        }
        if found.outcome == "clear":
            return RiskVerdict(verdict.hook, verdict.verdict, verdict.reasons, figures)
        code = "SCAN_EXPIRED" if found.code in EXPIRED else "SCAN_RISK_ROSE"
        return RiskVerdict(verdict.hook, Verdict.REFUSE, (code,), figures)

    def _judge(
        self, conn: psycopg.Connection, moment: Moment, report: bureau.Exposure | None, trade: Trade | None, *, key: str, is_again: bool,
    ) -> limits.Approval:  # fmt: skip
        """The rulebook's word. Whose arrears were repaired begins at the start limit, whatever was asked for (R-260)."""
        book = self._book(conn, moment.business_on, moment.contract.purpose)
        asked_minor = int(moment.asked.get("asked_minor") or 0)
        if is_again:
            asked_minor = min(asked_minor or book.terms.start_minor, book.terms.start_minor)
        applicant = describe_applicant(
            conn, self.vault, moment.contract.line, report, asked_minor=asked_minor, now=moment.now
        )
        if trade is not None:
            applicant = trade.speak_for(applicant, moment)
        return limits.apply(conn, book, applicant, key=key, at=LimitMoment(on=moment.business_on, now=moment.now))

    def price_cap_ppm(self, conn: psycopg.Connection, on: dt.date) -> int:
        """See `Approver.price_cap_ppm`: the rulebook's cap of the day; it is the lender's, whatever the product."""
        return run_unit(conn, lambda c: self._book(c, on, Purpose.CONSUMPTION)).terms.price_cap(on).cap

    def _book(self, conn: psycopg.Connection, on: dt.date, purpose: Purpose) -> Rulebook:
        return self.book or limits.get_rulebook(conn, on=on, product=PRODUCTS[purpose])

    def _ask(
        self, conn: psycopg.Connection, moment: Moment, policy: bureau.InquiryPolicy
    ) -> bureau.BureauAnswer | Refusal:
        """Ask, or use a young answer, by the consent that stands at this moment."""
        customer = moment.contract.customer

        def consented(c: psycopg.Connection) -> tuple[bureau.Consent | None, bytes]:
            row = customers.use_consent(c, customer, ConsentKind.CREDIT_BUREAU)
            access = customers.Access(READER, customers.Purpose.IDENTITY_CHECK)
            found = customers.reveal(c, self.vault, customer, [Field.NATIONAL_ID], access, now=moment.now)
            digest = hashlib.sha256(found.get(Field.NATIONAL_ID, "").encode()).digest()
            consent = None if row is None else bureau.Consent(kind=row.kind, version=row.version, given_at=row.at)
            return consent, digest

        consent, digest = run_unit(conn, consented)
        asking = bureau.Asking(
            customer=customer, national_id_digest=digest, purpose=bureau.Purpose.APPROVAL, consent=consent,
            reference=f"contract {moment.contract.contract_id}",
        )  # fmt: skip
        return bureau.inquire(conn, self.provider, asking, now=moment.now, policy=policy)

    def _settle(
        self, conn: psycopg.Connection, said: limits.Approval, reviewer: str, at: LimitMoment, purpose: Purpose
    ) -> limits.Approval:
        def work(c: psycopg.Connection) -> limits.Approval:
            if said.outcome == "refused" and not said.decided_by:
                limits.request_human(c, said.application_id, now=at.now)
            word = limits.Word(reviewer=reviewer, approve=True, why="reopened on appeal, or referred to a person")
            return limits.settle_application(c, self._book(c, at.on, purpose), said.application_id, word, now=at.now)

        try:
            return run_unit(conn, work)
        except Conflict:  # barred by law, or settled before: the word that stands counts
            return limits.get_application(conn, said.application_id)


def describe_applicant(
    conn: psycopg.Connection,
    vault: customers.Vault,
    line: str,
    report: bureau.Exposure | None,
    *,
    asked_minor: int,
    now: dt.datetime,
) -> Applicant:
    """What is known: the bureau's figures where it answered, else the customer's own word; what nobody said stays unknown.

    What the person's other line with us takes of the cap is known from the books (rules.md §6: one line a customer, all lending counted).
    Evidence that the customer brought takes the place of their word, and is held until the caller's transaction ends (R-033). Whoever
    calls has made sure that credit suits the customer. asked_minor: minor units, 0 where nothing was named. NotFound for nobody.
    """
    customer = holder_of(line)
    person = customers.get_person(conn, customer)
    known = customers.find_situation(conn, vault, customer, on=now.date(), hold=True) or Profile()
    return Applicant(
        customer=line,
        asked_minor=asked_minor,
        age_years=float(customers.find_age(conn, vault, person, on=now.date()) or 0),
        is_barred=0.0,  # the over-indebted were refused before
        identity=1.0 if customers.is_proven(conn, customer) else None,
        months_known=float((now - person.registered_at).days // 30),
        own_lines_minor=float(read_others(conn, [line]).get(line, 0)),
        **_situation(known, report),
    )


def leave_out_evidence(
    conn: psycopg.Connection, vault: customers.Vault, applicant: Applicant, report: bureau.Exposure | None
) -> Applicant:
    """The same applicant by the same report and their own word alone: as if no evidence had ever been brought."""
    known = customers.find_profile(conn, vault, holder_of(applicant.customer)) or Profile()
    return replace(applicant, **_situation(known, report))


def _situation(known: Profile, report: bureau.Exposure | None) -> dict[str, Any]:
    """What a situation and a report say of an applicant, by the names of the limits room."""
    found: dict[str, Any] = {
        "is_student": None if known.is_student is None else float(known.is_student), "income_minor": known.income_minor,
        "debt_service_minor": known.debt_service_minor, "debt_minor": known.debts_minor, "lenders": known.lenders,
    }  # fmt: skip
    if report is None:
        return found
    service = max(report.monthly_due_minor, known.debt_service_minor or 0)
    return {**found, **_exposure(report), "has_file": 1.0, "debt_service_minor": service}


def find_reviewer(moment: Moment) -> str | None:
    """The person who takes this step, or who reopened it; None where a machine decides alone."""
    if moment.decided_by != SYSTEM:
        return moment.decided_by
    last = next((row for row in reversed(moment.rows) if row.step is moment.step), None)
    return last.decided_by if last is not None and last.outcome is StepOutcome.REOPENED else None


def find_unsuited(conn: psycopg.Connection, vault: customers.Vault, moment: Moment) -> Approval | None:
    """A no to whom credit does not suit, and a person for whom too little is known of; None for everybody else."""
    reasons = customers.find_unsuited(conn, vault, moment.contract.customer, on=moment.now.date())
    if not reasons or (reasons == ("SUITABILITY_UNKNOWN",) and moment.decided_by != SYSTEM):
        return None
    outcome = "review" if reasons == ("SUITABILITY_UNKNOWN",) else "refused"
    return Approval(outcome=outcome, code=reasons[0], figures={"reasons": list(reasons)})


def scan_identity(conn: psycopg.Connection, vault: customers.Vault, moment: Moment) -> RiskVerdict:
    """What customers' own records say has changed since the approval: unsuited by now, or sharing an identity."""
    customer = moment.contract.customer
    unsuited = customers.find_unsuited(conn, vault, customer, on=moment.now.date())
    shared = customers.list_shared(conn, customer)
    reasons = ("SCAN_RISK_ROSE",) if unsuited or shared else ()
    figures = {"unsuited": list(unsuited), "shares": list(shared)}
    return RiskVerdict("second scan", Verdict.REFUSE if reasons else Verdict.PASS, reasons, figures)


def _exposure(report: bureau.Exposure | None) -> dict[str, float]:
    """A bureau's figures under the names of the limits room; none where it did not answer."""
    if report is None:
        return {}
    return {
        "lenders": float(report.lenders), "debt_minor": float(report.balance_minor), "inquiries_6m": float(report.inquiries_6m),
        "worst_24m": float(report.worst_status),
    }  # fmt: skip
