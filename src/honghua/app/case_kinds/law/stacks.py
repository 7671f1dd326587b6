"""Cases of stacking: price and instalment cost of one order shared among all who pay for it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from honghua.app.case_kinds.law.reading import major, only, read_choice, read_flag, read_inputs, read_ppm
from honghua.app.case_kinds.reading import Answers, Case, Fields
from honghua.base.errors import Refusal
from honghua.merchants.core import Layer, LayerKind, Payer, Stack, StackAsk, stack

KINDS: Final = {
    "trade_in": (LayerKind.TRADE_IN, None), "old_goods": (LayerKind.TRADE_IN, None),
    "state_trade_in": (LayerKind.STATE_TRADE_IN, None), "trade_in_subsidy": (LayerKind.STATE_TRADE_IN, None),
    "state_goods": (LayerKind.STATE_TRADE_IN, None), "coupon": (LayerKind.COUPON, None), "discount": (LayerKind.COUPON, None),
    "merchant_coupon": (LayerKind.COUPON, Payer.MERCHANT), "platform_coupon": (LayerKind.COUPON, Payer.PLATFORM),
    "interest_free": (LayerKind.INTEREST_FREE, None), "merchant_interest_free": (LayerKind.INTEREST_FREE, Payer.MERCHANT),
    "platform_interest_free": (LayerKind.INTEREST_FREE, Payer.PLATFORM), "state_interest": (LayerKind.STATE_INTEREST, None),
    "state_interest_subsidy": (LayerKind.STATE_INTEREST, None),
}  # fmt: skip
FUNDERS: Final = {"merchant": Payer.MERCHANT, "seller": Payer.MERCHANT, "platform": Payer.PLATFORM}


def stacking(case: Case) -> Any:
    """Who pays what of one order."""
    fields = read_inputs(
        case, "price", "order_price", "layers", "stack", "cost", "fee", "cost_percent", "fee_percent", "trade_in_verified",
        "is_trade_in_verified",
    )  # fmt: skip
    cost = fields.get("cost", "fee")
    ask = StackAsk(
        price_minor=fields.money("price", "order_price"), layers=tuple(_read_layer(one) for one in fields.objects("layers", "stack")),
        cost_minor=None if cost is None else fields.money("cost", "fee"),
        cost_ppm=read_ppm(fields, "cost_percent", "fee_percent") if fields.get("cost_percent", "fee_percent") is not None else 0,
        is_trade_in_verified=read_flag(fields, "trade_in_verified", "is_trade_in_verified", default=True),
    )  # fmt: skip
    found = stack(ask)
    if isinstance(found, Refusal):
        code = found.code
        return Answers(refused=lambda: code)
    return _told(found)


def _told(found: Stack) -> Answers:
    payers = {payer.value: major(minor) for payer, minor in found.paid.items()}
    return Answers(
        refused=lambda: None,
        payers=lambda: payers,
        by_layer=lambda: [major(minor) for minor in found.by_layer],
        financed=lambda: major(found.financed_minor),
        principal=lambda: major(found.financed_minor),
        cost=lambda: major(found.cost_minor),
        consumer_cost=lambda: major(found.consumer_cost_minor),
        consumer=lambda: payers[Payer.CONSUMER],
        merchant_gets=lambda: major(found.merchant_gets_minor),
        total=lambda: sum(payers.values(), Fraction(0)),
    )


def _read_layer(fields: Fields) -> Layer:
    only(fields, "kind", "type", "funder", "payer", "paid_by", "amount", "value", "percent", "max", "cap")
    kind, funder = read_choice(fields, "kind", "type", known=KINDS)
    if fields.get("funder", "payer", "paid_by") is not None and kind in (LayerKind.COUPON, LayerKind.INTEREST_FREE):
        funder = read_choice(fields, "funder", "payer", "paid_by", known=FUNDERS)
    return Layer(
        kind=kind, funder=funder, amount_minor=fields.money("amount", "value", default=0),
        share_ppm=read_ppm(fields, "percent") if "percent" in fields else 0, max_minor=fields.money("max", "cap", default=0),
    )  # fmt: skip
