"""Rulebooks under releases by two persons: proposed by one, approved by another, in force from a business date, taken back as easily.

Where nobody has put one in force, the one that Honghua ships judges; it is a release like any other as soon as somebody acts, and what
a rollback of the first release returns to. Every function works in the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.base.people import fold_name
from honghua.limits import store, store_releases
from honghua.limits.core import Moment, Rulebook, rulebook_from_body
from honghua.limits.core.business import BUSINESS_BOOK
from honghua.limits.core.terms import BUSINESS, CONSUMPTION
from honghua.limits.store_releases import RulebookRelease, Seat

AUTHORS: Final = "the authors of Honghua"
RELEASERS: Final = "the release of Honghua"
SHIPPED_WHY: Final = "shipped with the program"
FIRST_DAY: Final = dt.date(1, 1, 1)
DIGITS_LEAST: Final = 8
BOOKS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """Who does something to a rulebook, and why: without both nothing is changed."""

    person: str
    why: str

    def __post_init__(self) -> None:
        if not self.person.strip() or not self.why.strip():
            raise BadInput("every change of a rulebook carries a name and a reason", code="PERSON_OR_REASON_MISSING")


def get_rulebook(conn: psycopg.Connection, *, on: dt.date, product: str = CONSUMPTION) -> Rulebook:
    """The product's rulebook in force on a business date; IntegrityBroken where its body does not make what its digest names."""
    found = store_releases.find_in_force(conn, product, on)
    return _open_shipped(product) if found is None else _open(*found)


def find_release_in_force(
    conn: psycopg.Connection, *, on: dt.date, product: str = CONSUMPTION
) -> RulebookRelease | None:
    """The release in force on a business date, with its author and who approved it; None: the shipped one, before anybody acted."""
    found = store_releases.find_in_force(conn, product, on)
    rows = store_releases.list_releases(conn) if found is not None else []
    return next((row for row in rows if found is not None and row.digest == found[0]), None)


def propose_rulebook(conn: psycopg.Connection, book: Rulebook, act: Signed, *, now: dt.datetime) -> RulebookRelease:
    """Keep a rulebook whose policy compiles; it judges nothing until another person approves it and it is put in force.

    PolicyProblems for an unsound policy; Conflict where the same content was proposed before.
    """
    _ensure_shipped(conn, book.terms.product, now=now)
    return _propose(conn, book, act, built_in=False, now=now)


def review_rulebook(
    conn: psycopg.Connection, release_id: int, act: Signed, *, approved: bool, digest: str, now: dt.datetime
) -> RulebookRelease:
    """Approve or turn down what has this digest (hex, its first 8 digits at least). Conflict for the author's own yes, another digest."""
    store_releases.lock(conn)
    row = get_release(conn, release_id)
    if approved and fold_name(row.author) == fold_name(act.person):
        raise Conflict(f"{act.person} made rulebook {release_id}: somebody else must approve it", code="SAME_PERSON")
    if len(digest) < DIGITS_LEAST or not row.digest.hex().startswith(digest.lower()):
        raise Conflict(f"rulebook {release_id} has the digest {row.digest.hex()[:16]}…", code="DIGEST_DIFFERS")
    _open(row.digest, msgspec.json.encode(store.find_rulebook(conn, row.digest)).decode())
    said = replace(row, reviewer=act.person, reviewed_why=act.why, approved=approved)
    store_releases.insert_review(conn, said, now=now)
    return get_release(conn, release_id)


def activate_rulebook(conn: psycopg.Connection, release_id: int, act: Signed, *, at: Moment, from_on: dt.date) -> Seat:
    """Put an approved rulebook in force from a business date, today's or a later one. Conflict where nobody approved it, or it is so."""
    store_releases.lock(conn)
    row = get_release(conn, release_id)
    if not row.approved:
        raise Conflict(f"rulebook {release_id} is not approved", code="NOT_APPROVED")
    if from_on < at.on:
        raise BadInput("a rulebook judges from today on, or later: what was judged stays", code="DAY_PAST")
    seats = store_releases.list_seats(conn, product=row.product)
    if seats and (seats[0].release_id, seats[0].from_on <= from_on) == (release_id, True):
        raise Conflict(f"rulebook {release_id} is in force from {seats[0].from_on}", code="NOTHING_CHANGES")
    store_releases.insert_seat(conn, release_id, from_on, (act.person, act.why), restores=None, now=at.now)
    return store_releases.list_seats(conn)[0]


