"""A strategy earns more than simple rules at one loss budget, keeps its constraints on new orders, and its policy says what it means."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput, Refusal
from honghua.decision.core import POLICIES, Outcome, judge_batch
from honghua.lab.strategy.api import (
    GOALS,
    Frame,
    Group,
    Orders,
    Point,
    backtest,
    build_frontier,
    choose_point,
    diff_policies,
    draw_grid,
    draw_strategy,
    orders_of,
    read_plan,
    same_share,
    swap_set,
    vectors_of,
)
from honghua.lab.strategy.cells import bad_rates, reckon
from honghua.lab.strategy.figures import ratio_interval
from honghua.lab.strategy.plans import PPM, Plan
from honghua.limits.core import LimitTerms, price_of
from honghua.models.examining.api import share_interval

PURCHASE_RISK = POLICIES["purchase-risk"]
CREDIT, PURCHASES = read_plan("credit"), read_plan("purchases")


def draw_orders(seed: int, *, n: int = 6_000, plan: Plan = CREDIT, split: bool = False) -> Orders:
    """Planted: outcomes are drawn with the very chances that are told."""
    rng = np.random.default_rng(seed)
    risky = plan.name == "credit"
    chance = rng.beta(1.2, 6.0, n) if risky else np.where(rng.random(n) < 0.02, rng.beta(4, 2, n), rng.beta(1, 600, n))
    bad = (rng.random(n) < chance).astype(np.uint8)
    amounts = np.round(rng.lognormal(9.5, 1.0, n)).astype(np.int64) + 100
    group = (Group("town", rng.integers(0, 2, n).astype(np.int32), ("a", "b")),) if split else ()
    return orders_of(chance, bad, plan, amount_minor=amounts, protected=group)


@pytest.fixture(scope="module")
def drawn():
    strategy = draw_strategy(draw_orders(1), draw_orders(2), CREDIT, name="admission-1")
    assert not isinstance(strategy, Refusal)
    return strategy


def test_shipped_margins_are_the_prices_of_the_limits_room():
    terms, economics = LimitTerms(), CREDIT.economics
    prices = [price_of(terms, grade, on=dt.date(2026, 11, 1)) for grade in range(1, len(economics.margin_ppm) + 1)]
    assert economics.margin_ppm == tuple(p.price_ppm - terms.funding_ppm - terms.operations_ppm for p in prices)
    assert economics.bounds_ppm == terms.grade_bounds_ppm
    assert economics.loss_ppm == terms.loss_given_default_ppm


def test_a_chosen_strategy_keeps_its_constraints_on_orders_never_seen(drawn):
    assert drawn.passed, drawn.as_json()["checks"]
    assert drawn.promised.is_feasible
    assert drawn.promised.loss_share <= CREDIT.constraints.loss_ppm / PPM
    assert drawn.figures["loss_share"].low <= CREDIT.constraints.loss_ppm / PPM
    assert len(drawn.frontier) > 5
    losses = [point.loss_share for point in drawn.frontier]
    assert losses == sorted(losses)
    assert max(p.profit_minor for p in drawn.frontier if p.is_feasible) == drawn.promised.profit_minor


def test_the_policy_refuses_and_lets_pass_what_the_strategy_chose(drawn):
    orders = draw_orders(3)
    said = judge_batch(drawn.bundle, vectors_of(drawn.bundle, CREDIT, orders)).outcome
    wanted = {"approve": Outcome.APPROVE, "review": Outcome.REVIEW, "refuse": Outcome.REFUSE}
    chosen = drawn.actions[drawn.grid.place(orders)]
    assert [Outcome(int(one)) for one in said[:500]] == [wanted[CREDIT.actions[k].name] for k in chosen[:500]]
    assert (said == Outcome.APPROVE).tolist() == drawn.lets_pass(orders).tolist()
    unknown = vectors_of(drawn.bundle, CREDIT, orders)
    unknown[:, drawn.bundle.inputs.index("chance")] = np.nan
    assert set(judge_batch(drawn.bundle, unknown).outcome.tolist()) == {int(Outcome.REVIEW)}


@pytest.mark.parametrize("seed", range(3))
def test_at_one_loss_budget_it_promises_more_than_any_single_cut_off(seed):
    kept = replace(PURCHASES.constraints, loss_ppm=20_000, stopped_ppm=50_000)
    orders, plan = draw_orders(seed, plan=PURCHASES), replace(PURCHASES, constraints=kept)
    grid = draw_grid(orders, plan)
    best = max(p.profit_minor for p in build_frontier(orders, plan, grid) if p.is_feasible)
    ledger, asked = reckon(orders, plan, grid), float(orders.amount_minor.sum())
    good = float(ledger.refused_good[:, -1].sum())
    tried = 0
    for cut in range(grid.shape[1] + 1):
        row = np.where(np.arange(grid.shape[1]) < cut, 0, len(plan.actions) - 1).astype(np.int8)
        actions = np.tile(row, grid.shape[0])
        loss, _, _, stopped, away, good_away = ledger.total(ledger.cost, actions) / [
            asked,
            1,
            1,
            *[len(orders)] * 2,
            good,
        ]
        found = (loss, stopped, away, good_away)
        bounds = (kept.loss_ppm, kept.stopped_ppm, PPM - kept.approved_ppm, kept.refused_good_ppm)
        if all(one <= bound / PPM for one, bound in zip(found, bounds, strict=True)):
            tried += 1
            assert float(ledger.total(ledger.value, actions)) <= best + 1
    assert tried


def test_rates_rise_with_the_chance_and_stay_near_what_was_planted():
    orders = draw_orders(5, n=20_000)
    grid = draw_grid(orders, CREDIT)
    cell = grid.place(orders)
    rates = bad_rates(orders, cell, grid)
    assert (np.diff(rates) >= 0).all()
    planted = np.bincount(cell, weights=orders.chance) / np.bincount(cell)
    assert np.abs(rates - planted).max() < 0.08


def test_a_purchase_strategy_replaces_the_matrix_of_the_policy_that_judges_and_nothing_else():
    frame = Frame(PURCHASE_RISK)
    develop, report = draw_orders(11, n=8_000, plan=PURCHASES), draw_orders(12, n=8_000, plan=PURCHASES)
    strategy = draw_strategy(develop, report, PURCHASES, name="purchase-lab", frame=frame)
    assert not isinstance(strategy, Refusal), strategy
    assert strategy.passed, strategy.as_json()["checks"]
    changed = [
        line for line in diff_policies(PURCHASE_RISK, strategy.source) if line[:1] in "+-" and line[1:2] not in "+-"
    ]
    assert changed
    assert all("cell[" in line or "by_risk" in line for line in changed)
    assert diff_policies(strategy.source, strategy.source) == ()
    before = np.full(len(report), int(Outcome.APPROVE), np.int64)
    told = backtest(strategy, report, before)
    assert told["decisions"] == len(report)
    assert 0 < told["flip_share"] < 0.2


def test_a_fairness_bound_that_nobody_can_keep_is_refused_with_its_figure():
    orders = draw_orders(21)
    codes = (orders.chance > np.median(orders.chance)).astype(np.int32)
    unfair = replace(orders, protected=(Group("half", codes, ("safe", "risky")),))
    answer = draw_strategy(
        unfair, unfair, replace(CREDIT, constraints=replace(CREDIT.constraints, fairness_ppm=PPM)), name="x"
    )
    assert isinstance(answer, Refusal)
    assert "fairness" in answer.sentence
    fair = draw_strategy(draw_orders(22, split=True), draw_orders(23, split=True), CREDIT, name="y")
    assert not isinstance(fair, Refusal)
    assert fair.promised.fairness_ratio > 0.9


def floors_of(approved: int, refused_good: int, loss: int) -> Plan:
    kept = replace(CREDIT.constraints, approved_ppm=approved, refused_good_ppm=refused_good, loss_ppm=loss)
    return replace(CREDIT, constraints=kept)


def test_profit_below_a_floor_is_left_lying():
    """Without the floor of growth more is earned by lending to fewer; with it the strategy gives the profit up."""
    orders = draw_orders(41)
    grid = draw_grid(orders, CREDIT)
    free, bound = floors_of(0, PPM, PPM), floors_of(800_000, PPM, PPM)
    points = build_frontier(orders, free, grid)
    greedy = points[must_choose(points)]
    assert greedy.approved_share < 0.8
    kept = build_frontier(orders, bound, grid)
    chosen = kept[must_choose(kept)]
    assert chosen.approved_share >= 0.8
    assert chosen.profit_minor < greedy.profit_minor


def must_choose(points: tuple[Point, ...]) -> int:
    found = choose_point(points)
    assert not isinstance(found, Refusal), found
    return found


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    margin=st.integers(0, 900_000), away=st.integers(0, 500_000), approved=st.integers(0, PPM), good=st.integers(0, PPM),
    loss=st.integers(0, 200_000), fairness=st.integers(0, PPM),
)  # fmt: skip
def test_no_price_of_money_buys_a_strategy_below_any_floor(margin, away, approved, good, loss, fairness):
    economics = replace(CREDIT.economics, margin_ppm=(margin,) * len(CREDIT.economics.margin_ppm), turned_away_ppm=away)
    plan = floors_of(approved, good, loss)
    plan = replace(plan, economics=economics, constraints=replace(plan.constraints, fairness_ppm=fairness), bands=4)
    orders = draw_orders(43, n=600, split=True)
    found = draw_strategy(orders, orders, plan, name="any")
    if isinstance(found, Refusal):
        assert found.code == "NO_STRATEGY"
        return
    assert {one.goal for one in found.scorecard} == set(GOALS)
    for one in found.scorecard:
        assert one.room >= -1e-9, one


def test_a_floor_that_later_orders_do_not_keep_is_named():
    good, worse = draw_orders(44), draw_orders(45)
    strict = floors_of(600_000, PPM, 60_000)
    later = replace(worse, chance=np.sqrt(worse.chance))
    found = draw_strategy(good, later, strict, name="moved")
    assert not isinstance(found, Refusal)
    (growth,) = (one for one in found.scorecard if one.goal == "growth")
    assert growth.promised >= 0.6
    assert not growth.is_kept
    assert not found.passed
    assert any("approved_share" in check.problem for check in found.checks)


def test_swap_sets_count_everybody_once_and_know_the_better_score():
    orders = draw_orders(31)
    rng = np.random.default_rng(0)
    noisy = np.clip(orders.chance + rng.normal(0, 0.15, len(orders)), 0, 1)
    old, new = same_share(noisy, 0.7), same_share(orders.chance, 0.7)
    swap = swap_set(orders, old, new, CREDIT)
    parts = [swap.kept_in, swap.swapped_in, swap.swapped_out, swap.kept_out]
    assert sum(part.orders for part in parts) == len(orders)
    assert swap.swapped_in.orders == swap.swapped_out.orders
    assert swap.swapped_in.bad_share.high < swap.swapped_out.bad_share.low


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(7)
    hits = sum(i.low <= 0.1 <= i.high for i in (share_interval(int(rng.binomial(200, 0.1)), 200) for _ in range(400)))
    assert 0.91 <= hits / 400 <= 0.99
    held = 0
    for _ in range(300):
        wholes = rng.lognormal(0, 1, 400)
        found = ratio_interval(wholes * (rng.random(400) < 0.3), wholes)
        held += found.low <= 0.3 <= found.high
    assert 0.90 <= held / 300 <= 0.99


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("bad_ppm = 500_000", "bad_ppm = 2_000_000"), "shares"),
        (lambda text: text.replace("severity = 1", "severity = 5"), "mildest"),
        (lambda text: text.replace('name = "review"\n', ""), "lacks"),
        (lambda text: text.replace("bounds_ppm = [5_000,", "bounds_ppm = [10_000,"), "rising"),
        (lambda text: text + "\n[[[", "cannot read"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_a_sentence(tmp_path, change, why):
    shipped = read_text()
    path = tmp_path / "plan.toml"
    path.write_text(shipped, encoding="utf-8")
    assert read_plan(path) == CREDIT
    path.write_text(change(shipped), encoding="utf-8")
    with pytest.raises(BadInput, match=why):
        read_plan(path)


def read_text() -> str:
    return files("honghua.lab").joinpath("data", "strategy-credit.toml").read_text(encoding="utf-8")


def test_orders_without_sense_are_refused():
    with pytest.raises(BadInput, match="chance"):
        orders_of(np.array([np.nan]), np.array([0], np.uint8), CREDIT)
    with pytest.raises(BadInput, match="amounts"):
        orders_of(np.array([0.5]), np.array([0], np.uint8), CREDIT, amount_minor=np.array([0]))
