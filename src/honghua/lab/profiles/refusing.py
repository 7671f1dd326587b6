"""Tags that customers strike out: gone at once, and not kept again until they are allowed again (算法推荐规定 17)."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.base.errors import Conflict, NotFound
from honghua.lab.profiles import store
from honghua.lab.profiles.reading import find_book, find_uses


def refuse_tag(conn: psycopg.Connection, customer: str, name: str, *, now: dt.datetime) -> None:
    """Strike a tag out of a profile for good. NotFound for a tag that no use needs, Conflict for one that the contract rests on."""
    tag = find_book().find(name)
    uses = [] if tag is None else [use for use in find_uses() if use.needs(tag)]
    if not uses:
        raise NotFound(f"no tag {name} is kept of anybody", code="TAG_UNKNOWN")
    if not all(use.is_refusable for use in uses):
        raise Conflict(
            f"{name} is kept for {uses[0].name}: a person may be asked to look at what it led to", code="TAG_NEEDED"
        )
    store.lock_profiles(conn, alone=True)
    store.insert_refused(conn, customer, name, now=now)
    store.strike_tag(conn, customer, name)


def allow_tag(conn: psycopg.Connection, customer: str, name: str) -> None:
    """Take a refusal back: the tag is kept again from the next fact on, where it holds."""
    store.delete_refused(conn, customer, name)


__all__ = ["allow_tag", "refuse_tag"]
