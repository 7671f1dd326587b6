"""The job about payments by hand: ask the gateway about those that it says nothing of, book those that are paid and not booked yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.credit import api as credit
from honghua.credit.core import Command
from honghua.web.payments.book import ask_about, book_paid
from honghua.web.payments.gateway import PaymentGateway


def make_booker(gateway: PaymentGateway | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Books what is paid; notices that were lost are asked for where a gateway is attached."""

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        if find_day(conn) is None:
            return NOT_BEGUN
        told, silent = (0, 0) if gateway is None else ask_about(conn, gateway, now=now)
        registry = credit.open_registry(conn)

        def execute(command: Command) -> dict[str, Any]:
            return credit.execute(conn, registry, [command], now=now)[0]

        booked = book_paid(conn, execute, now=now)
        return f"{told} asked about, {silent} without an answer, {booked} booked"

    return follow


__all__ = ["make_booker"]
