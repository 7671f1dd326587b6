"""The innocent life of the city: purchases, refunds, transfers, repayments and raised limits, all drawn in bulk."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, US_PER_S, Draft, Ints, draft, join
from honghua.sim.core.people import CONTACTS, RHYTHMS, Floats, People, scene_of, taste_of_rhythms
from honghua.sim.core.shops import CATEGORIES, GOODS, Shops

PPM: Final = 1_000_000
FAVOURITES: Final = 8
FAVOURITE_SHARE: Final = 0.5
CROWD_SHARE: Final = 0.06  # of a day's purchases go where a crowd is drawn
SESSION_SHARE: Final = 0.12  # a purchase that is followed by more within the hour
VENDORS_PER_PERSON: Final = 1 / 60  # market stalls and the like that are paid by transfer
LANDLORDS_PER_PERSON: Final = 1 / 12
LUCKY_SUMS: Final = (200.0, 500.0, 600.0, 800.0, 1_000.0, 2_000.0)
GRIDS: Final = (1, 10, 100, 100, 1_000)

Rng = np.random.Generator


class City(NamedTuple):
    """Who lives here, where they buy, and for how many days we look on (the first is a Monday)."""

    people: People
    shops: Shops
    days: int


def live(rng: Rng, city: City) -> Draft:
    """Everything innocent that happens."""
    bought = purchases(rng, city)
    settled = bought.followed_by(refunds(rng, bought))
    return join([settled, transfers(rng, city), repayments(rng, city), raises(rng, city)])


def purchases(rng: Rng, city: City) -> Draft:
    """Daily purchases by rhythm and taste, with sessions, crowds and favourites; one in a hundred is a big one on credit."""
    who, day = _who_buys_when(rng, city)
    hour = draw_hours(rng, city.people.rhythm[who])
    shop = _choose_shops(rng, city, who, day)
    open_now = (hour >= city.shops.opens_hour[shop]) & (hour < city.shops.closes_hour[shop])
    within = city.shops.opens_hour[shop] + np.floor(
        rng.random(len(who)) * (city.shops.closes_hour[shop] - city.shops.opens_hour[shop])
    ).astype(np.int64)
    hour = np.where(open_now, hour, within)
    at = day * US_PER_DAY + hour * US_PER_HOUR + rng.integers(0, US_PER_HOUR, len(who))
    bought = buy(rng, city, who=who, at_us=at, shop=shop)
    return join([bought, _sessions(rng, city, bought), _big_ones(rng, city)])


def buy(rng: Rng, city: City, *, who: Ints, at_us: Ints, shop: Ints) -> Draft:
    """Ordinary purchases at list prices from where the people are."""
    people, shops = city.people, city.shops
    k = len(who)
    day, hour = at_us // US_PER_DAY, at_us // US_PER_HOUR % 24
    good = np.floor(GOODS * rng.random(k) ** np.exp(-1.2 * (people.rank[who] - 0.4))).astype(np.int64)
    amount = shops.price_minor[shop, good]
    category = shops.category[shop]
    basket = np.array([one.basket for one in CATEGORIES])[category]
    amount = np.where(basket, np.maximum(np.round(amount * np.exp(rng.normal(0, 0.35, k)), -1), 100), amount)
    pieces = np.where(~basket & (amount < 30_000) & (rng.random(k) < 0.2), rng.integers(2, 4, k), 1)
    scenes = scene_of(rng, people, who, (day, hour))
    offline = ~shops.online[shop]
    return draft(
        at_us=at_us, kind=EventKind.PURCHASE, amount_minor=amount * pieces, customer=who, merchant=shop, category=category,
        device=scenes.device, address=scenes.address, credit=rng.random(k) < people.credit_share[who],
        region=np.where(offline, shops.region[shop], scenes.region),
    )  # fmt: skip


def draw_hours(rng: Rng, rhythm: Ints) -> Ints:
    """A local hour for each row by its rhythm."""
    weights = np.array([one.hours for one in RHYTHMS])
    running = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return np.asarray(np.minimum((rng.random((len(rhythm), 1)) >= running[rhythm]).sum(axis=1), 23), np.int64)


def draw_categories(rng: Rng, taste: Floats, rhythm: Ints) -> Ints:
    """A category for each row by the taste of its rhythm (`taste_of_rhythms`)."""
    place = (rng.random((len(rhythm), 1)) >= taste[rhythm]).sum(axis=1)
    return np.asarray(np.minimum(place, len(CATEGORIES) - 1), np.int64)


def _who_buys_when(rng: Rng, city: City) -> tuple[Ints, Ints]:
    people = city.people
    weekday = np.arange(city.days) % 7
    weekend = np.array([one.weekend for one in RHYTHMS])[people.rhythm]
    mood = np.exp(rng.normal(0, 0.08, city.days))  # weather, news
    rate = people.per_day[:, None] * np.where(weekday >= 5, weekend[:, None], 1.0) * mood
    rate = np.where(np.arange(city.days) >= people.joined_day[:, None], rate, 0.0)
    count = rng.poisson(rate)
    who, day = np.nonzero(count)
    return np.repeat(who, count[who, day]), np.repeat(day, count[who, day])


def _choose_shops(rng: Rng, city: City, who: Ints, day: Ints) -> Ints:
    people, shops = city.people, city.shops
    n, k = len(people), len(who)
    taste = taste_of_rhythms()
    category = draw_categories(rng, taste, np.repeat(people.rhythm, FAVOURITES))
    favourites = shops.groups.draw(rng, category, np.repeat(people.region, FAVOURITES)).reshape(n, FAVOURITES)
    any_category = draw_categories(rng, taste, people.rhythm[who])
    shop = shops.groups.draw(rng, any_category, people.region[who])
    favourite = favourites[who, np.minimum(rng.geometric(0.3, k) - 1, FAVOURITES - 1)]
    shop = np.where(rng.random(k) < FAVOURITE_SHARE, favourite, shop)
    shop = np.where(rng.random(k) < CROWD_SHARE, _crowd_shops(rng, shops, people.region[who], day, shop), shop)
    return np.where(day >= shops.opened_day[shop], shop, np.arange(len(CATEGORIES))[shops.category[shop]])


def _crowd_shops(rng: Rng, shops: Shops, region: Ints, day: Ints, otherwise: Ints) -> Ints:
    """A shop that draws a crowd on the day, if it is online or near; else what would have been."""
    if not len(shops.crowd_day):
        return otherwise
    first = np.searchsorted(shops.crowd_day, day, side="left")
    count = np.searchsorted(shops.crowd_day, day, side="right") - first
    place = first + np.floor(count * rng.random(len(day)) ** 2).astype(np.int64)
    shop = shops.crowd_shop[np.minimum(place, len(shops.crowd_shop) - 1)]
    fits = (count > 0) & (shops.online[shop] | (np.abs(shops.region[shop] - region) <= 1))
    return np.where(fits, shop, otherwise)


def _sessions(rng: Rng, city: City, bought: Draft) -> Draft:
    """Who buys once often buys again within the hour: at the same shop, or at another of the same kind."""
    rows = np.flatnonzero(rng.random(len(bought)) < SESSION_SHARE)
    rows = np.repeat(rows, rng.integers(1, 4, len(rows)))
    who = bought["customer"][rows]
    other = city.shops.groups.draw(rng, bought["category"][rows], city.people.region[who])
    shop = np.where(rng.random(len(rows)) < 0.5, bought["merchant"][rows], other)
    day = bought["at_us"][rows] // US_PER_DAY
    shop = np.where(day >= city.shops.opened_day[shop], shop, bought["merchant"][rows])
    at = bought["at_us"][rows] + rng.integers(60, 3_600, len(rows)) * US_PER_S + rng.integers(0, US_PER_S, len(rows))
    more = buy(rng, city, who=who, at_us=at, shop=shop)
    same = {name: bought[name][rows] for name in ("device", "address", "region")}
    more = Draft({**more.columns, **same})
    return more.take(at < city.days * US_PER_DAY)


def _big_ones(rng: Rng, city: City) -> Draft:
    """A phone, a fridge, a wedding ring: a large part of what is available, on credit, once in a while."""
    people, shops = city.people, city.shops
    k = round(len(people) * city.days * 0.004)
    who = rng.integers(0, len(people), k)
    day = rng.integers(0, city.days, k)
    at = day * US_PER_DAY + draw_hours(rng, people.rhythm[who]) * US_PER_HOUR + rng.integers(0, US_PER_HOUR, k)
    names = [one.name for one in CATEGORIES]
    dear = np.array(
        [names.index(x) for x in ("phones", "appliances", "furniture", "gold", "electronics", "education", "travel")]
    )
    shop = shops.groups.draw(rng, rng.choice(dear, k), people.region[who])
    shop = np.where(day >= shops.opened_day[shop], shop, shops.category[shop])
    bought = buy(rng, city, who=who, at_us=at, shop=shop)
    wish = _large_part(rng, np.minimum(rng.beta(1.6, 1.3, k) * 1.02, 0.995))
    return Draft({**bought.columns, **wish}).take(day >= people.joined_day[who])


def _large_part(rng: Rng, share: Floats) -> dict[str, Ints]:
    """The columns of a purchase on credit for such a share of what is available."""
    k = len(share)
    ppm = (share * PPM).astype(np.int64)
    return {"share_ppm": ppm, "grid_minor": rng.choice(GRIDS, k), "credit": np.ones(k, np.int64)}


def refunds(rng: Rng, bought: Draft) -> Draft:
    """Goods go back within days by the habit of their kind, most of them whole. Origins are rows of `bought`."""
    rate = np.array([one.refunds for one in CATEGORIES])[bought["category"]]
    rows = np.flatnonzero(rng.random(len(bought)) < rate)
    delay = np.exp(rng.normal(np.log(2.5 * 24), 0.8, len(rows))) * US_PER_HOUR
    whole = rng.random(len(rows)) < 0.8
    at = bought["at_us"][rows] + delay.astype(np.int64) + US_PER_S
    return refund(bought, rows, at_us=at, share_ppm=np.where(whole, PPM, rng.integers(100_000, 900_000, len(rows))))


def refund(bought: Draft, rows: Ints, *, at_us: Ints, share_ppm: Ints | int) -> Draft:
    """Refunds of some rows of `bought`, to be put behind it with `followed_by`."""
    same = {name: bought[name][rows] for name in ("customer", "merchant", "device", "address", "category", "region")}
    return draft(**same, kind=EventKind.REFUND, origin=rows, at_us=at_us, share_ppm=share_ppm)


def transfers(rng: Rng, city: City) -> Draft:
    """Money to family and friends, stalls, landlords and strangers; evenings split among friends, and weddings."""
    return join([_daily_transfers(rng, city), _rents(rng, city), _evenings(rng, city), _weddings(rng, city)])


def vendors(city: City) -> int:
    """How many stalls there are; their payee ids follow those of the people."""
    return round(len(city.people) * VENDORS_PER_PERSON) + 1


def first_stranger(city: City) -> int:
    """The first payee id that is neither a person, a stall nor a landlord."""
    return len(city.people) + vendors(city) + round(len(city.people) * LANDLORDS_PER_PERSON) + 1


def _daily_transfers(rng: Rng, city: City) -> Draft:
    people = city.people
    n = len(people)
    count = rng.poisson(rng.gamma(1.2, 0.1, n) * city.days)
    who = np.repeat(np.arange(n), count)
    k = len(who)
    day = rng.integers(0, city.days, k)
    way = rng.random(k)
    friend = people.contacts[who, np.minimum(rng.geometric(0.4, k) - 1, CONTACTS - 1)]
    stall = n + np.floor(vendors(city) * rng.random(k) ** 2.5).astype(np.int64)
    stranger = np.where(rng.random(k) < 0.5, rng.integers(0, n, k), first_stranger(city) + rng.integers(0, n, k))
    payee = np.where(way < 0.45, friend, np.where(way < 0.80, stall, stranger))
    yuan = np.where(way < 0.45, np.exp(rng.normal(5.4, 1.2, k)), np.exp(rng.normal(3.2, 0.7, k)))
    yuan = np.where(way >= 0.80, np.exp(rng.normal(5.6, 1.5, k)), yuan)
    return _send(rng, city, who=who, day=day, gift=(payee, np.where(rng.random(k) < 0.5, _rounded(yuan), yuan)))


def _rounded(yuan: Floats) -> Floats:
    """Amounts as people say them: one leading digit and perhaps a half."""
    step = 10.0 ** np.floor(np.log10(np.maximum(yuan, 1.0))) / 2
    return np.maximum(np.round(yuan / step), 1) * step


def _rents(rng: Rng, city: City) -> Draft:
    """Three in ten rent: the same amount to the same landlord each month."""
    n = len(city.people)
    who = np.flatnonzero(rng.random(n) < 0.3)
    landlord = n + vendors(city) + who % round(n * LANDLORDS_PER_PERSON + 1)
    yuan = np.asarray(np.round(np.exp(rng.normal(7.4, 0.4, len(who))), -2), np.float64)
    due = rng.integers(0, 30, len(who))
    months = city.days // 30 + 1
    day = (due[:, None] + 30 * np.arange(months)).ravel()
    row = np.repeat(np.arange(len(who)), months)[day < city.days]
    return _send(rng, city, who=who[row], day=day[day < city.days], gift=(landlord[row], yuan[row]))


def _evenings(rng: Rng, city: City) -> Draft:
    """Friends split a bill: several send the same amount to the one who paid, within hours; next time somebody else pays."""
    people = city.people
    k = round(len(people) * city.days * 0.002)
    host = rng.integers(0, len(people), k)
    guests = rng.integers(2, CONTACTS + 1, k)
    row = np.repeat(np.arange(k), guests)
    seat = np.arange(len(row)) - np.repeat(np.cumsum(guests) - guests, guests)
    yuan = np.asarray(np.round(np.exp(rng.normal(4.4, 0.6, k)), 1), np.float64)[row]
    day = rng.integers(0, city.days, k)[row]
    return _send(rng, city, who=people.contacts[host[row], seat], day=day, gift=(host[row], yuan), hours=(20, 24))


def _weddings(rng: Rng, city: City) -> Draft:
    """Dozens of people of a region send lucky round sums to one payee on one day: an innocent fan-in."""
    people = city.people
    k = max(1, round(len(people) * city.days / 60_000))
    payee = rng.integers(0, len(people), k)
    guests = rng.integers(10, 45, k)
    row = np.repeat(np.arange(k), guests)
    by_region = np.argsort(people.region, kind="stable")
    place = np.empty(len(people), np.int64)
    place[by_region] = np.arange(len(people))
    near = np.clip(place[payee[row]] + rng.integers(-60, 60, len(row)), 0, len(people) - 1)
    day = rng.integers(0, city.days, k)[row]
    yuan = rng.choice(LUCKY_SUMS, len(row))
    return _send(rng, city, who=by_region[near], day=day, gift=(payee[row], yuan), hours=(8, 22))


def _send(
    rng: Rng, city: City, *, who: Ints, day: Ints, gift: tuple[Ints, Floats], hours: tuple[int, int] | None = None
) -> Draft:
    """Transfers of gift = (payee, yuan); without hours, at those of the sender's rhythm."""
    payee, yuan = gift
    k = len(who)
    hour = draw_hours(rng, city.people.rhythm[who]) if hours is None else rng.integers(*hours, k)
    scenes = scene_of(rng, city.people, who, (day, hour))
    at = day * US_PER_DAY + hour * US_PER_HOUR + rng.integers(0, US_PER_HOUR, k)
    amount = np.maximum(np.round(yuan * 100), 100)
    sent = draft(
        at_us=at, kind=EventKind.TRANSFER, amount_minor=amount, customer=who, payee=payee, device=scenes.device,
        address=scenes.address, region=scenes.region,
    )  # fmt: skip
    return sent.take((day >= city.people.joined_day[who]) & (who != payee))


