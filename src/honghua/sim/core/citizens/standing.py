"""How people stand today: money at hand, work, health, debts elsewhere, trust – the state of one block, moved on day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens.history import (
    OUT_OF_WORK_PAY,
    PUT_ASIDE,
    PUT_ASIDE_FROM,
    TERM_MONTHS,
    WISH_AGE,
    WISH_LOANS,
)
from honghua.sim.core.citizens.occupations import OFFICE, of
from honghua.sim.core.citizens.records import NEVER_DAY, Citizens, Flags, LifeEvent, PayRhythm, Stage
from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]
Rng = np.random.Generator

YEAR: Final = 365
MONTH: Final = 30.4
SEARCH_DAYS: Final = 95  # mean time without work
SICK_DAYS: Final = 14
SICK_PAY: Final = 0.7
ILLNESS_MINOR: Final = 260_000  # median of what no insurance pays
DUE_EXTRA_MINOR: Final = 4_000
YEAR_END_BONUS: Final = 0.8  # of a month's pay, with the pay of January, in offices
SMALL_GAP: Final = 0.05  # of a month's income: what is missing for a few days only is no shortage
TRUST_DAYS: Final = 45  # trust that was hurt comes back by 1/e
LOAN_MINOR: Final = 680_000  # taken elsewhere, about; more when more is missing
LOAN_SIGMA: Final = 0.6
PAYERS: Final = (
    (1.0, 0.76),
    (0.5, 0.10),
    (0.0, 0.14),
)  # (part of the bill paid when paying: 0 = the minimum, share of people)


@dataclass(slots=True)
class Standing:
    """The state of some people; row i is who[i]'s. Changed in place by `pass_day`, `hear` and `repays`, in this order every day.

    who           int64[k]   dense ids, ascending
    wallet_minor  int64[k]   own money at hand
    debt_minor    int64[k]   owed elsewhere;   missed int64[k] dues there that were missed in a row
    back_day      int64[k]   out of work until then;   well_day int64[k] ill until then (a day that is over: at work, well)
    trust         float64[k] 1 = ordinary; refusals lower it, and with it how much is bought on credit and at all
    short_day     int64[k]   the last day on which money ran out; a negative year = long ago
    stage         int64[k]   Stage today
    manner        float64[k] part of a bill that is paid when it is paid: 1 whole … 0 the minimum
    bill_day      int64[k]   the due day of the bill that `means_to_pay` (bool[k]) is about
    """

    who: Ints
    wallet_minor: Ints
    debt_minor: Ints
    missed: Ints
    back_day: Ints
    well_day: Ints
    trust: Floats
    short_day: Ints
    stage: Ints
    manner: Floats
    bill_day: Ints
    means_to_pay: Flags

    def __len__(self) -> int:
        return len(self.who)

    def works(self, day: int) -> Flags:
        """bool[k]: not out of work."""
        return np.asarray(self.back_day <= day, np.bool_)


class Today(NamedTuple):
    """What a day brought, k rows each: income that arrived, rent and other costs that were paid, whose money ran out."""

    income_minor: Ints
    rent_minor: Ints
    costs_minor: Ints
    short: Flags


def first_standing(citizens: Citizens, who: Ints, rng: Rng) -> Standing:
    """How the people `who` (int64[k] ids) stand before the first day; a few are out of work already."""
    k = len(who)
    loss = of("loss")[citizens.occupation[who]]
    out = rng.random(k) < loss * SEARCH_DAYS / YEAR
    manner = rng.choice([part for part, _ in PAYERS], k, p=[share for _, share in PAYERS])
    manner = np.where(citizens.short_last_year[who] & (rng.random(k) < 0.25), 0.0, manner)
    return Standing(
        who=np.asarray(who, np.int64), wallet_minor=citizens.wallet_minor[who].astype(np.int64),
        debt_minor=citizens.debt_minor[who].astype(np.int64), missed=np.zeros(k, np.int64),
        back_day=np.where(out, rng.geometric(1 / SEARCH_DAYS, k), -1), well_day=np.full(k, -1, np.int64), trust=np.ones(k),
        short_day=np.full(k, -NEVER_DAY, np.int64), stage=citizens.stage[who].astype(np.int64), manner=manner,
        bill_day=np.full(k, -1, np.int64), means_to_pay=np.ones(k, np.bool_),
    )  # fmt: skip


def income_on(citizens: Citizens, standing: Standing, day: int, rng: Rng) -> Ints:
    """int64[k]: what arrives on a day, by pay day and rhythm, growth, noise, work and health."""
    who = standing.who
    date = citizens.first_day + dt.timedelta(days=day)
    rhythm, pay_day = citizens.rhythm_of_pay[who], citizens.pay_day[who]
    share = np.zeros(len(who))
    share[(rhythm == PayRhythm.MONTHLY) & (pay_day == date.day)] = 1.0
    share[(rhythm == PayRhythm.WEEKLY) & (pay_day == date.weekday())] = 7 / MONTH
    daily = rhythm == PayRhythm.DAILY
    share[daily] = 1 / 26 * (rng.random(int(daily.sum())) < 26 / MONTH)  # four days off a month
    sometimes = rhythm == PayRhythm.IRREGULAR
    share[sometimes] = (rng.random(int(sometimes.sum())) < 1 / 9) * (9 / MONTH)
    rows = np.flatnonzero(share)
    ids = who[rows]
    if date.month == 1:
        office = (citizens.people.rhythm[ids] == OFFICE) & (rhythm[rows] == PayRhythm.MONTHLY)
        share[rows[office]] += YEAR_END_BONUS
    noise = citizens.noise[ids].astype(np.float64)
    paid = citizens.base_minor[ids] * share[rows] * (1 + citizens.growth_ppm[ids] * (day / YEAR / 1e6))
    paid = paid * np.exp(noise * rng.normal(size=len(rows)) - noise**2 / 2)
    paid = (
        paid
        * np.where(standing.works(day)[rows], 1.0, OUT_OF_WORK_PAY)
        * np.where(standing.well_day[rows] > day, SICK_PAY, 1.0)
    )
    income = np.zeros(len(who), np.int64)
    income[rows] = paid.astype(np.int64)
    return income


def pass_day(citizens: Citizens, standing: Standing, day: int, rng: Rng) -> Today:
    """Begin a day, once: shocks begin, income arrives, rent and costs leave, dues elsewhere are paid or missed."""
    _meet_shocks(citizens, standing, day, rng)
    _meet_event(citizens, standing, day)
    standing.trust += (1.0 - standing.trust) / TRUST_DAYS
    income = income_on(citizens, standing, day, rng)
    standing.wallet_minor += income
    rent, costs = _pay_costs(citizens, standing, day, rng)
    share_purse(citizens, standing)
    short = standing.wallet_minor < -SMALL_GAP * citizens.base_minor[standing.who]
    short[_pay_dues_elsewhere(citizens, standing, day, rng)] = True
    _find_money(citizens, standing, np.flatnonzero(standing.wallet_minor < 0), rng)
    standing.short_day[short] = day
    return Today(income, rent, costs, short)


def _meet_shocks(citizens: Citizens, standing: Standing, day: int, rng: Rng) -> None:
    """Some lose their work for a while, some fall ill and pay for it."""
    who = standing.who
    chance = rng.random(len(who))
    loses = np.flatnonzero((chance < of("loss")[citizens.occupation[who]] / YEAR) & standing.works(day))
    standing.back_day[loses] = day + rng.geometric(1 / SEARCH_DAYS, len(loses))
    age = (day - citizens.born_day[who]) / YEAR
    falls = np.flatnonzero(chance > 1 - (0.02 + 0.0012 * np.maximum(age - 30, 0)) / YEAR)
    standing.well_day[falls] = day + rng.geometric(1 / SICK_DAYS, len(falls))
    bill = ILLNESS_MINOR * np.exp(rng.normal(0, 0.9, len(falls)))
    standing.wallet_minor[falls] -= bill.astype(np.int64)


_NEXT_STAGE: Final = {
    LifeEvent.WEDDING: Stage.COUPLE, LifeEvent.BIRTH: Stage.SMALL_CHILD, LifeEvent.SCHOOL_START: Stage.SCHOOL_CHILD,
}  # fmt: skip


def _meet_event(citizens: Citizens, standing: Standing, day: int) -> None:
    """A wedding makes a couple, a birth parents."""
    rows = np.flatnonzero(citizens.event_day[standing.who] == day)
    for row, event in zip(rows, citizens.event[standing.who[rows]]):
        standing.stage[row] = _NEXT_STAGE.get(LifeEvent(int(event)), standing.stage[row])


def _pay_costs(citizens: Citizens, standing: Standing, day: int, rng: Rng) -> tuple[Ints, Ints]:
    """Rent and other costs of the month leave on its rent day, whatever is there; on that day, too, what is over is put aside, and
    some borrow elsewhere for something that they buy there."""
    who = standing.who
    dom = (citizens.first_day + dt.timedelta(days=day)).day
    due = citizens.rent_day[who] == dom
    costs = np.where(due, citizens.costs_minor[who].astype(np.int64), 0)
    rent = np.where(due, citizens.rent_minor[who].astype(np.int64), 0)
    standing.wallet_minor -= costs
    rows = np.flatnonzero(due)
    over = standing.wallet_minor[rows] - PUT_ASIDE_FROM * citizens.base_minor[who[rows]]
    standing.wallet_minor[rows] -= (PUT_ASIDE * np.maximum(over, 0.0)).astype(np.int64)
    young = (day - citizens.born_day[who[rows]]) / YEAR < WISH_AGE
    wishes = rows[
        citizens.borrows[who[rows]] & young & (standing.missed[rows] == 0) & (rng.random(len(rows)) < WISH_LOANS)
    ]
    size = LOAN_MINOR * np.exp(rng.normal(0, LOAN_SIGMA, len(wishes)))
    standing.debt_minor[wishes] += size.astype(np.int64)
    return rent, costs - rent


def _pay_dues_elsewhere(citizens: Citizens, standing: Standing, day: int, rng: Rng) -> Ints:
    """Dues to other lenders, ten days after the rent; the rows that could not pay."""
    dom = (citizens.first_day + dt.timedelta(days=day)).day
    rows = np.flatnonzero(((citizens.rent_day[standing.who] + 9) % 28 + 1 == dom) & (standing.debt_minor > 0))
    due = np.minimum(standing.debt_minor[rows] // TERM_MONTHS + DUE_EXTRA_MINOR, standing.debt_minor[rows])
    can = standing.wallet_minor[rows] >= due
    pays = rows[can]
    standing.debt_minor[pays] -= due[can]
    standing.wallet_minor[pays] -= due[can]
    standing.missed[pays] = 0
    cannot = rows[~can]
    again = citizens.borrows[standing.who[cannot]] & (standing.missed[cannot] == 0) & (rng.random(len(cannot)) < 0.5)
    rolls = cannot[again]  # a new loan pays the old one
    standing.debt_minor[rolls] = standing.debt_minor[rolls] * 103 // 100
    standing.missed[cannot[~again]] += 1
    return cannot


def share_purse(citizens: Citizens, standing: Standing) -> None:
    """Families have one budget: what somebody lacks, the others of the household pay from what they have, each by as much as is theirs.
    Flatmates pay for themselves, and so does who lives apart in another block."""
    rows = np.flatnonzero(citizens.stage[standing.who] != Stage.SINGLE)
    wallet = standing.wallet_minor[rows]
    if not (wallet < 0).any():
        return
    _, home = np.unique(citizens.people.household[standing.who[rows]], return_inverse=True)
    lacks, spares = np.maximum(-wallet, 0), np.maximum(wallet, 0)
    moved = np.minimum(_sum_by(home, lacks), _sum_by(home, spares))
    standing.wallet_minor[rows] = wallet + _parts(moved, home, lacks) - _parts(moved, home, spares)


def _sum_by(home: Ints, minor: Ints) -> Ints:
    sums = np.zeros(int(home.max()) + 1, np.int64)
    np.add.at(sums, home, minor)
    return sums


def _parts(moved: Ints, home: Ints, of_minor: Ints) -> Ints:
    """int64[k]: `moved` of each household in parts by `of_minor`, rounded so that they add up. Members stand together; sums < 3e9."""
    sums = _sum_by(home, of_minor)
    total = np.maximum(sums, 1)
    until = np.cumsum(of_minor) - np.concatenate([[0], np.cumsum(sums)[:-1]])[home]
    share = moved[home]
    return np.asarray(until * share // total[home] - (until - of_minor) * share // total[home], np.int64)


def _find_money(citizens: Citizens, standing: Standing, rows: Ints, rng: Rng) -> None:
    """Whose money ran out borrows elsewhere, as long as others lend; else the family helps or the landlord waits."""
    asks = citizens.borrows[standing.who[rows]] & (standing.missed[rows] == 0)
    limit = 6 * citizens.base_minor[standing.who[rows]].astype(np.int64)
    lent = rows[asks & (standing.debt_minor[rows] < limit)]
    size = np.maximum(
        (LOAN_MINOR * np.exp(rng.normal(0, LOAN_SIGMA, len(lent)))).astype(np.int64), -standing.wallet_minor[lent]
    )
    size = size // 10_000 * 10_000 + 10_000
    standing.debt_minor[lent] += size
    standing.wallet_minor[lent] += size
    standing.wallet_minor[rows] = np.maximum(standing.wallet_minor[rows], 0)


__all__ = ["Standing", "Today", "first_standing", "income_on", "pass_day", "share_purse"]
