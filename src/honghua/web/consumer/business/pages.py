"""The business page and its forms. Each shows where the contract stands; each form leads back to the page."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.credit.core import BUSINESS_PRODUCT, Repay
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Business, Sector, read_licence
from honghua.web.consumer.asking import OtherPlace, customer_of, has_gateway, is_done, refusal_notice, submit
from honghua.web.consumer.business.steps import BusinessView, Wish, apply, read_view
from honghua.web.consumer.joining import steps
from honghua.web.consumer.joining.ports import find_ports, take_steps
from honghua.web.consumer.joining.signing import draw_contract, sign_contract
from honghua.web.consumer.joining.steps import Place
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
PAGE: Final = "consumer.business"
NAME_CHARS_MAX: Final = 60
LICENCE_CHARS_MAX: Final = 30
SHOPS_CHARS_MAX: Final = 400
WORDS_CHARS_MAX: Final = 500
ASKED_LEAST_MINOR: Final = 100_000  # own bounds of the form (U); what is granted is the rulebook's
ASKED_MOST_MINOR: Final = 50_000_000
TAKINGS_MOST_MINOR: Final = 10**12
SHOWN: Final = 10  # purchases of the line
MOVED_ON: Final = Notice(key="consumer.join_moved_on", tone="info")


async def find_view(request: Request) -> BusinessView:
    """What there is of the viewer's business line."""
    site, customer = site_of(request), customer_of(request)
    return await site.read(lambda conn: read_view(conn, site.vault, site.registry, customer))


async def get_turn(request: Request, *places: Place) -> BusinessView:
    """The same, if a form for these places is the viewer's now; else OtherPlace leads back."""
    view = await find_view(request)
    if find_ports(request) is None or view.account is not None or view.standing.place not in places:
        raise OtherPlace(PAGE, MOVED_ON)
    return view


@router.get("/my/business", name="consumer.business")
async def show(request: Request) -> Response:
    """Where the business line stands."""
    return await draw(request, await find_view(request), empty_form(request))


async def draw(request: Request, view: BusinessView, form: Form) -> Response:
    """The page. Whoever was refused sees why and how to go on; who has the line, what it is for and owes."""
    row = view.standing.decision
    reasons = [(code, *journey.say_any(code)) for code in row.risk["reasons"]] if row is not None else []
    last, approval = view.standing.last, view.standing.approval
    site = site_of(request)
    bought = await site.read(lambda conn: credit.list_purchases(conn, view.line, limit=SHOWN)) if view.account else []
    return await page(
        request, "consumer/business.html", status=200 if form.is_good else 422, form=form, view=view, reasons=reasons,
        word=str(last.outcome) if last is not None else "", may_appeal=last is not None and last.outcome == "refused",
        approved=None if approval is None else approval.decided, sectors=list(Sector), can_apply=find_ports(request) is not None,
        can_pay=site_of(request).is_demo and not has_gateway(request), currency=site_of(request).currency,
        least_minor=ASKED_LEAST_MINOR, most_minor=ASKED_MOST_MINOR, bought=bought,
    )  # fmt: skip


@router.post("/my/business/application", name="consumer.business_apply")
async def send_application(request: Request) -> Response:
    """The business and the wish, then at once the decision."""
    view = await get_turn(request, Place.AGREEMENTS, Place.IDENTITY, Place.APPLICATION)
    if not view.proof:
        raise OtherPlace(PAGE, MOVED_ON)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    form = await read_form(request)
    business, asked_minor = read_business(form, site.currency)
    if not form.is_good or business is None:
        return await draw(request, view, form)
    wish = Wish(business=business, asked_minor=asked_minor, proof=view.proof)
    await take_steps(request, lambda conn, on: apply(conn, on, customer, wish, now=now))
    return redirect(request, PAGE)


def read_business(form: Form, currency: str) -> tuple[Business | None, int]:
    """What was typed of the business, and how much is wished for in minor units; None while something is to be corrected."""
    asked = form.amount("asked", currency, least=ASKED_LEAST_MINOR, most=ASKED_MOST_MINOR)
    licence = read_licence(form.text("licence", chars_max=LICENCE_CHARS_MAX))
    if licence is None:
        form.blame("licence", "consumer.error_licence")
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    takings = form.amount("takings", currency, least=0, most=TAKINGS_MOST_MINOR)
    sector = form.choice("sector", frozenset(Sector))
    told = form.values.get("shops", "")[:SHOPS_CHARS_MAX].replace("，", ",").split(",")
    if not form.is_good or licence is None:
        return None, asked
    shops = tuple(dict.fromkeys(one.strip() for one in told if one.strip()))
    return Business(name=name, licence=licence, sector=Sector(sector), takings_minor=takings, shops=shops), asked


