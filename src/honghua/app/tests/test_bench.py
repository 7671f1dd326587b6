"""The benches on small sizes: their JSON keys stay and their figures agree with each other. No timings here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from honghua.app.bench import ledger
from honghua.app.bench.portfolio import EVENTS, lay_down, make_events
from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit.eod import close_day
from honghua.credit.invariants import check_credit
from honghua.ledger.invariants import check_ledger
from honghua.store.database import connect

COMMON = {"bench", "machine", "commit", "seed", "seconds"}
Bench = Callable[..., dict[str, Any]]


@pytest.fixture
def bench(store_settings, capsys) -> Bench:
    def run(*words: str) -> dict[str, Any]:
        args = build_parser().parse_args(["bench", *words, "--json"])
        assert args.run(args, Settings(store=store_settings)) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert set(told) >= COMMON
        assert told["bench"] == words[0]
        return told

    return run


def test_eod(bench):
    told = bench("eod", "--accounts", "120", "--workers", "2", "--seed", "3")
    assert set(told) - COMMON == {
        "accounts", "accounts_per_s", "statements", "entries", "lines", "quarantined", "workers", "shards", "close_seconds",
        "lay_down_seconds", "goal_accounts_per_s", "stretch_accounts_per_s", "hours_for_400_million", "peak_mb",
    }  # fmt: skip
    assert (told["accounts"], told["statements"], told["entries"], told["quarantined"]) == (120, 120, 120, 0)
    assert (told["seed"], told["workers"]) == (3, 2)
    assert 2 * 120 <= told["lines"] <= 8 * 120, "the portfolio has something to bill everywhere"
    assert told["accounts_per_s"] > 0


def test_ledger(bench, monkeypatch):
    monkeypatch.setattr(ledger, "ROUNDS", 1)
    monkeypatch.setattr(ledger, "PGBENCH_SCALE", 1)
    told = bench("ledger", "--owners", "50", "--batch", "20", "--seconds", "0.1")
    assert set(told) - COMMON == {
        "transfers_per_s", "lines_per_s", "pgbench_tps", "pgbench", "ratio", "hash_chain", "sync_commit", "batch", "writers",
        "owners", "entries_sealed",
    }  # fmt: skip
    assert told["lines_per_s"] == pytest.approx(2 * told["transfers_per_s"], abs=2)
    assert told["ratio"] == pytest.approx(told["transfers_per_s"] / told["pgbench_tps"], rel=0.05)
    assert told["entries_sealed"] % 20 == 0
    assert told["entries_sealed"] > 0


def test_backdate(bench):
    told = bench("backdate", "--days", "70")
    assert set(told) - COMMON == {
        "days",
        "facts",
        "replay_ms",
        "replay_ms_max",
        "goal_ms",
        "trial_balance_minor",
        "from",
    }
    assert (told["days"], told["facts"], told["trial_balance_minor"]) == (70, 1 + 69 + 2, 0)
    assert 0 < told["replay_ms"] <= told["replay_ms_max"]


def test_replay(bench):
    told = bench("replay", "--customers", "20", "--days", "5")
    assert {"source", "purchases", "approved", "refused", "purchases_per_s", "trial_balance_minor"} <= set(told)
    assert told["purchases"] == told["approved"] + told["refused"] + told["stepped_up"] + told["reviewed"]
    assert told["trial_balance_minor"] == 0


def test_the_portfolio_is_a_sound_book_before_and_after_its_day(database, conn):
    seen: list[int] = []
    portfolio = lay_down(conn, accounts=60, seed=1, progress=seen.append)
    assert (portfolio.accounts, portfolio.facts, seen) == (60, 60 * EVENTS, [60])

    def broken() -> set[str]:
        with connect(database) as own, own.transaction():
            return {check.name for check in (*check_ledger(own), *check_credit(own)) if not check.ok}

    assert broken() == set()
    report = close_day(database)
    assert (report.accounts, report.statements, report.quarantined) == (60, 60, 0)
    assert credit.count_closed_days(conn) == 1
    assert broken() == set()


def test_the_portfolio_follows_its_seed():
    first, again, other = (make_events(np.random.default_rng(seed), 30) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_transfer_has_two_sides():
    owners = np.array([3, 64, 65, 900], np.int64)
    batch = ledger.transfers(np.random.default_rng(1), owners, 500)
    sides = (batch.line_accounts >> 8).reshape(-1, 2)
    assert set(sides.ravel().tolist()) == set(owners.tolist())
    assert (sides[:, 0] != sides[:, 1]).all()
    assert batch.line_amounts.reshape(-1, 2).sum(axis=1).tolist() == [0] * 500


@pytest.mark.parametrize(
    "words",
    [
        ["eod", "--accounts", "0"],
        ["ledger", "--owners", "1"],
        ["ledger", "--writers", "0"],
        ["backdate", "--days", "9"],
    ],
)
def test_sizes_that_make_no_sense(bench, words):
    with pytest.raises(BadInput, match="at least"):
        bench(*words)
