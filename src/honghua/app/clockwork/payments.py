"""The job about payments by hand: ask the gateway about those that it says nothing of, book those that are paid and not booked yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.sweeping import take_all
from honghua.credit import api as credit
from honghua.credit.core import Command
from honghua.web.payments.book import AT_ONCE, ask_about, book_paid
from honghua.web.payments.gateway import PaymentGateway


def make_booker(gateway: PaymentGateway | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Books what is paid; notices that were lost are asked for where a gateway is attached."""

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        if find_day(conn) is None:
            return NOT_BEGUN
        told, silent = (0, 0) if gateway is None else ask_all(conn, gateway, now=now)
        registry = credit.open_registry(conn)
        booked = 0

        def execute(command: Command) -> dict[str, Any]:
            return credit.execute(conn, registry, [command], now=now)[0]

        def take() -> int:
            nonlocal booked
            looked, done = book_paid(conn, execute, now=now)
            booked += done
            return looked

        take_all(take, at_once=AT_ONCE)
        return f"{told} asked about, {silent} without an answer, {booked} booked"

    return follow


def ask_all(conn: psycopg.Connection, gateway: PaymentGateway, *, now: dt.datetime) -> tuple[int, int]:
    """Ask about every payment that is due, piece by piece; a piece to which nothing was answered is the last: (told of, silent)."""
    told = silent = 0

    def take() -> int:
        nonlocal told, silent
        found, without = ask_about(conn, gateway, now=now)
        told, silent = told + found, silent + without
        return found + without if found else 0

    take_all(take, at_once=AT_ONCE)
    return told, silent


__all__ = ["make_booker"]
