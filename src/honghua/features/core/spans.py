"""Spans of event time and their hops."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

EVER: Final = "ever"
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
# The longest span that each hop serves: at most TILES_MAX tiles, so that a span's tiles fit one 64-bit mask.
HOPS: Final = (
    (10 * MINUTE, MINUTE),
    (3 * HOUR, 10 * MINUTE),
    (2 * DAY, 2 * HOUR),
    (45 * DAY, DAY),
    (180 * DAY, 3 * DAY),
)
TILES_MAX: Final = 60
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")


@dataclass(frozen=True, slots=True)
class Span:
    """A window's length in hops; hop_us 0 = ever."""

    hop_us: int
    tiles: int


def parse_span(text: str) -> Span:
    """The span of "5m" … "180d" or "ever"; ValueError when it is none, or no multiple of its hop."""
    if text == EVER:
        return Span(0, 0)
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"no window {text!r}: 5m, 6h, 30d … or ever")
    length = int(found[1]) * UNITS[found[2]]
    for longest, hop in HOPS:
        if length <= longest:
            if length % hop:
                raise ValueError(f"window {text!r} is no multiple of its hop of {hop // MINUTE} minutes")
            return Span(hop, length // hop)
    raise ValueError(f"window {text!r} is longer than {HOPS[-1][0] // DAY} days; use ever")


__all__ = ["DAY", "EVER", "HOUR", "MINUTE", "SECOND", "TILES_MAX", "Span", "parse_span"]
