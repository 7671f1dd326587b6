from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.finance import annuity, tvm

RATES = st.integers(-50, 300).map(lambda k: Decimal(k) / 1000)
AMOUNTS = st.integers(-(10**7), 10**7).map(Decimal)
TERMS = st.integers(1, 80).map(Decimal)


def close(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= Decimal("1e-20") * (1 + abs(b))


@given(RATES, TERMS, AMOUNTS, AMOUNTS, st.booleans())
@example(Decimal(0), Decimal(12), Decimal(1000), Decimal(0), True)
def test_the_functions_agree_with_a_walk_over_periods(
    rate: Decimal, nper: Decimal, pv: Decimal, fv: Decimal, begin: bool
) -> None:
    with localcontext(prec=60):
        level = tvm.pmt(rate, nper, pv, future=fv, begin=begin)
        balance = pv
        for per in range(1, int(nper) + 1):
            # The payment at the start of period k carries the interest of period k − 1.
            interest = Decimal(0) if begin and per == 1 else balance * rate
            balance += interest + level
            assert close(tvm.ipmt(rate, Decimal(per), nper, pv, future=fv, begin=begin), -interest)
            assert close(tvm.ppmt(rate, Decimal(per), nper, pv, future=fv, begin=begin), level + interest)
        end = balance * (1 + rate) if begin else balance
        scale = (1 + abs(pv) + abs(fv)) * (1 + abs(rate)) ** nper
        assert abs(end + fv) <= scale * Decimal("1e-20")
        assert abs(tvm.fv(rate, nper, level, pv, begin=begin) - fv) <= scale * Decimal("1e-20")
        assert (
            abs(tvm.pv(rate, nper, level, future=fv, begin=begin) - pv) <= scale * Decimal("1e-20") / (1 + rate) ** nper
        )


@pytest.mark.parametrize(
    ("ours", "published"),
    [  # numpy-financial, tests/test_financial.py
        (tvm.pmt(Decimal("0.08") / 12, Decimal(60), Decimal(15000)), "-304.145914326205"),
        (tvm.pmt(Decimal("0.08") / 12, Decimal(60), Decimal(15000), begin=True), "-302.131702973707"),
        (tvm.fv(Decimal("0.075"), Decimal(20), Decimal(-2000), Decimal(0)), "86609.362673043"),
        (tvm.nper(Decimal("0.075"), Decimal(-2000), Decimal(0), future=Decimal(100000)), "21.544944197323"),
        (tvm.nper(Decimal(0), Decimal(-100), Decimal(1000)), "10"),
        (tvm.rate(Decimal(10), Decimal(0), Decimal(-3500), Decimal(10000)), "0.110690853711"),
        (tvm.irr([Decimal(v) for v in (-150000, 15000, 25000, 35000, 45000, 60000)]), "0.052432888859"),
        (tvm.irr([Decimal(v) for v in (-100, 0, 0, 74)]), "-0.095495830350"),
        (tvm.npv(Decimal("0.05"), [Decimal(v) for v in (-15000, 1500, 2500, 3500, 4500, 6000)]), "122.894854950943"),
        (tvm.mirr([Decimal(v) for v in (-4500, -800, 800, 800, 600, 600, 800, 800, 700, 3000)],
                  Decimal("0.08"), Decimal("0.055")), "0.066597175032"),
    ],
)  # fmt: skip
def test_published_values(ours: Decimal, published: str) -> None:
    assert abs(ours - Decimal(published)) < Decimal("1e-9")


def test_irr_of_many_roots_is_the_least_that_is_not_negative() -> None:
    values = [Decimal(v) for v in ("-5", "10.5", "1", "-8", "1")]
    assert abs(tvm.irr(values) - Decimal("0.0886")) < Decimal("0.01")


def test_what_has_no_answer_is_nan_or_infinite() -> None:
    assert tvm.rate(Decimal(12), Decimal(400), Decimal(10000), Decimal(5000)).is_nan()
    assert tvm.irr([Decimal(1), Decimal(2)]).is_nan()
    assert tvm.mirr([Decimal(1), Decimal(2)], Decimal(0), Decimal(0)).is_nan()
    assert tvm.ipmt(Decimal(0), Decimal(0), Decimal(3), Decimal(1)).is_nan()
    assert tvm.nper(Decimal("0.01"), Decimal(-10), Decimal(1000)).is_infinite()
    assert tvm.nper(Decimal("0.01"), Decimal(-5), Decimal(1000)).is_nan()
    for wrong in (Decimal("1.5"), Decimal(0), Decimal(10**6)):
        with pytest.raises(BadInput):
            tvm.rate(wrong, Decimal(1), Decimal(1), Decimal(1))


@given(st.integers(1, 10**9), st.integers(0, 400), st.integers(1, 60))
def test_the_exact_annuity_repays_itself(principal: int, rate_thousandths: int, n: int) -> None:
    rate = Fraction(rate_thousandths, 12_000)
    level = annuity.level_instalment(Fraction(principal), rate, n)
    rows = annuity.annuity_rows(Fraction(principal), rate, level, n=n)
    assert len(rows) == n
    assert rows[-1].balance == 0
    assert all(row.payment == level for row in rows)
    assert annuity.level_instalment(Fraction(principal), rate, n, in_advance=True) * (1 + rate) == level


def test_an_instalment_that_never_repays_is_refused() -> None:
    with pytest.raises(BadInput, match="never repays"):
        annuity.annuity_rows(Fraction(1000), Fraction(1, 100), Fraction(10))
    assert len(annuity.annuity_rows(Fraction(1000), Fraction(0), Fraction(300))) == 4
