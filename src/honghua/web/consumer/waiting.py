"""Purchases that wait: for a code, for time to think after a fraud warning, or for a person; and how they go on."""

from __future__ import annotations

from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Continuation
from honghua.customers.facing import api as facing
from honghua.web.address_parts import Id
from honghua.web.booker import Answer, sentence_of
from honghua.web.consumer.asking import customer_of, is_done, scene_of, submit
from honghua.web.consumer.facing.aims import STEP_UP, find_service, name_waiting
from honghua.web.consumer.paying import go_on_with_order
from honghua.web.consumer.purchases import currency_of
from honghua.web.consumer.readings import find_suspended, save_answer
from honghua.web.ground import site_of
from honghua.web.signin.proving import compute_code, is_known
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
CODE_CHARS_MAX: Final = 12
SUSPENDED_MAX: Final = 100  # of one account's newest
SUSPENDED: Final = frozenset({"step_up", "delayed", "review"})


@router.get("/my/waiting/{suspension_id}", name="consumer.waiting")
async def waiting(request: Request, suspension_id: Id) -> Response:
    """What it waits for, and what the customer can do."""
    return await draw(request, await get_waiting(request, suspension_id), empty_form(request))


async def get_waiting(request: Request, suspension_id: int) -> credit.WaitingPurchase:
    """A suspended purchase of the viewer; NotFound for any other."""
    customer = customer_of(request)
    found = await site_of(request).read(lambda conn: credit.find_waiting(conn, customer, suspension_id))
    if found is None:
        raise NotFound("no such purchase waits", code="SUSPENSION_UNKNOWN")
    return found


async def draw(request: Request, one: credit.WaitingPurchase, form: Form) -> Response:
    """The page of a suspended purchase."""
    now = site_of(request).clock.now()
    customer = customer_of(request)
    reading = await site_of(request).read(lambda conn: find_suspended(conn, customer, one.suspension_id))
    code = await find_face_code(request, one)
    can_film = find_service(request) is not None and await site_of(request).read(lambda conn: is_known(conn, customer))
    return await page(
        request, "consumer/waiting.html", status=200 if form.is_good else 422, one=one, form=form, now=now,
        is_over=one.state not in ("waiting", "passed") or now > one.expires_at,
        may_confirm=one.until is None or now >= one.until, reading=reading, face_code=code,
        can_film=can_film, currency=await currency_of(request),
        reason=(reading.answer or {}).get("reason", "") if reading is not None else "",
    )  # fmt: skip


async def find_face_code(request: Request, one: credit.WaitingPurchase) -> str:
    """The code of a step-up that a face has confirmed a moment ago; "" without one."""
    if one.kind != STEP_UP or find_service(request) is None:
        return ""
    site, customer = site_of(request), customer_of(request)
    now, aim = site.clock.now(), name_waiting(one.suspension_id)

    def read(conn: psycopg.Connection) -> str:
        account = credit.find_account_view(conn, site.registry, one.line)
        if account is None or not is_known(conn, customer) or facing.find_passed(conn, customer, aim, now=now) is None:
            return ""
        rows = credit.list_suspensions(conn, account.account_id, limit=SUSPENDED_MAX)
        tokens = {row.suspension_id: row.token for row, _, _ in rows}
        token = tokens.get(one.suspension_id)
        return compute_code(site.secrets.session_key, token) if token else ""

    return await site.read(read)


@router.post("/my/waiting/{suspension_id}", name="consumer.go_on")
async def go_on(request: Request, suspension_id: Id) -> Response:
    """Go on with what was asked for: a code, or a confirmation after the warning."""
    site, customer = site_of(request), customer_of(request)
    one = await get_waiting(request, suspension_id)
    form = await read_form(request)
    key = form.key()
    proof = ""
    if one.kind == STEP_UP:
        proof = await find_face_code(request, one) or form.text("code", chars_max=CODE_CHARS_MAX)
    confirmed = form.values.get("confirmed") == "yes"
    if one.kind == "delayed" and not confirmed:
        form.blame("confirmed", "consumer.error_confirm")
    if not form.is_good:
        return await draw(request, one, form)
    continues = Continuation(suspension_id=suspension_id, proof=proof.replace(" ", ""), confirmed=confirmed)
    reading = await site.read(lambda conn: find_suspended(conn, customer, suspension_id))
    if reading is not None:
        answer = await go_on_with_order(request, reading, continues)
    else:
        answer = await submit(request, plain_order(request, one, continues, key=f"go-on:{key}"))
    if answer["outcome"] == "refused" and answer["code"] in ("PROOF_WRONG", "CONFIRM_NEEDED", "DELAYED", "IN_REVIEW"):
        name = "code" if one.kind == STEP_UP else "confirmed"
        form.blame(name, "consumer.error_said", sentence=sentence_of(answer, viewer_of(request).language))
        return await draw(request, await get_waiting(request, suspension_id), form)
    if reading is not None:
        await site.write(lambda conn: save_answer(conn, reading, answer, now=site.clock.now()))
        return redirect(request, "consumer.result", reading_id=str(reading.reading_id))
    return after(request, answer)


def plain_order(request: Request, one: credit.WaitingPurchase, continues: Continuation, *, key: str) -> BuyNow:
    """The same order again, as it was made at a till."""
    return BuyNow(
        key=key, customer=one.line, amount_minor=one.amount_minor, merchant=one.merchant, order=one.order,
        category=one.category, scene=scene_of(request), continues=continues,
    )  # fmt: skip


def after(request: Request, answer: Answer) -> Response:
    """Where to go when an order without a contract of ours went on, or did not."""
    if is_done(answer):
        return redirect(request, "consumer.purchase", Notice(key="consumer.bought"), purchase_id=answer["purchase_id"])
    notice = Notice(sentence=sentence_of(answer, viewer_of(request).language), tone="bad")
    if answer["outcome"] in SUSPENDED:
        return redirect(request, "consumer.waiting", notice, suspension_id=answer["suspension_id"])
    return redirect(request, "consumer.home", notice)
