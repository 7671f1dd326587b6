"""Evidence that customers brought and that bears a sign of forgery: a person reads it where its owner agreed, and says yes or no."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.credit.materials import api as evidence
from honghua.customers import api as customers
from honghua.customers.core import MaterialState
from honghua.customers.materials import api as materials
from honghua.web.address_parts import Id
from honghua.web.desk.acting import act, doing_of
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/evidence")
SHOWN: Final = 50
DECISIONS: Final = frozenset({"accept", "refuse"})


@router.get("", name="desk.evidence")
async def show(request: Request) -> Response:
    """What waits for a person, the oldest first; nothing of what it says."""
    return await _page(request)


@router.post("/{material_id}/read", name="desk.evidence_read")
async def read(request: Request, material_id: Id) -> Response:
    """What one piece says, written down as every look is."""
    await read_form(request)
    site, person = site_of(request), viewer_of(request).subject
    access = customers.Access(person, customers.Purpose.FRAUD_REVIEW)
    try:
        values = await site.write(
            lambda conn: materials.read_for_review(conn, site.vault, material_id, access, now=site.clock.now())
        )
    except HonghuaError as error:
        return refused(request, "desk.evidence", error)
    return await _page(request, read_id=material_id, values=values)


@router.post("/{material_id}/settle", name="desk.evidence_settle")
async def settle(request: Request, material_id: Id) -> Response:
    """Accept a piece, which then counts at once, or refuse it, which deletes it."""
    form = await read_form(request)
    decision, why = form.choice("decision", DECISIONS), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.evidence", "desk.why_needed", tone="bad")
    site, person, now = site_of(request), viewer_of(request).subject, site_of(request).clock.now()

    def work(conn: psycopg.Connection) -> None:
        with conn.transaction():
            row = materials.settle_material(conn, material_id, accept=decision == "accept", by=person, why=why, now=now)
            if row.state == MaterialState.IN_FORCE:
                key = evidence.name_brought(material_id)
                evidence.decide(conn, site.vault, site.registry, row.customer, key=key, now=now)

    try:
        await act(request, doing_of(request, f"{decision} evidence", f"evidence {material_id}", why), work)
    except HonghuaError as error:
        return refused(request, "desk.evidence", error)
    return told(request, "desk.evidence", f"desk.evidence_done_{decision}")


async def _page(request: Request, *, read_id: int = 0, values: dict[str, int] | None = None) -> Response:
    def find(conn: psycopg.Connection) -> dict[str, Any]:
        return {"waiting": materials.list_in_state(conn, MaterialState.REVIEW, limit=SHOWN)}

    found = await site_of(request).read(find)
    return await draw(
        request, "desk/materials.html", terms=materials.load_materials(), read_id=read_id, values=values or {}, **found
    )


__all__ = ["router"]
