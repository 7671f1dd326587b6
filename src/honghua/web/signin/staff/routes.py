"""Pages by which staff and merchants' users sign in: name, password and authenticator, or their organisation's provider."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from honghua.base.errors import BadInput, NotFound, WorldFailed
from honghua.web.ground import site_of
from honghua.web.refusing import safe_next
from honghua.web.signin.staff import door as staff_door
from honghua.web.signin.staff import oidc, seeding, users
from honghua.web.signin.staff.door import Attempt, Changed, Chosen, Enrolment
from honghua.web.signin.staff.oidc import NotBelieved, Provider, Returned
from honghua.web.signin.staff.totp import draw_square
from honghua.web.signin.steps import (
    blame,
    caller_of,
    carry_session,
    carry_step,
    come_in,
    find_home,
    step_of,
)
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

LOG: Final = logging.getLogger("honghua.web")
PASSWORD_CHARS_MAX: Final = 128
PASSWORD_WORDS: Final = {
    "PASSWORD_LENGTH": "signin.password_length",
    "PASSWORD_WEAK": "signin.password_weak",
    "PASSWORD_COMMON": "signin.password_common",
    "PASSWORD_OWN_NAME": "signin.password_own",
    "PASSWORD_SAME": "signin.password_same",
}

router = APIRouter(include_in_schema=False)


@router.get("/signin/staff", name="signin.staff")
async def staff(request: Request, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Ask staff for name, password and code."""
    return await _draw(request, "staff", empty_form(request, next=safe_next(next)))


