"""The stage of crooks: what they know of the city, whom they can recruit, what they can get that is new – and their acts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from honghua.features.core import EventKind
from honghua.sim.core.background import City, first_stranger
from honghua.sim.core.draft import MUST_CREDIT, NONE, US_PER_DAY, US_PER_HOUR, US_PER_S, Draft, Ints, draft
from honghua.sim.core.people import scene_of
from honghua.sim.core.shops import SPARE_SHOPS
from honghua.sim.core.tuning import Tuning

Rng = np.random.Generator
Span = tuple[int, int]  # least and most, both included

DAYTIME: Final = (9, 22)
OF_NO_RING: Final = -1  # ring: an innocent purchase that a plan brings along
STRANGERS_MAX: Final = 2  # one-off payees of the background, per person, whose ids come before those that crooks open


class Reporting(NamedTuple):
    """How a crime comes to light: the share of rings that are found, of the events of such a ring, and after how long."""

    rings: float
    events: float
    days_median: float


class Typology(Protocol):
    """A plug-in: a frozen dataclass of parameters that plants one ring."""

    name: ClassVar[str]
    family: ClassVar[str]
    reporting: ClassVar[Reporting]
    tuning: ClassVar[Tuning]

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One ring: its crimes (crime = 1) and what its members do to look ordinary (crime = 0)."""
        ...


