"""What a customer's yes to an offered limit becomes: a command under the offer's own key of the day."""

from __future__ import annotations

import psycopg

from honghua.base.errors import Conflict
from honghua.credit import store as accounts
from honghua.credit.core import commands as c
from honghua.credit.registry import Registry
from honghua.credit.viewing.growth import read_records
from honghua.limits import api as limits
from honghua.store.database import run_unit


def make_acceptance(conn: psycopg.Connection, registry: Registry, offer_id: int, *, customer: str) -> c.Command:
    """The command that carries an open offer out, for whoever books; `limits.settle_offer` when it is done. conn must be idle.

    NotFound for another's offer, Conflict when it is over or what risk approved has fallen below it meanwhile. The same offer on the
    same business date is the same command: saying yes twice is saying it once.
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
    if offer.kind == "fixed":
        return c.ChangeLimit(key=key, customer=customer, limit_minor=offer.amount_minor, cause=cause)
    return c.GrantTemporaryLimit(key=key, customer=customer, amount_minor=offer.amount_minor, cause=cause)


__all__ = ["make_acceptance"]
