"""Time value of money, in Decimal with DIGITS digits: the spreadsheet functions, with their names and signs.

Money received is positive and money paid negative, so a loan has pv > 0 and pmt < 0. `rate` is per period; `begin` says
that payments fall at the beginning of each period instead of its end. With `future` (fv) they solve

    future + pv × (1 + rate)^nper + pmt × (1 + rate × begin) × ((1 + rate)^nper − 1) / rate  =  0
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from honghua.base.errors import BadInput
from honghua.credit.core.finance.irr import Flow, find_rates

DIGITS = 50
GUARD_DIGITS = 10
RATE_GUESS = Decimal("0.1")
NPER_MAX = 5_000  # for `rate`, which lays out one flow per period
ZERO = Decimal(0)
NAN = Decimal("NaN")


def pmt(rate: Decimal, nper: Decimal, pv: Decimal, *, future: Decimal = ZERO, begin: bool = False) -> Decimal:
    """The level payment that turns pv into −future over nper periods."""
    with localcontext(prec=DIGITS):
        growth, annuity = _factors(rate, nper, begin=begin)
        if annuity == 0:
            raise BadInput("no payments fall in no time", code="BAD_TERM")
        return -(future + pv * growth) / annuity


def fv(rate: Decimal, nper: Decimal, pmt: Decimal, pv: Decimal, *, begin: bool = False) -> Decimal:
    """What pv and nper payments have grown to, with the sign turned."""
    with localcontext(prec=DIGITS):
        growth, annuity = _factors(rate, nper, begin=begin)
        return -(pv * growth + pmt * annuity)


def pv(rate: Decimal, nper: Decimal, pmt: Decimal, *, future: Decimal = ZERO, begin: bool = False) -> Decimal:
    """What `future` and nper payments are worth today, with the sign turned."""
    with localcontext(prec=DIGITS):
        growth, annuity = _factors(rate, nper, begin=begin)
        return -(future + pmt * annuity) / growth


def ipmt(
    rate: Decimal, per: Decimal, nper: Decimal, pv: Decimal, *, future: Decimal = ZERO, begin: bool = False
) -> Decimal:
    """The interest in payment number `per` (1 …); a first payment at the very beginning holds none; NaN below 1."""
    if per < 1:
        return NAN
    with localcontext(prec=DIGITS):
        if begin and per == 1:
            return ZERO
        total = pmt(rate, nper, pv, future=future, begin=begin)
        interest = fv(rate, per - 1, total, pv, begin=begin) * rate
        return interest / (1 + rate) if begin else interest


def ppmt(
    rate: Decimal, per: Decimal, nper: Decimal, pv: Decimal, *, future: Decimal = ZERO, begin: bool = False
) -> Decimal:
    """The principal in payment number `per`: what the payment holds besides interest."""
    with localcontext(prec=DIGITS):
        return pmt(rate, nper, pv, future=future, begin=begin) - ipmt(rate, per, nper, pv, future=future, begin=begin)


def nper(rate: Decimal, pmt: Decimal, pv: Decimal, *, future: Decimal = ZERO, begin: bool = False) -> Decimal:
    """The number of periods, whole or not; Infinity when the payments only just bear the interest; NaN when never."""
    with localcontext(prec=DIGITS):
        if rate == 0:
            return -(future + pv) / pmt if pmt else Decimal("Infinity")
        level = pmt * (1 + rate * begin) / rate
        if level + pv == 0:
            return Decimal("Infinity")
        growth = (level - future) / (level + pv)
        if rate <= -1 or growth < 0:
            return NAN
        return growth.ln() / (1 + rate).ln() if growth else Decimal("Infinity")


def rate(nper: Decimal, pmt: Decimal, pv: Decimal, fv: Decimal, *, begin: bool = False) -> Decimal:
    """The rate per period; of several the one nearest to 10 %, of none NaN. nper is a whole number ≤ NPER_MAX."""
    count = int(nper)
    if count != nper or not 1 <= count <= NPER_MAX:
        raise BadInput(f"rate needs a whole number of periods from 1 to {NPER_MAX}, not {nper}", code="BAD_TERM")
    flows = [Flow(Fraction(pv), Fraction(0)), Flow(Fraction(fv), Fraction(count))]
    flows += [Flow(Fraction(pmt), Fraction(k if begin else k + 1)) for k in range(count)]
    return min(find_rates(flows), key=lambda root: abs(root - RATE_GUESS), default=NAN)


def npv(rate: Decimal, values: Sequence[Decimal]) -> Decimal:
    """Worth of values[k] received after k periods: the first one counts in full."""
    with localcontext(prec=DIGITS):
        return sum((value / (1 + rate) ** k for k, value in enumerate(values)), ZERO)


def irr(values: Sequence[Decimal]) -> Decimal:
    """Internal rate of return of values[k] after k periods; NaN when there is none.

    Of several, the smallest that is not negative, else the one nearest to zero: what numpy-financial chooses.
    """
    roots = find_rates([Flow(Fraction(value), Fraction(k)) for k, value in enumerate(values)])
    gains = [root for root in roots if root >= 0]
    return min(gains or roots, key=abs, default=NAN)


def mirr(values: Sequence[Decimal], finance_rate: Decimal, reinvest_rate: Decimal) -> Decimal:
    """Modified internal rate of return: losses financed at one rate, gains reinvested at another; NaN without both."""
    gains = [max(value, ZERO) for value in values]
    losses = [min(value, ZERO) for value in values]
    if not any(gains) or not any(losses) or len(values) < 2:
        return NAN
    with localcontext(prec=DIGITS):
        ratio = -npv(reinvest_rate, gains) / npv(finance_rate, losses)
        return ratio ** (Decimal(1) / (len(values) - 1)) * (1 + reinvest_rate) - 1


def _factors(rate: Decimal, nper: Decimal, *, begin: bool) -> tuple[Decimal, Decimal]:
    """(1 + rate)^nper, and what one unit per period has grown to by the end; `nper` itself at rate zero."""
    if rate <= -1:
        raise BadInput(f"a rate of {rate} leaves nothing", code="BAD_RATE")
    if rate == 0:
        return Decimal(1), nper
    with localcontext(prec=DIGITS + GUARD_DIGITS):
        growth = (1 + rate) ** nper
        return growth, (1 + rate * begin) * (growth - 1) / rate
