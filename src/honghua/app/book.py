"""A book opened for one verb, with advice where people get stuck: an empty book, an unknown customer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg

from honghua.app.settings import Settings
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.database import Database, connect, open_database

CUSTOMERS_NAMED = 5
LOOK_AT_MOST = 50
EMPTY_BOOK = (
    "this book is empty. Fill one with `honghua demo` (generated purchases in a database of its own) or "
    "`honghua replay FILE`, or open an account by hand: `honghua account open CUSTOMER --limit 5000`"
)


@dataclass(frozen=True, slots=True)
class Book:
    """What a verb needs to look into a book and to work in it."""

    database: Database
    conn: psycopg.Connection
    registry: credit.Registry


@contextmanager
def open_book(settings: Settings, *, may_be_empty: bool = False) -> Iterator[Book]:
    """The lasting book; NotFound with what to do when it has not begun."""
    with open_database(settings.store) as database, connect(database) as conn:
        if not may_be_empty:
            require_started(conn)
        yield Book(database, conn, credit.open_registry(conn))


def require_started(conn: psycopg.Connection) -> None:
    """Raise NotFound with advice for a book without a business date."""
    try:
        credit.get_business_day(conn)
    except NotFound as error:
        raise NotFound(EMPTY_BOOK, code=error.code) from error


def make_unknown_error(conn: psycopg.Connection, customer: str) -> NotFound:
    """Nobody is called so: who is there, and how to become one."""
    owners = ledger.list_owners(conn, limit=LOOK_AT_MOST)
    names = [owner.ref for owner in owners if owner.kind is OwnerKind.CREDIT_ACCOUNT][:CUSTOMERS_NAMED]
    there = f"There are {', '.join(names)} …" if names else "There is none yet."
    advice = f"`honghua ledger owners` lists all; `honghua account open {customer} --limit 5000` opens one"
    return NotFound(f"{customer!r} has no credit account. {there} {advice}", code="ACCOUNT_UNKNOWN")


def to_plain(value: object) -> Any:
    """Records as JSON holds them: dates as text, words as pairs, amounts in minor units."""
    return msgspec.to_builtins(value, str_keys=True)
