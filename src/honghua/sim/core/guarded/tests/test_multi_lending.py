"""Multi-lending before default: new loans pay old bills, limits come free and are drawn, and the last draw is never paid."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core import ALL_TYPOLOGIES, MARKET_SCHEMA, TYPOLOGIES, MarketPlan, OpenDoor, PlayPlan, play
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.scene_file import standard_scenes

HOUR_US = 3_600_000_000
RESALE = [k + 1 for k, one in enumerate(CATEGORIES) if one.resale]


@pytest.fixture(scope="module")
def world():
    plan = PlayPlan(people=800, days=50, seed=6, rings=3, typologies=("multi_lending",), adaptive=False, hours=12)
    return play(plan, standard_scenes(), OpenDoor())


def rows_of(world, mask):
    return dict(zip(MARKET_SCHEMA.columns, world.market.events[mask].T, strict=True))


def test_it_is_known_but_not_part_of_the_old_markets():
    assert set(ALL_TYPOLOGIES) - set(TYPOLOGIES) == {"multi_lending"}
    assert list(ALL_TYPOLOGIES)[:12] == list(TYPOLOGIES), "numbers of the twelve stay"
    assert "multi_lending" not in MarketPlan().typologies


def test_the_crime_is_the_last_draw(world):
    crime = rows_of(world, world.truth.fraud)
    assert (crime["kind"] == EventKind.PURCHASE).all()
    assert (crime["credit"] == 1).all()
    assert np.isin(crime["category"], RESALE).all()
    earlier = (world.truth.ring > 0) & ~world.truth.fraud & (world.market.events[:, 1] == EventKind.PURCHASE)
    for ring in (1, 2, 3):
        members = world.truth.ring == ring
        last = np.median(world.market.events[members & world.truth.fraud, 0])
        assert np.median(world.market.events[members & earlier, 0]) < last


def test_each_draw_follows_a_bill_paid_in_full(world):
    events, place = world.market.events, MARKET_SCHEMA.place
    paid = events[(world.truth.ring > 0) & (events[:, 1] == EventKind.REPAYMENT)]
    drawn = events[(world.truth.ring > 0) & (events[:, 1] == EventKind.PURCHASE)]
    close = 0
    for who, at in drawn[:, [place("customer"), 0]].tolist():
        own = paid[paid[:, place("customer")] == who, 0]
        close += int(((own < at) & (own > at - 72 * HOUR_US)).any())
    assert close > 0.8 * len(drawn) > 20, "unless nothing was owed"


def test_lenders_are_paid_by_others_too(world):
    """Money to a lender's account is no sign by itself."""
    events, place = world.market.events, MARKET_SCHEMA.place
    sent = events[:, 1] == EventKind.TRANSFER
    lenders = np.unique(events[sent & (world.truth.ring > 0), place("payee")])
    payers = events[sent & np.isin(events[:, place("payee")], lenders)]
    ringless = world.truth.ring[sent & np.isin(events[:, place("payee")], lenders)] == 0
    assert len(lenders) >= 9
    assert 0.2 < ringless.mean() < 0.8
    assert len(np.unique(payers[:, place("customer")])) > 40
    assert not world.truth.fraud[sent].any()


def test_it_comes_to_light_late(world):
    told = world.truth.told_at_us[world.truth.fraud]
    at = world.market.events[world.truth.fraud, 0]
    known = told < 2**62
    assert known.mean() > 0.5
    assert np.median((told - at)[known]) > 25 * 24 * HOUR_US
