"""The API about itself: its OpenAPI page, the table of problems, the business date."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from honghua.credit import api as credit
from honghua.web.api.describing import list_forms, list_sections
from honghua.web.api.v1.purchases import SCHEMAS
from honghua.web.api.v1.wire import READ, Caller, Page, ProblemShown
from honghua.web.ground import site_of
from honghua.web.problems import TABLE
from honghua.web.refusing import API_PREFIX
from honghua.web.ui.pages import page

router = APIRouter(prefix="/v1", tags=["about"])
ABOUT: Final = (
    "Consumer credit bound to real purchases. Amounts are whole minor units; times are UTC. Every request is signed (headers Honghua-Key, "
    "Honghua-Timestamp, Honghua-Nonce, Honghua-Signature: see docs/API.md); every command that moves money carries an Idempotency-Key. "
    "A judged purchase is a 200, whatever the outcome; problems are RFC 9457 with a stable `code`."
)
SIGNATURE_HEADERS: Final = ("Honghua-Key", "Honghua-Timestamp", "Honghua-Nonce", "Honghua-Signature")


class CodeShown(BaseModel):
    """A line of the table of problems."""

    code: str
    status: int
    zh: str
    en: str


class DayShown(BaseModel):
    """The business date, which everything without a date of its own counts for, and the book's currency."""

    business_on: dt.date
    currency: str


@router.get("/openapi.json", name="v1.openapi", include_in_schema=False)
async def read_openapi(request: Request) -> JSONResponse:
    """This API as OpenAPI 3.1."""
    return JSONResponse(describe(request.app))


@router.get("/docs", name="v1.docs", include_in_schema=False)
async def read_docs(request: Request) -> Response:
    """The same for people."""
    told = describe(request.app)
    return await page(request, "api/docs.html", page=told, sections=list_sections(told), forms=list_forms(told))


@router.get("/problems", name="v1.problems", openapi_extra={"security": []})
async def list_problems() -> Page[CodeShown]:
    """Every code that a problem or a decision may carry; 200: a judged purchase's."""
    return Page(
        items=[CodeShown(code=code, status=line.status, zh=line.zh, en=line.en) for code, line in sorted(TABLE.items())]
    )


@router.get("/business-day", name="v1.business_day", responses=READ)
async def read_business_day(request: Request, partner: Caller) -> DayShown:
    """Today, as the books have it."""
    site = site_of(request)
    return DayShown(business_on=await site.read(credit.get_business_day), currency=site.currency)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI page: made once, with the raw forms and the signature that every route wants."""
    if app.openapi_schema is None:
        told = get_openapi(title="Honghua", version=app.version, description=ABOUT, routes=app.routes)
        # Pages of ours are no part of the API, whatever their routers say.
        told["paths"] = {path: item for path, item in told["paths"].items() if path.startswith(API_PREFIX)}
        parts = told.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        schemas |= SCHEMAS
        schemas.setdefault("ProblemShown", ProblemShown.model_json_schema())
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        parts["securitySchemes"] = {
            name: {"type": "apiKey", "in": "header", "name": name} for name in SIGNATURE_HEADERS
        }
        told["security"] = [{name: [] for name in SIGNATURE_HEADERS}]
        app.openapi_schema = told
    return app.openapi_schema


__all__ = ["describe", "router"]
