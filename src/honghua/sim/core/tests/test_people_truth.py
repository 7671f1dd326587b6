"""The truth about people: propensities that later futures bear out, and what a line does to spending."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core.life import Cell, Crowd, House, Life, cast_city, open_cells, settle_city
from honghua.sim.core.people_truth import Horizon, live_once, people_truth
from honghua.sim.core.plan import CityPlan
from honghua.sim.scene_file import standard_scenes

DAYS = 170
UNSEEN_SEED = 4_001


@pytest.fixture(scope="module")
def registry():
    return settle_city(CityPlan(standard_scenes(), people=3_000, days=60, seed=UNSEEN_SEED))


@pytest.fixture(scope="module")
def users(registry):
    return np.flatnonzero(registry.citizens.line_day < 0)[:600]


@pytest.fixture(scope="module")
def truth(registry, users):
    limit = registry.citizens.people.limit_minor[users]
    return people_truth(registry, users, limit, Horizon(days=DAYS, draws=4, seed=1))


@pytest.mark.slow
def test_propensity_is_borne_out_by_other_futures(registry, users, truth):
    late = np.zeros(len(users))
    for draw in range(3):
        late += live_once(registry, users, truth.limit_minor, days=DAYS, future=(2, draw))[1]
    late /= 3
    assert (truth.late_share >= truth.default_share).all()
    assert 0.02 < truth.late_share.mean() < 0.12
    assert late.mean() == pytest.approx(truth.late_share.mean(), abs=0.02)
    risky = truth.late_share > 0
    assert late[risky].mean() > 2.5 * late[~risky].mean()  # it is of the person, not of the future


@pytest.mark.slow
def test_will_and_means_are_both_behind_it(registry, users, truth):
    unwilling = truth.will < np.quantile(truth.will, 0.2)
    assert truth.late_share[unwilling].mean() > 1.5 * truth.late_share[~unwilling].mean()
    short = registry.citizens.short_last_year[users]
    assert truth.late_share[short].mean() > 1.3 * truth.late_share[~short].mean()


@pytest.mark.slow
def test_a_larger_line_is_a_larger_risk(registry, users, truth):
    larger = people_truth(registry, users, truth.limit_minor * 4, Horizon(days=DAYS, draws=4, seed=1))
    assert larger.late_share.mean() > 1.2 * truth.late_share.mean()


def test_no_line_no_default(registry, users):
    few = users[:100]
    nobody = people_truth(registry, few, np.zeros(100, np.int64), Horizon(days=40, draws=1))
    assert not nobody.late_share.any()
    assert np.array_equal(nobody.lifts, registry.citizens.lifts[few])


def test_the_same_futures_twice(registry, users):
    few, limit = users[:100], np.full(100, 5_000_00)
    one, two = (live_once(registry, few, limit, days=50, future=(3, 3)) for _ in range(2))
    assert np.array_equal(one, two)


def live_through(registry, users, *, line: bool) -> dict[str, float]:
    """A hundred days of users with their lines or without."""
    life = Life(registry, registry.blocks, apart=users, raises=False)
    accounts = life.accounts
    if not line:
        accounts.limit_minor[:] = 0
        accounts.used_minor[:] = 0
    citizens = registry.citizens
    opened = np.full(len(users), -1, np.int32)
    house = House(accounts, citizens.bill_day[users], accounts.limit_minor.copy(), opened, registry.calendar)
    cell = Cell(Crowd([life]), house)
    amount, count = np.zeros(2), np.zeros(2)
    for day in range(60):
        settled = cell.play(day)
        bought = settled.kept & (settled.rows["kind"] == EventKind.PURCHASE)
        credit = settled.rows["credit"][bought]
        amount += np.bincount(credit, settled.rows["amount_minor"][bought], 2)
        count += np.bincount(credit, minlength=2)
    return {"spent": amount.sum(), "own": amount[0] / count[0], "credit": amount[1] / max(count[1], 1)}


@pytest.mark.slow
def test_what_a_line_does(registry):
    """R-176: borrowers spend 16 to 30 % more; an order on credit is 85 % larger than one of own money."""
    everybody = np.flatnonzero(registry.citizens.line_day < 0)
    with_line = live_through(registry, everybody, line=True)
    without = live_through(registry, everybody, line=False)
    assert with_line["spent"] / without["spent"] - 1 == pytest.approx(0.23, abs=0.07)
    assert with_line["credit"] / with_line["own"] == pytest.approx(1.85, abs=0.25)


@pytest.mark.slow
def test_a_year_later_the_city_still_owes_what_it_owed():
    """Savings, debts and shortages neither run away nor vanish while the city lives: R-292's figures hold roughly a year later."""
    registry = settle_city(CityPlan(standard_scenes(), people=1_500, days=365, seed=UNSEEN_SEED))
    cell = open_cells(registry, cast_city(registry, None), [0])[0]
    life = cell.crowd.actors[0]
    assert isinstance(life, Life)
    for day in range(365):
        cell.play(day)
    owed = life.standing.debt_minor + life.accounts.used_minor
    uses = owed > 0
    assert (life.standing.short_day >= 0)[uses].mean() == pytest.approx(0.39, abs=0.08)
    assert owed[uses].mean() / 100 == pytest.approx(7_700, rel=0.2)
