"""Level instalments at one rate per period, in exact Fractions: the textbook loan, and its house roundings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from honghua.base.errors import BadInput

PERIODS_MAX = 1_200


@dataclass(frozen=True, slots=True)
class AnnuityRow:
    """One instalment: payment = principal + interest; `balance` is what is still owed after it. Exact."""

    number: int
    payment: Fraction
    principal: Fraction
    interest: Fraction
    balance: Fraction


def level_instalment(principal: Fraction, rate: Fraction, n: int, *, in_advance: bool = False) -> Fraction:
    """principal × rate / (1 − (1 + rate)^−n), exact; principal / n at rate zero.

    in_advance  the first instalment is paid at once.
    """
    check_periods(n)
    if rate <= -1:
        raise BadInput("a rate of −100 % or less leaves nothing", code="BAD_RATE")
    if rate == 0:
        return principal / n
    growth = (1 + rate) ** n
    arrear = principal * rate * growth / (growth - 1)
    return arrear / (1 + rate) if in_advance else arrear


def annuity_rows(
    principal: Fraction, rate: Fraction, instalment: Fraction, *, n: int | None = None
) -> list[AnnuityRow]:
    """Rows until the balance is zero: interest on the balance, the rest principal; the last row takes what is left.

    n  number of instalments, the last of which repays everything; None: as many as the instalment needs.
    Interest is not rounded between rows. BadInput when the instalment does not even bear the interest.
    """
    if n is not None:
        check_periods(n)
    elif instalment <= principal * rate:
        raise BadInput("the instalment never repays the principal", code="BAD_AMOUNT")
    rows: list[AnnuityRow] = []
    balance = principal
    while balance > 0 and len(rows) < (n or PERIODS_MAX):
        interest = balance * rate
        last = len(rows) + 1 == n
        repaid = balance if last else min(instalment - interest, balance)
        balance -= repaid
        rows.append(AnnuityRow(len(rows) + 1, repaid + interest, repaid, interest, balance))
    return rows


def check_periods(n: int) -> None:
    """BadInput unless 1 ≤ n ≤ PERIODS_MAX."""
    if not 1 <= n <= PERIODS_MAX:
        raise BadInput(f"{n} instalments: 1 to {PERIODS_MAX} are possible", code="BAD_PARTS")
