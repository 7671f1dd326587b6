"""Jobs about contracts: write down the steps that the books took, and look at every signed contract once a business day."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.decision import api as decision
from honghua.store.database import run_unit

NAMED_MAX = 5


def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Steps 6, 8, 9 and 12 from the books; people hear of what the books did and a contract's machine forbids."""
    if find_day(conn) is None:
        return NOT_BEGUN
    done = journey.follow_books(conn, credit.open_registry(conn), now=now)
    if done.forbidden:
        said = ", ".join(f"{count} {code}" for code, count in sorted(done.forbidden.items()))
        _alert(
            conn,
            "contracts",
            f"steps:{now.isoformat()}",
            f"the books went on without the contract's steps: {said}",
            done.contracts,
            now,
        )
    rows = ", ".join(f"{count} {step.name.lower()}" for step, count in sorted(done.written.items())) or "none"
    return f"{done.facts} facts; steps written: {rows}; {done.forbidden.total()} that may not stand there"


def follow_payouts(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Step 7, where the bank's statement confirms that the shop has its money."""
    if find_day(conn) is None:
        return NOT_BEGUN
    done = journey.follow_payouts(conn, credit.open_registry(conn), now=now)
    return f"{done.written.total()} purchases whose shop is paid; {done.forbidden.total()} that may not stand there"


def watch(conn: psycopg.Connection, now: dt.datetime) -> str:
    """Step 10 of signed contracts; people hear how many came to be late or watched."""
    if find_day(conn) is None:
        return NOT_BEGUN
    done = journey.watch_contracts(conn, credit.open_registry(conn), now=now)
    if done.late or done.watched:
        said = f"{len(done.late)} contracts came to be in arrears, {len(done.watched)} to be watched"
        _alert(conn, "monitoring", f"watch:{done.on}:{now.isoformat()}", said, [*done.late, *done.watched], now)
    return f"{done.looked} contracts looked at on {done.on}, {done.changed} found otherwise than before"


def _alert(conn: psycopg.Connection, subject: str, key: str, said: str, contracts: list[int], now: dt.datetime) -> None:
    named = ", ".join(str(number) for number in contracts[:NAMED_MAX])
    sentence = f"{said} (contract {named}{', …' if len(contracts) > NAMED_MAX else ''})"
    run_unit(conn, lambda c: decision.raise_alert(c, decision.Told("contracts", key, subject, sentence, now), now=now))
