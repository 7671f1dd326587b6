"""Shapes of a day, and messages on their way."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.credit.core import Repay
from honghua.sim.core.outcomes import Heard
from honghua.sim.drill.shape import MIDNIGHT, PEAK, SHAPES, draw_places
from honghua.sim.drill.tally import Clockings, Judged, interval
from honghua.sim.drill.traffic import Message, Purpose, Traffic, draw_delays

PLACES = (np.arange(100_000) + 0.5) / 100_000


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_mean_one(name):
    assert SHAPES[name](PLACES).mean() == pytest.approx(1.0, abs=0.03)
    assert SHAPES[name](PLACES).min() > 0


def test_midnight_of_double11_sees_ten_times_the_mean():
    density = SHAPES["double11"](PLACES)
    assert density.max() == PEAK
    assert PLACES[density.argmax()] == pytest.approx(MIDNIGHT, abs=1e-4)
    assert density[PLACES < MIDNIGHT].max() < 2
    places = draw_places(derive_rng(1, "places"), SHAPES["double11"], 50_000)
    assert (np.diff(places) >= 0).all()
    rush = ((places >= MIDNIGHT) & (places < MIDNIGHT + 0.01)).mean() / 0.01
    assert rush == pytest.approx(PEAK, rel=0.05)


def test_messages_come_by_time_and_equal_ones_in_order():
    traffic = Traffic()
    command = Repay(key="k", customer="P1", amount_minor=1)
    for row, at in enumerate((3.0, 1.0, 1.0, 2.0)):
        traffic.send(Message(command, Purpose.ORDER, row, at, at))
    assert traffic.next_at() == 1.0
    assert traffic.count_waiting(2.0) == 3
    assert [one.row for one in traffic.take(2.5, 2)] == [1, 2]
    assert [one.row for one in traffic.take(9.0, 9)] == [3, 0]
    assert traffic.next_at() is None


def test_some_messages_are_late_and_some_come_twice():
    delays = draw_delays(derive_rng(1, "delays"), 20_000, seconds=100.0)
    assert (delays.late_by > 0).mean() == pytest.approx(0.01, abs=0.004)
    assert (~np.isnan(delays.again_after)).mean() == pytest.approx(0.015, abs=0.004)
    assert delays.late_by.max() <= 1.0


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(0, 0, 0.0, 1.0), (0, 20, 0.0, 0.1611), (10, 20, 0.2993, 0.7007)]
)
def test_intervals_are_wilsons(hits, n, low, high):
    found = interval(hits, n)
    assert found[0] == pytest.approx(low, abs=1e-4)
    assert found[2] == pytest.approx(high, abs=1e-4)


def test_what_the_limit_refused_counts_in_no_recall():
    heard = np.array(
        [Heard.APPROVED, Heard.REFUSED_RISK, Heard.REFUSED_LIMIT, Heard.DELAYED, Heard.APPROVED, Heard.NOT_TRIED]
    )
    crime = np.array([3, 3, 3, 0, 0, 3])  # of the first typology: 2 × 1 + 1
    judged = Judged(heard, np.full(6, 100), np.array([100, 0, 0, 0, 300, 0]), crime, (crime > 0).astype(np.int64))
    found = judged.figures()
    assert (found["orders"], found["crimes"], found["approved"], found["stopped"]) == (5, 3, 2, 2)
    assert found["recall_all"][1] == 0.5
    assert found["false_refusal_share"] == 0.5
    assert found["blocked_share"] == 0.4
    assert found["cashout_share"] == 0.25
    (recall,) = found["recall"].values()
    assert recall[1] == 0.5


def test_speeds_are_told_over_time_and_calm_leaves_out_rush_and_outage():
    clock = Clockings()
    for k in range(1_000):
        at = k * 0.01
        clock.first_at.append(at)
        clock.done_at.append(at + (2.0 if 4.0 <= at < 5.0 else 0.01))
        clock.purpose.append(0)
    found = clock.speeds(10.0, disturbed=[(4.0, 5.2)])
    assert found["per_s_mean"] == 100.0
    assert found["p99_ms"] == pytest.approx(2_000, rel=0.01)
    assert found["p99_ms_calm"] == pytest.approx(10, rel=0.01)
    assert len(found["over_time"]) == 120
    assert sum(row["answered_per_s"] for row in found["over_time"]) * 10 / 120 == pytest.approx(1_000, rel=0.01)
