"""The confounded book: the truth rises with the limit for everybody, the book says the opposite, and the same seed gives the same book."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.sim.core.trials.borrowing import FEATURES, BookPlan, live_period, settle_book, true_effects_of


@pytest.fixture(scope="module")
def settled():
    return settle_book(BookPlan(20_000, 7))


def test_use_default_and_loss_never_fall_for_anybody(settled):
    book, truth = settled
    before = true_effects_of(truth, book.limit_minor * 0.25)
    for factor in (0.6, 1.0, 1.5, 3.0):
        after = true_effects_of(truth, book.limit_minor * factor)
        for low, high in zip(before, after, strict=True):
            assert (high >= low).all()
            assert high.mean() > low.mean()
        before = after


def test_in_the_book_large_limits_go_with_little_default(settled):
    book, truth = settled
    default = true_effects_of(truth, book.limit_minor).default
    large = book.limit_minor > np.median(book.limit_minor)
    assert default[large].mean() < 0.5 * default[~large].mean()
    kept = np.corrcoef(book.seen[:, FEATURES.index("score")], default)[0, 1]
    talked = np.corrcoef(np.log(book.limit_minor), np.log(default))[0, 1]
    assert kept < -0.2
    assert talked < -0.5


def test_a_period_shows_on_average_what_is_true(settled):
    book, truth = settled
    true = true_effects_of(truth, book.limit_minor)
    lived = [live_period(truth, book.limit_minor, derive_rng(7, "test", k)) for k in range(20)]
    assert np.mean([one.defaulted.mean() for one in lived]) == pytest.approx(true.default.mean(), rel=0.03)
    assert np.mean([one.loss_minor.mean() for one in lived]) == pytest.approx(true.loss_minor.mean(), rel=0.06)
    assert all((one.used_minor <= book.limit_minor).all() for one in lived)
    assert all(((one.loss_minor > 0) <= one.defaulted).all() for one in lived)


def test_the_same_plan_gives_the_same_book(settled):
    again = settle_book(BookPlan(20_000, 7))
    assert again[0].seen.tobytes() == settled[0].seen.tobytes()
    assert (settle_book(BookPlan(20_000, 8))[0].limit_minor != settled[0].limit_minor).any()
    with pytest.raises(ValueError, match="borrowers"):
        BookPlan(10, 1)
