"""Each typology leaves the trace that its name promises."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core import MARKET_SCHEMA, MarketPlan, make_market
from honghua.sim.core.shops import CATEGORIES

DAY_US = 86_400_000_000
RESALE = [1 + number for number, one in enumerate(CATEGORIES) if one.resale]
VIRTUAL = [1 + number for number, one in enumerate(CATEGORIES) if one.virtual]


@pytest.fixture(scope="module")
def world():
    return make_market(MarketPlan(people=2_000, days=30, seed=4, rings=3))


@pytest.fixture
def rings(world):
    """The crimes of each ring of a typology: a list of dicts of columns."""
    market, truth = world

    def of(name, *kinds):
        mine = truth.fraud & (truth.typology == truth.names.index(name))
        mine &= np.isin(market.events[:, 1], kinds or (EventKind.PURCHASE,))
        groups = [market.events[mine & (truth.ring == ring)] for ring in np.unique(truth.ring[mine])]
        return [dict(zip(MARKET_SCHEMA.columns, rows.T)) for rows in groups]

    return of


def count(values):
    return len(np.unique(values))


def test_colluding_shop(rings):
    for ring in rings("colluding_shop"):
        assert count(ring["merchant"]) == 1
        assert count(ring["customer"]) >= 6
        assert np.median(ring["amount_minor"] / ring["available_minor"]) > 0.5
    assert any((ring["payee"] > 0).any() for ring in rings("colluding_shop", EventKind.TRANSFER)), "money comes back"


def test_device_farm(rings):
    for ring in rings("device_farm"):
        assert count(ring["device"]) < count(ring["customer"])
        assert count(ring["address"]) <= 4
        assert np.isin(ring["category"], RESALE).all()


def test_limit_raise_drain(world, rings):
    market, _ = world
    place = MARKET_SCHEMA.place
    raised = market.events[market.events[:, 1] == EventKind.LIMIT_RAISED]
    for ring in rings("limit_raise_drain"):
        for who, at in zip(ring["customer"].tolist(), ring["at_us"].tolist()):
            own = raised[raised[:, place("customer")] == who, 0]
            assert ((own < at) & (own > at - 12 * DAY_US)).any(), "a raise came shortly before"


def test_refund_loop(world, rings):
    market, _ = world
    refunds = market.events[market.events[:, 1] == EventKind.REFUND]
    back = {(row[4], row[3]) for row in refunds[:, [0, 1, 2, 3, MARKET_SCHEMA.place("customer")]].tolist()}
    for ring in rings("refund_loop"):
        loops = [(who, at) in back for who, at in zip(ring["customer"].tolist(), ring["at_us"].tolist())]
        assert np.mean(loops) > 0.6
        assert count(ring["merchant"]) == 1


def test_transfer_cycle(rings):
    for ring in rings("transfer_cycle", EventKind.TRANSFER):
        assert set(ring["payee"].tolist()) == set(ring["customer"].tolist()), "all money stays in the circle"


def test_mule_fan_in(rings):
    for ring in rings("mule_fan_in", EventKind.TRANSFER):
        payees, senders = np.unique(ring["payee"], return_counts=True)
        collector = payees[np.argmax(senders)]
        into = ring["payee"] == collector
        assert count(ring["customer"][into]) >= 9
        assert (ring["customer"] == collector).any(), "and it goes on"
        assert np.ptp(ring["at_us"][into]) < 6 * DAY_US


def test_account_takeover(world, rings):
    market, _ = world
    place = MARKET_SCHEMA.place
    for ring in rings("account_takeover"):
        for who, device, at in zip(ring["customer"], ring["device"], ring["at_us"]):
            before = market.events[(market.events[:, place("customer")] == who) & (market.events[:, 0] < at - DAY_US)]
            assert device not in before[:, place("device")], "never seen with this customer"
    night = np.concatenate([ring["hour"] for ring in rings("account_takeover")]) < 8
    assert 0.3 < night.mean() < 1.0


def test_goods_resale(rings):
    for ring in rings("goods_resale"):
        _, uses = np.unique(ring["address"], return_counts=True)
        assert uses.max() >= 0.4 * len(ring["address"])
        assert count(ring["merchant"]) <= 3


def test_small_structuring(rings):
    for ring in rings("small_structuring"):
        assert count(ring["merchant"]) <= 4
        assert (ring["amount_minor"] <= 100_000).all()
        assert len(ring["customer"]) > 2 * count(ring["customer"])


def test_fake_orders(rings):
    for ring in rings("fake_orders"):
        _, tasks = np.unique(ring["customer"], return_counts=True)
        assert tasks.max() <= 5, "each shop once"
        assert count(ring["merchant"]) >= 2


def test_virtual_goods(rings):
    for ring in rings("virtual_goods"):
        assert np.isin(ring["category"], VIRTUAL).all()
        assert (ring["amount_minor"] % 10_000 == 0).all(), "face values"


def test_telecom_victim(world, rings):
    market, _ = world
    place = MARKET_SCHEMA.place
    for ring in rings("telecom_victim", EventKind.TRANSFER):
        assert count(ring["payee"]) < count(ring["customer"])
        earlier = market.events[market.events[:, 0] < ring["at_us"].min(), place("payee")]
        assert not np.isin(ring["payee"], earlier).any()
