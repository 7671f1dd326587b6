"""All routes of what waits for people."""

from __future__ import annotations

from fastapi import APIRouter

from honghua.web.desk.human import journeys, payments

router = APIRouter()
for part in (journeys, payments):
    router.include_router(part.router)

__all__ = ["router"]
