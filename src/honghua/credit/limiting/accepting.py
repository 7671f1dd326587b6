"""A customer says yes to an offered limit: carried out by a command under the offer's own key of the day, then settled."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.base.errors import Conflict
from honghua.credit import store as accounts
from honghua.credit.api import execute
from honghua.credit.core import commands as c
from honghua.credit.core.desk import Answer
from honghua.credit.registry import Registry
from honghua.credit.viewing.growth import read_records
from honghua.limits import api as limits
from honghua.store.database import run_unit


def accept(conn: psycopg.Connection, registry: Registry, offer_id: int, *, customer: str, now: dt.datetime) -> Answer:
    """Carry an open offer out; the yes is the consent that its change is recorded with.

    NotFound for another's offer, Conflict when it is over or what risk approved has fallen below it meanwhile; a refusal as of any
    command, e.g. while another temporary limit runs; the offer then stays open.
    """
    with conn.transaction():
        today = accounts.get_business_day(conn)
    offer = run_unit(conn, lambda k: limits.accept_offer(k, offer_id, customer=customer, on=today))
    with conn.transaction():
        found = read_records(conn, registry, list(accounts.find_account_ids(conn, [customer]).values())).get(customer)
    if found is not None:
        record = found[1]
        total = offer.amount_minor if offer.kind == "fixed" else record.limit_minor + offer.amount_minor
        if total > record.ceiling_minor:
            raise Conflict("the assessment of risk has changed since this was offered", code="OFFER_BEYOND_CEILING")
    cause = c.LimitCause(
        reason=offer.reason, rule=f"offer:{offer_id}", rulebook=offer.rulebook, consent=f"offer/{offer_id}"
    )
    key = f"offer:{offer_id}:{today}"  # what was refused today may be taken tomorrow
    command: c.Command = c.GrantTemporaryLimit(key=key, customer=customer, amount_minor=offer.amount_minor, cause=cause)
    if offer.kind == "fixed":
        command = c.ChangeLimit(key=key, customer=customer, limit_minor=offer.amount_minor, cause=cause)
    answer = execute(conn, registry, [command], now=now)[0]
    if answer["outcome"] == "done":
        run_unit(conn, lambda k: limits.settle_offer(k, offer_id, is_accepted=True, now=now))
    return answer


__all__ = ["accept"]
