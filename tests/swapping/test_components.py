"""A component is swapped behind its port and nothing else notices (R-239): who scores, and where the books are.

Each test runs once for every implementation. What they agree on is written down here and not taken from one of them: the arithmetic of
trees is done again in plain Python, the answers of the books stand as a table.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from honghua.base.clock import FixedClock
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.invariants import check_credit
from honghua.decision import api as decision
from honghua.decision import store_judged
from honghua.decision.core.judging import Judge
from honghua.decision.tests.policies import TERMS, judge_all, purchases, release
from honghua.decision.tests.slots import READS, keep, seat_credit
from honghua.models.api import Model, build_model, train_forest
from honghua.models.core.booster_text import Missing, Tree, parse_booster
from honghua.store.database import Database, connect
from honghua.web.booker import Booker
from honghua.web.hot.answering import Books
from honghua.web.hot.local import LocalBooker
from honghua.web.hot.remote import RemoteBooker
from honghua.web.hot.serving import DeskServer

N = 300
NOON = dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC)
FUSED = b"a score that two can give".ljust(32)
Score = Callable[[np.ndarray], np.ndarray]


@cache
def fitted() -> Model:
    """Who buys much of what is available is bad, more so with a high s2, and with one that is not known."""
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.integers(50_000, 120_000, 900), rng.integers(0, 9, 900), rng.integers(1, 100_000, 900)])
    y = (x[:, 2] / x[:, 0] + 0.06 * x[:, 1] + 0.2 * rng.random(900) > 0.9).astype(np.int8)
    rows = np.ascontiguousarray(x, np.float32)
    rows[rng.random(900) < 0.1, 1] = np.nan
    return build_model(train_forest(rows, y, names=READS, seed=4, rounds=12, num_threads=1).forest)


class PlainForest:
    """The scorer that a reader of LightGBM's text would write: no compiled kernel, no array of nodes, one tree after the other."""

    def __init__(self, text: str) -> None:
        self.booster = parse_booster(text)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """Chances float64[n] of rows float32[n, R]."""
        return np.array([self._chance([float(value) for value in row]) for row in rows], np.float64)

    def _chance(self, row: list[float]) -> float:
        margin = 0.0
        for tree in self.booster.trees:
            margin += find_leaf(tree, row)
        return 1.0 / (1.0 + math.exp(-self.booster.steepness * margin))


def find_leaf(tree: Tree, row: list[float]) -> float:
    at = 0 if tree.leaves > 1 else ~0
    while at >= 0:
        assert not tree.is_categorical(at), "the test's model has numbers only"
        value, kind = row[int(tree.feature[at])], tree.missing(at)
        if math.isnan(value) and kind is not Missing.NAN:
            value = 0.0
        if math.isnan(value) or (kind is Missing.ZERO and abs(value) <= 1e-35):
            goes_left = tree.sends_missing_left(at)
        else:
            goes_left = value <= float(tree.threshold[at])
        at = int((tree.left if goes_left else tree.right)[at])
    return float(tree.leaf_value[~at])


SCORERS: Mapping[str, Callable[[], Score]] = {
    "compiled": lambda: fitted().predict,
    "plain Python": lambda: PlainForest(fitted().forest.text).score,
}


@pytest.fixture(params=sorted(SCORERS))
def score(request: pytest.FixtureRequest) -> Score:
    return SCORERS[request.param]()


@dataclass
class Seated:
    """A watch whose judge stands: whatever fills the champion's slot."""

    held: Judge

    def judge(self, conn: psycopg.Connection) -> Judge:
        return self.held


@dataclass
class Fused:
    """The port of replays over the swapped scorer: the third column of its rows is the first frozen signal, the rest is fixed."""

    by: Score

    def score(self, signals: np.ndarray) -> dict[str, np.ndarray]:
        return {"fused": self.by(fused_rows(signals))}

    def tell(self, signals: np.ndarray) -> tuple[str, ...]:
        return (f"fused {self.score(signals)['fused'][0]:.4f}",)


def fused_rows(signals: np.ndarray) -> np.ndarray:
    rows = np.full((len(signals), len(READS)), 90_000, np.float32)
    rows[:, 1], rows[:, 2] = signals[:, 1], np.nan_to_num(signals[:, 0]) * 100_000
    return rows


def given() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    base, events, signals = purchases(N)
    signals[::9, 1] = np.nan
    return base, events, signals


def test_a_scorer_s_word_is_a_row_s_own(score: Score) -> None:
    base, _, signals = given()
    rows = np.ascontiguousarray(np.column_stack([base[:, 1], signals[:, 1], base[:, 0]]), np.float32)
    before = rows.copy()
    said = score(rows)
    assert said.shape == (N,)
    assert said.dtype == np.float64
    assert ((said > 0) & (said < 1)).all()
    assert len(np.unique(said)) > N // 10
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(said, np.concatenate([score(rows[k : k + 1]) for k in range(N)]))
    np.testing.assert_array_equal(said[::-1], score(np.ascontiguousarray(rows[::-1])))
    by_hand = PlainForest(fitted().forest.text).score(rows)
    np.testing.assert_array_equal(said, by_hand)


