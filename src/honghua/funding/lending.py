"""Joint loans: shared when they are given, and every event after that shared among their lenders to the cent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound, Refusal
from honghua.base.money import split
from honghua.funding import store, store_following
from honghua.funding.core.agreements import OWN, Book, Channel, Partner, parse_book
from honghua.funding.core.bounds import (
    Exposure,
    FundingBase,
    FundingRules,
    LenderShare,
    ShareAsk,
    choose_rules,
    plan_shares,
)
from honghua.funding.core.splitting import EARNS, LOWERS, MovementKind, share_movement
from honghua.funding.store import FundedLoan, FundingMovement, NewLoan
from honghua.funding.store_following import AccountPart

DIRECT: Final = "direct"
DAYS_MAX: Final = 400
MOVES_EXPOSURE: Final = LOWERS | {MovementKind.PRINCIPAL_BACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """How a loan is shared. brands: whose names the customer sees before consenting; reporters: lender -> its code at the bureau.

    Each lender reports its own part under its own code; reasons: why the loan is not shared as its channel says.
    """

    loan: str
    channel: str
    principal_minor: int
    shares: tuple[LenderShare, ...]
    brands: tuple[str, ...]
    reporters: dict[str, str]
    reasons: tuple[str, ...]


@cache
def load_book() -> Book:
    """Partners and channels of funding/data."""
    folder = resources.files("honghua.funding").joinpath("data")
    partners, channels = (
        folder.joinpath(name).read_text(encoding="utf-8").splitlines() for name in ("partners.csv", "channels.csv")
    )
    return parse_book(partners, channels, source="funding/data")


def get_channel(code: str) -> Channel:
    """One channel; NotFound."""
    channel = load_book().channels.get(code)
    if channel is None:
        raise NotFound(f"no channel {code!r}", code="CHANNEL_UNKNOWN")
    return channel


def name_lenders(channel: str) -> tuple[Partner, ...]:
    """Who lends under a channel: what the customer is shown before consenting."""
    return tuple(load_book().partners[lender] for lender, _ in get_channel(channel).shares)


def allocate(
    conn: psycopg.Connection, *, loan: str, channel: str = DIRECT, principal_minor: int, on: dt.date, now: dt.datetime
) -> Allocation | Refusal:
    """Share a new loan under a channel; in the caller's transaction. The same loan again is the same allocation, another one Conflict.

    Bounds are looked at with the exposures locked, so that loans given at one moment cannot exceed them together. Where a partner may
    not or cannot lend, its share is ours; refused only when the channel itself breaks the rules in force.
    """
    return allocate_named(conn, FundedLoan(loan, channel, principal_minor, on, []), None, now=now)


def allocate_named(
    conn: psycopg.Connection, wish: FundedLoan, named: frozenset[str] | None, *, now: dt.datetime
) -> Allocation | Refusal:
    """The same for a loan of a customer; named: the lenders that their contract names, None = nobody's contract is asked."""
    agreed = get_channel(wish.channel)
    store.lock_loan(conn, wish.loan)
    known = store.find_loan(conn, wish.loan)
    if known is not None:
        if (known.channel, known.principal_minor, known.lent_on) != (wish.channel, wish.principal_minor, wish.lent_on):
            raise Conflict(f"loan {wish.loan!r} was shared otherwise", code="LOAN_KNOWN")
        return _allocation(known, store.list_shares(conn, wish.loan))
    rules = choose_rules(wish.lent_on)
    if isinstance(rules, Refusal):
        return rules
    return _share(conn, agreed, wish, rules, named, now=now)


def _share(
    conn: psycopg.Connection,
    channel: Channel,
    loan: FundedLoan,
    rules: FundingRules,
    named: frozenset[str] | None,
    *,
    now: dt.datetime,
) -> Allocation | Refusal:
    groups = {lender: load_book().partners[lender].group for lender in channel.partners}
    out = store.lock_exposures(conn, list(groups.values())) if groups else {store.ALL: 0}
    base = store.find_base(conn, loan.lent_on)
    ask = ShareAsk(
        channel=channel, principal_minor=loan.principal_minor, groups=groups, standings=store.read_standings(conn),
        exposure=Exposure(by_group=out, joint_minor=out[store.ALL]), base=base, named=named,
    )  # fmt: skip
    plan = plan_shares(ask, rules)
    if isinstance(plan, Refusal):
        return plan
    made = replace(loan, reasons=list(plan.reasons))
    rows = [(share, groups.get(share.lender, "")) for share in plan.shares]
    store.insert_loans(conn, [NewLoan(made, rows, base)], now=now)
    own = next(share.principal_minor for share in plan.shares if share.lender == OWN)
    store.add_exposure(conn, sorted({group for _, group in rows if group}), own)
    return _allocation(made, list(plan.shares))


def _allocation(loan: FundedLoan, shares: list[LenderShare]) -> Allocation:
    partners = load_book().partners
    return Allocation(
        loan=loan.loan, channel=loan.channel, principal_minor=loan.principal_minor, shares=tuple(shares),
        brands=tuple(partners[share.lender].brand for share in shares),
        reporters={share.lender: partners[share.lender].reporter for share in shares}, reasons=tuple(loan.reasons),
    )  # fmt: skip


