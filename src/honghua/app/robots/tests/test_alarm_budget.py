"""A budget becomes lines of a score, and the lines become a policy that holds up as many orders as the budget says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.app.robots.alarm_budget import AlarmBudget, Band, Rescue
from honghua.base.rng import derive_rng
from honghua.decision.core import compile_bundle, engine_vocabulary

BUDGET = AlarmBudget((Band("small", 300_00, 2_000, 10_000), Band("dear", 10**12, 20_000, 50_000)))
N = 20_000


def orders() -> tuple[np.ndarray, np.ndarray]:
    rng = derive_rng(5, "orders")
    return rng.random(N) ** 6, np.where(rng.random(N) < 0.7, 100_00, 1_000_00)


def test_each_band_spends_its_share_whatever_the_scores_mean():
    scores, amount = orders()
    for bold in (scores, scores * 1e-6, np.sqrt(scores)):
        lines = BUDGET.draw(bold, amount)
        assert lines.rows == N
        for band, (asked, held), is_cheap in zip(BUDGET.bands, lines.lines, (True, False), strict=True):
            mine = bold[(amount == 100_00) == is_cheap]
            assert (mine >= held).mean() == pytest.approx(band.held_ppm / 1e6, abs=2 / len(mine))
            assert (mine >= asked).mean() == pytest.approx((band.held_ppm + band.asked_ppm) / 1e6, abs=2 / len(mine))


def test_a_band_of_few_orders_takes_its_shares_of_all():
    scores, amount = orders()
    amount[amount > 100_00] = 100_00
    amount[:10] = 1_000_00
    (_, dear) = BUDGET.draw(scores, amount).lines
    assert (scores >= dear[1]).mean() == pytest.approx(0.02, abs=1e-3)


def test_scores_that_are_all_alike_hold_up_nobody():
    lines = BUDGET.draw(np.full(N, 0.25), np.full(N, 100_00))
    assert all(held > 0.25 for _, held in lines.lines)
    unscored = BUDGET.draw(np.full(N, np.nan), np.full(N, 100_00))
    assert unscored.rows == 0
    assert all(line == (1.0, 1.0) for line in unscored.lines)


def test_the_policy_compiles_and_names_its_rules_to_the_brake():
    lines = BUDGET.draw(*orders())
    bundle = compile_bundle("budgeted", lines.source(), engine_vocabulary())
    names = {rule.name for rule in bundle.rules}
    assert set(lines.reference_ppm()) == {"held_small", "asked_small", "held_dear", "asked_dear"}
    assert set(lines.reference_ppm()) < names


@pytest.mark.parametrize("rescue", [None, Rescue(), Rescue(statements=1, percent=50)])
def test_without_a_model_only_the_account_rules_decide(rescue):
    lines = replace(BUDGET, rescue=rescue).unfitted()
    bundle = compile_bundle("unfitted", lines.source(), engine_vocabulary())
    assert lines.reference_ppm() == {}
    assert not any(rule.name.startswith(("held", "asked")) for rule in bundle.rules)
    assert (bundle.find_rule("for_this_order") is None) == (rescue is None)
