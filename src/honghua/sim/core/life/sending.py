"""Money that people send: to family and friends, stalls, landlords and strangers; bills split among friends, and weddings."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.background import LANDLORDS_PER_PERSON, LUCKY_SUMS, VENDORS_PER_PERSON, draw_hours, first_stranger
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, Ints, draft, join
from honghua.sim.core.life.accounts import find_rows
from honghua.sim.core.life.registry import Registry
from honghua.sim.core.people import CONTACTS, Floats, scene_of

Rng = np.random.Generator

EVENINGS: Final = 0.002  # bills that friends split, per person and day
WEDDINGS: Final = 1 / 60_000
FRIENDS, STALLS = (
    0.45,
    0.80,
)  # running shares of what is sent without an occasion: friends, stalls, the rest to strangers
SENDING: Final = (1.2, 0.1)  # gamma: how often a person sends money without an occasion, per day
RED_PACKETS: Final = 6.0  # times as often in the week of the Spring Festival
NEAR: Final = 60  # places in the list of a region: who is invited to a wedding


class Gifts(NamedTuple):
    """Who sends how much to whom; hours: local, the last not included; None = at those of the sender's rhythm."""

    who: Ints
    payee: Ints
    amount_minor: Ints
    hours: tuple[int, int] | None


def send_money(rng: Rng, registry: Registry, members: Ints, per_day: Floats, day: int) -> Draft:
    """What these people send without an occasion, and their part in the evenings and weddings of the whole city."""
    occasions = _occasions(registry, members, day)
    return join([_daily(rng, registry, members, per_day, day), *(_send(rng, registry, day, one) for one in occasions)])


def pay_rents(rng: Rng, registry: Registry, who: Ints, rent_minor: Ints, day: int) -> Draft:
    """Rents of those whose rent is due today, always to the same landlord."""
    n = registry.plan.people
    first = n + round(n * VENDORS_PER_PERSON) + 1
    landlord = first + who % round(n * LANDLORDS_PER_PERSON + 1)
    return _send(rng, registry, day, Gifts(who, landlord, rent_minor, (8, 22)))


def _daily(rng: Rng, registry: Registry, members: Ints, per_day: Floats, day: int) -> Draft:
    n = registry.plan.people
    rate = per_day * (RED_PACKETS if registry.calendar.festival[day] else 1.0)
    who = np.repeat(members, rng.poisson(rate))
    k = len(who)
    way = rng.random(k)
    friend = registry.citizens.people.contacts[who, np.minimum(rng.geometric(0.4, k) - 1, CONTACTS - 1)]
    stall = n + np.floor(round(n * VENDORS_PER_PERSON + 1) * rng.random(k) ** 2.5).astype(np.int64)
    outside = first_stranger(registry.street) + rng.integers(0, n, k)
    stranger = np.where(rng.random(k) < 0.5, rng.integers(0, n, k), outside)
    payee = np.where(way < FRIENDS, friend, np.where(way < STALLS, stall, stranger))
    z = rng.normal(size=k)
    yuan = np.exp(np.where(way < FRIENDS, 5.4 + 1.2 * z, np.where(way < STALLS, 3.2 + 0.7 * z, 5.6 + 1.5 * z)))
    round_sum = (way < STALLS) & (rng.random(k) < 0.5)
    step = 10.0 ** np.floor(np.log10(np.maximum(yuan, 1.0))) / 2
    yuan = np.where(round_sum, np.maximum(np.round(yuan / step), 1) * step, yuan)
    if registry.calendar.festival[day]:
        yuan = np.where(way < FRIENDS, rng.choice([66, 88, 100, 200, 500, 600, 800], k), yuan)
    return _send(rng, registry, day, Gifts(who, payee, np.round(yuan * 100).astype(np.int64), None))


def _occasions(registry: Registry, members: Ints, day: int) -> list[Gifts]:
    """Evenings and weddings. Every block draws those of the whole city and keeps its own people's part."""
    n = registry.plan.people
    rng = registry.rng("occasions", day)
    evenings = rng.poisson(n * EVENINGS)
    host = rng.integers(0, n, evenings)
    guests = rng.integers(2, CONTACTS + 1, evenings)
    share = np.maximum(np.round(np.exp(rng.normal(4.4, 0.6, evenings)), 1) * 100, 100).astype(np.int64)
    row = np.repeat(np.arange(evenings), guests)
    seat = np.arange(len(row)) - np.repeat(np.cumsum(guests) - guests, guests)
    friends = np.asarray(registry.citizens.people.contacts[host[row], seat], np.int64)
    weddings = rng.poisson(n * WEDDINGS * (2.0 if registry.calendar.free[day] else 0.6))
    couple = rng.integers(0, n, weddings)
    row_of = np.repeat(np.arange(weddings), rng.integers(10, 45, weddings))
    near = registry.place_in_region[couple[row_of]] + rng.integers(-NEAR, NEAR, len(row_of))
    invited = np.asarray(registry.by_region[np.clip(near, 0, n - 1)], np.int64)
    gift = (rng.choice(LUCKY_SUMS, len(row_of)) * 100).astype(np.int64)
    mine, ours = find_rows(members, friends) >= 0, find_rows(members, invited) >= 0
    return [
        Gifts(friends[mine], host[row][mine], share[row][mine], (20, 24)),
        Gifts(invited[ours], couple[row_of][ours], gift[ours], (8, 22)),
    ]


def _send(rng: Rng, registry: Registry, day: int, gifts: Gifts) -> Draft:
    """The transfers of some gifts."""
    people, (who, payee, amount_minor, hours) = registry.citizens.people, gifts
    k = len(who)
    hour = draw_hours(rng, people.rhythm[who]) if hours is None else rng.integers(*hours, k)
    place = scene_of(rng, people, who, (np.full(k, day), hour))
    sent = draft(
        at_us=day * US_PER_DAY + hour * US_PER_HOUR + rng.integers(0, US_PER_HOUR, k), kind=EventKind.TRANSFER,
        amount_minor=np.maximum(amount_minor, 100), customer=who, payee=payee, device=place.device, address=place.address,
        region=place.region,
    )  # fmt: skip
    return sent.take(registry.is_here(who, day) & (who != payee))


__all__ = ["SENDING", "pay_rents", "send_money"]
