"""Cases of the state interest subsidy: what one interest part, or a run of parts with refunds and false trades, earns from the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from honghua.app.case_kinds.law.reading import (
    find_local_day,
    fold_word,
    major,
    only,
    read_choice,
    read_flag,
    read_inputs,
    read_local_day,
    read_ppm,
)
from honghua.app.case_kinds.reading import Answers, Case, Fields
from honghua.base.errors import BadInput, Refusal
from honghua.base.rates import ceil_, floor_, round_half_even, round_half_up
from honghua.merchants.core import (
    FIELD_WORDS,
    FIELDS_V1,
    POLICIES,
    CapsUsed,
    DayBasis,
    HeldItem,
    InterestPart,
    ProductKind,
    SubsidyAnswer,
    SubsidyChange,
    SubsidyItem,
    SubsidyPolicy,
    claw_back,
    compute_subsidy,
    hold,
    refund_item,
    settle_interest,
)

PRODUCTS: Final = {
    **dict.fromkeys(
        ("consumer_loan", "personal_loan", "personal_consumer_loan", "loan", "instalment"), ProductKind.CONSUMER_LOAN
    ),
    **dict.fromkeys(
        ("card_instalment", "credit_card_instalment", "credit_card_bill_instalment", "bill_instalment"),
        ProductKind.CARD_INSTALMENT,
    ),
    **dict.fromkeys(("credit_card", "card"), ProductKind.CREDIT_CARD),
}
FIELDS: Final[Mapping[str, str]] = {
    **FIELD_WORDS,
    **{word: word for word in FIELDS_V1},
    "household_car": "car",
    **dict.fromkeys(("elderly_care", "childbirth"), "elderly_birth"),
    **dict.fromkeys(("tourism", "culture_travel", "culture_tourism"), "travel"),
    **dict.fromkeys(("renovation", "home_furnishing"), "home"),
    "training": "education",
    "electronic_products": "electronics",
    **dict.fromkeys(("medical", "healthcare"), "health"),
}
BASES: Final = {
    "actual/365": DayBasis.ACTUAL_365, "365": DayBasis.ACTUAL_365, "actual/360": DayBasis.ACTUAL_360, "360": DayBasis.ACTUAL_360,
    "30/360": DayBasis.THIRTY_360, "month/12": DayBasis.MONTH_12, "months": DayBasis.MONTH_12,
}  # fmt: skip
ROUNDINGS: Final = {
    "half_up": round_half_up,
    "half_even": round_half_even,
    "floor": floor_,
    "down": floor_,
    "ceil": ceil_,
}
BEARERS: Final = {
    "consumer": True,
    "buyer": True,
    "customer": True,
    "borrower": True,
    "merchant": False,
    "seller": False,
    "platform": False,
}
CONSUMED: Final = ("consumed_on", "consumption_date", "purchase_date", "consumed_at", "purchased_on")
AMOUNT: Final = ("amount", "consumption_amount", "item_amount", "purchase_amount")
RATE: Final = ("annual_percent", "contract_rate_percent", "rate_percent", "annual_rate_percent", "loan_rate_percent")
FIELD: Final = ("field", "category", "consumption_field", "purpose")
PRODUCT: Final = ("product", "product_type", "loan_type")
VERIFIED: Final = ("verified", "is_verified", "trade_verified", "genuine")
PAYER: Final = ("payer", "interest_payer", "bearer")
FROM: Final = ("from", "start", "from_on", "start_date", "interest_from")
TO: Final = ("to", "end", "to_on", "end_date", "interest_to")
INTEREST: Final = ("interest", "interest_amount")
SETTLED: Final = ("settled_on", "date", "on", "settlement_date")
ITEM_NAMES: Final = ("id", "item", *CONSUMED, *AMOUNT, *RATE, *FIELD, *PRODUCT, *VERIFIED, *PAYER)
PART_NAMES: Final = (
    *FROM, *TO, *INTEREST, *SETTLED, "days", "months", "principal", "used", "used_item", "used_small", "used_total", "used_year",
)  # fmt: skip
RULE_NAMES: Final = ("day_count", "basis", "rounding", "central_percent")
EVENTS: Final = {
    "interest": "interest", "interest_settlement": "interest", "settlement": "interest", "refund": "refund", "false_trade": "claw_back",
    "fake_trade": "claw_back", "claw_back": "claw_back", "clawback": "claw_back",
}  # fmt: skip


def subsidy(case: Case) -> Any:
    """One interest part, or `events` of one or several `items` of a borrower in order."""
    fields = read_inputs(case, *ITEM_NAMES, *PART_NAMES, *RULE_NAMES, "items", "events")
    policies = _read_policies(fields)
    if "events" in fields:
        return _run(fields, policies)
    item = _read_item(fields)
    part = _read_part(fields, fields, item)
    answer = compute_subsidy(item, part, _read_used(fields), policies=policies)
    return _told(answer, part)


def _told(answer: SubsidyAnswer | Refusal, part: InterestPart) -> Answers:
    if isinstance(answer, Refusal):
        code = answer.code
        return Answers(refused=lambda: code, subsidy=lambda: Fraction(0), policy=lambda: None)
    found = answer
    charged = part.interest_minor
    return Answers(
        refused=lambda: None,
        policy=lambda: found.policy,
        eligible_principal=lambda: major(found.eligible_minor),
        rate_percent=lambda: found.rate * 100,
        uncapped=lambda: major(found.uncapped_minor),
        subsidy=lambda: major(found.subsidy_minor),
        limited_by=lambda: found.limited_by or None,
        central=lambda: major(found.central_minor),
        province=lambda: major(found.province_minor),
        consumer_interest=lambda: None if charged is None else major(charged - found.subsidy_minor),
    )


def _read_policies(fields: Fields) -> tuple[SubsidyPolicy, ...]:
    """Ours, with what the case says otherwise of what no text settles."""
    changes: dict[str, Any] = {}
    if fields.get("day_count", "basis") is not None:
        changes["day_basis"] = read_choice(fields, "day_count", "basis", known=BASES)
    if "rounding" in fields:
        changes["rounding"] = read_choice(fields, "rounding", known=ROUNDINGS)
    if "central_percent" in fields:
        changes["central_ppm"] = read_ppm(fields, "central_percent")
    return tuple(replace(policy, **changes) for policy in POLICIES)


def _read_item(fields: Fields) -> SubsidyItem:
    word = fields.text(*FIELD, default="")
    place = FIELDS.get(fold_word(word), "")
    return SubsidyItem(
        consumed_on=read_local_day(fields, *CONSUMED),
        amount_minor=fields.money(*AMOUNT, "principal"),
        rate_ppm=read_ppm(fields, *RATE),
        product=read_choice(fields, *PRODUCT, known=PRODUCTS, default=ProductKind.CONSUMER_LOAN),
        field=place,
        is_verified=read_flag(fields, *VERIFIED, default=True),
        is_borne_by_consumer=read_choice(fields, *PAYER, known=BEARERS, default=True),
    )


def _read_part(fields: Fields, rules: Fields, item: SubsidyItem) -> InterestPart:
    start = find_local_day(fields, *FROM) or item.consumed_on
    end = find_local_day(fields, *TO)
    year_part: Fraction | None = None
    if end is None and "months" in fields:
        year_part = fields.number("months") / 12
    elif end is None and "days" in fields:
        basis = read_choice(rules, "day_count", "basis", known=BASES, default=DayBasis.ACTUAL_365)
        year_part = fields.number("days") / (360 if basis in (DayBasis.ACTUAL_360, DayBasis.THIRTY_360) else 365)
    elif end is None:
        raise BadInput(f"{fields.place} says neither to, days nor months")
    if (end is not None and end < start) or (year_part is not None and year_part < 0):
        raise BadInput(f"{fields.place}: an interest part does not end before it begins")
    return InterestPart(
        from_on=start, to_on=end or start, principal_minor=fields.money("principal", default=item.amount_minor),
        interest_minor=fields.money(*INTEREST) if fields.get(*INTEREST) is not None else None, year_part=year_part,
    )  # fmt: skip


def _read_used(fields: Fields) -> CapsUsed:
    used = Fields.of(fields.get("used") or {}, f"{fields.place}.used")
    only(used, "item", "small", "total", "year")
    return CapsUsed(
        item_minor=_used(fields, used, "item"), small_minor=_used(fields, used, "small"), total_minor=_used(fields, used, "total"),
        year_minor=_used(fields, used, "year"),
    )  # fmt: skip


def _used(fields: Fields, used: Fields, name: str) -> int:
    if name in used:
        return used.money(name)
    return fields.money(f"used_{name}", default=0)


def _run(fields: Fields, policies: tuple[SubsidyPolicy, ...]) -> Any:
    """Each event after the other, caps counted over all items of the borrower."""
    items: dict[str, HeldItem] = {}
    for one in fields.objects("items") if "items" in fields else [fields]:
        if one is not fields:
            only(one, *ITEM_NAMES)
        items[one.text("id", "item", default="item")] = hold(_read_item(one))
    amounts: list[Fraction] = []
    refused: list[str | None] = []
    for event in fields.objects("events"):
        only(event, *PART_NAMES, "type", "kind", "event", "item", "id", "amount")
        name = event.text("item", "id", default=next(iter(items)))
        if name not in items:
            raise BadInput(f"{event.place}.item names {name!r}, which is not among the items")
        found = _follow(event, fields, items, name, policies)
        if isinstance(found, Refusal):
            amounts.append(Fraction(0))
            refused.append(found.code)
        else:
            change, items[name] = found
            amounts.append(major(change.amount_minor))
            refused.append(None)
    return Answers(
        amounts=lambda: amounts,
        refused=lambda: refused,
        total=lambda: sum(amounts, Fraction(0)),
        subsidy=lambda: sum(amounts, Fraction(0)),
        by_item=lambda: {name: major(one.granted_minor) for name, one in items.items()},
    )


def _follow(
    event: Fields, rules: Fields, items: dict[str, HeldItem], name: str, policies: tuple[SubsidyPolicy, ...]
) -> tuple[SubsidyChange, HeldItem] | Refusal:
    """What one event changes."""
    one = items[name]
    kind = read_choice(event, "type", "kind", "event", known=EVENTS, default="interest")
    if kind == "claw_back":
        return claw_back(items, name, policies=policies)
    if kind == "refund":
        return refund_item(items, name, event.money("amount", default=one.left_minor), policies=policies)
    part = _read_part(event, rules, one.item)
    if "principal" not in event:
        part = replace(part, principal_minor=one.left_minor)
    settled_on = find_local_day(event, *SETTLED) or part.to_on
    return settle_interest(items, name, part, settled_on=settled_on, policies=policies)
