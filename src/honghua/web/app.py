"""The whole web as one ASGI application: routes, rights and words of every console, guard, errors, headers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from fastapi import FastAPI

from honghua.web.answers import install_handlers, refuse
from honghua.web.api.callers import PartnerDoor
from honghua.web.framing import Frame
from honghua.web.ground import Site
from honghua.web.guard import Guard, SignedDoor
from honghua.web.payments.door import GatewayDoor
from honghua.web.rights import join_rights
from honghua.web.roles import Role
from honghua.web.ui.pages import install_pages

CONSOLES: Final = ("ui", "signin", "consumer", "merchant", "desk", "api", "widget")
VERSION: Final = "1.0"


def build_app(site: Site, *, consoles: Sequence[str] = CONSOLES) -> FastAPI:
    """Everything that browsers and partners may ask of this site, or of some of its consoles.

    What routes find at `app.state`: site, rights, pages, partners, and what a console's `install(app, site)` puts there.
    """
    app = FastAPI(title="Honghua", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    for routes in collect(consoles, "routes"):
        app.include_router(routes.router)
        install = getattr(routes, "install", None)
        if install is not None:
            install(app, site)
    rights = join_rights([part.RIGHTS for part in collect(consoles, "rights")])
    app.state.rights = rights
    install_pages(app, site, site.brand.fill(join_words([part.WORDS for part in collect(consoles, "words")])))
    install_handlers(app)
    door = PartnerDoor(site)
    app.state.partners = door.partners
    doors: dict[Role, SignedDoor] = {Role.PARTNER: door, Role.GATEWAY: GatewayDoor(site)}
    app.add_middleware(Guard, site=site, rights=rights, routes=lambda: app.routes, doors=doors, refuse=refuse)
    app.add_middleware(Frame, is_https=site.address.startswith("https:"))  # the last added is the outermost
    return app


def collect(consoles: Sequence[str], part: str) -> list[ModuleType]:
    """The modules of this name in those consoles that have one."""
    names = [f"{__package__}.{console}.{part}" for console in consoles]
    return [import_module(name) for name in names if find_spec(name) is not None]


def join_words(tables: list[dict[str, tuple[str, str]]]) -> dict[str, tuple[str, str]]:
    """One table of all words; a key in two tables is a bug."""
    joined: dict[str, tuple[str, str]] = {}
    for table in tables:
        twice = joined.keys() & table.keys()
        assert not twice, f"words in two consoles: {sorted(twice)}"
        joined |= table
    return joined


__all__ = ["build_app"]
