"""A compiled card says what the card says: the chance, and which columns raised it."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.models.api import hostile_rows, load_model, save_model
from honghua.models.scorecard.api import CardSettings, Field, compile_card, fit_scorecard

FIELDS = (Field("late"), Field("used"), Field("home", ("own", "rent", "works")))


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.poisson(0.7, 900), rng.random(900), rng.integers(0, 4, 900)]).astype(np.float32)
    x[rng.random(900) < 0.1, 1] = np.nan
    margin = 0.9 * x[:, 0] + 2.0 * np.nan_to_num(x[:, 1], nan=1.0) - 0.6 * (x[:, 2] == 0) - 2.5
    return np.ascontiguousarray(x), (margin + rng.logistic(size=900) > 0).astype(np.uint8)


@pytest.fixture(scope="module")
def card(rows):
    x, y = rows
    return fit_scorecard(x, y, FIELDS, CardSettings())


def test_it_gives_the_cards_chances_on_any_row(rows, card, tmp_path):
    x, _ = rows
    compiled = compile_card(card)
    assert compiled.names == card.names
    strange = hostile_rows(x.shape[1])
    for some in (x, strange):
        np.testing.assert_allclose(compiled.predict(some), card.predict(some), rtol=1e-12)
    save_model(compiled, tmp_path)
    assert load_model(tmp_path).digest == compiled.digest == compile_card(card).digest
    one = [compiled.predict(x[k : k + 1])[0] for k in range(50)]
    assert one == compiled.predict(x)[:50].tolist(), "one row or many, the bits are the same"


def test_its_reasons_are_the_cards(rows, card):
    x, _ = rows
    said = compile_card(card).predict_explained(x)
    _, places, parts = card.explain(x)
    assert all(len(one.cuttings) == 1 for one in card.characteristics), "no pair crosses here"
    for row in range(len(x)):
        theirs = [card.characteristics[k].name for k in places[row].tolist() if k >= 0]
        ours = [card.names[k] for k in said.reasons[row].tolist() if k >= 0]
        assert ours == theirs
    np.testing.assert_allclose(said.parts, parts, atol=1e-3)  # a bin that nobody was in counts as one row of its tree
