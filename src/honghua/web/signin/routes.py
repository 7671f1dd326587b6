"""All pages of sign-in and of the security centre."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from honghua.customers.api import publish_texts
from honghua.store.database import run_unit
from honghua.web.ground import Site
from honghua.web.signin import customer_routes, security_routes
from honghua.web.signin.bound import routes as bound_routes
from honghua.web.signin.messages import FakeGateway, Gateway
from honghua.web.signin.second import routes as second_routes
from honghua.web.signin.staff import admin_routes
from honghua.web.signin.staff import routes as user_routes
from honghua.web.signin.staff.oidc import Provider

router = APIRouter(include_in_schema=False)
for part in (customer_routes, bound_routes, second_routes, user_routes, admin_routes, security_routes):
    router.include_router(part.router)


def install(app: FastAPI, site: Site) -> None:
    """What sign-in needs from outside: a demonstration has a gateway of its own. Whoever has a real one, or an identity provider, puts it
    in its place after `build_app`; without a gateway messages wait for the clock's. The texts that people agree to are put in force."""
    now = site.clock.now()
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: publish_texts(c, now=now))
    gateway: Gateway | None = FakeGateway() if site.is_demo else None
    provider: Provider | None = None
    app.state.gateway = gateway
    app.state.oidc = provider


__all__ = ["install", "router"]
