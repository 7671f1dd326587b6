"""Needs: what a block of people wants to buy on a day – how often, of what, for how much, when, and by which means.

A need is a wish: its amount is not yet on a price list and no limit has cut it. Spending follows what people earn, on average: their
purchases are as many as their pace says, and as dear as what is left to spend allows. Who runs short puts off what can wait.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import stable_hash
from honghua.sim.core.citizens.kernels import draw_columns
from honghua.sim.core.citizens.records import Citizens
from honghua.sim.core.citizens.responses import Lift
from honghua.sim.core.citizens.standing import MONTH, YEAR, Rng, Standing
from honghua.sim.core.citizens.tastes import MOST_SIGMA, Tastes, groups_of, tastes_of
from honghua.sim.core.draft import MUST_CREDIT, Ints
from honghua.sim.core.kernels import hash_uniforms
from honghua.sim.core.people import RHYTHMS
from honghua.sim.core.scenes import SceneBook

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SCALE: Final = (0.2, 6.0)  # least and most that somebody's prices differ from the book's
PLANNED: Final = 0.89  # of what is spent follows from needs; the rest is what is bought besides, once one is there
LEAST_PACE: Final = 0.15  # who buys less often than this spends less, too
TIGHT_DAYS: Final = 9  # of ordinary spending at hand: below it people hold back
HELD_BACK: Final = 0.45  # of wants that are left when nothing is at hand
HABITS: Final = 6  # scenes that a person keeps going back to
HABIT_SHARE: Final = 0.5  # of wishes
MUST_KEPT: Final = 0.85  # of what can hardly be put off
COMES_LESS: Final = 0.3  # of the rest that is lost with all trust: who was refused buys elsewhere
OUT_OF_WORK: Final = 0.6
EVENT_DAYS: Final = (-60, 30)  # around a large event its scenes are bought much more
EVENT_PACE: Final = 0.09  # a day
FREE_MOST: Final = 0.9  # the strongest answer to free months that is counted
COUPON_MOST: Final = 0.6
CREDIT_BY_AMOUNT: Final = 0.32  # log-odds of credit per log of the amount over TYPICAL_YUAN
TYPICAL_YUAN: Final = 60.0
CREDIT_BY_ROOM: Final = (
    0.25  # log-odds of credit per log of what is available over ROOM_YUAN: large lines are used more
)
ROOM_YUAN: Final = 5_000.0
FREE_CREDIT: Final = 0.8
TIGHT_CREDIT: Final = 1.1
KNOWS_LIMIT: Final = 0.55  # of those whose line is too small do not even try
PLAN_FROM_YUAN: Final = 300.0
USUAL_PRICE: Final = 14.0  # percent a year, of plans that are not free
MONTHS: Final = np.array([3, 6, 9, 12, 24])


class Setting(NamedTuple):
    """A day as the block meets it.

    lift            float64[scenes]  how many times more than on an ordinary day each scene is bought
    available_minor int64[k]         of our line; −1 = no line
    free_months     bool             plans are free of interest in the shops that offer it
    mood            float            of the whole city
    coupon          bool[k] or None  a campaign speaks to these people today
    price           float            what plans that are not free cost, percent a year
    """

    day: int
    lift: Floats
    available_minor: Ints
    free_months: bool = False
    mood: float = 1.0
    coupon: Flags | None = None
    price: float = USUAL_PRICE


class Needs(NamedTuple):
    """Wishes of a day, r rows by person, int64 each.

    row: place in the block; who: id; scene; wish_minor > 0; hour: local; must: 1 = can hardly be put off; credit: 0 own money, 1 on
    credit or else own money, which is there, 2 on credit or not at all; months: instalments wished, 0 = with the next bill
    """

    row: Ints
    who: Ints
    scene: Ints
    wish_minor: Ints
    hour: Ints
    must: Ints
    credit: Ints
    months: Ints


class _View(NamedTuple):
    """Who looks at what: everything that the parts of a day's needs read."""

    citizens: Citizens
    standing: Standing
    book: SceneBook
    tastes: Tastes
    setting: Setting
    ease: Floats


class _Wish(NamedTuple):
    """Wishes on the way, r rows."""

    row: Ints
    who: Ints
    scene: Ints
    pulled: Flags  # comes from what is available, and so goes on credit
    yuan: Floats

    def take(self, rows: Flags | Ints) -> _Wish:
        return _Wish(self.row[rows], self.who[rows], self.scene[rows], self.pulled[rows], self.yuan[rows])


