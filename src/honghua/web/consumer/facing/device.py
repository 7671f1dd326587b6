"""My device: the one that answers for me, bound by a proof of who I am; lost, it is bound no longer, and another needs a new proof."""

from __future__ import annotations

from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import Conflict
from honghua.customers import api as customers
from honghua.customers.core import ProofVerdict
from honghua.customers.facing import api as facing
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.facing.aims import Aim, find_aim, find_service
from honghua.web.consumer.joining.pages import Face, read_evidence
from honghua.web.consumer.joining.ports import ports_of
from honghua.web.consumer.joining.steps import read_phone
from honghua.web.ground import site_of
from honghua.web.signin.bound import door as bound
from honghua.web.signin.proving import is_known
from honghua.web.signin.second.asking import ask_proof, session_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
AIM: Final = "device"
KEY_BYTES: Final = 32  # of Ed25519


@router.get("/my/device", name="consumer.device")
async def show(request: Request) -> Response:
    """Whether a device is bound, whether this is it, and how to bind or unbind one."""
    return await draw(request, empty_form(request))


async def draw(request: Request, form: Form) -> Response:
    """The page; after a film that passed, with the form that binds this browser."""
    site, customer, session = site_of(request), customer_of(request), session_of(request)
    now = site.clock.now()

    def read(conn: psycopg.Connection) -> tuple[bool, bool, facing.RecordingRow | None]:
        if not is_known(conn, customer):
            return False, False, None
        is_bound = bound.find_bound(conn, customer) is not None
        return is_bound, customers.is_proven(conn, customer), facing.find_passed(conn, customer, AIM, now=now)

    is_bound, is_proven, passed = await site.read(read)
    return await page(
        request, "consumer/facing/device.html", status=200 if form.is_good else 422, form=form, is_bound=is_bound,
        is_here=bool(session.bound_device), is_proven=is_proven, passed=passed, owner=bound.name_owner(customer),
        can_film=find_service(request) is not None,
    )  # fmt: skip


@router.post("/my/device/lost", name="consumer.device_lost")
async def lose(request: Request) -> Response:
    """Unbind the device at once; the person must have proved who they are a moment ago."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    site, customer = site_of(request), customer_of(request)
    was_bound = await site.write(lambda conn: bound.lose_device(conn, customer, now=site.clock.now()))
    key = "consumer.device_ended" if was_bound else "consumer.device_none"
    return redirect(request, "consumer.device", Notice(key=key, tone="warn"))


@router.post("/my/device", name="consumer.bind_device")
async def bind(request: Request) -> Response:
    """Prove oneself from the beginning, with a film that passed, and bind this browser."""
    aim, form = await find_aim(request, AIM), await read_form(request)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    passed = await site.read(lambda conn: facing.find_passed(conn, customer, aim.key, now=now))
    if passed is None:
        return redirect(request, "consumer.face", aim=AIM)
    told = read_evidence(form, Face(passed.clip, is_over=False), on=now.astimezone(site.zone).date())
    key = bound.read_base64(form.values.get("device_key", ""))
    if len(key) != KEY_BYTES:
        form.blame("device", "consumer.error_device")
    if form.is_good and await site.read(
        lambda conn: customers.find_by_national_id(conn, site.vault, told["national_id"]) != customer
    ):
        form.blame(
            "national_id", "consumer.error_other_number"
        )  # else somebody could prove that they are somebody else
    if not form.is_good:
        return await draw(request, form)
    return await prove_and_bind(request, aim, told, key, proof_key=customers.name_device_proof(passed.challenge_id))


async def prove_and_bind(request: Request, aim: Aim, told: dict[str, str], key: bytes, *, proof_key: str) -> Response:
    """Ask the identity service as at joining; only who is proven at once binds a device. A film counts for one proof."""
    site, customer, session = site_of(request), customer_of(request), session_of(request)
    now = site.clock.now()
    phone = await site.write(lambda conn: read_phone(conn, site.vault, customer, now=now))
    check = customers.IdentityCheck(vault=site.vault, provider=ports_of(request).identity)
    evidence = customers.Evidence(**told, phone=phone)
    proof = await site.run(
        lambda conn: customers.prove_identity(conn, check, customer, evidence, key=proof_key, now=now)
    )
    if proof.verdict != ProofVerdict.PROVEN:
        return redirect(request, aim.back, Notice(key="consumer.device_refused", tone="bad"))
    try:
        await site.write(lambda conn: bound.bind(conn, session, key, proof_key=proof_key, now=now))
    except Conflict:  # the same form twice
        return redirect(request, aim.back)
    return redirect(request, aim.back, Notice(key="consumer.device_bound"))


__all__ = ["router"]
