"""A small business: its licence number (GB 32100-2015), what its owner says of it, what the register says, and what follows. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
SHAPE: Final = re.compile(f"[{SIGNS}]{{18}}", re.ASCII)
MODULUS: Final = 31
WEIGHTS: Final = tuple(pow(3, i, MODULUS) for i in range(17))
PPM: Final = 1_000_000


class Sector(StrEnum):
    """What a business lives on. Stored."""

    RETAIL = "retail"
    CATERING = "catering"
    SERVICES = "services"
    CRAFT = "craft"
    FARMING = "farming"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRules:
    """margin_ppm: of a month's takings, what is left to its owner, by sector: own guesses (U), to be set on own or tax figures.

    names_alike: whether the register's owner must be the customer by name (a licence is lent to whom it belongs to).
    """

    margin_ppm: Mapping[Sector, int] = field(
        default_factory=lambda: {
            Sector.RETAIL: 120_000, Sector.CATERING: 150_000, Sector.SERVICES: 300_000, Sector.CRAFT: 150_000,
            Sector.FARMING: 150_000, Sector.TRANSPORT: 150_000,
        }
    )  # fmt: skip
    names_alike: bool = True

    def income_minor(self, sector: Sector, takings_minor: int) -> int:
        """What a month's takings leave, rounded down; minor units."""
        return takings_minor * self.margin_ppm[sector] // PPM


BUSINESS_RULES: Final = BusinessRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """What its owner says. takings_minor: a month's, minor units; shops: merchants of ours that belong to it, by reference."""

    name: str
    licence: str
    sector: Sector
    takings_minor: int
    shops: tuple[str, ...] = ()


class BusinessStanding(StrEnum):
    """What the register says of a licence; silence: it did not answer in time. Stored."""

    ACTIVE = "active"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAnswer:
    """One answer about one licence. owner: the name that stands there; since_on: from when. is_fake: whoever answers is no register."""

    standing: BusinessStanding
    register: str
    is_fake: bool
    owner: str = field(default="", repr=False)
    since_on: dt.date | None = None


class BusinessVerdict(StrEnum):
    """What follows. Stored."""

    CHECKED = "checked"
    REFUSED = "refused"
    REVIEW = "review"


def find_licence_check(front: str) -> str:
    """The last sign of a unified social credit code from its first 17."""
    total = sum(SIGNS.index(sign) * weight for sign, weight in zip(front, WEIGHTS, strict=True))
    return SIGNS[-total % MODULUS]


def read_licence(text: str) -> str | None:
    """A unified social credit code as it is kept, from how it was typed (spaces and small letters are forgiven); None where it is none."""
    number = text.replace(" ", "").strip().upper()
    return number if SHAPE.fullmatch(number) and number[17] == find_licence_check(number[:17]) else None


def judge_business(
    answer: RegisterAnswer, *, owner: str | None, rules: BusinessRules = BUSINESS_RULES
) -> tuple[BusinessVerdict, tuple[str, ...]]:
    """The verdict on a register's answer, and its reasons. owner: the customer's proven name, None where none is known.

    Nobody there, or closed, or another's, refuses; silence and an owner who cannot be compared wait for a person.
    """
    if answer.standing is BusinessStanding.SILENCE:
        return BusinessVerdict.REVIEW, ("BUSINESS_UNCHECKED",)
    if answer.standing is not BusinessStanding.ACTIVE:
        return BusinessVerdict.REFUSED, (
            "BUSINESS_CLOSED" if answer.standing is BusinessStanding.CLOSED else "BUSINESS_UNKNOWN",
        )
    if rules.names_alike and (owner is None or not answer.owner):
        return BusinessVerdict.REVIEW, ("BUSINESS_UNCHECKED",)
    if rules.names_alike and owner != answer.owner:
        return BusinessVerdict.REFUSED, ("BUSINESS_OTHERS",)
    return BusinessVerdict.CHECKED, ()


__all__ = [
    "BUSINESS_RULES",
    "Business",
    "BusinessRules",
    "BusinessStanding",
    "BusinessVerdict",
    "RegisterAnswer",
    "Sector",
    "find_licence_check",
    "judge_business",
    "read_licence",
]  # fmt: skip
