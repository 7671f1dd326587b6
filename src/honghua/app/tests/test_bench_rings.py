"""`honghua bench rings`: its figures by hand, its folds, and a tiny run of the whole."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from honghua.app.bench import rings
from honghua.app.bench.ring_folds.figures import (
    FLAGGED_MIN,
    Judged,
    average_precision,
    recall_by_ring,
    threshold_at,
    wilson,
)
from honghua.app.bench.ring_folds.folds import VOICES, fold_names, known_labels, scored_rows
from honghua.app.bench.ring_folds.graph_gain import is_timed
from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.features.core import EventKind
from honghua.sim.core import TYPOLOGIES, MarketPlan, make_market


def flags(*values: int) -> np.ndarray:
    return np.array(values, np.bool_)


def test_the_threshold_is_the_lowest_that_holds_the_precision():
    crime = np.zeros(200, np.bool_)
    crime[:60] = True
    crime[[10, 30]] = False  # 38 of the first 40 are crimes: 95 %
    crime[40:60] = False
    score = np.linspace(1, 0, 200)
    bar = threshold_at(score, crime, ~crime)
    assert (score >= bar).sum() == 40
    assert threshold_at(score, ~crime, crime, precision=0.99) == math.inf
    few = np.arange(200) < FLAGGED_MIN - 1
    assert threshold_at(score, few, ~few, precision=1.0) == math.inf, "too few to believe"


def test_equal_scores_are_flagged_together():
    crime = np.arange(100) < 40
    score = np.where(np.arange(100) < 30, 1.0, 0.5)
    assert threshold_at(score, crime, ~crime) == 1.0
    assert average_precision(score, crime, ~crime) == pytest.approx(0.75 + 0.25 * 0.4)


def test_average_precision_by_hand_leaves_camouflage_out():
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    crime, innocent = flags(1, 0, 0, 1, 0), flags(0, 0, 1, 0, 1)  # the second is camouflage: on neither side
    assert average_precision(score, crime, innocent) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_wilson():
    assert wilson(0, 0) == [0.0, 0.0, 1.0]
    low, middle, high = wilson(95, 100)
    assert (low, middle, high) == (0.8882, 0.95, 0.9785)


def test_recall_by_ring_counts_rings_and_delays():
    ring = np.repeat([7, 8, 9], [10, 10, 5])
    flagged = np.zeros(25, np.bool_)
    flagged[[3, 4, 15]] = True  # two of ring 7 from its fourth crime on: caught; one of ten of ring 8: not
    found = recall_by_ring(flagged, ring, np.random.default_rng(1))
    assert (found["crimes"], found["rings"]) == (25, 3)
    assert found["recall"][1] == 0.12
    assert found["recall"][0] < 0.12 < found["recall"][2]
    assert found["ring_recall"][1] == pytest.approx(1 / 3, abs=1e-4)
    assert found["crimes_before_first_flag"] == 4.0


@pytest.mark.parametrize("by_family", [False, True])
def test_every_typology_is_unseen_once(by_family):
    folds = fold_names(4, by_family=by_family)
    assert sorted(name for fold in folds for name in fold) == sorted(TYPOLOGIES)
    families = [{TYPOLOGIES[name].family for name in fold} for fold in folds]
    assert all(len(family) == 1 for family in families) is by_family


def test_what_a_fit_knows():
    market, truth = make_market(MarketPlan(people=600, days=20, seed=5, rings=2))
    audited, reported = known_labels(market, truth, "audited"), known_labels(market, truth, "reported")
    assert np.array_equal(audited == 1, truth.fraud)
    crimes = truth.fraud & np.isin(market.events[:, 1], (EventKind.PURCHASE, EventKind.TRANSFER))
    assert 0.2 < reported[crimes].mean() < 0.95, "some are never reported"
    assert reported[~crimes].sum() <= 5, "few innocents are"
    rows = scored_rows(market)
    judged = Judged.of(truth, rows)
    assert set(np.unique(market.events[rows, 1])) == {EventKind.PURCHASE, EventKind.TRANSFER}
    assert not (judged.fraud & judged.innocent).any()
    assert judged.of_typologies(("device_farm",)).sum() < judged.fraud.sum()


def test_what_a_graph_without_times_would_not_know():
    assert all(
        is_timed(f"graph_{name}") for name in ("merchant_burst", "payee_users_1d", "cycle_age_s", "fellow_lockstep")
    )
    assert not any(is_timed(f"graph_{name}") for name in ("merchant_users_30d", "tied_density", "linked_buyers"))


@pytest.mark.slow
def test_a_tiny_run(capsys, store_settings):
    sizes = {
        "people": 500,
        "days": 20,
        "rings": 1,
        "folds": 2,
        "rounds": 10,
        "thin": 0.5,
        "fit-times": 1,
        "labels": "audited",
        "seed": 3,
        "threads": 1,  # two that wait for one another take longer on a busy machine
    }
    words = [f"--{name}={value}" for name, value in sizes.items()]
    args = build_parser().parse_args(["bench", "rings", *words, "--json"])
    assert args.run(args, Settings(store=store_settings)) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["typologies"]) == set(TYPOLOGIES)
    assert set(told["detectors"]) == set(VOICES)
    assert told["crimes"] == sum(one["crimes"] for one in told["typologies"].values())
    for one in told["typologies"].values():
        low, middle, high = one["recall"]
        assert 0 <= low <= middle <= high <= 1
    assert set(told["graph_gain"]) == {"event", "static_graph", "temporal_graph", "gain_ap", "gain_ap_unseen"}
    assert 0 < told["crime_share"] < 0.5


@pytest.mark.parametrize(
    "words", [["--people", "5"], ["--thin", "0"], ["--folds", "1"], ["--rounds", "0"], ["--rings", "-2"]]
)
def test_sizes_that_make_no_sense(words):
    args = build_parser().parse_args(["bench", "rings", *words])
    with pytest.raises(BadInput, match=r"needed|needs"):
        rings.read_sizes(args)
