"""The jobs about the credit bureau: file, hand the files over, delete what the law lets nobody keep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN
from honghua.app.clockwork.telling import Telling, tell_customer
from honghua.app.filing.monthly import Send, file_all, share_all
from honghua.bureau.api import DeletionReport, FilingDesk, NoticeRow, delete_expired, deliver_files
from honghua.customers import api as customers
from honghua.funding.api import Routing
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

PAGES_MAX: Final = 100_000


def make_filer(
    secrets: Secrets | None, zone: dt.tzinfo, *, routings: Sequence[Routing] = ()
) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Files the closed month, corrects older ones, repairs; what is done is done, so it may be looked at as often as one likes."""

    def file(conn: psycopg.Connection, now: dt.datetime) -> str:
        send = None if secrets is None else make_sender(secrets.vault)
        share_all(conn, routings, now=now)
        done = file_all(conn, now=now, zone=zone, send=send)
        return NOT_BEGUN if done is None else done.tell()

    return file


def make_carrier(desk: FilingDesk | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Hands monthly files to the bureau; without a desk they wait, and it says so."""

    def carry(conn: psycopg.Connection, now: dt.datetime) -> str:
        if desk is None:
            return "no desk of the bureau is attached: files wait"
        done = deliver_files(conn, desk, now=now)
        return (
            f"{done.delivered} files handed over, {done.failed} not; {done.accepted} accepted, {done.rejected} rejected,"
            f" {done.silent} not answered, by {desk.name}"
        )

    return carry


def make_expirer(zone: dt.tzinfo) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Deletes what was filed of adverse items five years after their end."""

    def expire(conn: psycopg.Connection, now: dt.datetime) -> str:
        on, after, gone = now.astimezone(zone).date(), 0, DeletionReport()
        for _ in range(PAGES_MAX):
            report, after = run_unit(conn, partial(delete_expired, on=on, after=after, now=now))
            gone = DeletionReport(**{name: getattr(gone, name) + value for name, value in asdict(report).items()})
            if not after:
                break
        return (
            f"{gone.records} records, {gone.notices} notices, {gone.repairs} repairs, {gone.objections} objections deleted"
            f" of {gone.accounts} accounts"
        )

    return expire


def make_sender(vault: customers.Vault) -> Send:
    """Carries a notice to the person's phone; whoever has none any more (erased, never told us) reads it on their page."""

    def send(conn: psycopg.Connection, notice: NoticeRow, now: dt.datetime) -> None:
        tell_customer(
            conn, vault, Telling(f"bureau_notice:{notice.notice_id}", notice.customer, notice.chinese), now=now
        )

    return send
