"""The sieve: told frauds stay, unreported ones are left out, hard rows stay whole, and the clear rows keep their mass."""

from __future__ import annotations

import numpy as np

from honghua.fraud.sieving import EASY_ROWS, Rows, hard_rows, needs_sieve, sieve

COLUMNS = np.arange(3)


def rows(n: int = 12_000, frauds: int = 120):
    """Frauds are large in the first column; every other one is told, the rest are taken for clear."""
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (n, 3)).astype(np.float32)
    fraud = np.zeros(n, np.bool_)
    fraud[rng.choice(n, frauds, replace=False)] = True
    values[fraud, 0] += 6
    told = fraud & (np.arange(n) % 2 == 0)
    return Rows(values, told.astype(np.float64), np.full(n, 2.0), np.arange(n) > 0.8 * n, np.arange(n)), fraud


def test_unreported_frauds_do_not_teach_and_hard_rows_do():
    given, fraud = rows()
    hidden = fraud & (given.y == 0)
    assert needs_sieve(given)
    kept = sieve(given, COLUMNS, unreported=hidden.sum() / given.y.sum(), seed=1, threads=1)
    assert kept.y.sum() == given.y.sum()
    left = {tuple(row) for row in kept.values.tolist()}
    assert np.mean([tuple(row) in left for row in given.values[hidden].tolist()]) < 0.5
    assert len(kept.y) == given.y.sum() + hard_rows(int(given.y.sum())) + EASY_ROWS
    clear = kept.y == 0
    assert np.isclose(kept.weight[clear].sum(), given.weight[given.y == 0].sum() - 2.0 * hidden.sum())
    assert (np.sort(kept.weight[clear])[: hard_rows(int(given.y.sum()))] == 2.0).all()


def test_the_same_seed_keeps_the_same_rows():
    given, _ = rows()
    first, again = (sieve(given, COLUMNS, unreported=0.5, seed=7, threads=1) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)


def test_small_tables_are_taken_whole():
    assert not needs_sieve(rows(3_000, 60)[0])
    assert not needs_sieve(rows(12_000, 20)[0])
