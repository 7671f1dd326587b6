"""The benches of funders and of fake orders on a small size: their keys stay, and a wrong funder would be seen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from honghua.app.bench.shops import funders
from honghua.app.cli import build_parser
from honghua.base.rng import derive_rng
from honghua.merchants import api as merchants
from honghua.merchants.core import SCORED
from honghua.models.api import Forest


def run(words, store_settings, monkeypatch):
    monkeypatch.setenv("HONGHUA_STATE_DIR", str(store_settings.state_dir))
    args = build_parser().parse_args(["bench", *words, "--json"])
    found = args.bench(args, store_settings)
    assert json.loads(json.dumps(found)) == found
    return found


def test_every_fee_has_its_funder(store_settings, monkeypatch, capsys):
    found = run(["funders", "--campaigns", "400", "--orders", "700"], store_settings, monkeypatch)
    assert found["campaigns"] == found["live"] >= 400
    assert (found["orders"], found["wrong_funder"]) == (700, 0)
    assert min(found["by_payer"].values()) > 40  # everybody pays for some
    capsys.readouterr()


@pytest.mark.parametrize("number", range(len(funders.PATTERNS)))
def test_each_pattern_is_somebodys_funder(number):
    """Else a rule of it could be wrong, and no order would tell."""
    orders = funders.draw_orders(20_000, 1_000, derive_rng(1, "orders"))
    assert np.any(funders.expect(orders) == number)


def test_a_wrong_funder_is_seen(store_settings, monkeypatch, capsys):
    """With the youngest campaign first, orders go to another payer than the book says, and the bench counts them."""

    def the_youngest(offers):
        return {periods: offer for offer in offers for periods in offer.periods}

    monkeypatch.setattr(merchants, "bear_periods", the_youngest)
    found = run(["funders", "--campaigns", "100", "--orders", "300"], store_settings, monkeypatch)
    assert found["wrong_funder"] > 0
    assert len(found["first_wrong"]) == 3
    capsys.readouterr()


@pytest.mark.slow
def test_fake_orders_are_told_with_their_rates(store_settings, monkeypatch, capsys):
    found = run(["authenticity", "--people", "1000", "--rings", "6", "--markets", "1"], store_settings, monkeypatch)
    assert found["fake"] > 20
    for scorer in ("forest", "points"):
        assert found[scorer]["by_proof"]["nothing"]["recall"] == [1.0, 1.0, 1.0]  # what never came is never proved
        low, rate, high = found[scorer]["flagged"]["false_positive_rate"]
        assert 0 <= low <= rate <= high < 0.2
    low, gain, high = found["forest_less_points"]
    assert low <= gain <= high
    assert gain == pytest.approx(
        found["forest"]["flagged"]["recall"][1] - found["points"]["flagged"]["recall"][1], abs=0.002
    )
    capsys.readouterr()


@pytest.mark.slow
def test_a_forest_is_fitted_and_its_line_keeps_the_alarms(store_settings, monkeypatch, capsys, tmp_path):
    path = tmp_path / "forest.txt"
    words = ["authenticity", "--people", "300", "--rings", "6", "--markets", "2", "--fit", str(path)]
    found = run(words, store_settings, monkeypatch)
    assert Forest.from_text(path.read_text(encoding="utf-8"), names=SCORED).digest.hex() == found["digest"]
    assert 0 < found["doubt_from_ppm"] <= 1_000_000
    assert found["left_out"]["false_positive_rate"] <= 0.0101
    capsys.readouterr()
