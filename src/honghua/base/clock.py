"""The clock is an argument. Instants are aware UTC datetimes; the business date is data and never comes from here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Protocol

from honghua.base.errors import BadInput

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
HOUR_US: Final = 3_600_000_000  # microseconds
DAY_US: Final = 24 * HOUR_US
CHINA: Final = dt.timezone(dt.timedelta(hours=8))  # civil time of the rules; no summer time since 1991


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> dt.datetime:
        """The present instant, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock: for `app`, and for nobody below it."""

    def now(self) -> dt.datetime:
        """The present instant, aware, in UTC."""
        return dt.datetime.now(dt.UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved: for tests, replay and simulation."""

    at: dt.datetime

    def __post_init__(self) -> None:
        self.at = as_utc(self.at)

    def now(self) -> dt.datetime:
        """The instant at which it stands."""
        return self.at

    def advance(self, step: dt.timedelta) -> dt.datetime:
        """Move forward by `step` (≥ 0) and say the new instant."""
        if step < dt.timedelta(0):
            raise BadInput(f"a clock does not go back ({step})", code="CLOCK_BACKWARDS")
        self.at += step
        return self.at


def as_utc(instant: dt.datetime) -> dt.datetime:
    """The same instant in UTC; a naive datetime is BadInput, since nobody knows what it means."""
    if instant.tzinfo is dt.UTC:
        return instant
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise BadInput(f"{instant.isoformat()} has no time zone", code="NAIVE_INSTANT")
    return instant.astimezone(dt.UTC)


def to_micros(instant: dt.datetime) -> int:
    """Microseconds since 1970-01-01 UTC: how arrays and the wire hold an instant."""
    return (as_utc(instant) - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The instant of a number of microseconds since 1970-01-01 UTC."""
    return _EPOCH + int(micros) * _MICROSECOND
