"""Rulebooks under releases by two persons: who may, from when, what judged stays judged by its own, and back again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.limits import api as limits
from honghua.limits.core import Applicant, LimitTerms, Moment, Rulebook
from honghua.limits.invariants import check_limits
from honghua.store.database import run_unit

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
AT = Moment(on=DAY, now=NOW)
ANN, BO = limits.Signed("Ann", "dearer money"), limits.Signed("bo", "seen")
DEARER = replace(Rulebook(), terms=LimitTerms(version=2, funding_ppm=50_000))
GOOD = Applicant(
    customer="hui", age_years=40, identity=0.99, has_file=1, income_minor=3_000_000, debt_service_minor=0, lenders=1, worst_24m=0,
    months_known=60, orders_12m=40, dpd_max_24m=0,
)  # fmt: skip


def release(conn: psycopg.Connection, book: Rulebook, *, from_on: dt.date = DAY) -> int:
    def work(c: psycopg.Connection) -> int:
        made = limits.propose_rulebook(c, book, ANN, now=NOW).release_id
        limits.review_rulebook(c, made, BO, approved=True, digest=book.digest.hex()[:8], now=NOW)
        limits.activate_rulebook(c, made, BO, at=AT, from_on=from_on)
        return made

    return run_unit(conn, work)


def in_force(conn: psycopg.Connection, on: dt.date = DAY) -> bytes:
    return run_unit(conn, lambda c: limits.get_rulebook(c, on=on)).digest


def price(conn: psycopg.Connection, key: str, on: dt.date) -> tuple[int, str]:
    def work(c: psycopg.Connection) -> tuple[int, str]:
        book = limits.get_rulebook(c, on=on)
        said = limits.apply(c, book, replace(GOOD, customer=key), key=key, at=Moment(on=on, now=NOW))
        return said.price_ppm, said.rulebook

    return run_unit(conn, work)


def test_a_new_rulebook_judges_from_its_day_and_each_application_keeps_its_own(conn):
    assert in_force(conn) == Rulebook().digest
    tomorrow = DAY + dt.timedelta(days=1)
    number = release(conn, DEARER, from_on=tomorrow)
    assert (in_force(conn), in_force(conn, tomorrow)) == (Rulebook().digest, DEARER.digest)
    today, later = price(conn, "a", DAY), price(conn, "b", tomorrow)
    assert later[0] - today[0] == 20_000
    assert (today[1], later[1]) == (Rulebook().digest.hex(), DEARER.digest.hex())
    assert run_unit(conn, limits.replay_applications) == (2, [])
    at = Moment(on=tomorrow, now=NOW)
    back = run_unit(conn, lambda c: limits.roll_back_rulebook(c, BO, at=at))
    assert (in_force(conn, tomorrow), back.release_id == number) == (Rulebook().digest, False)
    with pytest.raises(Conflict, match="before this one"):
        run_unit(conn, lambda c: limits.roll_back_rulebook(c, BO, at=at))
    assert price(conn, "b", tomorrow) == later, "what was judged stays"
    run_unit(conn, lambda c: limits.activate_rulebook(c, number, BO, at=at, from_on=tomorrow))
    assert in_force(conn, tomorrow) == DEARER.digest
    releases, seats = run_unit(conn, limits.list_rulebooks)
    assert [(one.author, one.reviewer) for one in releases][1:] == [("Ann", "bo")]
    assert len(seats) == 4
    assert all(check.ok for check in check_limits(conn))


def test_one_person_alone_releases_nothing(conn, owner_conn):
    with conn.transaction():
        made = limits.propose_rulebook(conn, DEARER, ANN, now=NOW)
    digest = DEARER.digest.hex()

    def refused(work, error, match):
        with pytest.raises(error, match=match), conn.transaction():
            work()

    say = limits.review_rulebook
    refused(
        lambda: say(conn, made.release_id, replace(BO, person=" ａｎｎ "), approved=True, digest=digest, now=NOW),
        Conflict,
        "somebody else",
    )
    refused(lambda: say(conn, made.release_id, BO, approved=True, digest="00000000", now=NOW), Conflict, "digest")
    refused(lambda: say(conn, made.release_id, BO, approved=True, digest=digest[:7], now=NOW), Conflict, "digest")
    refused(lambda: limits.activate_rulebook(conn, made.release_id, BO, at=AT, from_on=DAY), Conflict, "not approved")
    refused(lambda: limits.propose_rulebook(conn, DEARER, BO, now=NOW), Conflict, "before")
    refused(lambda: limits.propose_rulebook(conn, Rulebook(), BO, now=NOW), Conflict, "before")
    refused(lambda: limits.activate_rulebook(conn, 99, BO, at=AT, from_on=DAY), NotFound, "99")
    refused(lambda: limits.Signed("", "why"), BadInput, "a name")
    with conn.transaction():
        say(conn, made.release_id, ANN, approved=False, digest=digest, now=NOW)
        say(conn, made.release_id, BO, approved=True, digest=digest, now=NOW)
    yesterday = DAY - dt.timedelta(days=1)
    refused(
        lambda: limits.activate_rulebook(conn, made.release_id, BO, at=AT, from_on=yesterday), BadInput, "from today"
    )
    with conn.transaction():
        limits.activate_rulebook(conn, made.release_id, BO, at=AT, from_on=DAY)
    refused(lambda: limits.activate_rulebook(conn, made.release_id, BO, at=AT, from_on=DAY), Conflict, "in force")
    with pytest.raises(psycopg.Error, match="not approved"):
        owner_conn.execute(
            "WITH r AS (INSERT INTO limits_rulebook_release (digest, author, why, built_in, proposed_at)"
            " SELECT digest, 'x', 'y', false, now() FROM limits_rulebook WHERE false RETURNING 1)"
            " INSERT INTO limits_rulebook_seat (release_id, from_on, person, why, seated_at) VALUES (99, now(), 'x', 'y', now())"
        )
