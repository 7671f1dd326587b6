"""The city in real time: wants come when they are due, late ones at once, and the day is heard of in the evening."""

from __future__ import annotations

import datetime as dt

import numpy as np

from honghua.base.clock import FixedClock
from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Draft, act_ids, draft
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.streaming import Pace, stream

START = dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC)
HOUR = 3_600_000_000


class Diarist:
    """Wants one purchase an hour, and writes down what it hears."""

    number = 0

    def __init__(self):
        self.heard = []

    def wants(self, day):
        at = day * US_PER_DAY + np.arange(24) * HOUR
        rows = draft(at_us=at, kind=EventKind.PURCHASE, customer=3, amount_minor=100)
        return Draft({**rows.columns, "act": act_ids(0, day, 24)})

    def hear(self, day, rows, outcomes):
        self.heard.append((day, rows["act"].tolist(), outcomes.code.tolist()))


def play(*, began_us, speed, slow_s=0.0):
    clock, diarist, seen = FixedClock(START), Diarist(), []

    def sleep(seconds):
        clock.advance(dt.timedelta(seconds=seconds))

    pace = Pace(clock, sleep, city_us=began_us, speed=speed)

    def target(rows):
        seen.append((pace.now_us(), rows["at_us"].tolist()))
        sleep(slow_s)
        return Outcomes(np.full(len(rows), Heard.APPROVED, np.int8), rows["amount_minor"])

    return stream(diarist, range(2), target, pace), diarist, seen, clock


def test_wants_come_when_they_are_due():
    streamed, diarist, seen, clock = play(began_us=0, speed=3_600.0)
    assert [one.wants for one in streamed] == [24, 24]
    assert all(now >= at[0] for now, at in seen)
    assert max(one.late_us_max for one in streamed) < 0.01 * HOUR
    assert [day for day, _, _ in diarist.heard] == [0, 1]
    assert diarist.heard[1][1] == act_ids(0, 1, 24).tolist()
    assert (clock.now() - START).total_seconds() >= 48


def test_what_is_past_is_missed_and_a_slow_target_gets_a_crowd():
    streamed, diarist, seen, _ = play(began_us=int(10.5 * HOUR), speed=3_600.0, slow_s=3.0)
    assert (streamed[0].missed, streamed[0].wants) == (11, 13)
    assert max(len(at) for _, at in seen) > 1
    assert streamed[0].late_us_max > HOUR
    assert sum(len(acts) for _, acts, _ in diarist.heard) == 13 + 24
