"""The desk's first page: what needs this person, what the platform does today, and the month behind it as small lines."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.base.errors import HonghuaError
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.decision import api as decision
from honghua.decision.core import LETS_BUY, Outcome
from honghua.ledger import api as ledger
from honghua.ledger.core import CLAIM, Component
from honghua.store.jobs import JobRow, list_jobs
from honghua.web.address_parts import Id
from honghua.web.desk.drawing import draw, refused, told
from honghua.web.ground import site_of
from honghua.web.payments import settling
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk")
DAYS: Final = 30
OWED: Final = tuple(Component)[CLAIM]
ALERTS_SHOWN: Final = 8
WAITING_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Pulse:
    """A month by day, the last day being today: decisions, let through, amount let through, owed at the end of each day."""

    decisions: tuple[int, ...]
    approved: tuple[int, ...]
    granted_minor: tuple[int, ...]
    reviews: tuple[int, ...]
    owed_minor: tuple[int, ...]

    def share_ppm(self, place: int) -> int:
        """Let through of a day's decisions, in a million."""
        return round(1_000_000 * self.approved[place] / self.decisions[place]) if self.decisions[place] else 0


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits for somebody."""

    reviews: tuple[credit.ReviewItem, ...]
    alerts: tuple[decision.Alert, ...]
    alerts_in_all: int
    stopped: tuple[decision.BrakeRow, ...]
    proposals: tuple[decision.ReleaseRow, ...]
    failing: tuple[JobRow, ...]
    quarantined: int
    business_on: dt.date
    days_behind: int
    open_day: dt.date | None
    people: tuple[tuple[str, int], ...]  # (page, how many wait there for a person's word), where there are any


@router.get("/", name="desk.home")
async def home(request: Request) -> Response:
    """The first page."""
    site = site_of(request)
    now = site.clock.now()
    today = now.astimezone(site.zone).date()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        return {
            "needs": find_needs(conn, now=now, today=today),
            "pulse": measure_pulse(conn, today=today, zone=site.zone, currency=site.currency),
        }

    return await draw(request, "desk/home.html", **await site.read(read), today=today)


@router.post("/alerts/{alert_id}/seen", name="desk.alert_seen")
async def alert_seen(request: Request, alert_id: Id) -> Response:
    """Note that this person has read an alert."""
    form = await read_form(request)
    person, remark = viewer_of(request).subject, form.text("remark", chars_max=500, is_needed=False)
    try:
        await site_of(request).write(lambda conn: decision.mark_seen(conn, alert_id, person=person, remark=remark))
    except HonghuaError as error:
        return refused(request, "desk.home", error)
    return told(request, "desk.home", "desk.alert_noted")


def find_needs(conn: psycopg.Connection, *, now: dt.datetime, today: dt.date) -> Needs:
    """Queues, alerts, stopped rules, proposals, failing jobs, quarantine and the close of day."""
    business_on = credit.get_business_day(conn)
    lineup = decision.find_lineup(conn)
    judging = () if lineup is None else (lineup.champion, lineup.challenger)
    alerts = decision.list_alerts(conn, limit=1_000)
    return Needs(
        tuple(credit.list_queue(conn, now=now, limit=200)), tuple(alerts[:ALERTS_SHOWN]), len(alerts),
        tuple(one for one in decision.list_brakes(conn) if one.state == "stopped" and one.bundle_id in judging),
        tuple(row for row in decision.list_releases(conn) if row.approved is None),
        tuple(job for job in list_jobs(conn) if job.failures), len(credit.list_quarantined(conn)), business_on,
        max(0, (today - business_on).days), credit.find_open_day(conn), count_waiting(conn),
    )  # fmt: skip


def count_waiting(conn: psycopg.Connection) -> tuple[tuple[str, int], ...]:
    """Contracts, payments and runs of the lab that wait for a person, by the page that shows them; each counted up to a bound."""
    runs = agents.list_runs(conn, limit=WAITING_MAX, unfinished=True)
    counts = {
        "desk.journeys": len(journey.list_waiting(conn, limit=WAITING_MAX)),
        "desk.payments": len(settling.list_troubled(conn, limit=WAITING_MAX)),
        "desk.lab": sum(one.last is What.WAITING for one in runs),
    }
    return tuple((page, count) for page, count in counts.items() if count)


def measure_pulse(conn: psycopg.Connection, *, today: dt.date, zone: dt.tzinfo, currency: str) -> Pulse:
    """The figures of the last days up to today, local days."""
    first = today - dt.timedelta(days=DAYS - 1)
    since, until = (dt.datetime.combine(day, dt.time(), zone) for day in (first, today + dt.timedelta(days=1)))
    counts = decision.count_outcomes(conn, since=since, until=until, step=dt.timedelta(days=1))
    sums: dict[str, Counter[int]] = {name: Counter() for name in ("all", "through", "granted", "review")}
    for one in counts:
        place = (one.since - since).days
        sums["all"][place] += one.decisions
        if one.outcome in LETS_BUY:
            sums["through"][place] += one.decisions
            sums["granted"][place] += one.granted_minor
        if one.outcome is Outcome.REVIEW:
            sums["review"][place] += one.decisions
    books = ledger.list_days_of_books(conn, since=first, until=today, currency=currency)
    owed = tuple(sum(day.balance_minor[component] for component in OWED) for day in books)
    named = {name: tuple(found[k] for k in range(DAYS)) for name, found in sums.items()}
    return Pulse(named["all"], named["through"], named["granted"], named["review"], owed)


__all__ = ["Needs", "Pulse", "find_needs", "measure_pulse", "router"]
