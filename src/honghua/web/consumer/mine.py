"""What is the customer's own: settings, agreements, data and the rights over it, a person to talk to."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit import api as credit
from honghua.credit.core import STATUS_CLOSED, Purpose, SetStatus, line_of
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind, Field
from honghua.lab.profiles import api as profiles
from honghua.limits import api as limits
from honghua.web.consumer.asking import customer_of, find_account, is_done, refusal_notice, submit
from honghua.web.consumer.opening import standings
from honghua.web.ground import site_of
from honghua.web.signin import factors, sessions
from honghua.web.signin.second.asking import ask_proof
from honghua.web.ui.files import file_answer
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
CORRECTED: Final = (Field.NAME, Field.EMAIL, Field.ADDRESS)  # a new phone is proven by a code: a page of sign-in's
ASKED_MAX: Final = 5  # open requests of one customer
EXPORTED_MAX: Final = 1_000


@router.get("/my/settings", name="consumer.settings")
async def settings(request: Request) -> Response:
    """Everything that can be set or asked for."""
    return await page(request, "consumer/settings.html", account=await find_account(request))


@router.get("/my/consents", name="consumer.consents")
async def consents(request: Request) -> Response:
    """What was agreed to, when, and what may be taken back."""
    site, customer, found = site_of(request), customer_of(request), await standings(request)
    has_contract = bool(found) and bool(await site.read(lambda conn: customers.list_contracts(conn, customer)))
    return await page(request, "consumer/consents.html", standings=found, has_contract=has_contract)


@router.post("/my/consents", name="consumer.change_consent")
async def change_consent(request: Request) -> Response:
    """Agree to one text that was just read, or take an agreement back."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    found = {one.text.kind.value: one.text for one in await standings(request)}
    kind = form.choice("kind", frozenset(found))
    if not kind:
        raise NotFound("no such agreement", code="CONSENT_UNKNOWN")
    text, is_given = found[kind], form.values.get("give") == "yes"
    now = site.clock.now()
    # The text stands on the page itself; only what needs no reading time is agreed to here, the rest when the account is opened.
    if is_given and text.read_seconds:
        raise BadInput("this text is agreed to where it is read", code="CONSENT_UNREAD")
    said = customers.Said(kind=ConsentKind(kind), version=text.version, is_given=is_given)
    await site.write(lambda conn: customers.say(conn, customer, [said], channel="web", now=now))
    notice = Notice(key="consumer.consent_given" if is_given else "consumer.consent_withdrawn")
    return redirect(request, "consumer.consents", notice)


@router.get("/my/data", name="consumer.data")
async def data(request: Request) -> Response:
    """What is known, who looked at it, and what may be done about it."""
    return await draw_data(request, empty_form(request))


async def draw_data(request: Request, form: Form) -> Response:
    """The page of personal data, with a correction as it was typed."""
    site, customer = site_of(request), customer_of(request)
    vault = site.vault
    try:
        shown = await site.read(lambda conn: customers.show_masked(conn, vault, customer))
        looks = await site.read(lambda conn: customers.list_access(conn, customer))
        is_known = True
    except NotFound:
        shown, looks, is_known = {}, [], False
    return await page(
        request, "consumer/data.html", status=200 if form.is_good else 422, shown=shown, looks=looks, form=form,
        is_known=is_known, fields=[field.value for field in CORRECTED], account=await find_account(request),
    )  # fmt: skip


