"""A card boosted on pairs says exactly what its trees say, as tables that one can read off; what two columns do only together it finds."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.models.api import Forest, auc, train_forest
from honghua.models.examining.subjects import find_breaks
from honghua.models.scorecard.api import (
    CardSettings,
    Field,
    PairBoost,
    Scorecard,
    blend_boosters,
    boost_pairs,
    fit_pair_card,
    fit_scorecard,
    lay_ruler,
)

WORDS = ("own", "rent", "works")
FIELDS = (
    Field("amount"),
    Field("coded"),
    Field("home", WORDS),
    Field("declared", direction=1),
    Field("ours", read=False),
)
BOOST = PairBoost(120, 3, bag=2, ranges=12)


def draw(seed: int, n: int = 2_500):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    x[:, 2] = rng.integers(0, 4, n)  # 3 = missing
    turned = np.where(x[:, 0] > 0.3, 1.0, -1.0) * np.where(x[:, 1] > -0.2, 1.0, -1.0)
    margin = 1.6 * turned + 0.8 * x[:, 3] + np.array([0.0, 0.5, -0.5, 1.0])[x[:, 2].astype(int)] - 0.5
    x[rng.random(n) < 0.1, 0] = np.nan
    x[rng.random(n) < 0.05, 1] = -999.0
    return np.ascontiguousarray(x, np.float32), (margin + rng.logistic(size=n) > 0).astype(np.uint8)


@pytest.fixture(scope="module")
def card():
    x, y = draw(1)
    return fit_pair_card(x, y, FIELDS, BOOST)


def test_the_tables_say_what_the_trees_say_and_an_unread_column_is_not_read(card):
    x, y = draw(1)
    later, _ = draw(2)
    ruler = lay_ruler(x, y, FIELDS, BOOST)
    said = np.mean(
        [boost_pairs(ruler, (x, y), BOOST, number=k).forest.score(ruler.codes(later)) for k in range(BOOST.bag)], axis=0
    )
    assert np.abs(card.margins(later) - said).max() < 1e-9
    assert not any("ours" in one.name for one in card.characteristics)
    assert Scorecard.from_dict(card.as_dict()).digest == card.digest


def test_a_pair_holds_the_interplay_alone(card):
    for one in card.characteristics:
        shape = [cut.bins for cut in one.cuttings]
        weighed, rows = (one.parts * one.rows).reshape(shape), one.rows.reshape(shape)
        for axis in range(len(shape) if len(shape) == 2 else 0):
            means = weighed.sum(axis=axis) / np.maximum(rows.sum(axis=axis), 1)
            assert np.abs(means).max() < 1e-6
        assert abs(one.mean) < 1e-9
    strongest = next(one for one in card.characteristics if len(one.cuttings) == 2)
    assert {cut.name for cut in strongest.cuttings} == {"amount", "coded"}


def test_a_declared_direction_is_kept_and_pairs_with_none(card):
    assert find_breaks(card, {"declared": 1}) == []
    assert [len(one.cuttings) for one in card.characteristics if any(c.name == "declared" for c in one.cuttings)] == [1]


def test_it_beats_a_card_of_single_columns_where_two_columns_speak_together(card):
    x, told = draw(1)
    later, y = draw(2)
    plain = fit_scorecard(x, told, FIELDS, CardSettings())
    assert auc(y, card.margins(later)) > auc(y, plain.margins(later)) + 0.05


def test_it_may_stand_in_a_forest(card):
    x, y = draw(1)
    head = train_forest(x, y, names=card.names, seed=1, rounds=1, num_threads=1).booster_text
    forest = Forest.from_text(blend_boosters([(head, 0.0)], cards=[(card, 1.0)]), names=card.names)
    assert np.abs(forest.score(x) - card.margins(x)).max() < 1e-9


def test_rows_of_one_kind_are_refused():
    x, y = draw(1, 200)
    with pytest.raises(BadInput):
        lay_ruler(x, np.zeros_like(y), FIELDS, BOOST)
