"""Jobs about evidence that customers brought: decide on what nobody decided on, book what decisions led to, ask silent sources again,
erase what is over and decide anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.credit import api as credit
from honghua.credit.materials import api as evidence
from honghua.customers.core import MaterialState
from honghua.customers.materials import api as materials
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets

Work = Callable[[psycopg.Connection, dt.datetime], str]
AT_ONCE: Final = 100
GIVEN_UP_AFTER: Final = dt.timedelta(days=7)  # of a source's silence (U); its owner may ask again on their page


def carry_out(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Cut what stands above a ceiling that evidence, or its end, has moved."""
    if find_day(conn) is None:
        return NOT_BEGUN
    done = evidence.carry_out(conn, credit.open_registry(conn), now=now, limit=AT_ONCE)
    return f"{done} decisions by evidence carried out"


def make_decider(secrets: Secrets | None) -> Work:
    """The job that decides on evidence whose taker died before deciding."""

    def decide(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None:
            return "no keys: evidence is not looked at"
        if find_day(conn) is None:
            return NOT_BEGUN
        registry = run_unit(conn, credit.open_registry)
        done = evidence.decide_missed(conn, secrets.vault, registry, now=now)
        return f"{done} pieces decided on that had been left"

    return decide


def make_ender(secrets: Secrets | None, source: materials.MaterialSource | None) -> Work:
    """The job that ends evidence whose last day is over, and asks sources again that were silent."""

    def end(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None:
            return "no keys: evidence is not looked at"
        if find_day(conn) is None:
            return NOT_BEGUN
        registry = run_unit(conn, credit.open_registry)
        over = run_unit(conn, lambda c: materials.list_over(c, on=now.date(), limit=AT_ONCE))
        for number in over:
            run_unit(conn, lambda c, number=number: _end(c, registry, secrets, number, now))  # type: ignore[misc]
        waiting = (
            run_unit(conn, lambda c: materials.list_waiting(c, since=now - GIVEN_UP_AFTER, limit=AT_ONCE))
            if source is not None
            else []
        )
        came = 0
        for row in waiting:
            assert source is not None, "without one nothing is awaited"
            got = materials.ask_again(conn, secrets.vault, source, row, now=now)
            if got.state == MaterialState.IN_FORCE:
                run_unit(conn, lambda c, got=got: _begin(c, registry, secrets, got, now))  # type: ignore[misc]
                came += 1
        return f"{len(over)} pieces ended, {came} of {len(waiting)} awaited came"

    return end


def _begin(
    conn: psycopg.Connection, registry: credit.Registry, secrets: Secrets, row: materials.MaterialRow, now: dt.datetime
) -> None:
    """Decide with a piece that came after all."""
    evidence.decide(conn, secrets.vault, registry, row.customer, key=evidence.name_brought(row.material_id), now=now)


def _end(conn: psycopg.Connection, registry: credit.Registry, secrets: Secrets, number: int, now: dt.datetime) -> None:
    """Erase one piece, and decide without it, in one transaction."""
    customer = materials.expire(conn, number, on=now.date(), now=now)
    if customer:
        evidence.decide(conn, secrets.vault, registry, customer, key=f"expired:{number}", now=now)


__all__ = ["carry_out", "make_decider", "make_ender"]
