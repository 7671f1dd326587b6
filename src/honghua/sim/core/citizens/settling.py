"""How a city fills: households, ages, work, ways of coming here, income, costs and habits, drawn one theme after the other."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.citizens.history import Year, live_through_a_year
from honghua.sim.core.citizens.occupations import (
    AGE_MAX,
    AGE_MIN,
    IS_GRADUATE,
    IS_STUDENT,
    OCCUPATIONS,
    TIER_PAY,
    draw_occupations,
    of,
)
from honghua.sim.core.citizens.records import DAYS_A_YEAR, NEVER_DAY, Citizens, LifeEvent, PayRhythm, Reason, Stage
from honghua.sim.core.citizens.responses import draw_lifts
from honghua.sim.core.citizens.streets import Residents, settle_streets
from honghua.sim.core.draft import Ints
from honghua.sim.core.people import People
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.shops import REGIONS

Floats = NDArray[np.float64]
Rng = np.random.Generator

TIER_OF_REGION: Final = np.repeat(np.array([1, 2, 3, 4], np.int8), [4, 9, 6, 11])  # the regions are cities
TIER_SHARES: Final = (0.145, 0.245, 0.175, 0.435)
SPARE_SHARE: Final = 0.04  # the last ids: accounts that join during the days and buy little, whom a farm may register
SPARE_PACE: Final = 0.25
YUAN: Final = 100
PAY_DAYS: Final = {5: 0.10, 8: 0.08, 10: 0.28, 15: 0.27, 20: 0.12, 25: 0.10, 28: 0.05}  # of the month, assumed


class Home(NamedTuple):
    """A kind of household. share of all; members; age of the first: least + width × beta(a, b); what each next one is to the first."""

    share: float
    members: int
    age: tuple[float, float, float, float]
    others: tuple[str, ...]
    child: float = 0.0  # share with a child that is no citizen yet


HOMES: Final = (
    Home(0.27, 1, (18, 42, 1.25, 3.3), ()),
    Home(0.07, 2, (19, 15, 1.6, 1.9), ("mate",)),
    Home(0.06, 3, (19, 14, 1.6, 1.9), ("mate", "mate")),
    Home(0.18, 2, (22, 46, 1.25, 2.3), ("spouse",), 0.12),
    Home(0.19, 2, (25, 22, 1.8, 2.4), ("spouse",), 0.95),
    Home(0.07, 3, (26, 19, 1.8, 2.4), ("spouse", "parent"), 0.85),
    Home(0.04, 4, (26, 19, 1.8, 2.4), ("spouse", "parent", "parent"), 0.85),
    Home(0.05, 3, (45, 14, 2.0, 2.2), ("spouse", "child")),
    Home(0.07, 2, (57, 26, 1.2, 2.2), ("spouse",)),
)


def settle_citizens(plan: CityPlan) -> Citizens:
    """Everybody who lives in the city of a plan; the same in every process. Cost: a million people in 4 s, 215 bytes each."""

    def rng(theme: str) -> Rng:
        return derive_rng(plan.seed, "citizens", theme)

    who = _households(rng("households"), plan.people)
    who |= _work(rng("work"), who)
    who |= _arrival(rng("arrival"), who)
    who |= _means(rng("means"), who)
    who |= _habits(rng("habits"), who, plan.days)
    year = live_through_a_year(rng("year"), who)
    people = _street(rng("street"), who, year, plan.days)
    return _record(plan, who, year, people)


def _households(rng: Rng, n: int) -> dict[str, Any]:
    """Who lives with whom, where, and how old they are."""
    kind_of_home = rng.choice(len(HOMES), n, p=_normal([one.share for one in HOMES]))
    members = np.array([one.members for one in HOMES])[kind_of_home]
    household = np.repeat(np.arange(n), members)[:n]
    kind = kind_of_home[household]
    first = np.searchsorted(household, np.arange(household[-1] + 1))
    place = np.arange(n) - first[household]
    least, width, a, b = np.array([one.age for one in HOMES])[kind_of_home].T
    head_age = least + width * rng.beta(a, b)
    head_female = rng.random(n) < 0.47
    role = np.full((len(HOMES), 4), "head", "U8")
    for row, home in enumerate(HOMES):
        role[row, 1 : 1 + len(home.others)] = home.others
    is_role = role[kind, np.minimum(place, 3)]
    gap = np.select(
        [is_role == "head", is_role == "spouse", is_role == "mate", is_role == "parent"],
        [np.zeros(n), rng.normal(-0.8, 2.5, n), rng.normal(0, 2.5, n), rng.normal(27, 2.5, n)],
        rng.normal(-25.5, 2.5, n),
    )
    age = np.clip(head_age[household] + gap, AGE_MIN + 0.01, AGE_MAX + 0.9)
    female = np.select(
        [is_role == "head", is_role == "spouse", is_role == "mate"],
        [head_female[household], ~head_female[household], head_female[household] ^ (rng.random(n) < 0.1)],
        rng.random(n) < 0.52,
    )
    tier_of_home = rng.choice(4, n, p=TIER_SHARES) + 1
    region = _regions(rng, tier_of_home)[household]
    child = (rng.random(n) < np.array([one.child for one in HOMES])[kind_of_home])[household]
    has_child = child & np.isin(is_role, ("head", "spouse"))
    return {
        "household": household, "age": age, "female": female.astype(np.bool_), "region": region,
        "tier": TIER_OF_REGION[region].astype(np.int64), "is_parent_of_head": is_role == "parent", "shares_flat": is_role == "mate",
        "has_child": has_child, "stage": _stages(age, kind, has_child, head_age[household]),
    }  # fmt: skip


def _regions(rng: Rng, tier: Ints) -> Ints:
    """A city of the tier, the first of a tier larger than the last."""
    first = np.searchsorted(TIER_OF_REGION, np.arange(1, 5))
    count = np.bincount(TIER_OF_REGION, minlength=5)[1:]
    assert count.sum() == REGIONS
    return np.asarray(first[tier - 1] + np.floor(count[tier - 1] * rng.random(len(tier)) ** 1.35), np.int64)


def _stages(age: Floats, kind: Ints, has_child: NDArray[np.bool_], head_age: Floats) -> Ints:
    paired = np.array([len(one.others) > 0 and one.others[0] == "spouse" for one in HOMES])[kind]
    return np.select(
        [age >= 62, has_child & (head_age < 31.5), has_child, paired & (age >= 48), paired],
        [Stage.RETIRED, Stage.SMALL_CHILD, Stage.SCHOOL_CHILD, Stage.EMPTY_NEST, Stage.COUPLE],
        Stage.SINGLE,
    ).astype(np.int64)


def _work(rng: Rng, who: dict[str, Any]) -> dict[str, Any]:
    occupation = draw_occupations(rng, np.floor(who["age"]).astype(np.int64), who["female"], who["tier"])
    return {"occupation": occupation, "rhythm": of("rhythm").astype(np.int64)[occupation]}


def _arrival(rng: Rng, who: dict[str, Any]) -> dict[str, Any]:
    """Who came from elsewhere, why, when, and whether they have the local hukou by now; families come together more often than not."""
    n = len(who["age"])
    occupation, age, household = who["occupation"], who["age"], who["household"]
    luck = np.where(rng.random(n) < 0.6, rng.random(n)[household], rng.random(n))
    share = of("migrant")[occupation] * np.array([1.30, 1.10, 0.80, 0.50])[who["tier"] - 1]
    came = luck < np.minimum(share, 0.93)
    years = np.minimum(rng.exponential(6.5, n) * np.clip((age - 15) / 16, 0.25, 2.0), age - 15.5)
    years = np.where(occupation == IS_STUDENT, np.minimum(years, np.maximum(age - 17.8, 0.1)), years)
    years = np.where(occupation == IS_GRADUATE, rng.uniform(0.05, 1.4, n), years)
    joins_child = who["is_parent_of_head"] | ((age > 60) & (rng.random(n) < 0.7))
    for_school = who["has_child"] & (rng.random(n) < 0.13)
    reason = np.select(
        [occupation == IS_STUDENT, joins_child, for_school],
        [Reason.OWN_STUDY, Reason.JOIN_CHILD, Reason.SCHOOL_OF_CHILD],
        Reason.WORK,
    )
    reason = np.where(came, reason, Reason.NATIVE)
    born = -np.floor(age * DAYS_A_YEAR).astype(np.int64)
    came_day = np.where(came, -np.floor(years * DAYS_A_YEAR).astype(np.int64), born)
    settles = rng.random(n) < of("hukou")[occupation]
    waits = rng.uniform(0.2, 6.0, n) * DAYS_A_YEAR
    hukou = np.where(settles, came_day + waits.astype(np.int64), NEVER_DAY)
    return {"born_day": born, "reason": reason, "came_day": came_day, "hukou_day": np.where(came, hukou, born)}


def _means(rng: Rng, who: dict[str, Any]) -> dict[str, Any]:
    """Income, what must be paid, and what is left for buying. Households share what they must pay by income."""
    n = len(who["age"])
    occupation, tier, household = who["occupation"], who["tier"], who["household"]
    experience = np.exp(-((np.clip(who["age"], 18, 62) - 42) ** 2) / 1_300)  # 0.64 at 18, 1 at 42
    median = of("median")[occupation] * np.array(TIER_PAY)[tier - 1]
    works = of("loss")[occupation] > 0
    base = median * np.where(works, 1.08 * experience, 1.0) * np.exp(rng.normal(0, 1, n) * of("sigma")[occupation])
    base = np.maximum(base, 500.0)
    earned = np.bincount(household, base, n)[household]
    dear = np.array([1.75, 1.15, 0.85, 0.6])[tier - 1]
    dorm = rng.random(n) < of("dorm")[occupation]
    rents = (who["came_day"] > who["born_day"]) & ~dorm & (rng.random(n)[household] < 0.78)
    rent = np.where(rents, 1_150 * dear * np.exp(rng.normal(0, 0.3, n)[household]), 0.0)
    rent = np.where(who["shares_flat"], rent * 0.8, rent) * base / earned
    rent = np.minimum(rent, 0.38 * base) // 50 * 50
    mortgage = np.where(~rents & (rng.random(n)[household] < 0.3), np.minimum(0.24 * base, 9_000), 0.0)
    child = np.where(who["has_child"], 900 * dear * base / earned, 0.0)
    parents = np.where((who["age"] < 55) & works, 0.035 * base, 0.0)
    costs = rent + np.minimum(mortgage + child + parents, 0.45 * base)
    left = np.maximum(base - costs, 0.0)
    spend = np.maximum(left * rng.beta(9.0, 2.6, n) * np.exp(rng.normal(0, 0.12, n)), 650 * np.sqrt(dear))
    pay = np.array([int(one.pay) for one in OCCUPATIONS])[occupation]
    of_month = rng.choice(list(PAY_DAYS), n, p=list(PAY_DAYS.values()))
    return {
        "base": base, "costs": costs, "rent": rent, "rent_day": rng.integers(1, 29, n), "spend": spend, "rhythm_of_pay": pay,
        "pay_day": np.where(pay == PayRhythm.WEEKLY, rng.integers(0, 7, n), of_month),
        "growth_ppm": np.round((of("growth")[occupation] + rng.normal(0, 0.02, n)) * 1e6),
        "noise": of("noise")[occupation] * np.exp(rng.normal(0, 0.3, n)),
    }  # fmt: skip


def _habits(rng: Rng, who: dict[str, Any], days: int) -> dict[str, Any]:
    """Character, cards, the wish for a credit line, and the large event that may lie ahead."""
    n = len(who["age"])
    occupation = who["occupation"]
    careful = rng.normal(size=n)  # one trait behind will, memory and autopay
    will = 1 / (1 + np.exp(-(5.6 + 1.3 * (0.6 * careful + 0.8 * rng.normal(size=n)))))
    mindful = 1 / (1 + np.exp(-(1.5 + 0.9 * careful + 0.5 * rng.normal(size=n))))
    event, event_day = _events(rng, who)
    return {
        "careful": careful, "will": will, "mindful": mindful, "autopay": rng.random(n) < 0.52 + 0.12 * np.tanh(careful),
        "has_card": rng.random(n) < of("card")[occupation] * np.where(who["age"] < 22, 0.5, 1.0), "line_day": _lines(rng, who, days),
        "bill_day": rng.choice([8, 9, 10, 15, 20], n, p=[0.2, 0.3, 0.34, 0.08, 0.08]), "event": event, "event_day": event_day,
        "lifts": draw_lifts(rng, who), "pace": _pace(rng, who),
    }  # fmt: skip


# R-293 (users of online scene finance): about 70 % are 24 to 35, more than half live in first- to third-tier cities; here: 56 %.
LINE_AGES: Final = (24, 36, 46, 60)
LINE_SHARES: Final = (0.47, 0.78, 0.40, 0.14, 0.025)  # below 24, 24 … 35, 36 … 45, 46 … 59, older
NEW_LINES_A_DAY: Final = 0.0008  # of those without one, at the age at which everybody has one


def _lines(rng: Rng, who: dict[str, Any], days: int) -> Ints:
    """Since when they have or want our credit line: mostly long ago, some will ask one of these days, many never."""
    n = len(who["age"])
    share = np.array(LINE_SHARES)[np.searchsorted(LINE_AGES, np.floor(who["age"]), side="right")]
    has = rng.random(n) < share
    asks = ~has & (
        rng.random(n) < NEW_LINES_A_DAY * days * share
    )  # whoever has a line on day 0 has it whatever the days
    spare = np.arange(n) >= n - round(n * SPARE_SHARE)
    ahead = rng.integers(0, max(days, 1), n)
    day = np.where(has, -rng.integers(30, 2_000, n), np.where(asks, ahead, NEVER_DAY))
    return np.asarray(np.where(spare, ahead, day), np.int64)


def _pace(rng: Rng, who: dict[str, Any]) -> Floats:
    """Purchases per day."""
    n = len(who["age"])
    young = np.select([who["age"] < 36, who["age"] < 50, who["age"] < 62], [1.15, 0.95, 0.75], 0.45)
    pace = rng.gamma(2.6, 0.29, n) * young
    spare = round(n * SPARE_SHARE)
    if spare:
        pace[-spare:] *= SPARE_PACE
    return np.asarray(pace, np.float64)


EVENTS_A_YEAR: Final = {  # chance a year of those whom it can meet, and the ages at which it comes; assumed
    LifeEvent.WEDDING: (0.13, 22, 34),
    LifeEvent.BIRTH: (0.12, 24, 37),
    LifeEvent.MOVE: (0.16, 19, 45),
    LifeEvent.SCHOOL_START: (0.09, 28, 45),
    LifeEvent.RENOVATION: (0.035, 27, 58),
}
_LOOK_AHEAD_DAYS: Final = 365


def _events(rng: Rng, who: dict[str, Any]) -> tuple[Ints, Ints]:
    """At most one large event, in the year from the first day; before it things are bought, after it bills come."""
    n = len(who["age"])
    event = np.zeros(n, np.int64)
    ready = {
        LifeEvent.WEDDING: who["stage"] == Stage.SINGLE, LifeEvent.BIRTH: who["stage"] == Stage.COUPLE,
        LifeEvent.SCHOOL_START: who["has_child"],
    }  # fmt: skip
    for kind, (chance, least, most) in EVENTS_A_YEAR.items():
        fits = (who["age"] >= least) & (who["age"] < most) & (event == 0)
        fits &= ready.get(kind, np.True_)
        event = np.where(fits & (rng.random(n) < chance), int(kind), event)
    return event, np.where(event > 0, rng.integers(0, _LOOK_AHEAD_DAYS, n), NEVER_DAY)


def _street(rng: Rng, who: dict[str, Any], year: Year, days: int) -> People:
    n = len(who["age"])
    noise = rng.normal(0, 0.35, n)
    has_line = who["line_day"] < NEVER_DAY
    yuan = np.minimum(1.05 * who["base"] * np.exp(noise), 50_000) * np.where(who["occupation"] == IS_STUDENT, 0.9, 1.0)
    limit = np.where(has_line, np.maximum(np.round(yuan / 500), 1) * 500 * YUAN, 0)
    residents = Residents(who["rhythm"], who["region"], who["household"], who["occupation"])
    columns = settle_streets(rng, residents, days=days)
    order = np.argsort(np.argsort(who["base"], kind="stable"))
    share = np.where(has_line, rng.beta(1.9, 1.5, n), 0.0)
    return People(
        rhythm=_small(who["rhythm"]), region=_small(who["region"]), rank=_real((order + 0.5) / n), limit_minor=limit.astype(np.int64),
        per_day=_real(who["pace"]), credit_share=_real(share), joined_day=_small(np.maximum(who["line_day"], -1)),
        household=_small(who["household"]), **columns,
    )  # fmt: skip


def _small(values: Any) -> Any:
    return np.asarray(values).astype(np.int32)


def _real(values: Any) -> Any:
    return np.asarray(values).astype(np.float32)


def _normal(shares: list[float]) -> Floats:
    return np.asarray(np.array(shares) / sum(shares), np.float64)


TINY: Final = ("occupation", "tier", "stage", "reason", "rhythm_of_pay", "pay_day", "rent_day", "bill_day", "event")


def _record(plan: CityPlan, who: dict[str, Any], year: Year, people: People) -> Citizens:
    tiny = {name: who[name].astype(np.int8) for name in TINY}
    whole = {
        name: _small(who[name]) for name in ("born_day", "came_day", "hukou_day", "growth_ppm", "line_day", "event_day")
    }
    money = {f"{name}_minor": _small(np.round(who[name]) * YUAN) for name in ("base", "costs", "rent", "spend")}
    real = {name: _real(who[name]) for name in ("noise", "will", "mindful")}
    flags = {name: who[name] for name in ("female", "has_card", "autopay")}
    has_line = who["line_day"] < 0
    used = np.where(has_line, year.use * people.limit_minor, 0)
    return Citizens(
        seed=plan.seed, first_day=plan.first_day, people=people, **tiny, **whole, **money, **real, **flags, lifts=_real(who["lifts"]),
        wallet_minor=_small(np.round(year.wallet) * YUAN), loans=year.loans.astype(np.int8), debt_minor=_small(np.round(year.debt) * YUAN),
        loan_minor=_small(np.round(year.loan) * YUAN), used_minor=_small(used), short_last_year=year.short, borrows=year.borrows,
    )  # fmt: skip


__all__ = ["TIER_OF_REGION", "settle_citizens"]
