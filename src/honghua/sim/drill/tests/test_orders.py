"""Who comes on the shopping day: the city's own people in a crowd, and gangs that hear between waves."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR
from honghua.sim.core.gangs import CrewPlan, Mood
from honghua.sim.core.outcomes import Heard
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.truth import CRIME_STEP
from honghua.sim.drill.crowd import HOT_SHARE, HOT_SHOPS, gather
from honghua.sim.drill.raids import Raids
from honghua.sim.drill.shape import BEGINS_HOUR, MIDNIGHT, SHAPES
from honghua.sim.driving.city_actor import CityActor
from honghua.sim.scene_file import standard_scenes

PEOPLE, DAY, WAVES, ORDERS = 500, 20, 12, 1_500
SEED = 9


@pytest.fixture(scope="module")
def actor():
    first = dt.date(2026, 11, 10) - dt.timedelta(days=DAY)
    return CityActor(CityPlan(standard_scenes(), PEOPLE, DAY + WAVES + 1, SEED, first), CrewPlan(SEED, 1))


@pytest.fixture(scope="module")
def crowd(actor):
    return gather(actor.lives, actor.registry, seed=SEED, day=DAY, orders=ORDERS, shape=SHAPES["double11"])


def test_the_crowd_is_the_citys_own_and_comes_by_the_shape(actor, crowd):
    assert len(crowd) == ORDERS
    begin = DAY * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR
    assert (np.diff(crowd["at_us"]) >= 0).all()
    assert begin <= crowd["at_us"][0] < crowd["at_us"][-1] < begin + US_PER_DAY
    assert (crowd["credit"] > 0).all()
    assert (crowd["ring"] == 0).all()
    place = (crowd["at_us"] - begin) / US_PER_DAY
    rush = (place >= MIDNIGHT) & (place < MIDNIGHT + 0.012)
    assert rush.mean() / 0.012 == pytest.approx(10, rel=0.2)
    online = actor.registry.shops.shops.online[crowd["merchant"]]
    assert online[rush].mean() > 0.97, "at midnight shops at places are closed"
    assert 0.02 < (~online).mean() < 0.6


def test_hot_shops_have_their_share_and_their_own_prices(actor, crowd):
    _, count = np.unique(crowd["merchant"], return_counts=True)
    most = np.sort(count)[::-1][:HOT_SHOPS].sum() / ORDERS
    assert most > HOT_SHARE - 0.05
    listed = actor.registry.shops.shops.price_minor[crowd["merchant"]]
    basket = actor.registry.shops.basket[actor.registry.shops.scene[crowd["merchant"]]]
    pieces = [(listed * k == crowd["amount_minor"][:, None]).any(axis=1) for k in range(1, 6)]
    assert np.logical_or.reduce([basket, *pieces]).mean() > 0.95


def test_the_same_seed_gathers_the_same_crowd(actor, crowd):
    again = gather(actor.lives, actor.registry, seed=SEED, day=DAY, orders=ORDERS, shape=SHAPES["double11"])
    assert all((again[name] == crowd[name]).all() for name in crowd.columns)


def raid(*, refused: bool) -> tuple[Raids, int, int]:
    """All waves against a house that says always the same; (raids, acts, their money)."""
    first = dt.date(2026, 11, 10) - dt.timedelta(days=DAY)
    city = CityActor(CityPlan(standard_scenes(), PEOPLE, DAY + WAVES + 1, SEED, first), CrewPlan(SEED, 2))
    assert city.gangs is not None
    raids = Raids(city.gangs.crew, seed=SEED, day=DAY, waves=WAVES, crimes=60)
    acts = money = 0
    for wave in range(WAVES):
        rows = raids.wants(wave)
        place = (rows["at_us"] - raids.begin_us) / US_PER_DAY
        assert ((place >= wave / WAVES) & (place < (wave + 1) / WAVES)).all()
        assert ((rows["kind"] == EventKind.PURCHASE) & (rows["credit"] > 0)).all()
        assert np.isin(rows["customer"], raids.members).all() or refused
        crime = rows["crime"] % CRIME_STEP == 1
        acts, money = acts + int(crime.sum()), money + int(rows["amount_minor"][crime].sum())
        word = Heard.REFUSED_RISK if refused else Heard.APPROVED
        raids.hear(wave, np.full(len(rows), word), np.where(refused, 0, rows["amount_minor"]))
    return raids, acts, money


def test_about_as_many_crimes_are_planned_as_asked_for_by_many_rings():
    first = dt.date(2026, 11, 10) - dt.timedelta(days=DAY)
    city = CityActor(CityPlan(standard_scenes(), PEOPLE, DAY + WAVES + 1, SEED, first), CrewPlan(SEED, 2))
    assert city.gangs is not None
    crew = city.gangs.crew
    Raids(crew, seed=SEED, day=DAY, waves=WAVES, crimes=60)
    span = (DAY + 1) * US_PER_DAY, (DAY + 1 + WAVES) * US_PER_DAY
    planned = {}
    for k, gang in enumerate(crew.gangs):
        bought = (gang.plan["kind"] == EventKind.PURCHASE) & (gang.plan["credit"] > 0) & gang.is_act
        planned[k] = int((bought & (gang.due >= span[0]) & (gang.due < span[1])).sum())
    assert sum(planned.values()) == 60, "as many as asked for, where the city has them"
    assert max(planned.values()) <= 60 // 8
    assert len({crew.kind_of(k) for k, n in planned.items() if n}) >= 8, "of many typologies"


def test_gangs_hear_between_waves_and_change_their_ways():
    open_raids, open_acts, _ = raid(refused=False)
    raids, shut_acts, _ = raid(refused=True)
    assert min(open_acts, shut_acts) > 10

    def count(some: Raids, mood: Mood) -> int:
        return sum(gang.mood is mood for gang in some.crew.gangs)

    assert count(raids, Mood.GONE) > count(open_raids, Mood.GONE), "who hears nothing but no gives up"
    assert count(raids, Mood.WORKING) < count(open_raids, Mood.WORKING), "and the others probe"
