"""Campaigns of a merchant: start, watch, pause, end, and what they brought."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import Problem
from honghua.merchants import api as merchants
from honghua.merchants.core import Draft
from honghua.web.address_parts import Id, read_number
from honghua.web.ground import Site, site_of
from honghua.web.merchant import seeing
from honghua.web.merchant.orders_routes import owns
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.notices import Notice
from honghua.web.ui.pages import page, pages_of, redirect, writing_of
from honghua.web.ui.vocabulary import look_up

router = APIRouter()

PAGE: Final = 20
USES_SHOWN: Final = 50
MOST_MINOR: Final = 10**12
HOLDOUTS: Final = frozenset({"0", "100000", "200000", "500000"})
# Where a problem of a draft is shown, and in which words.
BLAME: Final = {
    "name": ("name", "merchant.wrong_name"),
    "periods": ("periods", "merchant.wrong_periods"),
    "least_minor": ("least", "merchant.wrong_amounts"),
    "ends_at": ("ends", "merchant.wrong_dates"),
    "daily_minor": ("daily", "merchant.wrong_daily"),
    "categories": ("categories", "merchant.wrong_value"),
    "budget_minor": ("budget", "merchant.wrong_value"),
}


@router.get("/merchant/campaigns", name="merchant.campaigns")
async def campaigns(request: Request) -> Response:
    """All campaigns, the newest first."""
    site = site_of(request)
    merchant, before = request.state.viewer.merchant, read_number(request.query_params.get("before"))
    found = await site.read(lambda conn: merchants.list_campaigns(conn, merchant, before=before, limit=PAGE))
    rows = [seeing.show_campaign(campaign, budget, now=site.clock.now()) for campaign, budget in found]
    path = request.app.url_path_for("merchant.campaigns")
    older = f"{path}?before={rows[-1].campaign.campaign_id}" if len(rows) == PAGE else None
    return await page(
        request, "merchant/campaigns.html", rows=rows, older=older, is_owner=owns(request),
        currency=site.currency,
    )  # fmt: skip


@router.get("/merchant/campaigns/new", name="merchant.campaign_form")
async def campaign_form(request: Request) -> Response:
    """The form of a new campaign."""
    return await draw_form(request, empty_form(request, holdout="100000"))


async def draw_form(request: Request, form: Form, *, status: int = 200) -> Response:
    """The form with what was typed."""
    offered = sorted(site_of(request).terms.purchase_fee_ppm)
    return await page(request, "merchant/campaign_form.html", status=status, form=form, offered=offered)


@router.post("/merchant/campaigns/new", name="merchant.campaign_start")
async def campaign_start(request: Request) -> Response:
    """Start a campaign, or say field by field what is wrong."""
    site = site_of(request)
    form, viewer = await read_form(request), request.state.viewer
    draft = read_draft(form, site, viewer.merchant)
    campaign_id = 0
    if form.is_good:
        offered, now = site.terms.purchase_fee_ppm, site.clock.now()
        campaign_id, problems = await site.write(
            lambda conn: merchants.start_campaign(conn, draft, made_by=viewer.subject, offered=offered, now=now)
        )
        blame(form, problems)
    if not form.is_good:
        return await draw_form(request, form, status=422)
    return redirect(request, "merchant.campaign", Notice("merchant.started"), campaign_id=campaign_id)


def read_draft(form: Form, site: Site, merchant: str) -> Draft:
    """The campaign that was typed; what cannot be read is blamed."""
    terms = site.terms
    most = _optional(form, "most", terms.currency)
    categories = form.text("categories", chars_max=1000, is_needed=False).replace("，", ",").split(",")
    return Draft(
        merchant=merchant, name=form.text("name", chars_max=100),
        periods=tuple(n for n in sorted(terms.purchase_fee_ppm) if form.values.get(f"periods_{n}")),
        starts_at=read_moment(form, "starts", site.zone), ends_at=read_moment(form, "ends", site.zone),
        budget_minor=form.amount("budget", terms.currency, most=MOST_MINOR),
        categories=tuple(word.strip() for word in categories if word.strip()),
        least_minor=_optional(form, "least", terms.currency), most_minor=most or MOST_MINOR,
        daily_minor=_optional(form, "daily", terms.currency),
        holdout_ppm=int(form.choice("holdout", HOLDOUTS) or "0"),
    )  # fmt: skip


def _optional(form: Form, name: str, currency: str) -> int:
    """An amount that may be left out: 0."""
    return form.amount(name, currency, least=0, most=MOST_MINOR) if form.values.get(name, "").strip() else 0


def read_moment(form: Form, name: str, zone: dt.tzinfo) -> dt.datetime:
    """A local date and time as the browser sends it; blamed where it is none."""
    try:
        moment = dt.datetime.fromisoformat(form.values.get(name, ""))
    except ValueError:
        form.blame(name, "merchant.wrong_time")
        return dt.datetime(1970, 1, 1, tzinfo=zone)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def blame(form: Form, problems: tuple[Problem, ...]) -> None:
    """Put each problem of a draft beside its field."""
    for problem in problems:
        field, words = BLAME.get(problem.column, ("name", "merchant.wrong_value"))
        form.blame(field, words)


@router.get("/merchant/campaigns/{campaign_id}", name="merchant.campaign")
async def campaign(request: Request, campaign_id: Id) -> Response:
    """One campaign: budget, effect, terms, uses."""
    site = site_of(request)
    merchant, now = request.state.viewer.merchant, site.clock.now()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        found = merchants.get_campaign(conn, campaign_id, merchant=merchant)
        return {
            "one": seeing.show_campaign(found, merchants.get_budget(conn, campaign_id), now=now),
            "effect": merchants.measure_campaign(conn, campaign_id, merchant=merchant, now=now),
            "acts": merchants.list_acts(conn, campaign_id),
            "uses": merchants.list_reservations(conn, campaign_id, limit=USES_SHOWN),
        }

    found = await site.read(read)
    writing, currency = writing_of(request), site.currency
    words, language = pages_of(request).words, request.state.viewer.language
    return await page(
        request, "merchant/campaign.html", currency=currency, is_owner=owns(request), form=empty_form(request), most_minor=MOST_MINOR,
        has_ended=any(act.act == "ended" for act in found["acts"]),
        interval=seeing.write_interval(writing, currency, look_up(words, language, "merchant.effect_range", {})),
        points=seeing.write_points(writing, look_up(words, language, "merchant.effect_points", {})),
        share=seeing.write_share(writing), mean=seeing.write_mean(writing, currency), **found,
    )  # fmt: skip


@router.post("/merchant/campaigns/{campaign_id}", name="merchant.campaign_act")
async def campaign_act(request: Request, campaign_id: Id) -> Response:
    """Pause, resume or end a campaign, and say why."""
    site = site_of(request)
    form, viewer = await read_form(request), request.state.viewer
    act, why = form.choice("act", {"pause", "resume", "end"}), form.text("why")
    if not form.is_good:
        notice = Notice("ui.please_correct", tone="bad")
        return redirect(request, "merchant.campaign", notice, campaign_id=campaign_id)
    await site.write(
        lambda conn: merchants.act_on(
            conn, campaign_id, merchant=viewer.merchant, act=act, person=viewer.subject, why=why
        )
    )
    return redirect(request, "merchant.campaign", Notice("merchant.acted"), campaign_id=campaign_id)
