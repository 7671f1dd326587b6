"""Questions to providers of data about a person, each on record with its purpose, its ground and its cost (R-236).

The question is committed before it leaves, its end in a second unit of work: a process that dies in between leaves a question that nobody
answered, and never an answer that nobody asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import TimedOut, WorldFailed
from honghua.customers.persons import get_person
from honghua.store.database import run_unit

LISTED_MAX: Final = 100
COLUMNS: Final = (
    "call.provider, call.is_fake, kind, purpose, basis, material_id, version, asked_at, outcome, cost_minor, answered_at"
    " FROM customers_provider_call AS call LEFT JOIN customers_provider_answer USING (call_id)"
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCosts:
    """What a question costs, minor units, by kind; answered or not, as bureaus bill (own choice, U: a contract's own price list)."""

    minor: Mapping[str, int]


COSTS: Final = ProviderCosts(minor={"source": 200, "upload": 50, "register": 10})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """A question as it is put on record. kind: source, upload (a document to be read) or register; about a piece of evidence by number,
    or a version of what the customer said of their business. basis: consent by text and version, or the ground in law."""

    customer: str
    provider: str
    is_fake: bool
    kind: str
    purpose: str
    basis: str
    material_id: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """A question with its end. outcome None: nobody knows, whoever asked died. cost_minor: minor units."""

    provider: str
    is_fake: bool
    kind: str
    purpose: str
    basis: str
    material_id: int | None
    version: int | None
    asked_at: dt.datetime
    outcome: str | None
    cost_minor: int | None
    answered_at: dt.datetime | None


def call_provider(conn: psycopg.Connection, calling: Calling, ask: Callable[[], T], *, now: dt.datetime) -> T:
    """Put a question on record, ask, and write down how it ended. conn must be idle. Raises what the provider raises."""
    number = run_unit(conn, lambda c: _begin(c, calling, now))

    def end(outcome: str) -> None:
        run_unit(conn, lambda c: _end(c, number, outcome, COSTS.minor[calling.kind], now))

    try:
        answer = ask()
    except TimedOut:
        end("timed_out")
        raise
    except WorldFailed:
        end("failed")
        raise
    end("nothing" if answer is None else "answered")
    return answer


def list_provider_calls(conn: psycopg.Connection, customer: str) -> list[ProviderCall]:
    """Who was asked about somebody, why and how it ended: the newest first. In the caller's transaction. NotFound for nobody."""
    person = get_person(conn, customer)
    with conn.cursor(row_factory=class_row(ProviderCall)) as cursor:
        query = f"SELECT {COLUMNS} WHERE person_id = %s ORDER BY call_id DESC LIMIT %s"
        return cursor.execute(query, [person.person_id, LISTED_MAX]).fetchall()


def _begin(conn: psycopg.Connection, calling: Calling, now: dt.datetime) -> int:
    row = conn.execute(
        "INSERT INTO customers_provider_call (person_id, provider, is_fake, kind, purpose, basis, material_id, version, asked_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING call_id",
        [
            get_person(conn, calling.customer).person_id, calling.provider, calling.is_fake, calling.kind, calling.purpose,
            calling.basis, calling.material_id, calling.version, now,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None, "just inserted"
    return int(row[0])


def _end(conn: psycopg.Connection, number: int, outcome: str, cost_minor: int, now: dt.datetime) -> None:
    conn.execute(
        "INSERT INTO customers_provider_answer (call_id, outcome, cost_minor, answered_at) VALUES (%s, %s, %s, %s)",
        [number, outcome, cost_minor, now],
    )


__all__ = ["COSTS", "Calling", "ProviderCall", "ProviderCosts", "call_provider", "list_provider_calls"]
