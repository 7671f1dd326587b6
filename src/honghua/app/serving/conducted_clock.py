"""A clock that another process conducts: for drills, where a day passes in a minute and every desk must agree what time it is.

The conductor writes a small file; readers look at it whenever they are asked for the time. `time.monotonic` is one clock for all
processes of a machine.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honghua.base.clock import from_micros, to_micros

SCORE: Final = struct.Struct(
    "<qqdq"
)  # monotonic ns, the moment then (µs), how many times as fast, the last moment (µs)
NS_PER_US: Final = 1_000


def conduct(path: Path, at: dt.datetime, *, speed: float, until: dt.datetime) -> None:
    """From now on it is `at`, and time runs so many times as fast as the machine's, up to `until`. speed 0: it stands."""
    assert speed >= 0, "a clock does not go back"
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_bytes(SCORE.pack(time.monotonic_ns(), to_micros(at), speed, to_micros(until)))
    os.replace(unfinished, path)


@dataclass(frozen=True, slots=True)
class ConductedClock:
    """Implements `Clock`. path: what `conduct` writes; it must be there."""

    path: Path

    def now(self) -> dt.datetime:
        """The present instant, aware, in UTC."""
        since_ns, at_us, speed, until_us = SCORE.unpack(self.path.read_bytes())
        passed_us = max(time.monotonic_ns() - since_ns, 0) / NS_PER_US
        return from_micros(min(at_us + round(passed_us * speed), until_us))


__all__ = ["ConductedClock", "conduct"]
