"""Auto-debit: wishes made with the account locked, the bank asked after commit, its answers booked once.

One account has at most one open question, so a source that has not answered is never doubled by another one. A timeout
leaves the question open: the bank is asked later what became of the key. Every step is a transaction of its own; after
a kill at any point the next run goes on from there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import psycopg

from honghua.base.dates import from_day
from honghua.base.errors import BadInput, WorldFailed
from honghua.credit import store, store_debits
from honghua.credit.api import execute, list_sources, set_sources
from honghua.credit.banking.bank import Bank, DebitAnswer, Paid
from honghua.credit.core.account import Account
from honghua.credit.core.commands import Repay
from honghua.credit.core.debiting import (
    SOURCE_CODES,
    Pays,
    Source,
    SourceKind,
    compute_wanted,
    find_due_on,
    find_next_source,
)  # fmt: skip
from honghua.credit.core.layout import H_TERMS
from honghua.credit.core.terms import ProductTerms
from honghua.credit.registry import Registry
from honghua.credit.store_debits import Debit, list_debits
from honghua.credit.viewing.reading import load_current
from honghua.store.database import run_unit
from honghua.store.wishes import Wish, WishState, make_wishes, settle_wish, take_wishes

WISH_KIND = "credit.debit"
PLAN_AT_ONCE = 1_000
CALLS_AT_ONCE = 100
ROUNDS_MAX = 40  # more than the sources that a customer may have
TRIES_MAX = 200
LEASE = dt.timedelta(minutes=10)
ASK_AGAIN_AFTER = dt.timedelta(minutes=15)


@dataclass(slots=True)
class DebitReport:
    """What a run did.

    unbooked   money taken that could not be booked yet; tried again
    dropped    no longer needed, never sent
    stuck      never answered: a person must look
    unknown    answers to what nobody had asked
    """

    bank: str
    asked: int = 0
    paid: int = 0
    paid_minor: int = 0
    declined: int = 0
    timed_out: int = 0
    dropped: int = 0
    unbooked: int = 0
    stuck: int = 0
    unknown: int = 0

    def add(self, other: DebitReport) -> None:
        """Count another report's figures in."""
        for column in fields(self):
            if column.name != "bank":
                setattr(self, column.name, getattr(self, column.name) + getattr(other, column.name))


def run_debits(conn: psycopg.Connection, registry: Registry, bank: Bank, *, slot: int, now: dt.datetime) -> DebitReport:
    """Debit everything due or overdue on the business date: one run of the day (`slot` 1 … 9), source after source.

    Each source is asked at most once in a run. Running it again, also after a kill, asks only what was not asked and
    settles what was left open. now: aware instant; open questions of earlier runs are looked at when their time has
    come.
    """
    total = DebitReport(bank.name)
    for _ in range(ROUNDS_MAX):
        served = serve_wishes(conn, registry, bank, now=now)
        served.asked = plan_debits(conn, registry, slot=slot, now=now)
        total.add(served)
        if served.asked == 0:
            break
    return total


def plan_debits(conn: psycopg.Connection, registry: Registry, *, slot: int, now: dt.datetime) -> int:
    """Wish for the next debit of every account that needs one; how many wishes are new."""
    after = new = 0
    while True:
        count, last = run_unit(conn, lambda c, after=after: _plan_page(c, registry, after, slot, now))  # type: ignore[misc]
        new += count
        if last is None:
            return new
        after = last


def _plan_page(
    conn: psycopg.Connection, registry: Registry, after: int, slot: int, now: dt.datetime
) -> tuple[int, int | None]:
    today = store.get_business_day(conn, share=True)
    ids = store_debits.list_due_accounts(conn, after=after, today=today, slot=slot, limit=PLAN_AT_ONCE)
    if len(ids) == 0:
        return 0, None
    sources = store_debits.list_sources(conn, ids)
    accounts = load_current(conn, registry, ids, lock=True)
    terms_ids = {account.account_id: int(account.head[H_TERMS]) for account in accounts}
    asked = store_debits.list_asked(conn, ids, today=today, slot=slot)
    debits = []
    for account in accounts:
        source = find_next_source(sources.get(account.account_id, []), asked.get(account.account_id, []))
        wanted = compute_wanted(account, source.pays) if source is not None and account.is_open else 0
        if source is not None and wanted > 0:
            debits.append(_make_debit(account, source, wanted, today=today, slot=slot))
    new = store_debits.insert_debits(conn, debits)
    kept = [debit for debit in debits if debit.key in new]
    make_wishes(
        conn,
        kind=WISH_KIND,
        keys=[debit.key for debit in kept],
        due_at=now,
        bodies=[_make_body(debit, registry.terms[terms_ids[debit.account_id]]) for debit in kept],
    )
    return len(kept), int(ids[-1]) if len(ids) == PLAN_AT_ONCE else None


