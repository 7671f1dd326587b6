"""`honghua bench restart`: the risk engine's way back after a crash: the newest snapshot, checked, and the facts since.

The facts before the snapshot are folded as events, without a database. Those since are written as a book has them: facts of accounts and
merchants with names, beside them the decisions with the events as they were sensed. `RiskDesk.catch_up` then reads all of it back.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.bench.decide import account_matrix, release
from honghua.base.clock import DAY_US, from_micros
from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit.core import EVENT
from honghua.decision import api as decision
from honghua.decision.api import DecisionEngine, EngineSettings, Watch, save_snapshot
from honghua.facts.kinds import FactKind
from honghua.features.core import Schema, keys_of_texts
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.database import connect, scratch_database
from honghua.store.facts import FactBatch, append_facts
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]
START_US: Final = 1_700_000_000_000_000
BLOCK: Final = 8_192
UNIT: Final = 1_000  # purchases of a transaction
RULES: Final = 20
PEOPLE_A_SHOP: Final = 10
SCHEMA: Final = Schema(
    ("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit")
)
EVENT_US: Final = 200_000


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("restart", help="time until the risk engine is back")
    parser.add_argument("--facts", type=int, default=10_000_000)
    parser.add_argument("--tail", type=int, default=100_000, help="facts since the last snapshot")
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


@dataclass(frozen=True, slots=True)
class Town:
    """Who buys where, by the entity keys that the names outside give them."""

    customers: list[str]
    shops: list[str]
    customer_keys: Ints
    shop_keys: Ints


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fold the facts, snapshot before the tail, go on and record; then come back from disk and database and compare states."""
    if not 0 <= args.tail < args.facts or args.people < 1:
        raise BadInput("the tail is a part of the facts", code="BAD_SIZE")
    size = SensorSize(entities=3 * args.people, nodes=3 * args.people, edges=8_000_000, keys=2 * args.people)
    with tempfile.TemporaryDirectory() as place, scratch_database(store) as database, connect(database) as conn:
        setup = credit.RiskSetup(RiskPlan(SCHEMA), EngineSettings(size), 0, Path(place))
        customers = [f"C{k:07d}" for k in range(args.people)]
        shops = [f"M{k:06d}" for k in range(args.people // PEOPLE_A_SHOP + 1)]
        town = Town(customers, shops, keys_of_texts(customers), keys_of_texts(shops))
        rng = np.random.default_rng(args.seed)
        engine = DecisionEngine(setup.plan, settings=setup.settings)
        began = time.perf_counter()
        at = args.facts - args.tail
        for start in range(0, at, BLOCK):
            n = min(BLOCK, at - start)
            engine.absorb(make_events(rng, start, draw(rng, n, town), town), np.arange(start, start + n))
        folded = time.perf_counter()
        save_snapshot(Path(place), engine.save, fact_id=args.people + at)  # the openings of accounts come first
        saved = time.perf_counter()
        write_tail(conn, engine, town, rng, range(at, args.facts))
        written = time.perf_counter()
        desk = credit.RiskDesk(setup)
        desk.catch_up(conn)
        ready = time.perf_counter()
        files = [path.stat().st_size for path in Path(place).rglob("*") if path.is_file()]
        return {
            "facts": args.facts, "tail": args.tail, "ready_ms": round((ready - written) * 1e3),
            "identical": desk.cursor == args.people + args.facts and desk.engine.digest() == engine.digest(),
            "snapshot_ms": round((saved - folded) * 1e3), "snapshot_mb": round(sum(files) / 1e6, 1),
            "fold_per_s": round(at / (folded - began)), "tail_written_s": round(written - saved, 1),
            "values": len(engine.sensor.names), "entities": engine.sensor.counters()["entities"],
        }  # fmt: skip


def draw(rng: np.random.Generator, n: int, town: Town) -> tuple[Ints, Ints]:
    """Places of customers and shops in the town: few shops have most buyers."""
    return rng.integers(0, len(town.customers), n), rng.zipf(1.3, n) % len(town.shops)


def make_events(rng: np.random.Generator, start: int, who: tuple[Ints, Ints], town: Town) -> Ints:
    """A block of purchases, five a second, at the customers' own devices or their households'."""
    customers, shops = who
    n = len(customers)
    at_us = START_US + (start + np.arange(n)) * EVENT_US
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0], events[:, 1], events[:, 2], events[:, 3] = at_us, 1, rng.integers(100, 100_000, n), at_us
    devices = np.where(rng.random(n) < 0.9, customers, customers // 4 * 4)
    for name, column in (
        ("customer", town.customer_keys[customers]),
        ("merchant", town.shop_keys[shops]),
        ("device", 10**13 + devices),
        ("available_minor", rng.integers(0, 10**6, n)),
        ("limit_minor", np.full(n, 10**6)),
        ("hour", at_us // 3_600_000_000 % 24),
        ("weekday", at_us // DAY_US % 7),
        ("credit", np.ones(n, np.int64)),
    ):
        events[:, SCHEMA.place(name)] = column
    return events


def write_tail(
    conn: psycopg.Connection, engine: DecisionEngine, town: Town, rng: np.random.Generator, facts: range
) -> None:
    """Decide the tail's purchases and write them down as units of work do: facts and decisions in one transaction."""
    customers, shops = draw(rng, len(facts), town)
    events = make_events(rng, facts.start, (customers, shops), town)
    accounts, merchants = open_book(conn, town, np.unique(customers), events)
    with conn.transaction():
        release(conn, RULES)
    judge = Watch(engine.terms()).judge(conn)
    for start in range(0, len(facts), UNIT):
        part = slice(start, min(start + UNIT, len(facts)))
        ids = len(town.customers) + 1 + np.arange(facts.start + part.start, facts.start + part.stop)
        sensed, groups = engine.decide_batch(events[part], ids, account_matrix(len(ids)), judge)
        assert sensed.prepared is not None, "a judge was given"
        heads = np.stack([accounts[customers[part]], ids], axis=1)
        columns, changes = decision.record_batch(
            judge, sensed.prepared, groups, heads, signals=sensed.values, events=events[part]
        )
        days = events[part, 0] // DAY_US
        with conn.transaction():
            decision.record_judged(conn, judge, columns, changes, now=from_micros(int(events[part, 0].max())))
            append_facts(
                conn,
                FactBatch(
                    fact_id=ids, kind=np.full(len(ids), int(FactKind.PURCHASE_CAPTURED)), account_id=heads[:, 0],
                    value_on=days, effective_on=days, happened_at=events[part, 0], amount_minor=events[part, 2],
                    counterparty_id=merchants[shops[part]], purchase_id=ids, command_id=ids,
                ),
            )  # fmt: skip


def open_book(conn: psycopg.Connection, town: Town, buyers: Ints, events: Ints) -> tuple[Ints, Ints]:
    """A book with the accounts of these customers and all shops: (account id of each customer, 0 = none, id of each shop)."""
    day = from_micros(int(events[0, 0]) if len(events) else START_US).date()
    registry = credit.open_registry(conn)
    credit.start_book(conn, day=day)
    accounts = np.zeros(len(town.customers), np.int64)
    with conn.transaction():
        merchants = ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=town.shops, currency="CNY")
        refs = [town.customers[k] for k in buyers.tolist()]
        openings = np.zeros((len(refs), 1, EVENT), np.int64)
        openings[:, 0, 0] = FactKind.ACCOUNT_OPENED
        openings[:, 0, 1:6] = (to_day(day - dt.timedelta(days=1)), 500_000, 1, 10, 1)
        owed = np.full(len(refs), merchants[0])
        credit.import_accounts(conn, registry, refs=refs, events=openings, merchants=owed, rows_max=(3, 2))
        accounts[buyers] = ledger.open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency="CNY")
    return accounts, merchants
