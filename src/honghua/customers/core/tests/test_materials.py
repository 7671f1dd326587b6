"""Evidence by its rules: whose, how old, what it may say, what several say together; texts name what is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import permutations

import pytest

from honghua.base.errors import BadInput
from honghua.customers.core import Delivered, Evidenced, Holder, MaterialState, combine, find_offered, judge_delivery
from honghua.customers.materials.terms import load_materials, read_materials

TERMS = load_materials()
ON = dt.date(2026, 7, 1)
ANNA = Holder(name="李示范", national_id="n")
GOOD = Delivered(
    request_id="r", kind="payroll", name=ANNA.name, national_id=ANNA.national_id, issued_on=ON, values={"income_minor": 900_000},
    provider="p", is_fake=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, ()),
        ({"issued_on": ON - dt.timedelta(days=45)}, ()),
        ({"issued_on": ON - dt.timedelta(days=46)}, ("MATERIAL_STALE",)),
        ({"issued_on": ON + dt.timedelta(days=1)}, ("MATERIAL_FROM_FUTURE",)),
        ({"name": "某人"}, ("MATERIAL_OTHER_PERSON",)),
        ({"kind": "degree"}, ("MATERIAL_OTHER_KIND",)),
        ({"values": {"is_student": 0}}, ("MATERIAL_SILENT",)),
        ({"values": {"income_minor": -1}}, ("MATERIAL_SILENT",)),
        ({"values": {"income_minor": 10**13}}, ("MATERIAL_SILENT",)),
        ({"values": {"income_minor": True}}, ("MATERIAL_SILENT",)),
    ],
)
def test_what_is_taken_and_what_is_refused(changed, codes):
    state, reasons, values = judge_delivery(TERMS["payroll"], replace(GOOD, **changed), ANNA, on=ON)
    assert reasons == codes
    assert state is (MaterialState.REFUSED if codes else MaterialState.IN_FORCE)
    assert values == ({} if codes else {"income_minor": 900_000})


def test_a_sign_of_forgery_goes_to_a_person_and_what_was_not_asked_for_is_dropped():
    more = replace(GOOD, values={**GOOD.values, "religion": 3, "debt_service_minor": 5}, marks=("SEAL_BROKEN",))
    assert judge_delivery(TERMS["payroll"], more, ANNA, on=ON) == (
        MaterialState.REVIEW, ("MATERIAL_MARKED", "SEAL_BROKEN"), {"income_minor": 900_000},
    )  # fmt: skip


def test_several_pieces_say_the_same_in_every_order():
    def piece(number: int, kind: str, **values: int) -> Evidenced:
        return Evidenced(material_id=number, kind=kind, issued_on=ON, valid_until=ON, values=values)

    pieces = [
        piece(1, "payroll", income_minor=800_000), piece(2, "bank_flow", income_minor=1_000_001, debt_service_minor=70_000),
        piece(3, "degree", is_student=0), piece(4, "bank_flow", income_minor=1, debt_service_minor=90_000),
    ]  # fmt: skip
    found = {tuple(sorted(combine(TERMS, order).items())) for order in permutations(pieces)}
    assert found == {(("debt_service_minor", 90_000), ("income_minor", 900_000), ("is_student", 0))}
    assert combine(TERMS, []) == {}


def test_only_what_a_rulebook_reads_is_asked_for_and_the_text_names_it():
    offered = {one.kind for one in find_offered(TERMS, {"income_minor", "is_student"})}
    assert offered == {"payroll", "bank_flow", "provident_fund", "income_tax", "degree"}
    zh, en = TERMS["payroll"].agreement
    assert "工资流水" in zh
    assert "月收入" in zh
    assert "monthly income" in en
    assert len({one.agreement_digest for one in TERMS.values()}) == len(TERMS)


@pytest.mark.parametrize(
    "wrong", ['says = ["religion"]', "valid_days = 0", 'ways = ["letter"]', "share_ppm = 0", "colour = 1"]
)
def test_terms_that_make_no_sense_are_refused(wrong):
    lines = [
        'chinese = "甲"',
        'english = "A"',
        'says = ["income_minor"]',
        'ways = ["source"]',
        "share_ppm = 1",
        "version = 1",
    ]
    text = "\n".join(["[a]", "fresh_days = 1", "valid_days = 1", *lines])
    assert read_materials(text)["a"].kind == "a"
    name = wrong.split(" ")[0]
    lines = [line for line in text.splitlines() if not line.startswith(name)]
    with pytest.raises(BadInput):
        read_materials("\n".join([*lines, wrong]))
