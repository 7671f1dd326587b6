"""My evidence: bring it from a source or as a document, see what it led to, take it back – each is one act with its own consent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit import api as credit
from honghua.credit.materials import api as evidence
from honghua.customers import api as customers
from honghua.customers.core import (
    UPLOAD_RULES,
    MaterialPurpose,
    MaterialState,
    MaterialTerms,
    find_offered,
)
from honghua.customers.materials import api as materials
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.web.address_parts import Id
from honghua.web.consumer.asking import UNREADABLE, customer_of, get_account
from honghua.web.consumer.evidence.ports import find_material_ports
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, read_form, take_form
from honghua.web.ui.pages import Notice, page, redirect

Work = Callable[[psycopg.Connection], materials.MaterialRow]

router = APIRouter(include_in_schema=False)
AS_MONEY: Final = frozenset({"income_minor", "debt_service_minor", "vehicle_minor"})
TONES: Final = {
    MaterialState.IN_FORCE: "good", MaterialState.WAITING: "info", MaterialState.REVIEW: "warn", MaterialState.REFUSED: "bad",
}  # fmt: skip
NOES: Final = {
    "IDENTITY_UNPROVEN": "consumer.evidence_no_identity_unproven",
    "CONSENT_STALE": "consumer.evidence_no_consent_stale",
    "MATERIALS_MANY": "consumer.evidence_no_materials_many",
    "UPLOAD_EMPTY": "consumer.evidence_no_upload_empty",
    "UPLOAD_TOO_LARGE": "consumer.evidence_no_upload_too_large",
    "UPLOAD_KIND": "consumer.evidence_no_upload_kind",
    "UPLOAD_BROKEN": "consumer.evidence_no_upload_broken",
    "UPLOAD_PIXELS": "consumer.evidence_no_upload_pixels",
    "UPLOAD_ENCRYPTED": "consumer.evidence_no_upload_encrypted",
    "UPLOAD_ACTIVE": "consumer.evidence_no_upload_active",
}
OUTCOMES: Final = {
    "in_force": ("consumer.evidence_taken", "good"), "review": ("consumer.evidence_looked_at", "warn"),
    "refused": ("consumer.evidence_refused", "bad"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on the page."""

    offered: tuple[MaterialTerms, ...]
    views: list[materials.MaterialView]
    decisions: list[evidence.EvidenceDecision]
    is_proven: bool


@router.get("/my/evidence", name="consumer.evidence")
async def show(request: Request) -> Response:
    """The page."""
    site, customer, ports = site_of(request), customer_of(request), find_material_ports(request)
    account = await get_account(request)
    today = site.clock.now().date()

    def read(conn: psycopg.Connection) -> Shown:
        book = limits.get_rulebook(conn, on=credit.get_business_day(conn))
        offered = find_offered(materials.load_materials(), book.features)
        try:
            views = materials.list_views(conn, site.vault, customer, on=today)
        except NotFound:
            return Shown(offered, [], [], is_proven=False)
        return Shown(offered, views, evidence.list_decisions(conn, customer), customers.is_proven(conn, customer))

    found = await site.read(read)
    ways = frozenset({*(("source",) if ports.source else ()), *(("upload",) if ports.reader else ())})
    fakes = [one.name for one in (ports.source, ports.reader) if one is not None and one.is_fake]
    return await page(
        request, "consumer/evidence.html", account=account, shown=found, ways=ways, fakes=fakes, purposes=tuple(MaterialPurpose),
        as_money=AS_MONEY, tones=TONES, terms=materials.load_materials(), bytes_max=UPLOAD_RULES.bytes_max,
    )  # fmt: skip


@router.post("/my/evidence/source", name="consumer.bring_source")
async def bring_source(request: Request) -> Response:
    """Let a source hand over one piece of evidence, then decide again at once."""
    form, source = await read_form(request), find_material_ports(request).source
    wish = read_wish(form)
    if wish is None or source is None:
        return redirect(request, "consumer.evidence", UNREADABLE)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()

    def bring(conn: psycopg.Connection) -> materials.MaterialRow:
        return materials.add_from_source(conn, site.vault, source, customer, wish, now=now)

    return await take(request, bring)


@router.post("/my/evidence/document", name="consumer.bring_document")
async def bring_document(request: Request) -> Response:
    """Have a document read once, then decide again at once; of the file itself nothing is kept."""
    async with request.form(max_files=1, max_fields=20) as data:
        form, file = take_form(request, data), data.get("file")
        content = await file.read(UPLOAD_RULES.bytes_max + 1) if isinstance(file, UploadFile) else b""
    wish, reader = read_wish(form), find_material_ports(request).reader
    if wish is None or reader is None:
        return redirect(request, "consumer.evidence", UNREADABLE)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    upload = materials.Upload(wish=wish, content=content)

    def bring(conn: psycopg.Connection) -> materials.MaterialRow:
        return materials.add_document(conn, site.vault, reader, customer, upload, now=now)

    return await take(request, bring)


@router.post("/my/evidence/{material_id}/again", name="consumer.ask_evidence")
async def ask_again(request: Request, material_id: Id) -> Response:
    """Ask a source again that has not answered."""
    await read_form(request)
    site, customer, source = site_of(request), customer_of(request), find_material_ports(request).source
    if source is None:
        return redirect(request, "consumer.evidence", UNREADABLE)

    def bring(conn: psycopg.Connection) -> materials.MaterialRow:
        row = run_unit(conn, lambda c: materials.get_material(c, material_id))
        if row.customer != customer:
            raise NotFound(f"no evidence {material_id}", code="MATERIAL_UNKNOWN")
        return materials.ask_again(conn, site.vault, source, row, now=site.clock.now())

    return await take(request, bring)


@router.post("/my/evidence/{material_id}/withdraw", name="consumer.withdraw_evidence")
async def withdraw(request: Request, material_id: Id) -> Response:
    """Take a piece back: erased, and decided without it, in one transaction."""
    await read_form(request)
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()

    def work(conn: psycopg.Connection) -> None:
        materials.withdraw(conn, customer, material_id, now=now)
        key = f"withdrawn:{material_id}"
        evidence.decide(conn, site.vault, site.registry, customer, key=key, now=now)

    await site.write(work)
    return redirect(request, "consumer.evidence", Notice(key="consumer.evidence_withdrawn"))


def read_wish(form: Form) -> materials.Wish | None:
    """The consent as it was ticked; None where there is none: no box is ticked ahead, and nothing is read without."""
    purposes = tuple(one for one in MaterialPurpose if form.values.get(f"for_{one.value}") == "yes")
    version = form.values.get("version", "")
    if form.values.get("agreed") != "yes" or not purposes or not version.isascii() or not version.isdigit():
        return None
    return materials.Wish(kind=form.values.get("kind", ""), purposes=purposes, version=int(version), key=form.key())


async def take(request: Request, bring: Work) -> Response:
    """Bring a piece and, where it counts, decide again under its number; the next page says what came of it."""
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()
    try:
        row = await site.run(bring)
    except (BadInput, Conflict) as error:
        key = NOES.get(error.code, "ui.please_correct")
        return redirect(request, "consumer.evidence", Notice(key=key, tone="bad"))
    if row.state == MaterialState.IN_FORCE:
        key = evidence.name_brought(row.material_id)
        await site.write(lambda conn: evidence.decide(conn, site.vault, site.registry, customer, key=key, now=now))
    words, tone = OUTCOMES.get(row.state or "", ("consumer.evidence_waits", "info"))
    return redirect(request, "consumer.evidence", Notice(key=words, tone=tone))


__all__ = ["router"]
