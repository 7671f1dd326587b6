"""Relief asked for by one person and decided by another: interest, penalty and fees forgiven, so many times a year (R-153)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit.api import execute
from honghua.credit.core.commands import WaiveCharges
from honghua.credit.core.prudence.grounds import Ground
from honghua.credit.core.refusals import refusal
from honghua.credit.prudence.keys import next_key
from honghua.credit.registry import Registry
from honghua.credit.store import find_account_ids
from honghua.store.commands import find_commands
from honghua.store.database import run_unit

TIMES_MAX: Final = 2  # reliefs an account gets in twelve months; house rule against abuse, grade U
SPAN: Final = dt.timedelta(days=365)
TEXT_MAX: Final = 500
EVIDENCE_MAX: Final = 20
COLUMNS: Final = (
    "relief_id, account_id, (SELECT customer_ref FROM credit_account AS account WHERE account.account_id = relief.account_id)"
    " AS customer, amount_minor, ground, evidence, asked_by, asked_at, state, decided_by, decided_at, why"
)
REFUSED_BY_PERSON: Final = "refused_by_person"
KEPT: Final = ("done", REFUSED_BY_PERSON)  # outcomes after which a word is written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """One relief. state: waiting, granted or refused; amounts minor units; evidence: references of documents."""

    relief_id: int
    account_id: int
    customer: str
    amount_minor: int
    ground: int
    evidence: list[str]
    asked_by: str
    asked_at: dt.datetime
    state: str
    decided_by: str | None
    decided_at: dt.datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the second person says, and why."""

    person: str
    grant: bool
    why: str

    def __post_init__(self) -> None:
        if not 0 < len(self.why.strip()) <= TEXT_MAX:
            raise BadInput("a decision has its reason", code="REASON_MISSING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: whose charges, how much of them, why, and what proves it."""

    customer: str
    amount_minor: int
    ground: Ground
    evidence: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise BadInput("a relief is more than nothing", code="AMOUNT_INVALID")
        if not 1 <= len(self.evidence) <= EVIDENCE_MAX or not all(
            0 < len(one.strip()) <= TEXT_MAX for one in self.evidence
        ):
            raise BadInput(f"a relief needs 1 … {EVIDENCE_MAX} references of evidence", code="EVIDENCE_MISSING")


def ask_relief(conn: psycopg.Connection, wanted: Wanted, *, person: str, now: dt.datetime) -> Relief:
    """Put a relief before another person. NotFound for an unknown customer; Conflict while one waits. A transaction of its own."""
    if not 0 < len(person.strip()) <= TEXT_MAX:
        raise BadInput("somebody asks for a relief")

    def write(inner: psycopg.Connection) -> Relief:
        account_id = find_account_ids(inner, [wanted.customer]).get(wanted.customer)
        if account_id is None:
            raise NotFound(f"no account of {wanted.customer}", code="ACCOUNT_UNKNOWN")
        inner.execute("SELECT FROM credit_account WHERE account_id = %s FOR UPDATE", [account_id])
        if any(one.state == "waiting" for one in _list(inner, "account_id = %s", [account_id])):
            raise Conflict("a relief for this account is waiting already", code="RELIEF_WAITING")
        values = [account_id, wanted.amount_minor, int(wanted.ground), list(wanted.evidence), person.strip(), now]
        return _list(
            inner,
            "relief_id = (SELECT relief_id FROM added)",
            values,
            head="WITH added AS (INSERT INTO credit_relief (account_id, amount_minor, ground, evidence, asked_by, asked_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING *) ",
            table="added",
        )[0]

    return run_unit(conn, write)


def decide_relief(
    conn: psycopg.Connection, registry: Registry, relief_id: int, word: Word, *, now: dt.datetime
) -> dict[str, Any]:
    """The second person's word. Granted: the relief is held, the charges are waived under the key relief/ID/try, then the word is kept; a
    crash between leaves it held, and saying it again finds the money already waived. A refusal of the books leaves it waiting.

    Whoever books elsewhere (a page hands its commands to the desk) calls `make_waiver`, books, and calls `keep_word`.
    """
    made = make_waiver(conn, relief_id, word, now=now)
    answer = execute(conn, registry, [made], now=now)[0] if isinstance(made, WaiveCharges) else made
    if answer["outcome"] in KEPT:
        keep_word(conn, relief_id, word, now=now)
    return answer


def make_waiver(
    conn: psycopg.Connection, relief_id: int, word: Word, *, now: dt.datetime
) -> WaiveCharges | dict[str, Any]:
    """What the second person's word asks of the books: a command when it is granted, else an answer. A transaction of its own.

    A yes holds the relief for its person until the books have answered: Conflict RELIEF_CLAIMED for anybody else meanwhile, and where the
    money is waived already, RELIEF_DECIDED after that person's word was kept. The answer's outcome is refused_by_person, to be kept, or
    refused (TWO_PERSONS_NEEDED, RELIEF_USED_UP): the word does not count.
    """

    def claim(inner: psycopg.Connection) -> WaiveCharges | dict[str, Any] | Conflict:
        relief, claim = _hold(inner, relief_id), _find_claim(inner, relief_id)
        if relief.state != "waiting":
            raise Conflict(f"relief {relief_id} was decided: {relief.state}", code="RELIEF_DECIDED")
        person = word.person.strip()
        if person in ("", relief.asked_by):
            return refusal("TWO_PERSONS_NEEDED")
        if claim is not None and (not word.grant or claim.person != person):
            if not claim.is_booked:
                raise Conflict(f"{claim.person} grants relief {relief_id} at this moment", code="RELIEF_CLAIMED")
            _write(inner, relief_id, claim, "granted", now)
            return Conflict(f"relief {relief_id} was granted by {claim.person}", code="RELIEF_DECIDED")
        if not word.grant:
            return {"outcome": REFUSED_BY_PERSON, "relief_id": relief_id}
        if claim is None:
            if count_granted(inner, relief.account_id, since=now - SPAN) >= TIMES_MAX:
                return refusal("RELIEF_USED_UP", times_max=TIMES_MAX)
            claim = Claim(person, word.why.strip(), next_key(inner, f"relief/{relief_id}"), is_booked=False)
            inner.execute(
                "UPDATE credit_relief SET claimed_by = %s, claimed_why = %s, claimed_key = %s WHERE relief_id = %s",
                [claim.person, claim.why, claim.key, relief_id],
            )
        return WaiveCharges(
            key=claim.key, customer=relief.customer, amount_minor=relief.amount_minor, ground=relief.ground,
            evidence=tuple(relief.evidence), asked_by=relief.asked_by, approved_by=claim.person,
        )  # fmt: skip

    made = run_unit(conn, claim)
    if isinstance(made, Conflict):
        raise made
    return made


def keep_word(conn: psycopg.Connection, relief_id: int, word: Word, *, now: dt.datetime) -> None:
    """Write the word down, after the books answered a grant; it is the word of whoever held the relief. A transaction of its own.

    Conflict for a refusal while somebody grants it or after the money was waived, and for a grant that the books did not book.
    """

    def write(inner: psycopg.Connection) -> None:
        relief, claim = _hold(inner, relief_id), _find_claim(inner, relief_id)
        if relief.state != "waiting":
            if word.grant and relief.state == "granted":
                return  # this very word, kept before
            raise Conflict(f"relief {relief_id} was decided: {relief.state}", code="RELIEF_DECIDED")
        if not word.grant and claim is not None:
            raise Conflict(f"relief {relief_id} was granted by {claim.person}", code="RELIEF_DECIDED")
        if word.grant and (claim is None or not claim.is_booked):
            raise Conflict(f"relief {relief_id} is not booked", code="RELIEF_UNBOOKED")
        own = Claim(word.person.strip(), word.why.strip(), "", is_booked=False)
        _write(inner, relief_id, claim or own, "granted" if word.grant else "refused", now)

    run_unit(conn, write)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who grants a relief at this moment, under which key, and whether the books have done it."""

    person: str
    why: str
    key: str
    is_booked: bool


def _write(conn: psycopg.Connection, relief_id: int, said: Claim, state: str, now: dt.datetime) -> None:
    conn.execute(
        "UPDATE credit_relief SET state = %s, decided_by = %s, decided_at = %s, why = %s WHERE relief_id = %s",
        [state, said.person, now, said.why, relief_id],
    )


def _hold(conn: psycopg.Connection, relief_id: int) -> Relief:
    """The relief, held until the transaction ends."""
    conn.execute("SELECT FROM credit_relief WHERE relief_id = %s FOR UPDATE", [relief_id])
    return get_relief(conn, relief_id)


def _find_claim(conn: psycopg.Connection, relief_id: int) -> Claim | None:
    """Who holds a relief; None where nobody does, or where the books refused what they were asked for."""
    row = conn.execute(
        "SELECT claimed_by, claimed_why, claimed_key FROM credit_relief WHERE relief_id = %s", [relief_id]
    ).fetchone()
    if row is None or row[0] is None:
        return None
    person, why, key = row
    stored = find_commands(conn, [key]).get(key)
    if stored is not None and stored.answer.get("outcome") == "refused":
        return None
    return Claim(person, why, key, is_booked=stored is not None)


def get_relief(conn: psycopg.Connection, relief_id: int) -> Relief:
    """One relief; NotFound for an unknown one."""
    found = _list(conn, "relief_id = %s", [relief_id])
    if not found:
        raise NotFound(f"no relief {relief_id}", code="RELIEF_UNKNOWN")
    return found[0]


def list_reliefs(conn: psycopg.Connection, *, waiting_only: bool = False, limit: int = 100) -> list[Relief]:
    """Newest first."""
    return _list(conn, "state = 'waiting' OR NOT %s", [waiting_only], tail=f" LIMIT {min(max(limit, 1), 1000)}")


def count_granted(conn: psycopg.Connection, account_id: int, *, since: dt.datetime) -> int:
    """Reliefs granted to an account since then."""
    return len(_list(conn, "account_id = %s AND state = 'granted' AND decided_at > %s", [account_id, since]))


def _list(
    conn: psycopg.Connection,
    where: str,
    values: Sequence[Any],
    *,
    head: str = "",
    table: str = "credit_relief",
    tail: str = "",
) -> list[Relief]:
    query = f"{head}SELECT {COLUMNS} FROM {table} AS relief WHERE {where} ORDER BY relief_id DESC{tail}"  # noqa: S608 — our own words
    with conn.cursor(row_factory=class_row(Relief)) as cursor:
        return cursor.execute(query.encode(), list(values)).fetchall()


__all__ = [
    "KEPT", "REFUSED_BY_PERSON", "TIMES_MAX", "Relief", "Wanted", "Word", "ask_relief", "count_granted", "decide_relief", "get_relief",
    "keep_word", "list_reliefs", "make_waiver",
]  # fmt: skip
