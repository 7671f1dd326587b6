"""The word on an order: text cases, both sides of each line, and what must hold whatever the signs are."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.features.core import key_of_text
from honghua.merchants.api import load_rules
from honghua.merchants.core import (
    CROWD_MAX,
    FLAGGED,
    REASONS,
    EvidenceItem,
    EvidenceKind,
    OrderSigns,
    OrderState,
    Scored,
    Surroundings,
    compute_withheld,
    derive_signs,
    find_company,
    has_needed,
    judge_order,
    parse_rules,
)

AT = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RULES = load_rules()
GOOD = OrderSigns(
    hours_to_ship=14,
    transit_hours=40,
    scans=7,
    grams_ppm=3_000_000,
    other_region=False,
    waybill_orders=0,
    place_orders=0,
)


def parcel(*, ships=10.0, arrives=50.0, waybill="w", region="west", grams=500, scans=6, kind=EvidenceKind.DELIVERED):
    """A shipment and its end, hours after the order."""
    there = {"region": region, "place": "door"} if kind is EvidenceKind.DELIVERED else {}
    shipped = EvidenceItem(
        purchase_id=1, kind=EvidenceKind.SHIPPED, reference=waybill, at=AT + ships * HOUR, grams=grams, scans=1
    )
    return [
        shipped,
        EvidenceItem(purchase_id=1, kind=kind, reference=waybill, at=AT + arrives * HOUR, scans=scans, **there),
    ]


def check(given, expected):
    """`given`: signs that differ from a good parcel's, then e (evidence is there) and d (its time is over), as `scans=1 e d`."""
    words = given.split()
    changed: dict[str, Any] = {name: int(value) for name, value in (word.split("=") for word in words if "=" in word)}
    word = judge_order(replace(GOOD, **changed), has_evidence="e" in words, is_due="d" in words, rules=RULES)
    assert " ".join([word.state.value, *word.reasons]) == expected


@pytest.mark.parametrize(("given", "expected"), [
    ("", "awaited"),
    ("d", "unproved NO_EVIDENCE"),
    ("e", "proved"),
    ("e d", "proved"),
    ("e hours_to_ship=-2", "proved hours_to_ship"),  # a clock may be wrong by so much
    ("e hours_to_ship=-3", "doubtful SHIPPED_BEFORE_ORDER hours_to_ship"),
    ("waybill_orders=1", "doubtful WAYBILL_SHARED"),  # before its time is over
    ("e returned_unpaid=1", "doubtful RETURNED_UNPAID"),
    ("e returned_unpaid=0", "proved"),
    ("e grams_ppm=300000", "doubtful grams_ppm"),
    ("e grams_ppm=1600000", "proved"),
    ("e place_orders=6", "doubtful place_orders"),
    ("e place_orders=1", "proved"),
    ("e company=12", "doubtful company"),
    ("e company=11", "proved company"),
    ("e load_ppm=2500000", "proved load_ppm"),  # a shop's busy day is no proof against an order
    ("e load_ppm=2500000 other_region=1", "doubtful load_ppm other_region"),
    ("d scans=1", "unproved NO_EVIDENCE scans"),
])  # fmt: skip
def test_cases(given, expected):
    check(given, expected)


@pytest.mark.parametrize(("given", "is_doubtful", "expected"), [
    ("e company=9 place_orders=2", True, "doubtful 700000 company"),  # the scorer says which of them spoke
    ("e place_orders=2", True, "doubtful 700000 place_orders"),  # or what is beyond the usual at all
    ("e", True, "proved 700000"),  # a doubt without a sign that could be shown is none
    ("e company=9", False, "proved 700000 company"),
    ("", True, "awaited 0"),  # a scorer knows orders whose evidence has come: before that it is not heard
    ("d", True, "unproved 0 NO_EVIDENCE"),
    ("grams_ppm=300000", False, "doubtful 240 grams_ppm"),  # and the points are
    ("e grams_ppm=300000 place_orders=6", False, "proved 700000 grams_ppm place_orders"),  # whose place it takes
    ("e waybill_orders=1", False, "doubtful 700000 WAYBILL_SHARED"),  # a contradiction stands before both
    ("e waybill_orders=1 company=9", True, "doubtful 700000 WAYBILL_SHARED company"),
])  # fmt: skip
def test_a_scorer_speaks_once_evidence_has_come(given, is_doubtful, expected):
    words = given.split()
    changed: dict[str, Any] = {name: int(value) for name, value in (word.split("=") for word in words if "=" in word)}
    word = judge_order(
        replace(GOOD, **changed), has_evidence="e" in words, is_due="d" in words, rules=RULES,
        scored=Scored(700_000, is_doubtful, ("company",)),
    )  # fmt: skip
    assert " ".join([word.state.value, str(word.score), *word.reasons]) == expected


