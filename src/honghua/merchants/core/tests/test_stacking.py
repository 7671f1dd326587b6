"""Who pays what: adds up for every order of the layers, one funder per yuan, the state last."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import Refusal
from honghua.merchants.core.stacking import Layer, LayerKind, Payer, Stack, StackAsk, stack

amounts = st.integers(0, 3_000_000)
KINDS = {
    "old": lambda a, f: Layer(kind=LayerKind.TRADE_IN, amount_minor=a),
    "state": lambda a, f: Layer(kind=LayerKind.STATE_TRADE_IN, share_ppm=150_000, max_minor=a or 1),
    "coupon": lambda a, f: Layer(kind=LayerKind.COUPON, amount_minor=a, funder=f),
    "free": lambda a, f: Layer(kind=LayerKind.INTEREST_FREE, funder=f),
    "subsidy": lambda a, f: Layer(kind=LayerKind.STATE_INTEREST, amount_minor=a),
}


def check_sound(ask: StackAsk) -> Stack:
    found = stack(ask)
    assert isinstance(found, Stack)
    assert sum(found.paid.values()) == found.price_minor + found.cost_minor
    assert min(found.paid.values()) >= 0
    assert sum(found.by_layer) + found.paid[Payer.CONSUMER] == found.price_minor + found.cost_minor
    is_free = any(layer.kind is LayerKind.INTEREST_FREE for layer in ask.layers)
    if is_free or found.cost_minor == 0:
        assert found.paid[Payer.STATE_INTEREST] == 0
        assert found.consumer_cost_minor == 0
    assert 2 * found.paid[Payer.STATE_INTEREST] <= found.cost_minor
    assert found.merchant_gets_minor == found.price_minor - found.paid[Payer.MERCHANT]
    return found


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    price=st.integers(1, 3_000_000), cost_ppm=st.integers(0, 240_000),
    chosen=st.lists(st.sampled_from(sorted(KINDS)), max_size=4, unique=True), minor=amounts,
    funder=st.sampled_from([Payer.MERCHANT, Payer.PLATFORM]),
)  # fmt: skip
@example(price=1, cost_ppm=240_000, chosen=["free", "subsidy"], minor=1, funder=Payer.MERCHANT)
@example(
    price=500_000, cost_ppm=75_000, chosen=["old", "state", "coupon", "subsidy"], minor=500_000, funder=Payer.PLATFORM
)
def test_payers_add_up_to_price_and_cost_for_every_order(price, cost_ppm, chosen, minor, funder):
    layers = [KINDS[name](minor, funder) for name in chosen]
    costs, consumers = set(), set()
    for order in permutations(layers):
        found = check_sound(StackAsk(price_minor=price, layers=order, cost_ppm=cost_ppm))
        costs.add(found.cost_minor)
        consumers.add(found.paid[Payer.CONSUMER])
    assert len(costs) == 1, "the consumer finances the same, whoever is asked first"
    assert len(consumers) == 1


def test_an_interest_free_order_costs_the_consumer_its_price():
    ask = StackAsk(
        price_minor=600_000, cost_ppm=75_000,
        layers=(Layer(kind=LayerKind.STATE_INTEREST, amount_minor=3_000), Layer(kind=LayerKind.INTEREST_FREE, funder=Payer.MERCHANT)),
    )  # fmt: skip
    found = check_sound(ask)
    assert found.paid[Payer.CONSUMER] == 600_000
    assert found.paid[Payer.MERCHANT] == found.cost_minor == 45_000
    assert found.merchant_gets_minor == 555_000


@pytest.mark.parametrize(
    ("layers", "verified", "code"),
    [
        ([KINDS["state"](5, None)] * 2, True, "DOUBLE_FUNDING"),
        ([KINDS["free"](0, Payer.MERCHANT), KINDS["free"](0, Payer.PLATFORM)], True, "DOUBLE_FUNDING"),
        ([KINDS["old"](5, None)], False, "TRADE_IN_UNVERIFIED"),
        ([KINDS["coupon"](5, None)], True, "STACK_FUNDER_MISSING"),
        ([KINDS["old"](-5, None)], True, "STACK_INVALID"),
    ],
)
def test_what_may_not_be_stacked_is_refused(layers, verified, code):
    found = stack(StackAsk(price_minor=100, layers=tuple(layers), is_trade_in_verified=verified))
    assert isinstance(found, Refusal)
    assert found.code == code
