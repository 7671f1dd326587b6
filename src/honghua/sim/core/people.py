"""People: rhythm, means, taste, and the devices and addresses that they share with others in innocent ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints
from honghua.sim.core.shops import CATEGORIES, REGIONS

Floats = NDArray[np.float64]

NEVER: Final = 10**6  # a day that does not come
CONTACTS: Final = 5
CAFE_DEVICES: Final = 25
SPARE_SHARE: Final = 0.04  # accounts that join during the window and buy little: new users, and whom a farm registers
MOBILE_SHARE: Final = 0.35  # of purchases come through an address of the mobile network, shared by strangers


class Rhythm(NamedTuple):
    """One kind of day: the share of people, the weight of each hour, what they like more than others."""

    name: str
    share: float
    hours: tuple[float, ...]
    weekend: float
    likes: tuple[str, ...]


_OFFICE = (1, 0.4, 0.2, 0.1, 0.1, 0.3, 1.5, 4, 5, 4, 5, 7, 10, 7, 4, 4, 4, 6, 9, 9, 10, 10, 7, 3)
_SHIFT = (3, 2, 1.5, 1, 1, 2, 4, 4, 4, 4, 4, 6, 7, 5, 4, 4, 4, 5, 6, 6, 6, 6, 6, 5)
_STUDENT = (5, 3, 1.5, 0.7, 0.3, 0.3, 0.7, 2, 3, 3, 4, 8, 10, 5, 4, 4, 5, 8, 8, 8, 8, 9, 10, 8)
_HOME = (0.5, 0.2, 0.1, 0.1, 0.3, 1, 3, 6, 9, 11, 10, 8, 6, 5, 6, 7, 7, 6, 4, 4, 4, 3, 2, 1)
_NIGHT = (9, 8, 6, 4, 2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 7, 8, 10, 10)
RHYTHMS: Final = (
    Rhythm("office", 0.42, _OFFICE, 1.3, ("takeaway", "restaurant", "transport", "travel", "hotel", "cosmetics")),
    Rhythm("shift", 0.24, _SHIFT, 1.0, ("grocery", "fuel", "transport", "phones", "top-up")),
    Rhythm("student", 0.12, _STUDENT, 1.1, ("games", "takeaway", "clothing", "books", "shoes", "sports")),
    Rhythm("home", 0.15, _HOME, 0.95, ("grocery", "pharmacy", "home", "toys", "health", "clothing")),
    Rhythm("night", 0.07, _NIGHT, 1.0, ("games", "takeaway", "electronics", "liquor", "gift cards")),
)
STUDENT: Final = 2
NIGHT: Final = 4


@dataclass(frozen=True, slots=True)
class People:
    """People by dense id; all arrays have n rows.

    rank: place in the order of incomes, 0 … 1; per_day: purchases; credit_share: of them, wished on credit; joined_day: < 0 = long
    ago; phone/next_phone: device before and from phone_day; tablet: the household's, -1 = none; mobile: first address of a pool
    of the region; travel_from/travel_to: days spent at `hotel` in `away`; contacts int64[n, CONTACTS]: people they send money to.
    """

    rhythm: Ints
    region: Ints
    rank: Floats
    limit_minor: Ints
    per_day: Floats
    credit_share: Floats
    joined_day: Ints
    household: Ints
    home: Ints
    work: Ints
    mobile: Ints
    mobile_size: int
    phone: Ints
    next_phone: Ints
    phone_day: Ints
    tablet: Ints
    cafe: Ints
    cafe_address: Ints
    travel_from: Ints
    travel_to: Ints
    hotel: Ints
    away: Ints
    contacts: Ints
    devices: int
    addresses: int

    def __len__(self) -> int:
        return len(self.rhythm)

    @property
    def spare(self) -> Ints:
        """Accounts that join during the window and buy little, by joining day."""
        n = round(len(self) * SPARE_SHARE)
        late = np.arange(len(self) - n, len(self))
        return late[np.argsort(self.joined_day[late], kind="stable")]


def settle_people(rng: np.random.Generator, *, people: int, days: int) -> People:
    """A city of so many people, of whom some change their phone, travel or join during the days."""
    n = people
    rhythm = rng.choice(len(RHYTHMS), n, p=[one.share for one in RHYTHMS])
    size = rng.choice([1, 2, 3, 4, 5], n, p=[0.3, 0.25, 0.27, 0.13, 0.05])
    household = np.repeat(np.arange(n), size)[:n]
    region = np.floor(REGIONS * rng.random(n) ** 1.6).astype(np.int64)[household]
    rank = (np.argsort(np.argsort(rng.normal(size=n) - 0.9 * (rhythm == STUDENT), kind="stable")) + 0.5) / n
    spare = round(n * SPARE_SHARE)
    joined = np.where(rng.random(n) < 0.08, rng.integers(0, max(days, 1), n), -1)
    per_day = rng.gamma(2.2, 0.27, n)
    if spare:
        joined[-spare:] = rng.integers(0, max(days, 1), spare)
        per_day[-spare:] *= 0.25
    yuan = np.exp(8.6 + 0.75 * (rank - 0.5) * 2 + rng.normal(0, 0.45, n))
    return People(
        rhythm=rhythm, region=region, rank=rank, per_day=per_day, joined_day=joined, household=household,
        limit_minor=np.maximum(np.round(yuan / 500), 1).astype(np.int64) * 50_000, credit_share=rng.beta(1.6, 1.6, n),
        contacts=contacts_of(rng, household, region), **_addresses(rng, rhythm, region, household, days),
        **devices_of(rng, rhythm, household, days),
    )  # fmt: skip


def _addresses(rng: np.random.Generator, rhythm: Ints, region: Ints, household: Ints, days: int) -> dict[str, Any]:
    """Homes, dormitories, offices, the mobile network, hotels and cyber-cafés."""
    n = len(rhythm)
    offices, dorms, cafes, hotels = n // 25 + REGIONS, n // 1500 + 1, n // 800 + 1, n // 300 + 3
    pool = n // (40 * REGIONS) + 2
    office_0 = n
    dorm_0 = office_0 + offices
    mobile_0 = dorm_0 + dorms
    cafe_0 = mobile_0 + pool * REGIONS
    hotel_0 = cafe_0 + cafes
    per_region = offices // REGIONS
    office = office_0 + region * per_region + np.floor(per_region * rng.random(n) ** 2.0).astype(np.int64)
    travels = rng.random(n) < 0.0025 * days
    start = np.where(travels, rng.integers(0, max(days, 1), n), NEVER)
    hotel = rng.integers(0, hotels, n)
    visits = rng.random(n) < np.where(rhythm == NIGHT, 0.25, np.where(rhythm == STUDENT, 0.15, 0.01))
    cafe = np.where(visits, rng.integers(0, cafes, n), -1)
    in_dorm = (rhythm == STUDENT) & (rng.random(n) < 0.75)
    return {
        "home": np.where(in_dorm, dorm_0 + rng.integers(0, dorms, n), household),
        "work": np.where((rhythm == 0) | (rng.random(n) < 0.2), office, -1),
        "mobile": mobile_0 + region * pool, "mobile_size": pool, "cafe": cafe,
        "cafe_address": np.where(visits, cafe_0 + cafe, -1), "travel_from": start, "travel_to": start + rng.integers(2, 7, n),
        "hotel": hotel_0 + hotel, "away": hotel % REGIONS, "addresses": hotel_0 + hotels,
    }  # fmt: skip


def devices_of(rng: np.random.Generator, rhythm: Ints, household: Ints, days: int) -> dict[str, Any]:
    """Phones, new and second-hand, the tablets of households; the devices of the cafés come last."""
    n = len(rhythm)
    phone = np.arange(n)
    changes = rng.random(n) < days / 540
    phone_day = np.where(changes, rng.integers(0, max(days, 1), n), NEVER)
    next_phone = n + np.arange(n)
    changers = np.flatnonzero(changes)
    changers = changers[np.argsort(phone_day[changers], kind="stable")]
    second_hand = np.flatnonzero(rng.random(len(changers)) < 0.2)
    second_hand = second_hand[second_hand > 0]
    seller = np.floor(second_hand * rng.random(len(second_hand))).astype(np.int64)  # someone who changed before
    next_phone[changers[second_hand]] = phone[changers[seller]]
    has_tablet = rng.random(n) < 0.25
    tablet = np.where(has_tablet[household], 2 * n + household, -1)
    cafes = n // 800 + 1
    return {
        "phone": phone, "next_phone": next_phone, "phone_day": phone_day, "tablet": tablet,
        "devices": 3 * n + cafes * CAFE_DEVICES,
    }  # fmt: skip


def contacts_of(rng: np.random.Generator, household: Ints, region: Ints) -> Ints:
    """Family first, then friends of the same region: the people next in its list, so that friends have friends in common."""
    n = len(household)
    by_region = np.argsort(region, kind="stable")
    place = np.empty(n, np.int64)
    place[by_region] = np.arange(n)
    steps = rng.integers(1, 12, (n, CONTACTS)) * rng.choice([-1, 1], (n, CONTACTS))
    contacts = by_region[np.clip(place[:, None] + steps, 0, n - 1)]
    family = np.arange(n) + 1
    family[-1] = 0
    near = household[np.minimum(family, n - 1)] == household
    contacts[:, 0] = np.where(near, family, contacts[:, 0])
    return np.asarray(np.where(contacts == np.arange(n)[:, None], (contacts + 1) % n, contacts), np.int64)


class Scenes(NamedTuple):
    """Where purchases come from: dense ids, int64[k] each."""

    device: Ints
    address: Ints
    region: Ints


def scene_of(rng: np.random.Generator, people: People, who: Ints, at: tuple[Ints, Ints]) -> Scenes:
    """The device, address and region that each person would use at (day, local hour)."""
    day, hour = at
    k = len(who)
    n = len(people)
    device = np.where(day >= people.phone_day[who], people.next_phone[who], people.phone[who])
    device = np.where((people.tablet[who] >= 0) & (rng.random(k) < 0.12), people.tablet[who], device)
    working = (people.work[who] >= 0) & (hour >= 9) & (hour < 18) & (rng.random(k) < 0.7)
    address = np.where(working, people.work[who], people.home[who])
    on_the_road = rng.random(k) < MOBILE_SHARE
    address = np.where(on_the_road, people.mobile[who] + rng.integers(0, people.mobile_size, k), address)
    in_cafe = (people.cafe[who] >= 0) & ((hour >= 18) | (hour < 5)) & (rng.random(k) < 0.4)
    seat = 3 * n + people.cafe[who] * CAFE_DEVICES + rng.integers(0, CAFE_DEVICES, k)
    device = np.where(in_cafe, seat, device)
    address = np.where(in_cafe, people.cafe_address[who], address)
    away = (day >= people.travel_from[who]) & (day <= people.travel_to[who])
    address = np.where(away, people.hotel[who], address)
    return Scenes(device, address, np.where(away, people.away[who], people.region[who]))


def taste_of_rhythms() -> Floats:
    """float64[rhythms, categories]: running shares of the categories that each kind of day buys."""
    names = [one.name for one in CATEGORIES]
    weights = np.tile(np.array([one.weight for one in CATEGORIES]), (len(RHYTHMS), 1))
    for row, rhythm in enumerate(RHYTHMS):
        weights[row, [names.index(like) for like in rhythm.likes]] *= 2.2
    return np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)


__all__ = [
    "CONTACTS", "NEVER", "NIGHT", "RHYTHMS", "STUDENT", "People", "Scenes", "contacts_of", "devices_of", "scene_of", "settle_people",
    "taste_of_rhythms",
]  # fmt: skip
