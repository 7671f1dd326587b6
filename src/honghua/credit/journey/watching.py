"""Step 10 for every signed contract, each business day: who slides towards arrears, and who is in them (R-057).

A row is written when what was found differs from what the last look found, so that a stream tells when things changed and not how often
somebody looked. People are told how many came to be watched or late.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import NotFound
from honghua.credit import store as books_store
from honghua.credit.core.journey import WATCH_RULES, Step, WatchRules, judge_watch
from honghua.credit.core.journey.monitoring import ARREARS, WATCH
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done
from honghua.credit.journey.books import look_at
from honghua.credit.journey.hooks.servicing import MonitoringHook
from honghua.credit.journey.taking import Cleared, StepRefusal, Taking, look_at_step, record_step
from honghua.credit.limiting.store import read_place, write_place
from honghua.credit.registry import Registry
from honghua.credit.viewing.reading import load_current
from honghua.customers import api as customers
from honghua.store.database import run_unit

FEED: Final = "journey.watch"  # its place: (business day, account)
ACCOUNTS_AT_ONCE: Final = 500
PAGES_AT_ONCE: Final = 4  # a pass takes turns with other jobs: a large book is looked at in many
LAST: Final = 2**62


@dataclass(slots=True)
class Watched:
    """What a pass over a business day saw. changed: contracts whose finding or signals are others; by new finding, contracts by number."""

    on: dt.date
    looked: int = 0
    changed: int = 0
    late: list[int] = field(default_factory=list)
    watched: list[int] = field(default_factory=list)


def watch_contracts(
    conn: psycopg.Connection, registry: Registry, *, now: dt.datetime, rules: WatchRules = WATCH_RULES
) -> Watched:
    """Look at signed contracts on the business date, each once, some pages a pass; the next goes on behind. Transactions of its own."""
    on = books_store.get_business_day(conn)
    told, day = Watched(on), to_day(on)
    seen_day, after = read_place(conn, FEED)
    after = after if seen_day == day else 0
    for _ in range(PAGES_AT_ONCE):
        if after >= LAST:
            break
        page = store.list_signed(conn, after=after, limit=ACCOUNTS_AT_ONCE)
        if page:
            _watch_page(conn, registry, told, page, rules, now)
        after = page[-1][0] if len(page) == ACCOUNTS_AT_ONCE else LAST
        _go_on(conn, (day, after))
    return told


def _watch_page(
    conn: psycopg.Connection, registry: Registry, told: Watched, page: list[tuple[int, int, str]], rules: WatchRules, now: dt.datetime
) -> None:  # fmt: skip
    accounts = load_current(conn, registry, np.array([account for account, _, _ in page], np.int64))
    told.looked += len(page)
    for account, (_, contract_id, before) in zip(accounts, page, strict=True):
        contract = store.find_contract(conn, contract_id)
        assert contract is not None, "its signature is a row of it"
        looked = look_at(conn, account, shares_identity=_shares(conn, contract.customer))
        finding, signals = judge_watch(looked, rules=rules)
        if before == f"{finding} {list_as_json(signals)}":
            continue
        decided = {
            "finding": finding, "signals": list(signals), "days_past_due": looked.days_past_due, "used_minor": looked.used_minor,
            "limit_minor": looked.limit_minor, "followed": True,
        }  # fmt: skip
        taking = Taking(
            contract_id=contract_id, step=Step.MONITORING, key=f"watch:{told.on}", subject=told.on.isoformat()
        )
        if not _write(conn, taking, Done(decided=decided, finding=finding, account_id=account.account_id), now):
            continue
        told.changed += 1
        if not before.startswith(finding):
            (told.late if finding == ARREARS else told.watched if finding == WATCH else []).append(contract_id)


def _shares(conn: psycopg.Connection, customer: str) -> bool:
    """Whether somebody shares more than may be; of whom nothing is kept any more nothing is shared."""
    try:
        return bool(customers.list_shared(conn, customer))
    except NotFound:
        return False


def _go_on(conn: psycopg.Connection, place: tuple[int, int]) -> None:
    run_unit(conn, lambda c: write_place(c, FEED, place))


def list_as_json(signals: tuple[str, ...]) -> str:
    """Signals as PostgreSQL writes a list of them: `["A", "B"]`."""
    return ", ".join(msgspec.json.encode(signal).decode() for signal in signals).join("[]")


def _write(conn: psycopg.Connection, taking: Taking, done: Done, now: dt.datetime) -> bool:
    """Whether the row stands. It does not where the contract waits for a person: what stops it is told elsewhere."""

    def write(c: psycopg.Connection) -> bool:
        looked = look_at_step(c, MonitoringHook(), taking, now=now, business_on=books_store.get_business_day(c))
        taken = record_step(c, MonitoringHook(), taking, looked, done) if isinstance(looked, Cleared) else looked
        return not isinstance(taken, StepRefusal)

    return run_unit(conn, write)


__all__ = ["FEED", "Watched", "watch_contracts"]
