"""What an application's session says by itself: how it was typed, which pages were seen in which order and for how long."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SessionColumns(Protocol):
    """n applications by time. Keys and times int64[n], key 0 = not told; typing float64[n, 6]: dwell and flight of keys in ms, their
    spreads, corrections, pasted fields; path int8[n, s]: pages in order, −1 behind the last; page_s float64[n, pages]; asked int64[n]."""

    @property
    def at_s(self) -> Ints: ...
    @property
    def device(self) -> Ints: ...
    @property
    def network(self) -> Ints: ...
    @property
    def address(self) -> Ints: ...
    @property
    def typing(self) -> Floats: ...
    @property
    def path(self) -> NDArray[np.int8]: ...
    @property
    def page_s(self) -> Floats: ...
    @property
    def asked_minor(self) -> Ints: ...


class Behaviour(NamedTuple):
    """hand float64[n, 2]: logarithms of dwell and flight; way int64[n]: the path as one number."""

    hand: Floats
    way: Ints


TYPING_VALUES: Final = ("dwell", "flight", "dwell_spread", "flight_spread", "corrections", "pasted")
PATH_VALUES: Final = ("steps", "turns_back", "saw_help", "saw_costs", "seconds", "seconds_spread", "seconds_contract")
HELP, COSTS, CONTRACT = 5, 4, 6


def read_behaviour(sessions: SessionColumns) -> Behaviour:
    """What twins are found by."""
    hand = np.log(np.maximum(sessions.typing[:, :2], 1.0))
    steps = sessions.path.astype(np.int64) + 1
    way = steps @ (np.int64(11) ** np.arange(steps.shape[1], dtype=np.int64))
    return Behaviour(hand, way)


def describe_typing(sessions: SessionColumns) -> Floats:
    """float64[n, TYPING_VALUES]: logarithms of times, spreads relative to their means."""
    dwell, flight, dwell_sd, flight_sd, corrections, pasted = sessions.typing.T
    return np.column_stack([
        np.log(dwell), np.log(flight), np.log(dwell_sd / dwell), np.log(flight_sd / flight), np.log1p(corrections), pasted,
    ])  # fmt: skip


def describe_path(sessions: SessionColumns) -> Floats:
    """float64[n, PATH_VALUES]."""
    path, seconds = sessions.path, sessions.page_s
    seen = path >= 0
    back = ((path[:, 1:] < path[:, :-1]) & seen[:, 1:]).sum(axis=1)
    visited = np.where(seconds > 0, np.log(np.maximum(seconds, 1e-3)), np.nan)
    return np.column_stack([
        seen.sum(axis=1), back, (path == HELP).any(axis=1), (path == COSTS).any(axis=1), np.log1p(seconds.sum(axis=1)),
        np.nanstd(visited, axis=1), np.log1p(seconds[:, CONTRACT]),
    ]).astype(np.float64)  # fmt: skip


__all__ = [
    "PATH_VALUES", "TYPING_VALUES", "Behaviour", "SessionColumns", "describe_path", "describe_typing", "read_behaviour",
]  # fmt: skip
