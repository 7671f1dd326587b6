"""Jobs that look at customers again by what the bureau says: each repaired one once, and whoever's answer has grown too old, few a run."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Final

import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.limits import find_raise_consent
from honghua.app.filing.assessing import Assessor, Ending, Seen
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.credit import jobs as credit_jobs
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.store.wishes import Wish, WishState, count_wishes, settle_wish, take_wishes
from honghua.web.keyring import Secrets

Work = Callable[[psycopg.Connection, dt.datetime], str]
AT_ONCE: Final = 100
LEASE: Final = dt.timedelta(minutes=30)
DOWN_AFTER: Final = dt.timedelta(days=7)  # each try shows in the person's report; bounds U
SPENT_AFTER: Final = dt.timedelta(days=30)
TRIES_MAX: Final = 16  # longer than a year of spent bounds
DOWN_MAX: Final = 3  # answers in a row that did not come: then it is the bureau, and nobody else is asked about
PAGE: Final = 500
PAGES_MAX: Final = 20
ASKED_MAX: Final = 50  # of one run
NO_BUREAU: Final = "no bureau is attached: {} customer(s) wait to be scored again"


def make_rescorer(provider: bureau.BureauProvider | None, secrets: Secrets | None) -> Work:
    """The job that scores customers again whose records were repaired."""

    def rescore(conn: psycopg.Connection, now: dt.datetime) -> str:
        if provider is None or secrets is None:
            return NO_BUREAU.format(count_wishes(conn, bureau.RESCORE_WISH)[WishState.WAITING])
        if find_day(conn) is None:
            return NOT_BEGUN
        assessor = _make_assessor(conn, provider, secrets)
        taken = run_unit(conn, lambda c: take_wishes(c, bureau.RESCORE_WISH, AT_ONCE, now=now, lease=LEASE))
        counts, down = Counter[Ending](), 0
        for one in taken:
            if down >= DOWN_MAX:
                seen = Seen(Ending.LATER, "the bureau was down for those before", is_bureau_down=True)
            else:
                customer = str(one.body["customer"])
                seen = assessor.look(conn, customer, bureau.Purpose.LIMIT_CHANGE, key=f"rescore {one.wish_id}", now=now)
            down = down + 1 if seen.is_bureau_down else 0
            run_unit(conn, lambda c, one=one, seen=seen: _settle(c, one, seen, now))  # type: ignore[misc]
            counts[seen.ending] += 1
        return _tell(counts)

    return rescore


def make_watcher(provider: bureau.BureauProvider | None, secrets: Secrets | None) -> Work:
    """The job that asks again about running lines whose answer is too old, `ASKED_MAX` a run, from where the last run ended."""
    place = [""]

    def watch(conn: psycopg.Connection, now: dt.datetime) -> str:
        if provider is None or secrets is None:
            return "no bureau is attached: nobody is asked about"
        if find_day(conn) is None:
            return NOT_BEGUN
        assessor = _make_assessor(conn, provider, secrets)
        counts, down = Counter[Ending](), 0
        due, place_next = _list_due(conn, place[0], now)
        for customer in due:
            key = f"watch {customer} {now:%Y-%m-%d}"
            seen = assessor.look(conn, customer, bureau.Purpose.POST_LOAN, key=key, now=now)
            counts[seen.ending] += 1
            place[0], down = customer, down + 1 if seen.is_bureau_down else 0
            if down >= DOWN_MAX or counts.total() - counts[Ending.OVER] >= ASKED_MAX:
                break
        else:
            place[0] = place_next
        return _tell(counts)

    return watch


def _make_assessor(conn: psycopg.Connection, provider: bureau.BureauProvider, secrets: Secrets) -> Assessor:
    registry = run_unit(conn, credit.open_registry)
    book = run_unit(conn, lambda c: limits.get_rulebook(c, on=credit.get_business_day(c)))
    follower = credit_jobs.Follower(book=book, find_consent=find_raise_consent)
    return Assessor(provider=provider, vault=secrets.vault, registry=registry, follower=follower)


def _list_due(conn: psycopg.Connection, after: str, now: dt.datetime) -> tuple[list[str], str]:
    """Who is due behind a place, and where to go on once these are looked at: "" = from the beginning."""
    found: list[str] = []
    for _ in range(PAGES_MAX):
        page = run_unit(conn, lambda c, after=after: bureau.list_stale(c, after=after, limit=PAGE, now=now))  # type: ignore[misc]
        found += page
        if len(page) < PAGE:
            return found, ""
        after = page[-1]
    return found, after


def _settle(conn: psycopg.Connection, one: Wish, seen: Seen, now: dt.datetime) -> None:
    """Done once looked at, given up with the reason where nobody may look, else waiting."""
    if seen.ending is Ending.LATER and one.tries < TRIES_MAX:
        due_at = now + (DOWN_AFTER if seen.is_bureau_down else SPENT_AFTER)
        settle_wish(conn, one, WishState.WAITING, now=now, error=seen.why, due_at=due_at)
        return
    is_done = seen.ending in (Ending.MOVED, Ending.KEPT)
    settle_wish(conn, one, WishState.DONE if is_done else WishState.FAILED, now=now, error=seen.why)


def _tell(counts: Counter[Ending]) -> str:
    return ", ".join(f"{counts[ending]} {ending}" for ending in Ending)
