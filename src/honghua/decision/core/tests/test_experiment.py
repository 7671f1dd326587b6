"""The split by customer: sticky, uniform, independent between experiments, holdout first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.decision.core.experiment import PPM, Experiment, Holdout, check_arms, compute_shares, make_salt

KEYS = np.arange(1, 20_001)


def experiment(name, *shares):
    return Experiment(1, name, make_salt("experiment", name), tuple(f"a{i}" for i in range(len(shares))), shares)


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=20), st.text(max_size=8))
def test_a_customer_stays(keys, name):
    """Alone or in any company, in any order, the same place on the line."""
    salt = make_salt("experiment", name)
    together = compute_shares(salt, np.array(keys))
    assert ((together >= 0) & (together < PPM)).all()
    assert together.tolist() == [int(compute_shares(salt, np.array([key]))[0]) for key in keys]
    assert together[::-1].tolist() == compute_shares(salt, np.array(keys)[::-1]).tolist()


def test_golden_places():
    """Stored splits lean on these numbers: they never change."""
    shares = compute_shares(bytes(range(16)), np.array([1, 2, 3, 2**63 - 1]))
    assert shares.tolist() == [391881, 24688, 871974, 866012]


def chi_square(counts, expected):
    return float((((counts - expected) ** 2) / expected).sum())


@pytest.mark.parametrize("keys", [KEYS, KEYS * 2**40, KEYS * 3 + 7])
def test_uniform_whatever_the_keys(keys):
    """100 bins of 20 000 customers: chi-square with 99 degrees of freedom is beyond 160 once in 10 000 salts; salts are fixed."""
    for name in ("one", "two", "three"):
        counts = np.bincount(compute_shares(make_salt(name), keys) // (PPM // 100), minlength=100)
        assert chi_square(counts, len(keys) / 100) < 160


def test_experiments_are_independent():
    """A 10 × 10 table of two splits: chi-square with 81 degrees of freedom is beyond 140 once in 10 000."""
    for one, two in (("a", "b"), ("a", "aa"), ("experiment 1", "experiment 2")):
        first, second = (compute_shares(make_salt(name), KEYS) // (PPM // 10) for name in (one, two))
        table = np.bincount(first * 10 + second, minlength=100)
        assert chi_square(table, len(KEYS) / 100) < 160


def test_arms_by_their_shares():
    made = experiment("x", 100_000, 200_000, 700_000)
    nobody = np.zeros(len(KEYS), np.bool_)
    counts = np.bincount(made.assign(KEYS, nobody), minlength=4)
    assert counts[0] == 0
    assert np.abs(counts[1:] / len(KEYS) - [0.1, 0.2, 0.7]).max() < 0.01
    held = Holdout(make_salt("holdout", "purchase"), 50_000).holds(KEYS)
    assert abs(held.mean() - 0.05) < 0.006
    assert np.array_equal(made.assign(KEYS, held) == 0, held)
    assert np.array_equal(made.assign(KEYS, held)[~held], made.assign(KEYS, nobody)[~held])
    empty = experiment("y", 0, PPM)
    assert set(empty.assign(KEYS, nobody).tolist()) == {2}
    assert not Holdout(b"\0" * 16, 0).holds(KEYS).any()


def test_growing_a_share_moves_nobody_out():
    salt = make_salt("challenger", "purchase", "7")
    shares = compute_shares(salt, KEYS)
    assert ((shares < 100_000) <= (shares < 300_000)).all()


def test_what_is_wrong_with_arms():
    assert check_arms(("a", "b"), (400_000, 600_000)) is None
    assert "2 …" in (check_arms(("a",), (PPM,)) or "")
    assert "names" in (check_arms(("a", "a"), (0, PPM)) or "")
    assert "names" in (check_arms(("a", "holdout"), (0, PPM)) or "")
    assert "add up" in (check_arms(("a", "b"), (1, 2)) or "")
