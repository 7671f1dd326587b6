"""Parcels of a small market: the same for the same seed, faked as their ring paid for, honest ones with faults of their own."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.merchants.core import EvidenceKind
from honghua.sim.core.market import MarketPlan, plan_market
from honghua.sim.core.parcels import OF_PARCELS, Habits, Proof, make_orders, tell_orders

SEED, PEOPLE, RINGS = 7, 300, 12


@pytest.fixture(scope="module")
def told():
    return make_orders(SEED, "test", people=PEOPLE, rings=RINGS)


def items_of(told, proof):
    return [told.items[i] for i, name in enumerate(told.proof) if name == proof]


def test_the_same_seed_tells_the_same(told):
    again = make_orders(SEED, "test", people=PEOPLE, rings=RINGS)
    other = make_orders(SEED + 1, "test", people=PEOPLE, rings=RINGS)
    assert told.items == again.items
    assert np.array_equal(told.capacity, again.capacity)
    assert told.items != other.items


def test_each_ring_buys_one_kind_of_proof(told):
    bought = defaultdict(set)
    for ring, proof in zip(told.ring[told.is_fake].tolist(), np.array(told.proof)[told.is_fake].tolist(), strict=True):
        bought[ring].add(proof)
    assert all(len(some - {Proof.RECEIPT, Proof.NOTHING}) <= 1 for some in bought.values())
    assert {proof for some in bought.values() for proof in some} <= {*OF_PARCELS, Proof.RECEIPT}
    assert {proof for fake, proof in zip(told.is_fake.tolist(), told.proof, strict=True) if not fake} == {""}


def test_fakes_look_as_they_were_paid_for(told):
    assert all(items == [] for items in items_of(told, Proof.NOTHING))
    empty = [item.grams for items in items_of(told, Proof.EMPTY_PARCEL) for item in items]
    assert max(empty, default=0) < 100
    for proof in (Proof.EMPTY_PARCEL, Proof.ONE_DOOR, Proof.SMALL_GIFT):
        waybills = [items[0].reference for items in items_of(told, proof)]
        assert len(set(waybills)) == len(waybills)
    shared = [items[0].reference for items in items_of(told, Proof.ONE_WAYBILL)]
    assert len(set(shared)) < max(len(shared), 1)
    assert all(item.kind is EvidenceKind.HANDED_OVER for items in items_of(told, Proof.RECEIPT) for item in items)


def test_honest_orders_have_honest_faults(told):
    """Some were never heard of, some went back, some share a parcel – and none was shipped long before it was ordered."""
    honest = [i for i, fake in enumerate(told.is_fake.tolist()) if not fake]
    unheard = np.mean([not told.items[i] for i in honest])
    assert 0.005 < unheard < 0.06
    kinds = [item.kind for i in honest for item in told.items[i]]
    assert 0 < kinds.count(EvidenceKind.RETURNED) < kinds.count(EvidenceKind.DELIVERED) / 10
    early = [told.bought_at[i] - item.at for i in honest for item in told.items[i] if item.at < told.bought_at[i]]
    assert all(ahead.total_seconds() < 6 * 3600 for ahead in early)


def test_habits_are_followed():
    city, planned = plan_market(MarketPlan(people=200, days=10, seed=3, rings=0))
    nobody = tell_orders(derive_rng(3, "p"), city, planned, habits=Habits(unheard=1.0, till_unheard=1.0))
    assert all(items == [] for items in nobody.items)
    assert not nobody.is_fake.any()
