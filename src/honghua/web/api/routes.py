"""All routes of the API, in one router."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from honghua.web.api.v1 import about, accounts, checkouts, giving_back, purchases, repaying, webhooks
from honghua.web.api.v1.webhooks import install

PARTS: Final = (about, accounts, repaying, purchases, checkouts, giving_back, webhooks)

router = APIRouter()
for part in PARTS:
    router.include_router(part.router)

__all__ = ["install", "router"]
