"""Risk hooks of steps 1 … 5: suitability and consent, identity, application, approval, the contract's reading and seal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from honghua.credit.core.journey import PASS, RiskVerdict, Step, Verdict, find_wait, join_verdicts
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment, Quiet
from honghua.credit.journey.reapplying import describe_earlier, list_earlier
from honghua.credit.journey.screening.looking import screen_application
from honghua.credit.journey.setting import JourneySite
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind


@dataclass(frozen=True, slots=True)
class OfferHook(Quiet):
    """Nobody is offered credit who has not agreed to offers, had enough of them, or whom it does not suit."""

    site: JourneySite
    name: str = "suitability and consent"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Refuse with every reason; too little known refuses too: nobody is offered credit on a guess."""
        reasons = customers.find_offer_problems(conn, self.site.vault, moment.contract.customer, now=moment.now)
        return RiskVerdict(self.name, Verdict.REFUSE if reasons else Verdict.PASS, reasons)


@dataclass(frozen=True, slots=True)
class ProofHook(Quiet):
    """The identity services' word; what several people share brings a person."""

    site: JourneySite
    name: str = "identity checks"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Personal data may be processed only by consent."""
        consent = customers.use_consent(conn, moment.contract.customer, ConsentKind.PERSONAL_DATA)
        missing = consent is None
        return RiskVerdict(
            self.name, Verdict.REFUSE if missing else Verdict.PASS, ("CONSENT_MISSING",) if missing else ()
        )

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """All reasons of the proofing, and whether a fake answered."""
        proof = customers.get_proof(conn, str(moment.asked["proof"]))
        verdict = {"proven": Verdict.PASS, "review": Verdict.REFER, "refused": Verdict.REFUSE}[str(proof.verdict)]
        return RiskVerdict(self.name, verdict, tuple(proof.reasons), {"is_fake": proof.is_fake, "by": proof.decided_by})


@dataclass(frozen=True, slots=True)
class ApplicationHook(Quiet):
    """Needed consents, a proven identity, no second application, the wait after a no over, nobody unsuited; who shares an identity waits
    for a person, and who applies as gangs do (`screening`). What was refused before is written beside the new application.
    """

    site: JourneySite
    name: str = "application fraud and duplicates"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """What cannot be overruled refuses; what may be a family's device is looked at."""
        customer = moment.contract.customer
        reasons = list(customers.find_unsuited(conn, self.site.vault, customer, on=moment.now.date()))
        if customers.find_missing(conn, customer):
            reasons.insert(0, "CONSENT_MISSING")
        if not customers.is_proven(conn, customer):
            reasons.append("IDENTITY_UNPROVEN")
        if has_other_application(conn, moment):
            reasons.append("APPLICATION_OPEN")
        earlier = list_earlier(conn, customer, moment.contract.purpose, but=moment.contract.contract_id)
        wait = find_wait(self.site.reapply_rules, earlier, moment.business_on)
        shared = customers.list_shared(conn, customer)
        figures: dict[str, Any] = {"shares": list(shared), "earlier": describe_earlier(earlier)}
        if wait is not None:
            reasons.append(wait[0])
            figures["may_apply_on"] = wait[1].isoformat()
        screened = screen_application(conn, moment)
        known = [code for code in reasons if code != "SUITABILITY_UNKNOWN"]
        if known:
            own = RiskVerdict(self.name, Verdict.REFUSE, tuple(reasons), figures)
        else:
            asked = (*reasons, *(("IDENTITY_SHARED",) if shared else ()))
            own = RiskVerdict(self.name, Verdict.REFER if asked else Verdict.PASS, asked, figures)
        return join_verdicts(own, screened)

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """Once more in the transaction that writes the row, in turns with every other application of this person: one passes."""
        customers.hold(conn, moment.contract.customer)
        if has_other_application(conn, moment):
            return RiskVerdict(self.name, Verdict.REFUSE, ("APPLICATION_OPEN",))
        return PASS


@dataclass(frozen=True, slots=True)
class ApprovalHook(Quiet):
    """Asking the bureau needs its own consent, deciding by machine alone too: without the second a person decides."""

    site: JourneySite
    name: str = "approval verdict"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Consents in this moment: one taken back a moment ago is gone."""
        customer = moment.contract.customer
        if customers.use_consent(conn, customer, ConsentKind.CREDIT_BUREAU) is None:
            return RiskVerdict(self.name, Verdict.REFUSE, ("CONSENT_MISSING",))
        if customers.wants_person(conn, customer):
            return RiskVerdict(self.name, Verdict.REFER, ("AUTOMATION_REFUSED",))
        return PASS

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """What the approver saw."""
        figures = {name: done.decided.get(name) for name in ("approval_outcome", "figures") if name in done.decided}
        return RiskVerdict(self.name, figures=figures)


@dataclass(frozen=True, slots=True)
class ContractHook(Quiet):
    """A price within the day's cap, read for long enough, signed as shown, seal whole, every needed consent standing."""

    site: JourneySite
    name: str = "reading time and signature"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Look at the stored document, not at what somebody says of it."""
        checked = customers.check_contract(conn, self.site.vault, str(moment.asked["document"]), now=moment.now)
        cap_ppm = moment.asked.get("cap_ppm")
        reasons = ["PRICE_ABOVE_CAP"] if cap_ppm is not None and moment.asked["price_ppm"] > cap_ppm else []
        reasons += ["SIGNATURE_BROKEN"] if checked.problems else []
        if not checked.is_signed:
            reasons.append("CONTRACT_UNREAD")
        if customers.find_missing(conn, moment.contract.customer):
            reasons.append("CONSENT_MISSING")
        figures = {"read_ms": checked.read_ms, "sha256": checked.signed_sha256, "seal_own_made": checked.is_own_made}
        return RiskVerdict(self.name, Verdict.REFUSE if reasons else Verdict.PASS, tuple(reasons), figures)


def has_other_application(conn: psycopg.Connection, moment: Moment) -> bool:
    """Whether the customer has another contract for the same purpose, applied for or in force: neither refused for good nor this one."""
    for other in store.list_contracts(conn, moment.contract.customer):
        if other.contract_id == moment.contract.contract_id or other.purpose is not moment.contract.purpose:
            continue
        rows = store.list_steps(conn, other.contract_id)
        last = {row.step: row.outcome for row in rows if row.step <= Step.CONTRACT}
        if last.get(Step.APPLICATION) == "passed" and "refused" not in last.values() and "upheld" not in last.values():
            return True
    return False
