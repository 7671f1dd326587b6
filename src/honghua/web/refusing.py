"""How the guard says no when nobody has told it how: a redirect to the right sign-in for people, problem+json for programs."""

from __future__ import annotations

import html
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from honghua.web.roles import CUSTOMERS, MERCHANTS, STAFF, Role

API_PREFIX: Final = "/v1/"
WAY_BACK_CHARS_MAX: Final = 2_000
SENTENCES: Final = {
    "SIGN_IN_FIRST": ("请先登录。", "Sign in first."),
    "NOT_ALLOWED": ("您没有此权限。", "You may not do this."),
    "FORM_STALE": ("页面已过期,请刷新后重试。", "This page is too old: load it again."),
    "FORM_FOREIGN": ("请求来自其他网站。", "This request came from another site."),
    "BODY_TOO_LARGE": ("内容太大。", "That is too much at once."),
    "SIGNATURE_MISSING": ("请求未签名。", "This request must be signed."),
}


class Asked(StrEnum):
    """What kind of answer the caller can read."""

    PAGE = "page"
    PIECE = "piece"  # htmx: a piece of a page
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was not let through. allowed: who would be, where signing in could help."""

    status: int
    code: str
    allowed: frozenset[Role] = frozenset()


def find_asked(request: Request) -> Asked:
    """Pages for browsers that navigate, JSON for the API and for scripts."""
    if request.headers.get("hx-request") == "true":
        return Asked.PIECE
    is_api = request.url.path.startswith(API_PREFIX)
    return Asked.PAGE if not is_api and "text/html" in request.headers.get("accept", "") else Asked.JSON


def find_signin(allowed: frozenset[Role]) -> str:
    """The sign-in page that could help: customers', merchants' or staff's."""
    if allowed & CUSTOMERS:
        return "/signin"
    if allowed & MERCHANTS:
        return "/signin/merchant"
    return "/signin/staff" if allowed & STAFF else "/signin"


def find_next(request: Request) -> str:
    """Where to go after signing in: the page that was asked for, or the page whose form was sent."""
    if request.method in ("GET", "HEAD"):
        url = request.url
        return safe_next(url.path + (f"?{url.query}" if url.query else ""))
    sent = urlsplit(request.headers.get("referer", ""))
    return safe_next(sent.path) if sent.netloc == request.url.netloc else "/"


def safe_next(path: str) -> str:
    """A path of ours, or "/": never another site, however it is spelt."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\", "/signout"))
    is_clean = path.isprintable() and "\\" not in path and len(path) <= WAY_BACK_CHARS_MAX
    return path if is_ours and is_clean else "/"


def make_signin_url(request: Request, allowed: frozenset[Role]) -> str:
    """The sign-in page with the way back."""
    return f"{find_signin(allowed)}?next={quote(find_next(request), safe='/')}"


async def refuse_plainly(request: Request, refused: Refused) -> Response:
    """A refusal without anybody's layout."""
    asked = find_asked(request)
    sentence = SENTENCES[refused.code][request.state.viewer.language == "en"]
    if refused.code == "SIGN_IN_FIRST" and asked is Asked.PAGE:
        return RedirectResponse(make_signin_url(request, refused.allowed), status_code=303)
    if refused.code == "SIGN_IN_FIRST" and asked is Asked.PIECE:
        return Response(status_code=401, headers={"HX-Redirect": make_signin_url(request, refused.allowed)})
    if asked is not Asked.JSON:
        page = f"<!doctype html><title>{refused.status}</title><p role=alert>{html.escape(sentence)}</p>"
        return HTMLResponse(page, status_code=refused.status)
    body = {
        "type": "about:blank",
        "title": sentence,
        "status": refused.status,
        "code": refused.code,
        "detail": sentence,
    }
    return Response(msgspec.json.encode(body), status_code=refused.status, media_type="application/problem+json")
