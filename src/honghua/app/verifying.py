"""Recompute all that must hold, in one snapshot of the database, while others go on working: what `honghua verify` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from honghua.agents.invariants import check_agents
from honghua.app.filing.positions import read_positions
from honghua.base.checks import Check, check_of
from honghua.base.errors import HonghuaError
from honghua.bureau.invariants import check_bureau
from honghua.credit.invariants import check_credit, read_today
from honghua.customers.invariants import check_customers
from honghua.decision.invariants import check_decisions
from honghua.funding.invariants import check_funding
from honghua.lab.invariants import check_lab
from honghua.ledger.invariants import check_dates_in_order, check_ledger
from honghua.limits.invariants import check_limits
from honghua.merchants.invariants import check_merchants
from honghua.models.invariants import check_models
from honghua.store.database import Database, connect
from honghua.store.invariants import check_store
from honghua.web.invariants import check_web

AccountsDone = Callable[[int, int], None]


def verify(database: Database, *, accounts_done: AccountsDone | None = None) -> tuple[Check, ...]:
    """Every invariant of every room at one moment: one read-only REPEATABLE READ transaction, which blocks nobody."""
    with connect(database) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        with conn.transaction():
            return check_all(conn, accounts_done=accounts_done)


def check_all(conn: psycopg.Connection, *, accounts_done: AccountsDone | None = None) -> tuple[Check, ...]:
    """The same inside a transaction of the caller's, on what that one sees."""
    return (
        *_look(conn, "ledger", check_ledger),
        *_look(conn, "ledger", lambda c: (check_dates_in_order(c, today=read_today(c)),)),
        *_look(conn, "store", check_store),
        *_look(conn, "decision", check_decisions),
        *_look(conn, "models", check_models),
        *_look(conn, "credit", lambda c: check_credit(c, progress=accounts_done)),
        *_look(conn, "merchants", check_merchants),
        *_look(conn, "customers", check_customers),
        *_look(conn, "web", check_web),
        *_look(conn, "funding", check_funding),
        *_look(conn, "limits", check_limits),
        *_look(conn, "bureau", lambda c: check_bureau(c, read_positions=read_positions)),
        *_look(conn, "agents", check_agents),
        *_look(conn, "lab", check_lab),
    )


def sum_up(checks: Sequence[Check]) -> dict[str, Any]:
    """What `--json` says of them."""
    return {
        "ok": all(check.ok for check in checks),
        "checked": {check.name: check.checked for check in checks},
        "broken": [{"name": check.name, "ids": list(check.broken)} for check in checks if not check.ok],
    }


def _look(
    conn: psycopg.Connection, room: str, look: Callable[[psycopg.Connection], Sequence[Check]]
) -> Sequence[Check]:
    """A room's checks; rows so broken that they cannot even be read are one more offence, not the end of the audit."""
    try:
        with conn.transaction():
            return look(conn)
    except (HonghuaError, psycopg.DataError, psycopg.ProgrammingError) as error:
        return (check_of(f"{room}.readable", 0, [str(error).strip().splitlines()[0]]),)


__all__ = ["AccountsDone", "check_all", "sum_up", "verify"]
