"""Budgets are kept to the unit, the bound is a bound, and the choice is near the best: by brute force, by HiGHS, and by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from honghua.allocation.api import SolvePlan, solve
from honghua.allocation.tests.naive import solve_naively
from honghua.base.errors import BadInput

SMALL = SolvePlan(threads=1)


def draw(rng, n, k, b, *, most=50):
    """Offers whose first level is nothing and costs nothing, and budgets that bind more or less."""
    utility = rng.normal(1.0, 1.0, (n, k)).round(2)
    utility[:, 0] = 0.0
    cost = rng.integers(0, most, (n, k, b))
    cost[:, 0] = 0
    return utility, cost, rng.integers(0, 20 * n, b)


def campaign(n, seed):
    """Like temporary limits: utility and costs rise with the level, by need and risk of the row; all budgets bind."""
    rng = np.random.default_rng(seed)
    amount = np.arange(6) * 20_000
    need, risk = rng.lognormal(10.5, 0.8, (n, 1)), rng.beta(1, 25, (n, 1))
    used = need * (1 - np.exp(-amount / need))
    loss = used * risk
    cost = np.stack([loss, used * 0.1 + amount * 0.02, np.where(amount > 0, 300 + used * 0.01, 0)], axis=-1)
    whole = cost.astype(np.int64)
    return used * 0.06 - loss * 0.1, whole, (whole.max(axis=1).sum(axis=0) * (0.2, 0.3, 0.35)).astype(np.int64)


def relaxed(utility, cost, budgets):
    """The optimum when rows may mix levels: what the dual's bound must come to."""
    n, k = utility.shape
    rows = sparse.kron(sparse.eye(n), np.ones((1, k)))
    return -linprog(-utility.ravel(), A_ub=cost.reshape(n * k, -1).T, b_ub=budgets, A_eq=rows, b_eq=np.ones(n)).fun


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 10**6))
def test_within_budgets_and_below_the_bound_for_every_small_question(n, k, b, seed):
    utility, cost, budgets = draw(np.random.default_rng(seed), n, k, b)
    found = solve(utility, cost, budgets, plan=SMALL)
    best = solve_naively(utility, cost, budgets)
    rows = np.arange(n)
    assert (found.spent == cost[rows, found.choice].sum(axis=0)).all()
    assert (found.spent <= budgets).all()
    assert found.violation == 0.0
    assert found.value == pytest.approx(utility[rows, found.choice].sum())
    assert found.value <= best + 1e-9 <= found.bound + 2e-9
    assert found.bound == pytest.approx(relaxed(utility, cost, budgets), rel=1e-4, abs=1e-4)


def test_mostly_the_best_even_where_rows_are_few():
    hits = 0
    for seed in range(40):
        utility, cost, budgets = draw(np.random.default_rng(seed), 5, 3, 2)
        hits += solve(utility, cost, budgets, plan=SMALL).value >= solve_naively(utility, cost, budgets) - 1e-9
    assert hits >= 28, "greedy moves from good prices miss some: the gap says so"


def test_as_good_as_highs_on_a_few_hundred_rows():
    utility, cost, budgets = campaign(400, seed=3)
    found = solve(utility, cost, budgets, plan=SMALL)
    n, k = utility.shape
    one_each = LinearConstraint(sparse.kron(sparse.eye(n), np.ones((1, k))).tocsr(), 1, 1)
    kept = LinearConstraint(sparse.csr_matrix(cost.reshape(n * k, -1).T.astype(np.float64)), -np.inf, budgets)
    peer = milp(
        -utility.ravel(), constraints=[one_each, kept], integrality=np.ones(n * k), bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-3},
    )  # fmt: skip
    assert peer.status == 0
    assert found.value >= -peer.fun * (1 - 2e-3)
    assert found.bound >= -peer.fun * (1 - 1e-9)
    assert found.gap < 3e-3


def test_the_same_bytes_in_any_chunks_order_of_threads_and_from_a_file(tmp_path):
    utility, cost, budgets = campaign(3_000, seed=4)
    one = solve(utility, cost, budgets, plan=SolvePlan(threads=1, chunk_rows=512, sample_rows=700))
    two = solve(utility, cost, budgets, plan=SolvePlan(threads=2, chunk_rows=512, sample_rows=700))
    assert one.choice.tobytes() == two.choice.tobytes()
    assert (one.bound, one.value) == (two.bound, two.value)
    np.save(tmp_path / "cost.npy", cost)
    mapped = solve(
        utility, np.load(tmp_path / "cost.npy", mmap_mode="r"), budgets, plan=SolvePlan(chunk_rows=512, sample_rows=700)
    )
    assert mapped.choice.tobytes() == one.choice.tobytes()
    assert one.gap < 1e-3
    assert (one.spent <= budgets).all()


