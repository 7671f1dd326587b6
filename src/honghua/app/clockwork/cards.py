"""The job about card payments: ask the acquirer about every payment, refund and dispute whose end is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import psycopg

from honghua.app.clockwork.sweeping import take_all
from honghua.store.database import run_unit
from honghua.web.cards.paying import AT_ONCE, CardTill
from honghua.web.cards.port import CardAcquirer

T = TypeVar("T")


def make_follower(acquirer: CardAcquirer | None, address: str) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Asks, piece by piece; what stays open is due again later, so that pieces come to an end."""

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        if acquirer is None:
            return "no acquirer is connected"

        def unit(work: Callable[[psycopg.Connection], T], /) -> T:
            return run_unit(conn, work)

        till = CardTill(acquirer=acquirer, unit=unit, now=lambda: now, address=address)
        looked = still = 0

        def take() -> int:
            nonlocal looked, still
            found, left = till.follow_up()
            looked, still = looked + found, still + left
            return found

        take_all(take, at_once=AT_ONCE)
        return f"{looked} asked about, {still} still open"

    return follow


__all__ = ["make_follower"]
