"""From needs to purchases: at which shop, at what price, when, from which device, with what else – one block, one day."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from honghua.base.rng import stable_hash
from honghua.features.core import EventKind
from honghua.sim.core.citizens import Needs
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, US_PER_S, Draft, Ints, draft, join
from honghua.sim.core.kernels import hash_uniforms
from honghua.sim.core.life.registry import Registry
from honghua.sim.core.people import Floats, scene_of

Rng = np.random.Generator

USUAL_SHARE: Final = 0.8  # of purchases are made where one always buys such things
USUAL_SHOPS: Final = 3  # shops of one kind that a person keeps going back to
USUAL_FIRST: Final = 0.7  # the first of them takes so much, the next of the rest, …
CROWD_TRIES: Final = (
    0.25  # purchases that look at the shop that draws a crowd today, and go there if it sells such things near
)
SESSION_SHARE: Final = 0.08  # purchases that are followed by more within the hour
DEPOSIT_SHARE: Final = 0.35  # of the dear things online, on days when a sale takes deposits
DEPOSIT_PPM: Final = 100_000
DEPOSIT_FROM_MINOR: Final = 20_000
DEPOSIT_PROMO: Final = 2.0  # scenes that sell so many times more on the big day take deposits
BALANCE_HOURS: Final = 2.5  # the mean time after midnight at which the rest is paid
CLOSED_HOURS: Final = 1.2
PPM: Final = 1_000_000


class Bought(NamedTuple):
    """The purchases of a day, and the balances that deposits of today leave for another."""

    today: Draft
    later: Draft


def shop_for(rng: Rng, registry: Registry, needs: Needs, day: int) -> Bought:
    """Purchases that the needs of a block lead to; not yet in order, without acts."""
    who, scene = np.asarray(needs.who, np.int64), np.asarray(needs.scene, np.int64)
    shop = choose_shops(rng, registry, who, scene, day)
    rush = keep_to_sale(rng, registry, scene, day)
    hour = np.where(rush >= 0, rush, np.asarray(needs.hour, np.int64))
    hour = _when_open(rng, registry, shop, hour)
    early = (rush == 0) & (rng.random(len(who)) < 0.6)  # the first minutes after midnight
    within = np.where(early, rng.exponential(0.12 * US_PER_HOUR, len(who)), rng.random(len(who)) * US_PER_HOUR)
    at = day * US_PER_DAY + hour * US_PER_HOUR + np.minimum(within, US_PER_HOUR - 1).astype(np.int64)
    amount = np.asarray(registry.shops.price(rng, shop, np.asarray(needs.wish_minor, np.int64)), np.int64)
    bought = _purchases(rng, registry, (who, shop, scene), (at, amount))
    wishes = {"credit": np.asarray(needs.credit, np.int64), "instalments": np.asarray(needs.months, np.int64)}
    bought = Draft({**bought.columns, **wishes})
    bought, balances = _take_deposits(rng, registry, bought, day)
    return Bought(join([bought, _sessions(rng, registry, bought, day)]), balances)


def choose_shops(rng: Rng, registry: Registry, who: Ints, scene: Ints, day: int) -> Ints:
    """Where each buys: mostly one of the few usual shops for such things, else any by its popularity, or where a crowd is."""
    k = len(who)
    usual = rng.random(k) < USUAL_SHARE
    slot = np.minimum(rng.geometric(USUAL_FIRST, k) - 1, USUAL_SHOPS - 1)
    where, which = rng.random(k), rng.random(k)
    pair = scene * USUAL_SHOPS + slot
    for chance, purpose in ((where, "usual where"), (which, "usual which")):
        fixed = np.empty(k)
        with np.errstate(over="ignore"):  # without the compiler
            hash_uniforms(np.uint64(stable_hash(registry.plan.seed, purpose) % 2**63), who, pair, fixed)
        chance[usual] = fixed[usual]
    region = np.asarray(registry.citizens.people.region[who], np.int64)
    shop = np.asarray(registry.shops.pick(where, which, scene, region, day), np.int64)
    return _join_crowds(rng, registry, region, shop, day)


def _join_crowds(rng: Rng, registry: Registry, region: Ints, shop: Ints, day: int) -> Ints:
    shops = registry.shops.shops
    first, last = np.searchsorted(shops.crowd_day, [day, day + 1])
    if first == last:
        return shop
    k = len(shop)
    crowd = np.asarray(
        shops.crowd_shop[first + np.floor((last - first) * rng.random(k) ** 2).astype(np.int64)], np.int64
    )
    near = shops.online[crowd] | (np.abs(shops.region[crowd] - region) <= 1)
    goes = (rng.random(k) < CROWD_TRIES) & near & (shops.category[crowd] == shops.category[shop])
    return np.where(goes, crowd, shop)


def keep_to_sale(rng: Rng, registry: Registry, scene: Ints, day: int) -> Ints:
    """int64[k]: the hour of those who buy online when the sale begins, −1 of all others."""
    share, hours = registry.calendar.rush_hours(day)
    if share == 0:
        return np.full(len(scene), -1, np.int64)
    book = registry.plan.scenes
    keen = book.online[scene] & (book.promo[scene] > 1.3) & (rng.random(len(scene)) < share)
    return np.where(keen, np.minimum(np.searchsorted(hours, rng.random(len(scene)), side="right"), 23), -1)


def _when_open(rng: Rng, registry: Registry, shop: Ints, hour: Ints) -> Ints:
    """Who finds the door closed comes soon after it opens, or came before it closed."""
    shops = registry.shops.shops
    opens, closes = shops.opens_hour[shop], shops.closes_hour[shop]
    off = rng.exponential(CLOSED_HOURS, len(shop)).astype(np.int64)
    hour = np.where(hour < opens, np.minimum(opens + off, closes - 1), hour)
    return np.where(hour >= closes, np.maximum(closes - 1 - off, opens), hour)


def _purchases(rng: Rng, registry: Registry, what: tuple[Ints, Ints, Ints], paid: tuple[Ints, Ints]) -> Draft:
    """Purchases of what = (who, shop, scene) paid = (at, amount), from where these people are at the time."""
    (who, shop, scene), (at, amount) = what, paid
    shops = registry.shops.shops
    place = scene_of(rng, registry.citizens.people, who, (at // US_PER_DAY, at // US_PER_HOUR % 24))
    basket = registry.plan.scenes.basket[scene]
    items = np.where(basket, 1 + rng.poisson(2.2, len(who)), np.where(rng.random(len(who)) < 0.15, 2, 1))
    return draft(
        at_us=at, kind=EventKind.PURCHASE, amount_minor=np.maximum(amount, 1), customer=who, merchant=shop,
        scene=registry.shops.scene[shop], category=shops.category[shop], device=place.device, address=place.address,
        region=np.where(shops.online[shop], place.region, shops.region[shop]), items=items,
    )  # fmt: skip


def _sessions(rng: Rng, registry: Registry, bought: Draft, day: int) -> Draft:
    """Who buys once sometimes buys again within the hour: more at the same shop, or the like at another."""
    rows = np.flatnonzero(rng.random(len(bought)) < SESSION_SHARE)
    rows = np.repeat(rows, rng.integers(1, 3, len(rows)))
    minutes = rng.exponential(12.0, len(rows)) + 0.5
    at = bought["at_us"][rows] + (minutes * 60 * US_PER_S).astype(np.int64)
    rows, at = rows[at < (day + 1) * US_PER_DAY], at[at < (day + 1) * US_PER_DAY]
    who, scene = bought["customer"][rows], bought["scene"][rows]
    other = choose_shops(rng, registry, who, scene, day)
    shop = np.where(rng.random(len(rows)) < 0.6, bought["merchant"][rows], other)
    wish = (bought["amount_minor"][rows] * np.exp(rng.normal(-0.4, 0.5, len(rows)))).astype(np.int64)
    amount = np.asarray(registry.shops.price(rng, shop, np.maximum(wish, 100)), np.int64)
    more = _purchases(rng, registry, (who, shop, scene), (at, np.minimum(amount, bought["amount_minor"][rows])))
    same = {name: bought[name][rows] for name in ("device", "address", "region")}
    return Draft({**more.columns, **same, "credit": np.minimum(bought["credit"][rows], 1)})


def _take_deposits(rng: Rng, registry: Registry, bought: Draft, day: int) -> tuple[Draft, Draft]:
    """On the first days of a big sale, dear things online are paid a tenth now, by own means, and the rest when the day begins."""
    if not registry.calendar.deposit[day]:
        return bought, join([])
    book = registry.plan.scenes
    takes = book.online & (book.promo >= DEPOSIT_PROMO)
    fits = takes[bought["scene"]] & (bought["amount_minor"] >= DEPOSIT_FROM_MINOR)
    rows = np.flatnonzero(fits & (rng.random(len(bought)) < DEPOSIT_SHARE))
    deposit = bought["amount_minor"][rows] * DEPOSIT_PPM // PPM // 100 * 100
    wait = np.minimum(rng.exponential(BALANCE_HOURS, len(rows)), 23.5) * US_PER_HOUR
    at = int(registry.calendar.balance_day[day]) * US_PER_DAY + wait.astype(np.int64)
    columns = {name: values[rows] for name, values in bought.columns.items()}
    balances = Draft({
        **columns, "at_us": at, "amount_minor": bought["amount_minor"][rows] - deposit, "about_at_us": bought["at_us"][rows],
    })  # fmt: skip
    now = {name: bought[name].copy() for name in ("amount_minor", "credit", "instalments")}
    now["amount_minor"][rows] = deposit
    now["credit"][rows] = 0
    now["instalments"][rows] = 0
    return Draft({**bought.columns, **now}), balances


def lifts_of(registry: Registry, day: int) -> Floats:
    """float64[scenes]: how many times more than on an ordinary day each scene is bought: season, sales, presents, the Spring Festival."""
    book, calendar = registry.plan.scenes, registry.calendar
    lift = book.season[:, calendar.month[day] - 1] * np.maximum(1.0 + (book.promo - 1.0) * calendar.sale[day], 0.3)
    if calendar.festival[day]:  # half the city has gone home: fewer things are bought, more is eaten
        lift = lift * np.where(book.online, 0.6, 0.9)
    return np.asarray(lift * (1.0 + 0.5 * calendar.gifts[day] * (book.season.max(axis=1) > 1.25)), np.float64)


__all__ = ["Bought", "choose_shops", "lifts_of", "shop_for"]
