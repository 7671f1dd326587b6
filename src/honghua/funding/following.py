"""Shared loans follow the books: what the journal does to an account whose purchases are loans is recorded for their lenders.

An account is followed from its beginning, its unshared purchases too, as they stand in one line with the shared ones. Keys are made
of fact ids, and cursor and movements are one transaction: each entry counts once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.base.errors import Refusal
from honghua.facts.kinds import FactKind
from honghua.funding import store_following as store
from honghua.funding.core.attributing import BookEntry, Told, attribute
from honghua.funding.core.splitting import MovementKind
from honghua.funding.lending import DIRECT, Allocation, LoanEvent, allocate, get_allocation, record
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.facts import read_facts
from honghua.store.finality import read_final_txid

PRINCIPAL: Final = (Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtOnCredit:
    """A captured purchase that is to be shared; minor units."""

    purchase_id: int
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


def allocate_purchase(
    conn: psycopg.Connection, bought: BoughtOnCredit, *, channel: str = DIRECT, now: dt.datetime
) -> Allocation | Refusal:
    """Share a captured purchase under a channel; from then on its loan follows the account's journal. In the caller's transaction.

    The same purchase again is the same allocation, whatever channel is asked for then.
    """
    loan = loan_of(bought.purchase_id)
    if bought.purchase_id in store.list_loans(conn, bought.account_id):
        return get_allocation(conn, loan)
    made = allocate(conn, loan=loan, channel=channel, principal_minor=bought.principal_minor, on=bought.on, now=now)
    if isinstance(made, Allocation):
        store.insert_purchase(conn, bought.purchase_id, bought.account_id, loan)
        _catch_up(conn, bought, loan, now=now)
    return made


def _catch_up(conn: psycopg.Connection, bought: BoughtOnCredit, loan: str, *, now: dt.datetime) -> None:
    """What the follower saw of a purchase before anybody said that it is a loan: its account has another one."""
    store.lock_account(conn, bought.account_id)
    for item in store.list_items(conn, bought.account_id):
        if item.purchase_id == bought.purchase_id:
            seen = [
                Told(item.purchase_id, MovementKind.PRINCIPAL, item.paid_minor),
                Told(item.purchase_id, MovementKind.WRITE_OFF, item.written_off_minor),
            ]
            told = [one for one in seen if one.amount_minor]
            _record_all(conn, told, {item.purchase_id: loan}, f"fact:{item.fact_id}", bought.on, now)


def loan_of(purchase_id: int) -> str:
    """The name of the loan that a purchase is."""
    return f"purchase:{purchase_id}"


def follow_books(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Record what the journal did to shared loans since the last call; how many movements. In the caller's transaction."""
    until = read_final_txid(conn)
    cursors = {account: txid for account, txid in store.lock_accounts(conn).items() if txid < until}
    moved = 0
    rows: dict[int, list[ledger.OwnerChange]] = {}
    for change in ledger.read_owner_changes(conn, cursors, until_txid=until):
        rows.setdefault(change.owner_id, []).append(change)
    for account, changes in rows.items():
        moved += _follow_account(conn, account, changes, now=now)
    store.move_accounts(conn, list(cursors), until)
    return moved


def _follow_account(
    conn: psycopg.Connection, account: int, changes: list[ledger.OwnerChange], *, now: dt.datetime
) -> int:
    loans, items = store.list_loans(conn, account), store.list_items(conn, account)
    facts = _read_facts(conn, account)
    moved = 0
    for change in changes:
        fact = facts.get(change.fact_id)
        taken_back = facts.get(fact.reverses) if fact is not None else None
        told = attribute(items, _entry_of(change, fact, taken_back))
        key = f"fact:{change.fact_id}" if change.fact_id else f"entry:{change.entry_id}"
        on = from_day(change.booked_on)
        moved += _record_all(conn, told, loans, key, on, now)
        if fact is not None and taken_back is not None and taken_back.kind == FactKind.REPAYMENT_RECEIVED:
            moved += _give_back(conn, fact.reverses, key, on, now)
    store.save_items(conn, account, items)
    return moved


def _record_all(
    conn: psycopg.Connection, told: list[Told], loans: Mapping[int, str], key: str, on: dt.date, now: dt.datetime
) -> int:
    sums: dict[tuple[str, MovementKind], int] = {}
    for one in told:
        loan = loans.get(one.purchase_id)
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


def _read_facts(conn: psycopg.Connection, account: int) -> dict[int, FactSeen]:
    facts = read_facts(conn, np.array([account], np.int64))
    columns = (facts.fact_id, facts.kind, facts.purchase_id, facts.amount_minor, facts.reverses_fact_id)
    return {
        fact_id: FactSeen(kind, purchase, amount, reverses)
        for fact_id, kind, purchase, amount, reverses in zip(
            *(np.asarray(column).tolist() for column in columns), strict=True
        )
    }


__all__ = ["BoughtOnCredit", "allocate_purchase", "follow_books", "loan_of"]
