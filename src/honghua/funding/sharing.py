"""Every captured purchase is shared as the routing of its day says, whichever door booked it: a follower of the facts, a page at a time.

Not in the purchase's own transaction: concentrations are sums over all loans, so whoever shares waits for whoever shares, and buyers
must not. The cursor, the loans of a page and what the books did to them since are one transaction, and a loan is known by its capture: a
page that is begun again, or a capture that another door has shared already, changes nothing.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.base.errors import BadInput, Refusal
from honghua.base.rates import PPM
from honghua.facts.kinds import FactKind
from honghua.funding import store, store_following, store_reached
from honghua.funding.core.agreements import OWN
from honghua.funding.core.bounds import (
    Exposure,
    FundingBase,
    FundingRules,
    LenderShare,
    ShareAsk,
    SharePlan,
    Standing,
    choose_rules,
    plan_shares,
)
from honghua.funding.core.routing import Route, Routing, choose_routing, find_route, parse_routings
from honghua.funding.following import BoughtOnCredit, catch_up, follow_accounts, loan_of
from honghua.funding.lending import get_channel, load_book
from honghua.funding.naming import find_named
from honghua.funding.store import FundedLoan, NewLoan
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_final_page

FACTS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Followed:
    """One page. shared: purchases that became loans; movements: of loans; is_last: nothing more was there.

    unnamed: purchases under a route of whose lenders the customer's contract names none: they are ours alone.
    """

    shared: int
    movements: int
    is_last: bool
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A purchase with its route."""

    bought: BoughtOnCredit
    route: Route
    customer: str


@dataclass(slots=True)
class Room:
    """What is left to lend on a page, brought along loan by loan; everything in it is locked."""

    exposures: dict[str, int]
    quotas: dict[tuple[str, dt.date], int]
    standings: Mapping[str, Standing]
    bases: Mapping[dt.date, FundingBase | None]
    named: Mapping[str, frozenset[str]]


def load_routings(*, path: Path | None = None) -> tuple[Routing, ...]:
    """Routings of a TOML file, by day; ours shares nothing. BadInput for a file that is none or that makes no sense."""
    place = resources.files("honghua.funding").joinpath("data/routes.toml") if path is None else path
    try:
        document = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{place}: {error}", code="ROUTING_INVALID") from None
    return parse_routings(document.get("routing"), channels=load_book().channels, source=str(place))


def follow_books(
    conn: psycopg.Connection, *, routings: Sequence[Routing] = (), now: dt.datetime, limit: int = FACTS_AT_ONCE
) -> Followed:
    """Share the purchases of the next page of facts, and record what the journal did to shared loans. In the caller's transaction."""
    page = read_final_page(conn, after=store_following.lock_cursor(conn), limit=limit)
    wanted = _choose(conn, page, routings) if routings else []
    named = find_named(conn, sorted({one.customer for one in wanted}))
    agreed = [one for one in wanted if named.get(one.customer, frozenset()).intersection(_partners_of(one))]
    shared = _share_all(conn, agreed, named, now=now)
    movements = follow_accounts(conn, np.unique(page.account_id).tolist(), now=now)
    if len(page):
        store_following.move_cursor(conn, (int(page.txid[-1]), int(page.fact_id[-1])))
    return Followed(shared, movements, len(page) < limit, len(wanted) - len(agreed))


def _partners_of(one: Wanted) -> tuple[str, ...]:
    return get_channel(one.route.channel).partners


def _choose(conn: psycopg.Connection, page: FactColumns, routings: Sequence[Routing]) -> list[Wanted]:
    """The purchases of a page that a route takes."""
    rows = np.flatnonzero((page.kind == FactKind.PURCHASE_CAPTURED) & (page.purchase_id != 0))
    refs = ledger.find_refs(conn, owner_ids=np.unique(page.account_id[rows]).tolist())
    found = []
    for row in rows.tolist():
        on, amount, account = from_day(int(page.value_on[row])), int(page.amount_minor[row]), int(page.account_id[row])
        routing = choose_routing(routings, on)
        route = None if routing is None or account not in refs else find_route(routing, refs[account])
        if route is not None and route.least_minor <= amount <= route.most_minor:
            bought = BoughtOnCredit(
                purchase_id=int(page.purchase_id[row]), fact_id=int(page.fact_id[row]), account_id=account, principal_minor=amount, on=on
            )  # fmt: skip
            found.append(Wanted(bought, route, refs[account]))
    return found


