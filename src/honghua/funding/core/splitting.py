"""Every amount of a joint loan shared among its lenders to the cent, by largest remainder.

What lowers principal is shared by what each lender still has out, so that nobody's part falls below zero and all of them reach zero with
the loan; what is earned is shared by the agreed shares; what comes back of it, by what each had got.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from honghua.base.errors import BadInput
from honghua.base.money import split
from honghua.base.rates import PPM


class MovementKind(StrEnum):
    """What happened to a joint loan. Stored: never change a word."""

    PRINCIPAL = "principal"  # repaid
    REFUND = "refund"  # of the purchase: lowers principal
    WRITE_OFF = "write_off"
    INTEREST = "interest"
    FEE = "fee"
    PENALTY = "penalty"
    INTEREST_BACK = "interest_back"  # interest or fee that is given back
    RECOVERY = "recovery"  # on what was written off
    PRINCIPAL_BACK = "principal_back"  # owed again: a repayment or a refund was reversed


LOWERS: Final = frozenset({MovementKind.PRINCIPAL, MovementKind.REFUND, MovementKind.WRITE_OFF})
EARNS: Final = frozenset({MovementKind.INTEREST, MovementKind.FEE, MovementKind.PENALTY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One lender's part of one loan; minor units. share_ppm: agreed; earned: interest, fees and penalties got and not given back."""

    lender: str
    share_ppm: int
    outstanding_minor: int
    earned_minor: int = 0
    written_off_minor: int = 0


def share_loan(principal_minor: int, shares: Sequence[tuple[str, int]]) -> tuple[Position, ...]:
    """A new loan among lenders: (lender, share in ppm), Σ = 1,000,000. BadInput when the shares are not whole or a lender stands twice."""
    if principal_minor <= 0:
        raise BadInput("a loan has a principal above zero", code="PRINCIPAL_INVALID")
    check_whole(shares)
    parts = split(principal_minor, [ppm for _, ppm in shares])
    return tuple(
        Position(lender=lender, share_ppm=ppm, outstanding_minor=part)
        for (lender, ppm), part in zip(shares, parts, strict=True)
    )


def check_whole(shares: Sequence[tuple[str, int]]) -> None:
    """BadInput unless the shares are at least zero, of different parties, and add up to the whole."""
    names = [name for name, _ in shares]
    if any(ppm < 0 for _, ppm in shares) or sum(ppm for _, ppm in shares) != PPM or len(set(names)) != len(names):
        raise BadInput("shares are of different parties, none below zero, and add up to 100 %", code="SHARES_INVALID")


def share_movement(
    positions: Sequence[Position], kind: MovementKind, amount_minor: int
) -> tuple[tuple[int, ...], tuple[Position, ...]]:
    """(parts, positions after) of one event; parts are parallel to the positions and sum to the amount exactly.

    amount_minor ≥ 0. BadInput (AMOUNT_INVALID) when more principal is lowered than is out, or more given back than was got.
    """
    weights = [_weight(one, kind) for one in positions]
    bound = _bound(positions, kind)
    if amount_minor < 0 or (bound is not None and amount_minor > bound):
        raise BadInput(f"{kind.value} of {amount_minor}: at most {bound} are there", code="AMOUNT_INVALID")
    if amount_minor == 0 or not any(weights):
        parts = [0] * len(positions)
        if amount_minor:
            raise BadInput(f"nobody has a share of this {kind.value}", code="AMOUNT_INVALID")
    else:
        parts = split(amount_minor, weights)
    return tuple(parts), tuple(_moved(one, kind, part) for one, part in zip(positions, parts, strict=True))


def _weight(one: Position, kind: MovementKind) -> int:
    if kind in LOWERS:
        return one.outstanding_minor
    if kind is MovementKind.INTEREST_BACK:
        return one.earned_minor
    if kind is MovementKind.RECOVERY:
        return one.written_off_minor
    return one.share_ppm


def _bound(positions: Sequence[Position], kind: MovementKind) -> int | None:
    if kind in EARNS or kind is MovementKind.PRINCIPAL_BACK:  # as much again as the agreement has it
        return None
    return sum(_weight(one, kind) for one in positions)


def _moved(one: Position, kind: MovementKind, part: int) -> Position:
    if kind in LOWERS:
        written = part if kind is MovementKind.WRITE_OFF else 0
        return replace(
            one, outstanding_minor=one.outstanding_minor - part, written_off_minor=one.written_off_minor + written
        )
    if kind is MovementKind.PRINCIPAL_BACK:
        return replace(one, outstanding_minor=one.outstanding_minor + part)
    if kind is MovementKind.RECOVERY:
        return replace(one, written_off_minor=one.written_off_minor - part)
    sign = -1 if kind is MovementKind.INTEREST_BACK else 1
    return replace(one, earned_minor=one.earned_minor + sign * part)
