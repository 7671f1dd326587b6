"""The report on approval: figures that can be checked by hand, the verb's words, and (slow) the real city."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from honghua.app.approval.fitting import card_source, fit_cards, rows_of
from honghua.app.approval.measuring import measure, measure_reinclusion
from honghua.app.approval.offering import measure_offers
from honghua.app.cli import main
from honghua.limits.core import VALUES, Characteristic, LimitTerms, Rulebook, Scorecard, chances
from honghua.sim.api import Applicants, make_applicants


def drawn(n: int, *, seed: int = 4) -> Applicants:
    """People whose will and means follow from one value each: what a card can find."""
    rng = np.random.default_rng(seed)
    late, lenders = rng.integers(0, 3, n).astype(float), rng.integers(0, 5, n).astype(float)
    has_file = (rng.random(n) < 0.6).astype(float)
    values = {
        "age_years": rng.integers(18, 69, n).astype(float), "is_student": np.zeros(n), "fraud": np.zeros(n),
        "identity": np.where(rng.random(n) < 0.02, 0.7, 0.98), "has_file": has_file,
        "income_minor": np.where(has_file == 1, 600_000.0, np.nan),
        "debt_service_minor": np.where(has_file == 1, 10_000.0, np.nan), "debt_minor": np.where(has_file == 1, 100_000.0, np.nan),
        "lenders": np.where(has_file == 1, lenders, np.nan), "inquiries_6m": np.where(has_file == 1, 1.0, np.nan),
        "worst_24m": np.where(has_file == 1, late, np.nan), "months_known": np.full(n, 24.0), "orders_12m": np.full(n, 60.0),
        "spend_minor": np.full(n, 200_000.0), "dpd_max_24m": np.full(n, np.nan),
    }  # fmt: skip
    could = rng.random(n) < 1 / (1 + np.exp(-(3.0 - 0.6 * lenders * has_file)))
    meant = rng.random(n) < 1 / (1 + np.exp(-(3.0 - 0.8 * late * has_file)))
    return Applicants(np.arange(n), values, could, meant, ~(could & meant) & (rng.random(n) < 0.3))


def test_a_report_on_people_whose_truth_is_known():
    willing, able = fit_cards([drawn(3_000), drawn(3_000, seed=5)], trained_on="a test")
    assert (willing.name, able.name) == ("willingness", "ability")
    book = Rulebook(willingness=willing, ability=able)
    found = drawn(2_000, seed=6)
    report = measure(book, found, seed=1)
    outcomes = report["outcomes"]
    assert outcomes["approved"] + outcomes["review"] + outcomes["refused"] == 2_000
    assert sum(outcomes["reasons"].values()) == 2_000
    assert report["automated_share"][0] >= 0.9
    assert outcomes["review"] == round((1 - report["automated_share"][1]) * 2_000)
    for name, truth in (("willingness", found.meant_to[found.could_pay]), ("ability", found.could_pay)):
        assert report[name]["auc"][0] > 0.55
        assert report[name]["bands_within"] >= 3
        mean = float(np.mean([band["found"][1] for band in report[name]["bands"]]))
        assert mean == pytest.approx(truth.mean(), abs=0.005)
    approved = report["approved"]
    assert approved["late_share_approved"][0] <= approved["late_share_expected"] <= approved["late_share_approved"][2]
    assert approved["within_caps"]
    look = report["second_look"]
    assert look["blocked_share"][0] >= 0.99
    assert look["unchanged_blocked"] == 0
    by_part = {one["data"]: one["auc"][1] for one in report["data"]}
    assert by_part["both"] > by_part["thin"]
    offers = report["temporary_offers"]
    assert 0 <= offers["offered"] < offers["of"]
    low, mid, high = offers["best_fifth_ratio"]
    assert low <= mid <= high < 1.0
    assert report["reinclusion"]["repaired"] == int((np.nan_to_num(found.values["worst_24m"]) >= 1).sum())
    json.dumps(report, allow_nan=False)


def test_who_was_repaired_is_let_in_again_and_is_as_they_were():
    found = drawn(2_000, seed=6)
    worse = replace(
        found, values={**found.values, "worst_24m": found.values["worst_24m"] * 2}
    )  # 4 is refused while it is shown
    back = measure_reinclusion(Rulebook(), worse, rows_of(worse), seed=1)
    assert back["repaired"] == int((np.nan_to_num(worse.values["worst_24m"]) >= 1).sum())
    assert back["approved_before"][2] < back["approved_after"][0], (
        "more of them are approved once it is no longer shown"
    )
    assert back["late_control"][1] < back["late_cohort"][0], "and a repair has changed nobody"
    assert back["late_ratio_to_both"][0] > 1.0


def test_a_card_can_be_shipped_as_it_is_printed():
    card = Rulebook().ability
    again = eval(card_source(card), {"Scorecard": Scorecard, "Characteristic": Characteristic})
    assert again == card
    rows = rows_of(drawn(50))
    assert (chances(again, VALUES, rows) == chances(card, VALUES, rows)).all()


def test_offers_are_measured(capsys: pytest.CaptureFixture[str]):
    found = measure_offers(LimitTerms(), customers=20_000, seed=2)
    assert 0 < found["risk_ratio"] <= 0.6
    assert found["customers_per_s"] > 0
    assert main(["approval", "offers", "--customers", "5000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["customers"] == 5_000


@pytest.mark.slow
def test_the_shipped_rulebook_on_a_city_that_it_has_not_seen():
    report = measure(Rulebook(), make_applicants(people=6_000, seed=31, count=2_500), seed=3)
    assert report["automated_share"][0] >= 0.9
    assert report["second_look"]["blocked_share"][0] >= 0.99
    assert report["willingness"]["auc"][0] > 0.5
    assert report["ability"]["auc"][0] > 0.5
    assert report["willingness"]["bands_within"] + report["ability"]["bands_within"] >= 7
    approved = report["approved"]
    assert approved["late_share_approved"][1] < approved["late_share_all"][1]
    assert approved["share_no_file"][0] > 0.5  # thin files start, low
