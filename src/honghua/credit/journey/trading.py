"""What a business says for its owner's application: its takings in place of wages, its time in the register, its owner's account apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

from honghua.credit.guarding import OwnShop, say_own_shop
from honghua.credit.journey.asking import Moment
from honghua.credit.journey.setting import Approval
from honghua.credit.journey.store import SYSTEM
from honghua.customers import api as customers
from honghua.customers.core import BUSINESS_RULES, Business
from honghua.limits.core import Applicant
from honghua.store.database import run_unit

DAYS_A_MONTH: Final = 30
TOLD: Final = "told in an application for the business line"


@dataclass(frozen=True, slots=True)
class Trade:
    """A business that the register knows, or a person answers for. since_on: from when it trades, None = not known."""

    business: Business
    since_on: dt.date | None
    register: str
    is_fake: bool

    def speak_for(self, applicant: Applicant, moment: Moment) -> Applicant:
        """The owner's application for the business line: what they spend and buy themselves says nothing of the trade."""
        months = (
            None if self.since_on is None else float(max(0, (moment.business_on - self.since_on).days // DAYS_A_MONTH))
        )
        income = BUSINESS_RULES.income_minor(self.business.sector, self.business.takings_minor)
        return replace(
            applicant, income_minor=float(income), months_known=months, orders_12m=None, spend_minor=None, is_student=None
        )  # fmt: skip

    def figures(self) -> dict[str, Any]:
        """As the step keeps it: nothing personal."""
        return {
            "sector": str(self.business.sector), "takings_minor": self.business.takings_minor, "shops": len(self.business.shops),
            "since_on": None if self.since_on is None else self.since_on.isoformat(), "register": self.register,
            "register_is_fake": self.is_fake,
        }  # fmt: skip


def look_at_business(
    conn: psycopg.Connection, vault: customers.Vault, register: customers.BusinessRegister | None, moment: Moment
) -> Trade | Approval:
    """The owner's business as the register knows it, or the no or the wait that stands before any judgement.

    From here on its shops are the owner's own: none of the owner's lines pays there. conn is outside a transaction.
    """
    customer = moment.contract.customer
    found = run_unit(conn, lambda c: customers.find_business(c, vault, customer))
    if found is None:
        return Approval(outcome="refused", code="BUSINESS_UNKNOWN", figures={"business": "unsaid"})
    _, business = found
    run_unit(conn, lambda c: note_shops(c, customer, business, now=moment.now))
    by_person = moment.decided_by != SYSTEM
    if register is None:
        unasked = Trade(business, None, "none attached", is_fake=False)
        return (
            unasked if by_person else Approval(outcome="review", code="BUSINESS_UNCHECKED", figures=unasked.figures())
        )
    checked = customers.check_business(conn, vault, register, customer, now=moment.now)
    trade = Trade(business, checked.since_on, checked.register, is_fake=checked.is_fake)
    if customers.is_checked(checked) or (checked.verdict == "review" and by_person):
        return trade
    outcome = "review" if checked.verdict == "review" else "refused"
    return Approval(outcome=outcome, code=checked.reasons[0], figures=trade.figures())


def note_shops(conn: psycopg.Connection, customer: str, business: Business, *, now: dt.datetime) -> None:
    """The shops of a business are its owner's own. In the caller's transaction."""
    for shop in business.shops:
        say_own_shop(
            conn, OwnShop(customer=customer, merchant=shop, is_own=True, said_by=customer, why=TOLD, said_at=now)
        )


__all__ = ["Trade", "look_at_business", "note_shops"]