@dataclass(slots=True)
class Stage:
    """What is still free for crooks. Mutable: everybody is recruited once, everything new is new."""

    city: City
    first_day: int
    recruits: Ints = field(init=False)
    accounts: Ints = field(init=False)
    shops_left: int = field(init=False, default=SPARE_SHOPS)
    device: int = field(init=False)
    address: int = field(init=False)
    payee: int = field(init=False)

    def __post_init__(self) -> None:
        people = self.city.people
        fresh = people.spare
        settled = np.setdiff1d(np.flatnonzero(people.joined_day < 0), fresh)
        self.recruits = settled
        self.accounts = fresh[people.joined_day[fresh] >= self.first_day]
        self.device, self.address = people.devices, people.addresses
        self.payee = first_stranger(self.city) + STRANGERS_MAX * len(people)

    def recruit(self, rng: Rng, k: int, *, needy: bool = False) -> Ints:
        """k people who live here and have no part in a ring yet; needy: of small means."""
        people = self.city.people
        weight = np.where(people.rank[self.recruits] < 0.5, 6.0, 1.0) if needy else np.ones(len(self.recruits))
        k = min(k, len(self.recruits) // 2)
        chosen = rng.choice(len(self.recruits), k, replace=False, p=weight / weight.sum())
        who = self.recruits[chosen]
        self.recruits = np.delete(self.recruits, chosen)
        return who

    def register(self, rng: Rng, k: int) -> Ints:
        """k accounts that join at about the same time; fewer near the end of the supply."""
        k = min(k, max(len(self.accounts) // 3, 1), len(self.accounts))
        first = rng.integers(0, len(self.accounts) - k + 1)
        who = self.accounts[first : first + k]
        self.accounts = np.delete(self.accounts, np.arange(first, first + k))
        return who

    def new_devices(self, k: int) -> Ints:
        """k devices that nobody has used before."""
        self.device += k
        return np.arange(self.device - k, self.device)

    def new_addresses(self, k: int) -> Ints:
        """k addresses that nobody has used before."""
        self.address += k
        return np.arange(self.address - k, self.address)

    def new_payees(self, k: int) -> Ints:
        """k payees outside the city."""
        self.payee += k
        return np.arange(self.payee - k, self.payee)

    def new_shop(self, rng: Rng) -> int:
        """A shop that opens for the ring; a small old one when all are taken."""
        if self.shops_left == 0:
            return self.small_shop(rng)
        self.shops_left -= 1
        return len(self.city.shops) - SPARE_SHOPS + self.shops_left

    def small_shop(self, rng: Rng) -> int:
        """A shop with some honest buyers."""
        return int(rng.choice(self.city.shops.small()))

    def start(self, rng: Rng, span_days: int) -> int:
        """The first day of something that takes so long."""
        return int(rng.integers(self.first_day, max(self.city.days - span_days, self.first_day + 1)))


def within(rng: Rng, span: Span) -> int:
    """A whole number from a span."""
    return int(rng.integers(span[0], span[1] + 1))


def times(rng: Rng, k: int, *, day: ArrayLike, hours: tuple[int, int] = DAYTIME) -> Ints:
    """k moments on the given day or days within local hours (the last not included)."""
    hour = rng.integers(hours[0], hours[1], k)
    return np.asarray(day, np.int64) * US_PER_DAY + hour * US_PER_HOUR + rng.integers(0, US_PER_HOUR, k)


def after(rng: Rng, at_us: Ints, *, hours: float, spread: float = 0.7) -> Ints:
    """A while after each moment: lognormal with this median, at least a few seconds."""
    delay = hours * np.exp(rng.normal(0, spread, len(at_us))) * US_PER_HOUR
    return at_us + delay.astype(np.int64) + rng.integers(2, 30, len(at_us)) * US_PER_S


def spend(rng: Rng, stage: Stage, *, who: Ints, at_us: Ints, shop: ArrayLike) -> Draft:
    """Crimes: purchases on credit from where the people are; amounts are the caller's to set (`with_columns`)."""
    shops = stage.city.shops
    shop = np.broadcast_to(np.asarray(shop, np.int64), (len(who),))
    scenes = scene_of(rng, stage.city.people, who, (at_us // US_PER_DAY, at_us // US_PER_HOUR % 24))
    return draft(
        at_us=at_us, kind=EventKind.PURCHASE, customer=who, merchant=shop, category=shops.category[shop], device=scenes.device,
        address=scenes.address, region=np.where(shops.online[shop], scenes.region, shops.region[shop]), credit=MUST_CREDIT, crime=1,
    )  # fmt: skip


def send(rng: Rng, stage: Stage, *, who: Ints, at_us: Ints, payee: ArrayLike, amount_minor: ArrayLike = 0) -> Draft:
    """Crimes: transfers from where the people are."""
    scenes = scene_of(rng, stage.city.people, who, (at_us // US_PER_DAY, at_us // US_PER_HOUR % 24))
    return draft(
        at_us=at_us, kind=EventKind.TRANSFER, amount_minor=amount_minor, customer=who, payee=payee, device=scenes.device,
        address=scenes.address, region=scenes.region, crime=1,
    )  # fmt: skip


class Payback(NamedTuple):
    """Who sends how much of a purchase back, after how long."""

    owner: int
    share_ppm: Span
    hours: float


def pay_back(rng: Rng, stage: Stage, bought: Draft, rows: Ints, way: Payback) -> Draft:
    """Transfers from the owner of a shop to the buyers of some rows; put behind with `followed_by`."""
    at = after(rng, bought["at_us"][rows], hours=way.hours)
    who = np.full(len(rows), way.owner, np.int64)
    back = send(rng, stage, who=who, at_us=at, payee=bought["customer"][rows])
    return with_columns(back, origin=rows, share_ppm=rng.integers(*way.share_ppm, len(rows)), grid_minor=100)


def with_columns(rows: Draft, **columns: ArrayLike) -> Draft:
    """The same rows with some columns replaced."""
    wide = {
        name: np.broadcast_to(np.asarray(values), (len(rows),)).astype(np.int64) for name, values in columns.items()
    }
    return replace(rows, columns={**rows.columns, **wide})


def some(rng: Rng, rows: Draft, share: float) -> Ints:
    """The numbers of a random part of the rows."""
    return np.flatnonzero(rng.random(len(rows)) < share)


__all__ = [
    "DAYTIME", "NONE", "OF_NO_RING", "Payback", "Reporting", "Rng", "Span", "Stage", "Typology", "after", "pay_back", "send", "some",
    "spend", "times", "with_columns", "within",
]  # fmt: skip
