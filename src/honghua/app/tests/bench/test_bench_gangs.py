"""`honghua bench gangs`: its sums by hand, its folds, and a tiny run of the whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

from honghua.app.bench import gangs
from honghua.app.bench.gang_games.figures import GOT_MINOR, STOPPED, TRIED, Tally, ratio, tell_city, tell_crimes
from honghua.app.bench.gang_games.fitting import SCENES, seen_by
from honghua.app.bench.ring_folds.folds import fold_names
from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core import ALL_TYPOLOGIES, MARKET_SCHEMA, OpenDoor, PlainGuard, PlayPlan, is_judged, play

NAMES = tuple(ALL_TYPOLOGIES)


def test_every_typology_is_unseen_once():
    folds = fold_names(3, typologies=ALL_TYPOLOGIES)
    assert sorted(sum(folds, ())) == sorted(NAMES)
    for unseen in folds:
        assert set(unseen) | set(seen_by(unseen)) == set(NAMES)
        assert not set(unseen) & set(seen_by(unseen))
        assert len({ALL_TYPOLOGIES[name].family for name in unseen}) > 1, "relatives of the unseen are seen"


def test_ratio_by_hand():
    rng = derive_rng(1, "ratio")
    low, middle, high = ratio(np.array([1.0, 3.0]), np.array([4.0, 4.0]), rng)
    assert (low, middle, high) == (0.25, 0.5, 0.75)
    assert ratio(np.zeros(0), np.zeros(0), rng) == [0.0, 0.0, 1.0]
    assert ratio(np.zeros(3), np.zeros(3), rng) == [0.0, 0.0, 1.0]


def test_what_a_ring_does_not_try_counts_in_its_loot():
    """A ring that was scared away before its first act got nothing of what an open door lets go."""
    sums = np.array([2.0, 1.0, 200.0, 100.0, 100.0, 0.0])
    free, met = Tally({(0, 1): (0, sums), (0, 2): (0, sums)}), Tally({(0, 1): (0, sums)})
    told = tell_crimes(met, free, NAMES[:1], derive_rng(1, "told"))
    assert told["rings"] == 2
    assert told["tried"] == 2
    assert told["recall"][1] == 0.5
    assert told["loot_share"][1] == 0.5


@pytest.fixture(scope="module")
def town():
    plan = PlayPlan(people=500, days=20, seed=4, rings=1, hours=12, adaptive=False)
    return {"open": play(plan, SCENES, OpenDoor()), "guarded": play(plan, SCENES, PlainGuard())}


def test_a_tally_counts_what_the_truth_says(town):
    for way, played in town.items():
        tally = Tally()
        tally.add(played, 0)
        events, truth = played.market.events, played.truth
        late = events[:, 0] >= events[0, 0] + 0.2 * (played.market.ends_at_us - events[0, 0])
        scored = late & is_judged(events)
        sums = np.sum([sums for _, sums in tally.rings.values()], axis=0)
        assert sums[TRIED] == (scored & truth.fraud).sum() > 100
        assert sums[STOPPED] == (scored & truth.fraud & played.refused).sum()
        assert (sums[STOPPED] > 0) == (way == "guarded")
        assert tally.innocents == (scored & (truth.ring == 0)).sum()
        assert tally.wronged == (scored & (truth.ring == 0) & played.refused).sum()
        assert set(tally.of(("device_farm",))) <= set(tally.rings)
        told = tell_city(tally, derive_rng(1, "city"))
        low, middle, high = told["cashout_share"]
        assert 0 < low <= middle <= high < 1
        assert middle < told["crime_share"][1], "what is stolen is no cash-out"


def test_a_payback_is_no_loot(town):
    tally = Tally()
    tally.add(town["open"], 0)
    shop = np.sum(list(tally.of(("colluding_shop",)).values()), axis=0)
    played = town["open"]
    mine = played.truth.fraud & (played.truth.typology == NAMES.index("colluding_shop"))
    kind = played.market.events[:, MARKET_SCHEMA.place("kind")]
    assert (kind[mine] == EventKind.TRANSFER).any()
    bought = played.market.events[mine & (kind == EventKind.PURCHASE), MARKET_SCHEMA.place("amount_minor")].sum()
    assert 0 < shop[GOT_MINOR] <= bought


def test_merging_keeps_cities_apart():
    one = Tally({(0, 1): (2, np.ones(6))}, innocents=5, wronged=1, credit_minor=10, gone=1)
    whole = Tally()
    whole.merge(one, shift=0)
    whole.merge(one, shift=1)
    assert set(whole.rings) == {(0, 1), (1, 1)}
    assert (whole.innocents, whole.wronged, whole.credit_minor, whole.gone) == (10, 2, 20, 2)


@pytest.mark.slow
def test_a_tiny_run(capsys, store_settings):
    sizes = {
        "people": 300, "days": 12, "rings": 1, "cities": 1, "folds": 2, "rounds": 5, "thin": 0.5, "fit-times": 2, "hours": 12, "seed": 3,
        "threads": 1,
    }  # fmt: skip
    words = [f"--{name}={value}" for name, value in sizes.items()]
    args = build_parser().parse_args(["bench", "gangs", *words, "--json"])
    assert args.run(args, Settings(store=store_settings)) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["typologies"]) == set(NAMES)
    assert set(told["ways"]) == {gangs.PLAIN, gangs.ADAPTIVE, gangs.HARDENED}
    assert told["open_door"]["false_refusal_share"][1] == 0
    for way in told["ways"].values():
        assert 0 <= way["false_refusal_share"][1] < 0.2
        for part in ("seen", "unseen"):
            low, middle, high = way[part]["recall"]
            assert 0 <= low <= middle <= high <= 1


@pytest.mark.parametrize(
    "words",
    [
        ["--people", "5"],
        ["--thin", "0"],
        ["--folds", "1"],
        ["--rings", "0"],
        ["--hours", "7"],
        ["--false-refusals", "0"],
    ],
)
def test_sizes_that_make_no_sense(words):
    args = build_parser().parse_args(["bench", "gangs", *words])
    with pytest.raises(BadInput, match=r"at least|needs"):
        gangs.read_sizes(args)