def repayments(rng: Rng, city: City) -> Draft:
    """Once a month: most in full, some a part, a few not."""
    n = len(city.people)
    months = city.days // 30 + 1
    due = rng.integers(0, 28, n)
    day = (due[:, None] + 30 * np.arange(months)).ravel()
    who = np.repeat(np.arange(n), months)
    habit = rng.choice([PPM, 400_000, 120_000, 0], n, p=[0.70, 0.14, 0.12, 0.04])
    share = np.where(rng.random(len(who)) < 0.9, habit[who], PPM)
    pays = (share > 0) & (day < city.days)
    at = day * US_PER_DAY + rng.integers(8, 22, len(who)) * US_PER_HOUR + rng.integers(0, US_PER_HOUR, len(who))
    extra = _extra_repayments(rng, city)
    return join([draft(at_us=at, kind=EventKind.REPAYMENT, customer=who, share_ppm=share).take(pays), extra])


def _extra_repayments(rng: Rng, city: City) -> Draft:
    """Some pay as soon as money is there, at any time."""
    k = round(len(city.people) * city.days * 0.006)
    at = rng.integers(0, city.days * US_PER_DAY, k)
    share = rng.choice([PPM, 500_000, 300_000], k)
    return draft(at_us=at, kind=EventKind.REPAYMENT, customer=rng.integers(0, len(city.people), k), share_ppm=share)


