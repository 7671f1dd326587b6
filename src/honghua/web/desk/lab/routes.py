"""All routes of the lab."""

from __future__ import annotations

from fastapi import APIRouter

from honghua.web.desk.lab import answering, artefacts, figures, runs

router = APIRouter()
for part in (runs, figures, artefacts, answering):
    router.include_router(part.router)

__all__ = ["router"]