def _share_all(
    conn: psycopg.Connection, wanted: Sequence[Wanted], named: Mapping[str, frozenset[str]], *, now: dt.datetime
) -> int:
    if not wanted:
        return 0
    known = store.lock_loans(conn, [loan_of(one.bought) for one in wanted])
    wanted = [one for one in wanted if loan_of(one.bought) not in known]
    channels = {one.route.channel: get_channel(one.route.channel) for one in wanted}
    partners = {lender for channel in channels.values() for lender in channel.partners}
    days = {one.bought.on for one in wanted}
    room = Room(
        store.lock_exposures(conn, sorted({load_book().partners[lender].group for lender in partners})),
        store.lock_quotas(conn, [(one.route.channel, one.bought.on) for one in wanted]),
        store.read_standings(conn), {on: store.find_base(conn, on) for on in days}, named,
    )  # fmt: skip
    rules = {on: choose_rules(on) for on in days}
    before = dict(room.exposures)
    made: list[NewLoan] = []
    shared: list[Wanted] = []
    for one in wanted:
        in_force = rules[one.bought.on]
        if isinstance(in_force, Refusal):
            continue  # no rule of that day is known: nobody else may lend
        made.append(_plan(one, in_force, room))
        shared.append(one)
    if made:
        store.insert_loans(conn, made, now=now)
        store_following.insert_captures(
            conn,
            [
                store_following.Capture(
                    one.bought.purchase_id, one.bought.fact_id, one.bought.account_id, loan_of(one.bought), one.customer
                )
                for one in shared
            ],
        )
        store.save_exposures(conn, {group: room.exposures[group] - before[group] for group in before})
        store.save_quotas(conn, room.quotas)
        catch_up(conn, [one.bought for one in shared], now=now)
        store_reached.mark(conn, [(one.bought.account_id, one.bought.on) for one in shared])
    return len(made)


def _plan(one: Wanted, rules: FundingRules, room: Room) -> NewLoan:
    """How a purchase is shared; what is lent is taken from the room."""
    channel, minor, on = get_channel(one.route.channel), one.bought.principal_minor, one.bought.on
    groups = {lender: load_book().partners[lender].group for lender in channel.partners}
    ask = ShareAsk(
        channel=channel, principal_minor=minor, groups=groups, standings=room.standings,
        exposure=Exposure(by_group=room.exposures, joint_minor=room.exposures[store.ALL]), base=room.bases[on],
        named=room.named.get(one.customer, frozenset()),
    )  # fmt: skip
    plan = plan_shares(ask, rules)
    if isinstance(plan, Refusal):
        plan = _alone(minor, (plan.sentence,))
    own = next(share.principal_minor for share in plan.shares if share.lender == OWN)
    lent = room.quotas[channel.code, on] + minor - own
    if minor > own and lent > one.route.quota_day_minor:
        plan, own = _alone(minor, (*plan.reasons, f"the quota of {channel.code} on {on} is used up")), minor
    elif minor > own:
        room.quotas[channel.code, on] = lent
    shares = [(share, groups.get(share.lender, "")) for share in plan.shares]
    joint = {group for _, group in shares if group}
    for group in joint and {store.ALL, *joint}:
        room.exposures[group] += own
    loan = FundedLoan(loan_of(one.bought), channel.code, minor, on, list(plan.reasons))
    return NewLoan(loan, shares, room.bases[on])


def _alone(minor: int, reasons: tuple[str, ...]) -> SharePlan:
    return SharePlan(shares=(LenderShare(lender=OWN, share_ppm=PPM, principal_minor=minor),), reasons=reasons)


__all__ = ["Followed", "follow_books", "load_routings"]
