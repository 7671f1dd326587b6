"""Live through a table of purchases: open accounts, decide and book each purchase, let customers repay, close every day."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.replay_table import PurchaseTable, TableMap
from honghua.base.dates import from_day
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit.core import commands as c
from honghua.credit.core.terms import ProductTerms
from honghua.credit.eod import close_day
from honghua.ledger import api as ledger
from honghua.store.commands import sum_answers
from honghua.store.database import Database, connect

BATCH: Final = 8_000
LATE_DAYS: Final = (7, 20, 40)  # how late the late ones pay, by customer
BEHAVIOURS: Final = ("full", "minimum", "late", "never")

Progress = Callable[[dt.date, int, int], None]  # day, purchases done, purchases


@dataclass(slots=True)
class Replay:
    """One replay under way."""

    conn: psycopg.Connection
    registry: credit.Registry
    table: PurchaseTable
    table_map: TableMap
    seed: int

    @property
    def prefix(self) -> str:
        """What all idempotency keys of this replay begin with: the same file and map give the same keys."""
        return f"replay:{self.table.digest.hex()[:16]}"

    def execute(self, commands: Iterable[c.Command], day: dt.date) -> None:
        """Book in batches, stamped with the day's end: the file's own times stand in the order."""
        now = dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)
        batch: list[c.Command] = []
        for command in commands:
            batch.append(command)
            if len(batch) == BATCH:
                credit.execute(self.conn, self.registry, batch, now=now)
                batch = []
        if batch:
            credit.execute(self.conn, self.registry, batch, now=now)

    def openings(self, rows: range) -> list[c.OpenAccount]:
        """Accounts for customers who are seen for the first time."""
        new = {ref: None for i in rows if (ref := self.table.customers[i]) not in self.registry.accounts}
        return [c.OpenAccount(key=f"{self.prefix}:open:{ref}", customer=ref, limit_minor=self.table_map.limit_minor) for ref in new]

    def purchases(self, rows: range) -> Iterable[c.Command]:
        """Each row as a purchase that is debt at once."""
        table, prefix = self.table, self.prefix
        amounts = table.amount_minor[rows.start : rows.stop].tolist()
        for i, amount in zip(rows, amounts, strict=True):
            yield c.BuyNow(
                key=f"{prefix}:tx:{table.ids[i]}", customer=table.customers[i], amount_minor=amount, merchant=table.merchants[i],
                order=table.ids[i], category=table.categories[i],
            )  # fmt: skip

    def behaviour(self, customer: str) -> tuple[str, int]:
        """How a customer repays, drawn once by seed and name: (behaviour, days late)."""
        draw = hashlib.sha256(f"{self.seed}:{customer}".encode()).digest()
        place = int.from_bytes(draw[:8], "big") / 2**64
        total = 0.0
        for behaviour in BEHAVIOURS:
            total += self.table_map.repayment.get(behaviour, 0.0)
            if place < total:
                return behaviour, LATE_DAYS[draw[8] % len(LATE_DAYS)]
        return "never", 0

    def repayments(self, today: dt.date) -> list[c.Command]:
        """What customers pay today on bills due today, or due as many days ago as they are late."""
        commands: list[c.Command] = []
        for late in (0, *LATE_DAYS):
            due_on = today - dt.timedelta(days=late)
            for customer, unpaid, minimum in credit.list_bills_due(self.conn, due_on):
                behaviour, days = self.behaviour(customer)
                if (behaviour == "late" and days == late) or (behaviour == "full" and late == 0):
                    amount = unpaid
                elif behaviour == "minimum" and late == 0:
                    amount = minimum
                else:
                    continue
                if amount > 0:
                    key = f"{self.prefix}:repay:{due_on}:{late}:{customer}"
                    commands.append(c.Repay(key=key, customer=customer, amount_minor=amount))
        return commands


def replay_table(
    database: Database, table: PurchaseTable, table_map: TableMap, *, source: str, seed: int, progress: Progress | None = None,
    terms: ProductTerms | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Live through the whole table, or through what is left of it; returns the figures of `honghua replay`.

    Resumes where an earlier run of the same file and map stopped; a finished one changes nothing. Raises Conflict when the book
    has gone beyond the file's first day with other business.
    """
    started = time.perf_counter()
    with connect(database) as conn:
        registry = credit.open_registry(conn, terms=terms)
        days = np.unique(table.day)
        first, last = from_day(int(days[0])), from_day(int(days[-1]))
        state = credit.find_replay(conn, table.digest)
        today = credit.start_book(conn, day=first)
        if state is None and today > first:
            raise Conflict(f"this book stands at {today}, the file begins on {first}: use --fresh or another database", code="BOOK_AHEAD")
        replay = Replay(conn, registry, table, table_map, seed)
        settings_json = json.dumps({"seed": seed, "map": repr(table_map)}, ensure_ascii=False)
        while today <= last and not (state and state[1]):
            rows = day_rows(table.day, today)
            replay.registry.learn_accounts(conn, {table.customers[i] for i in rows})
            replay.execute(replay.openings(rows), today)
            replay.execute(replay.purchases(rows), today)
            replay.execute(replay.repayments(today), today)
            credit.save_replay(conn, table.digest, source=source, settings_json=settings_json, day=today, finished=today == last)
            close_day(database)
            if progress is not None:
                progress(today, rows.stop, len(table))
            today += dt.timedelta(days=1)
        return figures(conn, replay, time.perf_counter() - started)


def day_rows(days: NDArray[np.int64], today: dt.date) -> range:
    """Rows of one business day: the table is in time order."""
    day = (today - dt.date(1970, 1, 1)).days
    return range(int(np.searchsorted(days, day, "left")), int(np.searchsorted(days, day, "right")))


def figures(conn: psycopg.Connection, replay: Replay, seconds: float) -> dict[str, Any]:
    """What the replay brought, counted from the stored answers and the journal."""
    outcomes, amount = sum_answers(conn, f"{replay.prefix}:tx:", "amount_minor")
    _, repaid = sum_answers(conn, f"{replay.prefix}:repay:", "repaid_minor")
    entries, lines = ledger.count_entries(conn)
    trial = ledger.trial_balance(conn, currency=replay.table_map.currency)
    return {
        "purchases": sum(outcomes.values()), "approved": outcomes.get("approved", 0), "refused": outcomes.get("refused", 0),
        "stepped_up": outcomes.get("stepped_up", 0), "reviewed": outcomes.get("reviewed", 0), "amount_minor": amount,
        "statements": credit.count_statements(conn), "repayments_minor": repaid, "entries": entries, "lines": lines,
        "trial_balance_minor": sum(trial.values()), "purchases_per_s": round(len(replay.table) / seconds) if seconds else 0,
        "days_closed": credit.count_closed_days(conn), "business_on": credit.get_business_day(conn).isoformat(),
        "currency": replay.table_map.currency, "digest": replay.table.digest.hex()[:16],
    }  # fmt: skip
