"""What carriers and tills would tell of a market's orders: of honest ones with all that goes wrong by itself, of fake ones what was bought.

The rates of `Habits` are assumed (nothing published gives them) and stand here to be changed. A fake order's proof is bought for its
whole ring: nothing, an empty parcel each, one waybill for many, waybills of other people's parcels, everything to one door, small
gifts, or a till's receipt where the shop has no parcels. Truth stays with whoever calls.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng, stable_hash
from honghua.features.core import EventKind, key_of_text
from honghua.merchants.core import EvidenceItem, EvidenceKind
from honghua.sim.core.background import City
from honghua.sim.core.draft import US_PER_DAY, Draft, Ints
from honghua.sim.core.market import MarketPlan, plan_market
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.core.typologies.fake_orders import FakeOrders

Rng = np.random.Generator
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

DAY_ZERO: Final = dt.datetime(2026, 1, 4, 16, tzinfo=dt.UTC)  # local midnight in front of the first day
DAYS: Final = 45
INSTANT: Final = frozenset({"takeaway", "restaurant", "transport", "fuel"})
SERVICES: Final = frozenset({"travel", "hotel", "education", "health", "beauty"})
GRAMS: Final[Mapping[str, int]] = {  # of a usual parcel
    "phones": 420, "electronics": 900, "appliances": 4_500, "furniture": 9_000, "clothing": 600, "shoes": 1_100, "liquor": 1_600,
    "home": 900, "toys": 700, "sports": 800, "pets": 1_500, "books": 700, "grocery": 2_500, "cosmetics": 300, "gold": 120,
    "pharmacy": 250,
}  # fmt: skip
GRAMS_ELSE: Final = 500


class Proof(StrEnum):
    """What a ring of fake orders buys as proof."""

    NOTHING = "nothing"
    EMPTY_PARCEL = "empty_parcel"
    ONE_WAYBILL = "one_waybill"
    BOUGHT_WAYBILL = "bought_waybill"
    ONE_DOOR = "one_door"
    SMALL_GIFT = "small_gift"
    RECEIPT = "receipt"


OF_PARCELS: Final = (
    Proof.NOTHING, Proof.EMPTY_PARCEL, Proof.ONE_WAYBILL, Proof.BOUGHT_WAYBILL, Proof.ONE_DOOR, Proof.SMALL_GIFT,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What goes wrong with honest orders, as shares of them; hours are medians."""

    ship_hours: float = 14.0
    slow: float = 0.02  # shipped after a week
    unheard: float = 0.012  # the source never hears of the parcel
    till_unheard: float = 0.03  # or of the receipt
    elsewhere: float = 0.15  # delivered to another region: gifts, parents, work
    pick_up: float = 0.12  # to a pick-up point, shared by a region
    light: float = 0.03  # spare parts, a case instead of a phone
    unweighed: float = 0.15
    few_scans: float = 0.02
    returned: float = 0.02  # refused at the door; the shop refunds most
    refunded_of_returned: float = 0.9
    early_clock: float = 0.002  # the carrier's clock is wrong by hours
    merged: float = 0.5  # of two orders of one customer at one shop within a day
    capacity: tuple[float, float] = (2.0, 5.0)  # times the mean day, and some


@dataclass(frozen=True, slots=True)
class Told:
    """Orders of a market, rows of its draft, with what would be told of each. All of length n.

    row: place in the draft; is_fake, ring: truth; proof: of its ring, "" where honest; channel: as scenes name them; bought_at: aware;
    items: with `purchase_id` = place here; refunded: money went back; capacity: of its shop, by day. customer, shop, category: dense ids
    of the city; day: from its first one; region_id: the key of where it was bought from.
    """

    row: Ints
    is_fake: Bools
    ring: Ints
    proof: list[str]
    channel: list[str]
    bought_at: list[dt.datetime]
    items: list[list[EvidenceItem]]
    refunded: Bools
    capacity: Ints
    customer: list[int]
    shop: list[int]
    category: list[int]
    amount_minor: list[int]
    day: list[int]
    region_id: list[int]


def tell_orders(rng: Rng, city: City, planned: Draft, *, habits: Habits | None = None) -> Told:
    """What sources would tell of all purchases on credit of a planned market (`plan_market`)."""
    rows = np.flatnonzero((planned["kind"] == EventKind.PURCHASE) & (planned["credit"] > 0))
    return _Teller(rng, city, planned, rows, habits or Habits()).tell()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """One parcel on its way; transit: hours."""

    waybill: str
    at: dt.datetime
    region: int
    place: str
    grams: int
    scans: int
    transit: float
    goes_back: bool = False


