"""The review queue: what waits and how long it has left, one case with all that is known, a word with its reason, and the next one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.clock import from_micros
from honghua.base.errors import HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.credit.core import SettleReview
from honghua.decision import api as decision
from honghua.web.address_parts import Id, read_number
from honghua.web.desk.acting import book, doing_of, said_no
from honghua.web.desk.acts import DeskAct, list_acts, record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.desk.risk.decisions import DecisionPage, find_page
from honghua.web.desk.risk.naming import FeedRow, name_rows
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/reviews")
SHOWN: Final = 100
TIE_DAYS: Final = 30
DECISIONS_SHOWN: Final = 12
HURRY: Final = dt.timedelta(minutes=30)
SOON: Final = dt.timedelta(hours=4)
WORDS: Final = frozenset({"approve", "refuse"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One purchase of the queue. left: until it ends by itself, negative when its time is over; tone: how pressing that is."""

    item: credit.ReviewItem
    asked_at: dt.datetime | None
    left: dt.timedelta
    fused: float | None
    reason: str

    @property
    def tone(self) -> str:
        """bad: over or nearly · warn: soon · good: time enough."""
        return "bad" if self.left < HURRY else "warn" if self.left < SOON else "good"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a reviewer looks at."""

    item: credit.ReviewItem
    decided_by: str
    expires_at: dt.datetime
    page: DecisionPage
    ties: tuple[credit.Tie, ...]
    account: credit.AccountView | None
    decisions: tuple[FeedRow, ...]
    acts: tuple[DeskAct, ...]


@router.get("", name="desk.reviews")
async def queue(request: Request) -> Response:
    """What waits, the oldest first."""
    site = site_of(request)
    now = site.clock.now()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        rows = list_waiting(conn, now)
        since = now - dt.timedelta(days=30)
        until = now + dt.timedelta(days=30)
        return {"rows": rows, "service": credit.measure_reviews(conn, since=since, until=until)}

    return await draw(request, "desk/reviews.html", **await site.read(read))


@router.get("/{suspension_id}", name="desk.review")
async def case(request: Request, suspension_id: Id) -> Response:
    """One purchase with all that is known of it."""
    site = site_of(request)
    now = site.clock.now()
    found = await site.read(lambda conn: find_case(conn, site.registry, suspension_id, now))
    if found is None:
        raise NotFound(f"no purchase {suspension_id} was ever set aside for a review", code="SUSPENSION_UNKNOWN")
    return await draw(
        request, "desk/review.html", case=found, is_mine=found.item.claimed_by == viewer_of(request).subject
    )


@router.post("/claim", name="desk.review_claim")
async def claim(request: Request) -> Response:
    """Take one, or the oldest that is free, so that nobody else does."""
    form = await read_form(request)
    wanted = read_number(form.values.get("suspension"))
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()

    def take(conn: psycopg.Connection) -> int | None:
        taken = credit.claim_one(conn, reviewer=person, now=now, suspension_id=wanted)
        if taken is None:
            return None
        record_act(
            conn,
            action="claim review",
            subject=f"review {taken.suspension_id}",
            person=person,
            why="to look at it",
            now=now,
        )
        return taken.suspension_id

    taken = await site.write(take)
    if taken is None:
        return told(request, "desk.reviews", "desk.review_none_free", tone="info")
    return told(request, "desk.review", "desk.review_claimed", suspension_id=taken)


@router.post("/{suspension_id}/decide", name="desk.review_decide")
async def decide(request: Request, suspension_id: Id) -> Response:
    """A reviewer's word and its reason; the word is a command, and a label of the purchase."""
    form = await read_form(request)
    word, why, key = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX), form.key()
    here: dict[str, Any] = {"suspension_id": suspension_id}
    if not form.is_good:
        return told(request, "desk.review", "desk.why_needed", tone="bad", **here)
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()
    found = await site.read(lambda conn: credit.find_suspension(conn, suspension_id, now=now))
    if found is None:
        raise NotFound(f"no purchase {suspension_id} was ever set aside for a review", code="SUSPENSION_UNKNOWN")
    command = SettleReview(
        key=f"desk:{key}",
        customer=found[0].customer,
        suspension_id=suspension_id,
        reviewer=person,
        approve=word == "approve",
    )
    try:
        answer = await book(request, doing_of(request, f"review: {word}", f"review {suspension_id}", why), command)
    except HonghuaError as error:
        return refused(request, "desk.review", error, **here)
    if answer["outcome"] != "done":
        return said_no(request, "desk.review", answer, **here)
    words = "desk.review_passed" if word == "approve" else "desk.review_denied"
    waiting = await site.read(lambda conn: credit.list_queue(conn, now=now, limit=SHOWN))
    rest = [item for item in waiting if item.claimed_by in (None, person)]
    return told(request, "desk.reviews", words, values={"id": suspension_id, "rest": len(rest)})


def list_waiting(conn: psycopg.Connection, now: dt.datetime) -> list[Waiting]:
    """The queue with scores and reasons, and what time each has left."""
    items = credit.list_queue(conn, now=now, limit=SHOWN)
    if not items:
        return []
    wanted = decision.FeedFilter(ids=tuple(item.suspension.suspension_id for item in items))
    judged = {one.decision_id: one for one in decision.list_judged(conn, wanted, limit=len(items)).rows}
    rows = []
    for item in items:
        one, left = judged.get(item.suspension.suspension_id), from_micros(item.suspension.expires_us) - now
        rows.append(
            Waiting(item, None, left, None, "")
            if one is None
            else Waiting(item, one.happened_at, left, one.fused, one.reason)
        )
    return rows


def find_case(conn: psycopg.Connection, registry: credit.Registry, suspension_id: int, now: dt.datetime) -> Case | None:
    """Everything about one suspended purchase; None where it was never one."""
    page = find_page(conn, suspension_id, wanted="", now=now)
    if page is None or page.suspension is None:
        return None
    item, decided_by = page.suspension
    account_id, at = item.suspension.account_id, page.happened_at
    ties = credit.list_ties(conn, account_id, since=at - dt.timedelta(days=TIE_DAYS), until=at)
    earlier = decision.list_judged(
        conn, decision.FeedFilter(account_id=account_id, before=suspension_id), limit=DECISIONS_SHOWN
    )
    return Case(
        item, decided_by, from_micros(item.suspension.expires_us), page, tuple(ties),
        credit.find_account_view(conn, registry, item.customer), tuple(name_rows(conn, earlier.rows)),
        tuple(list_acts(conn, subject=f"review {suspension_id}")),
    )  # fmt: skip


__all__ = ["list_waiting", "router"]
