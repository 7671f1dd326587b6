"""An applicant as plain values, each of which may be unknown; and the vector that policies judge: values, what follows, scores."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.decision.core import Input, Kind, Vocabulary

Floats = NDArray[np.float64]
WHO: Final = ("customer", "asked_minor")  # of an applicant, what is no value of the vector's own
_MONEY: Final = frozenset({"income_minor", "debt_service_minor", "debt_minor", "spend_minor", "own_lines_minor"})
_CHANCES: Final = frozenset({"identity", "fraud", "returns_share"})
_FLAGS: Final = frozenset({"is_student", "is_barred", "has_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who applies and what is known; None = not known, which is never the same as 0. Amounts minor units, a month where it says so.

    Thick (bureau, bank flow): has_file 1/0, income_minor evidenced a month, debt_service_minor a month elsewhere, debt_minor, lenders,
    inquiries_6m, worst_24m (0 normal … 7). Thin (own and partners' data): months_known, orders_12m, spend_minor a month, returns_share,
    address_months, device_months. Own: own_lines_minor = what the other line
    with us takes of the cap of one person, dpd_max_24m with us.
    identity, fraud: 0 … 1; is_barred: on a list of those over-indebted.
    """

    customer: str
    asked_minor: int = 0
    age_years: float
    is_student: float | None = None
    is_barred: float | None = None
    identity: float | None = None
    fraud: float | None = None
    has_file: float | None = None
    income_minor: float | None = None
    debt_service_minor: float | None = None
    debt_minor: float | None = None
    lenders: float | None = None
    inquiries_6m: float | None = None
    worst_24m: float | None = None
    months_known: float | None = None
    orders_12m: float | None = None
    spend_minor: float | None = None
    returns_share: float | None = None
    address_months: float | None = None
    device_months: float | None = None
    own_lines_minor: float | None = None
    dpd_max_24m: float | None = None

    def __post_init__(self) -> None:
        if not self.customer:
            raise BadInput("an applicant has a reference", code="APPLICANT_INVALID")
        for name in VALUES:
            value = getattr(self, name)
            top = 1.0 if name in _CHANCES | _FLAGS else 9e15
            if value is not None and not 0 <= value <= top:
                raise BadInput(f"{name} is {value}: 0 … {top:g}", code="APPLICANT_INVALID")

    def values(self) -> Floats:
        """float64[VALUES], NaN = not known."""
        found = [getattr(self, name) for name in VALUES]
        return np.array([np.nan if value is None else float(value) for value in found])


VALUES: Final = tuple(one.name for one in fields(Applicant) if one.name not in WHO)
DERIVED: Final = ("affordable_minor", "person_room_minor", "start_minor", "income_limit_minor", "is_thick")
SCORES: Final = ("willing", "able")
INPUTS: Final = ("amount_minor", *VALUES, *DERIVED, *SCORES)  # of the vector, in its order


def application_vocabulary() -> Vocabulary:
    """The words of approval policies. amount_minor is what is asked for, 1 where nothing was named."""

    def one(name: str) -> Input:
        if name in _FLAGS or name in _CHANCES or name in SCORES:
            return Input(name, Kind.NUMBER, low=0, high=1)
        return Input(name, Kind.MONEY if name in _MONEY else Kind.NUMBER, low=0)

    derived = [Input(name, Kind.MONEY, may_be_missing=name == "affordable_minor", low=0) for name in DERIVED[:-1]]
    return Vocabulary((
        Input("amount_minor", Kind.MONEY, may_be_missing=False, low=1),
        *(one(name) if name != "age_years" else Input(name, may_be_missing=False, low=0, high=150) for name in VALUES),
        *derived,
        Input("is_thick", Kind.NUMBER, may_be_missing=False, low=0, high=1),
        *(Input(name, Kind.NUMBER, may_be_missing=False, low=0, high=1) for name in SCORES),
    ))  # fmt: skip


__all__ = ["DERIVED", "INPUTS", "SCORES", "VALUES", "Applicant", "application_vocabulary"]
