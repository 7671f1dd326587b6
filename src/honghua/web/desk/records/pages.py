"""What was filed of a customer with the credit bureau, repaired and expired items too: for auditors only, each look written down."""

from __future__ import annotations

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import Conflict, HonghuaError, Refusal
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.roles import Role
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/records")


@router.get("/{customer}", name="desk.records")
async def ask(request: Request, customer: str) -> Response:
    """The question what for; nothing of the customer is shown yet."""
    return await draw(request, "desk/records/records.html", customer=customer, kept=None, report=None)


@router.post("/{customer}", name="desk.records_look")
async def look(request: Request, customer: str) -> Response:
    """Every version that was filed beside what a report shows on the business date, and a row in the log of who looked and why."""
    form = await read_form(request)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.records", "desk.why_needed", tone="bad", customer=customer)
    viewer, site = viewer_of(request), site_of(request)
    role = Role.AUDITOR if Role.AUDITOR in viewer.roles else Role.ANYONE  # the room of the bureau asks again

    def read(conn: psycopg.Connection) -> tuple[list[bureau.Filed], bureau.Report]:
        kept = bureau.read_raw(conn, customer, role=role, viewer=viewer.subject, why=why, now=site.clock.now())
        if isinstance(kept, Refusal):
            raise Conflict(kept.sentence, code=kept.code)
        return kept, bureau.view_report(conn, customer, on=credit.get_business_day(conn))

    try:
        kept, report = await site.write(read)
    except HonghuaError as error:
        return refused(request, "desk.records", error, customer=customer)
    shown = {
        (one.account_id, one.reporter, month): status for one in report.accounts for month, status, _ in one.history
    }
    return await draw(request, "desk/records/records.html", customer=customer, kept=kept, report=report, shown=shown)


__all__ = ["router"]
