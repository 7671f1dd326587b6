"""A source of order evidence that is not one: it knows no carrier and no till, and times out, forgets, repeats itself and lies, by a seed.

Without faults every order is shipped after some hours and delivered a day or two later, or handed over at once where that is needed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from honghua.base.errors import TimedOut
from honghua.base.faults import require_known, strikes
from honghua.base.rng import derive_rng
from honghua.merchants.authenticity.port import OrderAsked
from honghua.merchants.core.authenticity import EvidenceItem, EvidenceKind

FAULTS: Final = (
    "timeout",  # no answer
    "lost",  # it never heard of the order
    "late",  # it hears of it thirty days later
    "twice",  # it says everything twice
    "stranger",  # it tells of an order that nobody asked about
    "future",  # it tells of a delivery that is still to come
    "early",  # it tells of a parcel that was on its way before the order: forged
    "one_waybill",  # it tells of one parcel for many orders of a shop: forged
    "empty",  # it tells of a parcel that weighs next to nothing and was hardly seen: forged
    "returned",  # the parcel goes back
    "no_capacity",  # it does not know what a shop can fulfil
)
LATE: Final = dt.timedelta(days=30)
ONE_WAYBILL: Final = "W-0"


@dataclass(slots=True)
class FakeEvidenceSource:
    """faults: chance of each of `FAULTS`, by order (of `timeout` by call). handed_over: shops whose goods change hands at a till."""

    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    handed_over: frozenset[str] = frozenset()
    capacity: int = 10_000
    _calls: int = 0

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake order evidence (asks no carrier)"

    def report(self, orders: Sequence[OrderAsked], *, now: dt.datetime) -> list[EvidenceItem]:
        """See `EvidenceSource.report`."""
        self._calls += 1
        if strikes(self.faults, "timeout", seed=self.seed, labels=("report", self._calls)):
            raise TimedOut(f"{self.name} did not answer")
        told = [item for order in orders for item in self._tell(order, now)]
        return told[::-1]  # the newest first, as if they had overtaken each other

    def find_capacity(self, merchant: str) -> int | None:
        """See `EvidenceSource.find_capacity`."""
        self._calls += 1
        if strikes(self.faults, "timeout", seed=self.seed, labels=("capacity", self._calls)):
            raise TimedOut(f"{self.name} did not answer")
        return None if self._happens(merchant, "no_capacity") else self.capacity

    def _tell(self, order: OrderAsked, now: dt.datetime) -> list[EvidenceItem]:
        """What it knows of one order by now: the same whenever asked, only more of it."""
        if self._happens(order.order, "lost"):
            return []
        items = self._live(order)
        if self._happens(order.order, "late"):
            items = [replace(item, at=item.at + LATE) for item in items]
        known = [item for item in items if item.at <= now]
        if self._happens(order.order, "future"):
            known = [replace(item, at=now + dt.timedelta(days=3)) for item in items]
        if known and self._happens(order.order, "twice"):
            known *= 2
        if known and self._happens(order.order, "stranger"):
            known.append(replace(known[0], purchase_id=order.purchase_id + 10**9))
        return known

    def _live(self, order: OrderAsked) -> list[EvidenceItem]:
        rng = derive_rng(self.seed, "order", order.merchant, order.order)
        if order.merchant in self.handed_over:
            kind, at = EvidenceKind.HANDED_OVER, order.bought_at + dt.timedelta(seconds=30)
            return [EvidenceItem(purchase_id=order.purchase_id, kind=kind, reference=f"till {order.order}", at=at)]
        shipped = order.bought_at + dt.timedelta(hours=float(rng.uniform(3, 30)))
        if self._happens(order.order, "early"):
            shipped = order.bought_at - dt.timedelta(hours=20)
        waybill = f"W-{rng.integers(10**12)}"
        if self._happens(order.order, "one_waybill"):
            waybill = f"{ONE_WAYBILL} of {order.merchant}"
        is_empty = self._happens(order.order, "empty")
        parcel = EvidenceItem(
            purchase_id=order.purchase_id, kind=EvidenceKind.SHIPPED, reference=waybill, at=shipped,
            grams=10 if is_empty else int(rng.integers(2_500, 9_000)), scans=1,
        )  # fmt: skip
        place = hashlib.sha256(f"{order.merchant}:{order.order}".encode()).hexdigest()[:32]
        arrived = replace(
            parcel, kind=EvidenceKind.DELIVERED, at=shipped + dt.timedelta(hours=float(rng.uniform(20, 60))), place=place,
            scans=1 if is_empty else int(rng.integers(4, 12)),
        )  # fmt: skip
        items = [parcel, arrived]
        if self._happens(order.order, "returned"):
            items.append(replace(parcel, kind=EvidenceKind.RETURNED, at=arrived.at + dt.timedelta(days=2)))
        return items

    def _happens(self, label: str, fault: str) -> bool:
        """By seed and what it is about: the same whenever asked."""
        return strikes(self.faults, fault, seed=self.seed, labels=(fault, label))


__all__ = ["FAULTS", "FakeEvidenceSource"]
