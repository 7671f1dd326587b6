"""Pages by which customers sign in, and change their number: a phone, then the code that was sent to it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import BadInput, Conflict
from honghua.web.ground import site_of
from honghua.web.refusing import safe_next
from honghua.web.signin import factors, phones, sessions
from honghua.web.signin.challenges import ChallengeKind
from honghua.web.signin.outcomes import Outcome
from honghua.web.signin.phones import Answered, Wanted
from honghua.web.signin.second.asking import ask_proof
from honghua.web.signin.steps import blame, caller_of, carry_step, come_in, send_now, step_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

PHONE_CHARS_MAX: Final = 30
CODE_CHARS_MAX: Final = 10

router = APIRouter(include_in_schema=False)


@router.get("/signin", name="signin.start")
async def start(request: Request, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Ask for the number."""
    form = empty_form(request, next=safe_next(next))
    return await page(request, "signin/start.html", form=form)


@router.post("/signin", name="signin.send")
async def send(request: Request) -> Response:
    """Send a code, whoever's number it is."""
    form = await read_form(request)
    wanted = Wanted(
        ChallengeKind.PHONE, form.text("phone", chars_max=PHONE_CHARS_MAX), safe_next(form.values.get("next", "/"))
    )
    outcome = await _ask(request, form, wanted)
    if outcome is None:
        status = 429 if any(key == "signin.too_many" for key, _ in form.errors.values()) else 422
        return await page(request, "signin/start.html", status=status, form=form)
    response = redirect(request, "signin.code")
    carry_step(response, request, outcome.token)
    return response


async def _ask(request: Request, form: Form, wanted: Wanted) -> Outcome | None:
    """The outcome with its token; None when the form says what is wrong."""
    if not form.is_good:
        return None
    site, caller = site_of(request), caller_of(request)
    now = site.clock.now()
    try:
        outcome = await site.write(lambda c: phones.ask_code(c, site.vault, wanted, caller, now=now))
    except BadInput:
        form.blame("phone", "signin.phone_invalid")
        return None
    if not outcome.is_good:
        blame(form, "phone", outcome)
        return None
    await send_now(request)
    return outcome


@router.get("/signin/code", name="signin.code")
async def ask_for_code(request: Request) -> Response:
    """Ask for the code."""
    if not step_of(request):
        return redirect(request, "signin.start")
    return await page(
        request, "signin/code.html", form=empty_form(request), action="signin.check", again="signin.start"
    )


@router.post("/signin/code", name="signin.check")
async def check(request: Request) -> Response:
    """Sign the customer in."""
    form = await read_form(request)
    code = form.text("code", chars_max=CODE_CHARS_MAX)
    site, caller = site_of(request), caller_of(request)
    answered, now = Answered(step_of(request), code), site.clock.now()
    status = 422
    if form.is_good:
        outcome = await site.write(lambda c: phones.check_code(c, site.vault, answered, caller, now=now))
        if outcome.begun is not None:
            return await come_in(request, outcome.begun, outcome.way_back, "customer", customer=outcome.subject)
        if outcome.token:
            response = redirect(request, "signin.factor")
            carry_step(response, request, outcome.token)
            return response
        status = blame(form, "code", outcome)
    return await page(
        request, "signin/code.html", status=status, form=form, action="signin.check", again="signin.start"
    )


@router.get("/signin/phone", name="signin.phone")
async def phone(request: Request) -> Response:
    """Ask for the new number; the person must have proved who they are a moment ago."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    return await page(request, "signin/phone.html", form=empty_form(request))


@router.post("/signin/phone", name="signin.phone_send")
async def phone_send(request: Request) -> Response:
    """Send a code to the new number."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    form = await read_form(request)
    number = form.text("phone", chars_max=PHONE_CHARS_MAX)
    wanted = Wanted(ChallengeKind.NEW_PHONE, number, customer=request.state.viewer.subject)
    outcome = await _ask(request, form, wanted)
    if outcome is None:
        return await page(request, "signin/phone.html", status=422, form=form)
    response = redirect(request, "signin.phone_code")
    carry_step(response, request, outcome.token)
    return response


@router.get("/signin/phone/code", name="signin.phone_code")
async def phone_code(request: Request) -> Response:
    """Ask for the code that the new number got."""
    form = empty_form(request)
    return await page(request, "signin/code.html", form=form, action="signin.phone_check", again="signin.phone")


@router.post("/signin/phone/code", name="signin.phone_check")
async def phone_check(request: Request) -> Response:
    """The number is theirs now."""
    form = await read_form(request)
    code = form.text("code", chars_max=CODE_CHARS_MAX)
    status = 422
    if form.is_good:
        outcome = await _change_phone(request, Answered(step_of(request), code))
        if outcome.is_good:
            response = redirect(request, "signin.devices", Notice(key="signin.phone_changed"))
            carry_step(response, request, "")
            return response
        if outcome.code == "PHONE_TAKEN":
            form.blame("code", "signin.phone_taken")
        else:
            status = blame(form, "code", outcome)
    again = {"action": "signin.phone_check", "again": "signin.phone"}
    return await page(request, "signin/code.html", status=status, form=form, **again)


async def _change_phone(request: Request, answered: Answered) -> Outcome:
    site, caller = site_of(request), caller_of(request)
    now, viewer = site.clock.now(), request.state.viewer
    try:
        outcome = await site.write(
            lambda c: phones.change_phone(c, site.vault, answered, caller, customer=viewer.subject, now=now)
        )
    except Conflict:  # only who holds a phone learns that it is registered already
        return Outcome(code="PHONE_TAKEN")
    if outcome.is_good:
        await site.write(
            lambda c: sessions.end_sessions(c, viewer.subject, now=now, why="number changed", but=viewer.session_id)
        )
        await site.write(lambda c: factors.forget_devices(c, viewer.subject))
    return outcome
