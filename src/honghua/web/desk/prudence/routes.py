"""All routes of prudence."""

from __future__ import annotations

from fastapi import APIRouter

from honghua.web.desk.prudence import losses, packs, ratios, reliefs, stress

router = APIRouter()
for part in (ratios, losses, stress, packs, reliefs):
    router.include_router(part.router)

__all__ = ["router"]
