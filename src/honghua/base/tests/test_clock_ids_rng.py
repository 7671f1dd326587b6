from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.base.clock import Clock, FixedClock, SystemClock, as_utc, from_micros, to_micros
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng, stable_hash

GOLDEN = "0xbc21ff0377dede20"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def test_fixed_clock_stands_and_moves() -> None:
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(dt.timedelta(days=1)) == dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    with pytest.raises(BadInput):
        clock.advance(-dt.timedelta(seconds=1))


def test_instants_are_aware_and_utc() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    assert FixedClock(dt.datetime(2026, 3, 1, 20, tzinfo=shanghai)).now().utcoffset() == dt.timedelta(0)
    with pytest.raises(BadInput, match="time zone"):
        as_utc(dt.datetime(2026, 3, 1))  # noqa: DTZ001
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is dt.UTC
    assert from_micros(to_micros(NOON)) == NOON
    assert to_micros(dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)) == -1_000_000


def test_streams_repeat_and_differ() -> None:
    first = derive_rng(7, "purchases", 3).integers(0, 2**60, 50)
    assert np.array_equal(first, derive_rng(7, "purchases", 3).integers(0, 2**60, 50))
    others: list[tuple[int, list[str | int]]] = [(8, ["purchases", 3]), (7, ["purchases", 4]), (7, ["purchases", "3"])]
    assert not any(np.array_equal(first, derive_rng(seed, *labels).integers(0, 2**60, 50)) for seed, labels in others)


def test_stable_hash_never_changes_and_keeps_borders() -> None:
    assert stable_hash("ab") != stable_hash("a", "b")
    assert stable_hash(1) != stable_hash("1")
    assert hex(stable_hash(20260301, "honghua"))[:18] == GOLDEN
