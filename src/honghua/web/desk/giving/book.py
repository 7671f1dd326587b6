"""What the desk gives by hand: asked for, decided by another person, given within what risk approved; each customer's outcome is kept.

Nothing moves a limit here: a coupon binds when its customer takes it, an offer when its customer says yes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, Conflict, HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.credit.core import STATUS_ACTIVE, STATUS_WORDS
from honghua.limits import api as limits
from honghua.limits.core import Moment, Scope

CUSTOMERS_MAX: Final = 100
GIVEN: Final = "GIVEN"
KINDS: Final = frozenset({"coupon", "raise"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What shall be given to whom. coupon: a limit of so many minor units for a scene, until a day; raise: so many as the new limit."""

    kind: str
    customers: tuple[str, ...]
    amount_minor: int
    why: str
    name: str = ""
    categories: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    until_on: dt.date | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.customers) <= CUSTOMERS_MAX or len(set(self.customers)) != len(self.customers):
            raise BadInput(f"1 … {CUSTOMERS_MAX} customers, each once", code="GIVING_CUSTOMERS")
        if self.kind not in KINDS or self.amount_minor <= 0 or not self.why.strip():
            raise BadInput("say what is given, how much of it, and why", code="GIVING_INVALID")
        if self.kind == "coupon":
            Scope(self.name, self.categories, self.merchants)  # raises where it makes no sense
            if self.until_on is None:
                raise BadInput("a coupon has a last day", code="GIVING_INVALID")
        elif self.name or self.categories or self.merchants or self.until_on is not None:
            raise BadInput("a new limit is for everything, and has no last day", code="GIVING_INVALID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """One request with what became of it. state: waiting, granted, refused; given: customers who have it, of all that were named."""

    giving_id: int
    kind: str
    customers: list[str]
    amount_minor: int
    name: str
    categories: list[str]
    merchants: list[str]
    until_on: dt.date | None
    asked_by: str
    asked_at: dt.datetime
    why: str
    state: str
    decided_by: str | None
    decided_at: dt.datetime | None
    decided_why: str | None
    given: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one customer's."""

    giving_id: int
    customer: str
    code: str
    sentence: str


GIVINGS: Final = (
    "SELECT giving_id, kind, customers, amount_minor, name, categories, merchants, until_on, asked_by, asked_at, why, state, decided_by,"
    " decided_at, decided_why, (SELECT count(*) FROM web_giving_outcome AS one WHERE one.giving_id = giving.giving_id"
    " AND one.code = 'GIVEN')::int AS given FROM web_giving AS giving"
)
ONE: Final = GIVINGS + " WHERE giving_id = %s"
LOCKED: Final = ONE + " FOR UPDATE OF giving"
WAITING: Final = GIVINGS + " WHERE state = 'waiting' ORDER BY giving_id LIMIT %s"
DECIDED: Final = GIVINGS + " WHERE state <> 'waiting' ORDER BY giving_id DESC LIMIT %s"


def ask(conn: psycopg.Connection, wanted: Wanted, *, person: str, now: dt.datetime) -> int:
    """Put it before another person; its number. NotFound for a customer whom the books do not know. In the caller's transaction."""
    unknown = sorted(set(wanted.customers) - credit.find_account_ids(conn, list(wanted.customers)).keys())
    if unknown:
        raise NotFound(f"no account of {', '.join(unknown[:3])}", code="ACCOUNT_UNKNOWN")
    if wanted.until_on is not None and wanted.until_on < credit.get_business_day(conn):
        raise BadInput("that day is over", code="GIVING_INVALID")
    row = conn.execute(
        "INSERT INTO web_giving (kind, customers, amount_minor, name, categories, merchants, until_on, asked_by, asked_at, why)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING giving_id",
        [wanted.kind, list(wanted.customers), wanted.amount_minor, wanted.name, list(wanted.categories), list(wanted.merchants),
         wanted.until_on, person, now, wanted.why],
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the second person says, and why."""

    person: str
    grant: bool
    why: str

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise BadInput("a decision has its reason", code="REASON_MISSING")


def decide(conn: psycopg.Connection, registry: credit.Registry, giving_id: int, word: Word, *, now: dt.datetime) -> int:
    """The second person's word, and with a yes everything that follows from it, in the caller's transaction; how many were given it.

    Conflict for one's own, or for one that somebody has decided. Who cannot have it is named with the reason; the others have it.
    """
    giving = get_giving(conn, giving_id, lock=True)
    if giving.state != "waiting":
        raise Conflict("somebody has decided this already", code="GIVING_DECIDED")
    if giving.asked_by == word.person:
        raise Conflict("whoever asks for it does not decide it", code="SAME_PERSON")
    outcomes = [give(conn, registry, giving, customer, now=now) for customer in giving.customers] if word.grant else []
    conn.execute(
        "UPDATE web_giving SET state = %s, decided_by = %s, decided_at = %s, decided_why = %s WHERE giving_id = %s",
        ["granted" if word.grant else "refused", word.person, now, word.why, giving_id],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO web_giving_outcome (giving_id, customer, code, sentence) VALUES (%s, %s, %s, %s)",
            [(one.giving_id, one.customer, one.code, one.sentence) for one in outcomes],
        )
    return sum(one.code == GIVEN for one in outcomes)


def give(
    conn: psycopg.Connection, registry: credit.Registry, giving: Giving, customer: str, *, now: dt.datetime
) -> Outcome:
    """One customer's, within the ceiling that risk assessed; nobody without an account in order, and nobody unassessed."""
    try:
        with conn.transaction():  # one who cannot have it takes nothing from the others
            _give(conn, registry, giving, customer, now)
    except HonghuaError as error:
        return Outcome(giving.giving_id, customer, error.code, str(error))
    return Outcome(giving.giving_id, customer, GIVEN, "")


def _give(conn: psycopg.Connection, registry: credit.Registry, giving: Giving, customer: str, now: dt.datetime) -> None:
    view = credit.find_account_view(conn, registry, customer)
    if view is None or view.quarantined or view.status != STATUS_WORDS[STATUS_ACTIVE] or view.days_past_due:
        raise Conflict("the account is not in order", code="ACCOUNT_NOT_IN_ORDER")
    today, key, limit = credit.get_business_day(conn), f"desk:{giving.giving_id}:{customer}", view.limit
    if giving.kind == "coupon":
        assert giving.until_on is not None, "the table says so"
        scope = Scope(giving.name, tuple(giving.categories), tuple(giving.merchants))
        taken = max(limit.fixed_minor + limit.temporary_minor, limit.used_minor + limit.held_minor)
        limits.give(
            conn,
            limits.Wanted(
                key=key, customer=customer, scope=scope, amount_minor=giving.amount_minor, from_on=today, until_on=giving.until_on,
                taken_minor=taken, coupon=f"desk {giving.giving_id}",
            ),
            now=now,
        )  # fmt: skip
        return
    ceiling = limits.find_ceilings(conn, [customer]).get(customer, (0, None))[0]
    if not limit.fixed_minor < giving.amount_minor <= ceiling:
        raise Conflict(
            f"it lies between {limit.fixed_minor} and {ceiling} minor units, or nowhere", code="LIMIT_BEYOND_CEILING"
        )
    limits.offer_raise(conn, customer, giving.amount_minor, key=key, rulebook="", at=Moment(on=today, now=now))


def get_giving(conn: psycopg.Connection, giving_id: int, *, lock: bool = False) -> Giving:
    """One; NotFound where there is none."""
    with conn.cursor(row_factory=class_row(Giving)) as cursor:
        found = cursor.execute(LOCKED if lock else ONE, [giving_id]).fetchone()
    if found is None:
        raise NotFound(f"no giving {giving_id}", code="GIVING_UNKNOWN")
    return found


def list_givings(conn: psycopg.Connection, *, is_waiting: bool, limit: int) -> list[Giving]:
    """Those that wait, the oldest first, or those decided, the newest first."""
    with conn.cursor(row_factory=class_row(Giving)) as cursor:
        return cursor.execute(WAITING if is_waiting else DECIDED, [limit]).fetchall()


def list_missed(conn: psycopg.Connection, ids: Sequence[int]) -> list[Outcome]:
    """Customers who could not have it, by giving and name."""
    rows = conn.execute(
        "SELECT giving_id, customer, code, sentence FROM web_giving_outcome WHERE giving_id = ANY(%s) AND code <> 'GIVEN'"
        " ORDER BY giving_id, customer",
        [list(ids)],
    )
    return [Outcome(*row) for row in rows]


__all__ = [
    "CUSTOMERS_MAX", "KINDS", "Giving", "Outcome", "Wanted", "Word", "ask", "decide", "get_giving", "list_givings", "list_missed",
]  # fmt: skip
