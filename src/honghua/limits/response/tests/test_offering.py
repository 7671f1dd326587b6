"""Temporary limits under budgets, everybody with a reason; and the ratio that is never told alone."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.limits.core import Audience, LimitTerms
from honghua.limits.response.api import (
    WORDS,
    CampaignTerms,
    Curves,
    Why,
    allot_temporary,
    measure_temporary,
    name_offers,
)

TERMS = LimitTerms()
CAMPAIGN = CampaignTerms(
    margin_ppm=50_000, loss_minor=150_000, drawn_minor=30_000_000, asking_minor=100, marketing_minor=50_000
)
N = 2_000
FACTORS = np.array([1.0, 1.1, 1.2, 1.3])


@pytest.fixture(scope="module")
def allotted():
    rng = np.random.default_rng(7)
    limit = rng.integers(10, 200, N) * 10_000
    used = limit[:, None] * rng.uniform(0.2, 0.9, (N, 1)) * FACTORS ** rng.uniform(0, 1, (N, 1))
    loss = used * rng.beta(1, 40, (N, 1)) * FACTORS
    audience = Audience(
        limit_minor=limit, ceiling_minor=limit + rng.integers(0, 60, N) * 10_000, used_minor=used[:, 0].astype(np.int64),
        risk=np.zeros(N), dpd=(rng.random(N) < 0.05).astype(np.int64), may_offer=rng.random(N) < 0.8,
        has_temporary=rng.random(N) < 0.05,
    )  # fmt: skip
    held_out = rng.random(N) < 0.1
    curves = Curves(FACTORS, used, loss, np.zeros_like(loss))
    return audience, held_out, curves, allot_temporary(TERMS, CAMPAIGN, audience, curves, held_out)


def test_no_budget_is_exceeded_and_no_amount_goes_beyond_ceiling_or_share(allotted):
    audience, _, _, found = allotted
    assert (found.allocation.spent <= [CAMPAIGN.loss_minor, CAMPAIGN.drawn_minor, CAMPAIGN.marketing_minor]).all()
    assert found.allocation.spent[2] == 100 * (found.amounts_minor > 0).sum()
    assert (found.amounts_minor <= audience.ceiling_minor - audience.limit_minor).all()
    assert (found.amounts_minor <= audience.limit_minor * TERMS.temporary_share_ppm // 1_000_000).all()
    assert not (found.amounts_minor % TERMS.limit_step_minor).any()


def test_everybody_has_the_reason_that_is_true(allotted):
    audience, held_out, _, found = allotted
    assert set(found.why.tolist()) == set(Why), "the book has a case of each"
    assert set(WORDS) == set(Why)
    assert ((found.why == Why.OFFERED) == (found.amounts_minor > 0)).all()
    assert ((found.why == Why.MAY_NOT_BE_ASKED) == ~audience.may_offer).all()
    assert (audience.dpd[found.why == Why.LATE] > 0).all()
    assert audience.has_temporary[found.why == Why.HAS_ONE].all()
    assert held_out[found.why == Why.HELD_OUT].all()
    assert not (found.amounts_minor[held_out] > 0).any()


def test_offers_are_named_for_the_door_that_writes_them(allotted):
    found = allotted[3]
    offers = name_offers(found, [f"c{k}" for k in range(N)])
    assert len(offers) == (found.amounts_minor > 0).sum()
    assert sum(amount for _, amount in offers) == found.amounts_minor.sum()
    assert all(found.amounts_minor[int(customer[1:])] == amount for customer, amount in offers)
    with pytest.raises(BadInput):
        name_offers(found, ["c0"])


def test_curves_begin_with_the_limit_as_it_is(allotted):
    audience, held_out, curves, _ = allotted
    with pytest.raises(BadInput):
        allot_temporary(TERMS, CAMPAIGN, audience, Curves(FACTORS + 0.1, *[curves.loss_minor] * 3), held_out)


def test_the_ratio_is_told_with_coverage_and_increment():
    rng = np.random.default_rng(8)
    got = rng.random(60_000) < 0.5
    held_out = ~got & (rng.random(60_000) < 0.2)
    defaulted = rng.random(60_000) < np.where(got, 0.03, 0.05)
    loss = np.where(defaulted, 1_000, 0)
    told = measure_temporary(got, held_out, defaulted, loss)
    assert told.ratio[0] < 0.03 / 0.04 < told.ratio[2]
    assert told.coverage == got.mean()
    assert told.incremental_minor[0] < -20.0 < told.incremental_minor[2]
    sentence = told.tell()
    assert f"{told.ratio[1]:.2f} times" in sentence
    assert f"{told.coverage:.1%} of customers" in sentence
    assert "held out" in sentence


def test_too_little_says_nothing():
    got = np.arange(200) < 100
    with pytest.raises(BadInput) as refused:
        measure_temporary(got, ~got, np.zeros(200, np.bool_), np.zeros(200, np.int64))
    assert refused.value.code == "TEMPORARY_THIN"
    with pytest.raises(BadInput):
        measure_temporary(got, got, got, got.astype(np.int64))
