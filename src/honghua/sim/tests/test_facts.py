"""What a city looks like from outside: one fact at a time, then facts that hold together; and beside published sets."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from honghua.features.core import EventKind
from honghua.sim.core.life import DAY_COLUMNS, play_city, settle_city
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.scene_file import standard_scenes

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
NAMES = np.array([one.name for one in CATEGORIES])


def live(first_day, days, people=2_500, seed=31):
    """(registry, all events, purchases with local hour and day, own and refused included) of an innocent city."""
    registry = settle_city(CityPlan(standard_scenes(), people, days, seed, first_day))
    world = dict(zip(DAY_COLUMNS, np.concatenate(list(play_city(registry, None)), axis=1)))
    mine = world["kind"] == EventKind.PURCHASE
    bought = {name: values[mine] for name, values in world.items()}
    local = bought["at_us"] - registry.first_midnight_us
    bought |= {"hour": local // HOUR_US % 24, "day": local // DAY_US, "name": NAMES[bought["category"] - 1]}
    return registry, world, bought


@pytest.fixture(scope="module")
def april():
    """Four ordinary weeks from a Monday."""
    return live(dt.date(2026, 4, 13), 28)


@pytest.fixture(scope="module")
def november():
    """From before the opening of 11.11 until the week after it."""
    return live(dt.date(2026, 10, 12), 38, people=1_500)


def repeats(customer, merchant):
    """The share of purchases at a shop where the buyer has bought before."""
    return 1 - np.unique(np.stack([customer, merchant]), axis=1).shape[1] / len(customer)


def gini(counts):
    """0 = all alike, 1 = one has all."""
    counts = np.sort(counts)
    n = len(counts)
    return float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * counts.sum()))


def counts_of(keys):
    return np.unique(keys, return_counts=True)[1]


def test_days_and_weeks_have_a_rhythm(april):
    _, _, bought = april
    share = np.bincount(bought["hour"], minlength=24) / len(bought["hour"])
    assert share[1:6].sum() < 0.03, "the city sleeps"
    assert share[12] > 1.3 * share[15], "lunch"
    assert share[18:21].sum() > 0.2, "evening"
    week = np.bincount(bought["day"] % 7, minlength=7)
    assert week[5:].mean() > 1.03 * week[:5].mean(), "weekends"


def test_hours_depend_on_what_is_bought(april):
    registry, _, bought = april
    codes = np.array(registry.plan.scenes.code)[bought["scene"]]
    breakfast, delivered = bought["hour"][codes == "breakfast-stall"], bought["hour"][bought["name"] == "takeaway"]
    assert np.median(breakfast) + 2 <= np.median(delivered)
    at_places = ~registry.plan.scenes.online[bought["scene"]]
    assert (bought["hour"][at_places] < 6).mean() < (bought["hour"][~at_places] < 6).mean()


def test_shops_are_zipf_and_people_are_not_alike(april):
    _, _, bought = april
    top = np.sort(counts_of(bought["merchant"]))[::-1]
    rank = np.arange(1, len(top) // 2 + 1)
    slope = np.polyfit(np.log(rank), np.log(top[: len(rank)]), 1)[0]
    assert -1.3 < slope < -0.45, slope
    assert 0.4 < gini(top) < 0.85
    each = counts_of(bought["customer"])
    assert 0.25 < gini(each) < 0.55
    assert each.std() > 2 * np.sqrt(each.mean()), "far from one Poisson rate for all"


def test_people_come_back_to_their_shops(april):
    _, _, bought = april
    shuffled = np.random.default_rng(1).permutation(bought["merchant"])
    assert repeats(bought["customer"], bought["merchant"]) > 2 * repeats(bought["customer"], shuffled)


def test_amounts_spread_and_baskets_hold_several_goods(april):
    registry, _, bought = april
    yuan = bought["amount_minor"] / 100
    assert 1.2 < np.log(yuan).std() < 2.3
    assert yuan.mean() > 2 * np.median(yuan), "a long tail"
    median = {name: np.median(yuan[bought["name"] == name]) for name in ("takeaway", "clothing", "phones")}
    assert median["takeaway"] < median["clothing"] < median["phones"]
    basket = registry.plan.scenes.basket[bought["scene"]]
    assert bought["items"][basket].mean() > 1.5 * bought["items"][~basket].mean()


def test_dear_things_are_bought_on_credit_more_often_and_in_parts(april):
    _, _, bought = april
    dear = bought["amount_minor"] > 50_000
    assert bought["credit"][dear].mean() > 1.2 * bought["credit"][~dear].mean()
    assert (bought["instalments"][dear] > 0).mean() > 5 * (bought["instalments"][~dear] > 0).mean()
    assert set(np.unique(bought["instalments"])) <= {0, 3, 6, 9, 12, 24}


def test_devices_addresses_and_payees_are_shared_in_part(april):
    _, world, _ = april
    for name, median, most in (("device", 1, (3, 40)), ("address", 10, (25, 2_500)), ("payee", 5, (20, 2_500))):
        there = world[name] > 0
        users = counts_of(np.unique(np.stack([world[name][there], world["customer"][there]]), axis=1)[0])
        assert np.median(users) <= median, name
        assert most[0] <= users.max() <= most[1], name


def test_goods_go_back_by_their_kind_and_bills_are_paid(april):
    _, world, bought = april
    back = NAMES[world["category"][world["kind"] == EventKind.REFUND] - 1]
    rate = {name: (back == name).sum() / (bought["name"] == name).sum() for name in ("clothing", "grocery")}
    assert rate["clothing"] > 3 * rate["grocery"]
    paid = world["kind"] == EventKind.REPAYMENT
    lent = bought["amount_minor"][bought["credit"] == 1].sum()
    assert 0.3 * lent < world["amount_minor"][paid].sum() < 2.5 * lent
    refused = (world["kind"] == EventKind.REFUSED).sum()
    assert 0.001 < refused / (bought["credit"] == 1).sum() < 0.2


def test_the_big_day_and_the_wait_before_it(november):
    registry, _, bought = november
    promo = registry.plan.scenes.promo[bought["scene"]] > 2.0
    by_day = np.bincount(bought["day"][promo], minlength=38).astype(float)
    big, opening = 30, 8  # 11 November, 20 October
    usual = by_day[:3].mean()
    assert by_day[big] > 2 * usual
    assert by_day[opening - 4 : opening].mean() < usual
    hours = np.bincount(bought["hour"][promo & (bought["day"] == big)], minlength=24)
    assert hours[0] > 3 * hours.mean(), "midnight"
    evening = np.bincount(bought["hour"][promo & (bought["day"] == opening)], minlength=24)
    assert evening.argmax() == 20, "the sale opens at eight"
    quiet = registry.plan.scenes.promo[bought["scene"]] <= 1.0
    calm = np.bincount(bought["day"][quiet], minlength=38)
    assert calm[big] < 1.5 * calm[:3].mean(), "nobody needs more bus rides"


def test_deposits_are_topped_up_on_the_day(november):
    registry, _, bought = november
    taken = (bought["day"] >= 8) & (bought["day"] <= 16) & (registry.plan.scenes.promo[bought["scene"]] >= 2.0)
    early = set(zip(bought["customer"][taken].tolist(), bought["merchant"][taken].tolist()))
    first_hours = (bought["day"] == 30) & (bought["hour"] < 3)
    again = [
        pair in early
        for pair in zip(bought["customer"][first_hours].tolist(), bought["merchant"][first_hours].tolist())
    ]
    other = (bought["day"] == 29) & (bought["hour"] < 3)
    before = [pair in early for pair in zip(bought["customer"][other].tolist(), bought["merchant"][other].tolist())]
    assert sum(again) > 5 + 3 * sum(before)


@pytest.mark.skipif(not (DATA / "fdh" / "transactions.parquet").exists(), reason="the published set is not here")
def test_beside_the_handbooks_simulation(april):
    """Its terminals are alike within a radius and its customers' means are uniform: ours are between that and extremes."""
    _, _, bought = april
    table = pq.read_table(DATA / "fdh" / "transactions.parquet", columns=["CUSTOMER_ID", "TERMINAL_ID", "TX_TIME_DAYS"])
    days = table["TX_TIME_DAYS"].to_numpy() < 28
    customer, terminal = (table[name].to_numpy()[days] for name in ("CUSTOMER_ID", "TERMINAL_ID"))
    assert gini(counts_of(bought["merchant"])) > gini(counts_of(terminal)) + 0.2
    assert abs(gini(counts_of(bought["customer"])) - gini(counts_of(customer))) < 0.2
    assert repeats(bought["customer"], bought["merchant"]) > 0.5 * repeats(customer, terminal)


@pytest.mark.skipif(not (DATA / "s_ffsd" / "transactions.parquet").exists(), reason="the published set is not here")
def test_beside_s_ffsd(april):
    """There a handful of targets gets nearly everything; ours have a head and a body, with amounts as wide."""
    _, _, bought = april
    table = pq.read_table(DATA / "s_ffsd" / "transactions.parquet", columns=["Source", "Target", "Amount"])
    target = np.array(table["Target"].to_pylist())
    assert gini(counts_of(bought["merchant"])) < gini(counts_of(target))
    amount = table["Amount"].to_numpy()
    assert abs(np.log(bought["amount_minor"]).std() - np.log(amount[amount > 0]).std()) < 0.6
