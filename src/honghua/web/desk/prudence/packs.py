"""Packs of evidence: what lies in one and what it lacks, documents by their digest, two approvals, and the write-off through the books."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from honghua.base.errors import HonghuaError
from honghua.credit import api as credit
from honghua.credit.core import Command
from honghua.credit.prudence import api as prudence
from honghua.web.address_parts import FIRST_DAY, Id
from honghua.web.desk.acting import act, book, doing_of, said_no
from honghua.web.desk.acts import list_acts
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form, take_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/relief/packs")
SHOWN: Final = 100
DIGEST_CHARS: Final = 64
FILE_BYTES_MAX: Final = 1 << 20
KIND_WORDS: Final = {kind: (prudence.KINDS_CHINESE[kind], words) for kind, words in prudence.KINDS.items()}


@router.get("", name="desk.packs")
async def overview(request: Request) -> Response:
    """All packs, the newest first."""
    found = await site_of(request).read(lambda conn: prudence.list_packs(conn, limit=SHOWN))
    customer = request.query_params.get("customer", "")[:200]
    return await draw(request, "desk/prudence/packs.html", packs=found, customer=customer)


@router.post("", name="desk.pack_begin")
async def begin(request: Request) -> Response:
    """Begin to gather; on to the customer's open pack."""
    form = await read_form(request)
    customer, why = form.text("customer"), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.packs", "desk.why_needed", tone="bad")
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    doing = doing_of(request, "begin pack", f"customer {customer}", why)
    try:
        pack_id = await act(request, doing, lambda conn: prudence.begin_pack(conn, customer, person=person, now=now))
    except HonghuaError as error:
        return refused(request, "desk.packs", error)
    return told(request, "desk.pack", "desk.pack_begun", pack_id=pack_id)


@router.get("/{pack_id}", name="desk.pack")
async def show(request: Request, pack_id: Id) -> Response:
    """One pack: documents, approvals, what is missing."""
    return await _page(request, pack_id, empty_form(request))


async def _page(request: Request, pack_id: int, form: Form) -> Response:
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        return {
            "pack": prudence.get_pack(conn, site.registry, pack_id), "today": credit.get_business_day(conn),
            "acts": list_acts(conn, subject=f"pack {pack_id}", limit=20),
        }  # fmt: skip

    return await draw(
        request, "desk/prudence/pack.html", status=200 if form.is_good else 422, form=form, kinds=KIND_WORDS,
        me=viewer_of(request).subject, **await site.read(read),
    )  # fmt: skip


@router.post("/{pack_id}/items", name="desk.pack_add")
async def add(request: Request, pack_id: Id) -> Response:
    """Lay a document in: its kind, day, place, and SHA-256, which we reckon from the file where one is sent. The file is not kept here."""
    async with request.form(max_files=1, max_fields=20) as data:
        form = take_form(request, data)
        file = data.get("file")
        content = await file.read(FILE_BYTES_MAX + 1) if isinstance(file, UploadFile) else b""
    kind, reference = form.choice("kind", frozenset(KIND_WORDS)), form.text("reference")
    on, digest = _read_day(form, site_of(request).clock.now().date()), _read_digest(form, content)
    if not form.is_good or on is None:
        return await _page(request, pack_id, form)
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    item = prudence.Item(kind, on, digest, reference)
    doing = doing_of(request, f"lay in {kind}", f"pack {pack_id}", f"{reference} sha256 {digest.hex()}")
    try:
        await act(request, doing, lambda conn: prudence.add_item(conn, pack_id, item, person=person, now=now))
    except HonghuaError as error:
        return refused(request, "desk.pack", error, pack_id=pack_id)
    return told(request, "desk.pack", "desk.pack_added", pack_id=pack_id)


def _read_day(form: Form, today: dt.date) -> dt.date | None:
    """The day that a document speaks of: not one to come."""
    try:
        day = dt.date.fromisoformat(form.values.get("on", ""))
    except ValueError:
        form.blame("on", "desk.error_day")
        return None
    if not FIRST_DAY <= day <= today + dt.timedelta(days=1):
        form.blame("on", "desk.error_future")
    return day


def _read_digest(form: Form, content: bytes) -> bytes:
    """Of the file, else as typed."""
    if len(content) > FILE_BYTES_MAX:
        form.blame("file", "desk.error_file_large", n=FILE_BYTES_MAX >> 20)
        return b""
    if content:
        return hashlib.sha256(content).digest()
    typed = form.values.get("digest", "").strip().lower()
    if len(typed) != DIGEST_CHARS or not set(typed) <= set("0123456789abcdef"):
        form.blame("digest", "desk.error_digest")
        return b""
    return bytes.fromhex(typed)


@router.post("/{pack_id}/approve", name="desk.pack_approve")
async def approve(request: Request, pack_id: Id) -> Response:
    """Approve exactly the documents that the page showed."""
    form = await read_form(request)
    why, digest = form.text("why", chars_max=WHY_CHARS_MAX), _read_digest(form, b"")
    if not form.is_good:
        return told(request, "desk.pack", "desk.why_needed", tone="bad", pack_id=pack_id)
    person, now = viewer_of(request).subject, site_of(request).clock.now()
    doing = doing_of(request, "approve pack", f"pack {pack_id}", why)
    try:
        await act(
            request, doing,
            lambda conn: prudence.approve_pack(conn, pack_id, person=person, now=now, digest=digest),
        )  # fmt: skip
    except HonghuaError as error:
        return refused(request, "desk.pack", error, pack_id=pack_id)
    return told(request, "desk.pack", "desk.pack_approved", pack_id=pack_id)


@router.post("/{pack_id}/write-off", name="desk.pack_write_off")
async def write_off(request: Request, pack_id: Id) -> Response:
    """Close the pack, have the books write the claim off, end the pack. What a crash left half done, the same button finishes."""
    form = await read_form(request)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.pack", "desk.why_needed", tone="bad", pack_id=pack_id)
    site = site_of(request)
    try:
        made = await site.run(lambda conn: prudence.make_write_off(conn, site.registry, pack_id))
        if isinstance(made, Command):
            made = await book(request, doing_of(request, "write off", f"pack {pack_id}", why), made)
            answer, now = made, site.clock.now()
            await site.run(lambda conn: prudence.keep_write_off(conn, pack_id, answer, now=now))
    except HonghuaError as error:
        return refused(request, "desk.pack", error, pack_id=pack_id)
    if made["outcome"] != "done":
        return said_no(request, "desk.pack", made, pack_id=pack_id)
    return told(request, "desk.pack", "desk.pack_written_off", pack_id=pack_id)


@router.post("/{pack_id}/abandon", name="desk.pack_abandon")
async def abandon(request: Request, pack_id: Id) -> Response:
    """Not to be written off after all; the documents stay."""
    form = await read_form(request)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.pack", "desk.why_needed", tone="bad", pack_id=pack_id)
    now = site_of(request).clock.now()
    try:
        doing = doing_of(request, "abandon pack", f"pack {pack_id}", why)
        await act(request, doing, lambda conn: prudence.abandon_pack(conn, pack_id, now=now))
    except HonghuaError as error:
        return refused(request, "desk.pack", error, pack_id=pack_id)
    return told(request, "desk.pack", "desk.pack_abandoned", pack_id=pack_id)


__all__ = ["router"]
