"""Risk hooks of steps 9 … 12: allocation, early warning, the law of collection, evidence for a write-off."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from honghua.credit.core.journey import Channel, ContactWish, RiskVerdict, Verdict, check_contact
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment, Quiet
from honghua.credit.journey.books import get_account, read_claim, read_spread
from honghua.credit.journey.evidence import Gathered
from honghua.credit.journey.setting import Collecting, JourneySite


@dataclass(frozen=True, slots=True)
class RepaymentHook(Quiet):
    """What came in stands in the books, on what was owed or as the customer's own: nothing is lost on the way."""

    site: JourneySite
    name: str = "allocation check"

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """From the journal entry of the repayment: its parts sum to what came in, and nothing is too much while something is owed."""
        if done.refusal is not None or done.account_id is None or done.fact_id is None:
            return RiskVerdict(self.name)
        spread = read_spread(conn, done.account_id, done.fact_id)
        owed = read_claim(get_account(conn, self.site.registry, moment.contract.line)).owed_minor
        figures = {"spread": spread.parts, "owed_after_minor": owed}
        is_early = spread.overpaid_minor > 0 and owed > 0
        if spread.total_minor == int(done.decided["amount_minor"]) == spread.received_minor and not is_early:
            return RiskVerdict(self.name, figures=figures)
        return RiskVerdict(self.name, Verdict.REFER, ("ALLOCATION_WRONG",), figures)


@dataclass(frozen=True, slots=True)
class MonitoringHook(Quiet):
    """What was found, as signals; finding something is not a no."""

    name: str = "drift to arrears and early warning"

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """The signals by code."""
        return RiskVerdict(self.name, reasons=tuple(done.decided["signals"]), figures={"finding": done.finding})


@dataclass(frozen=True, slots=True)
class CollectionHook(Quiet):
    """Hours, frequency, whom: a contact outside the rules is not made."""

    site: Collecting
    name: str = "collection compliance"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Against everything that was done before with this debtor, by whomever."""
        wish = ContactWish(
            channel=Channel(str(moment.asked["channel"])), at=moment.now, to_debtor=bool(moment.asked.get("to_debtor", True)),
            agreed_hours=bool(moment.asked.get("agreed_hours", False)), visitors=int(moment.asked.get("visitors", 0)),
        )  # fmt: skip
        done = store.read_done(store.list_contacts(conn, moment.contract.customer))
        reasons = check_contact(wish, done, zone=self.site.zone, rules=self.site.contact_rules)
        figures = {"contacts": len(done), "local": moment.now.astimezone(self.site.zone).strftime("%H:%M")}
        return RiskVerdict(self.name, Verdict.REFUSE if reasons else Verdict.PASS, reasons, figures)


@dataclass(frozen=True, slots=True)
class WriteOffHook(Quiet):
    """Days past due, contacts that were really made, documents, approvals: gathered and counted, not told."""

    gathered: Gathered
    name: str = "write-off evidence"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Refuse while anything of the evidence is missing."""
        figures = {**self.gathered.figures, "missing": list(self.gathered.missing), "pack": self.gathered.reference}
        if not self.gathered.missing:
            return RiskVerdict(self.name, figures=figures)
        return RiskVerdict(self.name, Verdict.REFUSE, ("EVIDENCE_INCOMPLETE",), figures)
