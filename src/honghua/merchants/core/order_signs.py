"""From evidence to signs: what a source told of an order, beside what is known of its shop and of others. The same live and in trials."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from honghua.features.core import key_of_text
from honghua.merchants.core.authenticity import EvidenceItem, EvidenceKind, OrderSigns

PPM: Final = 1_000_000
LATELY_DAYS: Final = 30
COMPANY_DAYS: Final = 10  # on either side of an order
CROWD_MAX: Final = 60  # orders of a shop within them; where more buy, company is chance


def find_company(
    here: Collection[int] | None, elsewhere: Iterable[Collection[int] | None], *, customer: int
) -> int | None:
    """How many others bought here and at one of the customer's other shops, within COMPANY_DAYS of the order.

    here, elsewhere: customers of the order's shop and of the others within the days; None where they are more than CROWD_MAX.
    """
    if here is None:
        return None
    found = {other for shop in elsewhere if shop is not None for other in shop if other in here}
    return len(found - {customer})


HOUR: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one order cannot tell by itself.

    grams_least: the least that its goods weigh, 0 = they are not weighed. waybill_orders, place_orders: as in `OrderSigns`.
    shop_orders: of the shop on its business day; shop_orders_before: in the LATELY_DAYS before it; capacity: of orders a day, None =
    nobody knows. sold_minor, shop_refunded_minor:
    of the shop lately. refunded_minor: of this order. company: as in `OrderSigns`, None where too many buy at the shop.
    """

    grams_least: int = 0
    waybill_orders: int = 0
    place_orders: int = 0
    shop_orders: int = 0
    shop_orders_before: int = 0
    capacity: int | None = None
    sold_minor: int = 0
    shop_refunded_minor: int = 0
    company: int | None = None
    refunded_minor: int = 0


def derive_signs(
    items: Sequence[EvidenceItem], around: Surroundings, *, bought_at: dt.datetime, region_id: int
) -> OrderSigns:
    """The signs of an order. bought_at: aware; region_id: where it was bought from (`features.core.key_of_text`), 0 = not told."""
    shipped = [item for item in items if item.kind is EvidenceKind.SHIPPED]
    delivered = [item for item in items if item.kind is EvidenceKind.DELIVERED]
    first = min((item.at for item in shipped), default=None)
    last = max((item.at for item in delivered), default=None)
    grams = max((item.grams for item in shipped), default=0)
    regions = {item.region for item in delivered} - {""}
    returned = any(item.kind is EvidenceKind.RETURNED for item in items)
    return OrderSigns(
        hours_to_ship=None if first is None else (first - bought_at) // HOUR,
        transit_hours=None if first is None or last is None else (last - first) // HOUR,
        scans=max((item.scans for item in delivered), default=None),
        grams_ppm=grams * PPM // around.grams_least if grams and around.grams_least else None,
        other_region=key_of_text(next(iter(regions))) != region_id if len(regions) == 1 and region_id else None,
        waybill_orders=around.waybill_orders if shipped or delivered else None,
        place_orders=around.place_orders if delivered else None,
        load_ppm=around.shop_orders * PPM // around.capacity if around.capacity else None,
        burst_ppm=around.shop_orders * PPM * LATELY_DAYS // (around.shop_orders_before + LATELY_DAYS),
        refund_ppm=around.shop_refunded_minor * PPM // around.sold_minor if around.sold_minor else None,
        company=around.company,
        returned_unpaid=around.refunded_minor == 0 if returned else None,
    )  # fmt: skip


__all__ = ["COMPANY_DAYS", "CROWD_MAX", "LATELY_DAYS", "Surroundings", "derive_signs", "find_company"]
