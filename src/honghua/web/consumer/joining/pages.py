"""The pages of an application: each shows where somebody stands, each form takes one step and leads back to the next page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import Conflict
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Profile, read_id_number
from honghua.customers.facing import api as facing
from honghua.web.consumer.asking import OtherPlace, customer_of, find_account
from honghua.web.consumer.joining import steps
from honghua.web.consumer.joining.observing import read_observed
from honghua.web.consumer.joining.ports import find_ports, ports_of, take_steps
from honghua.web.consumer.joining.signing import draw_contract, sign_contract
from honghua.web.consumer.joining.steps import Place, Standing, read_standing
from honghua.web.ground import site_of
from honghua.web.signin.bound import door as bound
from honghua.web.ui.files import pdf_answer
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
NAME_CHARS_MAX: Final = 60
NUMBER_CHARS_MAX: Final = 24  # eighteen and blanks between them
CARD_DIGITS: Final = range(12, 20)  # ISO/IEC 7812: at most 19; domestic cards from 16
CLIP_CHARS_MAX: Final = 128
KEY_BYTES: Final = 32  # of Ed25519
WORDS_CHARS_MAX: Final = 500
ASKED_LEAST_MINOR: Final = 50_000  # own bounds of the form (U); what is granted is the rulebook's
ASKED_MOST_MINOR: Final = 20_000_000
TOLD_MOST_MINOR: Final = 10**12
LENDERS_MAX: Final = 99
AGAIN: Final = Notice(key="consumer.join_moved_on", tone="info")


async def find_standing(request: Request) -> Standing:
    """Where the viewer stands now."""
    customer = customer_of(request)
    return await site_of(request).read(lambda conn: read_standing(conn, customer))


async def get_turn(request: Request, place: Place) -> Standing:
    """Where the viewer stands, if this page is theirs; OtherPlace leads to the one that is: reloaded and old forms end there."""
    if find_ports(request) is None or await find_account(request) is not None:
        raise OtherPlace("consumer.home")
    standing = await find_standing(request)
    if standing.place is not place:
        raise OtherPlace("consumer.opening", AGAIN)
    return standing


async def draw_standing(request: Request, standing: Standing, *, form: Form | None = None) -> Response:
    """The page of a place; agreements have their own."""
    shown = form or empty_form(request)
    row, identity = standing.decision, ports_of(request).identity
    common: dict[str, Any] = {
        "form": shown,
        "standing": standing,
        "status": 200 if shown.is_good else 422,
        "currency": site_of(request).currency,
    }
    if standing.place is Place.STOPPED and row is not None:
        reasons = [(code, *journey.say_any(code)) for code in row.risk["reasons"]]
        may_appeal = standing.last is not None and standing.last.outcome is journey.StepOutcome.REFUSED
        return await page(
            request, "consumer/joining/stopped.html", reasons=reasons, may_appeal=may_appeal,
            word=str(standing.last.outcome) if standing.last else "", **common,
        )  # fmt: skip
    if standing.place is Place.CONTRACT:
        granted = standing.approval
        assert granted is not None, "no contract before an approval"
        return await page(
            request, "consumer/joining/granted.html", approved=granted.decided, by_person=granted.decided_by != journey.SYSTEM,
            **common,
        )  # fmt: skip
    face = await find_face(request, standing) if standing.place is Place.IDENTITY else None
    return await page(
        request, f"consumer/joining/{standing.place}.html", is_fake=identity.is_fake, provider=identity.name, face=face,
        owner=bound.name_owner(customer_of(request)), least_minor=ASKED_LEAST_MINOR, most_minor=ASKED_MOST_MINOR, **common,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Face:
    """How the film of an applicant stands. clip: of the one that passed, "" for none; is_over: too many failed, a person looks."""

    clip: str
    is_over: bool


async def find_face(request: Request, standing: Standing) -> Face | None:
    """The film for the proofing that is due; None where the identity service films people itself."""
    if ports_of(request).face is None:
        return None
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    key = standing.key(journey.Step.PROOFING)

    def read(conn: psycopg.Connection) -> Face:
        passed = facing.find_passed(conn, customer, key, now=now)
        return Face(passed.clip if passed else "", facing.is_over(conn, customer, key, now=now))

    return await site.read(read)


@router.post("/my/opening/identity", name="consumer.prove")
async def prove(request: Request) -> Response:
    """Name, number, card and face go to the identity service; what is kept is sealed, of the card only a blind index."""
    standing = await get_turn(request, Place.IDENTITY)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    form = await read_form(request)
    told = read_evidence(form, await find_face(request, standing), on=now.astimezone(site.zone).date())
    if not form.is_good:
        return await draw_standing(request, standing, form=form)
    phone = await site.write(lambda conn: steps.read_phone(conn, site.vault, customer, now=now))
    evidence = customers.Evidence(**told, phone=phone)
    taken = await take_steps(request, lambda conn, on: steps.prove(conn, on, standing, evidence, now=now))
    if isinstance(taken, journey.StepRow) and taken.outcome is journey.StepOutcome.PASSED:
        await bind_device(request, form, proof_key=standing.key(journey.Step.PROOFING))
    return redirect(request, "consumer.opening")


async def bind_device(request: Request, form: Form, *, proof_key: str) -> None:
    """Bind this browser where its owner wished so and its script brought a key. The same form twice binds once."""
    key, session, site = bound.read_base64(form.values.get("device_key", "")), request.state.session, site_of(request)
    if len(key) != KEY_BYTES:
        return
    try:
        await site.write(lambda conn: bound.bind(conn, session, key, proof_key=proof_key, now=site.clock.now()))
    except Conflict:
        return  # this proofing has bound a device already


def read_evidence(form: Form, face: Face | None, *, on: dt.date) -> dict[str, str]:
    """What was typed; a slip is blamed at its field before anybody is asked, as a no of the journey would close it.

    After too many films that failed there is no face: the four factors are asked about, and a person looks.
    """
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    number = form.text("national_id", chars_max=NUMBER_CHARS_MAX).replace(" ", "").upper()
    if number and not read_id_number(number, on=on).is_valid:
        form.blame("national_id", "consumer.error_national_id")
    card = form.text("card", chars_max=NUMBER_CHARS_MAX).replace(" ", "")
    if card and not (card.isascii() and card.isdigit() and len(card) in CARD_DIGITS):
        form.blame("card", "consumer.error_card")
    if face is None:
        clip = form.text("clip", chars_max=CLIP_CHARS_MAX)
    else:
        clip = face.clip
        if not clip and not face.is_over:
            form.blame("face", "consumer.error_face")
    return {"name": name, "national_id": number, "card": card, "clip": clip}


@router.post("/my/opening/application", name="consumer.apply")
async def apply(request: Request) -> Response:
    """The situation and the wish, then at once the decision."""
    standing = await get_turn(request, Place.APPLICATION)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    form = await read_form(request)
    profile, asked_minor = read_situation(form, site.currency)
    observed = read_observed(request, form.values.get("observed", ""))
    if not form.is_good:
        return await draw_standing(request, standing, form=form)
    await site.write(lambda conn: steps.write_situation(conn, site.vault, customer, profile, now=now))

    def work(conn: psycopg.Connection, on: journey.JourneySite) -> None:
        steps.apply(conn, on, standing, asked_minor, observed=observed, now=now)
        after = read_standing(conn, customer)
        if after.place is Place.APPROVAL:
            steps.judge(conn, on, after, now=now)

    await take_steps(request, work)
    return redirect(request, "consumer.opening")


def read_situation(form: Form, currency: str) -> tuple[Profile, int]:
    """What the applicant says of themselves, and how much they wish for in minor units."""
    asked = form.amount("asked", currency, least=ASKED_LEAST_MINOR, most=ASKED_MOST_MINOR)
    profile = Profile(
        is_student=form.choice("student", frozenset({"yes", "no"})) == "yes",
        income_minor=form.amount("income", currency, least=0, most=TOLD_MOST_MINOR),
        debt_service_minor=form.amount("service", currency, least=0, most=TOLD_MOST_MINOR),
        debts_minor=form.amount("debts", currency, least=0, most=TOLD_MOST_MINOR),
        lenders=form.whole("lenders", most=LENDERS_MAX),
    )
    return profile, asked


@router.post("/my/opening/approval", name="consumer.judge")
async def judge(request: Request) -> Response:
    """The decision where it is still due: broken off after the application, or opened again by a person."""
    standing = await get_turn(request, Place.APPROVAL)
    now = site_of(request).clock.now()
    await take_steps(request, lambda conn, on: steps.judge(conn, on, standing, now=now))
    return redirect(request, "consumer.opening")


@router.post("/my/opening/appeal", name="consumer.appeal")
async def appeal(request: Request) -> Response:
    """A no is not accepted: a person looks at it, within the time that the right gives."""
    standing = await get_turn(request, Place.STOPPED)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    form = await read_form(request)
    words = form.text("words", chars_max=WORDS_CHARS_MAX)
    if not form.is_good:
        return await draw_standing(request, standing, form=form)
    await site.write(lambda conn: steps.appeal(conn, customer, standing, words, now=now))
    return redirect(request, "consumer.opening")


@router.post("/my/opening/again", name="consumer.apply_again")
async def apply_again(request: Request) -> Response:
    """Another application after a no, by the rules that hold (a wait, and so many a year); the earlier reasons stay on record."""
    standing, now = await get_turn(request, Place.STOPPED), site_of(request).clock.now()
    begun = await take_steps(request, lambda conn, on: steps.apply_again(conn, on, standing, now=now))
    if isinstance(begun, int):
        return redirect(request, "consumer.opening")
    words = {"day": begun.until.isoformat()} if begun.until is not None else {}
    key = "consumer.join_again_from" if begun.until is not None else "consumer.join_again_not_yet"
    return redirect(request, "consumer.opening", Notice(key=key, values=words, tone="warn"))


@router.post("/my/opening/contract", name="consumer.show_agreement")
async def show_agreement(request: Request) -> Response:
    """The contract is drawn and put before the customer's eyes: from now on its clock runs."""
    standing = await get_turn(request, Place.CONTRACT)
    site, now = site_of(request), site_of(request).clock.now()
    await take_steps(
        request,
        lambda conn, on: journey.show_contract(
            conn, on, standing.contract_id, read_seconds=site.reading_seconds, now=now
        ),
    )
    return redirect(request, "consumer.agreement")


