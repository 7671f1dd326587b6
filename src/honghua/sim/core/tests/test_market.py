"""Markets follow their plan; accounts stay within limits; crime leaves traces but is not written on its forehead."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core import MARKET_SCHEMA, TYPOLOGIES, MarketPlan, make_market
from honghua.sim.core.kernels import walk_accounts
from honghua.sim.core.market import SPACES, keys_of

SMALL = MarketPlan(people=1_500, days=24, seed=11, rings=2)
SCORED = (EventKind.PURCHASE, EventKind.TRANSFER)


@pytest.fixture(scope="module")
def world():
    return make_market(SMALL)


def column(market, name):
    return market.events[:, MARKET_SCHEMA.place(name)]


def test_the_same_plan_gives_the_same_bytes(world):
    market, truth = world
    again, same = make_market(SMALL)
    assert market.events.tobytes() == again.events.tobytes()
    assert truth.ring.tobytes() == same.ring.tobytes()
    other, _ = make_market(MarketPlan(people=1_500, days=24, seed=12, rings=2))
    assert other.events.tobytes() != market.events.tobytes()


def test_the_matrix_is_sound(world):
    market, truth = world
    market.schema.check(market.events)
    at = column(market, "at_us")
    assert (np.diff(at) >= 0).all()
    assert at[-1] < market.ends_at_us
    assert (column(market, "amount_minor") > 0).all()
    assert (column(market, "origin_at_us") <= at).all()
    assert len(truth.fraud) == len(truth.typology) == len(truth.ring) == len(at)
    kind = column(market, "kind")
    assert set(np.unique(kind)) == {1, 2, 3, 4, 5, 6, 7}
    bought = kind == EventKind.PURCHASE
    for name in ("customer", "merchant", "device", "address", "category", "region"):
        assert (column(market, name)[bought] > 0).all(), name
    assert (column(market, "payee")[bought] == 0).all()
    local_hour = (at // 3_600_000_000 + 8) % 24
    told = np.isin(kind, (EventKind.FRAUD_REPORTED, EventKind.CLEARED))
    assert (local_hour == column(market, "hour"))[~told].all()


def test_no_account_is_used_beyond_its_limit(world):
    market, _ = world
    on_credit = (column(market, "kind") == EventKind.PURCHASE) & (column(market, "credit") == 1)
    assert on_credit.sum() > 1_000
    assert (column(market, "amount_minor") <= column(market, "available_minor"))[on_credit].all()
    assert (column(market, "available_minor") <= column(market, "limit_minor")).all()
    assert (column(market, "available_minor") >= 0).all()


def test_what_is_available_follows_from_the_events_before(world):
    """A naive second account of every customer: from one event to the next, available changes by what happened."""
    market, _ = world
    rows = market.events[np.isin(column(market, "kind"), (1, 2, 3, 4, 5))]
    last: dict[int, tuple[int, int]] = {}
    place = MARKET_SCHEMA.place
    checked = 0
    for row in rows.tolist():
        kind, amount, who = row[1], row[2], row[place("customer")]
        available, limit, credit = row[place("available_minor")], row[place("limit_minor")], row[place("credit")]
        raised = amount if kind == EventKind.LIMIT_RAISED else 0
        if who in last:
            assert available == last[who][0] + raised
            assert limit == last[who][1] + raised
            checked += 1
        moved = {EventKind.PURCHASE: -amount * credit, EventKind.REFUND: amount * credit, EventKind.REPAYMENT: amount}
        last[who] = (min(available + moved.get(EventKind(kind), 0), limit), limit)
    assert checked > 10_000


def test_truth_is_in_no_column(world):
    """No column is the label, and no key tells recruits or ring shops by its size."""
    market, truth = world
    scored = np.isin(column(market, "kind"), SCORED)
    fraud = truth.fraud[scored]
    for place, name in enumerate(MARKET_SCHEMA.columns):
        values = market.events[scored, place]
        for value in (
            np.unique(values[fraud]).tolist() if name in ("credit", "category", "region", "hour", "weekday") else ()
        ):
            assert fraud[values == value].mean() < 0.5, (name, value)
        if name in SPACES:
            present = values > 0
            split = np.median(values[present])
            if fraud[present].sum() > 50:
                assert 0.2 < (values[fraud & present] > split).mean() < 0.8, name


def test_typologies_are_planted_as_asked_and_leave_the_rest_alone(world):
    market, truth = world
    scored = np.isin(column(market, "kind"), SCORED)
    for number, name in enumerate(truth.names):
        rings = np.unique(truth.ring[truth.fraud & scored & (truth.typology == number)])
        assert len(rings) == SMALL.rings, name
    fewer, its_truth = make_market(MarketPlan(people=1_500, days=24, seed=11, rings=2, typologies=("device_farm",)))
    assert set(its_truth.typology.tolist()) == {-1, list(TYPOLOGIES).index("device_farm")}

    def innocent(market, truth):
        rows = market.events[(truth.ring == 0) & (column(market, "kind") == EventKind.TRANSFER)]
        return rows[:, [0, 2, 4, 6, 8]]

    assert np.array_equal(innocent(market, truth), innocent(fewer, its_truth))


def test_a_market_without_rings_is_innocent():
    market, truth = make_market(MarketPlan(people=300, days=8, seed=2, rings=0))
    assert not truth.fraud.any()
    assert (truth.typology == -1).all()
    assert len(market.events) > 500


def test_labels_arrive_late_and_in_part(world):
    market, truth = world
    kind, at = column(market, "kind"), column(market, "at_us")
    told = kind == EventKind.FRAUD_REPORTED
    assert (at[told] > column(market, "origin_at_us")[told]).all()
    crimes = (truth.fraud & np.isin(kind, SCORED)).sum()
    assert 0.05 * crimes < told.sum() < 0.8 * crimes
    key = [MARKET_SCHEMA.place(name) for name in ("customer", "amount_minor", "merchant", "payee")]
    crime_keys = {(row[0], *(row[p] for p in key)) for row in market.events[truth.fraud].tolist()}
    about = [(row[3], *(row[p] for p in key)) in crime_keys for row in market.events[told].tolist()]
    assert np.mean(about) > 0.9, "nearly all reports are about crimes; a few are wrong"
    assert (kind == EventKind.CLEARED).any()


def test_innocent_people_share_devices_addresses_and_payees(world):
    market, truth = world
    for name, least in (("device", 8), ("address", 40), ("payee", 10)):
        users = defaultdict(set)
        clean = truth.ring == 0
        for who, what in zip(column(market, "customer")[clean].tolist(), column(market, name)[clean].tolist()):
            if what:
                users[what].add(who)
        assert max(len(group) for group in users.values()) >= least, name


def test_keys_have_neither_order_nor_collisions():
    ids = np.arange(-1, 50_000)
    keys = keys_of(3, "person", ids)
    assert keys[0] == 0
    assert len(np.unique(keys)) == len(ids)
    assert (keys[1:] > 0).all()
    assert abs(np.corrcoef(ids[1:], keys[1:])[0, 1]) < 0.02
    assert not np.array_equal(keys, keys_of(4, "person", ids))


@pytest.mark.parametrize("plan", [{"people": 10}, {"days": 1}, {"rings": -1}, {"typologies": ("nonsense",)}])
def test_plans_that_make_no_sense(plan):
    with pytest.raises(ValueError, match=r"market needs|no such typology"):
        MarketPlan(**plan)


def test_walk_by_hand():
    """Raise, purchase by share, refund of it, purchase beyond the limit: own money if it may, else not at all."""
    kind = np.array([5, 1, 2, 1, 1, 4], np.int64)
    origin = np.array([-1, -1, 1, -1, -1, -1], np.int64)
    share = np.array([500_000, 900_000, 1_000_000, 0, 0, 500_000], np.int64)
    amount = np.array([0, 0, 0, 200_000, 200_000, 0], np.int64)
    credit = np.array([0, 2, 0, 1, 2, 0], np.int64)
    n = len(kind)
    available, limit = np.zeros(n, np.int64), np.zeros(n, np.int64)
    kept = np.zeros(n, np.bool_)
    limits, used = np.array([100_000], np.int64), np.array([10_000], np.int64)
    walk_accounts(
        kind,
        np.zeros(n, np.int64),
        origin,
        share,
        np.full(n, 1_000),
        limits,
        used,
        amount,
        credit,
        available,
        limit,
        kept,
    )
    assert amount.tolist() == [50_000, 126_000, 126_000, 200_000, 200_000, 5_000]
    assert available.tolist() == [140_000, 140_000, 14_000, 140_000, 140_000, 140_000]
    assert kept.tolist() == [True, True, True, True, False, True]
    assert credit.tolist() == [0, 1, 1, 0, 0, 0]
    assert (limits[0], used[0]) == (150_000, 5_000)
