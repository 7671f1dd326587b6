"""Recording a face: say what for and agree, get six digits, film yourself saying them; the page that waits for it goes on.

With a script the camera films and sends; without one a file is chosen. What does not pass may be tried again, and then a person looks.
"""

from __future__ import annotations

import base64
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from honghua.base.errors import BadInput, Refusal
from honghua.customers import api as customers
from honghua.customers.core import FACE_TEXT, RECORDING_RULES, FilmKind, Said, check_film
from honghua.customers.facing import api as facing
from honghua.web.address_parts import Id
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.facing.aims import Aim, find_aim, find_service
from honghua.web.ground import site_of
from honghua.web.signin.bound.door import find_bound, name_owner, read_base64
from honghua.web.ui.forms import Form, empty_form, read_form, take_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
MAY_FILM: Final = {"Permissions-Policy": "camera=(self), geolocation=(), microphone=(self), payment=(), usb=()"}
NOES: Final = {
    "FACE_TRIES_OVER": "consumer.face_tries_over", "CHALLENGES_MANY": "consumer.face_many", "CHALLENGE_OVER": "consumer.face_late",
    "CHALLENGE_USED": "consumer.face_used", "CHALLENGE_UNKNOWN": "consumer.face_used", "DEVICE_UNKNOWN": "consumer.face_other_device",
    "CONSENT_STALE": "consumer.face_new_text",
}  # fmt: skip
FILM_NOES: Final = {
    "FILM_EMPTY": "consumer.face_empty", "FILM_TOO_LARGE": "consumer.face_too_large", "FILM_KIND": "consumer.face_kind",
}  # fmt: skip
SAID: Final = {
    Said.MATCH: ("consumer.face_passed", "good"), Said.MISMATCH: ("consumer.face_failed", "bad"),
    Said.SILENCE: ("consumer.face_silent", "warn"),
}  # fmt: skip
OTHER_DIGITS: Final = "000000"


@router.get("/my/face/{aim}", name="consumer.face")
async def start(request: Request, aim: str) -> Response:
    """What is filmed, by whom, and that a person may look instead."""
    return await draw_start(request, await find_aim(request, aim), empty_form(request))


async def draw_start(request: Request, aim: Aim, form: Form) -> Response:
    """The page before the digits; nothing is ticked ahead."""
    site, customer, service = site_of(request), customer_of(request), find_service(request)
    assert service is not None, "an aim has a service"
    now = site.clock.now()
    is_over = await site.read(lambda conn: facing.is_over(conn, customer, aim.key, now=now))
    return await page(
        request, "consumer/facing/start.html", status=200 if form.is_good else 422, form=form, aim=aim, text=FACE_TEXT,
        provider=service.name, is_fake=service.is_fake, is_over=is_over,
    )  # fmt: skip


@router.post("/my/face/{aim}", name="consumer.face_begin")
async def begin(request: Request, aim: str) -> Response:
    """Draw the digits for one film, after an explicit yes."""
    found, form = await find_aim(request, aim), await read_form(request)
    if form.values.get("agreed") != "yes":
        form.blame("agreed", "consumer.error_agree")
        return await draw_start(request, found, form)
    site, customer = site_of(request), customer_of(request)
    now = site.clock.now()
    made = await site.write(lambda conn: facing.begin_recording(conn, customer, found.key, now=now))
    if isinstance(made, Refusal):
        return redirect(request, "consumer.face", Notice(key=NOES[made.code], tone="warn"), aim=aim)
    return redirect(request, "consumer.film", aim=aim, challenge_id=made.challenge_id)


@router.get("/my/face/{aim}/{challenge_id}", name="consumer.film")
async def film(request: Request, aim: str, challenge_id: Id) -> Response:
    """The digits, the camera, and a field for a file."""
    return await draw_film(request, await find_aim(request, aim), challenge_id, empty_form(request))


