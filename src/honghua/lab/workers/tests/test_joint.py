"""Both goals at once beside the best rule of one variable: gained where the models know more, nothing claimed where not (R-120)."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import Refusal
from honghua.base.rng import derive_rng
from honghua.lab.strategy.api import Orders, draw_strategy, read_plan
from honghua.lab.workers.joint import Rule, compare_jointly, draw_rule, measure_both

PLAN = read_plan("credit")


def market(seed, *, n=4_000):
    """Outcomes by two variables, of which an analyst reads one; the chance is the true one. One column is noise, one mostly empty."""
    rng = derive_rng(seed, "market")
    used, late, noise, rare = rng.normal(size=(4, n))
    chance = 1.0 / (1.0 + np.exp(2.6 - 0.9 * used - 1.3 * late))
    bad = (rng.random(n) < chance).astype(np.uint8)
    amounts = np.round(rng.lognormal(9.5, 0.6, n)).astype(np.int64) + 100
    used[rng.random(n) < 0.1] = np.nan
    rare = np.where(rng.random(n) < 0.6, np.nan, bad + rare * 0.1)
    return Orders(chance, bad, amounts), {"used": used, "noise": noise, "rare": rare}, late


@pytest.fixture(scope="module")
def both():
    (develop, columns, _), (later, others, _) = market(1), market(2)
    strategy = draw_strategy(develop, later, PLAN, name="joint")
    assert not isinstance(strategy, Refusal)
    return strategy, (columns, others), (develop, later)


def test_more_good_ones_pass_and_less_is_lost(both):
    strategy, columns, orders = both
    told = compare_jointly(strategy, columns, orders, derive_rng(3, "draws"))
    assert told["rule"].startswith("used ≤ ")
    assert told["both_improve"]
    for goal, way in (("good_passed", 1), ("bad_amount_passed", -1)):
        low, mid, high = told[goal]["difference"]
        assert low < mid < high
        assert mid == pytest.approx(told[goal]["strategy"] - told[goal]["rule"], abs=2e-6)
        assert min(way * low, way * high) > 0
    assert told == compare_jointly(strategy, columns, orders, derive_rng(3, "draws"))


def test_against_a_rule_that_knows_as_much_nothing_is_claimed(both):
    strategy, _, orders = both
    known = tuple({"chance": one.chance} for one in orders)
    told = compare_jointly(strategy, (known[0], known[1]), orders, derive_rng(3, "draws"))
    assert not told["both_improve"]
    blank = tuple({"empty": np.full(len(one), np.nan)} for one in orders)
    assert "no variable" in compare_jointly(strategy, (blank[0], blank[1]), orders, derive_rng(3, "draws"))["why"]


def test_a_rule_reads_one_variable_either_way_and_says_who_is_unknown():
    orders = Orders(np.full(8, 0.1), np.array([1, 1, 0, 0, 0, 0, 0, 1], np.uint8), np.arange(1, 9))
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan, np.nan])
    rule = draw_rule({"income": values, "still": np.zeros(8)}, orders, share=0.5)
    assert rule == Rule("income", -1, 3.0, lets_missing=False)
    assert rule.told == "income ≥ 3"
    assert rule.lets_pass(values).tolist() == [False, False, True, True, True, True, False, False]
    # Of five good ones four pass; of 1 + 2 + 8 that are lost, none.
    assert measure_both(orders, rule.lets_pass(values)).tolist() == [0.8, 0.0]
    assert measure_both(orders, np.ones(8, bool), weights=np.array([0, 1, 1, 1, 1, 1, 1, 1.0])).tolist() == [1.0, 1.0]