def needs_of(citizens: Citizens, standing: Standing, book: SceneBook, setting: Setting, rng: Rng) -> Needs:
    """What the block wants to buy on a day. Cost: about 2.5 ms for 8,192 people."""
    view = _View(citizens, standing, book, tastes_of(book), setting, _ease(citizens, standing, setting.day))
    group = groups_of(citizens, standing.who, standing.stage)
    level = _level(view, group)
    row, scene, pulled = _how_often_what(view, group, level, rng)
    wish = _Wish(row, standing.who[row], scene, pulled, np.zeros(len(row)))
    wish = wish.take(_still_wanted(view, wish, rng))
    row, who, scene, _, _ = wish
    spread = np.exp(np.minimum(book.sigma[scene], MOST_SIGMA) * rng.normal(size=len(row)))
    wish = wish._replace(yuan=book.median_yuan[scene] * level[row] * spread)
    credit = _means(view, wish, rng)
    wish = wish._replace(yuan=np.where(credit > 0, wish.yuan * np.exp(citizens.lifts[who, Lift.BASKET]), wish.yuan))
    months = np.zeros(len(row), np.int64)
    may = np.flatnonzero((credit > 0) & (book.months[scene] > 0) & (wish.yuan >= PLAN_FROM_YUAN))
    months[may] = _plan(view, wish.take(may), rng)
    minor = np.maximum((wish.yuan * 100).astype(np.int64), 100)
    hour = _hours(rng, view.tastes, citizens.people.rhythm[who].astype(np.int64), scene)
    tried = (credit != MUST_CREDIT) | (setting.available_minor[row] >= 0)
    columns = (row, who, scene, minor, hour, view.tastes.must[scene].astype(np.int64), credit, months)
    return Needs(*(values[tried] for values in columns))


def _ease(citizens: Citizens, standing: Standing, day: int) -> Floats:
    """float64[k]: 1 = as usual, down to HELD_BACK when nothing is at hand."""
    daily = citizens.spend_minor[standing.who] / MONTH
    ease = HELD_BACK + (1 - HELD_BACK) * np.clip(standing.wallet_minor / (TIGHT_DAYS * daily), 0.0, 1.0)
    return np.asarray(np.where(standing.works(day), ease, ease * OUT_OF_WORK), np.float64)


def _level(view: _View, group: Ints) -> Floats:
    """float64[k]: how dear their purchases are against the book, so that pace × price is what they spend."""
    who = view.standing.who
    pace = np.maximum(view.citizens.people.per_day[who].astype(np.float64), LEAST_PACE)
    level = PLANNED * view.citizens.spend_minor[who] / 100 / (pace * MONTH * view.tastes.mean_yuan[group])
    return np.asarray(np.clip(level, *SCALE), np.float64)


def _how_often_what(view: _View, group: Ints, level: Floats, rng: Rng) -> tuple[Ints, Ints, Flags]:
    """(row, scene, pulled) of each wish, by row: counts by pace, weekday, mood, season and sales, and by what is available on credit;
    scenes by taste; events on top."""
    citizens, standing, book, tastes, setting, _ = view
    weekday = (citizens.first_day + dt.timedelta(days=setting.day)).weekday()
    free = np.where(book.free_months > 0, np.exp(FREE_MOST), 1.0) if setting.free_months else 1.0
    weight = tastes.share * (setting.lift * free)
    total = weight.sum(axis=1)
    weekend = np.array([one.weekend if weekday >= 5 else 1.0 for one in RHYTHMS])[citizens.people.rhythm[standing.who]]
    rate = citizens.people.per_day[standing.who] * weekend * setting.mood * total[group]
    if setting.coupon is not None:
        rate = rate * np.where(setting.coupon, np.exp(COUPON_MOST), 1.0)
    pull = (
        citizens.lifts[standing.who, Lift.LIMIT]
        * np.maximum(setting.available_minor, 0)
        / (100 * YEAR * tastes.mean_yuan[group] * level)
    )
    count, more = rng.poisson(rate), rng.poisson(pull)
    row = np.repeat(np.arange(len(group)), count + more)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count + more) - count - more, count + more)
    pulled = place >= count[row]
    scene = np.empty(len(row), np.int64)
    draw_columns(np.cumsum(weight / total[:, None], axis=1), group[row], _habits(view, row, rng), scene)
    who, what = _for_events(view, rng)
    row, scene = np.concatenate([row, who]), np.concatenate([scene, what])
    order = np.argsort(row, kind="stable")
    return row[order], scene[order], np.concatenate([pulled, np.zeros(len(who), np.bool_)])[order]


def _habits(view: _View, row: Ints, rng: Rng) -> Floats:
    """Numbers in [0, 1) that say what is bought: half of them are one of a few that each person keeps, and so are the scenes."""
    chance, slot = rng.random(len(row)), rng.integers(0, HABITS, len(row))
    kept = np.flatnonzero(rng.random(len(row)) < HABIT_SHARE)
    fixed = np.empty(len(kept))
    start = np.uint64(stable_hash(view.citizens.seed, "habits") % 2**63)
    with np.errstate(over="ignore"):  # the products wrap, also where the kernel is not compiled
        hash_uniforms(start, view.standing.who[row[kept]], slot[kept], fixed)
    chance[kept] = fixed
    return chance


