"""Reject inference on planted books, where the outcome of those refused is known. It says honestly when it does not help."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.models.examining.api import Rejects, augment, judge_inference
from honghua.models.examining.tests.planted import book, fit_line


def let_in(one, *, hidden):
    """Who was accepted: by a rough score of what models read, or also by what only the underwriter saw."""
    rough = -0.5 * one.x[:, 0] + 0.5 * one.x[:, 1] + hidden * one.hidden
    return rough < np.quantile(rough, 0.6)


def infer(seed, method, *, hidden, prudence=1.0, rows=6_000):
    one = book(seed, rows, hidden=hidden)
    taken = let_in(one, hidden=hidden)
    without = fit_line(one.x[taken], one.y[taken], np.ones(int(taken.sum())))
    given = augment(
        (one.x[taken], one.y[taken]), one.x[~taken], method=method, fit=fit_line, seed=seed, prudence=prudence
    )
    augmented = fit_line(given.x, given.y, given.weight)
    asked = book(seed + 500, rows, hidden=hidden)
    refused = ~let_in(asked, hidden=hidden)
    return given, judge_inference(asked.y, without(asked.x), augmented(asked.x), rejected=refused)


@pytest.mark.parametrize("method", [Rejects.PARCELLING, Rejects.FUZZY])
def test_where_refusals_followed_from_what_the_model_reads_inference_does_not_help_and_the_judgement_says_so(method):
    given, gain = infer(1, method, hidden=0.0)
    assert not gain.ranks_better
    assert abs(gain.bias_without) < 0.03  # leaving the refused out was not wrong
    assert str(method) in given.told
    assert given.weight.sum() == pytest.approx(6_000)


@pytest.mark.parametrize("method", [Rejects.PARCELLING, Rejects.FUZZY])
def test_where_the_underwriter_knew_more_the_level_is_wrong_and_only_an_assumption_from_outside_moves_it(method):
    _, neutral = infer(2, method, hidden=1.2)
    assert neutral.bias_without < -0.10  # the refused look far better than they are
    assert abs(neutral.bias_with - neutral.bias_without) < 0.04  # and those accepted cannot say so
    _, prudent = infer(2, method, hidden=1.2, prudence=3.0)
    assert abs(prudent.bias_with) < abs(neutral.bias_without) / 1.5
    assert prudent.auc.high < 0.01  # the level is nearer; the ranking gains next to nothing


def test_fuzzy_augmentation_without_an_assumption_changes_nothing_at_all():
    """Twice each refused row, by its own probability, leaves the likelihood's best where it was."""
    _, gain = infer(4, Rejects.FUZZY, hidden=1.2, rows=1_000)
    assert abs(gain.auc.mid) < 1e-9
    assert gain.bias_with == pytest.approx(gain.bias_without, abs=1e-9)


def test_ignoring_is_a_method_with_a_sentence_too():
    given, gain = infer(3, Rejects.IGNORED, hidden=0.0, rows=1_000)
    assert len(given.y) == 600
    assert (gain.auc.low, gain.auc.mid, gain.auc.high) == (0.0, 0.0, 0.0)
    assert given.told == "the 400 refused were left out: only the 600 accepted taught"
    same = [infer(3, Rejects.PARCELLING, hidden=0.0, rows=1_000)[0].y for _ in range(2)]
    assert np.array_equal(*same)
    with pytest.raises(BadInput):
        infer(3, Rejects.FUZZY, hidden=0.0, prudence=0.5, rows=1_000)
