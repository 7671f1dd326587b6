"""Lenders: who holds what, whose books differ from ours and in which rows, what is done about a partner, and sales of its loans."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import Conflict, HonghuaError, Refusal
from honghua.credit import api as credit
from honghua.funding import api as funding
from honghua.funding.core import OWN, Standing
from honghua.store.database import run_unit
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, doing_of
from honghua.web.desk.drawing import WHY_CHARS_MAX, bound, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/lenders")
SHOWN: Final = 20
ACTS: Final = ("suspend", "resume", "exit", "end")
DECIDED: Final = {"approve": "desk.transfer_approved", "reject": "desk.transfer_rejected"}
PPM_OF_PERCENT: Final = 10_000


@router.get("", name="desk.lenders")
async def show(request: Request) -> Response:
    """Everything of the page."""
    return await _page(request, empty_form(request))


async def _page(request: Request, form: Form) -> Response:
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        bound(conn)
        today = credit.get_business_day(conn)
        own, partners = funding.list_lenders(conn)
        transfers = funding.list_transfers(conn, limit=SHOWN)
        return {
            "today": today, "own": own, "partners": partners, "books": funding.look_at_books(conn, today=today), "transfers": transfers,
            "steps": [(code, *step) for code in funding.load_book().partners for step in funding.list_acts(conn, code)],
            "why_kept": {one.transfer_id: funding.count_kept(conn, one.transfer_id) for one in transfers if one.kept},
        }  # fmt: skip

    try:
        found = await site.read(read)
    except psycopg.errors.QueryCanceled:
        found = None
    names = {code: partner.name for code, partner in funding.load_book().partners.items()}
    return await draw(
        request, "desk/lenders/lenders.html", status=200 if form.is_good else 422, form=form, found=found, names=names, own_code=OWN,
        acts=ACTS, duties=funding.DUTIES, me=viewer_of(request).subject,
    )  # fmt: skip


@router.post("/act", name="desk.lender_act")
async def act_on(request: Request) -> Response:
    """Suspend a partner, take it back, let it leave, end it; it ends only when nothing of its money is out."""
    form = await read_form(request)
    lender = form.choice("lender", frozenset(funding.load_book().partners) - {OWN})
    deed, why = form.choice("act", frozenset(ACTS)), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.lenders", "desk.why_needed", tone="bad")
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    return await _do(
        request, f"{deed} partner", f"partner {lender}", why, "desk.lender_acted",
        lambda conn: funding.act_on_partner(conn, lender, deed, person=person, why=why, now=now),
    )  # fmt: skip


@router.post("/breach", name="desk.lender_breach")
async def breach(request: Request) -> Response:
    """Write down that a partner broke a duty; what follows by the table of duties, a warning or suspension, is told."""
    form = await read_form(request)
    lender = form.choice("lender", frozenset(funding.load_book().partners) - {OWN})
    duty, why = form.choice("duty", frozenset(funding.DUTIES)), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.lenders", "desk.why_needed", tone="bad")
    person, now = viewer_of(request).subject, site_of(request).clock.now()

    def work(conn: psycopg.Connection) -> tuple[Standing, Standing]:
        before = funding.find_standing(conn, lender)
        return before, funding.report_breach(conn, lender, duty, person=person, why=why, now=now)

    doing = doing_of(request, f"breach: {duty}", f"partner {lender}", why)
    try:
        before, after = await act(request, doing, lambda conn: run_unit(conn, work))
    except HonghuaError as error:
        return refused(request, "desk.lenders", error)
    suspended = after is Standing.SUSPENDED and before is not after
    return told(request, "desk.lenders", "desk.breach_suspended" if suspended else "desk.breach_warned")


@router.post("/transfers", name="desk.transfer_ask")
async def ask(request: Request) -> Response:
    """Propose that all parts of a lender go to another, or to us; another person decides."""
    form = await read_form(request)
    codes = frozenset(funding.load_book().partners)
    seller, buyer = form.choice("seller", codes - {OWN}), form.choice("buyer", codes)
    price_ppm, agreement = _read_price(form), form.text("agreement")
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if seller and seller == buyer:
        form.blame("buyer", "desk.transfer_itself")
    if not form.is_good:
        return await _page(request, form)
    wish = funding.Proposal(seller=seller, buyer=buyer, price_ppm=price_ppm, agreement=agreement)
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    return await _do(
        request, f"propose transfer to {buyer}", f"partner {seller}", why, "desk.transfer_asked",
        lambda conn: funding.propose_transfer(conn, wish, person=person, why=why, now=now),
    )  # fmt: skip


def _read_price(form: Form) -> int:
    """Per cent of the principal that is out, as millionths; blamed where it is none, or finer than a millionth."""
    try:
        percent = Decimal(form.values.get("price", "").strip())
        ppm = percent * PPM_OF_PERCENT
    except InvalidOperation:
        form.blame("price", "desk.transfer_price_wrong")
        return 0
    if not percent.is_finite() or not 0 <= ppm <= funding.PRICE_PPM_MAX or ppm != ppm.to_integral_value():
        form.blame("price", "desk.transfer_price_wrong")
        return 0
    return int(ppm)


@router.post("/transfers/{transfer_id}/decide", name="desk.transfer_decide")
async def decide(request: Request, transfer_id: Id) -> Response:
    """The second person's word; what is allowed is carried out by the clock, page by page."""
    form = await read_form(request)
    decision, why = form.choice("decision", frozenset(DECIDED)), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.lenders", "desk.why_needed", tone="bad")
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    approve = decision == "approve"
    return await _do(
        request, f"{decision} transfer", f"transfer {transfer_id}", why, DECIDED[decision],
        lambda conn: funding.decide_transfer(conn, transfer_id, approve=approve, person=person, why=why, now=now),
    )  # fmt: skip


async def _do(
    request: Request, action: str, subject: str, why: str, words: str, work: Callable[[psycopg.Connection], object]
) -> Response:
    """Note the act, do it, and tell what came of it; a refusal is told as one."""

    def do(conn: psycopg.Connection) -> None:
        done = run_unit(conn, work)
        if isinstance(done, Refusal):  # the act is noted as refused
            raise Conflict(done.sentence, code=done.code)

    try:
        await act(request, doing_of(request, action, subject, why), do)
    except HonghuaError as error:
        return refused(request, "desk.lenders", error)
    return told(request, "desk.lenders", words)


__all__ = ["router"]
