"""What became of a want: the words in which an offline house or the real platform answers, and life and gangs hear it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Heard(IntEnum):
    """How a want ended, as the one who wanted it can see."""

    NOT_TRIED = 0  # own money was meant, the day ended first, or what it is about never happened
    APPROVED = 1
    APPROVED_LESS = 2  # a part of it, with the person's consent
    PASSED_STEP_UP = 3  # asked for a proof, gave it, got it
    REFUSED_LIMIT = 4  # more than is available: the account's rules said no
    REFUSED_RISK = 5  # risk said no, or the proof was not given
    DELAYED = 6  # with a reviewer or in a cooling-off time


GRANTED: Final = (Heard.APPROVED, Heard.APPROVED_LESS, Heard.PASSED_STEP_UP)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Answers for the rows of a draft, in its order. code int8[n] of Heard; granted_minor int64[n]: money that moved, 0 when refused."""

    code: NDArray[np.int8]
    granted_minor: Ints

    def __post_init__(self) -> None:
        assert self.code.shape == self.granted_minor.shape
        assert self.code.dtype == np.int8
        assert self.granted_minor.dtype == np.int64

    def __len__(self) -> int:
        return len(self.code)

    @property
    def granted(self) -> NDArray[np.bool_]:
        """Which got something. Asked once for every act of a gang: a comparison, not a search."""
        return np.asarray((self.code >= Heard.APPROVED) & (self.code <= Heard.PASSED_STEP_UP))

    def take(self, rows: NDArray[np.bool_] | Ints) -> Outcomes:
        """The answers of some rows."""
        return Outcomes(self.code[rows], self.granted_minor[rows])


def unheard(n: int) -> Outcomes:
    """n wants that nobody has answered."""
    return Outcomes(np.zeros(n, np.int8), np.zeros(n, np.int64))


def join_outcomes(parts: Sequence[Outcomes]) -> Outcomes:
    """One after the other, as `draft.join` puts their rows."""
    if not parts:
        return unheard(0)
    return Outcomes(np.concatenate([one.code for one in parts]), np.concatenate([one.granted_minor for one in parts]))


__all__ = ["GRANTED", "Heard", "Outcomes", "join_outcomes", "unheard"]
