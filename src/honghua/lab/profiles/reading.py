"""Profiles as law and consent allow them to be told at this moment, with the words for each tag and for what speaks for it."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import psycopg

from honghua.base.errors import Conflict
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.lab.profiles import store
from honghua.lab.profiles.store import ProfileRow
from honghua.lab.tags.book import Tag, TagBook, read_tags
from honghua.lab.tags.uses import Use, read_uses

DATA: Final = Path(__file__).parent / "data"
ACTIVE: Final = "active"
PROFILE: Final = "profile"  # how the log of accesses names what was read
OFFERS: Final = "offers"
LIMITS: Final = "limits"
Allowed = Callable[[psycopg.Connection, Sequence[str]], Mapping[str, frozenset[str]]]
Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ToldTag:
    """A tag that is kept of somebody: its words and those of its group (Chinese, English), its uses, (variable's words, number) behind
    it. is_refusable: the customer may strike it out."""

    name: str
    words: Words
    group: Words
    definition: str
    uses: tuple[str, ...]
    evidence: tuple[tuple[Words, float | None], ...]
    is_refusable: bool


def allow_all(_conn: psycopg.Connection, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Every declared use for everybody: for books whose customers nobody registered."""
    uses = frozenset(use.name for use in find_uses())
    return dict.fromkeys(names, uses)


def allow_uses(conn: psycopg.Connection, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Uses of tags by customer: for limits by the contract, for offers by a consent that stands; none of persons restricted or erased."""
    consented = customers.list_consented(conn, names, ConsentKind.MARKETING)
    states = customers.find_states(conn, names)
    return {
        name: frozenset({LIMITS, OFFERS} if name in consented else {LIMITS})
        for name in names
        if states.get(name, ACTIVE)
        == ACTIVE  # who has an account and was never registered here has a contract all the same
    }


def read_profile(
    conn: psycopg.Connection, customer: str, *, allowed: Allowed = allow_all, purpose: str | None = None
) -> ProfileRow | None:
    """A customer's profile as far as law and consent allow it at this moment; None = none is kept, or none may be told.

    purpose: for which a person reads it: only tags of uses that name it; None = for the customer, or for a machine that asks for uses.
    """
    row, now_allowed = store.find_profile(conn, customer), allowed(conn, [customer]).get(customer)
    if row is None or now_allowed is None:
        return None
    uses = [use for use in find_uses() if purpose is None or purpose in use.purposes]
    struck = set(store.list_refused(conn, [customer]))
    tags = [
        tag for tag in row.tags if (customer, tag) not in struck and is_allowed(find_book(), uses, tag, now_allowed)
    ]
    return replace(row, tags=tags, evidence={tag: row.evidence[tag] for tag in tags})


def look_at_profile(
    conn: psycopg.Connection, customer: str, access: customers.Access, *, allowed: Allowed = allow_uses, now: dt.datetime
) -> tuple[ProfileRow | None, tuple[ToldTag, ...]]:  # fmt: skip
    """What one of the staff may see of a profile for a purpose, written into the log of accesses whether or not one is kept.

    Conflict PROFILE_PURPOSE where no use of tags names the purpose; NotFound for nobody, Conflict for who has left.
    """
    if not any(access.purpose.value in use.purposes for use in find_uses()):
        raise Conflict(f"profiles are not kept for the purpose {access.purpose.value}", code="PROFILE_PURPOSE")
    customers.note_access(conn, customer, [PROFILE], access, now=now)
    row = read_profile(conn, customer, allowed=allowed, purpose=access.purpose.value)
    return row, () if row is None else tell_tags(row)


def list_own(
    conn: psycopg.Connection, customer: str, *, allowed: Allowed = allow_uses
) -> tuple[ProfileRow | None, tuple[ToldTag, ...], tuple[Tag, ...]]:
    """What is kept of somebody, for themselves: the row, its tags in words, and tags that they have struck out."""
    row = read_profile(conn, customer, allowed=allowed)
    book = find_book()
    struck = [book.find(tag) for _, tag in store.list_refused(conn, [customer])]
    return row, () if row is None else tell_tags(row), tuple(tag for tag in struck if tag is not None)


def tell_tags(row: ProfileRow) -> tuple[ToldTag, ...]:
    """The tags of a profile in words, in the order of the book."""
    book, words = find_book(), find_words()
    found = []
    for tag in book.tags:
        if tag.name not in row.tags:
            continue
        uses = [use for use in find_uses() if use.needs(tag)]
        evidence = tuple((words.get(name, (name, name)), value) for name, value in row.evidence[tag.name].items())
        found.append(ToldTag(
            tag.name, (tag.zh, tag.en), find_groups()[tag.group], tag.definition, tuple(use.name for use in uses), evidence,
            all(use.is_refusable for use in uses),
        ))  # fmt: skip
    return tuple(found)


def is_allowed(book: TagBook, uses: Sequence[Use], name: str, allowed: frozenset[str]) -> bool:
    """Whether a tag may be told for one of the uses that are allowed of a customer."""
    tag = book.find(name)
    return tag is not None and any(use.name in allowed and use.needs(tag) for use in uses)


@cache
def find_book() -> TagBook:
    """The shipped book, read once."""
    return read_tags()


@cache
def find_uses() -> tuple[Use, ...]:
    """The declared uses, read once."""
    return read_uses(find_book())


@cache
def find_words() -> Mapping[str, Words]:
    """Variable → (Chinese, English), of every tag that a use needs: as the factory says them, kept so that a page need not load it."""
    return _read_words("variables.csv", "variable")


@cache
def find_groups() -> Mapping[str, Words]:
    """Group of tags → (Chinese, English)."""
    return _read_words("groups.csv", "group")


def _read_words(file: str, column: str) -> Mapping[str, Words]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return {row[column]: (row["zh"], row["en"]) for row in csv.DictReader(lines)}


__all__ = [
    "Allowed", "ToldTag", "allow_all", "allow_uses", "find_book", "find_groups", "find_uses", "find_words", "is_allowed", "list_own",
    "look_at_profile", "read_profile", "tell_tags",
]  # fmt: skip
