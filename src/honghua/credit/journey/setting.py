"""What a site gives the journey: keys, services, the books, and who approves; each behind a port where it stands for the outside world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import psycopg

from honghua.base.clock import CHINA
from honghua.credit.core.journey import (
    CONTACT_RULES,
    REAPPLY_RULES,
    WATCH_RULES,
    ContactRules,
    ReapplyRule,
    RiskVerdict,
    WatchRules,
)
from honghua.credit.journey.asking import Moment
from honghua.credit.journey.books import Books
from honghua.credit.journey.evidence import WriteOffEvidence
from honghua.credit.registry import Registry
from honghua.customers.api import IdentityCheck, Vault
from honghua.funding import api as funding
from honghua.merchants.api import PayoutBank

LENDER: Final = "红花消费信贷(示范贷款人)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What was said to an application. outcome: approved, review or refused, with its code; reference: by which the approver knows it."""

    outcome: str
    code: str = ""
    limit_minor: int = 0
    price_ppm: int = 0
    reference: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)


class Approver(Protocol):
    """Judges applications, and looks again between approval and payout."""

    def approve(self, conn: psycopg.Connection, moment: Moment, *, key: str) -> Approval:
        """Judge; the same key gives the same answer. conn is outside a transaction: whoever judges may ask outside."""
        ...

    def scan(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Whether the risk has risen since the approval. conn is outside a transaction, as above."""
        ...

    def price_cap_ppm(self, conn: psycopg.Connection, on: dt.date) -> int | None:
        """The most that a contract of this day may cost a year, ppm; None where nobody prices by risk."""
        ...


class Collecting(Protocol):
    """What a contact with a debtor stands on: whose hours, and which rules."""

    @property
    def zone(self) -> dt.tzinfo:
        """Where the debtor is."""
        ...

    @property
    def contact_rules(self) -> ContactRules:
        """Hours, frequency, whom."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSite:
    """A place from which debtors are contacted and nothing else is done."""

    zone: dt.tzinfo = CHINA
    contact_rules: ContactRules = CONTACT_RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneySite:
    """Everything that the twelve steps stand on. channel: of funding/data, under which purchases are lent; the usual one is ours alone.

    routings: those by which the follower of the books shares purchases; whoever is under a route of the one in force is told its lenders.
    """

    vault: Vault
    identity: IdentityCheck
    books: Books
    registry: Registry
    bank: PayoutBank
    approver: Approver
    evidence: WriteOffEvidence
    zone: dt.tzinfo = CHINA
    lender: str = LENDER
    channel: str = funding.DIRECT
    routings: tuple[funding.Routing, ...] = ()
    contact_rules: ContactRules = CONTACT_RULES
    watch_rules: WatchRules = WATCH_RULES
    reapply_rules: tuple[ReapplyRule, ...] = REAPPLY_RULES

    def find_channel(self, line: str, on: dt.date) -> str:
        """Under which channel a line's purchases are lent on a day: by the routing in force, else the site's own."""
        route = self.find_route(line, on)
        return self.channel if route is None else route.channel

    def find_route(self, customer: str, on: dt.date) -> funding.Route | None:
        """The route of a customer under the routing in force on a day; None: purchases go by the site's channel."""
        routing = funding.choose_routing(self.routings, on)
        return None if routing is None else funding.find_route(routing, customer)
