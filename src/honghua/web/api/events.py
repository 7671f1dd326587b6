"""Facts as events for people outside: what happened, to which order, for how much. Read by pages behind a cursor; nothing is skipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from honghua.base.clock import from_micros
from honghua.base.dates import from_day
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_final_page
from honghua.store.finality import read_final_txid
from honghua.web.api.cursors import read_cursor, write_cursor
from honghua.web.api.partners import Partner

Place = tuple[int, int]
"""Transaction and fact: a place in the log of facts."""
CURSOR: Final = "events"
SCAN_MAX: Final = 1_000  # facts that one page looks at, whoever they concern
KIND_OF: Final[dict[FactKind, str]] = {
    FactKind.ACCOUNT_OPENED: "account.opened",
    FactKind.LIMIT_CHANGED: "limit.changed",
    FactKind.TEMPORARY_LIMIT_GRANTED: "limit.temporary_granted",
    FactKind.PURCHASE_AUTHORISED: "purchase.authorised",
    FactKind.PURCHASE_CAPTURED: "purchase.captured",
    FactKind.AUTHORISATION_RELEASED: "purchase.released",
    FactKind.PURCHASE_REFUNDED: "purchase.refunded",
    FactKind.REPAYMENT_RECEIVED: "repayment.received",
    FactKind.OVERPAYMENT_RETURNED: "overpayment.returned",
    FactKind.BILL_INSTALLED: "bill.installed",
    FactKind.PLAN_SETTLED: "plan.settled",
    FactKind.PAIR_CHANGED: "pair.changed",
    FactKind.WRITTEN_OFF: "account.written_off",
    FactKind.RECOVERY_RECEIVED: "recovery.received",
    FactKind.HARDSHIP_AGREED: "hardship.agreed",
    FactKind.STATUS_SET: "account.status_set",
    FactKind.CHARGES_WAIVED: "charges.waived",
    FactKind.FACT_REVERSED: "fact.reversed",
    FactKind.PURCHASE_REFUSED: "purchase.refused",
    FactKind.FRAUD_REPORTED: "purchase.reported",
    FactKind.PURCHASE_SUSPENDED: "purchase.suspended",
    FactKind.SUSPENSION_SETTLED: "purchase.suspension_settled",
}
KINDS: Final = frozenset(KIND_OF.values())
OF_SHOPS: Final = frozenset(kind for kind in KINDS if kind.startswith("purchase."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. cursor: behind it the next one is found; account_id and fact_id for our own eyes and for order."""

    cursor: str
    kind: str
    account_id: int
    fact_id: int
    customer: str
    merchant: str
    order: str
    purchase_id: int
    amount_minor: int
    value_on: dt.date
    happened_at: dt.datetime
    recorded_at: dt.datetime

    def body(self) -> dict[str, Any]:
        """As partners read it."""
        body: dict[str, Any] = {
            "id": self.cursor,
            "kind": self.kind,
            "sequence": self.fact_id,
            "customer": self.customer,
            "amount_minor": self.amount_minor,
            "value_on": self.value_on.isoformat(),
            "happened_at": self.happened_at.isoformat(),
            "recorded_at": self.recorded_at.isoformat(),
        }
        if self.merchant:
            body |= {"merchant": self.merchant, "order": self.order}
        if self.purchase_id:
            body["purchase_id"] = self.purchase_id
        return body


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order. place: where to go on. has_more: more facts stand there already."""

    events: list[Event]
    place: Place
    has_more: bool


def find_end(conn: psycopg.Connection) -> Place:
    """The place behind everything that is final now."""
    return (read_final_txid(conn), 0)


def read_events(conn: psycopg.Connection, place: Place, *, scan_max: int = SCAN_MAX) -> EventPage:
    """What happened behind a place, of anybody."""
    facts = read_final_page(conn, after=place, limit=scan_max)
    owners = sorted({*facts.account_id.tolist(), *facts.counterparty_id.tolist()} - {0})
    events = name_events(facts, ledger.find_refs(conn, owner_ids=owners))
    if len(facts):
        place = (int(facts.txid[-1]), int(facts.fact_id[-1]))
    return EventPage(events, place, len(facts) == scan_max)


def name_events(facts: FactColumns, refs: dict[int, str]) -> list[Event]:
    """Facts under the names that people outside know. Kinds that are not for them are left out."""
    events = []
    for i, number in enumerate(facts.kind.tolist()):
        kind = KIND_OF.get(FactKind(number))
        if kind is None:
            continue
        fact_id, account_id = int(facts.fact_id[i]), int(facts.account_id[i])
        merchant = refs.get(int(facts.counterparty_id[i]), "")
        events.append(
            Event(
                cursor=write_cursor(CURSOR, [int(facts.txid[i]), fact_id]),
                kind=kind,
                account_id=account_id,
                fact_id=fact_id,
                customer=refs.get(account_id, ""),
                merchant=merchant,
                order=(facts.reference[i] or "") if merchant else "",
                purchase_id=int(facts.purchase_id[i]),
                amount_minor=int(facts.amount_minor[i]),
                value_on=from_day(int(facts.value_on[i])),
                happened_at=from_micros(int(facts.happened_at[i])),
                recorded_at=from_micros(int(facts.recorded_at[i])),
            )
        )
    return events


def find_linked(conn: psycopg.Connection, partner: Partner, events: Sequence[Event]) -> set[str]:
    """Of the customers in these events, those whose account is open to the partner."""
    customers = {event.customer for event in events}
    if partner.is_house:
        return customers
    query = "SELECT customer FROM web_partner_customer WHERE partner_id = %s AND customer = ANY(%s)"
    return {row[0] for row in conn.execute(query, [partner.partner_id, sorted(customers)])}


def keep_visible(partner: Partner, events: Sequence[Event], linked: set[str]) -> list[Event]:
    """Those that concern the partner: orders of its shops, and everything about customers whose account is open to it."""
    return [
        event
        for event in events
        if (event.kind in OF_SHOPS and event.merchant in partner.merchants)
        or (
            event.customer in linked and (not event.merchant or event.merchant in partner.merchants or partner.is_house)
        )
    ]


def read_visible(conn: psycopg.Connection, partner: Partner, place: Place) -> EventPage:
    """What happened behind a place and concerns a partner."""
    page = read_events(conn, place)
    events = keep_visible(partner, page.events, find_linked(conn, partner, page.events))
    return EventPage(events, page.place, page.has_more)


def read_place(text: str) -> Place | None:
    """The place of a cursor; None for "". Trouble for anything else."""
    places = read_cursor(CURSOR, text, length=2)
    return None if places is None else (places[0], places[1])


__all__ = [
    "KINDS",
    "Event",
    "EventPage",
    "Place",
    "find_end",
    "keep_visible",
    "read_events",
    "read_place",
    "read_visible",
]
