"""The job that keeps profiles: what was booked since the last look, each customer's tags as far as law and consent allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import psycopg

from honghua.base.errors import NotFound
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind

ACTIVE: Final = "active"
TAGS: Final = "honghua.lab.tags.api"  # loads what computes variables: only in the process that runs the job
FACTORY: Final = "honghua.lab.factory.api"


def allow_uses(conn: psycopg.Connection, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Uses of tags by customer: for limits by the contract, for offers by a consent that stands; none of persons restricted or erased."""
    consented = customers.list_consented(conn, names, ConsentKind.MARKETING)
    found = {}
    for name in names:
        try:
            state = customers.get_person(conn, name).state
        except NotFound:  # an account whose holder was never registered here
            state = ACTIVE
        if state == ACTIVE:
            found[name] = frozenset({"limits", "offers"} if name in consented else {"limits"})
    return found


def make_profiler() -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job, with the windows in its memory: a new process reads the facts again from their beginning."""
    kept: list[Any] = []

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        if not kept:
            dictionary = import_module(FACTORY).shipped_dictionary("city")
            kept.append(import_module(TAGS).ProfileFollower(dictionary, allow_uses))
        done = kept[0].follow(conn, now=now)
        behind = ", more waits" if done.is_behind else ""
        return (
            f"{done.facts} facts, {done.events} events; {done.written} profiles told, {done.renewed} told anew{behind}"
        )

    return follow


__all__ = ["allow_uses", "make_profiler"]
