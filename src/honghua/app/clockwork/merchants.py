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
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        found = merchants.pay_out(conn, bank, business_on=today, now=now)
        return f"{found['paid']} paid, {found['failed']} refused, {found['unknown']} without an answer, by {bank.name}"

    return pay