@router.post("/my/data", name="consumer.correct")
async def correct(request: Request) -> Response:
    """Correct one field; the old value stays in its history."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    name = form.choice("field", frozenset(field.value for field in CORRECTED))
    value = form.text("value", chars_max=254)
    if not form.is_good:
        return await draw_data(request, form)
    origin = customers.Origin(customer, "corrected by the customer")
    now = site.clock.now()
    try:
        await site.write(
            lambda conn: customers.write_fields(conn, site.vault, customer, {Field(name): value}, origin, now=now)
        )
    except BadInput:
        form.blame("value", "consumer.error_personal")
        return await draw_data(request, form)
    return redirect(request, "consumer.data", Notice(key="consumer.corrected"))


@router.post("/my/data/export", name="consumer.export")
async def export(request: Request) -> Response:
    """A copy of everything, as a file: what the customers room knows, the account, its bills and purchases."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    site, customer = site_of(request), customer_of(request)
    now = site.clock.now()
    try:
        person = await site.write(lambda conn: customers.export_person(conn, site.vault, customer, now=now))
    except NotFound:
        person = {"customer": customer}
    account = await find_account(request)
    bills = await site.read(lambda conn: credit.list_statements(conn, site.registry, customer, limit=EXPORTED_MAX))
    story = await site.read(lambda conn: credit.list_history(conn, site.registry, customer, limit=EXPORTED_MAX))
    _, tags, struck = await site.read(lambda conn: profiles.list_own(conn, customer))
    line = line_of(customer, Purpose.BUSINESS)
    business = await site.read(lambda conn: credit.find_account_view(conn, site.registry, line))
    body = {
        "person": person,
        "profile": [{"tag": tag.name, "words": tag.words, "group": tag.group, "uses": tag.uses, "evidence": tag.evidence} for tag in tags],
        "profile_struck_out": [tag.name for tag in struck],
        "business_line": None if business is None else {"opened_on": business.opened_on, "owed_minor": business.owed_minor,
            "limit_minor": business.limit.fixed_minor, "currency": business.currency},
        "account": None if account is None else {"opened_on": account.opened_on, "owed_minor": account.owed_minor,
            "limit_minor": account.limit.fixed_minor, "currency": account.currency},
        "bills": [{"number": one.number, "cut_on": one.cut_on, "due_on": one.due_on, "total_minor": one.total_minor} for one in bills],
        "history": [{"on": one.value_on, "kind": one.kind[1], "amount_minor": one.amount_minor, "text": one.text} for one in story],
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, indent=2, default=str)
    return file_answer("honghua-my-data.json", text, media_type="application/json")


@router.post("/my/data/erase", name="consumer.erase")
async def erase(request: Request) -> Response:
    """Close the account and delete what the law lets us delete; not while anything is owed."""
    proof = await ask_proof(request)
    if proof is not None:
        return proof
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    key = form.key()
    if form.values.get("sure") != "yes":
        form.blame("sure", "consumer.error_agree")
        return await draw_data(request, form)
    lines = [line_of(customer, purpose) for purpose in Purpose]
    found = await site.read(lambda conn: [credit.find_account_view(conn, site.registry, line) for line in lines])
    accounts = [one for one in found if one is not None]
    for account in accounts:
        if account.status[1] != "closed":
            closing = SetStatus(
                key=f"erase:{key}:{account.account_id}", customer=account.customer, status=STATUS_CLOSED
            )
            answer = await submit(request, closing)
            if not is_done(answer):
                return redirect(request, "consumer.data", refusal_notice(request, answer))
    last = max((account.business_on for account in accounts), default=None)
    now = site.clock.now()
    try:
        await site.write(lambda conn: leave(conn, customer, last_dealt_on=last, now=now))
    except (NotFound, Conflict):
        return redirect(request, "consumer.data", Notice(key="consumer.nothing_to_erase", tone="warn"))
    await site.write(lambda conn: sessions.end_sessions(conn, customer, now=now, why="erased"))
    await site.write(lambda conn: factors.drop_factor(conn, customer))
    return redirect(request, "consumer.landing", Notice(key="consumer.erased"))


def leave(conn: psycopg.Connection, customer: str, *, last_dealt_on: dt.date | None, now: dt.datetime) -> None:
    """Everything that goes at once, of every room, in one transaction."""
    customers.erase_person(conn, customer, last_dealt_on=last_dealt_on, now=now)
    profiles.forget_person(conn, customer, now=now)
    limits.sever_person(conn, customer, secrets.token_bytes(limits.TOKEN_BYTES))


@router.get("/my/help", name="consumer.help")
async def get_help(request: Request) -> Response:
    """Ask a person, and see what was asked."""
    site, customer = site_of(request), customer_of(request)
    try:
        asked = await site.read(lambda conn: customers.list_requests(conn, customer=customer))
        is_known = True
    except NotFound:
        asked, is_known = [], False
    return await page(request, "consumer/help.html", asked=asked, is_known=is_known, form=empty_form(request))


@router.post("/my/help", name="consumer.ask_help")
async def ask_help(request: Request) -> Response:
    """A person is to look at a decision, or to explain it: from now on the clock of that right runs."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    kind = form.choice("kind", frozenset({"human_decision", "explanation"}))
    if not kind:
        return redirect(request, "consumer.help", Notice(key="ui.error_choose", tone="bad"))
    now = site.clock.now()
    asked = await site.read(lambda conn: customers.list_requests(conn, customer=customer))
    if sum(one.outcome is None for one in asked) >= ASKED_MAX:
        return redirect(request, "consumer.help", Notice(key="consumer.help_enough", tone="warn"))
    number = await site.write(lambda conn: customers.make_request(conn, customer, customers.RightKind(kind), now=now))
    return redirect(request, "consumer.help", Notice(key="consumer.help_asked", values={"number": number}))
