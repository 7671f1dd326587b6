"""Coupons from three purses: each yuan is paid once, whatever the shares, and no purse pays more than it holds."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.base.money import split
from honghua.merchants.joint_funding import check_funding, fund_jointly, split_amounts

SHARES = np.array([[1_000_000, 0, 0], [0, 333_333, 666_667], [200_000, 300_000, 500_000]])


@pytest.fixture(scope="module")
def asked():
    rng = np.random.default_rng(5)
    amounts = np.concatenate([np.zeros((400, 1), np.int64), rng.integers(100, 3_001, (400, 2))], axis=1)
    value = amounts * rng.uniform(0.5, 2.0, (400, 3))
    return value, amounts, np.array([60_000, 110_000, 190_000])


def test_each_yuan_is_paid_once_and_no_purse_is_overspent(asked):
    value, amounts, purses = asked
    funded = fund_jointly(value, amounts, SHARES, purses)
    assert check_funding(funded, amounts, purses) == ()
    assert (funded.parts_minor.sum(axis=0) == funded.allocation.spent).all()
    assert funded.parts_minor.sum() == amounts[np.arange(400), funded.level].sum()
    assert funded.allocation.gap < 0.01
    assert (funded.level > 0).any()


def test_a_part_paid_twice_or_a_purse_overspent_is_found(asked):
    value, amounts, purses = asked
    funded = fund_jointly(value, amounts, SHARES, purses)
    row = int(np.flatnonzero(funded.level)[0])
    doubled = funded.parts_minor.copy()
    doubled[row] *= 2
    wrong = check_funding(funded._replace(parts_minor=doubled), amounts, purses)
    assert [one.row for one in wrong if one.code == "FUNDING_NOT_ONCE"] == [row + 1]
    short = check_funding(funded, amounts, purses * 0)
    assert {one.code for one in short} == {"PURSE_OVERSPENT"}


def test_parts_are_those_of_money_split():
    rng = np.random.default_rng(6)
    for _ in range(200):
        cuts = np.sort(rng.integers(0, 1_000_001, 2))
        shares = np.array([cuts[0], cuts[1] - cuts[0], 1_000_000 - cuts[1]])
        amount = int(rng.integers(0, 10**6))
        assert split_amounts(np.array([amount]), shares[None])[0].tolist() == split(amount, shares.tolist())


@pytest.mark.parametrize("shares", [[500_000, 500_000, 1], [1_100_000, -100_000, 0]])
def test_shares_that_fund_twice_or_below_zero_are_refused(asked, shares):
    value, amounts, purses = asked
    with pytest.raises(BadInput) as refused:
        fund_jointly(value, amounts, np.array([shares] * 3), purses)
    assert refused.value.code == "FUNDING_INVALID"
