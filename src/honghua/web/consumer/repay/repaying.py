"""Repaying: in full, the minimum with what that costs, another amount; and the order of one's own sources for auto-debit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.credit.core import Pays, Repay, ReturnOverpayment, Source, SourceKind
from honghua.web.booker import sentence_of
from honghua.web.consumer.asking import (
    UNREADABLE,
    can_pay,
    check_gateway,
    customer_of,
    get_account,
    has_gateway,
    is_done,
    refusal_notice,
    submit,
)
from honghua.web.consumer.repay.payments import SHOWN, begin_payment
from honghua.web.ground import site_of
from honghua.web.payments.book import list_payments
from honghua.web.problems import Trouble
from honghua.web.signin.second.asking import ask_proof
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
REPAY_MINOR_MAX: Final = 10**12
CHOICES: Final = frozenset({"full", "minimum", "other"})
LABEL_CHARS_MAX: Final = 40
PROOF_FROM_MINOR: Final = 50_000  # ours: smaller sums that go back are not worth a thief's while


@router.get("/my/repay", name="consumer.repay")
async def repay(request: Request) -> Response:
    """How much, and from where."""
    return await draw(request, await get_account(request), empty_form(request))


async def draw(request: Request, account: credit.AccountView, form: Form) -> Response:
    """The page, again with what was typed where something is wrong."""
    site, customer = site_of(request), customer_of(request)
    payments = await site.read(lambda conn: list_payments(conn, customer, limit=SHOWN))
    return await page(
        request, "consumer/repay.html", status=200 if form.is_good else 422, account=account, form=form,
        full_minor=full_of(account), can_pay=can_pay(request), payments=payments,
    )  # fmt: skip


def full_of(account: credit.AccountView) -> int:
    """Everything billed; before the first bill everything owed."""
    return account.due.unpaid_minor or account.owed_minor


@router.post("/my/repay", name="consumer.repay_now")
async def repay_now(request: Request) -> Response:
    """Take the money in, once per page drawn."""
    check_gateway(request)
    account = await get_account(request)
    form = await read_form(request)
    key, how = form.key(), form.choice("how", CHOICES)
    if how == "other":
        minor = form.amount("amount", account.currency, most=REPAY_MINOR_MAX)
    else:
        minor = form.whole("full_minor" if how == "full" else "minimum_minor", least=0, most=REPAY_MINOR_MAX)
        if form.is_good and minor == 0:
            form.blame("how", "consumer.error_nothing_due")
    if not form.is_good:
        return await draw(request, account, form)
    if has_gateway(request):
        return await begin_payment(request, key, (minor, account.currency))
    answer = await submit(request, Repay(key=f"repay:{key}", customer=customer_of(request), amount_minor=minor))
    if not is_done(answer):
        form.blame("how", "consumer.error_said", sentence=sentence_of(answer, viewer_of(request).language))
        return await draw(request, account, form)
    values = {"amount": form.writing.money(minor, account.currency)}
    return redirect(request, "consumer.home", Notice(key="consumer.repaid", values=values))


@router.post("/my/overpayment", name="consumer.take_back")
async def take_back(request: Request) -> Response:
    """Give the customer their own money back. No way out for money is connected: only a demonstration says that it went."""
    if not site_of(request).is_demo:
        raise Trouble("GATEWAY_MISSING", "no way to pay money out is connected")
    account = await get_account(request)
    form = await read_form(request)
    key, minor = form.key(), form.whole("amount_minor", least=1)
    if not form.is_good:
        return redirect(request, "consumer.repay", UNREADABLE)
    proof = await ask_proof(request) if minor >= PROOF_FROM_MINOR else None
    if proof is not None:
        return proof
    command = ReturnOverpayment(key=f"return:{key}", customer=customer_of(request), amount_minor=minor)
    answer = await submit(request, command)
    if not is_done(answer):
        return redirect(request, "consumer.repay", refusal_notice(request, answer))
    values = {"amount": form.writing.money(minor, account.currency)}
    return redirect(request, "consumer.home", Notice(key="consumer.taken_back", values=values))


@router.get("/my/sources", name="consumer.sources")
async def sources(request: Request) -> Response:
    """Where auto-debit takes money from, in order."""
    account = await get_account(request)
    return await page(request, "consumer/sources.html", account=account, form=empty_form(request))


@router.post("/my/sources", name="consumer.change_sources")
async def change_sources(request: Request) -> Response:
    """Move one up, take one out, change what one pays, or add one: the whole order is stored again."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    form = await read_form(request)
    wanted = reorder(list(account.sources), form)
    if not form.is_good:
        return await page(request, "consumer/sources.html", status=422, account=account, form=form)

    def store() -> dict[str, object]:
        with site.pool.connection() as conn:
            return credit.set_sources(conn, site.registry, customer, wanted)

    answer = await asyncio.to_thread(store)
    if not is_done(answer):
        return redirect(request, "consumer.sources", refusal_notice(request, answer))
    return redirect(request, "consumer.sources", Notice(key="consumer.sources_saved"))


def reorder(found: list[Source], form: Form) -> list[Source]:
    """The sources after what the form asks for; their places are as the page showed them."""
    what = form.choice("what", frozenset({"up", "out", "pays", "add"}))
    if what == "add":
        kind = form.choice("kind", frozenset(SourceKind) - {SourceKind.CREDIT_CARD})
        label = form.text("label", chars_max=LABEL_CHARS_MAX)
        return [*found, Source(SourceKind(kind), label)] if form.is_good else found
    place = next((i for i, s in enumerate(found) if f"{s.kind.value}:{s.reference}" == form.values.get("source")), -1)
    if place < 0:
        form.blame("source", "ui.error_choose")
    elif what == "up" and place > 0:
        found[place - 1], found[place] = found[place], found[place - 1]
    elif what == "out":
        del found[place]
    elif what == "pays":
        other = Pays.MINIMUM if found[place].pays is Pays.FULL else Pays.FULL
        found[place] = replace(found[place], pays=other)
    return found
