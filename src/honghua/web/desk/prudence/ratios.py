"""Ratios beside their bounds, what is stopped now, and the lifting of a stop by a person with a reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.credit.prudence import api as prudence
from honghua.web.desk.acts import DeskAct, list_acts, record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, bound, draw, refused, told
from honghua.web.desk.prudence.pictures import draw_against
from honghua.web.ground import Site, site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/prudence")
MACHINE: Final = "prudence"  # whom the room names when no person stopped something
ORDER: Final = ("broken", "unknown", "kept", "nothing")
STOPS: Final = "stops"


@dataclass(frozen=True, slots=True)
class Ratios:
    """One look: readings with the worst first, stops that stand, figures that were told, what people did here."""

    on: dt.date
    readings: tuple[prudence.Reading, ...]
    stops: list[prudence.Guardrail]
    told: list[prudence.ToldFigure]
    acts: list[DeskAct]

    def count(self, status: str) -> int:
        """How many ratios stand so."""
        return sum(one.status == status for one in self.readings)


@router.get("", name="desk.prudence")
async def show(request: Request) -> Response:
    """Every ratio of today."""
    site = site_of(request)
    try:
        found = await site.read(lambda conn: measure(conn, site))
    except psycopg.errors.QueryCanceled:
        found = None
    return await draw(request, "desk/prudence/ratios.html", found=found, machine=MACHINE, against=draw_against)


def measure(conn: psycopg.Connection, site: Site) -> Ratios:
    """Everything of the page in one moment, within bounds of time."""
    bound(conn)
    rules = prudence.load_rules()
    found = prudence.look(
        conn, site.registry.terms, rules, losses=prudence.LossRules(), beside=prudence.read_beside(conn)
    )
    readings = sorted(found.readings, key=lambda one: ORDER.index(one.status))
    return Ratios(
        found.run.on, tuple(readings), prudence.list_guardrails(conn), prudence.list_told(conn),
        list_acts(conn, subject=STOPS, limit=20),
    )  # fmt: skip


@router.post("/lift", name="desk.prudence_lift")
async def lift(request: Request) -> Response:
    """Lift a stop; the next look raises it again while the ratio is broken."""
    form = await read_form(request)
    rule, why = form.text("rule"), form.text("why", chars_max=WHY_CHARS_MAX)
    key = form.text("key", is_needed=False)
    if not form.is_good:
        return told(request, "desk.prudence", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()

    def work(conn: psycopg.Connection) -> None:
        prudence.lift_guardrail(conn, rule, key=key, person=person, why=why, now=now)
        record_act(conn, action=f"lift {rule} {key}".strip(), subject=STOPS, person=person, why=why, now=now)

    try:
        await site.write(work)
    except HonghuaError as error:
        return refused(request, "desk.prudence", error)
    return told(request, "desk.prudence", "desk.stop_lifted")


__all__ = ["router"]
