"""A gang bets on what passed, weighed by what it is worth, and never on a level that its typology does not have."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.sim.core.gangs.lore import AS_PLANNED, CHOICES, Lore, Way, worth_of
from honghua.sim.core.tuning import Disguise, Tuning
from honghua.sim.core.typologies import ALL_TYPOLOGIES

TUNING = Tuning((Disguise.SHOP, Disguise.HOUR), greed=(1.0, 0.5), pace=(1.0, 2.0, 4.0), cover=(0, 2))
WORTH = worth_of(TUNING)


def bets(own: Lore, others: Lore, k: int = 400) -> np.ndarray:
    rng = derive_rng(7, "bets")
    return np.array([own.choose(rng, WORTH, others) for _ in range(k)])


def test_worth_falls_with_every_level_and_ends():
    assert WORTH[0, :2].tolist() == [1.0, 0.5]
    for row, levels in zip(WORTH, (2, 3, 2, 3), strict=True):
        assert row[0] == 1.0
        assert (np.diff(row[:levels]) < 0).all()
        assert (row[levels:] == 0).all()


def test_only_levels_that_exist_are_chosen():
    chosen = bets(Lore(), Lore())
    assert (chosen.max(axis=0) == [1, 2, 1, 2]).all(), "with nothing known everything is tried"
    assert (chosen.min(axis=0) == 0).all()


def test_what_is_refused_is_left_and_what_passes_is_kept():
    lore = Lore()
    for _ in range(20):
        lore.learn(AS_PLANNED, passed=False)
        lore.learn(Way(greed=1, pace=2, cover=1, disguise=2), passed=True)
    assert (bets(lore, lore)[:, [0, 1, 3]].mean(axis=0) > [0.95, 1.5, 1.6]).all()


def test_greed_wins_as_long_as_it_passes():
    lore = Lore()
    for _ in range(20):
        for greed in (0, 1):
            lore.learn(Way(greed=greed), passed=True)
    assert bets(lore, lore)[:, 0].mean() < 0.05, "half as much, as safely, is no bargain"


def test_gossip_teaches_less_than_own_acts():
    gossip = Lore()
    for _ in range(6):
        gossip.learn(Way(greed=0), passed=False)
    nothing, heard, lived = (
        bets(own, others)[:, 0].mean() for own, others in ((Lore(), Lore()), (Lore(), gossip), (gossip, gossip))
    )
    assert nothing < heard < lived


@pytest.mark.parametrize("name", ALL_TYPOLOGIES)
def test_every_typology_can_change_something(name):
    worth = worth_of(ALL_TYPOLOGIES[name].tuning)
    assert worth.shape[0] == len(CHOICES)
    assert ((worth > 0).sum(axis=1) >= [3, 2, 1, 2]).all()
