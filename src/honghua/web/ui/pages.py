"""Pages: Jinja templates of all consoles, drawn for the viewer's language. `page` draws one, `redirect` ends a form."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.routing import NoMatchFound

from honghua.web.ground import Site, site_of
from honghua.web.ui.assets import Assets, load_assets
from honghua.web.ui.charts import Charts
from honghua.web.ui.notices import COOKIE, SECONDS_MAX, Notice, open_notice, seal_notice
from honghua.web.ui.vocabulary import LANGUAGES, Words, look_up
from honghua.web.ui.writing import Writing

CONSOLES: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Pages:
    """What draws pages: one Jinja environment per language, so that macros know it, too."""

    environments: Mapping[str, Environment]
    writings: Mapping[str, Writing]
    words: Words
    assets: Assets


def install_pages(app: FastAPI, site: Site, words: Words) -> None:
    """Make `page` work for this application. words: those of every console, joined."""
    assets = load_assets()
    writings = {language: Writing(language, site.zone) for language in LANGUAGES}
    make_url = partial(_href, app)
    environments = {
        language: _make_environment(language, writings[language], words, assets, make_url) for language in LANGUAGES
    }
    for environment in environments.values():
        environment.globals["brand"] = site.brand
    app.state.pages = Pages(environments, writings, words, assets)


def _make_environment(
    language: str, writing: Writing, words: Words, assets: Assets, href: Callable[..., str]
) -> Environment:
    folders = sorted(path for path in CONSOLES.glob("*/templates") if path.is_dir())
    environment = Environment(
        loader=PrefixLoader({path.parent.name: FileSystemLoader(path) for path in folders}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def t(key: str, **values: object) -> str:
        return look_up(words, language, key, values)

    def pair(both: tuple[str, str]) -> str:
        return both[LANGUAGES.index(language)]

    environment.globals |= {
        "t": t,
        "pair": pair,
        "knows": words.__contains__,
        "language": language,
        "href": href,
        "asset": lambda name: href("ui.asset", name=assets.get(name).hashed_name),
        "new_key": lambda: str(uuid.uuid4()),
        "charts": Charts(t("ui.show_figures"), t("ui.chart_label"), t("ui.chart_figure")),
        "money": writing.money,
        "signed_money": writing.signed_money,
        "amount": writing.amount,
        "day": writing.day,
        "short_day": writing.short_day,
        "moment": writing.moment,
        "exact": writing.exact,
        "clock_time": writing.clock_time,
        "span": writing.span,
        "percent": writing.percent,
        "rate": writing.rate,
        "count": writing.count,
    }
    return environment


def _href(app: FastAPI, name: str, /, *, query: Mapping[str, object] | None = None, **parts: object) -> str:
    """The path of a named route, with a query."""
    path = str(app.url_path_for(name, **parts))
    return f"{path}?{urlencode(query)}" if query else path


def has_route(app: FastAPI, name: str) -> bool:
    """Whether there is a route of this name without parts in its path."""
    try:
        app.url_path_for(name)
    except NoMatchFound:
        return False
    return True


async def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Draw a template ("consumer/home.html") for who asks; a notice that waited is shown and forgotten."""
    site = site_of(request)
    viewer = request.state.viewer
    carried = request.cookies.get(COOKIE)
    notice = open_notice(site.secrets.session_key, carried) if carried else None
    html = pages_of(request).environments[viewer.language].get_template(template).render(
        viewer=viewer,
        csrf=viewer.csrf,
        path=request.url.path,
        status=status,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        notice=notice,
        is_demo=site.is_demo,
        has_route=partial(has_route, request.app),
        **values,
    )  # fmt: skip
    response = HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
    if carried:
        response.delete_cookie(COOKIE)
    return response


async def fragment(request: Request, template: str, block: str, **values: Any) -> HTMLResponse:
    """Draw one block of a template, for htmx to put into a page that stands."""
    environment = pages_of(request).environments[request.state.viewer.language]
    found = environment.get_template(template)
    context = found.new_context(
        {
            "viewer": request.state.viewer,
            "csrf": request.state.viewer.csrf,
            "path": request.url.path,
            "is_demo": site_of(request).is_demo,
            **values,
        }
    )
    return HTMLResponse("".join(found.blocks[block](context)), headers={"Cache-Control": "no-store"})


def redirect(request: Request, name: str, *notices: Notice, **parts: Any) -> RedirectResponse:
    """Send the browser to a named route (303), with at most one notice to show there. A part named `query` becomes the query."""
    assert len(notices) <= 1, "one notice at a time"
    site = site_of(request)
    response = RedirectResponse(_href(request.app, name, **parts), status_code=303)
    for notice in notices:
        sealed = seal_notice(site.secrets.session_key, notice)
        secure = site.address.startswith("https:")
        response.set_cookie(COOKIE, sealed, max_age=SECONDS_MAX, httponly=True, samesite="lax", secure=secure)
    return response


def pages_of(request: Request) -> Pages:
    """What draws this application's pages."""
    pages: Pages = request.app.state.pages
    return pages


def writing_of(request: Request) -> Writing:
    """How this viewer reads and types amounts."""
    return pages_of(request).writings[request.state.viewer.language]


__all__ = ["Notice", "Pages", "fragment", "has_route", "install_pages", "page", "pages_of", "redirect", "writing_of"]