@router.post("/my/business/approval", name="consumer.business_judge")
async def judge(request: Request) -> Response:
    """The decision where it is still due: broken off, or opened again by a person."""
    view, now = await get_turn(request, Place.APPROVAL), site_of(request).clock.now()
    await take_steps(request, lambda conn, on: steps.judge(conn, on, view.standing, now=now))
    return redirect(request, PAGE)


@router.post("/my/business/appeal", name="consumer.business_appeal")
async def appeal(request: Request) -> Response:
    """A no is not accepted: a person looks at it."""
    view = await get_turn(request, Place.STOPPED)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    form = await read_form(request)
    words = form.text("words", chars_max=WORDS_CHARS_MAX)
    if not form.is_good:
        return await draw(request, view, form)
    await site.write(lambda conn: steps.appeal(conn, customer, view.standing, words, now=now))
    return redirect(request, PAGE)


@router.post("/my/business/again", name="consumer.business_again")
async def apply_again(request: Request) -> Response:
    """Another application after a no, where its wait is over."""
    view, now = await get_turn(request, Place.STOPPED), site_of(request).clock.now()
    begun = await take_steps(request, lambda conn, on: steps.apply_again(conn, on, view.standing, now=now))
    if isinstance(begun, int) or begun.until is None:
        return redirect(request, PAGE)
    return redirect(
        request, PAGE, Notice(key="consumer.join_again_from", values={"day": begun.until.isoformat()}, tone="warn")
    )


@router.post("/my/business/contract", name="consumer.business_show")
async def show_contract(request: Request) -> Response:
    """The contract is put before the customer's eyes: from now on its clock runs."""
    view = await get_turn(request, Place.CONTRACT)
    site, now, number = site_of(request), site_of(request).clock.now(), view.standing.contract_id
    await take_steps(
        request, lambda conn, on: journey.show_contract(conn, on, number, read_seconds=site.reading_seconds, now=now)
    )
    return redirect(request, "consumer.business_contract")


@router.get("/my/business/contract", name="consumer.business_contract")
async def contract(request: Request) -> Response:
    """The contract's text, to be read."""
    return await draw_business_contract(request, await get_turn(request, Place.CONTRACT), empty_form(request))


async def draw_business_contract(request: Request, view: BusinessView, form: Form) -> Response:
    """The contract as it was drawn, with this line's own addresses."""
    return await draw_contract(
        request, view.standing, form, way_back=PAGE, is_fake=steps.find_fake_answer(view.standing.rows),
        sign_to="consumer.business_sign", pdf_at="consumer.business_pdf",
    )  # fmt: skip


@router.post("/my/business/signature", name="consumer.business_sign")
async def sign(request: Request) -> Response:
    """Sign what was shown, after it was read; the line is opened by the books under the contract's key, once."""
    view, form = await get_turn(request, Place.CONTRACT), await read_form(request)
    if await sign_contract(request, view.standing, form) is None:
        return await draw_business_contract(request, view, form)
    return redirect(request, PAGE)


@router.get("/my/business/contract.pdf", name="consumer.business_pdf")
async def contract_pdf(request: Request) -> Response:
    """The contract as a file; the reading is written down like any other."""
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    key = await site.read(lambda conn: steps.find_newest_document(conn, customer, product=BUSINESS_PRODUCT))
    if key is None:
        return redirect(request, PAGE)
    access = customers.Access(customer, customers.Purpose.OWN_REQUEST)
    pdf = await site.write(lambda conn: customers.download_contract(conn, site.vault, key, access, now=now))
    headers = {"Content-Disposition": 'attachment; filename="business.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.post("/my/business/repay", name="consumer.business_repay")
async def repay(request: Request) -> Response:
    """Money for the business line in a demonstration, which takes the customer's word; elsewhere the lender's account is named."""
    view, site = await find_view(request), site_of(request)
    form = await read_form(request)
    amount_minor = form.amount("amount", site.currency, least=1, most=TAKINGS_MOST_MINOR)
    key = form.key()
    if view.account is None or not site.is_demo or has_gateway(request):
        raise OtherPlace(PAGE, MOVED_ON)
    if not form.is_good:
        return await draw(request, view, form)
    answer = await submit(request, Repay(key=f"business:{key}", customer=view.line, amount_minor=amount_minor))
    if not is_done(answer):
        return redirect(request, PAGE, refusal_notice(request, answer))
    return redirect(request, PAGE, Notice(key="consumer.business_paid"))
