"""The administrator's pages: who may sign in, and what happened at the doors. No business data is on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import HonghuaError, NotFound
from honghua.web.ground import site_of
from honghua.web.problems import Trouble
from honghua.web.roles import MERCHANTS, STAFF, Role
from honghua.web.signin import events
from honghua.web.signin.staff import users
from honghua.web.signin.staff.users import Act, NewUser
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

ROLES: Final = (
    *sorted((STAFF | MERCHANTS) - {Role.ADMINISTRATOR}),
    Role.ADMINISTRATOR,
)  # the mightiest is not the one offered first
EVENTS_SHOWN: Final = 200
WORDS_OF_CODES: Final = {
    "USER_NAME_INVALID": ("name", "signin.user_name_invalid"),
    "USER_TAKEN": ("name", "signin.user_taken"),
    "ROLE_WRONG": ("role", "signin.role_wrong"),
}

router = APIRouter(include_in_schema=False)


@router.get("/signin/users", name="signin.users")
async def list_all(request: Request) -> Response:
    """All users, and the form that makes one."""
    return await _draw(request, empty_form(request))


async def _draw(request: Request, form: Form, *, status: int = 200, made: tuple[str, str] | None = None) -> Response:
    rows = await site_of(request).read(users.list_users)
    return await page(request, "signin/users.html", status=status, form=form, users=rows, roles=ROLES, made=made)


@router.post("/signin/users", name="signin.user_add")
async def add(request: Request) -> Response:
    """Make a user; the first password is shown on this answer and nowhere else."""
    form = await read_form(request)
    role = form.choice("role", frozenset(ROLES))
    new = NewUser(
        name=form.text("name", chars_max=64),
        roles=frozenset({Role(role)}) if role else frozenset(),
        display_name=form.text("display", chars_max=60, is_needed=False),
        merchant=form.text("merchant", chars_max=100, is_needed=False),
    )
    if not form.is_good:
        return await _draw(request, form, status=422)
    password, act = users.draw_password(), _act_of(request)
    try:
        await site_of(request).write(lambda c: users.add_user(c, new, password, act))
    except HonghuaError as error:
        if error.code not in WORDS_OF_CODES:
            raise
        form.blame(*WORDS_OF_CODES[error.code])
        return await _draw(request, form, status=422)
    return await _draw(request, empty_form(request), made=(users.fold_name(new.name), password))


@router.post("/signin/users/{name}/lock", name="signin.user_lock")
async def lock(request: Request, name: str) -> Response:
    """Shut somebody out, now."""
    form, act = await read_form(request), _act_of(request)
    _check_other(request, name)
    why = form.text("why", chars_max=200)
    if not form.is_good:
        return await _draw(request, form, status=422)
    return await _change(request, lambda c: users.lock_user(c, name, why, act))


@router.post("/signin/users/{name}/unlock", name="signin.user_unlock")
async def unlock(request: Request, name: str) -> Response:
    """Let somebody in again."""
    act = _act_of(request)
    _check_other(request, name)
    return await _change(request, lambda c: users.unlock_user(c, name, act))


@router.post("/signin/users/{name}/reset", name="signin.user_reset")
async def reset(request: Request, name: str) -> Response:
    """A new first password, shown once; the authenticator is enrolled anew."""
    password, act = users.draw_password(), _act_of(request)
    _check_other(request, name)
    await site_of(request).write(lambda c: users.reset_user(c, name, password, act))
    return await _draw(request, empty_form(request), made=(users.fold_name(name), password))


@router.get("/signin/events", name="signin.events")
async def happened(request: Request) -> Response:
    """What happened at the doors."""
    rows = await site_of(request).read(lambda c: events.list_events(c, limit=EVENTS_SHOWN))
    return await page(request, "signin/events.html", events=rows)


async def _change(request: Request, work: Callable[[psycopg.Connection], None]) -> Response:
    await site_of(request).write(work)
    return redirect(request, "signin.users", Notice(key="signin.user_changed"))


def _act_of(request: Request) -> Act:
    return Act(request.state.viewer.subject, site_of(request).clock.now())


def _check_other(request: Request, name: str) -> None:
    """Nobody does this to themselves: not by mistake, and not to get round a lock."""
    if not name.strip():
        raise NotFound("no such user", code="USER_UNKNOWN")
    if name.strip().lower() == request.state.viewer.subject:
        raise Trouble("NOT_ALLOWED", "another administrator must do this")
