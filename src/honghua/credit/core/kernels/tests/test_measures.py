"""Rounding and sharing beside exact fractions, and the numbers that compiled code shares with the house."""

from __future__ import annotations

import re
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.credit.core import layout, purchasing
from honghua.credit.core.kernels import audit, events, measures
from honghua.credit.core.kernels.measures import prorate_half_up, share_half_up
from honghua.credit.core.terms import ProductTerms
from honghua.facts.kinds import OF_ENTRIES, PASSED_OVER, FactKind
from honghua.ledger.core.chart import COMPONENTS, Component

AMOUNT_MAX = 10**15
MIGRATION = Path(layout.__file__).parents[1] / "migrations" / "0201_accounts.sql"
AMOUNTS = st.one_of(st.integers(0, AMOUNT_MAX), st.integers(0, 10_000))


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@given(amount=AMOUNTS, ppm=st.integers(0, 10**6))
@example(amount=90_000, ppm=500)  # 900 yuan: 0.45 a day
@example(amount=999, ppm=500)
@example(amount=1_000, ppm=500)  # exactly half a cent goes up
@example(amount=AMOUNT_MAX, ppm=10**6)
@example(amount=AMOUNT_MAX - 1, ppm=10**6 - 1)
def test_a_share_is_exact(amount, ppm):
    assert share_half_up(amount, ppm) == half_up(Fraction(amount * ppm, 10**6))


@given(amount=AMOUNTS, part=AMOUNTS, more=AMOUNTS)
@example(amount=AMOUNT_MAX - 1, part=AMOUNT_MAX - 1, more=1)
@example(amount=AMOUNT_MAX, part=AMOUNT_MAX - 1, more=1)
@example(amount=2**31 - 1, part=2**31 - 1, more=1)
@example(amount=2**31, part=2**31, more=1)
@example(amount=2_900_000_000, part=2_950_000_000, more=0)  # 2 × amount × part leaves int64
@example(amount=10**15, part=5 * 10**14 + 1, more=5 * 10**14)
@example(amount=1, part=1, more=1)  # exactly a half goes up
@example(amount=7, part=0, more=3)
def test_a_proportion_is_exact(amount, part, more):
    total = max(1, part + more)
    assert prorate_half_up(amount, part, total) == half_up(Fraction(amount * part, total))


def test_many_proportions_beside_fractions():
    rng = np.random.default_rng(20_260_105)
    for exponent in (3, 9, 10, 12, 15):
        amounts, totals = rng.integers(0, 10**exponent, 300), rng.integers(1, 10**exponent, 300)
        for amount, total, part in zip(
            amounts.tolist(), totals.tolist(), rng.integers(0, totals + 1).tolist(), strict=True
        ):
            assert prorate_half_up(amount, part, total) == half_up(Fraction(amount * part, total))


def test_kinds_in_compiled_code_are_the_published_kinds():
    compiled = {kind: getattr(events, kind.name) for kind in FactKind if hasattr(events, kind.name)}
    assert compiled == {kind: int(kind) for kind in compiled}
    assert {kind for kind in FactKind if kind not in compiled} == {*PASSED_OVER, *OF_ENTRIES}
    assert {kind for kind in FactKind if audit.PASSED_FIRST <= kind <= audit.PASSED_LAST} == PASSED_OVER


def test_components_in_compiled_code_are_the_chart():
    assert measures.COMPONENTS == COMPONENTS
    assert purchasing.AVAILABLE == Component.LIMIT_AVAILABLE


def table_columns(name: str) -> list[str]:
    body = re.search(rf"CREATE TABLE {name} \((.*?)\n\)", MIGRATION.read_text(), re.S)
    assert body is not None
    return re.findall(r"^  (\w+) +(?:bigint|date|text|boolean|timestamptz)", body[1], re.M)


def test_the_layout_is_the_table():
    columns = table_columns("credit_account")
    start = columns.index(layout.HEAD_COLUMNS[0])
    assert tuple(columns[start : start + layout.HEAD]) == layout.HEAD_COLUMNS
    assert columns[start + layout.HEAD : start + layout.HEAD + 2] == ["dues", "plans"]
    assert tuple(table_columns("credit_statement")[1 : 1 + layout.STATEMENT]) == layout.STATEMENT_COLUMNS
    text = MIGRATION.read_text()
    assert f"cardinality(dues) = dues_count * {layout.DUE} AND cardinality(plans) = plans_count * {layout.PLAN}" in text


def test_the_view_of_open_bills_reads_the_right_places():
    places = {
        name: int(n)
        for n, name in re.findall(rf"d\.n\*{layout.DUE}\+(\d+)\](?:::int)? AS (\w+)", MIGRATION.read_text())
    }
    assert places == {name: n + 1 for n, name in enumerate(layout.DUE_COLUMNS)}


def test_terms_are_read_under_their_names():
    terms = ProductTerms(interest_ppm_day=7, penalty_ppm_day=8, cure_months=9)
    vector = terms.vector()
    assert (vector[layout.T_INTEREST], vector[layout.T_PENALTY], vector[layout.T_CURE_MONTHS]) == (7, 8, 9)


@pytest.mark.parametrize("dpd", [0, 1, 90, 91, 270, 271, 360, 361])
def test_five_classes_by_the_2023_table(dpd):
    expected = 1 + (dpd >= 1) + (dpd > 90) + (dpd > 270) + (dpd > 360)
    assert measures.class_of_days(dpd, ProductTerms().vector()) == expected
