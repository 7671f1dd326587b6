"""Why interest, penalty and fees are forgiven (减免): grounds of relief (R-153)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Ground(IntEnum):
    """Why charges are forgiven. Stored: never change a number."""

    ILLNESS = 1
    UNEMPLOYMENT = 2
    DISASTER = 3
    DEATH_IN_FAMILY = 4
    OUR_ERROR = 5
    POLICY = 6
    OTHER = 9


GROUNDS: Final = frozenset(int(ground) for ground in Ground)

__all__ = ["GROUNDS", "Ground"]