def test_prices_tell_what_one_more_unit_is_worth():
    utility, cost, budgets = campaign(2_000, seed=5)
    here = solve(utility, cost, budgets, plan=SMALL)
    more = budgets + (budgets // 50) * np.array([1, 0, 0])
    there = solve(utility, cost, more, plan=SMALL)
    assert there.bound - here.bound <= here.prices[0] * (more - budgets)[0] * (1 + 1e-6), "the bound is concave"
    assert there.bound - here.bound >= there.prices[0] * (more - budgets)[0] * (1 - 1e-6)
    assert (here.prices >= 0).all()
    assert here.prices.max() > 0


def test_where_nothing_binds_everybody_gets_the_best():
    utility, cost, _ = campaign(300, seed=6)
    found = solve(utility, cost, cost.max(axis=1).sum(axis=0), plan=SMALL)
    assert (found.choice == utility.argmax(axis=1)).all()
    assert found.gap == 0.0
    assert not found.prices.any()


def test_a_budget_of_nothing_buys_nothing_and_float_budgets_are_kept():
    utility, cost, budgets = campaign(300, seed=7)
    none = solve(utility, cost, budgets * 0, plan=SMALL)
    assert not none.spent.any()
    parts = solve(utility, cost / 3.0, budgets / 3.0, plan=SMALL)
    assert parts.spent.dtype == np.float64
    assert (parts.spent <= budgets / 3.0).all()
    floor = solve(utility, cost, budgets + 0.9, plan=SMALL)
    assert (floor.choice == solve(utility, cost, budgets, plan=SMALL).choice).all(), "whole costs, whole budgets"


def test_a_level_that_is_not_open_is_never_chosen_even_to_save():
    utility, cost, budgets = campaign(300, seed=8)
    utility[:150, 0] = -np.inf  # these must get something
    cost[:150, 1] = 0
    found = solve(utility, cost, budgets, plan=SMALL)
    assert (found.choice[:150] > 0).all()
    assert (found.spent <= budgets).all()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda u, c, b: (u[:, :2], c, b), "BAD_SHAPE", "wanted"),
        (lambda u, c, b: (u, c, b[:1]), "BAD_SHAPE", "wanted"),
        (lambda u, c, b: (u[:0], c[:0], b), "BAD_SHAPE", "at least one row"),
        (lambda u, c, b: (np.where(u == u[2, 1], np.nan, u), c, b), "NOT_FINITE", "row 2: a utility"),
        (lambda u, c, b: (np.where(u == u[2, 1], np.inf, u), c, b), "NOT_FINITE", "row 2: a utility is infinite"),
        (lambda u, c, b: (u, np.where(c == c[1, 2, 0], np.nan, c), b), "NOT_FINITE", "row 1: a cost"),
        (lambda u, c, b: (u, c - 1, b), "NEGATIVE_COST", "row 0"),
        (lambda u, c, b: (u, c, np.array([1, -1, 1])), "NEGATIVE_BUDGET", "budget 1"),
        (lambda u, c, b: (u, c, np.array([1, np.nan, 1])), "NOT_FINITE", "a budget"),
        (lambda u, c, b: (np.where(np.arange(4)[:, None] == 3, -np.inf, u), c, b), "NO_OPEN_LEVEL", "row 3"),
        (lambda u, c, b: (u, c + 5, b * 0 + 19), "BUDGET_INFEASIBLE", "budget 0, which has 19"),
        (lambda u, c, b: (u, c + 2**61, b), "COST_TOO_LARGE", "int64"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_sentence(change, code, words):
    utility = np.arange(12.0).reshape(4, 3)
    cost = np.arange(36).reshape(4, 3, 3)
    cost[:, 0] = 0
    with pytest.raises(BadInput, match=words) as refused:
        solve(*change(utility, cost, np.array([30, 30, 30])), plan=SMALL)
    assert refused.value.code == code


def test_two_budgets_that_can_be_kept_only_one_at_a_time():
    utility, cost = np.zeros((1, 2)), np.array([[[0, 9], [9, 0]]])
    with pytest.raises(BadInput, match="all budgets at once") as refused:
        solve(utility, cost, np.array([5, 5]), plan=SMALL)
    assert refused.value.code == "BUDGET_INFEASIBLE"


def test_a_plan_that_makes_no_sense():
    with pytest.raises(BadInput, match="at least 1"):
        SolvePlan(threads=0)
