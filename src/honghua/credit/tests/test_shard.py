"""Closing in columns: rows picked, halved and put back without mixing up whose is whose."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.base.dates import to_day
from honghua.base.errors import HonghuaError, WorldFailed
from honghua.credit import core as c
from honghua.credit import shard, store
from honghua.credit.core.layout import DUE, H_DUES, H_NEXT_ACTION, H_PLANS, HEAD, PLAN
from honghua.credit.eod import close_until
from honghua.credit.shard import Counts, close_accounts, find_implausible, gather, run_kernel, snapshots
from honghua.credit.tests.days import Town, settle
from honghua.store.database import connect, run_unit

CUT_ON = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def town(module_database):
    """Eight accounts of every shape (none, one or two open statements and plans) before their cut of 1 March."""
    with connect(module_database) as conn:
        town = settle(module_database, conn, 8, first=dt.date(2026, 1, 28))
        for k, name in enumerate(town.names):
            for j in range(k % 3):
                town.buy(f"b{name}{j}", name, 1_000 * (k + 1))
                town.buy(f"p{name}{j}", name, 3_000, instalments=c.Instalments(periods=6))
        close_until(module_database, dt.date(2026, 2, 28))
        yield town


def load(town: Town) -> store.AccountRows:
    ids = np.array(sorted(town.account_id(name) for name in town.names), np.int64)
    return store.load_accounts(town.conn, ids, lock=False)


def test_rows_survive_the_way_to_the_kernel_and_back(town):
    rows = load(town)
    terms = store.load_terms(town.conn)
    closed = run_kernel(
        rows, terms, to_day(dt.date(2026, 2, 28))
    )  # nothing happens by that day but the passing of days
    assert closed.statuses.tolist() == [0] * 8
    for flat, at, blocks, counts, width in (
        (rows.dues, rows.dues_at, closed.dues, H_DUES, DUE), (rows.plans, rows.plans_at, closed.plans, H_PLANS, PLAN),
    ):  # fmt: skip
        again, offsets = gather(blocks, closed.heads[:, counts], width)
        assert again.tolist() == flat.tolist()
        assert offsets.tolist() == at.tolist()
    packed, offsets = snapshots(closed.heads, closed.dues, closed.plans)
    for i in range(8):
        account = rows.account(i, town.registry.terms_rows)
        account.pass_days(to_day(dt.date(2026, 2, 28)))
        assert packed[offsets[i] : offsets[i + 1]].tolist() == account.snapshot().tolist()


@pytest.mark.parametrize("chosen", [[0], [7], [1, 2, 5], [0, 1, 2, 3, 4, 5, 6, 7], []])
def test_chosen_rows_close_as_they_do_among_others(town, chosen):
    rows, terms, to = load(town), store.load_terms(town.conn), to_day(CUT_ON)
    whole = run_kernel(rows, terms, to)
    part = run_kernel(rows.select(np.array(chosen, np.int64)), terms, to)
    assert part.heads.tolist() == whole.heads[chosen].tolist()
    assert part.statements.tolist() == whole.statements[chosen].tolist()
    assert part.amounts.sum(axis=1).tolist() == [0] * len(chosen)
    for i, j in enumerate(chosen):
        dues, plans = int(part.heads[i, H_DUES]), int(part.heads[i, H_PLANS])
        assert part.dues[i, :dues].tolist() == whole.dues[j, :dues].tolist()
        assert part.plans[i, :plans].tolist() == whole.plans[j, :plans].tolist()
        n = int(part.line_counts[i])
        assert part.codes[i, :n].tolist() == whole.codes[j, :n].tolist()


def test_the_kernel_changes_nothing_that_was_read(town):
    rows = load(town)
    before = [rows.heads.copy(), rows.dues.copy(), rows.plans.copy()]
    run_kernel(rows, store.load_terms(town.conn), to_day(CUT_ON))
    assert all(np.array_equal(a, b) for a, b in zip(before, (rows.heads, rows.dues, rows.plans), strict=True))


def test_sound_rows_are_plausible(town):
    assert find_implausible(load(town), store.load_terms(town.conn)) == {}
    assert set(find_implausible(load(town), {}).values()) == {"unknown terms"}


def test_only_those_on_whom_time_acts_are_taken(town):
    rows = load(town)
    everybody = {"low_id": 1, "high_id": 2**62}
    due = store.load_due_range(town.conn, **everybody, to=int(rows.heads[:, H_NEXT_ACTION].min()) - 1)
    assert len(due) == 0
    assert due.heads.shape == (0, HEAD)
    assert len(store.load_due_range(town.conn, **everybody, to=to_day(CUT_ON))) == 8


class Undone(Exception):
    """Rolls a unit back."""


@pytest.mark.parametrize("failing", [set(), {0}, {7}, {3, 4}, {0, 2, 4, 6}, set(range(8))])
def test_halving_finds_exactly_those_at_fault(town, monkeypatch, failing):
    rows = load(town)
    bad = set(rows.ids[sorted(failing)].tolist())
    write = shard.write_shard

    def refusing(conn, terms, closed, keep, to):
        if bad & set(closed.rows.ids[keep].tolist()):
            raise HonghuaError("refused by test")
        return write(conn, terms, closed, keep, to)

    monkeypatch.setattr(shard, "write_shard", refusing)
    counts = Counts()
    found: list[tuple[int, str]] = []

    def work(conn):
        counts.add(close_accounts(conn, store.load_terms(conn), low_id=1, high_id=2**62, to=to_day(CUT_ON)))
        found.extend(conn.execute("SELECT account_id, error FROM credit_quarantine ORDER BY account_id").fetchall())
        raise Undone

    with pytest.raises(Undone):
        run_unit(town.conn, work)
    assert found == [(account_id, "refused by test") for account_id in sorted(bad)]
    assert (counts.accounts, counts.quarantined) == (8 - len(bad), len(bad))


def test_a_failed_world_is_nobodys_fault(town, monkeypatch):
    def failing(*_args):
        raise WorldFailed("the disk is gone")

    monkeypatch.setattr(shard, "write_shard", failing)
    with pytest.raises(WorldFailed):
        run_unit(
            town.conn,
            lambda conn: close_accounts(conn, store.load_terms(conn), low_id=1, high_id=2**62, to=to_day(CUT_ON)),
        )
    assert town.rows("SELECT count(*) FROM credit_quarantine") == [(0,)]
