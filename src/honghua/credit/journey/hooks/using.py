"""Risk hooks of steps 6 … 8: the purchase decision, the second scan before money leaves, the books of the contract."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from honghua.credit.core.desk import find_decision_id
from honghua.credit.core.journey import PASS, RiskVerdict, Verdict
from honghua.credit.journey.asking import Done, Moment, Quiet
from honghua.credit.journey.books import compute_trial_balance
from honghua.credit.journey.setting import JourneySite


@dataclass(frozen=True, slots=True)
class DrawdownHook(Quiet):
    """The engine's word on the purchase, with the decision by which it can be replayed."""

    site: JourneySite
    name: str = "purchase decision"

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """What the books answered is the decision; a no or a wait of theirs reaches the row beside this."""
        return RiskVerdict(
            self.name, figures={"decision_id": find_decision_id(done.decided), "said": done.decided.get("outcome")}
        )


@dataclass(frozen=True, slots=True)
class PayoutHook(Quiet):
    """A second look between approval and payout (R-063): what has changed since keeps the money here."""

    scanned: RiskVerdict
    name: str = "second scan"

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """What the approver saw just now: it may have asked outside, so it looked before this transaction."""
        return self.scanned


@dataclass(frozen=True, slots=True)
class BookingHook(Quiet):
    """The contract's own trial balance."""

    site: JourneySite
    name: str = "trial balance of the contract"

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """Not balanced: a person looks; nothing is undone by a machine."""
        if done.account_id is None:
            return PASS
        found = compute_trial_balance(conn, self.site.registry, done.account_id)
        figures = {
            "entries": found.entries, "lines": found.lines, "sum_minor": found.sum_minor, "unlike": list(found.unlike),
        }  # fmt: skip
        if found.is_balanced:
            return RiskVerdict(self.name, figures=figures)
        return RiskVerdict(self.name, Verdict.REFER, ("BOOKING_UNBALANCED",), figures)
