"""Live through a table of purchases: open accounts, decide and book each purchase, let customers repay, close days."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.replay_risk import Name, RiskReplay, begin_risk
from honghua.app.replay_table import PurchaseTable
from honghua.base.clock import DAY_US, from_micros, to_micros
from honghua.base.dates import from_day, to_day
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.jobs import close_day, close_until
from honghua.ledger import api as ledger
from honghua.ledger.jobs import seal_all
from honghua.store.commands import sum_answers
from honghua.store.database import Database, connect

BATCH: Final = 8_000
LATE_DAYS: Final = (7, 20, 40)  # how late the late ones pay, by customer
BEHAVIOURS: Final = ("full", "minimum", "late", "never")
TURN_TRIES: Final = 50
TURN_WAIT_SECONDS: Final = 0.2
ONE_DAY: Final = dt.timedelta(days=1)

Progress = Callable[[dt.date, int, int], None]  # day, purchases done, purchases


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on beside a replay: told after every day, and the folder for snapshots of the risk engine (None = none are written)."""

    progress: Progress | None = None
    snapshots: Path | None = None


@dataclass(slots=True)
class Replay:
    """One replay under way. `booked` counts the purchases answered by this run, not those answered before it."""

    conn: psycopg.Connection
    registry: credit.Registry
    table: PurchaseTable
    table_map: TableMap
    seed: int
    booked: int = 0
    risk: RiskReplay | None = None

    @property
    def prefix(self) -> str:
        """What all idempotency keys of this replay begin with: the same file and map give the same keys."""
        return f"replay:{self.table.digest.hex()[:16]}"

    def live(self, today: dt.date) -> int:
        """Everything that happens on one day, as far as it has not happened yet; returns the rows done so far."""
        rows = day_rows(self.table.day, today)
        self.registry.learn_accounts(self.conn, {self.table.customers[i] for i in rows})
        self.execute(self.openings(rows), today)
        if self.risk is not None:
            end_us = to_micros(self.day_end(today))
            self.execute(self.risk.reports(end_us - DAY_US, end_us), today)
            self.risk.refit(self.conn, to_day(today), end_us - DAY_US)
        self.booked += self.buy(rows, today)
        self.execute(self.repayments(today), today)
        return rows.stop

    def day_end(self, day: dt.date) -> dt.datetime:
        """The last second of a day in the file's zone: no event of the day lies after it."""
        zone = ZoneInfo(self.table_map.timezone)
        return dt.datetime.combine(day, dt.time(23, 59, 59, 999_999), zone).astimezone(dt.UTC)

    def buy(self, rows: range, day: dt.date) -> int:
        """The day's purchases in batches; returns how many were new."""
        new = 0
        for start in range(rows.start, rows.stop, BATCH):
            part = range(start, min(start + BATCH, rows.stop))
            answers = credit.execute(self.conn, self.registry, list(self.purchases(part)), now=self.day_end(day))
            if self.risk is not None:
                self.risk.learn_answers(part, answers)
            new += sum("repeated" not in answer for answer in answers)
        return new

    def execute(self, commands: Iterable[c.Command], day: dt.date) -> int:
        """Book in batches, stamped with the day's end. Returns how many were new."""
        now = self.day_end(day)
        new = 0
        batch: list[c.Command] = []
        for command in commands:
            batch.append(command)
            if len(batch) == BATCH:
                new += self.execute_batch(batch, now)
                batch = []
        return new + self.execute_batch(batch, now)

    def execute_batch(self, batch: list[c.Command], now: dt.datetime) -> int:
        """One transaction; returns how many commands were new."""
        answers = credit.execute(self.conn, self.registry, batch, now=now) if batch else []
        return sum("repeated" not in answer for answer in answers)

    def openings(self, rows: range) -> list[c.OpenAccount]:
        """Accounts for customers who are seen for the first time."""
        new = {ref: None for i in rows if (ref := self.table.customers[i]) not in self.registry.accounts}
        limit_minor = self.table_map.limit_minor
        return [c.OpenAccount(key=f"{self.prefix}:open:{ref}", customer=ref, limit_minor=limit_minor) for ref in new]

    def purchases(self, rows: range) -> Iterable[c.Command]:
        """Each row as a purchase that is debt at once."""
        table, prefix = self.table, self.prefix
        amounts = table.amount_minor[rows.start : rows.stop].tolist()
        times = table.at_us[rows.start : rows.stop].tolist()
        scenes = table.scenes
        for i, amount, at_us in zip(rows, amounts, times, strict=True):
            yield c.BuyNow(
                key=f"{prefix}:tx:{table.ids[i]}", customer=table.customers[i], amount_minor=amount,
                merchant=table.merchants[i], order=table.ids[i], category=table.categories[i], happened_at=from_micros(at_us),
                scene=c.Scene(**{name: texts[i] for name, texts in scenes.items()}) if scenes else None,
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
    database: Database,
    table: PurchaseTable,
    table_map: TableMap,
    *,
    source: str,
    seed: int,
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Live through the whole table, or through what is left of it; returns the figures of `honghua replay`.

    Resumes where an earlier run of the same file and map stopped, also in mid day or mid closing; a finished one
    changes nothing. Raises Conflict when the book holds other business that the file does not fit into.
    """
    beside = beside or Beside()
    with connect(database) as conn:
        replay = Replay(conn, open_registry(conn, table_map), table, table_map, seed)
        settings_json = json.dumps({"seed": seed, "map": repr(table_map)}, ensure_ascii=False)
        last = from_day(int(table.day[-1]))
        today, finished = begin(database, replay)
        if table.labels is not None and not finished:
            replay.risk = begin_risk(
                conn, replay.registry, table, table_map, Name(replay.prefix, seed), folder=beside.snapshots
            )
            if today > from_day(int(table.day[0])):
                replay.risk.resume(conn)

        def save(day: dt.date, *, finished: bool) -> None:
            credit.save_replay(
                conn, table.digest, source=source, settings_json=settings_json, day=day, finished=finished
            )

        started = time.perf_counter()
        while today <= last and not finished:
            done = replay.live(today)
            save(today, finished=False)
            close_day(database, day=today)
            if beside.progress is not None:
                beside.progress(today, done, len(table))
            today += ONE_DAY
        seconds = time.perf_counter() - started
        if not finished:
            save(last, finished=True)
            if replay.risk is not None:
                replay.risk.desk.snapshot()
        seal_all(conn)
        found = figures(conn, replay, seconds)
        if replay.risk is not None:
            found |= replay.risk.figures()
            deciding = seconds - found["refit_seconds"]
            found["purchases_per_s_between_refits"] = round(replay.booked / deciding) if deciding > 0 else 0
        return found


def open_registry(conn: psycopg.Connection, table_map: TableMap) -> credit.Registry:
    """The book's terms, the defaults in the map's currency for a new book; Conflict for a book in another currency."""
    registry = credit.open_registry(conn, currency=table_map.currency)
    kept = registry.newest_terms.currency
    if kept != table_map.currency:
        text = f"this book is kept in {kept}, the map says {table_map.currency}: use --fresh or another database"
        raise Conflict(text, code="BOOK_CURRENCY")
    return registry


def begin(database: Database, replay: Replay) -> tuple[dt.date, bool]:
    """Where to go on: (the first day not yet closed, whether all is done). Finishes a closing that was interrupted."""
    conn, table = replay.conn, replay.table
    wait_for_turn(conn)
    first = from_day(int(table.day[0]))
    state = credit.find_replay(conn, table.digest)
    today = credit.start_book(conn, day=first)
    elsewhere = "use --fresh or another database"
    if state is None:
        if today > first:
            text = f"this book stands at {today}, the file begins on {first}: {elsewhere}"
            raise Conflict(text, code="BOOK_AHEAD")
    else:
        day, finished, seed = state
        if seed != replay.seed:
            text = f"this replay was begun with --seed {seed}: go on with that, or {elsewhere}"
            raise Conflict(text, code="REPLAY_SEED")
        if finished:
            return today, True
        if day is not None and not day <= today <= day + ONE_DAY:
            text = f"the replay stopped on {day}, but days were closed since: this book stands at {today}; {elsewhere}"
            raise Conflict(text, code="BOOK_AHEAD")
    close_until(database, today)  # a day left half closed; today itself stays open
    return today, False


def wait_for_turn(conn: psycopg.Connection) -> None:
    """Only one replays a book at a time. One just killed is waited for: the server may not have noticed yet."""
    for _ in range(TURN_TRIES):
        if credit.try_lock_replay(conn):
            return
        time.sleep(TURN_WAIT_SECONDS)
    raise Conflict("another replay is at work in this book", code="REPLAY_RUNNING")


def day_rows(days: NDArray[np.int64], today: dt.date) -> range:
    """Rows of one business day: the table is in time order."""
    day = to_day(today)
    return range(int(np.searchsorted(days, day, "left")), int(np.searchsorted(days, day, "right")))


def figures(conn: psycopg.Connection, replay: Replay, seconds: float) -> dict[str, Any]:
    """What the replay brought, counted from stored answers and journal; `purchases_per_s` is of this run alone."""
    outcomes, amount = sum_answers(conn, f"{replay.prefix}:tx:", "amount_minor")
    _, repaid = sum_answers(conn, f"{replay.prefix}:repay:", "repaid_minor")
    entries, lines = ledger.count_entries(conn)
    trial = ledger.trial_balance(conn, currency=replay.table_map.currency)
    return {
        "purchases": sum(outcomes.values()), "approved": outcomes.get("approved", 0),
        "refused": outcomes.get("refused", 0), "stepped_up": outcomes.get("step_up", 0),
        "reviewed": outcomes.get("review", 0), "delayed": outcomes.get("delayed", 0), "amount_minor": amount,
        "statements": credit.count_statements(conn), "repayments_minor": repaid, "entries": entries, "lines": lines,
        "trial_balance_minor": sum(trial.values()), "purchases_per_s": round(replay.booked / seconds) if seconds else 0,
        "days_closed": credit.count_closed_days(conn), "business_on": credit.get_business_day(conn).isoformat(),
        "currency": replay.table_map.currency, "digest": replay.table.digest.hex()[:16],
    }  # fmt: skip
