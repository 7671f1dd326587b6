"""What partners are told: every delivery with its tries, and sending one again with the reason why."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import HonghuaError
from honghua.web.address_parts import Id, read_number
from honghua.web.api.webhooks import STATES, count_deliveries, list_all_deliveries, replay_delivery
from honghua.web.desk.acts import record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/webhooks")
SHOWN: Final = 50


@router.get("", name="desk.webhooks")
async def show(
    request: Request, *, state: str = Query("", max_length=10), before: str = Query("", max_length=20)
) -> Response:
    """The newest deliveries, of one state or of all."""
    cursor = read_number(before)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        rows = list_all_deliveries(conn, state=state if state in STATES else "", before=cursor, limit=SHOWN)
        return {
            "rows": rows,
            "counts": count_deliveries(conn),
            "older": rows[-1].delivery.delivery_id if len(rows) == SHOWN else None,
        }

    return await draw(request, "desk/webhooks.html", **await site_of(request).read(read), chosen=state, states=STATES)


@router.post("/{delivery_id}/replay", name="desk.webhook_replay")
async def replay(request: Request, delivery_id: Id) -> Response:
    """Send one again, whether it arrived or died."""
    form = await read_form(request)
    partner_id, why = form.whole("partner"), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.webhooks", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()

    def work(conn: psycopg.Connection) -> None:
        replay_delivery(conn, partner_id, delivery_id, now=now)
        record_act(conn, action="replay webhook", subject=f"delivery {delivery_id}", person=person, why=why, now=now)

    try:
        await site.write(work)
    except HonghuaError as error:
        return refused(request, "desk.webhooks", error)
    return told(request, "desk.webhooks", "desk.webhook_again", values={"id": delivery_id})


__all__ = ["router"]
