"""For what somebody records their face, as it stands in an address: joining, device, waiting-17."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.facing.api import FaceService
from honghua.web.consumer.asking import OtherPlace, customer_of
from honghua.web.consumer.joining.pages import find_standing
from honghua.web.consumer.joining.ports import find_ports
from honghua.web.consumer.joining.steps import Place
from honghua.web.ground import site_of
from honghua.web.ui.pages import Notice

WAITING: Final = re.compile(r"waiting-([1-9][0-9]{0,17})")
STEP_UP: Final = "step_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """name: in addresses; key: under which films for it are kept; back: the route of the page that waits for it, with its parts."""

    name: str
    key: str
    back: str
    parts: dict[str, Any] = field(default_factory=dict)


def find_service(request: Request) -> FaceService | None:
    """Who looks at faces here; None where nobody is plugged in."""
    ports = find_ports(request)
    return None if ports is None else ports.face


def name_waiting(suspension_id: int) -> str:
    """The key of films for a suspended purchase."""
    return f"suspension:{suspension_id}"


async def find_aim(request: Request, name: str) -> Aim:
    """What a name in an address stands for, if it is the viewer's turn; NotFound for any other, OtherPlace where it is over."""
    if find_service(request) is None:
        raise NotFound("nobody looks at faces here", code="ROUTE_UNKNOWN")
    if name == "joining":
        standing = await find_standing(request)
        if standing.place is not Place.IDENTITY:
            raise OtherPlace("consumer.opening")
        return Aim(name=name, key=standing.key(journey.Step.PROOFING), back="consumer.opening")
    site, customer = site_of(request), customer_of(request)
    if name == "device":
        if not await site.read(lambda conn: customers.is_proven(conn, customer)):
            raise OtherPlace("consumer.device", Notice(key="consumer.device_unproven", tone="warn"))
        return Aim(name=name, key="device", back="consumer.device")
    found = WAITING.fullmatch(name)
    number = int(found[1]) if found else 0
    one = await site.read(lambda conn: credit.find_waiting(conn, customer, number)) if found else None
    if one is None or one.kind != STEP_UP:
        raise NotFound("there is nothing to film a face for", code="SUSPENSION_UNKNOWN")
    return Aim(name=name, key=name_waiting(number), back="consumer.waiting", parts={"suspension_id": number})


__all__ = ["Aim", "find_aim", "find_service", "name_waiting"]
