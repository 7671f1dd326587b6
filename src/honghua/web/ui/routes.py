"""Browser files under their hashed names, and the two switches of every page: language and large text."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from honghua.base.errors import NotFound
from honghua.web.ground import site_of
from honghua.web.refusing import WAY_BACK_CHARS_MAX, safe_next
from honghua.web.ui.pages import pages_of
from honghua.web.viewer import LANGUAGE_COOKIE, LARGE_TEXT_COOKIE

FOREVER: Final = "public, max-age=31536000, immutable"  # a changed file has another name
YEAR_S: Final = 365 * 86_400

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}", name="ui.asset")
async def asset(request: Request, name: str) -> Response:
    """A file by its hashed name."""
    found = pages_of(request).assets.by_hashed_name.get(name)
    if found is None:
        raise NotFound(f"no browser file {name!r}")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": FOREVER})


@router.get("/favicon.ico", name="ui.icon")
async def icon(request: Request) -> Response:
    """The flower, for browsers that ask without being told."""
    found = pages_of(request).assets.get("flower.svg")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": "public, max-age=86400"})


@router.get("/preferences", name="ui.preferences")
async def preferences(
    request: Request,
    *,
    language: Annotated[Literal["zh", "en"] | None, Query()] = None,
    large: Annotated[Literal["0", "1"] | None, Query()] = None,
    back: Annotated[str, Query(max_length=WAY_BACK_CHARS_MAX)] = "/",
) -> RedirectResponse:
    """Remember how this browser's reader wants to read, and go back to where they were."""
    response = RedirectResponse(safe_next(back), status_code=303)
    secure = site_of(request).address.startswith("https:")
    for cookie, value in ((LANGUAGE_COOKIE, language), (LARGE_TEXT_COOKIE, large)):
        if value is not None:
            response.set_cookie(cookie, value, max_age=YEAR_S, httponly=True, samesite="lax", secure=secure)
    return response
