"""What proving and judging an applicant needs of the outside world, and the journey's site made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from fastapi import Request

from honghua.base.errors import WorldFailed
from honghua.bureau.api import BureauProvider
from honghua.credit.core import Command
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.facing.api import FaceService
from honghua.funding.api import Routing
from honghua.merchants.api import PayoutBank
from honghua.web.booker import Answer, Booker
from honghua.web.ground import Site, site_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoiningPorts:
    """Services that the operator has plugged in, for `app.state.joining`; a demonstration's are fakes and say so."""

    identity: customers.IdentityProvider
    bureau: BureauProvider
    bank: PayoutBank
    face: FaceService | None = None  # without one the identity service films people itself and gives them a number
    register: customers.BusinessRegister | None = None  # without one a person checks every small business
    routings: tuple[Routing, ...] = ()  # which purchases are lent together with whom: contracts name the lenders


@dataclass(frozen=True, slots=True)
class LoopBooks:
    """The site's booker for a thread: the journey waits there while the loop books. See `journey.Books`."""

    booker: Booker
    loop: asyncio.AbstractEventLoop

    def submit(self, command: Command) -> Answer:
        """One command's answer; WorldFailed where it could not be booked: the same key may be tried again."""
        (answer,) = asyncio.run_coroutine_threadsafe(self.booker.submit([command]), self.loop).result()
        if answer["outcome"] == "failed":
            raise WorldFailed("the account could not be booked; a person must look at it")
        return answer


def find_ports(request: Request) -> JoiningPorts | None:
    """What the process was given; None where nobody's identity can be proven on the web."""
    ports: JoiningPorts | None = getattr(request.app.state, "joining", None)
    return ports


def ports_of(request: Request) -> JoiningPorts:
    """The same for pages that asked before: nothing is taken where nothing is plugged in."""
    ports = find_ports(request)
    assert ports is not None, "pages ask before"
    return ports


def make_journey_site(site: Site, ports: JoiningPorts, loop: asyncio.AbstractEventLoop) -> journey.JourneySite:
    """What the steps stand on in this process; books go through the site's booker."""
    books = LoopBooks(site.booker, loop)
    return journey.JourneySite(
        vault=site.vault,
        identity=customers.IdentityCheck(vault=site.vault, provider=ports.identity),
        books=books,
        registry=site.registry,
        bank=ports.bank,
        approver=journey.LimitsApprover(vault=site.vault, provider=ports.bureau, register=ports.register),
        evidence=journey.CountedEvidence(site.registry, books),
        zone=site.zone,
        lender=site.brand.lender,
        routings=ports.routings,
    )


async def take_steps(request: Request, work: Callable[[psycopg.Connection, journey.JourneySite], T]) -> T:
    """Run steps in a thread, on a connection outside a transaction: they keep their own, and ask services between them."""
    site = site_of(request)
    journey_site = make_journey_site(site, ports_of(request), asyncio.get_running_loop())
    return await site.run(lambda conn: work(conn, journey_site))
