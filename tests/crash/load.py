"""A program under load, to be killed at any moment: `python -m tests.crash.load STATE_DIR JOURNAL SEED`.

Before a batch of commands goes out it is written to the journal file ("sent"), and what came back after the commit
too ("acked"), each line flushed to the disk. A batch that was sent and not acked is sent again under the same keys, by
this process or by the one that comes after it, as a careful caller does. Between batches it closes days and seals the
journal. SIGTERM: leave after the batch.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from honghua.base.errors import HonghuaError
from honghua.credit import store as credit_store
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.core import commands as c
from honghua.credit.eod import close_day
from honghua.ledger import api as ledger
from honghua.store.database import Database, connect, open_database
from honghua.store.settings import StoreSettings

FIRST_DAY = dt.date(2026, 1, 5)
CUSTOMERS = 24
BATCH_MAX = 10
KNOWN_MAX = 400  # purchases and facts remembered for later captures, refunds and reversals


class Journal:
    """What was sent and what was answered, on disk before the next step is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_bytes() if path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self.file, len(whole))
        os.lseek(self.file, 0, os.SEEK_END)

    def write(self, **line: Any) -> None:
        text = json.dumps(line, default=str).encode() + b"\n"
        self.lines.append(json.loads(text))  # as whoever comes after will read it
        os.write(self.file, text)
        os.fsync(self.file)

    def find_unanswered(self) -> list[c.Command]:
        """The batch that was sent last, when no answer to it is known."""
        if not self.lines or "sent" not in self.lines[-1]:
            return []
        return [revive(name, values) for name, values in self.lines[-1]["sent"]]

    def answers(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """(command's name, its values, its answer) of everything acked."""
        sent: list[Any] = []
        for line in self.lines:
            if "sent" in line:
                sent = line["sent"]
            else:
                yield from ((name, values, answer) for (name, values), answer in zip(sent, line["acked"], strict=True))


def revive(name: str, values: dict[str, Any]) -> c.Command:
    """A command from its journal line."""
    values = dict(values)
    if values.get("on"):
        values["on"] = dt.date.fromisoformat(values["on"])
    if values.get("instalments"):
        values["instalments"] = c.Instalments(**values["instalments"])
    command: c.Command = getattr(c, name)(**values)
    return command


class Caller:
    """Thinks of commands: a mix of everything that moves money, on what it knows of earlier answers."""

    def __init__(self, journal: Journal, rng: np.random.Generator) -> None:
        self.journal, self.rng = journal, rng
        self.purchases: list[tuple[str, int, int]] = []
        self.facts: list[tuple[str, int]] = []
        self.count = sum(len(line["sent"]) for line in journal.lines if "sent" in line)
        for name, values, answer in journal.answers():
            self.learn(name, values, answer)

    def learn(self, name: str, values: dict[str, Any], answer: dict[str, Any]) -> None:
        if answer.get("outcome") == "approved":
            self.purchases = [
                *self.purchases[-KNOWN_MAX:],
                (values["customer"], answer["purchase_id"], values["amount_minor"]),
            ]
        if answer.get("outcome") in ("approved", "done") and name in (
            "BuyNow",
            "Repay",
            "CapturePurchase",
            "RefundPurchase",
        ):
            self.facts = [*self.facts[-KNOWN_MAX:], (values["customer"], answer["fact_id"])]

    def think(self, today: dt.date) -> list[c.Command]:
        return [self.think_one(today) for _ in range(int(self.rng.integers(1, BATCH_MAX + 1)))]

    def think_one(self, today: dt.date) -> c.Command:
        rng = self.rng
        self.count += 1
        key = f"{self.journal.path.stem}-{self.count}"
        customer = f"customer {rng.integers(CUSTOMERS)}"
        amount = int(rng.integers(1, 40_000))
        order: dict[str, Any] = {"merchant": f"shop {rng.integers(5)}", "order": key, "category": "general"}
        draw = rng.random()
        if draw < 0.12:
            return c.OpenAccount(key=key, customer=customer, limit_minor=2_000_000)
        if draw < 0.40:
            plan = c.Instalments(periods=int(rng.choice([3, 6, 12]))) if rng.random() < 0.3 else None
            return c.BuyNow(key=key, customer=customer, amount_minor=amount, instalments=plan, **order)
        if draw < 0.55:
            return c.AuthorisePurchase(key=key, customer=customer, amount_minor=amount, **order)
        if draw < 0.72 or not self.purchases:
            on = today - dt.timedelta(days=int(rng.integers(0, 40))) if rng.random() < 0.3 else None
            return c.Repay(key=key, customer=customer, amount_minor=amount, on=on)
        customer, purchase_id, bought = self.purchases[int(rng.integers(len(self.purchases)))]
        part = int(rng.integers(1, bought + 1))
        if draw < 0.82:
            return c.CapturePurchase(
                key=key, customer=customer, purchase_id=purchase_id, amount_minor=part, final=part % 2 == 0
            )
        if draw < 0.88:
            return c.VoidAuthorisation(key=key, customer=customer, purchase_id=purchase_id)
        if draw < 0.96:
            return c.RefundPurchase(key=key, customer=customer, purchase_id=purchase_id, amount_minor=part)
        customer, fact_id = self.facts[int(rng.integers(len(self.facts)))]
        return c.ReverseFact(key=key, customer=customer, fact_id=fact_id, reason="booked by mistake")


@contextmanager
def listen_for_the_end() -> Iterator[list[bool]]:
    """A list that is not empty once SIGTERM came."""
    leaving: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    yield leaving


def work(database: Database, journal: Journal, rng: np.random.Generator, leaving: list[bool]) -> None:
    """Batches, days and seals until asked to leave; raises when the world fails."""
    with connect(database) as conn:
        start_book(conn, day=FIRST_DAY)
        registry = open_registry(conn)
        caller = Caller(journal, rng)
        while True:
            batch = journal.find_unanswered()
            if not batch:
                if leaving:
                    return
                batch = caller.think(credit_store.get_business_day(conn))
                journal.write(sent=[[type(one).__name__, asdict(one)] for one in batch])
            answers = execute(conn, registry, batch, now=dt.datetime.now(dt.UTC))
            journal.write(acked=answers)
            for one, answer in zip(batch, answers, strict=True):
                caller.learn(type(one).__name__, asdict(one), answer)
            if rng.random() < 0.15:
                close_day(database, shard_ids=int(rng.integers(2, 80)), workers=int(rng.integers(1, 3)))
            if rng.random() < 0.05:
                with conn.transaction():
                    ledger.seal(conn)


def main(state_dir: str, journal_path: str, seed: str) -> int:
    """Work; when the database is lost, find it or start it again and go on."""
    settings = StoreSettings(state_dir=Path(state_dir))
    journal = Journal(Path(journal_path))
    rng = np.random.default_rng([int(seed), len(journal.lines)])
    with listen_for_the_end() as leaving:
        while True:
            try:
                with open_database(settings) as database:
                    work(database, journal, rng, leaving)
                return 0
            except (HonghuaError, psycopg.OperationalError) as error:
                if isinstance(error, HonghuaError) and not error.retryable:
                    raise
                print(f"{dt.datetime.now(dt.UTC):%T.%f} the world failed: {error}", file=sys.stderr, flush=True)
                time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
