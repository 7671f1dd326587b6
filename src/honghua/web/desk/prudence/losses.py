"""Expected loss by stage and days past due, and how it went over the business dates that were kept."""

from __future__ import annotations

from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.credit import api as credit
from honghua.credit.prudence import api as prudence
from honghua.web.desk.drawing import bound, draw
from honghua.web.desk.portfolio import short_money
from honghua.web.ground import site_of

router = APIRouter(prefix="/desk/prudence")
RUNS = 60


@router.get("/losses", name="desk.losses")
async def show(request: Request) -> Response:
    """The book as it stands, and the runs that were kept."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        return {"runs": prudence.list_runs(conn, limit=RUNS), "on": credit.get_business_day(conn)}

    def reckon(conn: psycopg.Connection) -> prudence.LossRun:
        bound(conn)
        return prudence.reckon(conn, site.registry.terms, prudence.LossRules())

    try:
        run = await site.read(reckon)
    except psycopg.errors.QueryCanceled:
        run = None
    return await draw(
        request, "desk/prudence/losses.html", run=run, rules=prudence.LossRules(), by_stage=pile(run),
        short_money=short_money(site, request), **await site.read(read),
    )  # fmt: skip


def pile(run: prudence.LossRun | None) -> dict[int, list[int]]:
    """Loss by stage, one figure for each band of days past due."""
    found = {stage: [0] * len(credit.BUCKETS) for stage in (1, 2, 3)}
    for line in () if run is None else run.lines:
        found[line.stage][line.bucket] += line.loss_minor
    return found


__all__ = ["router"]
