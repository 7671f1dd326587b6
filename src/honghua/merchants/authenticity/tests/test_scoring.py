"""The shipped scorer of orders: it is the forest that was fitted, keeps its promises, and says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.merchants.authenticity.scoring import MONOTONE, load_scorer, make_scorer, rows_of
from honghua.merchants.core import REASONS, SCORED, OrderSigns
from honghua.models.api import check_monotone

PLAIN = OrderSigns(
    hours_to_ship=14, transit_hours=40, scans=7, grams_ppm=3_000_000, other_region=False, waybill_orders=0, place_orders=0,
    load_ppm=500_000, burst_ppm=2_000_000, refund_ppm=20_000, company=0,
)  # fmt: skip


def test_what_a_plain_parcel_and_a_company_at_one_door_are_worth():
    plain, door, unknown = load_scorer().score([PLAIN, replace(PLAIN, place_orders=8, company=14), OrderSigns()])
    assert not plain.is_doubtful
    assert door.is_doubtful
    assert {"place_orders", "company"} <= set(door.reasons)
    assert plain.chance_ppm < load_scorer().terms.doubt_from_ppm <= door.chance_ppm
    assert 0 <= unknown.chance_ppm <= 1_000_000
    assert {*plain.reasons, *door.reasons, *unknown.reasons} <= REASONS.keys()
    assert load_scorer().score([]) == []


def test_its_promises_are_proven_on_its_trees():
    assert check_monotone(load_scorer().forest, MONOTONE) == []


def test_a_row_scores_the_same_alone_as_in_a_crowd_and_unknown_signs_are_missing():
    signs = [replace(PLAIN, place_orders=k % 9, scans=k % 8, company=None if k % 3 else k) for k in range(100)]
    crowd = load_scorer().score(signs)
    assert crowd == [load_scorer().score([one])[0] for one in signs]
    rows = rows_of(signs)
    assert rows.shape == (100, len(SCORED))
    assert np.isnan(rows[1, SCORED.index("company")])


def test_another_forest_than_the_one_whose_line_was_chosen_is_refused():
    scorer = load_scorer()
    again = make_scorer(scorer.forest.text, scorer.terms)
    assert again.score([PLAIN]) == scorer.score([PLAIN])
    with pytest.raises(BadInput, match="another forest"):
        make_scorer(scorer.forest.text, replace(scorer.terms, digest="00" * 32))
