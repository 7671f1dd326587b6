"""Instalments: the bill split, plans that run, and one ended early by exactly the quoted amount."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from honghua.base.dates import add_months, from_day, to_day
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import SettlePlan
from honghua.web.address_parts import Id
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
from honghua.web.consumer.offers import find_choice, list_bill_choices
from honghua.web.consumer.readings import TEXT_VERSION, Reading, save_reading
from honghua.web.consumer.repay.payments import begin_payment
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect, writing_of
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
AMOUNT_CHARS_MAX: Final = 40
MONTHS_SHOWN: Final = 12


@router.get("/my/split", name="consumer.split")
async def split(
    request: Request, *, amount: Annotated[str | None, Query(max_length=AMOUNT_CHARS_MAX)] = None
) -> Response:
    """How much of the last bill to split, and the periods on offer for it."""
    account = await get_account(request)
    typed = amount if amount is not None else writing_of(request).amount(account.splittable_minor, account.currency)
    return await draw(request, account, empty_form(request, amount=typed))


async def draw(request: Request, account: credit.AccountView, form: Form) -> Response:
    """The page for the amount that was typed."""
    site, customer = site_of(request), customer_of(request)
    can_split = account.splittable_minor > 0
    minor = form.amount("amount", account.currency, most=account.splittable_minor) if can_split else 0
    choices = await site.read(lambda conn: list_bill_choices(conn, site, customer, minor)) if minor else []
    return await page(
        request, "consumer/split.html", status=200 if form.is_good else 422, account=account, choices=choices, form=form,
        minor=minor,
    )  # fmt: skip


@router.post("/my/split", name="consumer.choose_split")
async def choose_split(request: Request) -> Response:
    """A number of periods was chosen: its contract is put before the customer."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    form = await read_form(request)
    minor = form.whole("amount_minor", least=1, most=max(1, account.splittable_minor))
    choices = await site.read(lambda conn: list_bill_choices(conn, site, customer, minor))
    periods = form.choice("plan", frozenset(str(choice.periods) for choice in choices))
    choice = find_choice(choices, int(periods)) if form.is_good else None
    if choice is None:
        return await draw(request, account, form)
    reading = Reading(
        reading_id=uuid.uuid4(),
        customer=customer,
        kind="bill",
        subject="",
        periods=choice.periods,
        amount_minor=minor,
        fee_minor=choice.quote.fee_minor,
        payer=choice.payer,
        text_version=TEXT_VERSION,
        text_digest=choice.digest,
        language=viewer_of(request).language,
        seconds=site.reading_seconds,
        opened_at=site.clock.now(),
    )
    await site.write(lambda conn: save_reading(conn, reading))
    return redirect(request, "consumer.contract", reading_id=str(reading.reading_id))


@router.get("/my/plans", name="consumer.plans")
async def plans(request: Request) -> Response:
    """Plans with something left to bill."""
    account = await get_account(request)
    writing = writing_of(request)
    months, series = foresee(account)
    return await page(
        request, "consumer/plans.html", account=account,
        months=[writing.short_day(day) for day in months],
        series=[(f"{k}", values) for k, (_, values) in enumerate(series, 1)],
        write_money=writing.money_in(account.currency),
    )  # fmt: skip


def foresee(account: credit.AccountView) -> tuple[list[dt.date], list[tuple[credit.PlanView, list[float]]]]:
    """The next statements' days, and what each plan adds to each of them: the next part, then equal ones."""
    months = min(MONTHS_SHOWN, max((one.periods - one.billed for one in account.plans), default=0))
    days = [from_day(add_months(to_day(account.next_statement_on), k)) for k in range(months)]
    return days, [(one, [float(part_of(one, k)) for k in range(months)]) for one in account.plans]


def part_of(one: credit.PlanView, k: int) -> int:
    """What a plan adds to the k-th statement from now, 0 after its last."""
    left = one.periods - one.billed
    if k >= left:
        return 0
    if k == 0:
        return one.next_principal_minor + one.next_fee_minor
    return one.left_minor // left + one.fee_left_minor // left


@router.get("/my/plans/{plan_id}", name="consumer.plan")
async def plan(request: Request, plan_id: Id) -> Response:
    """One plan, and what would end it today."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    quote = await site.read(lambda conn: credit.find_settlement_quote(conn, site.registry, customer, plan_id))
    one = next((one for one in account.plans if one.plan_id == plan_id), None)
    if one is None or quote is None:
        raise NotFound("no such plan", code="PLAN_UNKNOWN")
    return await page(
        request,
        "consumer/plan.html",
        account=account,
        one=one,
        quote=quote,
        can_pay=can_pay(request),
    )


@router.post("/my/plans/{plan_id}/settle", name="consumer.settle")
async def settle(request: Request, plan_id: Id) -> Response:
    """End a plan by the amount that was on the page; if it has changed meanwhile, nothing is booked."""
    check_gateway(request)
    account = await get_account(request)
    form = await read_form(request)
    key, minor = form.key(), form.whole("amount_minor", least=1)
    if not form.is_good:
        return redirect(request, "consumer.plan", UNREADABLE, plan_id=plan_id)
    if has_gateway(request):
        return await begin_payment(request, key, (minor, account.currency), plan_id=plan_id)
    command = SettlePlan(key=f"settle:{key}", customer=customer_of(request), plan_id=plan_id, amount_minor=minor)
    answer = await submit(request, command)
    if not is_done(answer):
        gone = answer["code"] == "PLAN_UNKNOWN"
        where = {} if gone else {"plan_id": plan_id}
        return redirect(
            request, "consumer.plans" if gone else "consumer.plan", refusal_notice(request, answer), **where
        )
    values = {"amount": form.writing.money(minor, account.currency)}
    return redirect(request, "consumer.plans", Notice(key="consumer.settled", values=values))
