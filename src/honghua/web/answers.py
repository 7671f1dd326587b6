"""Problems as HTTP answers: problem+json for programs, a page for people; and the handlers that turn every error into one."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from honghua.base.errors import HonghuaError
from honghua.store.failures import find_meaning
from honghua.web.problems import PROBLEM_JSON, Problem, problem_of_error, write_problem
from honghua.web.refusing import API_PREFIX, Asked, Refused, find_asked, refuse_plainly
from honghua.web.ui import pages

LOG: Final = logging.getLogger("honghua.web")
PLACES_SHOWN_MAX: Final = 20
KEY_PLACE: Final = ("header", "Idempotency-Key")
CODE_OF_STATUS: Final = {
    400: "REQUEST_UNREADABLE",
    401: "SIGN_IN_FIRST",
    403: "NOT_ALLOWED",
    404: "ROUTE_UNKNOWN",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "BODY_TOO_LARGE",
    414: "TARGET_TOO_LONG",
    415: "MEDIA_TYPE_UNKNOWN",
    422: "REQUEST_INVALID",
}


async def problem_response(request: Request, problem: Problem, *, status: int = 0) -> Response:
    """The problem in the form that the caller reads."""
    status = status or problem.status
    request_id = str(getattr(request.state, "request_id", ""))
    headers = {"Retry-After": str(max(1, math.ceil(problem.retry_after_s)))} if problem.retry_after_s else {}
    if wants_page(request):
        page = await pages.page(
            request,
            "ui/problem.html",
            status=status,
            title_key=f"problem.{status}",
            code=problem.code,
            detail=problem.detail,
            request_id=request_id,
        )
        page.headers.update(headers)
        return page
    body = write_problem(problem, status=status, request_id=request_id)
    return JSONResponse(body, status_code=status, headers=headers, media_type=PROBLEM_JSON)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks."""
    return not request.scope["path"].startswith(API_PREFIX) and "text/html" in request.headers.get("accept", "")


async def refuse(request: Request, refused: Refused) -> Response:
    """The guard's no: people who may sign in are shown where, all others read a problem."""
    if refused.code == "SIGN_IN_FIRST" and find_asked(request) is not Asked.JSON:
        return await refuse_plainly(request, refused)
    return await problem_response(request, Problem(code=refused.code), status=refused.status)


async def on_honghua_error(request: Request, error: Exception) -> Response:
    """An error of the one tree."""
    assert isinstance(error, HonghuaError)
    problem, status = problem_of_error(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_failure(request, error)
    return await problem_response(request, problem, status=status)


async def on_database_error(request: Request, error: Exception) -> Response:
    """What PostgreSQL says, in our words where it has some."""
    assert isinstance(error, psycopg.Error)
    meaning = find_meaning(error)
    if meaning is None:
        return await on_bug(request, error)
    meaning.__cause__ = error
    return await on_honghua_error(request, meaning)


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the framework itself turns away."""
    assert isinstance(error, HTTPException)
    code = CODE_OF_STATUS.get(error.status_code)
    if code is None:
        return await problem_response(request, Problem(code="INTERNAL"), status=error.status_code)
    response = await problem_response(request, Problem(code=code), status=error.status_code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Where the request does not fit its description; never what stood there."""
    assert isinstance(error, RequestValidationError)
    places: list[dict[str, Any]] = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]} for one in error.errors()
    ]
    missing = any(one["type"] == "missing" and one["loc"] == KEY_PLACE for one in error.errors())
    code = "KEY_MISSING" if missing else "REQUEST_INVALID"
    return await problem_response(request, Problem(code=code, more={"errors": places[:PLACES_SHOWN_MAX]}))


async def on_bug(request: Request, error: Exception) -> Response:
    """A bug: noted with its place, told without."""
    log_failure(request, error)
    return await problem_response(request, Problem(code="INTERNAL"))


async def on_any(request: Request, error: Exception) -> Response:
    """An error that came from outside the router: the guard's, or a bug that nobody caught."""
    for kind, handler in HANDLERS.items():
        if isinstance(error, kind):
            return await handler(request, error)
    return await on_bug(request, error)


def log_failure(request: Request, error: Exception) -> None:
    """Which error, where; not its message, which may hold what people sent us."""
    place = "".join(traceback.format_tb(error.__traceback__))
    request_id = getattr(request.state, "request_id", "")
    LOG.error("%s %s failed: %s\n%s", request_id, route_name(request.scope), type(error).__name__, place)


def route_name(scope: Any) -> str:
    """The name of the route that answers: addresses may hold names of people, names of routes do not."""
    return str(getattr(scope.get("route"), "name", None) or "unknown")


HANDLERS: Final[dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    HonghuaError: on_honghua_error,
    HTTPException: on_http_error,
    RequestValidationError: on_invalid_request,
    psycopg.Error: on_database_error,
}


def install_handlers(app: FastAPI) -> None:
    """Every error becomes a problem."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)


__all__ = ["install_handlers", "on_any", "problem_response", "refuse", "route_name"]
