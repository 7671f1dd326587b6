"""The rate at which dated flows are worth nothing together: found for certain, or refused for a stated reason.

Every method here (internal rate of return, Regulation Z, the EU formula) asks for the root i > −1 of

    sum of amount / ((1 + odd × i) × (1 + i)^at)  =  0

The search brackets the root in g = ln(1 + i) with floats, narrows the bracket to the last bit, and polishes the root
with Newton steps in Decimal (DIGITS digits). Each loop is bounded; nothing depends on a lucky first guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from honghua.base.errors import BadInput

DIGITS = 40
HALVINGS_MAX = 200
NEWTON_STEPS_MAX = 12
FLOWS_MAX = 5_000
GRID_STEPS = 4_000
EXPONENT_MAX = 690.0  # exp() of more leaves the floats


@dataclass(frozen=True, slots=True)
class Flow:
    """One payment: `amount` (any unit, signed) after `at` periods at compound and `odd` of one at simple interest."""

    amount: Fraction
    at: Fraction
    odd: Fraction = Fraction(0)


def solve_rate(flows: Sequence[Flow]) -> Decimal:
    """The one rate per period; BadInput NO_RATE when there is none, MANY_RATES (naming them) when there are several."""
    roots = find_rates(flows)
    if not roots:
        raise BadInput("no rate makes these flows worth zero", code="NO_RATE")
    if len(roots) > 1:
        shown = ", ".join(f"{root:.6f}" for root in roots)
        raise BadInput(f"more than one rate makes these flows worth zero: {shown}", code="MANY_RATES")
    return roots[0]


def find_rates(flows: Sequence[Flow]) -> tuple[Decimal, ...]:
    """All rates i > −1 in rising order; empty when there is none.

    One change of sign in time order means at most one rate (Descartes), which is bracketed for certain. With more
    changes a grid over g is searched, so two roots closer together than a grid step can be missed in pairs.
    """
    kept = tuple(flow for flow in flows if flow.amount)
    if len(kept) > FLOWS_MAX:
        raise BadInput(f"{len(kept)} flows: at most {FLOWS_MAX}", code="TOO_MANY_FLOWS")
    changes = _sign_changes(kept)
    if changes == 0:
        return ()
    value = _worth(kept)
    span = EXPONENT_MAX / max(1.0, *(float(flow.at + 1) for flow in kept))
    grid = [-span, span] if changes == 1 else _grid(span)
    roots: list[Decimal] = []
    worths = [value(g) for g in grid]
    for low, high, low_worth, high_worth in zip(grid, grid[1:], worths, worths[1:]):
        if low_worth == 0 and not roots:
            roots.append(_polish(kept, low))
        elif low_worth * high_worth < 0 or high_worth == 0:
            roots.append(_polish(kept, find_root(value, low, high)))
    return tuple(roots)


def find_root(value: Callable[[float], float], low: float, high: float) -> float:
    """A root of a continuous function between `low` and `high`, at which its signs differ, to the last bit.

    Regula falsi with the Illinois weights, and a halving whenever it did not halve the bracket itself: at most
    HALVINGS_MAX steps, each of which costs one evaluation.
    """
    low_value, high_value = value(low), value(high)
    if low_value == 0 or high_value == 0:
        return low if low_value == 0 else high
    if (low_value < 0) == (high_value < 0):
        raise BadInput("the bracket holds no change of sign", code="NO_RATE")
    guess, halve = low, True
    for _ in range(HALVINGS_MAX):
        middle = low + (high - low) / 2
        secant = high - high_value * (high - low) / (high_value - low_value)
        guess = secant if not halve and low < secant < high else middle
        if guess in (low, high):
            break
        width = high - low
        worth = value(guess)
        if worth == 0:
            break
        if (worth < 0) == (low_value < 0):
            low, low_value = guess, worth
            high_value /= 1 if halve else 2
        else:
            high, high_value = guess, worth
            low_value /= 1 if halve else 2
        halve = high - low > width / 2
    return guess


def _sign_changes(flows: Sequence[Flow]) -> int:
    """Changes of sign of the amounts in time order, those of one instant taken together."""
    netted: dict[Fraction, Fraction] = {}
    for flow in flows:
        time = flow.at + flow.odd
        netted[time] = netted.get(time, Fraction(0)) + flow.amount
    signs = [netted[time] > 0 for time in sorted(netted) if netted[time]]
    return sum(a != b for a, b in pairwise(signs))


def _worth(flows: Sequence[Flow]) -> Callable[[float], float]:
    """The present value as a function of g = ln(1 + i), scaled so that it neither overflows nor vanishes."""
    terms = [(float(flow.amount), float(flow.at), float(flow.odd)) for flow in flows]

    def value(g: float) -> float:
        rate = math.expm1(g)
        powers = [-g * at - math.log1p(max(odd * rate, -1 + 1e-300)) for _, at, odd in terms]
        top = max(powers)
        return math.fsum(amount * math.exp(power - top) for (amount, _, _), power in zip(terms, powers))

    return value


def _grid(span: float) -> list[float]:
    """Points from −span to span, dense around zero, where rates of people live."""
    half = GRID_STEPS // 2
    return [math.copysign(span * (abs(k) / half) ** 3, k) for k in range(-half, half + 1)]


def _polish(flows: Sequence[Flow], g: float) -> Decimal:
    """Newton steps in Decimal from a root that floats found; stops when the last digits no longer move."""
    with localcontext(prec=DIGITS):
        terms = [(_decimal(flow.amount), _decimal(flow.at), _decimal(flow.odd)) for flow in flows]
        rate = Decimal(math.expm1(g))
        for _ in range(NEWTON_STEPS_MAX):
            worth = slope = Decimal(0)
            base = 1 + rate
            for amount, at, odd in terms:
                simple = 1 + odd * rate
                part = amount / (simple * base**at)
                worth += part
                slope -= part * (at / base + odd / simple)
            if slope == 0:
                break
            step = worth / slope
            if rate - step <= -1:
                break
            rate -= step
            if abs(step) <= abs(rate) * Decimal(10) ** (5 - DIGITS) or abs(step) < Decimal(10) ** (5 - DIGITS):
                break
        return rate


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