def roll_back_rulebook(conn: psycopg.Connection, act: Signed, *, at: Moment, product: str = CONSUMPTION) -> Seat:
    """From today on what was in force before the newest change judges again, if its approval still stands. Conflict without one before."""
    store_releases.lock(conn)
    seats = store_releases.list_seats(conn, product=product)
    # What a rollback says again is where it stands: the next one goes on to what was before that.
    standing = seats[0].restores or seats[0].seat_id if seats else 0
    before = next((one for one in seats if one.restores is None and one.seat_id < standing), None)
    if before is None:
        raise Conflict("no rulebook was in force before this one", code="NOTHING_BEFORE")
    if not get_release(conn, before.release_id).approved:
        raise Conflict(f"rulebook {before.release_id} is not approved any more", code="NOT_APPROVED")
    store_releases.insert_seat(
        conn, before.release_id, at.on, (act.person, act.why), restores=before.seat_id, now=at.now
    )
    return store_releases.list_seats(conn)[0]


def list_rulebooks(conn: psycopg.Connection) -> tuple[list[RulebookRelease], list[Seat]]:
    """All proposals by number with the last word on each, and what was put in force, the newest first."""
    return store_releases.list_releases(conn), store_releases.list_seats(conn)


def get_release(conn: psycopg.Connection, release_id: int) -> RulebookRelease:
    """One proposal; NotFound."""
    found = store_releases.list_releases(conn, release_id=release_id)
    if not found:
        raise NotFound(f"no rulebook {release_id}", code="RULEBOOK_UNKNOWN")
    return found[0]


def _propose(
    conn: psycopg.Connection, book: Rulebook, act: Signed, *, built_in: bool, now: dt.datetime
) -> RulebookRelease:
    store.keep_rulebook(conn, book.digest, book.body())
    number = store_releases.insert_release(
        conn, book.terms.product, book.digest, (act.person, act.why), built_in=built_in, now=now
    )
    if number is None:
        raise Conflict("a rulebook of this very content was proposed before", code="RELEASE_KNOWN")
    return get_release(conn, number)


def _ensure_shipped(conn: psycopg.Connection, product: str, *, now: dt.datetime) -> None:
    """The product's shipped rulebook as its first release, in force from the first day: what a rollback can return to."""
    store_releases.lock(conn)
    if store_releases.list_seats(conn, product=product):
        return
    row = _propose(conn, _open_shipped(product), Signed(AUTHORS, SHIPPED_WHY), built_in=True, now=now)
    said = replace(row, reviewer=RELEASERS, reviewed_why=SHIPPED_WHY, approved=True)
    store_releases.insert_review(conn, said, now=now)
    store_releases.insert_seat(conn, row.release_id, FIRST_DAY, (RELEASERS, SHIPPED_WHY), restores=None, now=now)


@cache
def _open_shipped(product: str) -> Rulebook:
    return BUSINESS_BOOK if product == BUSINESS else Rulebook()


@lru_cache(maxsize=BOOKS_KEPT)
def _open(digest: bytes, body: str) -> Rulebook:
    """Compiled once: a body stays what it is under its digest."""
    book = rulebook_from_body(msgspec.json.decode(body))
    if book.digest != digest:
        raise IntegrityBroken(f"rulebook {digest.hex()[:16]} is not what its digest names", code="RULEBOOK_BROKEN")
    return book


__all__ = [
    "Signed", "activate_rulebook", "find_release_in_force", "get_release", "get_rulebook", "list_rulebooks", "propose_rulebook",
    "review_rulebook", "roll_back_rulebook",
]  # fmt: skip