def _make_debit(account: Account, source: Source, wanted: int, *, today: dt.date, slot: int) -> Debit:
    due_on = from_day(find_due_on(account))
    name = f"{account.account_id}:{due_on}:{today}.{slot}:{source.kind}:{source.reference}"
    return Debit(
        f"debit:{name}",
        account.account_id,
        account.customer_ref,
        due_on,
        today,
        slot,
        source.kind.value,
        source.reference,
        source.pays.value,
        wanted,
    )


def _make_body(debit: Debit, terms: ProductTerms) -> dict[str, Any]:
    """What the bank will be told beside the key: frozen with the wish, for one key must always ask for the same."""
    return {
        "customer": debit.customer,
        "amount_minor": debit.amount_minor,
        "currency": terms.currency,
        "at_least_minor": 1 if terms.debit_partial else debit.amount_minor,
    }


def serve_wishes(conn: psycopg.Connection, registry: Registry, bank: Bank, *, now: dt.datetime) -> DebitReport:
    """Ask the bank for everything wished for whose time has come, and book what it answers."""
    total = DebitReport(bank.name)
    while True:
        wishes = run_unit(conn, lambda c: take_wishes(c, WISH_KIND, CALLS_AT_ONCE, now=now, lease=LEASE))
        if not wishes:
            return total
        total.add(_serve(conn, registry, bank, wishes, now))


def _serve(
    conn: psycopg.Connection, registry: Registry, bank: Bank, wishes: Sequence[Wish], now: dt.datetime
) -> DebitReport:
    debits = store_debits.load_debits(conn, [wish.key for wish in wishes])
    unneeded = _find_unneeded(conn, registry, [debits[wish.key] for wish in wishes if wish.tries == 1])
    answers: dict[str, DebitAnswer] = {}
    unanswered: list[Wish] = []
    for wish in wishes:
        debit = debits[wish.key]
        if debit.state != "asked" or debit.key in unneeded:
            continue
        try:
            answers[wish.key] = ask_bank(bank, debit, wish)
        except (
            WorldFailed,
            BadInput,
        ):  # however a bank fails, or turns a question away, what it did is unknown, and the next is asked
            unanswered.append(wish)
    report = accept_answers(conn, registry, answers, now=now)
    report.bank = bank.name
    _settle(conn, [wish for wish in wishes if wish not in unanswered], unanswered, unneeded, now)
    report.dropped = len(unneeded)
    report.timed_out = len(unanswered)
    report.stuck = sum(wish.tries >= TRIES_MAX for wish in unanswered)
    return report


def _find_unneeded(conn: psycopg.Connection, registry: Registry, unsent: Sequence[Debit]) -> set[str]:
    """Keys of questions never sent whose account has meanwhile been settled in another way."""
    ids = np.array([debit.account_id for debit in unsent if debit.state == "asked"], np.int64)
    accounts = {account.account_id: account for account in load_current(conn, registry, ids)} if len(ids) else {}
    return {
        debit.key
        for debit in unsent
        if debit.account_id in accounts and compute_wanted(accounts[debit.account_id], Pays(debit.pays)) == 0
    }


