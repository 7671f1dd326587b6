"""Whether an order was a real trade (R-053): what evidence must come and by when, the signs that it gives, the word that follows.

An order is *awaited* until evidence of its channel is there or its time is over. Signs that a real trade cannot have are
*contradictions*: one is enough for doubt. Once evidence has come a fitted scorer says how likely a fake is, and by which signs; before
that the signs add points, each a value beside what is usual. A person's word goes before all of it.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.merchants.core.admission import Sign, points_of


class EvidenceKind(StrEnum):
    """What a source can say of an order. Stored: never change a word."""

    SHIPPED = "shipped"  # a carrier took a parcel over
    DELIVERED = "delivered"  # and handed it to somebody at a place
    HANDED_OVER = "handed_over"  # a till, a voucher or a course says that goods or a service were given
    RETURNED = "returned"  # the parcel went back to the shop


class OrderState(StrEnum):
    """Where an order stands. Stored: never change a word."""

    AWAITED = "awaited"
    PROVED = "proved"
    UNPROVED = "unproved"  # its time is over and nothing has come; late evidence still counts
    DOUBTFUL = "doubtful"  # what came speaks against it
    FALSE = "false"  # a person found that there was no trade


FLAGGED: Final = frozenset({OrderState.UNPROVED, OrderState.DOUBTFUL, OrderState.FALSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a channel's orders need: one of these kinds within so many hours of the order; where parcels go, a shipment belongs to it."""

    kinds: tuple[EvidenceKind, ...]
    due_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSigns:
    """What is known of an order; None: not known, which gives no points. Shares and ratios are ppm.

    hours_to_ship: from the order to the carrier's first scan, < 0: before it. transit_hours, scans: of the parcel. grams_ppm: its weight
    over the least that its goods weigh. other_region: delivered elsewhere than bought from. waybill_orders: other customers' orders
    under the same waybill. place_orders: other customers of the shop delivered to the same place. load_ppm: the shop's orders of the
    day over what it can fulfil; burst_ppm: over its usual day. refund_ppm: of the shop's sales. returned_unpaid: the goods went back,
    the money did not. company: other customers of the shop who about then also bought at another of this customer's shops.
    """

    hours_to_ship: int | None = None
    transit_hours: int | None = None
    scans: int | None = None
    grams_ppm: int | None = None
    other_region: bool | None = None
    waybill_orders: int | None = None
    place_orders: int | None = None
    load_ppm: int | None = None
    burst_ppm: int | None = None
    refund_ppm: int | None = None
    returned_unpaid: bool | None = None
    company: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a fitted scorer says of an order: chance of a fake, ppm; whether it reaches the line; signs that raised it, heaviest first."""

    chance_ppm: int
    is_doubtful: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestTerms:
    """Which forest scores: its file beside the rules, its digest (hexadecimal), the chance in ppm from which an order is doubtful."""

    file: str
    digest: str
    doubt_from_ppm: int
    trained_on: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The word on an order and the codes behind it (of REASONS), heaviest first. score: points, or the scorer's ppm where it spoke."""

    state: OrderState
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticityRules:
    """All of `data/authenticity.toml`: own choices of grade U beside their source, to be fitted on cases of one's own.

    needs: by channel of the shop's scene, "" where it is not known. signs: with points. grams: the least that goods weigh, by category.
    doubt_from: points from which an order is doubtful. early_hours: a carrier's clock may be wrong by so much.
    """

    needs: Mapping[str, Need]
    signs: tuple[Sign, ...]
    grams: Mapping[str, int]
    doubt_from: int
    early_hours: int
    first_look_hours: int
    again_hours: int
    late_days: int
    second_look_days: int
    forest: ForestTerms
    source: str
    grade: str

    def need_of(self, channel: str) -> Need:
        """What an order of a channel needs; of an unknown one, what stands under the empty name."""
        return self.needs.get(channel, self.needs[""])


REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "NO_EVIDENCE": ("限期内没有物流、签收或交付凭证", "no evidence of delivery came in time"),
    "SHIPPED_BEFORE_ORDER": ("快递揽收早于下单", "the parcel was shipped before it was ordered"),
    "WAYBILL_SHARED": ("同一运单号用于不同顾客的订单", "one waybill stands for orders of different customers"),
    "RETURNED_UNPAID": ("包裹已退回商户,但未退款", "the goods went back, the money did not"),
    "scans": ("运输途中扫描记录过少", "carriers hardly saw the parcel"),
    "transit_hours": ("揽收到签收过快", "delivered too soon after it was taken over"),
    "hours_to_ship": ("下单后立即揽收", "taken over by the carrier at once"),
    "grams_ppm": ("包裹重量远低于商品", "the parcel weighs far less than its goods"),
    "other_region": ("收货地区与下单地区不同", "delivered elsewhere than it was bought from"),
    "place_orders": ("多名顾客的订单送到同一地点", "orders of many customers went to one place"),
    "load_ppm": ("当日订单远超商户的履约能力", "the shop sold far more that day than it can fulfil"),
    "burst_ppm": ("当日订单远超商户平日", "the shop sold far more that day than on others"),
    "refund_ppm": ("商户退款比例过高", "the shop refunds much of what it sells"),
    "company": ("多名顾客结伴在几家小店下单", "the same customers ordered from several small shops together"),
    "PERSON_FALSE": ("人工认定为虚假交易", "a person found that there was no trade"),
    "PERSON_CLEARED": ("人工核实为真实交易", "a person found that the trade was real"),
}
SCORED: Final = tuple(one.name for one in fields(OrderSigns) if one.name not in ("waybill_orders", "returned_unpaid"))


