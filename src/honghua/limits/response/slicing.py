"""The permanent random slice: who is in it for good, and by which factor each one's limit is multiplied in a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.decision.core import compute_shares, make_salt

PPM: Final = 1_000_000
OUTSIDE: Final = -1
ARMS_MAX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which customers, and the factors that their limits are multiplied by, each as likely as the others. ppm; factors rise and hold 1.

    name: another name, another slice. A factor acts on the limit that the policy in force would give; caps of law bind afterwards.
    The share and the factors are grade U: large enough to prove an effect of a fifth on one's own book, small enough to be borne.
    """

    name: str
    share_ppm: int = 50_000
    factors_ppm: tuple[int, ...] = (600_000, 800_000, 1_000_000, 1_250_000, 1_600_000, 2_000_000)

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.factors_ppm, self.factors_ppm[1:], strict=False))
        if not self.name or not 0 < self.share_ppm <= PPM or not rising or PPM not in self.factors_ppm:
            raise BadInput(
                "a slice has a name, a share above 0 and at most 1, and rising factors of which one is 1",
                code="SLICE_INVALID",
            )
        if self.factors_ppm[0] <= 0 or not 3 <= len(self.factors_ppm) <= ARMS_MAX:
            raise BadInput(f"a slice has 3 … {ARMS_MAX} factors above 0", code="SLICE_INVALID")

    @property
    def factors(self) -> NDArray[np.float64]:
        """float64[arms], rising."""
        return np.array(self.factors_ppm, np.float64) / PPM


def is_in_slice(slice_: Slice, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[n]: who is in it, the same customers for ever."""
    return np.asarray(compute_shares(make_salt("limit slice", slice_.name), keys) < slice_.share_ppm, np.bool_)


def draw_arms(slice_: Slice, keys: NDArray[np.int64], *, period: int) -> NDArray[np.int8]:
    """int8[n]: the place of each customer's factor in a period, OUTSIDE for those who are not in the slice. Known again from the key."""
    lot = compute_shares(make_salt("limit slice arm", slice_.name, str(period)), keys)
    arm = lot * len(slice_.factors_ppm) // PPM
    return np.where(is_in_slice(slice_, keys), arm, OUTSIDE).astype(np.int8)


def move_limits(slice_: Slice, limit_minor: NDArray[np.int64], arms: NDArray[np.int8]) -> NDArray[np.int64]:
    """int64[n]: the limits under their factors, rounded down to a minor unit; others stay."""
    factors = np.array(slice_.factors_ppm, np.int64)
    return np.where(arms >= 0, limit_minor * factors[np.maximum(arms, 0)] // PPM, limit_minor)


__all__ = ["OUTSIDE", "Slice", "draw_arms", "is_in_slice", "move_limits"]
