"""Who pays for one order: trade-in, coupons, state trade-in subsidy, interest-free campaigns and state interest subsidy on one another.

Every yuan of price and instalment cost has exactly one payer, and all of them add up to price + cost in whatever order layers are stacked.
Layers of the price take what is still open, in the order given. The cost has one bearer (rules.md §1: buyer or merchant, never
both); the state comes after everybody else and only ever relieves what the consumer would pay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from honghua.base.errors import Refusal
from honghua.base.rates import PPM, Rounding, floor_, round_half_up


class Payer(StrEnum):
    """Who pays. Stored: never change a word."""

    CONSUMER = "consumer"
    MERCHANT = "merchant"
    PLATFORM = "platform"
    TRADE_IN = "trade_in"  # whoever takes the old goods pays their value
    STATE_TRADE_IN = "state_trade_in"
    STATE_INTEREST = "state_interest"


class LayerKind(StrEnum):
    """What a layer does."""

    TRADE_IN = "trade_in"  # the value of old goods
    STATE_TRADE_IN = "state_trade_in"
    COUPON = "coupon"  # merchant or platform takes something off the price
    INTEREST_FREE = "interest_free"  # merchant or platform bears the whole cost
    STATE_INTEREST = "state_interest"


PAYER_OF: Final = {
    LayerKind.TRADE_IN: Payer.TRADE_IN, LayerKind.STATE_TRADE_IN: Payer.STATE_TRADE_IN, LayerKind.STATE_INTEREST: Payer.STATE_INTEREST,
}  # fmt: skip
OF_PRICE: Final = (LayerKind.TRADE_IN, LayerKind.STATE_TRADE_IN, LayerKind.COUPON)
FUNDERS: Final = (Payer.MERCHANT, Payer.PLATFORM)
LAYERS_MAX: Final = 20
INVALID: Final = Refusal(
    "STACK_INVALID",
    f"An order costs something, has at most {LAYERS_MAX} layers, and none pays less than nothing or more than all.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One thing that pays. amount_minor, or share_ppm of the price (rounded down), at most max_minor (0: no bound).

    funder: of coupons and interest-free campaigns. A state interest layer says in amount_minor what the state would pay if the
    consumer bore the whole cost (`core.subsidy` computes it).
    """

    kind: LayerKind
    amount_minor: int = 0
    share_ppm: int = 0
    max_minor: int = 0
    funder: Payer | None = None

    @property
    def payer(self) -> Payer:
        """Whose money it is."""
        known = PAYER_OF.get(self.kind)
        if known is not None:
            return known
        assert self.funder is not None, "checked before"
        return self.funder


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAsk:
    """An order and its layers in their order. cost_ppm of what is financed, or cost_minor as quoted; verified: the old goods were seen.

    state_share_max_ppm: of the consumer's cost that the state may bear (rules.md §5: half of the contract rate).
    """

    price_minor: int
    layers: tuple[Layer, ...] = ()
    cost_ppm: int = 0
    cost_minor: int | None = None
    is_trade_in_verified: bool = True
    state_share_max_ppm: int = 500_000
    rounding: Rounding = round_half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who pays what. Σ paid = price + cost. financed: the principal of the plan, all of it the consumer's.

    merchant_gets: what the books owe the merchant: price less its coupons and the cost that it bears. by_layer: parallel to the layers.
    """

    price_minor: int
    cost_minor: int
    financed_minor: int
    paid: dict[Payer, int]
    by_layer: tuple[int, ...]
    merchant_gets_minor: int

    @property
    def consumer_cost_minor(self) -> int:
        """The interest that is left with the consumer."""
        return self.paid[Payer.CONSUMER] - self.financed_minor


def check_layers(ask: StackAsk) -> Refusal | None:
    """Why these layers may not be stacked; None when they may."""
    if ask.price_minor <= 0 or len(ask.layers) > LAYERS_MAX:
        return INVALID
    for layer in ask.layers:
        if min(layer.amount_minor, layer.share_ppm, layer.max_minor) < 0 or layer.share_ppm > PPM:
            return INVALID
        if layer.kind not in PAYER_OF and layer.funder not in FUNDERS:
            return Refusal(
                "STACK_FUNDER_MISSING",
                "A coupon and an interest-free campaign are paid by the merchant or the platform.",
            )
    kinds = Counter(layer.kind for layer in ask.layers)
    for kind in (LayerKind.TRADE_IN, LayerKind.STATE_TRADE_IN, LayerKind.STATE_INTEREST, LayerKind.INTEREST_FREE):
        if kinds[kind] > 1:
            return Refusal(
                "DOUBLE_FUNDING", f"Two layers of {kind.value.replace('_', ' ')} would pay for the same thing."
            )
    if not ask.is_trade_in_verified and (kinds[LayerKind.TRADE_IN] or kinds[LayerKind.STATE_TRADE_IN]):
        return Refusal("TRADE_IN_UNVERIFIED", "The old goods have not been seen and taken back.")
    return None


def stack(ask: StackAsk) -> Stack | Refusal:
    """Share price and cost among the payers; refused where something would be funded twice or is not proved.

    Amounts minor units. A layer takes at most what is still open; so in another order another payer may pay, never more in all.
    Source: R-007, R-017; rules.md §1 (one payer), §5 (a 0 % plan gets 0). Golden cases: tests/cases/stacking.json.
    """
    refusal = check_layers(ask)
    if refusal is not None:
        return refusal
    paid = dict.fromkeys(Payer, 0)
    taken = [0] * len(ask.layers)
    left = ask.price_minor
    for i, layer in enumerate(ask.layers):
        if layer.kind in OF_PRICE:
            taken[i] = min(left, _offered(layer, ask.price_minor))
            paid[layer.payer] += taken[i]
            left -= taken[i]
    cost = ask.cost_minor if ask.cost_minor is not None else ask.rounding(Fraction(left * ask.cost_ppm, PPM))
    cost = cost if left else 0  # nothing financed costs nothing
    open_cost = cost
    for i, layer in enumerate(ask.layers):
        if layer.kind is LayerKind.INTEREST_FREE:
            taken[i] = open_cost
            paid[layer.payer] += open_cost
            open_cost = 0
    for i, layer in enumerate(ask.layers):
        if layer.kind is LayerKind.STATE_INTEREST:
            most = floor_(Fraction(open_cost * ask.state_share_max_ppm, PPM))
            taken[i] = min(most, _offered(layer, ask.price_minor))
            paid[Payer.STATE_INTEREST] += taken[i]
            open_cost -= taken[i]
    paid[Payer.CONSUMER] = left + open_cost
    borne = paid[Payer.MERCHANT]
    return Stack(
        price_minor=ask.price_minor, cost_minor=cost, financed_minor=left, paid=paid, by_layer=tuple(taken),
        merchant_gets_minor=ask.price_minor - borne,
    )  # fmt: skip


def _offered(layer: Layer, price_minor: int) -> int:
    """What a layer would pay of an untouched price."""
    offered = layer.amount_minor or floor_(Fraction(price_minor * layer.share_ppm, PPM))
    return min(offered, layer.max_minor) if layer.max_minor else offered
