from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import lightgbm
import numpy as np
import pytest

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.models import api as models
from honghua.models.battery import hostile_rows
from honghua.models.core.layout import CARD
from honghua.models.core.proofs import find_unseen_missing

NAMES = ("amount", "times", "shop", "hour", "noise")
SMALL = {"num_leaves": 7, "learning_rate": 0.2, "min_data_in_leaf": 10}


def rows(seed, n=900):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(np.float32)
    x[:, 2] = rng.integers(0, 40, n)
    x[rng.random(n) < 0.4, 1] = 0.0
    signal = 1.5 * x[:, 0] + (x[:, 2] % 3 == 0) + 0.5 * x[:, 1]
    y = (signal + rng.normal(size=n) > 1.2).astype(np.float64)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, y


def train(seed=1, **more):
    x, y = rows(10)
    recipe: dict[str, Any] = {"params": SMALL, "rounds": 8, "categorical": ("shop",), "monotone": {"amount": 1}} | more
    return models.train_forest(x, y, names=NAMES, seed=seed, **recipe)


@pytest.mark.parametrize(
    ("params", "monotone"),
    [
        ({}, {"amount": 1}),
        ({"zero_as_missing": True}, None),
        ({"use_missing": False}, {"amount": 1, "noise": -1}),
        ({"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}, None),
        ({"objective": "regression"}, None),
        ({"min_data_in_leaf": 2_000}, None),
        ({"max_cat_to_onehot": 64}, None),
    ],
)
def test_what_was_trained_is_scored_as_lightgbm_scores_it(params, monotone):
    trained = train(params=SMALL | params, monotone=monotone)
    x = np.concatenate([rows(11, 150)[0], hostile_rows(5)])
    booster = lightgbm.Booster(model_str=trained.booster_text)
    theirs = booster.predict(x, raw_score=True, num_threads=1) / trained.forest.booster.averaged
    assert np.array_equal(trained.forest.score(x), theirs)
    assert np.allclose(
        models.build_model(trained.forest).predict(x), booster.predict(x, num_threads=1), rtol=1e-14, atol=0
    )
    assert trained.forest.trees == booster.num_trees()


def test_the_same_seed_gives_the_same_digest_on_any_number_of_threads():
    params = SMALL | {"bagging_fraction": 0.7, "bagging_freq": 1}
    first = train(params=params)
    assert first.forest.digest == train(params=params, num_threads=1).forest.digest
    assert first.forest.digest != train(seed=2, params=params).forest.digest


def test_early_stopping_keeps_the_best_number_of_trees():
    valid = rows(12, 400)
    trained = train(valid=valid, rounds=200, patience=5)
    assert trained.rounds == trained.forest.trees < 200
    assert trained.rounds == int(np.argmin(trained.history)) + 1
    assert trained.metric == "binary_logloss"
    assert len(trained.history) == trained.rounds + 5


def test_weights_change_the_forest_and_rows_of_another_form_are_refused():
    x, y = rows(10)
    heavy = models.train_forest(x, y, names=NAMES, seed=1, params=SMALL, rounds=4, weight=np.where(y > 0, 5.0, 1.0))
    plain = models.train_forest(x, y, names=NAMES, seed=1, params=SMALL, rounds=4)
    assert models.build_model(heavy.forest).predict(x).mean() > models.build_model(plain.forest).predict(x).mean()
    for wrong in (
        {"x": x.astype(np.float64)},
        {"y": y[:-1]},
        {"y": np.where(y > 0, np.nan, 0.0)},
        {"names": NAMES[:-1]},
        {"monotone": {"nobody": 1}},
        {"monotone": {"shop": 1}, "categorical": ("shop",)},
        {"monotone": {"amount": 1}, "params": {"zero_as_missing": True}},
    ):
        given: dict[str, Any] = {"x": x, "y": y, "names": NAMES, "seed": 1} | wrong
        with pytest.raises(BadInput):
            models.train_forest(given.pop("x"), given.pop("y"), **given)


@pytest.mark.parametrize("line", [None, (1.25, -0.1)])
def test_a_saved_model_comes_back_bit_for_bit(tmp_path, line):
    forest = train().forest
    x, _ = rows(12, 300)
    given = line and models.Calibration(models.CalibrationKind.LOGISTIC, *(np.array([part]) for part in line))
    model = models.build_model(forest, calibration=given)
    models.save_model(model, tmp_path / "m")
    again = models.load_model(tmp_path / "m")
    assert again.digest == model.digest
    assert np.array_equal(again.predict(x), model.predict(x))
    assert again.names == NAMES


def test_a_changed_folder_is_refused(tmp_path):
    model = models.build_model(train().forest)
    models.save_model(model, tmp_path)
    text = (tmp_path / "booster.txt").read_text()
    value = repr(float(model.forest.booster.trees[0].leaf_value[0]))
    assert value in text
    (tmp_path / "booster.txt").write_text(text.replace(value, "0.5"))
    with pytest.raises(IntegrityBroken):
        models.load_model(tmp_path)
    told = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "booster.txt").write_text(text)
    (tmp_path / "model.json").write_text(json.dumps(told | {"names": ["x", *NAMES[1:]]}))
    with pytest.raises(IntegrityBroken):
        models.load_model(tmp_path)
    with pytest.raises(BadInput):
        models.load_model(tmp_path / "nowhere")


def test_predictions_with_reasons_are_those_without():
    model = models.build_model(train().forest)
    x = rows(12, 40)[0]
    told = model.predict_explained(x)
    out = np.empty(len(x))
    model.predict_into(x, out)
    assert np.array_equal(told.probability, model.predict(x))
    assert np.array_equal(told.probability, out)
    assert np.array_equal(told.margin, model.forest.score(x))
    assert model.reason_names(np.array([2, 0, -1, -1], np.int32)) == ("shop", "amount")
    places = model.forest.leaf_places(x)
    assert places.shape == (40, model.forest.trees)
    assert np.array_equal(
        np.sum(model.forest.cards.view(np.float64)[CARD * (1 + places)], axis=1).round(9), told.margin.round(9)
    )


def test_monotone_is_proven_where_it_holds_and_refuted_where_not():
    free, bound = train(monotone=None).forest, train().forest
    assert models.check_monotone(bound, {"amount": 1, "hour": 0}) == []
    assert models.check_monotone(bound, {"amount": -1})
    assert models.check_monotone(free, {"noise": 1})
    assert "no order" in models.check_monotone(bound, {"shop": 1})[0]
    assert "no feature" in models.check_monotone(bound, {"nobody": 1})[0]
    zero = train(params=SMALL | {"zero_as_missing": True}, monotone=None, categorical=()).forest
    assert any("zero is missing" in problem for problem in models.check_monotone(zero, {"times": 1}))


def test_missing_values_that_no_fitting_saw_are_named():
    x, y = rows(10)
    whole = np.nan_to_num(x)
    forest = models.train_forest(whole, y, names=NAMES, seed=1, params=SMALL, rounds=4).forest
    assert find_unseen_missing(forest, {"amount": 3, "shop": 0}) == ["amount"]
    assert find_unseen_missing(train().forest, dict.fromkeys(NAMES, 1)) == []


def battery(model, **more):
    x, y = rows(13, 900)
    evidence = models.Evidence(x, y, slices=np.arange(900) // 300, monotone={"amount": 1})
    return models.check_battery(model, models.Evidence(**{**fields(evidence), **more}))


def fields(evidence):
    return {name: getattr(evidence, name) for name in ("x", "y", "slices", "monotone")}


def test_a_sound_model_passes_its_battery_and_unsound_ones_fail_the_right_check():
    trained = train(rounds=30)
    model = models.build_model(trained.forest)
    report = battery(model)
    assert report.problems == ()
    assert report.passed
    assert len({check.name for check in report.checks}) == len(report.checks) == 15
    steep = models.Calibration(models.CalibrationKind.LOGISTIC, np.array([4.0]), np.zeros(1))
    x, y = rows(13, 900)
    later = x.copy()
    later[600:, 0] += 4.0
    for failed, unsound, more in (
        ({"calibration error", "calibration slope"}, models.build_model(trained.forest, calibration=steep), {}),
        ({"probabilities", "calibration error", "calibration slope"}, identity(trained.forest), {}),
        ({"monotone, proven on the trees", "monotone, swept"}, model, {"monotone": {"amount": -1}}),
        ({"scores by time slice", "AUC by time slice", "calibration error", "calibration slope"}, model, {"x": later}),
        ({"ranks better than chance", "calibration error", "calibration slope"}, model, {"y": np.roll(y, 7)}),
    ):
        problems = {problem.partition(": ")[0] for problem in battery(unsound, **more).problems}
        assert problems == failed


def identity(forest):
    return models.build_model(forest, calibration=models.Calibration(models.CalibrationKind.IDENTITY))


def test_a_model_card_is_plain_json_and_one_page_without_the_world():
    trained = train(rounds=12)
    model = models.build_model(trained.forest)
    x, y = rows(13, 600)
    card = models.model_card(
        model,
        trained,
        battery(model),
        evidence=models.Evidence(x, y),
        purpose=models.Purpose("Crowds <1>", "cash-out & fraud", "not for limits", "2018-07"),
        fitting=rows(10)[0],
    )
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["figures"]["auc"][0] < card["figures"]["auc"][1] < card["figures"]["auc"][2]
    assert next(iter(card["importance"])) == "amount"
    page = models.card_html(card)
    assert not any(word in page for word in ("http", "//", "src=", "<script", "url(", "@import"))
    seen = Tags()
    seen.feed(page)
    assert seen.counts["svg"] == 4
    assert seen.open == []
    assert "Crowds &lt;1&gt;" in page
    assert page.count("<rect") == 2 * 20 + 5 + 6


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.counts: dict[str, int] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in ("meta", "line", "circle", "rect", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