def _for_events(view: _View, rng: Rng) -> tuple[Ints, Ints]:
    """What weddings, births, moves, school and renovations ask for."""
    citizens, standing, book = view.citizens, view.standing, view.book
    until = citizens.event_day[standing.who] - view.setting.day
    near = np.flatnonzero((until <= -EVENT_DAYS[0]) & (until >= -EVENT_DAYS[1]))
    row = near[rng.random(len(near)) < EVENT_PACE]
    scene = np.zeros(len(row), np.int64)
    event = citizens.event[standing.who[row]]
    for kind in np.unique(event):
        mine, fits = np.flatnonzero(event == kind), np.flatnonzero(book.milestone == kind)
        share = book.weight[fits] / book.median_yuan[fits] ** 0.1
        scene[mine] = rng.choice(fits, len(mine), p=share / share.sum()) if len(fits) else 0
    return row, scene


def _still_wanted(view: _View, wish: _Wish, rng: Rng) -> Flags:
    """Thin out: what can wait is put off by ease; free months and coupons move each person by as much as they answer to."""
    citizens, _, book, tastes, setting, ease = view
    row, who, scene, _, _ = wish
    stays = 1.0 - COMES_LESS * (1.0 - np.minimum(view.standing.trust[row], 1.0))
    keep = np.where(tastes.must[scene], np.maximum(ease[row], MUST_KEPT), ease[row] * stays)
    if setting.free_months:
        answer = np.exp(np.minimum(citizens.lifts[who, Lift.FREE_MONTHS], FREE_MOST) - FREE_MOST)
        keep = np.where(book.free_months[scene] > 0, keep * answer, keep)
    if setting.coupon is not None:
        answer = np.exp(np.minimum(citizens.lifts[who, Lift.CAMPAIGN], COUPON_MOST) - COUPON_MOST)
        keep = np.where(setting.coupon[row], keep * answer, keep)
    keep = np.where(wish.pulled, 1.0, keep)
    return np.asarray(rng.random(len(row)) < keep, np.bool_)


def _means(view: _View, wish: _Wish, rng: Rng) -> Ints:
    """0, 1 or 2 for each wish, as `Needs.credit`; 2 also where own money is missing and there is no line: then nothing is tried."""
    citizens, standing, book, _, setting, ease = view
    row, _, scene, pulled, yuan = wish
    share = np.clip(citizens.people.credit_share[standing.who[row]].astype(np.float64), 0.01, 0.99)
    odds = (
        np.log(share / (1 - share)) + np.log(book.credit[scene]) + CREDIT_BY_AMOUNT * np.log(yuan / TYPICAL_YUAN) - 1.35
    )
    odds = odds + TIGHT_CREDIT * (1 - ease[row]) + 2.0 * (np.minimum(standing.trust[row], 1.0) - 1.0)
    room = np.maximum(setting.available_minor, 0) / 100 + ROOM_YUAN / 10
    odds = odds + CREDIT_BY_ROOM * np.log(room / ROOM_YUAN)[row]
    if setting.free_months:
        odds = odds + np.where(book.free_months[scene] > 0, FREE_CREDIT, 0.0)
    available = setting.available_minor[row]
    enough = (yuan * 100 <= available) | (rng.random(len(row)) > KNOWS_LIMIT)
    wishes = (available >= 0) & enough & (pulled | (rng.random(len(row)) < 1 / (1 + np.exp(-odds))))
    left = standing.wallet_minor / 100 - np.bincount(row[~wishes], yuan[~wishes], len(standing.who))
    cannot = (yuan * 1.25 > standing.wallet_minor[row] / 100) | ((left[row] < 0) & (rng.random(len(row)) < 0.6))
    return np.asarray(np.where(wishes, np.where(cannot, MUST_CREDIT, 1), np.where(cannot, MUST_CREDIT, 0)), np.int64)


def _plan(view: _View, wish: _Wish, rng: Rng) -> Ints:
    """Months of instalments that are wished: likelier for dear things, where it is free, and the cheaper it is."""
    citizens, book, setting = view.citizens, view.book, view.setting
    _, who, scene, _, yuan = wish
    free = setting.free_months & (book.free_months[scene] > 0)
    price = np.where(free, 0.0, setting.price)
    odds = -0.2 + 0.7 * np.log(np.maximum(yuan, 1.0) / 1_500) - citizens.lifts[who, Lift.PRICE] * (price - USUAL_PRICE)
    takes = rng.random(len(who)) < 1 / (1 + np.exp(-odds))
    most = np.where(free, book.free_months[scene], book.months[scene])
    fits = MONTHS[None, :] <= most[:, None]
    choice = np.maximum(fits.sum(axis=1) - 1 - np.minimum(rng.geometric(0.6, len(who)) - 1, fits.sum(axis=1) - 1), 0)
    return np.asarray(np.where(takes, MONTHS[choice], 0), np.int64)


def _hours(rng: Rng, tastes: Tastes, rhythm: Ints, scene: Ints) -> Ints:
    hour = np.empty(len(scene), np.int64)
    draw_columns(tastes.hours.reshape(-1, 24), rhythm * tastes.hours.shape[1] + scene, rng.random(len(scene)), hour)
    return hour


__all__ = ["Needs", "Setting", "needs_of"]
