"""The acquirer that the process was given, and its till over the site's connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from fastapi import Request

from honghua.store.database import run_unit
from honghua.web.cards.paying import CardTill
from honghua.web.cards.port import CardAcquirer
from honghua.web.ground import site_of
from honghua.web.problems import Trouble

T = TypeVar("T")


def find_acquirer(request: Request) -> CardAcquirer | None:
    """The bank that acquires card payments, if the operator has plugged one in."""
    acquirer: CardAcquirer | None = getattr(request.app.state, "cards", None)
    return acquirer


def get_till(request: Request) -> CardTill:
    """Where cards are taken; Trouble CARDS_MISSING where no acquirer is plugged in. It blocks: call it in a thread."""
    acquirer, site = find_acquirer(request), site_of(request)
    if acquirer is None:
        raise Trouble("CARDS_MISSING", "no acquirer of bank cards is connected")

    def unit(work: Callable[[psycopg.Connection], T], /) -> T:
        with site.pool.connection() as conn:
            return run_unit(conn, work)

    return CardTill(acquirer=acquirer, unit=unit, now=site.clock.now, address=site.address)


__all__ = ["find_acquirer", "get_till"]
