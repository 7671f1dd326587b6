"""Why a run is opened, and the port to whoever runs it. Light: the room's door loads it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Protocol

KEY_PREFIX: Final = "monitor:"


@dataclass(frozen=True, slots=True)
class RunReason:
    """What broke at one seat. key: of the seat, its champion and the month: the same key is the same run; digest: of the champion."""

    key: str
    segment: str
    purpose: str
    sentences: tuple[str, ...]
    digest: bytes
    opened_on: dt.date


class Runs(Protocol):
    """Whoever runs the laboratory: the agents' store, or `Refitter`."""

    def open_run(self, reason: RunReason) -> str:
        """Open a run for a reason, or find the one that was opened for its key; the run's id."""
        ...


def make_key(segment: str, purpose: str, digest: bytes, month: dt.date) -> str:
    """One run a seat, champion and month."""
    return f"{KEY_PREFIX}{segment}:{purpose}:{digest.hex()[:16]}:{month:%Y-%m}"
