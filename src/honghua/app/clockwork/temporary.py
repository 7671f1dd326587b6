"""The job that offers approved temporary limits piece by piece, each customer looked at again when the turn comes (R-031, R-037)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import STATUS_ACTIVE, STATUS_WORDS
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.limits import api as limits
from honghua.limits.core import Moment
from honghua.limits.response import api as response
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

PIECES_MAX: Final = 4  # of one batch in one run: the next run goes on
NO_KEYS: Final = "no keys are attached: who is suitable cannot be seen, nothing is offered"


def make_offerer(secrets: Secrets | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job."""

    def offer(conn: psycopg.Connection, now: dt.datetime) -> str:
        today = find_day(conn)
        if today is None:
            return NOT_BEGUN
        begun = run_unit(conn, lambda c: response.list_begun(c, on=today))
        if not begun:
            return "nothing to offer"
        if secrets is None:
            return NO_KEYS
        registry, vault = credit.open_registry(conn), secrets.vault
        digest = run_unit(conn, lambda c: limits.get_rulebook(c, on=today)).digest.hex()
        made = left = 0

        def check(c: psycopg.Connection, wanted: Sequence[tuple[str, int]]) -> dict[str, str]:
            return check_turns(c, registry, vault, wanted, on=today)

        for number in begun:
            for _ in range(PIECES_MAX):
                at = Moment(on=today, now=now)
                piece = run_unit(
                    conn,
                    lambda c, number=number, at=at: response.offer_piece(c, number, check, rulebook=digest, at=at),  # type: ignore[misc]
                )
                made, left = made + piece[0], left + piece[1]
                if not sum(piece):
                    break
        return f"{made} temporary limits offered, {left} customers left out"

    return offer


def check_turns(
    conn: psycopg.Connection, registry: credit.Registry, vault: customers.Vault, wanted: Sequence[tuple[str, int]], *, on: dt.date
) -> dict[str, str]:  # fmt: skip
    """Customer → "" or the code of what speaks against an offer of so many minor units today."""
    names = [name for name, _ in wanted]
    consented = customers.list_consented(conn, names, ConsentKind.MARKETING)
    ceilings = limits.find_ceilings(conn, names)
    found = {}
    for name, amount in wanted:
        if name not in consented:
            found[name] = "NO_CONSENT"
        elif name not in ceilings:
            found[name] = "NO_CEILING"
        else:
            found[name] = _check_account(conn, registry, name, amount, ceilings[name][0]) or _check_person(
                conn, vault, name, on
            )
    return found


def _check_account(conn: psycopg.Connection, registry: credit.Registry, name: str, amount: int, ceiling: int) -> str:
    view = credit.find_account_view(conn, registry, name)
    if view is None or view.quarantined or view.status != STATUS_WORDS[STATUS_ACTIVE]:
        return "ACCOUNT_NOT_IN_ORDER"
    if view.days_past_due:
        return "OVERDUE"
    if view.limit.temporary_minor:
        return "HAS_TEMPORARY"
    return "BEYOND_CEILING" if view.limit.fixed_minor + amount > ceiling else ""


def _check_person(conn: psycopg.Connection, vault: customers.Vault, name: str, on: dt.date) -> str:
    try:
        codes = customers.find_unsuited(conn, vault, name, on=on)
    except NotFound:
        return "NOT_REGISTERED"
    return codes[0] if codes else ""


__all__ = ["check_turns", "make_offerer"]
