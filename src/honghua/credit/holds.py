"""Holds whose last day is over: given back through commands, so that the same day's sweep twice changes nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.base.errors import BadInput
from honghua.credit import store
from honghua.credit.api import BATCH_MAX, execute
from honghua.credit.core.commands import VoidAuthorisation
from honghua.credit.registry import Registry


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did; `more`: as many as its limit were found, so another sweep may find some."""

    released: int
    released_minor: int
    refused: int
    more: bool


def release_expired(
    conn: psycopg.Connection, registry: Registry, *, by: dt.date, now: dt.datetime, limit: int = 10_000
) -> SweepReport:
    """Give back up to `limit` holds that expired before the start of `by` (≤ the business date), in one transaction.

    Keys are expire:<purchase>:<by>: a sweep that is killed or repeated releases each hold once.
    """
    if not 1 <= limit <= BATCH_MAX:
        raise BadInput(f"a sweep takes 1 … {BATCH_MAX} holds")
    if by > store.get_business_day(conn):
        raise BadInput(f"{by} has not come: holds expire by the business date", code="DAY_TOO_LATE")
    found = store.list_expired_holds(conn, by=by, limit=limit)
    commands = [
        VoidAuthorisation(key=f"expire:{purchase_id}:{by}", customer=customer, purchase_id=purchase_id, expired=True)
        for purchase_id, customer in found
    ]
    answers = execute(conn, registry, commands, now=now) if commands else []
    done = [answer for answer in answers if answer["outcome"] == "done"]
    return SweepReport(
        len(done), sum(answer["released_minor"] for answer in done), len(answers) - len(done), more=len(found) == limit
    )
