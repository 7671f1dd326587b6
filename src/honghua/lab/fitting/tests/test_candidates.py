"""The fit as a whole, on a small plan: nothing of the report reaches it, it repeats, and its folder scores as it does."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.lab.fitting.api import (
    FitSettings,
    ForestRecipe,
    Plan,
    fit_candidates,
    load_candidates,
    load_predictions,
    plan_for,
    save_candidates,
    score,
    split_report,
    tell,
)
from honghua.lab.fitting.tests.planted import plant
from honghua.models.api import auc, check_monotone

QUICK = Plan(
    "quick", (ForestRecipe("gentle", {"num_leaves": 6}, 25),), folds=2, patience=5, bag=1, again=False, crosses=(0,), tune_rows=10_000,
    threads=1,
)  # fmt: skip
SETTINGS = FitSettings(seed=7, plan=QUICK, refit=False)


@pytest.fixture(scope="module")
def table():
    made = plant(seed=21, rows=800, signals=5, noise=1, traps=2, rate=0.3)
    return replace(made, time=np.random.default_rng(1).integers(0, 40, made.rows), time_name="month")


@pytest.fixture(scope="module")
def candidates(table):
    return fit_candidates(table, SETTINGS)


def parts_of(table, *, seed):
    found = split_report(table, share=0.25, seed=seed)
    return found.development, found.report


def test_the_report_is_the_last_in_time_and_no_moment_is_parted(table):
    early, late = parts_of(table, seed=1)
    assert table.time[early].max() < table.time[late].min()
    assert 0.15 < len(late) / table.rows < 0.25
    early, late = parts_of(replace(table, time=None), seed=1)
    assert sorted([*early, *late]) == list(range(table.rows))
    assert abs(table.labels[early].mean() - table.labels[late].mean()) < 0.01


def test_nothing_of_the_report_reaches_the_examined_models(table, candidates):
    _, late = parts_of(table, seed=7)
    changed = table.labels.copy()
    changed[late] = 1 - changed[late]
    other = fit_candidates(replace(table, target=changed), SETTINGS)
    assert other.pair.challenger.digest == candidates.pair.challenger.digest
    assert other.pair.champion.digest == candidates.pair.champion.digest
    assert other.challenger_figures.auc == pytest.approx(1.0 - candidates.challenger_figures.auc)


def test_the_figures_are_those_of_the_report(table, candidates):
    report = candidates.report
    assert np.array_equal(report.y, table.labels[report.rows])
    assert candidates.challenger_figures.auc == auc(report.y, report.challenger) > 0.55
    assert candidates.champion_figures.auc == auc(report.y, report.champion) > 0.55
    assert set(candidates.out_of_fold.rows) == set(candidates.development)
    assert abs(candidates.out_of_fold.challenger.mean() - table.labels[candidates.development].mean()) < 1e-3
    told = tell(candidates)
    assert not [name for name in told["accepted"] if name[0] == "t"]
    assert json.dumps(told, allow_nan=False)


def test_the_same_seed_gives_the_same_bytes_and_the_folder_scores_alike(table, candidates, tmp_path):
    again = fit_candidates(table, SETTINGS)
    for name, one in (("a", candidates), ("b", again)):
        save_candidates(one, tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 6
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    loaded = load_candidates(tmp_path / "a")
    kept = score(loaded, table.take(candidates.report.rows))
    assert kept.champion.tobytes() == candidates.report.champion.tobytes()
    assert kept.challenger.tobytes() == candidates.report.challenger.tobytes()
    assert kept.reasons == score(candidates, table.take(candidates.report.rows)).reasons
    assert load_predictions(tmp_path / "a", "report").challenger.tobytes() == candidates.report.challenger.tobytes()


def test_a_refit_keeps_the_examined_figures_and_directions_bind_both(table):
    ways = {"s00": 1, "s02": -1}
    found = fit_candidates(table, replace(SETTINGS, refit=True, monotone=ways))
    assert found.pair.challenger.digest != found.examined.challenger.digest
    assert found.challenger_figures.auc == auc(found.report.y, found.report.challenger)
    read = {name: way for name, way in ways.items() if name in found.schema.names}
    assert read
    for pair in (found.pair, found.examined):
        assert check_monotone(pair.challenger.forest, read) == []
    with pytest.raises(BadInput, match="direction"):
        fit_candidates(table, replace(SETTINGS, monotone={"s03": 1}))


def test_the_plan_follows_from_the_size_alone():
    sizes = [plan_for(1_000, 20), plan_for(30_000, 23), plan_for(200_000, 100), plan_for(1_000_000, 200)]
    assert [plan.size for plan in sizes] == ["small", "middle", "large", "huge"]
