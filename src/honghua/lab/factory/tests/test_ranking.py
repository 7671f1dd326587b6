"""What tells something is found, what tells nothing is not, and the search sees neither the confirming rows nor the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.lab.factory.api import Factory, RankSettings, rank, snapshot_rows
from honghua.lab.factory.ranking import _best, sample_rows, split_rows
from honghua.lab.factory.scoring import (
    clusters_of,
    design_effect,
    discoveries,
    measure,
    noise_of,
    ranked_alike,
    stability,
)
from honghua.lab.factory.tests.town import DAY_US, START_US, town

SETTINGS = RankSettings(seed=5, rounds=((200, 600), (400, 60)), keep=12, rows_max=400)


@pytest.fixture(scope="module")
def asked():
    """Rows of three moments; the careless (every fourth) buy at night, and their target is mostly 1."""
    stream = town()
    rows = snapshot_rows(stream, [START_US + day * DAY_US for day in (90, 115, 140)])
    numbers = np.array([int(name[1:]) for name in stream.name_of("customer", rows.keys["customer"])])
    rng = np.random.default_rng(4)
    target = ((numbers % 4 == 0) ^ (rng.random(len(rows)) < 0.1)).astype(np.uint8)
    return stream, rows, target


@pytest.fixture(scope="module")
def ranking(asked):
    return rank(asked[0], asked[1], asked[2], SETTINGS)


def test_what_was_planted_is_found_and_little_else(ranking):
    assert ranking.winners
    assert all("night" in name for name in ranking.winners), "the careless differ by nothing but their nights"
    kept = [one for one in ranking.ranked if one.kept]
    assert all(
        one.trend == 1 for one in kept if one.name.startswith("customer__count__") and not one.name.endswith("__since")
    )
    assert all(one.iv_confirmed >= SETTINGS.iv_min and one.psi <= SETTINGS.psi_max for one in kept)
    assert all(one.cluster == one.name for one in kept)
    assert {one.why.split()[0] for one in ranking.ranked} <= {
        "kept",
        "no",
        "tells",
        "drifts",
        "repeats",
        "enough",
        "needs",
    }


def test_the_search_computes_a_part_and_says_so(ranking, asked):
    named = sum(1 for one in Factory(asked[0].dictionary).names() if one.startswith("customer__"))
    assert ranking.named == named
    assert [one.variables for one in ranking.rounds][1:] == [ranking.rounds[0].kept]
    assert ranking.computed < ranking.named * len(asked[1])
    told = ranking.as_json()
    assert told["winners"] == list(ranking.winners)


def test_the_same_seed_finds_the_same(ranking, asked):
    again = rank(asked[0], asked[1], asked[2], SETTINGS)
    assert again.ranked == ranking.ranked


def test_what_somebody_thinks_of_is_confirmed_or_not_like_what_the_search_found(ranking, asked):
    stream, rows, target = asked
    found = {one.name for one in ranking.ranked}
    names = [one.name for one in Factory(stream.dictionary).variables() if one.name not in found]
    thought = [name for name in names if name.startswith("customer__") and "night" not in name][:3]
    told = rank(stream, rows, target, replace(SETTINGS, also=(*thought, ranking.winners[0])))
    assert set(thought) <= {one.name for one in told.ranked}
    assert not set(thought) & set(told.winners), "these tell nothing, whoever thought of them"
    assert set(ranking.winners) <= {one.name for one in told.ranked}
    assert len(told.ranked) == len(ranking.ranked) + len(thought), "what is a finalist already is there once"
    with pytest.raises(BadInput, match="no variable"):
        rank(stream, rows, target, replace(SETTINGS, also=("customer__guess",)))


def test_no_target_no_winners(asked):
    stream, rows, _ = asked
    for seed in range(3):
        owner = rows.keys["customer"]
        people, place = np.unique(owner, return_inverse=True)
        shuffled = np.random.default_rng(seed).permutation(len(people)) % 4 == 0
        assert rank(stream, rows, shuffled[place].astype(np.uint8), SETTINGS).winners == ()


def test_nobody_stands_on_both_sides(asked):
    _, rows, target = asked
    search, confirm = split_rows(rows, target, SETTINGS)
    owner = rows.keys["customer"]
    assert not set(owner[search].tolist()) & set(owner[confirm].tolist())
    assert len(search) + len(confirm) == len(rows)
    picked = sample_rows(target, search, 50, 1, 0)
    assert len(picked) == 50
    assert target[picked].sum() == min(25, target[search].sum())


def test_a_loud_family_leaves_room_for_others():
    factory = Factory(town().dictionary)
    loud = [factory.find(name) for name in factory.names() if name.startswith("customer__sum_amount__purchases__")][:60]
    others = [
        factory.find(f"customer__{said}__purchases__30d")
        for said in ("count", "max_amount", "min_items", "distinct_device")
    ]
    field = [*loud, *others]
    worth = np.array([5.0 - place / 100 for place in range(len(loud))] + [0.1] * len(others))
    kept, values, told = _best(field, worth[:, None].astype(np.float32), worth, 40)
    assert set(others) < set(kept)
    assert len(kept) < 64
    assert [field.index(one) for one in kept] == sorted(field.index(one) for one in kept)
    assert told.tolist() == pytest.approx(values[:, 0].tolist())
    assert worth[: len(kept) - len(others)].tolist() == told[: -len(others)].tolist(), (
        "of the loud ones the most telling stay"
    )


def test_too_few_of_a_kind_are_refused(asked):
    stream, rows, target = asked
    rare = np.zeros(len(rows), np.uint8)
    rare[:9] = 1
    with pytest.raises(BadInput, match="20 of each are needed"):
        rank(stream, rows, rare, SETTINGS)
    with pytest.raises(BadInput, match="targets"):
        rank(stream, rows, target[:-1], SETTINGS)


def test_information_value_is_the_textbook_sum():
    column = np.repeat(np.array([1.0, 2.0, np.nan], np.float32), [40, 40, 20])
    target = np.zeros(100, np.uint8)
    target[:4], target[40:60], target[80:86] = 1, 1, 1
    shares = [(4 + 0.5, 36 + 0.5), (20 + 0.5, 20 + 0.5), (6 + 0.5, 14 + 0.5)]
    p = np.array([yes for yes, _ in shares]) / (30 + 1.5)
    q = np.array([no for _, no in shares]) / (70 + 1.5)
    wanted = float(((p - q) * np.log(p / q)).sum()) - 2 * noise_of(target)
    found, chance, trend = measure(column[None, :], target)
    assert found[0] == pytest.approx(wanted, rel=1e-12)
    assert trend[0] == 1
    assert chance[0] < 0.01
    assert measure(np.ones((1, 100), np.float32), target)[0][0] == 0


def test_noise_is_called_noise_about_as_often_as_chance_says():
    rng = np.random.default_rng(8)
    target = (rng.random(2000) < 0.2).astype(np.uint8)
    noise = rng.normal(size=(400, 2000)).astype(np.float32)
    iv, chance, _ = measure(noise, target)
    assert abs(iv.mean()) < 0.002
    assert 0.02 < (chance < 0.05).mean() < 0.09
    assert not discoveries(chance, rate=0.05).any()
    mixed = np.concatenate([chance, np.full(20, 1e-9)])
    assert discoveries(mixed, rate=0.05)[-20:].all()


def test_rows_of_one_owner_count_as_what_they_are_worth():
    rng = np.random.default_rng(10)
    target = (rng.random(300) < 0.3).astype(np.uint8)
    assert design_effect(np.arange(300), target) == 1.0
    assert design_effect(np.repeat(np.arange(300), 4), np.repeat(target, 4)) == pytest.approx(4.0)
    assert design_effect(np.repeat(np.arange(75), 4), target) < 1.5, "what is drawn row by row is hardly correlated"


def test_drift_and_repetition_are_measured():
    rng = np.random.default_rng(9)
    one = rng.normal(size=1000).astype(np.float32)
    early = np.arange(1000) < 500
    moved = np.where(early, one, one + 2).astype(np.float32)
    psi = stability(np.stack([one, moved]), early)
    assert psi[0] < 0.1 < 1 < psi[1]
    columns = np.stack([one, -np.exp(one), rng.normal(size=1000).astype(np.float32)])
    alike = ranked_alike(columns)
    assert alike[0, 1] > 0.999
    assert clusters_of(alike, np.array([1, 0, 2]), least=0.9).tolist() == [1, 1, 2]
