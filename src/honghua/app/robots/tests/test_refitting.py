"""What the robots leave out of a fit."""

from __future__ import annotations

import numpy as np

from honghua.app.robots.refitting import draw_one_in, has_rare_gaps


def test_rows_with_a_gap_that_hardly_any_other_has_stay_out():
    values = np.ones((1_000, 3), np.float32)
    values[7, 0] = np.nan  # one of a thousand
    values[::2, 1] = np.nan  # an ordinary gap: a forest learns a way for it
    assert np.flatnonzero(has_rare_gaps(values)).tolist() == [7]
    assert not has_rare_gaps(np.ones((5, 2), np.float32)).any()


def test_one_in_so_many_is_drawn_by_the_number_alone():
    numbers = np.arange(40_000)
    drawn = draw_one_in(numbers, 4)
    assert 0.24 < drawn.mean() < 0.26
    assert (draw_one_in(numbers[100:], 4) == drawn[100:]).all()
    assert draw_one_in(numbers, 1).all()
