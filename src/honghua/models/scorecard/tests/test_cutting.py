"""Columns of many words are cut by the rates that they really have, not by the luck of a rare one."""

from __future__ import annotations

import numpy as np

from honghua.models.scorecard.cutting import CutSettings, Field, cut_field

WORDS = tuple(f"shop {k}" for k in range(300))


def draw(seed: int, *, words: int, rows: int = 12_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of one word each, the outcome by the word's planted rate, the rates."""
    rng = np.random.default_rng(seed)
    rates = 1 / (1 + np.exp(1.5 - rng.normal(0, 1, words)))
    codes = rng.integers(0, words, rows)
    return codes.astype(np.float32)[:, None], (rng.random(rows) < rates[codes]).astype(np.uint8), rates


def test_hundreds_of_rare_words_become_a_few_groups_in_the_order_of_their_rates():
    x, y, rates = draw(1, words=300)
    cutting, labels = cut_field(x, y, 0, Field("shop", WORDS), CutSettings())
    assert cutting.groups is not None
    groups = cutting.groups[:300]
    assert (groups >= 0).all()
    assert 3 <= len(labels) - 1 <= 20
    assert np.corrcoef(groups, rates)[0, 1] > 0.7  # 40 rows a word leave some doubt of each
    assert cutting.groups[-1] == len(labels) - 1, "a missing word has a bin of its own"


def test_frequent_words_are_left_to_the_search_and_a_word_never_seen_belongs_nowhere():
    x, y, _ = draw(2, words=8)
    cutting, _ = cut_field(x, y, 0, Field("shop", WORDS[:9]), CutSettings())
    assert cutting.groups is not None
    assert (cutting.groups[:8] >= 0).all()
    assert cutting.groups[8] == -1


def test_words_that_say_nothing_are_not_told_apart_by_luck():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 300, 12_000).astype(np.float32)[:, None]
    y = (rng.random(12_000) < 0.2).astype(np.uint8)
    cutting, labels = cut_field(x, y, 0, Field("shop", WORDS), CutSettings())
    assert cutting.groups is not None
    later = rng.integers(0, 300, 40_000)
    ones = (rng.random(40_000) < 0.2).astype(float)
    rates = [ones[cutting.groups[later] == k].mean() for k in range(len(labels) - 1)]
    assert max(rates) - min(rates) < 0.05
