"""Which purchase is lent under which channel: dated settings, a customer always under the same route of a routing.

A customer's place among all customers is a hash of its reference, so whoever draws up its contract can say beforehand who will lend
(`find_route`), and the same customer stays with the same lenders as long as the routing leaves its route where it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.base.rates import PPM

MOST_MINOR: Final = 10**15
ROUTE_FIELDS: Final = frozenset(
    {"channel", "share_ppm", "customers", "least_minor", "most_minor", "quota_day_minor", "named_in"}
)
ROUTING_FIELDS: Final = frozenset({"effective_on", "source", "route"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One channel's customers and purchases. customers: how their references begin, "" = all; amounts in minor units, both inside.

    share_ppm: of the customers that it may take; quota_day_minor: what the channel's partners lend on one business day at most.
    named_in: where the lenders were shown before consent.
    """

    channel: str
    share_ppm: int
    quota_day_minor: int
    named_in: str
    customers: str = ""
    least_minor: int = 1
    most_minor: int = MOST_MINOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """All routes from a day on; nobody without a route is shared."""

    effective_on: dt.date
    source: str
    routes: tuple[Route, ...]


def parse_routings(rows: Any, *, channels: Collection[str], source: str) -> tuple[Routing, ...]:
    """Routings as a file tells them, by day; BadInput names what is wrong.

    Refused: unknown words or channels, a day twice, a channel twice on one day, more than all customers, bounds that take nothing, no
    word about where the lenders are named.
    """
    if not isinstance(rows, list):
        raise BadInput(f"{source}: `routing` is a list", code="ROUTING_INVALID")
    found = tuple(sorted((_parse(row, channels, source) for row in rows), key=lambda one: one.effective_on))
    if len({one.effective_on for one in found}) != len(found):
        raise BadInput(f"{source}: two routings begin on one day", code="ROUTING_INVALID")
    return found


def _parse(row: Any, channels: Collection[str], source: str) -> Routing:
    if not isinstance(row, Mapping) or row.keys() - ROUTING_FIELDS or type(row.get("effective_on")) is not dt.date:
        raise BadInput(f"{source}: a routing has effective_on, source and routes", code="ROUTING_INVALID")
    place = f"{source}: routing of {row['effective_on']}"
    told = row.get("route", [])
    routes = tuple(_parse_route(one, channels, place) for one in (told if isinstance(told, list) else [told]))
    names = [one.channel for one in routes]
    by_prefix: dict[str, int] = {}
    for one in routes:
        by_prefix[one.customers] = by_prefix.get(one.customers, 0) + one.share_ppm
    if (
        not str(row.get("source", "")).strip()
        or len(set(names)) != len(names)
        or any(v > PPM for v in by_prefix.values())
    ):
        raise BadInput(f"{place}: a source, each channel once, at most all customers", code="ROUTING_INVALID")
    return Routing(effective_on=row["effective_on"], source=str(row["source"]), routes=routes)


def _parse_route(row: Any, channels: Collection[str], place: str) -> Route:
    try:
        if row.keys() - ROUTE_FIELDS:
            raise TypeError(f"unknown: {', '.join(sorted(row.keys() - ROUTE_FIELDS))}")
        route = Route(**row)
    except (AttributeError, TypeError) as error:
        raise BadInput(f"{place}: {error}", code="ROUTING_INVALID") from None
    numbers = (route.share_ppm, route.quota_day_minor, route.least_minor, route.most_minor)
    is_sound = (
        all(type(one) is int for one in numbers)
        and all(isinstance(one, str) for one in (route.channel, route.customers, route.named_in))
        and 0 < route.share_ppm <= PPM
        and route.quota_day_minor >= 0
        and 0 < route.least_minor <= route.most_minor
        and bool(route.named_in.strip())
    )
    if not is_sound or route.channel not in channels:
        raise BadInput(
            f"{place}: channel {route.channel!r}: known, 0 < share_ppm <= {PPM}, 0 < least_minor <= most_minor, quota >= 0,"
            " and named_in says where the customer is shown the lenders",
            code="ROUTING_INVALID",
        )  # fmt: skip
    return route


def choose_routing(routings: Sequence[Routing], on: dt.date) -> Routing | None:
    """The newest routing in force on a day; None: nothing is shared."""
    return max((one for one in routings if one.effective_on <= on), key=lambda one: one.effective_on, default=None)


def find_route(routing: Routing, customer: str) -> Route | None:
    """The route of a customer, by its reference; None: its purchases are ours alone.

    Routes for the same customers divide them; those that name a longer beginning are looked at first.
    """
    place = place_customer(customer)
    below: dict[str, int] = {}
    for route in sorted(routing.routes, key=lambda one: -len(one.customers)):
        if not customer.startswith(route.customers):
            continue
        start = below.get(route.customers, 0)
        below[route.customers] = start + route.share_ppm
        if start <= place < start + route.share_ppm:
            return route
    return None


def place_customer(customer: str) -> int:
    """Where a customer stands among all, 0 … 999,999: a hash that no routing and no salt changes."""
    digest = hashlib.blake2b(customer.encode(), digest_size=8, person=b"hh-funding").digest()
    return int.from_bytes(digest, "big") * PPM >> 64