SIGNS = st.builds(OrderSigns, **{
    one.name: st.none() | (st.booleans() if one.name in ("other_region", "returned_unpaid") else st.integers(-100, 10**8))
    for one in fields(OrderSigns)
})  # fmt: skip


@given(SIGNS, st.booleans(), st.booleans())
@example(OrderSigns(), False, True)
def test_what_must_hold_of_every_word(signs, has_evidence, is_due):
    word = judge_order(signs, has_evidence=has_evidence, is_due=is_due, rules=RULES)
    assert set(word.reasons) <= REASONS.keys()
    assert 0 <= word.score <= sum(sign.points for sign in RULES.signs)
    assert word.state is not OrderState.FALSE  # that is for people
    assert word.state is not OrderState.PROVED or has_evidence
    assert word.state is not OrderState.UNPROVED or (is_due and not has_evidence)
    later = judge_order(signs, has_evidence=has_evidence, is_due=True, rules=RULES)
    assert later.state is not OrderState.AWAITED
    assert word.state not in FLAGGED or later.state is word.state  # time alone clears nobody
    unknown = judge_order(OrderSigns(), has_evidence=has_evidence, is_due=is_due, rules=RULES)
    assert unknown.score == 0


@given(st.sampled_from(OrderState), st.integers(-(10**12), 10**12))
def test_only_the_platforms_money_is_withheld_and_only_of_flagged_orders(state, platform_minor):
    held = compute_withheld(state, platform_minor)
    assert held == (platform_minor if state in FLAGGED and platform_minor > 0 else 0)


def test_signs_come_from_evidence():
    around = Surroundings(
        grams_least=250, waybill_orders=2, place_orders=3, shop_orders=20, shop_orders_before=60, capacity=10, sold_minor=1_000,
        shop_refunded_minor=250, company=4,
    )  # fmt: skip
    signs = derive_signs(parcel(), around, bought_at=AT, region_id=key_of_text("east"))
    assert signs == OrderSigns(
        hours_to_ship=10, transit_hours=40, scans=6, grams_ppm=2_000_000, other_region=True, waybill_orders=2, place_orders=3,
        load_ppm=2_000_000, burst_ppm=20 * 1_000_000 * 30 // 90, refund_ppm=250_000, company=4,
    )  # fmt: skip
    assert derive_signs(parcel(ships=-0.5), around, bought_at=AT, region_id=0).hours_to_ship == -1
    back = parcel(kind=EvidenceKind.RETURNED)
    assert derive_signs(back, around, bought_at=AT, region_id=0).returned_unpaid is True
    assert derive_signs(back, replace(around, refunded_minor=1), bought_at=AT, region_id=0).returned_unpaid is False
    nothing = derive_signs([], replace(around, capacity=None, sold_minor=0, company=None), bought_at=AT, region_id=7)
    assert nothing == OrderSigns(burst_ppm=signs.burst_ppm)


def test_a_delivery_counts_with_its_own_shipment():
    need = {EvidenceKind.DELIVERED}
    shipped, delivered = parcel()
    assert has_needed([shipped, delivered], need)
    assert not has_needed([delivered], need)
    assert not has_needed([shipped, replace(delivered, reference="another")], need)
    given = EvidenceItem(purchase_id=1, kind=EvidenceKind.HANDED_OVER, reference="till", at=AT)
    assert not has_needed([given], need)
    assert has_needed([given], {EvidenceKind.HANDED_OVER})


def test_company_is_who_is_met_elsewhere():
    assert find_company({1, 2, 3, 4}, [{1, 2, 9}, None, {3, 1}], customer=1) == 2
    assert find_company({1, 2}, [], customer=1) == 0
    assert find_company(None, [{2}], customer=1) is None
    assert CROWD_MAX > 10  # else company could never reach its line


def test_rules_say_what_is_wrong_with_them():
    assert (RULES.grade, bool(RULES.source)) == ("U", True)
    assert RULES.need_of("online").kinds == (EvidenceKind.DELIVERED, EvidenceKind.HANDED_OVER)
    assert RULES.need_of("moon") == RULES.need_of("")
    for broken in ("", "grade = 1", 'doubt_from = "many"'):
        with pytest.raises(BadInput) as caught:
            parse_rules(broken, source="here")
        assert caught.value.code == "RULES_INVALID"
