"""A replay with late labels: the queue's precision by hand, refits that are released on the way, and nothing the second time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.app import replay_risk
from honghua.app.replay import Beside, replay_table
from honghua.app.replay_risk import Name, begin_risk, judge_queue
from honghua.app.replay_table import PurchaseTable, TableMap
from honghua.app.robots import refitting
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.store.database import connect, scratch_database

DAY_US = 86_400_000_000
FIRST = 17_900  # a day number
FIRST_DAY = dt.date(1970, 1, 1) + dt.timedelta(days=FIRST)


def make_table(customers, days, labels, *, scores_seed=1):
    rng = np.random.default_rng(scores_seed)
    n = len(customers)
    day = np.array(days, np.int64) + FIRST
    return PurchaseTable(
        ids=[f"t{k}" for k in range(n)], customers=list(customers), merchants=[f"m{k % 3}" for k in range(n)],
        categories=["general"] * n, at_us=day * DAY_US + np.arange(n), day=day,
        amount_minor=rng.integers(100, 5_000, n), digest=b"d" * 32, labels=np.array(labels, np.int8),
    )  # fmt: skip


def test_the_queue_leaves_out_who_is_known_and_who_was_found(monkeypatch):
    monkeypatch.setattr(replay_risk, "QUEUE", 2)
    table = make_table("ABCABDABCA", [0, 0, 0, 1, 1, 1, 9, 9, 9, 31], [1, 0, 0, 1, 1, 0, 1, 1, 1, 1])
    scores = np.array([0.9, 0.8, 0.1, 0.99, 0.7, 0.6, 0.9, 0.9, np.nan, 0.9])
    days = judge_queue(table, table.labels, scores, delay_us=7 * DAY_US)
    # day 0: A (fraud) and B; A is found. day 1: B (fraud) and D; B is found. day 9: nobody is left but C, who has no score.
    # A's last fraud is told on day 16; from day 30 on A is back with a new card.
    assert days == {FIRST: 0.5, FIRST + 1: 0.5, FIRST + 31: 1.0}


@pytest.fixture
def table():
    rng = np.random.default_rng(7)
    n, days = 900, 24
    day = np.sort(rng.integers(0, days, n))
    customers = [f"C{k}" for k in rng.integers(0, 25, n).tolist()]
    labels = np.array([1 if name in ("C1", "C2", "C3") and k % 2 else 0 for k, name in enumerate(customers)])
    return make_table(customers, day, labels)


def test_labels_arrive_late_models_are_released_on_the_way_and_once(database, table, monkeypatch):
    monkeypatch.setattr(refitting, "POSITIVES_MIN", 5)
    monkeypatch.setattr(replay_risk, "NEGATIVES_ONE_IN", 2)
    table_map = TableMap(labels={"delay_days": 3}, timezone="UTC")
    told = replay_table(database, table, table_map, source="t", seed=1)
    assert told["purchases"] == len(table)
    assert told["refits"] == 1
    (problems,) = told["refits_failed"].values()
    assert "too few known frauds to keep any back" in problems[-1]  # a model that nobody measured judges nobody
    assert told["review_days"] > 0
    with connect(database) as conn:
        names = [row.name for row in decision.list_releases(conn)]
        assert len(names) == 2
        query = (
            "SELECT count(*), min(extract(epoch FROM happened_at) * 1000000 - args[3]) FROM store_fact WHERE kind = 19"
        )
        ((count, late_us),) = conn.execute(query).fetchall()
        assert count > 20
        assert late_us == 3 * DAY_US
        assert decision.replay_all(conn, ids=None, sample=200, find_scorer=decision.find_scorer).different == []
    again = replay_table(database, table, table_map, source="t", seed=1)
    assert {k: again[k] for k in ("purchases", "approved", "refused")} == {
        k: told[k] for k in ("purchases", "approved", "refused")
    }
    assert again["purchases_per_s"] == 0


@pytest.mark.parametrize(("said", "unreported"), [({}, 0.0), ({"unreported": 0.5}, 0.5)])
def test_fits_are_told_what_the_map_says_of_labels_that_never_come(conn, table, said, unreported):
    credit.start_book(conn, day=FIRST_DAY)
    table_map = TableMap(labels={"delay_days": 3, **said}, timezone="UTC")
    risk = begin_risk(conn, credit.open_registry(conn), table, table_map, Name("t", 1), folder=None)
    assert risk.robots.fit_settings().unreported == unreported
    assert (risk.incomplete is None) == (not said)


class Interrupted(Exception):
    """Stops a replay in its midst."""


def test_an_interrupted_replay_goes_on_from_its_snapshot_to_the_same_end(
    database, store_settings, table, tmp_path, monkeypatch
):
    monkeypatch.setattr(refitting, "POSITIVES_MIN", 5)
    monkeypatch.setattr(replay_risk, "NEGATIVES_ONE_IN", 2)
    monkeypatch.setattr("honghua.credit.engine.SNAPSHOT_EVERY", 150)
    table_map = TableMap(labels={"delay_days": 3}, timezone="UTC")

    def stop(_day, done, total):
        if done > total * 3 // 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        replay_table(database, table, table_map, source="t", seed=1, beside=Beside(stop, tmp_path))
    saved = sorted(path.name for path in tmp_path.glob("at-*"))
    assert len(saved) == 2
    told = replay_table(database, table, table_map, source="t", seed=1, beside=Beside(snapshots=tmp_path))
    with scratch_database(store_settings) as other:
        calm = replay_table(other, table, table_map, source="t", seed=1)
    same = ("purchases", "approved", "refused", "stepped_up", "reviewed", "review_by_week", "entries")
    assert {k: told[k] for k in same} == {k: calm[k] for k in same}
    with connect(database) as conn:
        found = [credit.attach_released(conn, credit.open_registry(conn), folder=folder) for folder in (tmp_path, None)]
        assert found[0] is not None
        assert found[1] is not None
        assert found[0].saved_at > 0 == found[1].saved_at
        assert found[0].engine.digest() == found[1].engine.digest()
