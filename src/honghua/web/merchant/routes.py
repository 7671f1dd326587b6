"""All routes of the merchants' console."""

from __future__ import annotations

from fastapi import APIRouter

from honghua.web.merchant import campaign_routes, orders_routes, settlement_routes

router = APIRouter(include_in_schema=False)
for part in (orders_routes, settlement_routes, campaign_routes):
    router.include_router(part.router)
