"""The close of day: the business date, how far each day is, accounts in quarantine, jobs that run by the clock; run, release, retry."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.credit import api as credit
from honghua.store.database import Database
from honghua.store.jobs import is_running, list_jobs, make_due
from honghua.web.desk.acting import act, doing_of, noted
from honghua.web.desk.acts import list_acts, record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.desk.tasks import Tell, list_tasks, tasks_of
from honghua.web.ground import Site, site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import redirect
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/closing")
DAYS_SHOWN: Final = 14
WORKERS: Final = 1  # the shop is open: one thread here, more by `honghua eod close`


@router.get("", name="desk.closing")
async def overview(request: Request) -> Response:
    """Where the days stand."""
    site = site_of(request)
    today = site.clock.now().astimezone(site.zone).date()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        days = credit.list_day_views(conn, limit=DAYS_SHOWN)
        open_day = credit.find_open_day(conn)
        jobs = list_jobs(conn)
        return {
            "business_on": credit.get_business_day(conn), "days": days, "open_day": open_day,
            "shards": credit.list_shards(conn, open_day or days[0].day) if days else [], "quarantined": credit.list_quarantined(conn),
            "jobs": jobs, "running": {job.name for job in jobs if is_running(conn, job.name)},
            "tasks": list_tasks(conn, kind="close_day", limit=5), "acts": list_acts(conn, limit=20),
        }  # fmt: skip

    return await draw(request, "desk/closing.html", **await site.read(read), today=today)


@router.post("/close", name="desk.close_day")
async def close(request: Request) -> Response:
    """Close the business date (or finish the day that was left half closed), in a thread; on to its progress."""
    form = await read_form(request)
    why, day = form.text("why", chars_max=WHY_CHARS_MAX), form.text("day", chars_max=10)
    if not form.is_good:
        return told(request, "desk.closing", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    try:
        wanted = dt.date.fromisoformat(day)
    except ValueError:
        return told(request, "desk.closing", "desk.error_day", tone="bad")
    try:
        async with noted(request, doing_of(request, "close day", day, why)):
            task_id = tasks_of(request.app.state, site).start(
                "close_day", day, person, {"day": day}, lambda _conn, tell: close_day(site, wanted, tell)
            )
    except HonghuaError as error:
        return refused(request, "desk.closing", error)
    return redirect(request, "desk.task", task_id=task_id)


def close_day(site: Site, day: dt.date, tell: Tell) -> dict[str, Any]:
    """The same as `honghua eod close`: others may close the same day at once, no day is closed twice."""
    kept = site.pool.conninfo
    dsn = kept if isinstance(kept, str) else kept()
    database = Database(dsn, dsn, "the site's own")
    report = credit.close_day(
        database, day=day, workers=WORKERS, progress=lambda on, done, shards: tell(done, shards, on.isoformat())
    )
    return {
        "day": report.day.isoformat(), "shards": report.shards, "accounts": report.accounts, "statements": report.statements,
        "entries": report.entries, "lines": report.lines, "quarantined": report.quarantined,
    }  # fmt: skip


@router.post("/quarantine", name="desk.quarantine_release")
async def quarantine_release(request: Request) -> Response:
    """Fold an account anew and take it out of quarantine."""
    form = await read_form(request)
    customer, why = form.text("customer"), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.closing", "desk.why_needed", tone="bad")
    site = site_of(request)
    now = site.clock.now()
    doing = doing_of(request, "release from quarantine", f"customer {customer}", why)
    try:
        changed = await act(request, doing, lambda conn: credit.release(conn, site.registry, customer, now=now))
    except HonghuaError as error:
        return refused(request, "desk.closing", error)
    words = "desk.released_corrected" if changed else "desk.released"
    return told(request, "desk.closing", words, values={"customer": customer})


@router.post("/jobs/retry", name="desk.job_retry")
async def job_retry(request: Request) -> Response:
    """Let a job run at the next look of whoever runs jobs."""
    form = await read_form(request)
    name, why = form.text("name", chars_max=60), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.closing", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()

    def work(conn: psycopg.Connection) -> None:
        make_due(conn, name, now=now)
        record_act(conn, action="retry job", subject=f"job {name}", person=person, why=why, now=now)

    await site.write(work)
    return told(request, "desk.closing", "desk.job_due", values={"name": name})


__all__ = ["router"]
