from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn import metrics as peer

from honghua.base.errors import BadInput
from honghua.models import api as models

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 5)), min_size=2, max_size=40)


def columns(rows):
    y, scores, weight = (np.array(column) for column in zip(*rows))
    return y, scores / 10.0, weight.astype(float)


@given(ROWS)
@example([(0, 1, 1), (1, 1, 1)])
@example([(0, 0, 1), (1, 9, 1)])
def test_auc_average_precision_and_ks_are_those_of_scikit_learn(rows):
    y, scores, weight = columns(rows)
    assume(0 < y.sum() < len(y))
    assert models.auc(y, scores) == pytest.approx(peer.roc_auc_score(y, scores), abs=1e-12)
    assert models.auc(y, scores, weight=weight) == pytest.approx(
        peer.roc_auc_score(y, scores, sample_weight=weight), abs=1e-12
    )
    assert models.average_precision(y, scores) == pytest.approx(peer.average_precision_score(y, scores), abs=1e-12)
    theirs = peer.average_precision_score(y, scores, sample_weight=weight)
    assert models.average_precision(y, scores, weight=weight) == pytest.approx(theirs, abs=1e-12)
    false, true, _ = peer.roc_curve(y, scores, drop_intermediate=False)
    assert models.ks(y, scores) == pytest.approx(np.max(np.abs(true - false)), abs=1e-12)


@given(ROWS, st.integers(0, 10))
def test_macro_f1_and_losses_are_those_of_scikit_learn(rows, tenth):
    y, scores, _ = columns(rows)
    said = (scores >= tenth / 10.0).astype(int)
    theirs = peer.f1_score(y, said, average="macro", labels=[0, 1], zero_division=0)
    assert models.macro_f1(y, scores, threshold=tenth / 10.0) == pytest.approx(theirs, abs=1e-12)
    assert models.brier(y, scores) == pytest.approx(np.mean((scores - y) ** 2), abs=1e-12)
    inside = 0.05 + 0.9 * scores
    assert models.log_loss(y, inside) == pytest.approx(peer.log_loss(y, inside, labels=[0, 1]), abs=1e-12)


@given(ROWS)
@example([(0, 1, 1), (1, 1, 1)])
def test_the_chosen_threshold_is_the_best_of_all(rows):
    y, scores, _ = columns(rows)
    best = max(models.macro_f1(y, scores, threshold=t) for t in np.unique(scores))
    assert models.macro_f1(y, scores, threshold=models.choose_threshold(y, scores)) == pytest.approx(best, abs=1e-12)


@given(ROWS, st.sampled_from([0.3, 0.5, 0.95, 1.0]))
def test_recall_at_precision_is_the_best_of_all_thresholds(rows, precision):
    y, scores, _ = columns(rows)
    found = [0.0]
    for t in np.unique(scores):
        said = scores >= t
        if y[said].sum() >= precision * said.sum():
            found.append(y[said].sum() / max(y.sum(), 1))
    assert models.recall_at_precision(y, scores, precision=precision) == pytest.approx(max(found), abs=1e-12)


def test_one_class_has_no_auc_and_nonsense_is_refused():
    assert np.isnan(models.auc(np.zeros(3), np.arange(3.0)))
    assert np.isnan(models.average_precision(np.zeros(3), np.arange(3.0)))
    for y, scores in (([0, 2], [0.1, 0.2]), ([0, 1], [0.1, np.nan]), ([], []), ([0, 1], [0.1])):
        with pytest.raises(BadInput):
            models.auc(np.array(y), np.array(scores, np.float64))


DAYS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=50
)


@given(DAYS, st.integers(1, 5))
@example([(0, 1, 1, 5), (1, 1, 1, 5), (1, 2, 0, 1)], 1)
def test_card_precision_is_the_queue_that_people_would_work(rows, k):
    days, cards, y, scores = (np.array(column, np.int64) for column in zip(*rows))
    ours = models.card_precision_at_k(days, cards, y, scores / 7.0, k=k)
    found, told = set(), []
    for day in sorted(set(days.tolist())):
        best: dict[int, int] = {}
        bad = set()
        for d, card, label, score in rows:
            if d == day and card not in found:
                best[card] = max(best.get(card, -1), score)
                if label:
                    bad.add(card)
        queue = sorted(best, key=lambda card: (-best[card], card))[:k]
        told.append((day, sum(card in bad for card in queue) / k, len(bad)))
        found |= {card for card in queue if card in bad}
    assert list(zip(ours.days, ours.precision, ours.compromised)) == told
    assert ours.mean == pytest.approx(np.mean([precision for _, precision, _ in told]))
    assert ours.mean <= ours.ceiling + 1e-12


def test_intervals_hold_the_figure_and_repeat_with_their_seed():
    rng = np.random.default_rng(5)
    y = (rng.random(400) < 0.3).astype(int)
    scores = y * 0.4 + rng.random(400)
    drawn = models.bootstrap(models.auc, y, scores, seed=1)
    exact = models.auc_interval(y, scores)
    assert drawn == models.bootstrap(models.auc, y, scores, seed=1)
    assert drawn != models.bootstrap(models.auc, y, scores, seed=2)
    assert drawn.low < drawn.mid < drawn.high
    assert exact.mid == drawn.mid == models.auc(y, scores)
    assert abs(exact.low - drawn.low) < 0.02
    assert abs(exact.high - drawn.high) < 0.02
    alike = models.bootstrap_difference(models.auc, y, scores, scores, seed=3)
    assert (alike.low, alike.mid, alike.high) == (0.0, 0.0, 0.0)


def test_delong_counts_what_its_definition_says():
    y, scores = np.array([1, 1, 1, 0, 0, 0, 0]), np.array([3.0, 1.0, 2.0, 1.0, 0.0, 2.5, 0.5])
    wins = np.array([[(a > b) + 0.5 * (a == b) for b in scores[3:]] for a in scores[:3]])
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / 3 + wins.mean(axis=0).var(ddof=1) / 4)
    interval = models.auc_interval(y, scores)
    assert interval.mid == pytest.approx(wins.mean())
    assert interval.low == pytest.approx(max(wins.mean() - 1.959964 * error, 0), abs=1e-6)


def test_whole_customers_are_drawn_together():
    y, scores = np.tile([0, 1, 0, 1], 25), np.tile([0.1, 0.9, 0.8, 0.2], 25)
    by_row = models.bootstrap(models.auc, y, scores, seed=1)
    one_customer = models.bootstrap(models.auc, y, scores, seed=1, groups=np.zeros(100, np.int64))
    assert (one_customer.low, one_customer.high) == (one_customer.mid, one_customer.mid)
    assert by_row.low < by_row.high
