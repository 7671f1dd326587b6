"""A scorecard is a sum that one can do by hand; as trees inside a forest it is the same sum."""

from __future__ import annotations

import json

import lightgbm
import numpy as np
import pytest

from honghua.base.errors import IntegrityBroken
from honghua.models.api import Forest, auc, hostile_rows, train_forest
from honghua.models.scorecard.api import (
    CardSettings,
    Field,
    Scorecard,
    blend_boosters,
    calibrated,
    fit_line,
    fit_scorecards,
    load_card,
    save_card,
)

WORDS = ("own", "rent", "works")
NAMES = ("amount", "coded", "home", "noise", "declared")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    n = 3_000
    x = np.column_stack(
        [
            rng.gamma(2.0, 50.0, n),
            rng.normal(500, 100, n),
            rng.integers(0, 4, n),
            rng.normal(size=n),
            rng.normal(size=n),
        ]
    )
    coded, lost = rng.random(n) < 0.1, rng.random(n) < 0.15
    margin = (
        0.01 * x[:, 0]
        - 2.0
        + 1.5 * coded
        + 0.8 * lost
        + np.array([0.0, 0.7, -0.7, 1.0])[x[:, 2].astype(int)]
        + 0.5 * x[:, 4]
    )
    x[coded, 1] = -999.0
    x[lost, 0] = np.nan
    y = (margin + rng.logistic(size=n) > 0).astype(np.uint8)
    return np.ascontiguousarray(x, np.float32), y


@pytest.fixture(scope="module")
def cards(rows):
    x, y = rows
    fields = [Field("amount"), Field("coded"), Field("home", WORDS), Field("noise"), Field("declared", direction=1)]
    return fit_scorecards(x, y, fields, CardSettings(), crosses=(0, 3))


def by_hand(card, row):
    """The margin of one row, bin by bin, in plain Python."""
    total = card.intercept
    for one in card.characteristics:
        places = []
        for cut in one.cuttings:
            value = float(row[cut.place])
            if cut.groups is not None:
                code = int(value) if np.isfinite(value) else -1
                places.append(int(cut.groups[code]) if 0 <= code < len(cut.groups) else -1)
            elif np.isnan(value):
                places.append(cut.bins - 1)
            elif value in cut.specials:
                places.append(len(cut.edges) + 1 + cut.specials.index(value))
            else:
                places.append(sum(1 for edge in cut.edges if value >= edge))
        if min(places) < 0:
            total += one.mean
        else:
            total += one.parts[places[0] if len(places) == 1 else places[0] * one.cuttings[1].bins + places[1]]
    return total


def test_the_sum_can_be_done_by_hand(cards, rows):
    x = np.concatenate([rows[0][:150], hostile_rows(5)])
    for card in cards:
        assert np.allclose(card.margins(x), [by_hand(card, row) for row in x], rtol=0, atol=1e-12)
        assert np.isfinite(card.predict(x)).all()


def test_missing_and_special_values_have_points_of_their_own(cards, rows):
    card = cards[0]
    found = {(row["characteristic"], row["bin"]): row for row in card.table()}
    assert found["coded", "= -999"]["rows"] == int(np.sum(rows[0][:, 1] == -999.0))
    assert found["coded", "= -999"]["points"] < 0 < max(row["points"] for row in card.table())
    assert found["amount", "missing"]["rows"] == int(np.isnan(rows[0][:, 0]).sum())


def test_a_declared_direction_holds(cards):
    for card in cards:
        (one,) = (one for one in card.characteristics if one.name == "declared")
        assert (np.diff(one.parts[:-1]) >= 0).all()
        assert not any("declared" in cross.name for cross in card.characteristics if len(cross.cuttings) == 2)


def test_reasons_are_what_stands_above_the_mean(cards, rows):
    card, x = cards[1], rows[0][:200]
    probability, reasons, parts = card.explain(x)
    above = card.parts(x) - np.array([one.mean for one in card.characteristics])
    assert np.array_equal(probability, card.predict(x))
    for k in range(len(x)):
        told = [j for j in reasons[k] if j >= 0]
        assert told == [j for j in np.argsort(-above[k], kind="stable")[:4] if above[k, j] > 0]
        assert np.allclose(parts[k][: len(told)], above[k, told])


def test_points_fall_by_so_many_where_the_odds_double(cards, rows):
    card = cards[0]
    p = card.predict(rows[0][:50])
    odds = (1.0 - p) / p
    assert np.allclose(card.points(rows[0][:50]), 600.0 + 20.0 * np.log2(odds / 50.0))


def test_a_calibrated_card_means_what_it_says(cards, rows):
    x, y = rows
    card = calibrated(cards[0], fit_line(cards[0].margins(x), y))
    assert np.isclose(card.predict(x).mean(), y.mean(), atol=1e-6)
    assert auc(y, card.predict(x)) == auc(y, cards[0].margins(x)) > 0.7


def test_what_is_kept_is_what_was_made_and_nothing_else(cards, rows, tmp_path):
    card = cards[1]
    save_card(card, tmp_path)
    again = load_card(tmp_path)
    assert again.digest == card.digest
    assert again.predict(rows[0]).tobytes() == card.predict(rows[0]).tobytes()
    told = card.as_dict()
    told["intercept"] = (0.25).hex()
    with pytest.raises(IntegrityBroken, match="digest"):
        Scorecard.from_dict(told)
    with pytest.raises(IntegrityBroken):
        Scorecard.from_dict(json.loads('{"format": 1}'))


def test_inside_a_forest_the_card_is_the_same_sum(cards, rows):
    x, y = rows
    trained = train_forest(x, y, names=NAMES, seed=3, rounds=12, categorical=("home",), num_threads=1)
    text = blend_boosters([(trained.booster_text, 0.4)], cards=[(cards[1], 0.75)])
    forest = Forest.from_text(text, names=NAMES)
    wide = np.concatenate([x[:500], hostile_rows(5)])
    expected = 0.4 * trained.forest.score(wide) + 0.75 * cards[1].margins(wide)
    assert np.allclose(forest.score(wide), expected, rtol=0, atol=1e-12)
    peer = lightgbm.Booster(model_str=text).predict(wide, raw_score=True, num_threads=1)
    assert np.array_equal(peer, forest.score(wide))
