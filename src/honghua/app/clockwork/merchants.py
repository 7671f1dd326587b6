"""Jobs about merchants: follow the journal, settle days that have closed, pay out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.credit import api as credit
from honghua.merchants import api as merchants


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
