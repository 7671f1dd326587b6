"""Shared loans follow the books: what the journal does to an account whose purchases are loans is recorded for their lenders.

An account is followed from its beginning, its unshared purchases too, as they stand in one line with the shared ones. Keys are made
of fact ids, and cursor and movements are one transaction: each entry counts once. Accounts with new facts are looked at at once; a few
that nobody looked at for longest come along each time, so that entries without a fact are seen too and no look costs more than a page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.base.errors import Refusal
from honghua.facts.kinds import FactKind
from honghua.funding import store_following as store
from honghua.funding import store_reached
from honghua.funding.core.attributing import BookEntry, Item, Told, attribute
from honghua.funding.core.splitting import MovementKind
from honghua.funding.lending import DIRECT, Allocation, LoanEvent, allocate_named, get_allocation, record
from honghua.funding.naming import find_named
from honghua.funding.store import FundedLoan, lock_loan
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.facts import read_facts
from honghua.store.finality import read_final_txid

PRINCIPAL: Final = (Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT)
OLDEST: Final = 500  # accounts that are looked at although nothing was heard of them


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtOnCredit:
    """A capture that is to be shared: of a purchase, or of a part of one; minor units. fact_id: of the capture."""

    purchase_id: int
    fact_id: int
    account_id: int
    principal_minor: int
    on: dt.date


@dataclass(frozen=True, slots=True)
class FactSeen:
    """What of a fact the follower needs. reverses: id of the fact that it takes back, 0 = none."""

    kind: int
    purchase_id: int
    amount_minor: int
    reverses: int


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What is known of some accounts: capture -> loan, account -> its items, fact id -> fact."""

    loans: Mapping[int, str]
    items: dict[int, list[Item]]
    facts: Mapping[int, FactSeen]


def allocate_purchase(
    conn: psycopg.Connection, bought: BoughtOnCredit, *, channel: str = DIRECT, now: dt.datetime
) -> Allocation | Refusal:
    """Share a capture under a channel; from then on its loan follows the account's journal. In the caller's transaction.

    Only lenders that the customer's contract names share it (`naming`), what the others would have is ours.
    The same capture again is the same allocation, whatever channel is asked for then.
    """
    loan = loan_of(bought)
    lock_loan(conn, loan)  # whoever shares the same capture at this moment has ended, or waits for us
    if store.is_shared(conn, loan):
        return get_allocation(conn, loan)
    customer = ledger.find_refs(conn, owner_ids=[bought.account_id]).get(bought.account_id, "")
    named = find_named(conn, [customer]).get(customer, frozenset())
    made = allocate_named(conn, FundedLoan(loan, channel, bought.principal_minor, bought.on, []), named, now=now)
    if isinstance(made, Allocation):
        store.insert_captures(
            conn, [store.Capture(bought.purchase_id, bought.fact_id, bought.account_id, loan, customer)]
        )
        store.lock_account(conn, bought.account_id)
        catch_up(conn, [bought], now=now)
        store_reached.mark(conn, [(bought.account_id, bought.on)])
    return made


def catch_up(conn: psycopg.Connection, made: Sequence[BoughtOnCredit], *, now: dt.datetime) -> None:
    """What the follower saw of captures before anybody said that they are loans: their accounts have other ones."""
    by_fact = {one.fact_id: one for one in made}
    for item in store.list_items_of(conn, [(one.account_id, one.fact_id) for one in made]):
        bought = by_fact[item.fact_id]
        seen = [
            Told(item.fact_id, MovementKind.PRINCIPAL, item.paid_minor),
            Told(item.fact_id, MovementKind.WRITE_OFF, item.written_off_minor),
        ]
        told = [one for one in seen if one.amount_minor]
        _record_all(conn, told, {item.fact_id: loan_of(bought)}, f"fact:{item.fact_id}", bought.on, now)


def loan_of(bought: BoughtOnCredit) -> str:
    """The name of the loan that a capture is."""
    return f"purchase:{bought.purchase_id}:{bought.fact_id}"


