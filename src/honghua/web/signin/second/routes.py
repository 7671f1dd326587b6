"""Pages of the second factor: at sign-in, before what is risky, and where it is set up and taken away."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from honghua.base.errors import NotFound
from honghua.web.address_parts import Id
from honghua.web.ground import site_of
from honghua.web.refusing import safe_next
from honghua.web.signin import factors
from honghua.web.signin.outcomes import Outcome
from honghua.web.signin.phones import Answered
from honghua.web.signin.second import door
from honghua.web.signin.second.asking import ask_proof, session_of
from honghua.web.signin.staff import totp
from honghua.web.signin.steps import blame, caller_of, carry_step, carry_trust, come_in, send_now, step_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

CODE_CHARS_MAX: Final = 40
router = APIRouter(include_in_schema=False)


@router.get("/signin/factor", name="signin.factor")
async def factor(request: Request) -> Response:
    """Ask for the authenticator's code, after the phone's."""
    if not step_of(request):
        return redirect(request, "signin.start")
    return await page(request, "signin/factor.html", form=empty_form(request))


@router.post("/signin/factor", name="signin.factor_check")
async def factor_check(request: Request) -> Response:
    """Sign the customer in who has shown both."""
    form = await read_form(request)
    code = form.text("code", chars_max=CODE_CHARS_MAX)
    site, caller = site_of(request), caller_of(request)
    now, status = site.clock.now(), 422
    if form.is_good:
        shown = door.Shown(step_of(request), code, form.values.get("trust") == "yes")
        outcome, trusted = await site.write(lambda c: door.finish_signin(c, site.vault, shown, caller, now=now))
        if outcome.begun is not None:
            response = await come_in(request, outcome.begun, outcome.way_back, "customer", customer=outcome.subject)
            if trusted:
                carry_trust(response, request, trusted, seconds=int(factors.TRUSTED_FOR.total_seconds()))
            return response
        status = blame(form, "code", outcome)
    return await page(request, "signin/factor.html", status=status, form=form)


@router.get("/signin/prove", name="signin.prove")
async def prove(request: Request, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Ask for a proof: the authenticator's code, or a code to the phone."""
    return await draw_proof(request, empty_form(request, next=safe_next(next)))


async def draw_proof(request: Request, form: Form, *, status: int = 200) -> Response:
    """The page that asks; without an authenticator a code is sent when the person wants it."""
    session = session_of(request)
    has_factor = await site_of(request).read(lambda conn: factors.has_factor(conn, session.subject))
    is_sent = has_factor or bool(step_of(request)) or status != 200
    return await page(request, "signin/prove.html", status=status, form=form, has_factor=has_factor, is_sent=is_sent)


@router.post("/signin/prove/send", name="signin.prove_send")
async def prove_send(request: Request) -> Response:
    """Send a code to the person's own phone."""
    site, session, caller = site_of(request), session_of(request), caller_of(request)
    form = await read_form(request)
    way_back, now = safe_next(form.values.get("next", "/")), site.clock.now()
    outcome = await site.write(lambda c: door.ask_own_phone(c, site.vault, session.subject, caller, now=now))
    if not outcome.is_good:
        return await draw_proof(request, form, status=blame(form, "code", outcome))
    await send_now(request)
    response = redirect(request, "signin.prove", query={"next": way_back})
    carry_step(response, request, outcome.token)
    return response


@router.post("/signin/prove", name="signin.prove_check")
async def prove_check(request: Request) -> Response:
    """The proof; then back to what was to be done."""
    site, session, caller = site_of(request), session_of(request), caller_of(request)
    form = await read_form(request)
    code, way_back = form.text("code", chars_max=CODE_CHARS_MAX), safe_next(form.values.get("next", "/"))
    answered, now = Answered(step_of(request), code), site.clock.now()
    outcome = Outcome(code="SIGN_IN_WRONG")
    if form.is_good:
        outcome = await site.write(lambda c: door.prove(c, site.vault, session, answered, caller, now=now))
    if not outcome.is_good:
        return await draw_proof(request, form, status=blame(form, "code", outcome))
    response = RedirectResponse(way_back, status_code=303)
    carry_step(response, request, "")
    return response


@router.get("/signin/second", name="signin.second")
async def second(request: Request) -> Response:
    """Whether there is a second factor, and which browsers are trusted."""
    site, session = site_of(request), session_of(request)
    has_factor, devices = await site.read(
        lambda conn: (
            factors.has_factor(conn, session.subject),
            factors.list_devices(conn, session.subject, now=site.clock.now()),
        )
    )
    return await page(request, "signin/second.html", has_factor=has_factor, devices=devices)


@router.post("/signin/second", name="signin.second_begin")
async def second_begin(request: Request) -> Response:
    """Set an authenticator up, after a proof."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    site, session = site_of(request), session_of(request)
    token = await site.write(lambda c: door.begin_enrolment(c, site.vault, session.subject, now=site.clock.now()))
    response = redirect(request, "signin.second_enrol")
    carry_step(response, request, token)
    return response


@router.get("/signin/second/enrol", name="signin.second_enrol")
async def second_enrol(request: Request) -> Response:
    """The secret, as a picture and in letters."""
    return await draw_enrolment(request, empty_form(request))


async def draw_enrolment(request: Request, form: Form, *, status: int = 200) -> Response:
    """The page with the secret; over, back to the beginning."""
    site, session = site_of(request), session_of(request)
    token, now = step_of(request), site.clock.now()
    secret = await site.write(lambda c: door.find_secret(c, site.vault, session.subject, token, now=now))
    if secret is None:
        return redirect(request, "signin.second", Notice(key="signin.code_over", tone="warn"))
    square = Markup(totp.draw_square(totp.make_address(secret, session.subject)))  # noqa: S704  drawn by us
    return await page(request, "signin/second_enrol.html", status=status, form=form, secret=secret, square=square)


@router.post("/signin/second/enrol", name="signin.second_check")
async def second_check(request: Request) -> Response:
    """Its first code; recovery codes are shown once."""
    site, session = site_of(request), session_of(request)
    form = await read_form(request)
    answered, now = Answered(step_of(request), form.text("code", chars_max=CODE_CHARS_MAX)), site.clock.now()
    if not form.is_good:
        return await draw_enrolment(request, form, status=422)
    outcome, codes = await site.write(lambda c: door.enrol(c, site.vault, session, answered, now=now))
    if not outcome.is_good:
        return await draw_enrolment(request, form, status=blame(form, "code", outcome))
    response = await page(request, "signin/recovery.html", codes=codes, home="/signin/second")
    carry_step(response, request, "")
    return response


@router.post("/signin/second/drop", name="signin.second_drop")
async def second_drop(request: Request) -> Response:
    """Take the second factor away: it must be shown a moment before."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    site, session = site_of(request), session_of(request)
    await site.write(lambda c: factors.drop_factor(c, session.subject))
    return redirect(request, "signin.second", Notice(key="signin.second_dropped", tone="warn"))


@router.post("/signin/second/devices/{device_id}", name="signin.second_forget")
async def forget(request: Request, device_id: Id) -> Response:
    """Trust a browser no longer."""
    site, session = site_of(request), session_of(request)
    if not await site.write(lambda c: factors.forget_devices(c, session.subject, device_id=device_id)):
        raise NotFound("no such browser of yours", code="DEVICE_UNKNOWN")
    return redirect(request, "signin.second", Notice(key="signin.second_forgotten"))


__all__ = ["router"]