def raises(rng: Rng, city: City) -> Draft:
    """Some limits are raised, and a good part of these people soon buys the big thing that they were waiting for."""
    people, shops = city.people, city.shops
    who = np.flatnonzero(rng.random(len(people)) < 0.0018 * city.days)
    k = len(who)
    at = rng.integers(0, city.days, k) * US_PER_DAY + 10 * US_PER_HOUR + rng.integers(0, US_PER_HOUR, k)
    share = rng.integers(150_000, 900_000, k)
    raised = draft(at_us=at, kind=EventKind.LIMIT_RAISED, customer=who, share_ppm=share, grid_minor=10_000)
    buys = np.flatnonzero(rng.random(k) < 0.4)
    later = at[buys] + np.exp(rng.normal(np.log(40), 1.1, len(buys))) * US_PER_HOUR
    names = [one.name for one in CATEGORIES]
    dear = [names.index(one) for one in ("phones", "appliances", "gold", "electronics", "furniture")]
    shop = shops.groups.draw(rng, rng.choice(dear, len(buys)), people.region[who[buys]])
    shop = np.where(shops.opened_day[shop] < 0, shop, shops.category[shop])
    bought = buy(rng, city, who=who[buys], at_us=later.astype(np.int64), shop=shop)
    wish = _large_part(rng, rng.beta(2.5, 1.3, len(buys)))
    there = later < city.days * US_PER_DAY
    return join([raised, Draft({**bought.columns, **wish}).take(there)])


__all__ = ["City", "buy", "draw_hours", "first_stranger", "live", "refund"]