def ask_bank(bank: Bank, debit: Debit, wish: Wish) -> DebitAnswer:
    """One answer for one key. When the key may have been sent before, first ask what became of it.

    That the bank doesn't know it is no proof that it never will, so the same key is sent again: under it money is taken
    once.
    """
    answer = bank.find(debit.key) if wish.tries > 1 else None
    if answer is None:
        answer = bank.debit(
            key=debit.key,
            source=debit.source,
            amount_minor=wish.body["amount_minor"],
            currency=wish.body["currency"],
            at_least_minor=wish.body["at_least_minor"],
        )
    if isinstance(answer, Paid) and not 0 < answer.taken_minor <= wish.body["amount_minor"]:
        raise WorldFailed(f"{bank.name} says that it took what it was not asked for", code="BANK_ANSWER_WRONG")
    return answer


def accept_answers(
    conn: psycopg.Connection, registry: Registry, answers: Mapping[str, DebitAnswer], *, now: dt.datetime
) -> DebitReport:
    """Book a bank's answers by key, also those that arrive by themselves, late, or twice: money is booked once.

    A repayment counts from the business date on which its source was asked: our bank's slowness costs the customer
    nothing. A "paid" after a "declined" is booked, a "declined" after a "paid" changes nothing. Keys that nobody asked
    for count as `unknown`.
    """
    report = DebitReport("")
    debits = store_debits.load_debits(conn, list(answers))
    report.unknown = len(answers) - len(debits)
    fresh = {key: answers[key] for key, debit in debits.items() if debit.state != "paid"}
    paid = {key: answer for key, answer in fresh.items() if isinstance(answer, Paid)}
    booked = _book(conn, registry, [debits[key] for key in paid], paid, now)
    notes: list[tuple[str, str, int | None, str | None]] = []
    for key, answer in fresh.items():
        if isinstance(answer, Paid) and key in booked:
            notes.append((key, "paid", answer.taken_minor, None))
            report.paid_minor += answer.taken_minor
        elif not isinstance(answer, Paid) and debits[key].state != "declined":
            notes.append((key, "declined", None, answer.reason.value))
            report.declined += 1
    if notes:
        run_unit(conn, lambda c: store_debits.answer_debits(c, notes, now=now))
    report.paid = len(booked)
    report.unbooked = len(paid) - len(booked)
    return report


def _book(
    conn: psycopg.Connection, registry: Registry, debits: Sequence[Debit], paid: Mapping[str, Paid], now: dt.datetime
) -> set[str]:
    """Repayments under keys made from the wishes' keys; the debits whose money stands in the books now."""
    commands = [
        Repay(
            key=f"{debit.key}:paid",
            customer=debit.customer,
            on=debit.asked_on,
            amount_minor=paid[debit.key].taken_minor,
            source=SOURCE_CODES[SourceKind(debit.kind)],
            reference=debit.key,
        )
        for debit in debits
    ]
    answers = execute(conn, registry, commands, now=now) if commands else []
    return {debit.key for debit, answer in zip(debits, answers, strict=True) if answer["outcome"] == "done"}


def _settle(
    conn: psycopg.Connection, finished: Sequence[Wish], unanswered: Sequence[Wish], unneeded: set[str], now: dt.datetime
) -> None:
    """Say how taken wishes ended, in one transaction; one whose question is still open waits for another try."""

    def work(c: psycopg.Connection) -> None:
        if unneeded:
            store_debits.answer_debits(c, [(key, "dropped", None, None) for key in sorted(unneeded)], now=now)
        stuck = [wish.key for wish in unanswered if wish.tries >= TRIES_MAX]
        if stuck:
            store_debits.answer_debits(c, [(key, "stuck", None, "the bank never answered") for key in stuck], now=now)
        states = store_debits.load_debits(c, [wish.key for wish in (*finished, *unanswered)])
        for wish in (*finished, *unanswered):
            state = states[wish.key].state
            if state == "asked":
                settle_wish(
                    c, wish, WishState.WAITING, now=now, due_at=now + ASK_AGAIN_AFTER, error="no answer booked yet"
                )
            else:
                settle_wish(c, wish, WishState.FAILED if state == "stuck" else WishState.DONE, now=now)

    run_unit(conn, work)


__all__ = [
    "DebitReport",
    "accept_answers",
    "list_debits",
    "list_sources",
    "plan_debits",
    "run_debits",
    "serve_wishes",
    "set_sources",
]