@router.get("/signin/merchant", name="signin.merchant")
async def merchant(request: Request, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Ask a merchant's user for the same."""
    return await _draw(request, "merchant", empty_form(request, next=safe_next(next)))


@router.post("/signin/staff", name="signin.staff_check")
async def staff_check(request: Request) -> Response:
    """Sign a member of staff in."""
    return await _check(request, "staff")


@router.post("/signin/merchant", name="signin.merchant_check")
async def merchant_check(request: Request) -> Response:
    """Sign a merchant's user in."""
    return await _check(request, "merchant")


async def _draw(request: Request, realm: str, form: Form, *, status: int = 200) -> Response:
    return await page(
        request, "signin/user.html", status=status, form=form, realm=realm, demo=await _list_demo(request, realm),
        has_oidc=realm == "staff" and request.app.state.oidc is not None,
    )  # fmt: skip


async def _list_demo(request: Request, realm: str) -> list[seeding.DemoSignIn]:
    """The demo's users with their passwords and codes; nothing on a site that is no demonstration."""
    site = site_of(request)
    if not site.is_demo:
        return []
    rows = await site.read(users.list_users)
    return seeding.show_users(rows, site.secrets, realm=realm, now=site.clock.now())


async def _check(request: Request, realm: str) -> Response:
    form = await read_form(request)
    attempt = Attempt(
        realm=realm,
        name=form.text("name", chars_max=64),
        password=form.values.get("password", "")[: PASSWORD_CHARS_MAX + 1],
        code=form.text("code", chars_max=40, is_needed=False),
        way_back=safe_next(form.values.get("next", "/")),
    )
    if not form.is_good:
        return await _draw(request, realm, form, status=422)
    site, caller = site_of(request), caller_of(request)
    now = site.clock.now()
    outcome = await site.write(lambda c: staff_door.sign_in(c, site.vault, attempt, caller, now=now))
    if outcome.begun is not None:
        return await come_in(request, outcome.begun, outcome.way_back, realm)
    if outcome.token:
        response = redirect(request, "signin.enrol")
        carry_step(response, request, outcome.token)
        return response
    return await _draw(request, realm, form, status=blame(form, "name", outcome))


@router.get("/signin/enrol", name="signin.enrol")
async def enrol(request: Request) -> Response:
    """Show the square that an authenticator reads, and ask for a password of one's own."""
    enrolment = await _find_enrolment(request)
    if enrolment is None:
        return redirect(request, "signin.staff")
    return await _draw_enrolment(request, enrolment, empty_form(request))


async def _find_enrolment(request: Request) -> Enrolment | None:
    site, token = site_of(request), step_of(request)
    now = site.clock.now()
    return await site.write(lambda c: staff_door.find_enrolment(c, site.vault, token, now=now))


async def _draw_enrolment(request: Request, enrolment: Enrolment, form: Form, *, status: int = 200) -> Response:
    square = Markup(draw_square(enrolment.address)) if enrolment.secret else ""  # noqa: S704  drawn by us from our own secret
    return await page(request, "signin/enrol.html", status=status, form=form, enrolment=enrolment, square=square)


@router.post("/signin/enrol", name="signin.enrol_check")
async def enrol_check(request: Request) -> Response:
    """Take password and authenticator, sign in, and show the recovery codes once."""
    form = await read_form(request)
    enrolment = await _find_enrolment(request)
    if enrolment is None:
        return redirect(request, "signin.staff")
    site, caller = site_of(request), caller_of(request)
    chosen = Chosen(
        step_of(request),
        form.values.get("password", "")[: PASSWORD_CHARS_MAX + 1],
        form.text("code", chars_max=10, is_needed=bool(enrolment.secret)),
    )
    now = site.clock.now()
    status = 422
    if form.is_good:
        try:
            outcome, codes = await site.write(lambda c: staff_door.enrol(c, site.vault, chosen, caller, now=now))
        except BadInput as error:
            form.blame("password", PASSWORD_WORDS[error.code])
        else:
            if outcome.begun is not None:
                home = find_home(outcome.realm, outcome.begun.roles) if outcome.way_back == "/" else outcome.way_back
                response = await page(request, "signin/recovery.html", codes=codes, home=home)
                await carry_session(request, response, outcome.begun)
                return response
            status = blame(form, "code", outcome)
    return await _draw_enrolment(request, enrolment, form, status=status)


@router.get("/signin/password", name="signin.password")
async def password(request: Request) -> Response:
    """Ask a user for the old password and a new one."""
    return await page(request, "signin/password.html", form=empty_form(request))


@router.post("/signin/password", name="signin.password_check")
async def password_check(request: Request) -> Response:
    """Change it, and sign all other devices out."""
    form = await read_form(request)
    viewer, site, caller = request.state.viewer, site_of(request), caller_of(request)
    old, new = (form.values.get(name, "")[: PASSWORD_CHARS_MAX + 1] for name in ("old", "password"))
    changed, now = Changed(viewer.subject, old, new), site.clock.now()
    status = 422
    try:
        outcome = await site.write(
            lambda c: staff_door.change_password(c, changed, caller, session_id=viewer.session_id, now=now)
        )
    except BadInput as error:
        form.blame("password", PASSWORD_WORDS[error.code])
    else:
        if outcome.is_good:
            return redirect(request, "signin.devices", Notice(key="signin.password_changed"))
        status = blame(form, "old", outcome)
    return await page(request, "signin/password.html", status=status, form=form)


@router.get("/signin/oidc", name="signin.oidc")
async def leave_for_provider(request: Request, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Send the browser to the organisation's provider."""
    provider, site = _provider_of(request), site_of(request)
    try:
        endpoints = await oidc.discover(provider)
    except WorldFailed as error:
        return _say_failed(request, error)
    now = site.clock.now()
    departure = await site.write(
        lambda c: oidc.depart(c, site.vault, provider, endpoints, way_back=safe_next(next), now=now)
    )
    response = RedirectResponse(departure.address, status_code=303)
    carry_step(response, request, departure.token)
    return response


@router.get("/signin/oidc/back", name="signin.oidc_back")
async def come_back(request: Request, *, code: str = "", state: str = "") -> Response:
    """The browser comes back from the provider."""
    provider, site, caller = _provider_of(request), site_of(request), caller_of(request)
    returned, now = Returned(step_of(request), code, state), site.clock.now()
    held = await site.write(lambda c: oidc.take_back(c, site.vault, returned, now=now))
    try:
        if held is None or held["issuer"] != provider.issuer:
            raise NotBelieved("another browser, another state, or too late")
        subject = await oidc.ask_subject(provider, code, held, now=now)
    except (NotBelieved, WorldFailed) as error:
        return _say_failed(request, error)
    way_back = str(held["way_back"])
    outcome = await site.write(
        lambda c: oidc.arrive(c, provider.issuer, subject, caller, way_back=way_back, now=site.clock.now())
    )
    if outcome.begun is None:
        return _say_failed(request, NotBelieved("nobody of ours, or locked out"))
    return await come_in(request, outcome.begun, outcome.way_back, "staff")


def _provider_of(request: Request) -> Provider:
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise NotFound("this site has no identity provider", code="ROUTE_UNKNOWN")
    return provider


def _say_failed(request: Request, error: Exception) -> Response:
    """Why is for the log; the browser learns that it did not work."""
    LOG.warning("sign-in by the identity provider failed: %s", error)
    response = redirect(request, "signin.staff", Notice(key="signin.oidc_failed", tone="bad"))
    carry_step(response, request, "")
    return response


__all__ = ["router"]