async def draw_film(request: Request, aim: Aim, challenge_id: int, form: Form) -> Response:
    """The page with the digits; over or answered, back to the beginning."""
    site, customer, service = site_of(request), customer_of(request), find_service(request)
    now = site.clock.now()

    def read(conn: psycopg.Connection) -> tuple[customers.Challenge | None, bool]:
        return customers.find_challenge(conn, customer, challenge_id), find_bound(conn, customer) is not None

    challenge, has_device = await site.read(read)
    assert service is not None, "an aim has a service"
    if challenge is None or now > challenge.expires_at:
        key = "consumer.face_used" if challenge is None else "consumer.face_late"
        return redirect(request, "consumer.face", Notice(key=key, tone="warn"), aim=aim.name)
    answer = await page(
        request, "consumer/facing/film.html", status=200 if form.is_good else 422, form=form, aim=aim, challenge=challenge,
        message=base64.b64encode(challenge.message).decode(), owner=name_owner(customer), has_device=has_device,
        is_fake=service.is_fake, rules=RECORDING_RULES, version=FACE_TEXT.version,
        seconds_left=int((challenge.expires_at - now).total_seconds()),
    )  # fmt: skip
    answer.headers.update(MAY_FILM)
    return answer


@router.post("/my/face/{aim}/{challenge_id}", name="consumer.send_film")
async def send(request: Request, aim: str, challenge_id: Id) -> Response:
    """Hand the film to the face service; of the film itself nothing is kept."""
    found = await find_aim(request, aim)
    async with request.form(max_files=1, max_fields=20) as data:
        form, file = take_form(request, data), data.get("film")
        content = await file.read(RECORDING_RULES.bytes_max + 1) if isinstance(file, UploadFile) else b""
    content = await invent(request, challenge_id, form) or content
    kind = check_film(content)
    if not isinstance(kind, FilmKind):
        form.blame("film", FILM_NOES[kind])
        return await draw_film(request, found, challenge_id, form)
    return await look(request, found, read_film(form, found, challenge_id, content, kind))


def read_film(form: Form, aim: Aim, challenge_id: int, content: bytes, kind: FilmKind) -> facing.Recorded:
    """What the form brings beside the film; a consent that no page of ours draws so has version 0, which is none."""
    version = form.values.get("version", "")
    return facing.Recorded(
        aim=aim.key, challenge_id=challenge_id, content=content, kind=kind,
        text_version=int(version) if version.isascii() and version.isdigit() and len(version) < len(OTHER_DIGITS) else 0,
        signature=read_base64(form.values.get("signature", "")),
    )  # fmt: skip


async def invent(request: Request, challenge_id: int, form: Form) -> bytes:
    """An invented film where the service is a fake and no face is wanted: saying the digits, or others to see a no; else nothing."""
    wish, service = form.values.get("invented", ""), find_service(request)
    if wish not in ("right", "wrong") or service is None or not service.is_fake:
        return b""
    customer = customer_of(request)
    challenge = await site_of(request).read(lambda conn: customers.find_challenge(conn, customer, challenge_id))
    if challenge is None:
        return b""
    other = OTHER_DIGITS if challenge.digits != OTHER_DIGITS else OTHER_DIGITS.replace("0", "1")
    return facing.invent_film(challenge_id, challenge.digits if wish == "right" else other)


async def look(request: Request, aim: Aim, brought: facing.Recorded) -> Response:
    """Ask the service, and go back to the page that waits, or to another try."""
    site, customer, service = site_of(request), customer_of(request), find_service(request)
    assert service is not None, "an aim has a service"
    now = site.clock.now()
    try:
        taken = await site.run(lambda conn: facing.take_recording(conn, service, customer, brought, now=now))
    except BadInput as error:
        return redirect(
            request, "consumer.face", Notice(key=NOES.get(error.code, "ui.please_correct"), tone="bad"), aim=aim.name
        )
    if isinstance(taken, Refusal):
        return redirect(request, "consumer.face", Notice(key=NOES[taken.code], tone="warn"), aim=aim.name)
    is_passed = facing.is_passed(taken)
    said = Said(taken.said) if is_passed or taken.said != Said.MATCH else Said.MISMATCH  # not sure enough is a no
    key, tone = SAID[said]
    if is_passed:
        return redirect(request, aim.back, Notice(key=key, tone=tone), **aim.parts)
    return redirect(request, "consumer.face", Notice(key=key, tone=tone), aim=aim.name)


__all__ = ["router"]