def get_allocation(conn: psycopg.Connection, loan: str) -> Allocation:
    """How a loan is shared; NotFound."""
    known = store.find_loan(conn, loan)
    if known is None:
        raise NotFound(f"no loan {loan!r} is shared", code="LOAN_UNKNOWN")
    return _allocation(known, store.list_shares(conn, loan))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanEvent:
    """One thing that happened to a loan. key: of the event, once; amount minor units > 0."""

    key: str
    loan: str
    kind: MovementKind
    amount_minor: int
    on: dt.date


def record(conn: psycopg.Connection, event: LoanEvent, *, now: dt.datetime) -> dict[str, int]:
    """lender -> its part of an event; Σ = the amount. In the caller's transaction; the same key again is the same answer.

    NotFound for a loan that is not shared; BadInput when more is repaid, refunded, written off or given back than is there.
    """
    if event.amount_minor <= 0:
        raise BadInput("an event moves more than nothing", code="AMOUNT_INVALID")
    store.lock_loan(conn, event.loan)
    before = store.list_of_key(conn, event.key)
    if before:
        first = before[0]
        if (first.loan, first.kind, first.whole_minor) != (event.loan, event.kind.value, event.amount_minor):
            raise Conflict(f"key {event.key!r} told of another event", code="KEY_REUSED")
        return {one.lender: one.amount_minor for one in before}
    known = store.find_loan(conn, event.loan)
    if known is None:
        raise NotFound(f"no loan {event.loan!r} is shared", code="LOAN_UNKNOWN")
    groups = store.list_groups(conn, [event.loan])
    if groups and event.kind in MOVES_EXPOSURE:
        store.lock_exposures(conn, groups)
    positions = store.lock_positions(conn, event.loan)
    parts, after = share_movement(positions, event.kind, event.amount_minor)
    told = {one.lender: part for one, part in zip(positions, parts, strict=True)}
    on = max([event.on, *store.list_held_from(conn, event.loan)])  # not before who holds it now
    store.insert_movements(conn, list(told.items()), (event.key, event.loan, event.kind.value), on, now=now)
    store.save_positions(conn, event.loan, after)
    if event.kind in LOWERS:
        store.add_exposure(conn, groups, -told[OWN])
    elif event.kind is MovementKind.PRINCIPAL_BACK:
        store.add_exposure(conn, groups, told[OWN])
    if event.kind in EARNS or event.kind is MovementKind.INTEREST_BACK:
        _share_revenue(conn, event, get_channel(known.channel))
    return told


def _share_revenue(conn: psycopg.Connection, event: LoanEvent, channel: Channel) -> None:
    """What was earned goes to the parties of the agreement, a part that was sold to its buyer.

    The part of a lender that never took part in this loan is ours.
    """
    holders = store.find_holders(conn, event.loan)
    ppm: dict[str, int] = {}
    for party, share in channel.revenue:
        goes_to = holders.get(party, OWN) if party in channel.partners else party
        ppm[goes_to] = ppm.get(goes_to, 0) + share
    parts = split(event.amount_minor, list(ppm.values()))
    rows = [(party, share, part) for (party, share), part in zip(ppm.items(), parts, strict=True)]
    store.insert_revenue(conn, event.key, rows, sign=-1 if event.kind is MovementKind.INTEREST_BACK else 1)


def read_parts(
    conn: psycopg.Connection, account_ids: Sequence[int], *, days: tuple[dt.date, dt.date]
) -> dict[int, list[AccountPart]]:
    """account -> what each other lender has in it on the last of some days, and got on them; who shares nothing is not there."""
    found: dict[int, list[AccountPart]] = {}
    for part in store_following.list_parts(conn, account_ids, days):
        found.setdefault(part.account_id, []).append(part)
    return found


def get_reporter(lender: str) -> str:
    """Under which code a lender reports to the bureau; NotFound for nobody's name."""
    partner = load_book().partners.get(lender)
    if partner is None:
        raise NotFound(f"no lender {lender!r}", code="LENDER_UNKNOWN")
    return partner.reporter


def list_of_lender(conn: psycopg.Connection, lender: str, *, days: tuple[dt.date, dt.date]) -> list[FundingMovement]:
    """What happened to one lender's parts on some days (both inside), and to nobody else's."""
    if (days[1] - days[0]).days > DAYS_MAX:
        raise BadInput(f"at most {DAYS_MAX} days at a time")
    return store.list_of_lender(conn, lender, days=days)


def sum_revenue(conn: psycopg.Connection, days: tuple[dt.date, dt.date]) -> dict[str, int]:
    """party -> its share of what was earned on some days (both inside), minor units."""
    return store.sum_revenue(conn, days)


def read_exposures(conn: psycopg.Connection) -> dict[str, int]:
    """group of partners -> our own part of the loans that are out together with it, minor units; what concentration counts."""
    return {group: minor for group, minor in store.read_exposures(conn).items() if group != store.ALL}


def read_joint_total(conn: psycopg.Connection) -> int:
    """Our own part of all joint loans that are out, minor units; a loan shared with two partners counts once."""
    return store.read_exposures(conn).get(store.ALL, 0)


def report_base(conn: psycopg.Connection, base: FundingBase, *, source: str, now: dt.datetime) -> None:
    """Capital and loans of a day, by which concentrations are measured from then on. Conflict when the day was reported."""
    if base.tier1_minor < 0 or base.loans_minor < 0 or not source.strip():
        raise BadInput("a base is not below zero and says where it is from", code="BASE_INVALID")
    if not store.insert_base(conn, base, source=source, now=now):
        raise Conflict(f"{base.on} was reported already", code="BASE_KNOWN")
