"""Limits for one scene, and coupons that carry them: given within the headroom, claimed, used by orders, taken back, ended by their day.

The headroom is checked twice: when a grant is given, against what is outstanding, and when an order uses it, against the account itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.limits import store, store_grants
from honghua.limits.core import Act, Grant, Moment, Scope, State, act
from honghua.limits.store_grants import Event, Use

SWEEP_MAX = 10_000


class CarriedRow(NamedTuple):
    """Part of an order that a grant bears, and how much of it came back. Minor units."""

    purchase_id: int
    grant_id: int
    amount_minor: int
    given_back_minor: int


@dataclass(slots=True)
class Bound:
    """What binds one customer's orders: grants that may be used, the assessed ceiling (None: nobody assessed), parts borne of orders."""

    grants: list[Grant] = field(default_factory=list)
    ceiling_minor: int | None = None
    carried: list[CarriedRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A grant to be given: of whom, for what, how much, on which days; coupon: the batch that carries it, empty = active at once.

    taken_minor: what the account has already: its fixed and temporary limit, or what is used and held where that is more.
    """

    key: str
    customer: str
    scope: Scope
    amount_minor: int
    from_on: dt.date
    until_on: dt.date
    taken_minor: int
    coupon: str = ""


def give(conn: psycopg.Connection, wanted: Wanted, *, now: dt.datetime) -> Grant:
    """Give a limit for a scene, or issue a coupon that carries one; once under its key.

    Conflict HEADROOM_SHORT when it exceeds what risk approved less the account's own and what is outstanding in other grants; nobody has
    headroom before an assessment. BadInput for amounts or days that make no sense.
    """
    known = store_grants.find_grant(conn, key=wanted.key)
    if known is not None:
        return known
    if wanted.amount_minor <= 0 or wanted.until_on < wanted.from_on or not wanted.key:
        raise BadInput(
            "a grant has a key, an amount above zero, and an end on or after its beginning", code="GRANT_INVALID"
        )
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('limits_grant'), hashtext(%s))", [wanted.customer]
    )  # one at a time
    outstanding = sum(one.amount_minor - one.used_minor for one in store_grants.list_grants(conn, wanted.customer))
    ceiling = store.find_ceilings(conn, [wanted.customer]).get(wanted.customer, (0, None))[0]
    free = ceiling - wanted.taken_minor - outstanding
    if wanted.amount_minor > free:
        raise Conflict(f"{max(0, free)} minor units of headroom are left", code="HEADROOM_SHORT")
    grant = Grant(
        grant_id=store.next_id(conn), customer=wanted.customer, scope=wanted.scope, amount_minor=wanted.amount_minor,
        from_on=wanted.from_on, until_on=wanted.until_on, state=State.ISSUED if wanted.coupon else State.ACTIVE,
        coupon=wanted.coupon,
    )  # fmt: skip
    if not store_grants.insert_grant(conn, wanted.key, grant):
        found = store_grants.find_grant(conn, key=wanted.key)
        assert found is not None, "the key is taken, so its row is there"
        return found
    what = "issue" if wanted.coupon else "grant"
    store_grants.insert_events(conn, [Event(grant.grant_id, what, grant.amount_minor)], now=now)
    return grant


def claim(conn: psycopg.Connection, grant_id: int, *, customer: str, at: Moment) -> Grant:
    """The customer takes a coupon: now its scene's orders may use it. NotFound for another's, Conflict when it cannot be claimed."""
    return _move(conn, grant_id, Act.CLAIM, customer=customer, why="", at=at)


def revoke(conn: psycopg.Connection, grant_id: int, *, why: str, at: Moment) -> Grant:
    """Claw back what was not used; what was used stays owed. Conflict when there is nothing to take back."""
    if not why.strip():
        raise BadInput("say why", code="CLAWBACK_REASON_MISSING")
    return _move(conn, grant_id, Act.REVOKE, customer=None, why=why, at=at)


def expire(conn: psycopg.Connection, *, by: dt.date, now: dt.datetime, limit: int = SWEEP_MAX) -> int:
    """End grants whose last day lies before a day; how many. Orders look at the days themselves and never wait for this."""
    over = store_grants.lock_over(conn, by=by, limit=limit)
    ended = [moved for grant in over if (moved := act(grant, Act.EXPIRE, on=by)) is not None]
    store_grants.update_grants(conn, ended)
    store_grants.insert_events(
        conn, [Event(one.grant_id, "expire", one.amount_minor - one.used_minor) for one in ended], now=now
    )
    return len(ended)


def list_grants(conn: psycopg.Connection, customer: str) -> list[Grant]:
    """A customer's grants that may be claimed or used."""
    return store_grants.list_grants(conn, customer)


def load_bound(
    conn: psycopg.Connection, customers: Sequence[str], purchase_ids: Sequence[int], *, on: dt.date
) -> dict[str, Bound]:
    """What binds orders of these customers on a day, and what grants bear of these orders; locked until the transaction ends.

    The caller has locked the customers' accounts, so nobody else uses the same grants meanwhile.
    """
    found: dict[str, Bound] = {}
    for grant in store_grants.lock_usable(conn, customers, on=on) if customers else ():
        found.setdefault(grant.customer, Bound()).grants.append(grant)
    if purchase_ids:
        carrying, parts = store_grants.lock_carrying(conn, purchase_ids)
        owners = {grant.grant_id: grant for grant in carrying}
        for grant in carrying:
            bound = found.setdefault(grant.customer, Bound())
            if grant.grant_id not in {one.grant_id for one in bound.grants}:
                bound.grants.append(grant)
        for part in parts:
            found[owners[part[1]].customer].carried.append(CarriedRow(*part))
    for customer, (ceiling, _) in store.find_ceilings(conn, list(found)).items():
        found[customer].ceiling_minor = ceiling
    return found


def is_any_active(conn: psycopg.Connection, *, on: dt.date) -> bool:
    """Whether anybody has a grant that an order may use on a day or later: where not, nobody's need be looked for."""
    return store_grants.is_any_active(conn, on=on)


def is_any_bound(conn: psycopg.Connection, customers: Sequence[str], *, on: dt.date) -> bool:
    """Whether any of these customers has a grant that an order may use on a day."""
    return store_grants.is_any_usable(conn, customers, on=on)


def read_uses(conn: psycopg.Connection, customers: Sequence[str]) -> set[tuple[int, int, int]]:
    """(fact, grant, minor units) of every use of these customers' grants: what their facts must say, too."""
    return store_grants.read_uses(conn, customers)


def move_grants(
    conn: psycopg.Connection, used: Sequence[Use], back: Sequence[Use], *, on: dt.date, now: dt.datetime
) -> None:
    """Write what orders took and gave back, in the transaction that books them. A use that has no place is a bug (AssertionError)."""
    for what, name, moves in ((Act.USE, "use", used), (Act.GIVE_BACK, "give_back", back)):
        for one in moves:
            grant = store_grants.find_grant(conn, grant_id=one.grant_id, lock=True)
            assert grant is not None, f"grant {one.grant_id} was read a moment ago"
            after = act(grant, what, on=on, amount_minor=one.amount_minor)
            assert after is not None or what is Act.GIVE_BACK, f"grant {one.grant_id} cannot bear {one.amount_minor}"
            if after is not None:  # a grant that was taken back meanwhile stays so
                store_grants.update_grants(conn, [after])
                event = Event(one.grant_id, name, one.amount_minor, one.purchase_id, one.fact_id)
                store_grants.insert_events(conn, [event], now=now)


def _move(conn: psycopg.Connection, grant_id: int, what: Act, *, customer: str | None, why: str, at: Moment) -> Grant:
    grant = store_grants.find_grant(conn, grant_id=grant_id, lock=True)
    if grant is None or (customer is not None and grant.customer != customer):
        raise NotFound(f"no grant {grant_id}", code="GRANT_UNKNOWN")
    moved = act(grant, what, on=at.on)
    if moved is None:
        raise Conflict(f"a grant that is {grant.state.value} cannot be {what.value}ed now", code="GRANT_STATE")
    store_grants.update_grants(conn, [moved])
    left = grant.amount_minor - grant.used_minor
    store_grants.insert_events(conn, [Event(grant_id, what.value, left, why=why)], now=at.now)
    return moved


__all__ = [
    "Bound",
    "CarriedRow",
    "Use",
    "Wanted",
    "claim",
    "expire",
    "give",
    "is_any_active",
    "is_any_bound",
    "list_grants",
    "load_bound",
    "move_grants",
    "read_uses",
    "revoke",
]
