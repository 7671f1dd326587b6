"""What the robots learn from, and what they leave out of a fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from honghua.app.robots.alarm_budget import AlarmBudget, Band
from honghua.app.robots.known import FactTable
from honghua.app.robots.refitting import Incomplete, Robots, draw_one_in, has_rare_gaps, read_known
from honghua.base.clock import DAY_US, to_micros
from honghua.base.errors import BadInput
from honghua.credit import core as c
from honghua.credit.tests.days import NOW, settle
from honghua.decision import api as decision
from honghua.decision.core import compile_bundle, engine_vocabulary

ALL: dict[str, Any] = {"now_us": to_micros(NOW) + DAY_US, "silent_days": 0, "one_in": 1}


def same(one, two):
    return all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("decision_ids", "labels", "weight", "at_us")
    )


def test_new_facts_alone_teach_what_all_facts_teach(database, conn, tmp_path):
    """However often it is read, and on whatever page a report stands."""
    town, path = settle(database, conn, 3), tmp_path / "deep" / "known.npz"
    assert len(read_known(conn, path=path, **ALL).labels) == 0
    ids = [town.buy(f"one{k}", "C00", 100 + k)["purchase_id"] for k in range(3)]
    assert same(read_known(conn, path=path, **ALL), read_known(conn, **ALL))
    town.do(c.ReportFraud(key="told", customer="C00", purchase_id=ids[1]))
    ids += [town.buy(f"two{k}", "C01", 100 + k)["purchase_id"] for k in range(3)]
    found = read_known(conn, path=path, **ALL)
    assert same(found, read_known(conn, **ALL))
    assert found.decision_ids.tolist() == ids
    assert found.labels.tolist() == [0, 1, 0, 0, 0, 0]
    by_one = FactTable()
    assert by_one.read_on(conn, page=1) > len(ids)
    assert same(by_one.known(**ALL), found)
    assert FactTable.load(path, conn).read_on(conn) == 0
    few = read_known(conn, path=path, **ALL | {"one_in": 2})
    assert same(few, read_known(conn, **ALL | {"one_in": 2}))
    assert set(few.weight[few.labels == 0].tolist()) <= {2.0}


def test_a_table_forgets_what_no_fit_looks_at(database, conn, tmp_path):
    town, path = settle(database, conn, 1), tmp_path / "known.npz"
    numbers = [town.buy(f"one{k}", "C00", 100 + k)["purchase_id"] for k in range(4)]
    town.do(c.ReportFraud(key="told", customer="C00", purchase_id=numbers[0]))
    later = ALL | {"now_us": to_micros(NOW) + 9 * DAY_US, "history_days": 3}
    assert len(read_known(conn, path=path, **later).labels) == 0
    table = FactTable.load(path, conn)
    assert table.cursor > 0
    assert len(table.bought) + len(table.held) + len(table.frauds) == 0
    assert same(read_known(conn, path=path, **later), read_known(conn, **later))


@pytest.mark.parametrize("wrong", ["torn", "another book", "ahead of the book", "none"])
def test_a_table_that_is_not_of_this_book_is_read_anew(database, conn, tmp_path, wrong):
    town, path = settle(database, conn, 1), tmp_path / "known.npz"
    town.buy("one", "C00", 100)
    right = read_known(conn, path=path, **ALL)
    table = FactTable.load(path, conn)
    assert table.cursor > 0
    if wrong == "torn":
        path.write_bytes(path.read_bytes()[:-90])
    elif wrong != "none":
        number, unit, purchase, at_us = table.last
        table.last = (
            (number, unit + 1, purchase, at_us) if wrong == "another book" else (number + 7, unit, purchase, at_us)
        )
        table.bought[:, 1] += 1
        table.save(path)
    else:
        path.unlink()
    assert FactTable.load(path, conn).cursor == 0
    assert same(read_known(conn, path=path, **ALL), right)


def test_incomplete_labels_are_said_with_a_reason_that_the_release_tells(conn):
    """And the fit is told: its rows are sieved and mixed as for a house that hears of half of its frauds."""
    for share, why in ((0.5, " "), (0.0, "nobody calls"), (float("nan"), "nobody calls")):
        with pytest.raises(BadInput):
            Incomplete(share, why)
    acts = (decision.Act("robot 1", "a test"), decision.Act("robot 2", "a test"))
    plain = Robots(*acts, seed=1)
    robots = replace(plain, incomplete=Incomplete(0.5, "victims of small sums never call"))
    assert (plain.fit_settings().unreported, robots.fit_settings().unreported) == (0.0, 0.5)
    robots.put_in_force(conn, decision.Proposal("first", decision_source(), engine_vocabulary()))
    (told,) = [change.why for change in decision.list_changes(conn, limit=9) if change.action == "propose"]
    assert "a test" in told
    assert "0.5" in told
    assert "victims of small sums never call" in told


def decision_source() -> str:
    """A policy without a model."""
    source = AlarmBudget((Band("all", 10**12, 0, 0),)).unfitted().source()
    compile_bundle("first", source, engine_vocabulary())
    return source


def test_rows_with_a_gap_that_hardly_any_other_has_stay_out():
    values = np.ones((1_000, 3), np.float32)
    values[7, 0] = np.nan  # one of a thousand
    values[::2, 1] = np.nan  # an ordinary gap: a forest learns a way for it
    assert np.flatnonzero(has_rare_gaps(values)).tolist() == [7]
    assert not has_rare_gaps(np.ones((5, 2), np.float32)).any()


def test_one_in_so_many_is_drawn_by_the_number_alone():
    numbers = np.arange(40_000)
    drawn = draw_one_in(numbers, 4)
    assert 0.24 < drawn.mean() < 0.26
    assert (draw_one_in(numbers[100:], 4) == drawn[100:]).all()
    assert draw_one_in(numbers, 1).all()
