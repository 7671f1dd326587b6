"""The job that files with the credit bureau."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN
from honghua.app.filing.monthly import Send, file_all
from honghua.base.errors import BadInput, NotFound
from honghua.bureau.api import NoticeRow
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import Message, wish_message

ACCESS: Final = customers.Access("job bureau", customers.Purpose.MESSAGE)


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
        try:
            phone = customers.reveal(conn, vault, notice.customer, [Field.PHONE], ACCESS, now=now).get(Field.PHONE)
        except (BadInput, NotFound):
            return
        if phone:
            message = Message(f"bureau_notice:{notice.notice_id}", phone, notice.chinese)
            shown = customers.show_masked(conn, vault, notice.customer).get(Field.PHONE, "")
            wish_message(conn, vault, message, shown, now=now)

    return send
