"""Lives under moving limits: the records that the shipped rules see, no look ahead, cut-offs chosen where they may be."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.app.approval.dynamics.behaviour import (
    FEATURES,
    Panel,
    choose_serving,
    describe_conduct,
    make_panel,
    measure_behaviour,
)
from honghua.app.approval.dynamics.lives import MONTHS, Stepping, make_records, settle_town
from honghua.app.approval.dynamics.segments import TIERS, measure_rules, measure_segments
from honghua.app.approval.dynamics.thin import Outcome, choose_cut, tell, tell_saved
from honghua.limits.core import EXAMPLE_SEGMENTS, LimitTerms, Record, Rulebook
from honghua.sim.api import Lived, Month, live_months

K = 3


def month(
    *, limit: int = 100_000, used: tuple[int, ...] = (0, 0, 0), dpd: tuple[int, ...] = (0, 0, 0), bought: int = 5_000
) -> Month:
    def column(values: tuple[int, ...] | int) -> np.ndarray:
        return np.full(K, values, np.int64) if isinstance(values, int) else np.array(values, np.int64)

    return Month(
        column(limit), column(used), column(bought), column(4_000), column(1), column(0), column(dpd), column(dpd)
    )


def test_records_say_what_the_books_would():
    months = (month(used=(50_000, 0, 0)), month(used=(20_000, 0, 9_000), dpd=(0, 0, 5)), month(bought=0))
    records = make_records(months, np.array([0, 2, 0]), np.full(K, 1_000_000))
    assert [one.good_statements for one in records] == [2, 0, 1], (
        "an idle month has no bill; a late one is no good one; old ones are over"
    )
    assert [one.was_late for one in records] == [False, False, True]
    assert [one.used_share_ppm for one in records] == [500_000, 0, 90_000]
    assert [one.days_since_change for one in records] == [90, 30, 90]
    assert [one.idle_days for one in records] == [30, 30, 30]


def test_conduct_knows_nothing_of_later_months():
    rng = np.random.default_rng(4)
    months = tuple(Month(*(rng.integers(1, 90, K).astype(np.int64) for _ in Month._fields)) for _ in range(18))
    whole = Lived(months, np.full(K, -1), np.zeros(K, np.int64))
    for cut in (3, 7, 12):
        other = Lived((*months[:cut], *months[:3]), np.full(K, 500), np.ones(K, np.int64))
        np.testing.assert_array_equal(describe_conduct(whole, cut), describe_conduct(other, cut))
        assert describe_conduct(whole, cut).shape == (K, len(FEATURES))


def test_a_cut_off_is_the_lowest_score_that_keeps_the_loss():
    score = np.linspace(0.9, 0.5, 100)
    lost = np.where(np.arange(100) % 20 == 19, 4_000, 0)
    bought = np.full(100, 10_000)
    found = Outcome(score, lost, bought, lost > 0)
    assert choose_cut(found, 0.0199) == pytest.approx(score[98]), "with the hundredth it would be 2 %"
    assert choose_cut(found, 0.0) == float("inf") or found.lost_minor[score >= choose_cut(found, 0.0)].sum() == 0
    assert tell(found, score[49], seed=1)["approved"][1] == 0.5
    half = Outcome(score, lost // 2, bought, lost > 0)
    low, mid, high = tell_saved({"static": found, "stepped": half}, 0.0, seed=1)
    assert mid == pytest.approx(0.01)
    assert low <= mid <= high


def test_the_same_life_again_and_nobody_buys_beyond_a_limit_or_after_default():
    town = settle_town(Rulebook(), seed=9, count=40)
    who = town.drawn.who
    start = np.full(len(who), 200_000, np.int64)
    one, again = (live_months(town.drawn.registry, who, start, months=4, future=(9, 0)) for _ in range(2))
    assert all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for a, b in zip(one.months, again.months, strict=True)
        for name in Month._fields
    )
    assert all((month.used_minor <= 200_000).all() for month in one.months)
    assert sum(int(month.bought_minor.sum()) for month in one.months) == int(one.bought_minor.sum()) > 0
    owed = sum(month.bought_minor - month.paid_minor for month in one.months)
    assert (owed >= one.months[-1].used_minor).all(), "refunds aside, what stands was bought and not paid"
    panel = make_panel([(town, np.ones(len(who), np.bool_), Lived(one.months * 5, one.default_day, one.lost_minor))])
    assert panel.conduct.shape[0] == len(panel.bad) == len(panel.person)


def lives_of(rows: list[tuple[Record, int, int]]) -> tuple[Lived, Stepping]:
    """One life each: the same record every month, a balance that stands, and what is lost in month 14 (0 = nothing)."""
    records, balance, lost = zip(*rows, strict=True)
    used = np.array(balance, np.int64)
    zero = np.zeros(len(rows), np.int64)
    months = tuple(Month(used, used, used, zero, zero, zero, zero, zero) for _ in range(MONTHS))
    stepping = Stepping(LimitTerms(), used)
    stepping.records = [list(records) for _ in range(MONTHS)]
    return Lived(months, np.where(np.array(lost) > 0, 14 * 30, -1), np.array(lost, np.int64)), stepping


def account(*, share: int = 500_000, **shown) -> Record:
    return Record(limit_minor=400_000, ceiling_minor=900_000, used_share_ppm=share, **shown)


SHOWN = {
    "low": account(share=100_000), "middle": account(), "high": account(share=950_000), "was late": account(was_late=True),
    "past due": account(was_late=True, dpd=3),
}  # fmt: skip


def test_loss_by_tier_is_what_was_lost_of_what_stood_and_an_order_that_is_none_is_said():
    """Of 40 accounts each, 1, 2, 4, 8 and 16 lose half of their 1,000; months 9 and 12 see it coming, month 6 does not."""
    terms = LimitTerms(segments=EXAMPLE_SEGMENTS)

    def measure(bad: dict[str, int]):
        rows = [(SHOWN[name], 100_000, 50_000 * (k < bad[name])) for name in TIERS for k in range(40)]
        return measure_segments(terms, [lives_of(rows)], seed=3)

    found = measure(dict(zip(TIERS, (1, 2, 4, 8, 16), strict=True)))
    assert [found["tiers"][name]["loss"][1] for name in TIERS] == pytest.approx(
        [2 * n * 0.5 / 120 for n in (1, 2, 4, 8, 16)], abs=1e-5
    )
    assert found["monotone"]
    assert set(found["segments"]) == {"light", "general", "stretched", "was_late", "past_due"}
    assert found["tiers"]["past due"]["looks"] == 120
    low, mid, high = found["tiers"]["past due"]["loss"]
    assert low < mid < high
    turned = measure(dict(zip(TIERS, (16, 8, 4, 2, 1), strict=True)))
    assert not turned["monotone"]
    assert turned["monotone_draws"] < 0.05


def test_rules_are_compared_on_the_same_people():
    lived, _ = lives_of([(account(), 100_000, 0)] * 9 + [(account(), 100_000, 90_000)])
    half = Lived(lived.months, lived.default_day, lived.lost_minor // 2)
    found = measure_rules([half], [lived], seed=1)
    bought = MONTHS * 100_000 * 10
    assert found["lost_of_bought"]["own"][1] == pytest.approx(45_000 / bought, abs=1e-5)
    assert found["lost_of_bought"]["saved"][1] == pytest.approx(45_000 / bought, abs=1e-5)
    assert measure_rules([lived], [lived], seed=1)["lost_of_bought"]["saved"] == [0, 0, 0]


def panel_of(*, seed: int, cities: int) -> Panel:
    """Account-months whose conduct tells of default in one value, and whose application tells nothing."""
    rng, n = np.random.default_rng(seed), 2_000
    conduct, applied = rng.normal(size=(n, len(FEATURES))), rng.normal(size=(n, 3))
    bad = rng.random(n) < 1 / (1 + np.exp(3 - 2 * conduct[:, 0]))
    person = np.arange(n) + (np.arange(n) % cities << 32)
    ones = np.ones(n, np.int64)
    return Panel(
        conduct,
        applied,
        rng.random(n),
        bad,
        person,
        np.where(np.arange(n) % 2, 6, 12),
        ones > 0,
        np.where(bad, 500, -1),
        bad * 7,
        ones * 9,
    )


@pytest.mark.slow
def test_what_serves_is_chosen_on_training_cities_and_conduct_is_told_from_noise():
    train, test = panel_of(seed=1, cities=2), panel_of(seed=2, cities=1)
    _, serving, folds = choose_serving(train)
    assert serving in ("conduct", "both")
    assert folds["conduct, logistic"] > 0.8
    assert abs(folds["application, logistic"] - 0.5) < 0.1
    found = measure_behaviour(train, test)
    low, gain, _ = found["accounts_in_order"]["conduct_less_application"]
    assert low > 0.2
    assert gain > 0.25
    assert found["accounts_in_order"]["rows"] == 2_000
