"""The whole way of a credit candidate by the verbs: a book's decisions as a table, a run of the lab, a release, decisions by its slot."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest

from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import LIVE_SCHEMA
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.models.api import auc
from honghua.store.database import Database, connect, open_database

PEOPLE, DAYS, SEED = 120, 150, 20261122
FIRST = dt.date(2026, 1, 3)
SIZE = SensorSize(entities=500, nodes=500, edges=8_000, keys=500)
POLICY = '''"""The account's own rules, and one that reads the credit model."""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with score:
    owing = refuse("RISK_REFUSED", when=credit_chance >= 0.2, missing=skip)

with amount:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
'''
pytestmark = pytest.mark.slow


@dataclass
class Street:
    """People who buy and pay, or do not: a third is careless, buys more at a time and forgets bills."""

    database: Database
    conn: psycopg.Connection
    registry: credit.Registry
    rng: np.random.Generator
    day: dt.date = FIRST

    @property
    def names(self) -> list[str]:
        return [f"P{k:03d}" for k in range(PEOPLE)]

    def is_careless(self, name: str) -> bool:
        return int(name[1:]) % 3 == 0

    def now(self) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(4), dt.UTC)

    def open(self) -> None:
        self.do([c.OpenAccount(key=f"open{name}", customer=name, limit_minor=800_000) for name in self.names])
        with self.conn.transaction():
            decision.ensure_first(self.conn)
        plan = RiskPlan(LIVE_SCHEMA, graph=False)
        few = [name for name in plan.names if name.startswith("customer_") and name.endswith(("_1d", "_7d", "_30d"))]
        setup = credit.RiskSetup(plan.reading(few), EngineSettings(SIZE), 0, None)
        credit.attach(self.conn, self.registry, setup)

    def do(self, commands: list[c.Command]) -> list[dict[str, Any]]:
        return credit.execute(self.conn, self.registry, commands, now=self.now())

    def live(self, days: int) -> list[dict[str, Any]]:
        """So many days: a fifth of the people buys each day, everybody pays on the day after the bill, or forgets it."""
        answers = []
        for _ in range(days):
            commands: list[c.Command] = []
            for name in self.names:
                if self.rng.random() < 0.2:
                    middle = 9.9 if self.is_careless(name) else 8.6
                    amount = int(min(300_000, np.exp(self.rng.normal(middle, 0.7))))
                    key = f"{self.day}{name}"
                    commands.append(c.BuyNow(
                        key=key, customer=name, amount_minor=amount, merchant=f"M{int(self.rng.integers(9))}", order=key, category="food",
                    ))  # fmt: skip
            answers += self.do(commands)
            self.pay()
            credit.close_day(self.database, day=self.day)
            self.day += dt.timedelta(days=1)
        return answers

    def pay(self) -> None:
        due = self.conn.execute(
            "SELECT customer_ref, total_minor FROM credit_statement JOIN credit_account USING (account_id)"
            " WHERE due_on = %s AND total_minor > 0 ORDER BY 1", [self.day],
        ).fetchall()  # fmt: skip
        commands: list[c.Command] = [
            c.Repay(key=f"pay{self.day}{name}", customer=name, amount_minor=total)
            for name, total in due
            if self.rng.random() >= (0.45 if self.is_careless(name) else 0.03)
        ]
        if commands:
            self.do(commands)


def judged_of(street: Street, number: int) -> list[tuple[int, str, str]]:
    """(decision, customer, reason) of what a release has judged."""
    return street.conn.execute(
        "SELECT decision_id, customer_ref, coalesce(reason, '') FROM decision_judged JOIN credit_account USING (account_id)"
        " WHERE bundle_id = %s ORDER BY 1",
        [number],
    ).fetchall()


def chances_of(conn: psycopg.Connection, number: int) -> dict[int, float]:
    """What a release's model says of every recorded decision."""
    bundle = decision.recompile(decision.get_release(conn, number))
    place = bundle.vocabulary.place("credit_chance")
    parts = list(decision.read_recorded_parts(conn, bundle))
    return {
        one: float(row[place])
        for part in parts
        if part.ids is not None
        for one, row in zip(part.ids.tolist(), part.vectors, strict=True)
    }


def test_a_candidate_learnt_from_records_judges_by_its_slot(honghua, settings, tmp_path: Path):
    def say(*words, status=0):
        return json.loads(honghua(*words, "--json", status=status))

    with open_database(settings.store) as database, connect(database) as conn:
        credit.start_book(conn, day=FIRST)
        street = Street(database, conn, credit.open_registry(conn), np.random.default_rng(SEED))
        street.open()
        street.live(DAYS)
        table, run, policy = tmp_path / "decisions.parquet", tmp_path / "run", tmp_path / "credit.py"
        told = say("decision", "table", "--out", table, "--within", 60)
        assert told["rows"] == pq.ParquetFile(table).metadata.num_rows
        assert 0 < told["missed"] < told["rows"]
        assert told["unknown"] > 0
        fitted = say(
            "lab", "run", "--data", table, "--target", told["target"], "--time", told["time"], "--id", told["id"],
            "--leave-out", "account", "--out", run,
        )  # fmt: skip
        assert fitted["challenger"]["auc"] > 0.55
        policy.write_text(POLICY, encoding="utf-8")
        numbers = []
        for kind in ("scorecard", "forest"):
            proposed = say(
                "release", "propose", policy, "--name", kind, "--credit", run, "--credit-model", kind, "--by", "Ann",
                "--why", "learnt from our book", "--despite", "a test's town is small",
            )  # fmt: skip
            numbers.append(proposed["release"])
            honghua("release", "approve", proposed["release"], "--by", "Ben", "--digest", proposed["digest"])
        number, shadow = numbers
        backtest = say("policy", "backtest", policy, "--recorded", "--credit", number)
        assert 0 < backtest["flip_share"] < 0.9
        honghua("release", "activate", number, "--as", "challenger", "--share", 0.5, "--by", "Ben")
        honghua("release", "activate", shadow, "--as", "shadow", "--by", "Ben")
        street.live(20)
        mine = judged_of(street, number)
        assert len(mine) > 100
        assert len({name for _, name, _ in mine}) < PEOPLE, "a share of the customers, always the same ones"
        said = chances_of(conn, number)
        chances = np.array([said[one] for one, _, _ in mine])
        assert np.isfinite(chances).all()
        careless = np.array([street.is_careless(name) for _, name, _ in mine])
        assert auc(careless, chances) > 0.6
        refused = np.array([reason == "RISK_REFUSED" for _, _, reason in mine])
        assert (chances[refused] >= 0.2).all()
        risky = int(np.where(refused, chances, 0.0).argmax())
        trace = decision.find_trace(conn, mine[risky][0], find_scorer=decision.find_scorer)
        assert trace is not None
        assert (trace.inputs["credit_chance"], trace.reason, trace.differs) == (chances[risky], "RISK_REFUSED", ())
        assert list(trace.shadows) == [f"release {shadow}"]
        shown = honghua("decision", "show", mine[risky][0])
        assert "by a scorecard, " in shown
        assert " points because of " in shown
        replayed = say("decision", "replay")
        assert (replayed["different"], replayed["scored"]) == (0, len(mine))
        assert say("verify")["broken"] == []
        readers = decision.find_readers(conn)
        assert not any(number in releases for releases in readers.values()), "its policy reads no list"
