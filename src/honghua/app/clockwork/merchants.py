"""Jobs about merchants: follow the journal, settle days that have closed, pay out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.credit import api as credit
from honghua.merchants import api as merchants

LOOKS_MAX: Final = 200  # rounds of one run


def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
    """What the books did to merchants since the last look."""
    found = merchants.catch_up(conn, now=now)
    return f"{found['movements']} movements; {found['booked']} campaign fees spent, {found['released']} given back"


def settle(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Every merchant up to the newest closed day."""
    today = find_day(conn)
    if today is None:
        return NOT_BEGUN
    day = today - dt.timedelta(days=1)
    currency = credit.open_registry(conn).newest_terms.currency
    settled = merchants.settle_closed_day(conn, day, business_on=today, currency=currency, now=now)
    return f"{settled} merchants settled up to {day}"


def make_payer(bank: merchants.PayoutBank | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job that sends payouts through a bank; without one they wait, and it says so."""

    def pay(conn: psycopg.Connection, now: dt.datetime) -> str:
        if bank is None:
            return "no payout bank is attached: payouts wait"
        turn_day(bank, now)
        found = merchants.pay_out(conn, bank, now=now)
        said = ", ".join(f"{found[name]} {name}" for name in ("paid", "refused", "disputed"))
        return f"{said}, {found['unknown']} without an answer, {found['notices']} notices, by {bank.name}"

    return pay


def make_reconciler(bank: merchants.PayoutBank | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job that holds the bank's daily statements against our orders."""

    def reconcile(conn: psycopg.Connection, now: dt.datetime) -> str:
        if bank is None:
            return "no payout bank is attached: nothing to reconcile"
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        turn_day(bank, now)
        done = merchants.reconcile_days(conn, bank, business_on=today, now=now)
        differences = sum(sum(one.differences.values()) for one in done)
        confirmed, returned = sum(one.confirmed for one in done), sum(one.returned for one in done)
        return (
            f"{len(done)} days: {confirmed} confirmed, {returned} returned, {differences} differences, by {bank.name}"
        )

    return reconcile


def turn_day(bank: merchants.PayoutBank, now: dt.datetime) -> None:
    """A fake has no clock: whoever plays with it turns its days. A real bank has days of its own."""
    if isinstance(bank, merchants.FakePayoutBank):
        bank.day = merchants.bank_day(now)


def open_books(conn: psycopg.Connection, today: dt.date) -> merchants.Books:
    """Where the money of orders is booked, and what their goods weigh at least by the books' numbers of categories."""
    registry = credit.open_registry(conn)
    grams = merchants.load_rules().grams
    registry.learn_categories(conn, grams)
    return merchants.Books(
        today, registry.newest_terms.currency, {registry.categories[name]: least for name, least in grams.items()}
    )


def make_prover(source: merchants.EvidenceSource | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job that asks for evidence of orders; without a source they wait, and so does the state's money for them."""

    def prove(conn: psycopg.Connection, now: dt.datetime) -> str:
        if source is None:
            return "no source of order evidence is attached: orders wait, and no state subsidy is asked for them"
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        books = open_books(conn, today)
        states: Counter[str] = Counter()
        moved = 0
        for _ in range(LOOKS_MAX):
            looked = merchants.look_at_orders(conn, source, books, now=now)
            states.update(looked.states)
            moved += looked.moved
            if looked.orders < merchants.LOOKED_AT_ONCE and looked.moved < merchants.MOVED_AT_ONCE:
                break
        told = ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "no order was due"
        return f"{told}; campaign money of {moved} orders moved, by {source.name}"

    return prove
