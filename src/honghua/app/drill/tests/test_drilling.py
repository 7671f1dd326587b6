"""A small shopping day with everything that goes wrong on one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from honghua.app.drill.drilling import DrillPlan, run_drill
from honghua.app.drill.page import render_drill
from honghua.base.errors import BadInput


@pytest.mark.slow
def test_a_small_drill_loses_and_doubles_nothing():
    told: list[str] = []
    plan = DrillPlan(seconds=20.0, purchases=1_200, people=400, history_days=20, seed=5, crime_share=0.05)
    found = run_drill(plan, told=told.append)
    assert not list(Path(tempfile.gettempdir()).glob(f"honghua-drill-{os.getpid()}-*")), "nothing is left behind"
    assert found["ok"], {
        name: found[name] for name in ("lost", "doubled", "answers_changed", "unanswered", "broken", "break_problems")
    }
    assert 1_140 < found["purchases"] < 1_400, "the crowd's, and as many as the gangs really try"
    assert found["accepted"] == found["booked"] > 300
    assert (found["lost"], found["doubled"], found["contradicted"], found["trial_balance_minor"]) == (0, 0, 0, 0)
    assert found["killed_at_s"] is not None
    assert found["resent"] > 0, "the outage is longer than clients' patience"
    assert found["repeated"] > 0
    assert found["day_closed_to_s"] is not None
    assert found["break_problems"] == []
    assert found["crimes"] > 0
    assert found["false_refusal_share"] < 0.03, "a shopping day is no attack"
    assert found["answers_again_at_s"] > found["killed_at_s"]
    assert found["ghosts"] == 0
    assert found["redrawn"] > 0 or not found["model"], "lines follow the crowd"
    assert found["arrived_per_s_peak"] > 4 * found["per_s_mean"]
    page = render_drill(found)
    assert page.startswith("<!doctype html>")
    assert "The books hold." in page
    assert page.count("<svg") == 3
    assert "<script" not in page


@pytest.mark.parametrize("wrong", [{"seconds": 0.5}, {"purchases": 5}, {"shape": "easter"}, {"crime_share": 0.9}])
def test_sizes_make_sense(wrong):
    with pytest.raises(BadInput):
        DrillPlan(**wrong)
