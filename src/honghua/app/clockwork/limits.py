"""Jobs about limits: follow what moves them, end grants and offers whose days are over."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.limits import api as limits
from honghua.limits.core import BUSINESS
from honghua.store.database import run_unit


def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Raise and cut limits on what happened since the last look; tell customers."""
    today = find_day(conn)
    if today is None:
        return NOT_BEGUN
    book = run_unit(conn, lambda c: limits.get_rulebook(c, on=today))
    business = run_unit(conn, lambda c: limits.get_rulebook(c, on=today, product=BUSINESS))
    follower = credit_jobs.Follower(book=book, find_consent=find_raise_consent, business=business)
    done = credit_jobs.follow_limits(conn, credit.open_registry(conn), follower, now=now)
    return (
        f"{done.facts} facts; {done.noted} changes told, {done.raised} raised, {done.cut} cut, {done.offered} offered"
    )


def find_raise_consent(conn: psycopg.Connection, customer: str) -> str:
    """The text by which a customer agreed to raises decided by machine, as kind/version; "" where none stands."""
    try:
        row = customers.use_consent(conn, customer, ConsentKind.AUTOMATED_DECISION)
    except NotFound:  # an account whose holder was never registered here
        return ""
    return "" if row is None else f"{ConsentKind.AUTOMATED_DECISION.value}/{row.version}"


def end_over(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Grants and offers whose last day has passed."""
    today = find_day(conn)
    if today is None:
        return NOT_BEGUN
    grants = run_unit(conn, lambda c: limits.expire(c, by=today, now=now))
    offers = run_unit(conn, lambda c: limits.lapse_offers(c, by=today, now=now))
    return f"{grants} grants and {offers} offers ended"
