"""All pages of customers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from honghua.web.consumer import (
    bills,
    cap,
    checkout,
    contracts,
    days,
    home,
    instalments,
    mine,
    opening,
    purchases,
    shop,
    till,
    waiting,
)
from honghua.web.consumer.asking import NoAccount, OtherPlace
from honghua.web.consumer.bureau import lenders, supplement
from honghua.web.consumer.bureau import pages as bureau
from honghua.web.consumer.business import pages as business
from honghua.web.consumer.carding import pages as carding
from honghua.web.consumer.complaining import pages as complaining
from honghua.web.consumer.evidence import pages as evidence
from honghua.web.consumer.facing import device
from honghua.web.consumer.facing import pages as facing
from honghua.web.consumer.growing import pages as growing
from honghua.web.consumer.joining import pages as joining
from honghua.web.consumer.profiles import pages as profile
from honghua.web.consumer.repay import payments, reminding, repaying
from honghua.web.ground import Site
from honghua.web.ui.pages import redirect

PARTS: Final = (
    home, bills, cap, repaying, instalments, days, purchases, checkout, contracts, opening, waiting, till, shop, mine, payments,
    bureau, lenders, supplement, device, facing, joining, growing, evidence, complaining, reminding, business, profile,
    carding,
)  # fmt: skip

router = APIRouter()
for part in PARTS:
    router.include_router(part.router)


async def to_opening(request: Request, _: Exception) -> Response:
    """Whoever has no account yet is shown how to open one."""
    return redirect(request, "consumer.opening")


async def to_other_place(request: Request, error: Exception) -> Response:
    """Whoever asked for a page out of turn is led to theirs."""
    assert isinstance(error, OtherPlace), "installed for it"
    return redirect(request, error.name, *error.notices)


def install(app: FastAPI, site: Site) -> None:
    """What the application must know beside the routes."""
    app.add_exception_handler(NoAccount, to_opening)
    app.add_exception_handler(OtherPlace, to_other_place)
