"""Partners: where they stand, what follows from a breach of their duties, how they leave, and the public list of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.funding import store
from honghua.funding.core.agreements import OWN
from honghua.funding.core.bounds import Standing
from honghua.funding.lending import load_book

MOVES: Final[Mapping[tuple[Standing, str], Standing]] = {
    (Standing.ACTIVE, "suspend"): Standing.SUSPENDED,
    (Standing.SUSPENDED, "resume"): Standing.ACTIVE,
    (Standing.ACTIVE, "exit"): Standing.EXITING,
    (Standing.SUSPENDED, "exit"): Standing.EXITING,
    (Standing.EXITING, "end"): Standing.ENDED,
}
# duty -> breaches until the partner is suspended; each one before that is a warning. Our own proposal (grade U).
DUTIES: Final[Mapping[str, int]] = {
    "statement late": 3,
    "statement wrong": 2,
    "funds late": 2,
    "charged the borrower": 1,  # 助贷新规: the platform charges the borrower nothing
    "collected unlawfully": 1,
    "risk step outsourced": 1,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the public list of partners."""

    name: str
    brand: str
    kind: str
    agreement: str
    standing: str


def act_on_partner(
    conn: psycopg.Connection, lender: str, act: str, *, person: str, why: str, now: dt.datetime
) -> Standing | Refusal:
    """Suspend, resume, exit or end a partner; in the caller's transaction. It ends only when nothing of its money is out."""
    _check(lender, person, why)
    standing = find_standing(conn, lender)
    after = MOVES.get((standing, act))
    if after is None:
        return Refusal("PARTNER_MOVE", f"A partner that is {standing.value} cannot {act}.")
    if after is Standing.ENDED and store.sum_outstanding(conn, lender):
        return Refusal("PARTNER_HAS_LOANS", "Loans that it shares are still out: they run off first.")
    store.set_standing(conn, lender, after=after, act=act, said=(person, why), now=now)
    return after


def report_breach(
    conn: psycopg.Connection, lender: str, duty: str, *, person: str, why: str, now: dt.datetime
) -> Standing:
    """Write a breach down and do what follows: a warning, or, with the number that the duty allows, suspension."""
    _check(lender, person, why)
    if duty not in DUTIES:
        raise BadInput(f"{duty!r} is no duty; known: {', '.join(DUTIES)}", code="DUTY_UNKNOWN")
    standing = find_standing(conn, lender)
    act = f"breach: {duty}"
    times = store.count_acts(conn, lender, act) + 1
    after = Standing.SUSPENDED if times >= DUTIES[duty] and standing is Standing.ACTIVE else standing
    store.set_standing(conn, lender, after=after, act=act, said=(person, why), now=now)
    return after


def find_standing(conn: psycopg.Connection, lender: str) -> Standing:
    """Where a partner stands."""
    return store.read_standings(conn).get(lender, Standing.ACTIVE)


def list_partners(conn: psycopg.Connection) -> list[Listed]:
    """The public white list: partners with whom there are loans or may be, from the register itself (R-238)."""
    standings = store.read_standings(conn)
    return [
        Listed(one.name, one.brand, one.kind, one.agreement, standings.get(code, Standing.ACTIVE).value)
        for code, one in sorted(load_book().partners.items())
        if code != OWN and standings.get(code) is not Standing.ENDED
    ]


def list_acts(conn: psycopg.Connection, lender: str) -> list[tuple[str, str, str, str]]:
    """(act, standing after, person, why) of a partner, in order."""
    return store.list_acts(conn, lender)


def _check(lender: str, person: str, why: str) -> None:
    if lender == OWN or lender not in load_book().partners:
        raise NotFound(f"no partner {lender!r}", code="PARTNER_UNKNOWN")
    if not person.strip() or not why.strip():
        raise BadInput("say who you are and why", code="REASON_MISSING")
