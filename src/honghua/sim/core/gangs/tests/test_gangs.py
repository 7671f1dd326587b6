"""Gangs probe small, go on when it passes, change when it does not, and give up; what hangs on a refused act never comes."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core.background import City
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft
from honghua.sim.core.gangs import Crew, CrewPlan, Mood
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.core.people import settle_people
from honghua.sim.core.shops import open_shops
from honghua.sim.core.stage import Stage
from honghua.sim.core.typologies import ALL_TYPOLOGIES

DAYS = 40
STEP = 4 * US_PER_HOUR
GRANT_MINOR = 100_000


def make_crew(*typologies: str, adaptive: bool = True, rings: int = 1, seed: int = 3) -> Crew:
    people = settle_people(derive_rng(seed, "people"), people=1_000, days=DAYS)
    city = City(people, open_shops(derive_rng(seed, "shops"), people=1_000, days=DAYS), DAYS)
    return Crew(Stage(city, first_day=4), CrewPlan(seed, rings, typologies, adaptive, actor=5))


def answer(wants: Draft, code: int) -> Outcomes:
    """The same answer for all acts; what is no crime passes."""
    codes = np.where(wants["crime"] % 2 == 1, code, Heard.APPROVED)
    granted = np.where(wants["amount_minor"] > 0, wants["amount_minor"], GRANT_MINOR)
    return Outcomes(codes.astype(np.int8), np.where(codes == Heard.APPROVED, granted, 0))


def live(crew: Crew, code: int, *, step: int = STEP) -> list[Draft]:
    """All that the crew wants, span by span, when every act gets this answer."""
    wanted = []
    for at in range(0, DAYS * US_PER_DAY, step):
        wants = crew.wants_between(at, at + step)
        crew.hear_rows(np.arange(len(wants)), answer(wants, code))
        wanted.append(wants)
    return wanted


def column(parts: list[Draft], name: str) -> np.ndarray:
    return np.concatenate([one[name] for one in parts])


def acts(parts: list[Draft]) -> np.ndarray:
    """Rows that are crimes and not about an earlier act."""
    return np.asarray((column(parts, "crime") % 2 == 1) & (column(parts, "about") == NONE))


@pytest.mark.parametrize("name", ALL_TYPOLOGIES)
def test_who_does_not_adapt_plays_the_plan(name):
    crew = make_crew(name, adaptive=False)
    plan = crew.gangs[0].plan
    wanted = live(crew, Heard.APPROVED)
    planned = crew.gangs[0].is_act & (plan["at_us"] < DAYS * US_PER_DAY)
    linked = np.concatenate([np.zeros(0, np.int64), *crew.gangs[0]._links.values()]).astype(np.int64)
    planned[linked] = False
    assert planned.sum() == acts(wanted).sum() > 5
    for part in ("customer", "merchant", "payee", "share_ppm", "device"):
        assert sorted(column(wanted, part)[acts(wanted)]) == sorted(plan[part][planned]), part


def test_acts_have_names_and_come_in_order():
    wanted = live(make_crew("colluding_shop", "mule_fan_in", "refund_loop", rings=2), Heard.APPROVED)
    names = column(wanted, "act")
    assert len(np.unique(names)) == len(names) > 50
    assert (np.diff(column(wanted, "at_us")) >= 0).all()
    assert (names >> 40 == 5).all(), "the actor's"


def test_the_first_act_is_one_alone_and_small():
    whole = make_crew("small_structuring", adaptive=False)
    crew = make_crew("small_structuring")
    least = whole.gangs[0].plan["amount_minor"][whole.gangs[0].is_act].min()
    wanted = [one for one in live(crew, Heard.REFUSED_RISK, step=US_PER_DAY) if len(one)]
    first = next(one for one in wanted if (one["crime"] % 2 == 1).any())
    crimes = first["crime"] % 2 == 1
    assert crimes.sum() == 1
    assert 0 < first["amount_minor"][crimes][0] < 0.5 * least


def test_after_refusals_members_stay_at_home_and_the_gang_goes():
    crew = make_crew("goods_resale")
    gang = crew.gangs[0]
    wanted = live(crew, Heard.REFUSED_RISK)
    tried = acts(wanted)
    assert gang.mood is Mood.GONE
    assert tried.sum() == gang.tuning.gives_up
    _, each = np.unique(column(wanted, "customer")[tried], return_counts=True)
    assert each.max() <= gang.tuning.patience
    assert make_crew("goods_resale", adaptive=False).gangs[0].is_act.sum() > gang.tuning.gives_up


def test_probing_gangs_act_one_at_a_time():
    for one in live(make_crew("colluding_shop"), Heard.REFUSED_RISK):
        assert ((one["crime"] % 2 == 1) & (one["about"] == NONE)).sum() <= 1


def test_when_all_passes_the_gang_gets_what_it_planned():
    """A probe takes a part, the rest follows; nothing is taken twice."""
    planned = make_crew("small_structuring", adaptive=False)
    crew = make_crew("small_structuring")
    want = planned.gangs[0].plan["amount_minor"][planned.gangs[0].is_act].sum()
    wanted = live(crew, Heard.APPROVED)
    got = column(wanted, "amount_minor")[acts(wanted)].sum()
    assert crew.gangs[0].mood is Mood.WORKING
    assert 0.75 * want < got < 1.1 * want


def test_money_comes_back_only_for_what_was_granted():
    for adaptive in (False, True):
        refused = live(make_crew("refund_loop", adaptive=adaptive), Heard.REFUSED_RISK)
        assert (column(refused, "kind") != EventKind.REFUND).all()
        granted = live(make_crew("refund_loop", adaptive=adaptive), Heard.APPROVED)
        back = column(granted, "kind") == EventKind.REFUND
        bought = dict(zip(column(granted, "act").tolist(), column(granted, "at_us").tolist()))
        assert back.sum() > 5
        for about, about_at, at, amount in zip(
            *(column(granted, name)[back].tolist() for name in ("about", "about_at_us", "at_us", "amount_minor"))
        ):
            assert bought[about] == about_at < at
            assert amount > 0


def test_refused_gangs_change_what_was_seen():
    """Refused again and again, a farm leaves its devices and addresses; each fresh one that was refused is not seen again."""
    crew = make_crew("device_farm", rings=3)
    plans = [set(gang.plan["device"][gang.is_act].tolist()) for gang in crew.gangs]
    wanted = live(crew, Heard.REFUSED_RISK)
    tried = acts(wanted)
    for number, planned in enumerate(plans, start=1):
        mine = column(wanted, "device")[tried & (column(wanted, "ring") == number)]
        fresh = [device for device in mine.tolist() if device not in planned]
        assert fresh, "something else was tried"
        assert len(set(fresh)) == len(fresh)


def test_greedy_acts_are_refused_until_gangs_take_less():
    """A house that lets small sums pass teaches small sums."""
    crew = make_crew("mule_fan_in", rings=4)
    for at in range(0, DAYS * US_PER_DAY, STEP):
        wants = crew.wants_between(at, at + STEP)
        mine = wants["crime"] % 2 == 1
        codes = np.where(mine & (wants["amount_minor"] > 60_000), Heard.REFUSED_RISK, Heard.APPROVED).astype(np.int8)
        crew.hear_rows(np.arange(len(wants)), Outcomes(codes, np.where(codes == 1, wants["amount_minor"], 0)))
    lore = crew.lore["mule_fan_in"]
    passing = lore.passed[0] / np.maximum(lore.passed[0] + lore.refused[0], 1)
    assert lore.passed[0].sum() > 20
    assert passing[2:4].max() > passing[0]


def test_the_same_answers_give_the_same_crimes():
    first, again = (live(make_crew(*ALL_TYPOLOGIES), Heard.APPROVED_LESS) for _ in range(2))
    for name in first[0].columns:
        assert column(first, name).tobytes() == column(again, name).tobytes()


def test_unanswered_wants_were_not_tried():
    crew = make_crew("virtual_goods")
    for day in range(DAYS):
        wants = crew.wants(day)
        crew.hear(day, np.zeros(0, np.int64), answer(wants.take(np.zeros(0, np.int64)), Heard.APPROVED))
    assert crew.lore["virtual_goods"].passed.sum() == crew.lore["virtual_goods"].refused.sum() == 0


@pytest.mark.parametrize("plan", [{"typologies": ("nonsense",)}, {"rings": -1}])
def test_plans_that_make_no_sense(plan):
    with pytest.raises(ValueError, match=r"no such typology|no negative"):
        CrewPlan(1, **plan)
