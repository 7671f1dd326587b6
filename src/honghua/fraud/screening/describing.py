"""A session as it stands when somebody applies, and its values among the sessions of the last days (R-061).

The values are those of `fraud.applications`, by the same code: what is scored here is what was fitted there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.fraud.applications.describing import FAMILIES, describe_applications
from honghua.fraud.applications.sessions import CONTRACT, SessionColumns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PAGES: Final = 8  # landing, agreements, identity, form, costs, help, contract, signature
TYPED: Final = 6  # dwell and flight of keys in ms, their spreads, corrections, pasted fields
STEPS_MAX: Final = 12
BEHAVIOUR: Final = ("twins", "typing", "path")  # families that a session without a script does not tell
STRANGE: Final = 30.0  # logarithm of a time in ms that nobody's hand takes
APART: Final = 0.5  # wider than two hands that count as alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a door saw until somebody applied. Keys 0 … 2**62, 0 = not told; typing: `TYPED` numbers, page_s: seconds on each of `PAGES`,
    path: pages in order; all three None where the browser told nothing. asked_minor: minor units."""

    at_s: int
    device: int = 0
    network: int = 0
    address: int = 0
    typing: tuple[float, ...] | None = None
    path: tuple[int, ...] | None = None
    page_s: tuple[float, ...] | None = None
    asked_minor: int = 0

    def __post_init__(self) -> None:
        told = (self.typing, self.path, self.page_s)
        if any(one is None for one in told) and any(one is not None for one in told):
            raise BadInput("a session tells its whole behaviour or none", code="SESSION_HALF_TOLD")
        if self.typing is None or self.path is None or self.page_s is None:
            return
        numbers = (*self.typing, *self.page_s)
        if len(self.typing) != TYPED or len(self.page_s) != PAGES or not np.isfinite(numbers).all() or min(numbers) < 0:
            raise BadInput("typing and seconds are finite numbers from 0 on", code="SESSION_UNREADABLE")
        if min(self.typing[:4]) <= 0 or sum(self.page_s) <= 0:
            raise BadInput("keys and pages take time", code="SESSION_UNREADABLE")
        if not 0 < len(self.path) <= STEPS_MAX or not set(self.path) <= set(range(PAGES)):
            raise BadInput(f"a path has 1 … {STEPS_MAX} of {PAGES} pages", code="SESSION_UNREADABLE")

    @property
    def tells_behaviour(self) -> bool:
        """Whether the browser told how it was typed and walked."""
        return self.typing is not None


class SessionArrays(NamedTuple):
    """`fraud.applications.SessionColumns` as arrays."""

    at_s: Ints
    device: Ints
    network: Ints
    address: Ints
    typing: Floats
    path: NDArray[np.int8]
    page_s: Floats
    asked_minor: Ints


def cut_at_application(sessions: SessionColumns) -> SessionArrays:
    """Sessions without what follows the application: contract and signature, which nobody has seen when it is decided."""
    after = np.cumsum(sessions.path >= CONTRACT, axis=1) > 0
    path = np.where(after, np.int8(-1), sessions.path).astype(np.int8)
    page_s = sessions.page_s.copy()
    page_s[:, CONTRACT:] = 0.0
    columns = (sessions.at_s, sessions.device, sessions.network, sessions.address, sessions.typing)
    return SessionArrays(*columns, path, page_s, sessions.asked_minor)


def describe_newest(sessions: Sequence[Session]) -> Floats:
    """Values float64[all families] of the last of some sessions in order of time, as known when it came; NaN = not told.

    Cost: some 40 µs of CPU a session.
    """
    last = sessions[-1]
    values: Floats = describe_applications(_to_arrays(sessions), newest=1)[-1]
    if not last.tells_behaviour:
        start = 0
        for name, width in FAMILIES.items():
            if name in BEHAVIOUR:
                values[start : start + width] = np.nan
            start += width
    return values


def name_values() -> tuple[str, ...]:
    """A name for each value, "family number", in order."""
    return tuple(f"{family} {k + 1}" for family, width in FAMILIES.items() for k in range(width))


def _to_arrays(sessions: Sequence[Session]) -> SessionArrays:
    """Who told no behaviour gets a hand that nobody else has, so that it has no twins, and one page."""
    n = len(sessions)
    typing, path, page_s = np.empty((n, TYPED)), np.full((n, STEPS_MAX), -1, np.int8), np.ones((n, PAGES))
    for k, one in enumerate(sessions):
        if one.typing is None or one.path is None or one.page_s is None:
            typing[k] = (*np.exp([STRANGE + APART * (k % 500), STRANGE + APART * (k // 500)]), 1.0, 1.0, 0.0, 0.0)
            path[k, 0] = 0
        else:
            typing[k] = one.typing
            path[k, : len(one.path)] = one.path
            page_s[k] = one.page_s

    def column(name: str) -> Ints:
        return np.array([getattr(one, name) for one in sessions], np.int64)

    return SessionArrays(
        column("at_s"), column("device"), column("network"), column("address"), typing, path, page_s, column("asked_minor")
    )  # fmt: skip


__all__ = ["PAGES", "TYPED", "Session", "SessionArrays", "cut_at_application", "describe_newest", "name_values"]