def follow_accounts(conn: psycopg.Connection, seen: Sequence[int], *, now: dt.datetime) -> int:
    """Record what the journal did to accounts with shared loans: those seen, and the oldest; how many movements.

    In the caller's transaction. seen: accounts of which something was heard; who has no shared loan does not matter.
    """
    until = read_final_txid(conn)
    cursors = {
        account: txid for account, txid in store.lock_accounts(conn, seen, oldest=OLDEST).items() if txid < until
    }
    rows: dict[int, list[ledger.OwnerChange]] = {}
    for change in ledger.read_owner_changes(conn, cursors, until_txid=until):
        rows.setdefault(change.owner_id, []).append(change)
    moved = 0
    if rows:
        known = Ledgers(
            store.list_loans(conn, list(rows)), store.list_items(conn, list(rows)), _read_facts(conn, list(rows))
        )
        saved: list[tuple[int, Item]] = []
        reached: list[tuple[int, dt.date]] = []
        for account, changes in rows.items():
            items = known.items.get(account, [])
            before = {item.fact_id: replace(item) for item in items}
            told = _follow_account(conn, items, changes, known, now=now)
            moved += told
            reached += [(account, from_day(min(one.booked_on for one in changes)))] if told else []
            saved += [(account, item) for item in items if before.get(item.fact_id) != item]
        store.save_items(conn, saved)
        store_reached.mark(conn, reached)
    store.move_accounts(conn, list(cursors), until)
    return moved


def _follow_account(
    conn: psycopg.Connection, items: list[Item], changes: list[ledger.OwnerChange], known: Ledgers, *, now: dt.datetime
) -> int:
    facts, moved = known.facts, 0
    for change in changes:
        fact = facts.get(change.fact_id)
        taken_back = facts.get(fact.reverses) if fact is not None else None
        told = attribute(items, _entry_of(change, fact, taken_back))
        key = f"fact:{change.fact_id}" if change.fact_id else f"entry:{change.entry_id}"
        on = from_day(change.booked_on)
        moved += _record_all(conn, told, known.loans, key, on, now)
        if fact is not None and taken_back is not None and taken_back.kind == FactKind.REPAYMENT_RECEIVED:
            moved += _give_back(conn, fact.reverses, key, on, now)
    return moved


def _record_all(
    conn: psycopg.Connection, told: list[Told], loans: Mapping[int, str], key: str, on: dt.date, now: dt.datetime
) -> int:
    sums: dict[tuple[str, MovementKind], int] = {}
    for one in told:
        loan = loans.get(one.fact_id)
        if loan is not None:
            sums[loan, one.kind] = sums.get((loan, one.kind), 0) + one.amount_minor
    return _record_sums(conn, sums, key, on, now)


def _record_sums(
    conn: psycopg.Connection, sums: Mapping[tuple[str, MovementKind], int], key: str, on: dt.date, now: dt.datetime
) -> int:
    for (loan, kind), minor in sums.items():
        event = LoanEvent(key=f"{key}:{loan}:{kind.value}", loan=loan, kind=kind, amount_minor=minor, on=on)
        record(conn, event, now=now)
    return len(sums)


def _give_back(conn: psycopg.Connection, fact_id: int, key: str, on: dt.date, now: dt.datetime) -> int:
    """What a repayment had earned is not earned where it is reversed."""
    earned = {(loan, MovementKind.INTEREST_BACK): minor for loan, minor in store.list_earned(conn, fact_id)}
    return _record_sums(conn, earned, key, on, now)


def _entry_of(change: ledger.OwnerChange, fact: FactSeen | None, taken_back: FactSeen | None) -> BookEntry:
    moved = change.changes_minor
    return BookEntry(
        kind=change.kind, fact_id=change.fact_id, purchase_id=0 if fact is None else fact.purchase_id,
        amount_minor=0 if fact is None else fact.amount_minor, principal_minor=sum(moved.get(part, 0) for part in PRINCIPAL),
        interest_minor=-moved.get(Component.INTEREST, 0), fee_minor=-moved.get(Component.FEE, 0),
        penalty_minor=-moved.get(Component.PENALTY, 0), reverses=None if taken_back is None else taken_back.kind,
    )  # fmt: skip


def _read_facts(conn: psycopg.Connection, accounts: Sequence[int]) -> dict[int, FactSeen]:
    facts = read_facts(conn, np.array(accounts, np.int64))
    columns = (facts.fact_id, facts.kind, facts.purchase_id, facts.amount_minor, facts.reverses_fact_id)
    return {
        fact_id: FactSeen(kind, purchase, amount, reverses)
        for fact_id, kind, purchase, amount, reverses in zip(
            *(np.asarray(column).tolist() for column in columns), strict=True
        )
    }


__all__ = ["BoughtOnCredit", "allocate_purchase", "catch_up", "follow_accounts", "loan_of"]
