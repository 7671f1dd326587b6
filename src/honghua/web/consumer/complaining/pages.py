"""My complaints: say what is wrong, see until when it is answered; and a warning where the words read like an agent's script (R-259)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import Conflict, NotFound
from honghua.customers import api as customers
from honghua.web.consumer.asking import customer_of
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
ABOUT: Final = ("bureau", "collection", "price", "privacy", "service")
WORDS_MAX: Final = 1_500
OPEN_MAX: Final = 10


@router.get("/my/complaints", name="consumer.complaints")
async def show(request: Request) -> Response:
    """What was complained of, and the form."""
    return await draw(request, empty_form(request))


async def draw(request: Request, form: Form) -> Response:
    """The page, again with what was typed where something is wrong."""
    site, customer = site_of(request), customer_of(request)
    today = site.clock.now().astimezone(site.zone).date()
    try:
        made, answers = await site.read(
            lambda conn: (
                customers.list_complaints(conn, customer=customer),
                customers.list_answers(conn, site.vault, customer),
            )
        )
        is_known = True
    except NotFound:
        made, answers, is_known = [], {}, False
    return await page(
        request, "consumer/complaints.html", status=200 if form.is_good else 422, form=form, made=made[::-1], about=ABOUT,
        is_known=is_known, answers=answers, today=today, words_max=WORDS_MAX,
    )  # fmt: skip


@router.post("/my/complaints", name="consumer.complain")
async def complain(request: Request) -> Response:
    """Take a complaint, whatever it reads like; who seems to have been sold a script hears about it on the next page."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    about, words, key = form.choice("about", frozenset(ABOUT)), form.text("words", chars_max=WORDS_MAX), form.key()
    if not form.is_good:
        return await draw(request, form)
    now = site.clock.now()
    said = customers.Complained(channel="web", about=about, words=words, key=key)
    made = await site.read(lambda conn: customers.list_complaints(conn, customer=customer))
    if sum(one.answered_at is None for one in made) >= OPEN_MAX:
        return redirect(request, "consumer.complaints", Notice(key="consumer.help_enough", tone="warn"))
    today = now.astimezone(site.zone).date()
    try:
        one = await site.write(
            lambda conn: customers.receive_complaint(conn, site.vault, customer, said, on=today, now=now)
        )
    except Conflict:
        return redirect(request, "consumer.complaints", Notice(key="consumer.person_unknown", tone="warn"))
    taken = Notice(key="consumer.complaint_taken", values={"number": one.complaint_id, "until": one.due_on.isoformat()})
    return redirect(request, "consumer.complaints", warn_of_script(words, taken))


def warn_of_script(words: str, taken: Notice) -> Notice:
    """What the next page says: that it was taken, by its number, and a warning where the words read like an agent's script."""
    if not customers.read_complaint_script(words).is_scripted:
        return taken
    return Notice(key="consumer.scam_seen", values={"number": taken.values["number"]}, tone="warn")


__all__ = ["router", "warn_of_script"]