@router.get("/my/opening/contract", name="consumer.agreement")
async def agreement(request: Request) -> Response:
    """The contract's text, to be read; whoever has not asked for it is led to where they stand."""
    standing = await get_turn(request, Place.CONTRACT)
    return await draw_agreement(request, standing, empty_form(request))


async def draw_agreement(request: Request, standing: Standing, form: Form) -> Response:
    """The contract as it was drawn; a made-up answer behind it is named."""
    is_fake = steps.find_fake_answer(standing.rows)
    return await draw_contract(request, standing, form, way_back="consumer.opening", is_fake=is_fake)


@router.post("/my/opening/signature", name="consumer.sign_agreement")
async def sign_agreement(request: Request) -> Response:
    """Sign what was shown, after it was read; the account is opened by the books under the contract's key, once."""
    standing, form = await get_turn(request, Place.CONTRACT), await read_form(request)
    taken = await sign_contract(request, standing, form)
    if taken is None:
        return await draw_agreement(request, standing, form)
    if isinstance(taken, journey.StepRow) and taken.outcome is journey.StepOutcome.PASSED:
        return redirect(request, "consumer.home", Notice(key="consumer.result_opening"))
    return redirect(request, "consumer.opening")


@router.get("/my/opening/contract.pdf", name="consumer.agreement_pdf")
async def agreement_pdf(request: Request) -> Response:
    """The contract as a file: signed, once it is; the reading is written down like any other."""
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    newest = await site.read(lambda conn: steps.find_newest_document(conn, customer))
    if newest is None:
        return redirect(request, "consumer.opening")
    access = customers.Access(customer, customers.Purpose.OWN_REQUEST)
    pdf = await site.write(lambda conn: customers.download_contract(conn, site.vault, newest, access, now=now))
    return pdf_answer("contract.pdf", pdf)
