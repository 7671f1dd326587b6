"""What sends work back: a column that moved, a column that tells of a protected trait, a strategy that loses more than its budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honghua.agents import api as agents
from honghua.agents.directory import DirectoryArtefacts
from honghua.decision.core import POLICIES
from honghua.lab.strategy.api import FLOORS_CHECK, read_plan
from honghua.lab.workers.modeller import LEAVE_OUT, find_left_out
from honghua.lab.workers.question import read_question
from honghua.lab.workers.strategist import DRAW, CheckPolicy, add_rules, tighten
from honghua.lab.workers.validator import find_moved, find_proxy
from honghua.models.examining.api import Groups, Scored, measure_stability

NAMES = ("still", "moves", "tells")
GOOD = {"name": "severity rises with the chance", "passed": True, "problem": ""}


def look(tmp_path: Path, *, loss: list[float], checks: list[dict[str, Any]], policy: str) -> agents.Outcome:
    store = DirectoryArtefacts(tmp_path / "artefacts")
    worker = CheckPolicy(read_question("city"))
    given = {
        "strategy": agents.put_json(store, "strategy", {"figures": {"loss_share": loss}, "checks": checks}),
        "policy": agents.put_bytes(store, "policy", agents.TEXT, policy.encode()), "cuts": agents.put_json(store, "cuts", {}),
    }  # fmt: skip
    context = agents.Context(store, given, {slot.name: slot for slot in worker.writes}, tmp_path, 1, {}, worker.step)
    return worker.run(context)


def test_a_strategy_that_loses_more_than_its_budget_goes_back_to_be_drawn_tighter(tmp_path: Path):
    policy = add_rules(POLICIES["account-rules"])
    assert isinstance(look(tmp_path, loss=[0.01, 0.02, 0.03], checks=[GOOD], policy=policy), agents.Done)
    back = look(tmp_path, loss=[0.07, 0.08, 0.09], checks=[GOOD], policy=policy)
    assert isinstance(back, agents.SendBack)
    assert (back.to, back.reasons[0]) == (
        DRAW,
        "loss budget: 0.0800 of the amount is lost on later rows, the budget is 0.0600",
    )
    own = {"name": "loss budget", "passed": False, "problem": "of a tightened plan"}
    assert isinstance(look(tmp_path, loss=[0.01, 0.02, 0.03], checks=[own], policy=policy), agents.Done)
    other = {"name": "other constraints", "passed": False, "problem": "fairness"}
    assert isinstance(look(tmp_path, loss=[0.01, 0.02, 0.03], checks=[other], policy=policy), agents.SendBack)


def test_a_policy_that_lets_accounts_buy_that_may_not_ends_the_run(tmp_path: Path):
    leaky = '"""Lets everybody buy."""\n\nwith exclusions:\n    stopped_shop = refuse("MERCHANT_BLOCKED", when=on_list("lab_refuse"))\n'
    refused = look(tmp_path, loss=[0.0, 0.0, 0.0], checks=[GOOD], policy=leaky)
    assert isinstance(refused, agents.Refused)
    assert any("does not always refuse with" in one for one in refused.reasons)


def test_each_return_asks_for_more_of_what_did_not_hold_and_of_nothing_else():
    plan = read_plan("credit")
    kept = plan.constraints
    assert tighten(plan, []) == plan
    loss = ("loss budget: 0.0800 of the amount is lost on later rows",)
    assert tighten(plan, [loss, loss]).constraints == replace(kept, loss_ppm=kept.loss_ppm * 16 // 25)
    growth = (f"{FLOORS_CHECK}: approved_share 0.3500 is not at least 0.4000",)
    assert tighten(plan, [growth]).constraints == replace(kept, approved_ppm=430_000)
    good = (f"{FLOORS_CHECK}: refused_good_share 0.5500 is not at most 0.5000",)
    assert tighten(plan, [good]).constraints == replace(kept, refused_good_ppm=450_000)
    fair = ("other constraints: fairness 0.700 is below 0.800",)
    assert tighten(plan, [fair]).constraints == replace(kept, fairness_ppm=840_000)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=(3_000, 3)).astype(np.float32), rng.normal(size=(3_000, 3)).astype(np.float32)
    after[:, 1] += 2
    trait = (after[:, 2] + rng.normal(0, 0.5, 3_000) > 0).astype(int)
    return before, after, trait


def test_the_column_that_moved_and_the_one_that_tells_of_a_trait_are_named(rows):
    before, after, trait = rows
    report = measure_stability(
        NAMES, Scored(before, before.sum(axis=1) / 20 + 0.5), {"later": Scored(after, after.sum(axis=1) / 20 + 0.5)}
    )
    moved = find_moved(report)
    assert [name for name, _ in moved] == ["moves"]
    assert moved[0][1] > 0.25
    name, size = find_proxy(NAMES, after, Groups.of("trait", trait))
    assert name == "tells"
    assert 0.5 < size < 1
    remark = f"{LEAVE_OUT}moves: the champion's score moved"
    assert find_left_out((remark, "champion: calibration error")) == ["moves"]