@dataclass(frozen=True)
class _Teller:
    """One market's orders while their parcels are drawn."""

    rng: Rng
    city: City
    planned: Draft
    rows: Ints
    habits: Habits

    def of(self, name: str) -> Ints:
        """A column of the orders."""
        return self.planned[name][self.rows]

    @cached_property
    def is_fake(self) -> Bools:
        """Truth."""
        return np.asarray(self.of("crime") % 2 == 1)

    @cached_property
    def goods(self) -> list[str]:
        """The name of each order's goods."""
        return [CATEGORIES[place].name for place in self.of("category").tolist()]

    @cached_property
    def channel(self) -> list[str]:
        """How each order reaches its buyer."""
        online = self.city.shops.online[self.of("merchant")]
        return [
            "instant" if name in INSTANT and up else "online" if up else "offline"
            for name, up in zip(self.goods, online.tolist(), strict=True)
        ]

    @cached_property
    def has_parcel(self) -> Bools:
        """Goods that a carrier takes."""
        virtual = np.array([one.virtual for one in CATEGORIES])[self.of("category")]
        serves = np.array([name in SERVICES or name in INSTANT for name in self.goods])
        return np.asarray(self.city.shops.online[self.of("merchant")] & ~virtual & ~serves)

    @cached_property
    def proof(self) -> list[str]:
        """What each fake order's ring bought; where a shop has no parcels a receipt, or nothing."""
        rings = np.unique(self.of("ring")[self.is_fake]).tolist()
        turn = int(self.rng.integers(len(OF_PARCELS)))
        bought = {ring: OF_PARCELS[(turn + k) % len(OF_PARCELS)] for k, ring in enumerate(rings)}
        told = []
        for fake, ring, parcel in zip(
            self.is_fake.tolist(), self.of("ring").tolist(), self.has_parcel.tolist(), strict=True
        ):
            other = Proof.NOTHING if fake and bought[ring] is Proof.NOTHING else Proof.RECEIPT
            told.append("" if not fake else bought[ring].value if parcel else other.value)
        return told

    def tell(self) -> Told:
        """Everything, order by order."""
        n = len(self.rows)
        rng, habits = self.rng, self.habits
        bought_at = [DAY_ZERO + dt.timedelta(microseconds=us) for us in self.of("at_us").tolist()]
        merged = self._merge()
        items = []
        for i in range(n):
            if not self.has_parcel[i]:
                items.append(self._till(i, bought_at[i]))
            elif self.is_fake[i]:
                items.append(self._faked(i, bought_at[i]))
            else:
                items.append(self._parcel(i, bought_at[i], waybill=f"w{merged[i]}"))
        back = np.array([any(one.kind is EvidenceKind.RETURNED for one in some) for some in items], np.bool_)
        gave_back = np.isin(self.rows, self.planned["origin"][self.planned["kind"] == EventKind.REFUND])
        refunded = gave_back | (back & (rng.random(n) < habits.refunded_of_returned))
        return Told(
            row=self.rows, is_fake=self.is_fake, ring=self.of("ring"), proof=self.proof, channel=self.channel, bought_at=bought_at,
            items=items, refunded=refunded, capacity=self._capacity(), customer=self.of("customer").tolist(),
            shop=self.of("merchant").tolist(), category=self.of("category").tolist(), amount_minor=self.of("amount_minor").tolist(),
            day=(self.of("at_us") // US_PER_DAY).tolist(),
            region_id=[key_of_text(name_region(region)) for region in self.of("region").tolist()],
        )  # fmt: skip

    def _merge(self) -> Ints:
        """Number of each order's parcel: two orders of one customer at one shop within a day may share it."""
        parcel = np.arange(len(self.rows))
        key = self.of("customer") * (self.of("merchant").max() + 1) + self.of("merchant")
        order = np.lexsort((self.of("at_us"), key))
        near = (np.diff(key[order]) == 0) & (np.diff(self.of("at_us")[order]) < US_PER_DAY)
        joins = np.flatnonzero(near & (self.rng.random(len(near)) < self.habits.merged))
        for place in joins.tolist():
            parcel[order[place + 1]] = parcel[order[place]]
        return parcel

    def _parcel(self, i: int, bought_at: dt.datetime, *, waybill: str) -> list[EvidenceItem]:
        """An honest parcel."""
        rng, habits = self.rng, self.habits
        if rng.random() < habits.unheard:
            return []
        hours = float(habits.ship_hours * np.exp(rng.normal(0, 0.7)))
        if rng.random() < habits.slow:
            hours += 168
        if rng.random() < habits.early_clock:
            hours = -float(rng.uniform(1, 6))
        usual = GRAMS.get(self.goods[i], GRAMS_ELSE)
        grams = usual * float(np.exp(rng.normal(0.1, 0.45)))
        if rng.random() < habits.light:
            grams = float(rng.uniform(30, 120))
        far = rng.random() < habits.elsewhere
        region = int(rng.integers(0, 30)) if far else int(self.of("region")[i])
        place = (
            f"point {region} {rng.integers(3)}"
            if rng.random() < habits.pick_up
            else f"home {self.of('customer')[i]} {far}"
        )
        scans = 2 + int(rng.poisson(1 if rng.random() < habits.few_scans else 5))
        weighed = 0 if rng.random() < habits.unweighed else max(1, int(grams))
        parcel = _Parcel(
            at=bought_at + dt.timedelta(hours=hours), waybill=waybill, region=region, place=place, grams=weighed, scans=scans,
            transit=float(rng.lognormal(3.6, 0.5)), goes_back=rng.random() < habits.returned,
        )  # fmt: skip
        return list_items(i, parcel)

    def _faked(self, i: int, bought_at: dt.datetime) -> list[EvidenceItem]:
        """What the ring bought for this order."""
        rng, proof = self.rng, self.proof[i]
        if proof == Proof.NOTHING:
            return []
        ring, region = int(self.of("ring")[i]), int(self.of("region")[i])
        at = bought_at + dt.timedelta(hours=float(14 * np.exp(rng.normal(0, 0.6))))
        usual = GRAMS.get(self.goods[i], GRAMS_ELSE) * float(np.exp(rng.normal(0.1, 0.45)))
        waybill, place, grams, scans = (
            f"f{self.rows[i]}",
            f"home {self.of('customer')[i]} False",
            usual,
            2 + int(rng.poisson(5)),
        )
        if proof == Proof.EMPTY_PARCEL:
            grams = float(rng.uniform(15, 90))
        elif proof == Proof.ONE_WAYBILL:
            waybill = f"f{ring} {rng.integers(3)}"
        elif proof == Proof.BOUGHT_WAYBILL:
            at = bought_at + dt.timedelta(hours=float(rng.uniform(-30, 30)))
            region, place = int(rng.integers(0, 30)), f"stranger {self.rows[i]}"
        elif proof == Proof.ONE_DOOR:
            place = f"door {ring}"
        elif proof == Proof.SMALL_GIFT:
            grams = float(rng.uniform(60, 260))
        parcel = _Parcel(
            at=at, waybill=waybill, region=region, place=place, grams=max(1, int(grams)), scans=scans,
            transit=float(rng.lognormal(3.4, 0.5)),
        )  # fmt: skip
        return list_items(i, parcel)

    def _till(self, i: int, bought_at: dt.datetime) -> list[EvidenceItem]:
        """Something was given without a carrier: at once, or on the day of the service."""
        rng = self.rng
        if self.proof[i] == Proof.NOTHING or (not self.is_fake[i] and rng.random() < self.habits.till_unheard):
            return []
        wait = float(rng.uniform(0, 200)) if self.goods[i] in SERVICES and self.channel[i] == "online" else 0.02
        at = bought_at + dt.timedelta(hours=wait)
        return [EvidenceItem(purchase_id=i, kind=EvidenceKind.HANDED_OVER, reference=f"r{self.rows[i]}", at=at)]

    def _capacity(self) -> Ints:
        """int64[n]: what each order's shop says that it can fulfil in a day; who fakes orders says any number."""
        bought = self.planned["kind"] == EventKind.PURCHASE
        shops = len(self.city.shops)
        honest = bought & (self.planned["crime"] % 2 == 0)
        mean = np.bincount(self.planned["merchant"][honest], minlength=shops) / self.city.days
        low, high = self.habits.capacity
        said = np.ceil(mean * self.rng.uniform(low, high, shops)).astype(np.int64) + self.rng.integers(3, 12, shops)
        liars = np.unique(self.of("merchant")[self.is_fake])
        said[liars] = np.maximum(said[liars], self.rng.integers(8, 60, len(liars)))
        return np.asarray(said[self.of("merchant")], np.int64)


def make_orders(seed: int, label: str, *, people: int, rings: int, days: int = DAYS) -> Told:
    """Orders of a market of its own that has fake orders and no other crime; the same for the same seed and label."""
    plan = MarketPlan(
        people=people, days=days, seed=stable_hash(seed, label) % 2**31, rings=rings, typologies=(FakeOrders.name,)
    )
    city, planned = plan_market(plan)
    return tell_orders(derive_rng(plan.seed, "parcels"), city, planned)


def name_region(region: int) -> str:
    """As a carrier writes it."""
    return f"region {region}"


def list_items(number: int, parcel: _Parcel) -> list[EvidenceItem]:
    """What a carrier tells of a parcel."""
    shipped = EvidenceItem(
        purchase_id=number,
        kind=EvidenceKind.SHIPPED,
        reference=parcel.waybill,
        at=parcel.at,
        grams=parcel.grams,
        scans=1,
    )
    there = parcel.at + dt.timedelta(hours=parcel.transit)
    if parcel.goes_back:
        return [
            shipped,
            EvidenceItem(purchase_id=number, kind=EvidenceKind.RETURNED, reference=parcel.waybill, at=there),
        ]
    delivered = EvidenceItem(
        purchase_id=number, kind=EvidenceKind.DELIVERED, reference=parcel.waybill, at=there, region=name_region(parcel.region),
        place=parcel.place, grams=parcel.grams, scans=parcel.scans,
    )  # fmt: skip
    return [shipped, delivered]


__all__ = ["DAY_ZERO", "OF_PARCELS", "Habits", "Proof", "Told", "make_orders", "tell_orders"]
