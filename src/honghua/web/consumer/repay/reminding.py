"""How one wishes to be reminded of a due day: by short message or not at all, also where a debit is arranged or not."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.customers import api as customers
from honghua.customers.core import REMINDER_TERMS, ReminderChannel, ReminderChoice
from honghua.web.consumer.asking import customer_of
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
# What a customer can choose among, by the name of the choice in the form.
CHOICES: Final = {
    "sms": ReminderChoice(),
    "always": ReminderChoice(if_debited=True),
    "none": ReminderChoice(channel=ReminderChannel.NONE),
}


@router.get("/my/reminders", name="consumer.reminders")
async def reminders(request: Request) -> Response:
    """What holds, and a change."""
    return await draw(request, empty_form(request))


async def draw(request: Request, form: Form) -> Response:
    """The page, again with what was typed where something is wrong."""
    site, customer = site_of(request), customer_of(request)
    found = await site.read(lambda conn: customers.find_reminder_choices(conn, [customer]))
    stands = found.get(customer, REMINDER_TERMS.unsaid)
    is_none = stands.channel is ReminderChannel.NONE
    holds = "none" if is_none else "always" if stands.if_debited else "sms"
    return await page(
        request,
        "consumer/reminders.html",
        status=200 if form.is_good else 422,
        holds=holds,
        days=[str(days) for days in REMINDER_TERMS.days_before],
        hours=[f"{at:%H:%M}" for at in (REMINDER_TERMS.from_time, REMINDER_TERMS.until_time)],
        form=form,
    )


@router.post("/my/reminders", name="consumer.choose_reminders")
async def choose(request: Request) -> Response:
    """Choose; it holds at once, also for what is on its way."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    name = form.choice("how", frozenset(CHOICES))
    if not form.is_good:
        return await draw(request, form)
    now = site.clock.now()
    try:
        await site.write(lambda conn: customers.choose_reminders(conn, customer, CHOICES[name], now=now))
    except NotFound:
        return redirect(request, "consumer.reminders", Notice(key="consumer.person_unknown", tone="warn"))
    return redirect(request, "consumer.reminders", Notice(key="consumer.reminders_set"))
