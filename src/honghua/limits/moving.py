"""Limits that move: what moved them and who was told, offers that wait for a yes, and the ceiling as it is assessed anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.limits import store, store_moving
from honghua.limits.core import REASONS, Moment
from honghua.limits.store import Ceiling
from honghua.limits.store_moving import Change, Offer, list_changes
from honghua.store.wishes import make_wishes

NOTICE: Final = "limit_notice"  # the kind of the wish that tells a customer
OFFER_DAYS: Final = 14


def note_changes(conn: psycopg.Connection, changes: Sequence[Change], *, now: dt.datetime) -> int:
    """Record changes by their facts, each once, and wish for the customer to be told why; how many were new."""
    fresh = store_moving.insert_changes(conn, changes, now=now)
    bodies = []
    for one in fresh:
        zh, en = REASONS.get(one.reason, REASONS["BY_HAND"])
        bodies.append({
            "customer": one.customer, "kind": one.kind, "from_minor": one.from_minor, "to_minor": one.to_minor, "reason": one.reason,
            "zh": zh, "en": en,
        })  # fmt: skip
    make_wishes(conn, kind=NOTICE, keys=[one.notice for one in fresh], bodies=bodies, due_at=now)
    return len(fresh)


def assess(
    conn: psycopg.Connection, customer: str, ceiling_minor: int, *, reason: str, lenders: float | None, now: dt.datetime
) -> None:
    """A new ceiling of a customer, by a word of `REASONS`; what the account has beyond it is cut by the follower of limits."""
    if reason not in REASONS:
        raise BadInput(f"{reason!r} is no reason for a ceiling", code="CEILING_REASON_UNKNOWN")
    row = Ceiling(customer=customer, ceiling_minor=ceiling_minor, reason=reason, lenders=lenders)
    store.insert_ceiling(conn, row, now=now)


def find_ceilings(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, tuple[int, float | None]]:
    """(ceiling, lenders known at the assessment) of customers that were assessed."""
    return store.find_ceilings(conn, list(customers))


def find_ceiling_apart(
    conn: psycopg.Connection, customer: str, reasons: frozenset[str]
) -> tuple[int, str, dt.datetime] | None:
    """(ceiling, reason, when) as it was last assessed for anything but these reasons; None where it never was."""
    return store.find_ceiling_apart(conn, customer, sorted(reasons))


def read_changes(conn: psycopg.Connection, customers: Sequence[str]) -> set[tuple[int, str, int]]:
    """(fact, customer, new limit) of every noted change of these customers: what their facts must say, too."""
    return store_moving.read_changes(conn, customers)


def find_last_days(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, dt.date]:
    """The business date on which each customer's fixed limit last moved; those whose account was never noted are absent."""
    return store_moving.find_last_days(conn, customers)


def make_offers(
    conn: psycopg.Connection, campaign: str, offers: Sequence[tuple[str, int]], *, rulebook: str, until_on: dt.date,
    now: dt.datetime,
) -> int:  # fmt: skip
    """Offer temporary limits to many customers at once, (customer, minor units) each; a campaign offers a customer once. How many."""
    if not campaign or any(amount <= 0 for _, amount in offers):
        raise BadInput("a campaign has a name, and an offer an amount above zero", code="OFFER_INVALID")
    like = Offer(0, "", "temporary", 1, until_on, "SEASON", rulebook, "open", now, None)
    return store_moving.copy_offers(conn, f"campaign:{campaign}", offers, like)


def offer_raise(conn: psycopg.Connection, customer: str, to_minor: int, *, key: str, rulebook: str, at: Moment) -> bool:
    """Offer a raise that the customer has not consented to beforehand; whether it is a new offer."""
    until = at.on + dt.timedelta(days=OFFER_DAYS)
    offer = Offer(store.next_id(conn), customer, "fixed", to_minor, until, "GROWTH", rulebook, "open", at.now, None)
    return store_moving.insert_offer(conn, key, offer)


def offer_for_evidence(
    conn: psycopg.Connection, customer: str, to_minor: int, *, key: str, rulebook: str, at: Moment
) -> bool:
    """As `offer_raise`, because of evidence that the customer brought."""
    until = at.on + dt.timedelta(days=OFFER_DAYS)
    offer = Offer(store.next_id(conn), customer, "fixed", to_minor, until, "EVIDENCE", rulebook, "open", at.now, None)
    return store_moving.insert_offer(conn, key, offer)


def list_offers(conn: psycopg.Connection, customer: str, *, on: dt.date) -> list[Offer]:
    """A customer's open offers."""
    return store_moving.list_open(conn, customer, on=on)


def accept_offer(conn: psycopg.Connection, offer_id: int, *, customer: str, on: dt.date) -> Offer:
    """The offer, locked, that its customer says yes to; whoever calls carries it out and then settles it in the same transaction.

    NotFound for another's, Conflict for one that is over or settled.
    """
    offer = store_moving.find_offer(conn, offer_id, lock=True)
    if offer is None or offer.customer != customer:
        raise NotFound(f"no offer {offer_id}", code="OFFER_UNKNOWN")
    if offer.state != "open" or offer.until_on < on:
        raise Conflict("this offer is over", code="OFFER_OVER")
    return offer


def settle_offer(conn: psycopg.Connection, offer_id: int, *, is_accepted: bool, now: dt.datetime) -> None:
    """How an offer ended: accepted (and carried out) or declined."""
    store_moving.settle(conn, offer_id, "accepted" if is_accepted else "declined", now=now)


def lapse_offers(conn: psycopg.Connection, *, by: dt.date, now: dt.datetime) -> int:
    """End offers whose last day lies before a day; how many."""
    return store_moving.lapse(conn, by=by, now=now)


__all__ = [
    "NOTICE",
    "Change",
    "Offer",
    "accept_offer",
    "assess",
    "find_ceiling_apart",
    "find_ceilings",
    "find_last_days",
    "lapse_offers",
    "list_changes",
    "list_offers",
    "make_offers",
    "note_changes",
    "offer_for_evidence",
    "offer_raise",
    "read_changes",
    "settle_offer",
]
