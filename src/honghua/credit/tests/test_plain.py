"""Plain purchases many at once: the same books as one by one, to the last column of every table; and what numbers stand for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import sql

from honghua.credit import core as c
from honghua.credit import unit
from honghua.credit.api import attach, execute
from honghua.credit.core.kernels import buying
from honghua.credit.jobs import close_day
from honghua.credit.plain.buying import PlainRun
from honghua.credit.tests.days import FIRST, NOW, ONE_DAY, Town, settle
from honghua.credit.tests.test_engine import make_setup, release
from honghua.decision.core import ACCOUNT_INPUTS
from honghua.ledger.core import Component
from honghua.store.database import connect, scratch_database

DAYS = 45  # a bill is cut, falls due and is missed by some
PEOPLE = 12
SPECIAL = (0, 22_222, 33_333, 44_444, 555_555, 10**12)  # invalid, delayed, reviewed, refused, more limit, far too much
ODD: tuple[dict[str, Any], ...] = (  # what is refused before anything is judged
    {"amount_minor": True}, {"amount_minor": -1}, {"merchant": ""}, {"order": ""}, {"category": ""},
    {"scene": c.Scene(device="x" * 201)}, {"scene": c.Scene(region="\n")}, {"scene": c.Scene()},
    {"happened_at": dt.datetime(2026, 1, 5)}, {"happened_at": NOW + 400 * ONE_DAY}, {"on": dt.date(2030, 1, 1)},  # noqa: DTZ001
    {"instalments": c.Instalments(periods=3)}, {"instalments": c.Instalments(periods=5)},
)  # fmt: skip
CATEGORIES = (*["food", "books"] * 8, "gambling")
DUMP = """SELECT table_schema, table_name, coalesce(array_agg(column_name::text)
    FILTER (WHERE column_default LIKE '%now()%' OR column_default LIKE '%xact%'
            OR table_name LIKE 'credit_day%' AND data_type LIKE 'timestamp%'), '{}')
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_type = 'BASE TABLE' AND table_name <> 'credit_day_shard'
    AND table_schema NOT IN ('pg_catalog', 'information_schema') GROUP BY 1, 2"""


def test_numbers_of_the_kernel_are_those_of_the_rooms():
    assert buying.AVAILABLE == Component.LIMIT_AVAILABLE
    names = [f"IN_{name}" for name in (
        "AMOUNT", "MOST", "AVAILABLE", "STATUS", "PAST_DUE", "CONSUMPTION", "LIMIT", "TEMPORARY", "HELD", "CLASS",
        "STATEMENTS", "AGE",
    )]  # fmt: skip
    assert [getattr(buying, name) for name in names] == list(range(len(ACCOUNT_INPUTS)))
    assert [ACCOUNT_INPUTS[i] for i in (buying.IN_AVAILABLE, buying.IN_HELD, buying.IN_CLASS)] == [
        "available_minor", "held_minor", "risk_class",
    ]  # fmt: skip
    assert len(ACCOUNT_INPUTS) == buying.INPUTS


def purchases(
    rng: np.random.Generator, town: Town, tag: str, day: dt.datetime, *, stirred: bool = False
) -> list[c.Command]:
    """A batch as shops send them: mostly plain, several of one customer, some that are refused, suspended or wrong.

    stirred: now and then somebody repays in between.
    """
    commands: list[c.Command] = []
    for k in range(int(rng.integers(20, 60))):
        amount = int(rng.integers(100, 60_000)) if rng.random() < 0.85 else int(rng.choice(SPECIAL))
        customer = "nobody" if rng.random() < 0.02 else str(rng.choice(town.names))
        scene = c.Scene(device=f"D{rng.integers(5)}") if rng.random() < 0.3 else None
        if stirred and rng.random() < 0.04:
            commands.append(c.Repay(key=f"{tag}:r{k}", customer=customer, amount_minor=amount))
            continue
        happened = day + dt.timedelta(seconds=k) if rng.random() < 0.9 else None
        bought = c.BuyNow(
            key=f"{tag}:{k if rng.random() < 0.97 else 0}", customer=customer, amount_minor=amount,
            merchant=f"M{rng.integers(4)}", order=f"{tag}-{k}", category=str(rng.choice(CATEGORIES)),
            happened_at=happened, scene=scene, accept_less=bool(rng.random() < 0.3),
        )  # fmt: skip
        odd = ODD[int(rng.integers(len(ODD)))] if rng.random() < 0.08 else {}
        commands.append(replace(bought, **odd))
    return commands


def live(town: Town, seed: int) -> list[list[dict[str, Any]]]:
    """Days of purchases and repayments, closed one by one; the answers."""
    rng = np.random.default_rng(seed)
    answers, day, now = [], FIRST, NOW
    for number in range(DAYS):
        if number % 3 == 0:
            bought = purchases(rng, town, f"d{number}", now, stirred=number % 2 == 0)
            answers.append(execute(town.conn, town.registry, bought, now=now))
        if number % 4 == 1:
            paid = [
                c.Repay(key=f"r{number}{name}", customer=name, amount_minor=int(rng.integers(1, 200_000)))
                for name in rng.choice(town.names, 4, replace=False).tolist()
            ]
            answers.append(execute(town.conn, town.registry, paid, now=now))
        close_day(town.database, day=day)
        day, now = day + ONE_DAY, now + ONE_DAY
    return answers


def dump(town: Town) -> dict[str, list[str]]:
    """Every row of every table, without what clock and transaction numbers wrote; who closes which shard of a day is chance."""
    found = {}
    with connect(town.database, owner=True) as conn:
        for schema, table, drawn in conn.execute(DUMP).fetchall():
            query = sql.SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} AS t ORDER BY 1").format(
                sql.Identifier(schema, table)
            )
            found[f"{schema}.{table}"] = [row for (row,) in conn.execute(query, [drawn]).fetchall()]
    return found


@pytest.mark.parametrize("with_engine", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_many_at_once_leave_the_books_that_one_by_one_leave(store_settings, monkeypatch, tmp_path, seed, with_engine):
    told: list[tuple[Any, ...]] = []
    taken = [0, 0]
    plainly = PlainRun.book

    def counted(self: PlainRun, *args: Any) -> slice:
        rows = plainly(self, *args)
        taken[len(told)] += rows.stop - rows.start
        return rows

    monkeypatch.setattr(PlainRun, "book", counted)
    for least in (1, 10**9):
        monkeypatch.setattr(unit, "PLAIN_FROM", least)
        with scratch_database(store_settings) as database, connect(database) as conn:
            town = settle(database, conn, PEOPLE, limit=900_000)
            if with_engine:
                release(conn)
                attach(conn, town.registry, make_setup(Path(tmp_path) / str(least), silent_days=3))
            answers = live(town, seed)
            engine = getattr(town.registry.risk, "engine", None)
            told.append((answers, dump(town), engine.digest() if engine is not None else b"", town.broken()))
    (answers, tables, digest, broken), (answers_twin, tables_twin, digest_twin, _) = told
    assert taken[0] > 150
    assert taken[1] == 0
    assert answers == answers_twin
    assert tables.keys() == tables_twin.keys()
    assert [name for name in tables if tables[name] != tables_twin[name]] == []
    assert digest == digest_twin
    assert broken == []
    outcomes = {answer["outcome"] for batch in answers for answer in batch}
    assert outcomes >= ({"approved", "refused", "review", "delayed"} if with_engine else {"approved", "refused"})
