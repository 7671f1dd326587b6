"""Jobs about the books and decisions: challenges, alerts, lapses, seals, drift, holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.sweeping import SWEEPS_MAX, take_all
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.credit.jobs import Bank
from honghua.decision import api as decision
from honghua.ledger.jobs import seal_all
from honghua.store.database import run_unit
from honghua.store.wishes import WishState, count_wishes

SWEEP: Final = 10_000
DEBITS_BEGIN: Final = (dt.time(11, 30), dt.time(19))  # rules.md §1: about noon, and in the evening
WAITING: Final = "no prover is attached: {} step-up(s) wait"
NOT_BEGUN: Final = "the book has not begun"


def make_sender(prover: credit_jobs.Prover | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    def send(conn: psycopg.Connection, now: dt.datetime) -> str:
        if prover is None:
            waiting = count_wishes(conn, credit_jobs.STEP_UP_WISH)[WishState.WAITING]
            return WAITING.format(waiting) if waiting else "nothing to send"
        at_once = credit_jobs.SENDS_AT_ONCE
        sent = take_all(lambda: credit_jobs.send_step_ups(conn, prover, now=now), at_once=at_once)
        return f"{sent} sent"

    return send


def deliver(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Alerts out of the outbox."""
    return f"{decision.deliver_alerts(conn, now=now)} delivered"


def lapse(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Suspensions whose time is over."""
    if find_day(conn) is None:
        return NOT_BEGUN
    registry = credit.open_registry(conn)
    ended = take_all(lambda: credit_jobs.lapse_expired(conn, registry, now=now, limit=SWEEP), at_once=SWEEP)
    return f"{ended} lapsed"


def seal(conn: psycopg.Connection, _now: dt.datetime) -> str:
    """Entries that are final and unsealed."""
    return f"{seal_all(conn)} entries sealed"


def count(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Records that nobody has counted for drift."""
    found = decision.count_drift(conn, now=now)
    return f"{found.counted} of {found.records} records counted, {found.alerts} alerts"


def compare(conn: psycopg.Connection, now: dt.datetime) -> str:
    """The challenger beside its champion; one that is clearly worse is taken out."""
    seen = run_unit(conn, lambda inner: decision.stop_challenger(inner, now=now))
    if seen is None:
        return "no challenger judges"
    counted = f"{seen.customers[1]} customers against {seen.customers[0]}"
    return f"release {seen.challenger}, {counted}: " + (
        f"taken out, {seen.why}" if seen.why else "no worse than allowed"
    )


def release(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Holds that have expired by the business date."""
    by = find_day(conn)
    if by is None:
        return NOT_BEGUN
    return f"{release_all(conn, by=by, now=now)} holds given back"


def release_all(conn: psycopg.Connection, *, by: dt.date, now: dt.datetime, sweeps_max: int = SWEEPS_MAX) -> int:
    """Give back the holds that have expired by a day, sweep after sweep; how many."""
    registry = credit.open_registry(conn)
    total = 0
    for _ in range(sweeps_max):
        swept = credit_jobs.release_expired(conn, registry, by=by, now=now)
        total += swept.released
        if not swept.more:
            break
    return total


def make_debiter(bank: Bank | None, zone: dt.tzinfo) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job that debits what is due, twice a day by the local clock; each run of a day asks once, however often it is looked at."""

    def debit(conn: psycopg.Connection, now: dt.datetime) -> str:
        if bank is None:
            return "no bank is attached: nothing is debited"
        if find_day(conn) is None:
            return NOT_BEGUN
        slot = sum(now.astimezone(zone).time() >= begins for begins in DEBITS_BEGIN)
        if slot == 0:
            return f"the first debits are due at {DEBITS_BEGIN[0]:%H:%M}"
        found = credit_jobs.run_debits(conn, credit.open_registry(conn), bank, slot=slot, now=now)
        return f"run {slot}: {found.asked} asked, {found.paid} paid, {found.declined} declined, {found.stuck} stuck, by {found.bank}"

    return debit


def find_day(conn: psycopg.Connection) -> dt.date | None:
    """The business date of the book; None before it has begun."""
    try:
        return credit.get_business_day(conn)
    except NotFound:
        return None
