"""The job that files with the credit bureau."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN
from honghua.app.clockwork.telling import Telling, tell_customer
from honghua.app.filing.monthly import Send, file_all
from honghua.bureau.api import NoticeRow
from honghua.customers import api as customers
from honghua.web.keyring import Secrets


def make_filer(secrets: Secrets | None, zone: dt.tzinfo) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Files the closed month, corrects older ones, repairs; what is done is done, so it may be looked at as often as one likes."""

    def file(conn: psycopg.Connection, now: dt.datetime) -> str:
        send = None if secrets is None else make_sender(secrets.vault)
        done = file_all(conn, now=now, zone=zone, send=send)
        return NOT_BEGUN if done is None else done.tell()

    return file


def make_sender(vault: customers.Vault) -> Send:
    """Carries a notice to the person's phone; whoever has none any more (erased, never told us) reads it on their page."""

    def send(conn: psycopg.Connection, notice: NoticeRow, now: dt.datetime) -> None:
        tell_customer(
            conn, vault, Telling(f"bureau_notice:{notice.notice_id}", notice.customer, notice.chinese), now=now
        )

    return send
