"""A customer says yes to an offered limit: carried out by a command under the offer's own key of the day, then settled."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.credit.api import execute
from honghua.credit.core.desk import Answer
from honghua.credit.registry import Registry
from honghua.credit.viewing.accepting import make_acceptance
from honghua.limits import api as limits
from honghua.store.database import run_unit


def accept(conn: psycopg.Connection, registry: Registry, offer_id: int, *, customer: str, now: dt.datetime) -> Answer:
    """Carry an open offer out here and now; the yes is the consent that its change is recorded with.

    Raises as `make_acceptance`; a refusal as of any command, e.g. while another temporary limit runs; the offer then stays open.
    """
    command = make_acceptance(conn, registry, offer_id, customer=customer)
    answer = execute(conn, registry, [command], now=now)[0]
    if answer["outcome"] == "done":
        run_unit(conn, lambda k: limits.settle_offer(k, offer_id, is_accepted=True, now=now))
    return answer


__all__ = ["accept"]
