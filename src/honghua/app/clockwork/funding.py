"""The jobs of joint lending: shared loans follow the books; partners' books held against ours, day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.telling import Telling, tell_customer
from honghua.base.clock import CHINA
from honghua.credit import api as credit
from honghua.credit.core import holder_of
from honghua.funding import api as funding
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

PAGES_AT_ONCE: Final = 5  # the other jobs of the clock wait no longer


def make_follower(routings: Sequence[funding.Routing]) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Shares what was bought as the routings say, and tells lenders what the books did to shared loans since the last look."""

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        shared = movements = unnamed = 0
        for _ in range(PAGES_AT_ONCE):
            page = run_unit(conn, lambda c: funding.follow_books(c, routings=routings, now=now))
            shared, movements, unnamed = shared + page.shared, movements + page.movements, unnamed + page.unnamed
            if page.is_last:
                break
        ours = f", {unnamed} left to us: their contracts name no other lender" if unnamed else ""
        return f"{shared} purchases shared, {movements} movements of shared loans{ours}"

    return follow


def make_seller(secrets: Secrets | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Carries approved transfers out, some pages a run, and tells the customers."""

    def sell(conn: psycopg.Connection, now: dt.datetime) -> str:
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        sold = kept = told = 0
        for transfer_id in run_unit(conn, funding.list_approved):
            for _ in range(PAGES_AT_ONCE):
                page, reached = run_unit(conn, partial(_sell_page, secrets, transfer_id, on=today, now=now))
                sold, kept, told = sold + page.sold, kept + page.kept, told + reached
                if page.is_last:
                    break
        return f"{sold} parts of loans sold, {kept} kept, {told} customers told by message"

    return sell


def _sell_page(
    secrets: Secrets | None, transfer_id: int, conn: psycopg.Connection, *, on: dt.date, now: dt.datetime
) -> tuple[funding.TransferPage, int]:
    """One page, and to how many customers a message goes; the others read it on their page."""
    page = funding.transfer_page(conn, transfer_id, on=on, now=now)
    if secrets is None:
        return page, 0
    reached = 0
    for notice in page.told:
        telling = Telling(f"funding_notice:{notice.notice_id}", holder_of(notice.customer), notice.chinese)
        reached += not tell_customer(conn, secrets.vault, telling, now=now)
    return page, reached


def make_settler(bank: funding.LenderBank | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Orders what lenders are due up to the newest closed day, sends it, and holds the bank's statements against it."""

    def settle(conn: psycopg.Connection, now: dt.datetime) -> str:
        if bank is None:
            return "no bank is attached: nothing moves between lenders"
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        if isinstance(bank, funding.FakeLenderBank):
            bank.day = now.astimezone(CHINA).date()  # a fake has no clock
        closed, currency = today - dt.timedelta(days=1), credit.open_registry(conn).newest_terms.currency
        made = run_unit(conn, lambda c: funding.order_settlements(c, until=closed, currency=currency, now=now))
        said = funding.send_settlements(conn, bank, now=now)
        read = funding.read_statements(conn, bank, now=now)
        differences = sum(sum(one.differences.values()) for one in read)
        sent = ", ".join(f"{count} {word}" for word, count in sorted(said.items())) or "none sent"
        return f"{len(made)} lenders' days ordered, {sent}; {len(read)} statements by {bank.name}, {differences} differences"

    return settle


def make_reconciler(
    partners: Mapping[str, funding.PartnerSystem],
) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Reconciles days that are closed with the partners that are attached; the others' days wait."""

    def reconcile(conn: psycopg.Connection, now: dt.datetime) -> str:
        if not partners:
            return "no partner is attached: nothing to reconcile"
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        done = funding.reconcile_all(conn, partners, until=today - dt.timedelta(days=1), now=now)
        open_ones = sum(bool(one.differences) or not one.was_reached for one in done)
        return f"{len(done)} days of partners looked at, {open_ones} do not agree yet"

    return reconcile