def judge_order(
    signs: OrderSigns, *, has_evidence: bool, is_due: bool, rules: AuthenticityRules, scored: Scored | None = None
) -> Judgement:
    """The word on an order. has_evidence: a kind that its channel needs is there; is_due: its time is over; scored: by a fitted scorer.

    A contradiction makes it doubtful at any time; so does the scorer's word once evidence is there, and points enough without a scorer or
    before that: a scorer knows orders whose evidence has come. It raises no doubt of an order of which no sign is beyond what is usual, and
    only such signs are its reasons: what people are told must be so. Without any doubt, evidence proves an order.
    """
    against = find_contradictions(signs, early_hours=rules.early_hours)
    score, told = _add_points(signs, rules)
    is_doubtful = score >= rules.doubt_from
    if scored is not None and has_evidence:
        score, is_doubtful = scored.chance_ppm, scored.is_doubtful and bool(told)
        told = tuple(name for name in scored.reasons if name in told) or told
    reasons = (*against, *told)
    if against or is_doubtful:
        return Judgement(OrderState.DOUBTFUL, score, reasons)
    if has_evidence:
        return Judgement(OrderState.PROVED, score, reasons)
    if is_due:
        return Judgement(OrderState.UNPROVED, score, ("NO_EVIDENCE", *reasons))
    return Judgement(OrderState.AWAITED, score, reasons)


def _add_points(signs: OrderSigns, rules: AuthenticityRules) -> tuple[int, tuple[str, ...]]:
    """(sum, signs that have some, heaviest first)."""
    told = sorted(
        (
            (points, sign.name)
            for sign in rules.signs
            if (value := getattr(signs, sign.name)) is not None and (points := points_of(sign, int(value)))
        ),
        key=lambda one: -one[0],
    )
    return sum(points for points, _ in told), tuple(name for _, name in told)


def find_contradictions(signs: OrderSigns, *, early_hours: int) -> tuple[str, ...]:
    """What a real trade cannot have."""
    found = (
        ("SHIPPED_BEFORE_ORDER", signs.hours_to_ship is not None and signs.hours_to_ship < -early_hours),
        ("WAYBILL_SHARED", bool(signs.waybill_orders)),
        ("RETURNED_UNPAID", bool(signs.returned_unpaid)),
    )
    return tuple(code for code, holds in found if holds)


def compute_withheld(state: OrderState, platform_minor: int) -> int:
    """What of the platform's campaign money is withheld of an order: all that it bears while the order is flagged, nothing else ever.

    platform_minor: what the books say that the platform bears of the order's fee, refunds deducted; a fee that the merchant or the
    customer bears is theirs whatever the order is worth.
    """
    return max(0, platform_minor) if state in FLAGGED else 0


def parse_rules(text: str, *, source: str) -> AuthenticityRules:
    """The rules of a file; BadInput RULES_INVALID names what is wrong with it."""
    try:
        return _read(tomllib.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{source}: {error!r}", code="RULES_INVALID") from None


def _read(raw: Mapping[str, Any]) -> AuthenticityRules:
    needs = {
        ("" if name == "unknown" else name): Need(
            kinds=tuple(EvidenceKind(kind) for kind in one["kinds"]), due_hours=_positive(one["due_hours"])
        )
        for name, one in raw["needs"].items()
    }
    signs = tuple(
        Sign(
            name=name,
            usual=one["usual"],
            alarming=one["alarming"],
            points=_positive(one["points"]),
            sentence=REASONS[name][1],
        )
        for name, one in raw["signs"].items()
    )
    wrong = [one.name for one in signs if one.name not in SCORED or one.usual == one.alarming]
    if "" not in needs or wrong or not all(one.kinds for one in needs.values()):
        raise ValueError(
            f"a need for unknown channels, kinds for each, and signs among {SCORED} are wanted; wrong: {wrong}"
        )
    times = {
        name: _positive(raw["times"][name])
        for name in ("early_hours", "first_look_hours", "again_hours", "late_days", "second_look_days")
    }
    forest = ForestTerms(
        file=str(raw["forest"]["file"]), digest=str(raw["forest"]["digest"]), doubt_from_ppm=_positive(raw["forest"]["doubt_from_ppm"]),
        trained_on=str(raw["forest"]["trained_on"]),
    )  # fmt: skip
    return AuthenticityRules(
        needs=needs, signs=signs, forest=forest, grams={str(k): _positive(v) for k, v in raw["grams"].items()},
        doubt_from=_positive(raw["doubt_from"]),
        source=str(raw["source"]), grade=str(raw["grade"]), **times,
    )  # fmt: skip


def _positive(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is no whole number above zero")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem:
    """One thing that a source says of an order. reference: the waybill, receipt or voucher; at: aware, when it happened.

    region, place: where it was delivered, as the source names it; a place is a digest, never an address. grams, scans: of a parcel,
    0 = not told.
    """

    purchase_id: int
    kind: EvidenceKind
    reference: str
    at: dt.datetime
    region: str = ""
    place: str = ""
    grams: int = 0
    scans: int = 0


def has_needed(items: Sequence[EvidenceItem], kinds: Collection[EvidenceKind]) -> bool:
    """Whether one of the kinds that are needed is there; a delivery counts with a shipment under its reference."""
    shipped = {item.reference for item in items if item.kind is EvidenceKind.SHIPPED}
    return any(
        item.kind in kinds and (item.kind is not EvidenceKind.DELIVERED or item.reference in shipped) for item in items
    )


__all__ = [
    "FLAGGED", "REASONS", "SCORED", "AuthenticityRules", "EvidenceItem", "EvidenceKind", "ForestTerms", "Judgement", "Need", "OrderSigns",
    "OrderState", "Scored", "compute_withheld", "find_contradictions", "has_needed", "judge_order", "parse_rules",
]  # fmt: skip