def test_decisions_of_a_swapped_scorer_are_recorded_and_replayed_by_the_other(
    conn: psycopg.Connection, score: Score
) -> None:
    """In the slot `credit`: whatever decided, the kept model decides the same again, bit for bit."""
    model = fitted()
    word = decision.SlotWord(kind="forest", says="who does not pay", source="a test", digest=model.digest.hex())
    seat_credit(conn, keep(conn, decision.SlotModel(word, model)))
    judge = decision.Watch(TERMS).judge(conn)
    (seat,) = judge.force.seats
    assert seat.slot is not None
    swapped = replace(seat, slot=replace(seat.slot, score=score))
    judge = Judge(replace(judge.force, seats=(swapped,)), judge.columns, judge.brakes)
    base, events, signals = given()
    columns, _ = judge_all(conn, Seated(judge), (base, events, signals))
    by_hand = PlainForest(model.forest.text).score(
        np.column_stack([base[:, 1], signals[:, 1], base[:, 0]]).astype(np.float32)
    )
    stopped = (by_hand >= 0.5) | (base[:, 0] > base[:, 1]) | (base[:, 2] >= 0.9)
    assert 0 < (by_hand >= 0.5).sum() < N
    assert [code is not None for code in columns.reason] == stopped.tolist()
    found = decision.replay_all(conn, ids=None, sample=None, find_scorer=None)
    assert (found.count, found.different) == (N, [])


def test_a_replay_takes_either_scorer_and_finds_a_wrong_one(conn: psycopg.Connection, score: Score) -> None:
    release(conn)
    store_judged.save_model(conn, FUSED, {"model": b"either"})
    base, events, signals = given()
    base[:, 2] = fitted().predict(fused_rows(signals))
    judge_all(conn, decision.Watch(replace(TERMS, model_digest=FUSED)), (base, events, signals))
    found = decision.replay_all(conn, ids=None, sample=None, find_scorer=lambda files: Fused(score))
    assert (found.count, found.scored, found.different) == (N, N, [])

    def nearly(rows: np.ndarray) -> np.ndarray:
        return np.nextafter(score(rows), 1)

    found = decision.replay_all(conn, ids=None, sample=None, find_scorer=lambda files: Fused(nearly))
    assert len(found.different) == N, "a scorer that is wrong in the last bit is no replacement"


@asynccontextmanager
async def serve(database: Database, folder: Path, kind: str) -> AsyncIterator[Booker]:
    """A booker of a kind: in this process, behind one socket, behind three."""
    if kind == "in this process":
        with LocalBooker(database, clock=FixedClock(NOON)) as local:
            yield local
        return
    paths = [folder / f"{k}.sock" for k in range(3 if "three" in kind else 1)]
    servers = [
        DeskServer(Books(lambda: connect(database), credit.open_registry, FixedClock(NOON)), path) for path in paths
    ]
    remote = RemoteBooker(paths)
    try:
        for server in servers:
            await server.start()
        await remote.start()
        yield remote
    finally:
        await remote.close()
        for server in servers:
            await server.stop()


def buy(key: str, customer: str, amount_minor: int) -> c.BuyNow:
    return c.BuyNow(key=key, customer=customer, amount_minor=amount_minor, merchant="M", order=key, category="books")


ASKED = (
    (c.OpenAccount(key="o1", customer="ann", limit_minor=100_000), "done", ""),
    (c.OpenAccount(key="o2", customer="bo", limit_minor=50_000), "done", ""),
    (buy("b1", "ann", 60_000), "approved", ""),
    (buy("b2", "ann", 60_000), "refused", "LIMIT_SHORT"),
    (buy("b3", "bo", 50_000), "approved", ""),
    (c.Repay(key="r1", customer="ann", amount_minor=20_000), "done", ""),
    (buy("b4", "ann", 60_000), "approved", ""),
    (buy("b5", "nobody", 1), "refused", "ACCOUNT_UNKNOWN"),
    (c.Repay(key="r2", customer="bo", amount_minor=50_000), "done", ""),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["in this process", "behind a socket", "behind three sockets"])
def test_the_books_are_the_same_whichever_booker_takes_the_commands(
    database: Database, tmp_path: Path, kind: str
) -> None:
    with connect(database) as conn:
        credit.start_book(conn, day=NOON.date())
    commands = [command for command, _, _ in ASKED]

    async def go() -> tuple[list[Any], list[Any], list[Any]]:
        async with serve(database, tmp_path, kind) as booker:
            nothing = await booker.submit([])
            first = [(await booker.submit([command]))[0] for command in commands]
            return nothing, first, await booker.submit(commands)

    nothing, first, again = asyncio.run(go())
    assert nothing == []
    assert [(one["outcome"], one.get("code", "")) for one in first] == [(outcome, code) for _, outcome, code in ASKED]
    assert [{**one, "repeated": True} for one in first if one["outcome"] != "refused"] == [
        one for one in again if one["outcome"] != "refused"
    ], "all at once and a second time, in order: what was said the first time"
    with connect(database) as conn:
        registry = credit.open_registry(conn)
        views = [credit.find_account_view(conn, registry, name) for name in ("ann", "bo")]
        assert [view.owed_minor for view in views if view is not None] == [100_000, 0]
        assert [check.name for check in check_credit(conn) if not check.ok] == []
