"""One batch of commands in one transaction: load and lock, let days pass, decide in order, book. The shell around pure handlers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import store
from honghua.credit.booking import Booking, Cause
from honghua.credit.core import commands as c
from honghua.credit.core.account import Account, event_row
from honghua.credit.core.desk import Answer, Desk, Result, view_purchase
from honghua.credit.core.dispatch import handle
from honghua.credit.core.layout import S_OWN_MINIMUM, S_SEQ
from honghua.credit.core.refusals import refusal
from honghua.credit.refold import refold_account
from honghua.credit.registry import Registry
from honghua.facts.kinds import Fact, FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.commands import save_commands
from honghua.store.facts import FactColumns, allocate_fact_ids, read_facts, read_facts_of_purchases
from honghua.store.ids import allocate

FACTS_PER_COMMAND = 2  # the most that one command books (a refund of a part held and a part bought)
HOLD_KINDS = frozenset({
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.AUTHORISATION_RELEASED, FactKind.FACT_REVERSED,
})  # fmt: skip
Purchases = dict[int, list[tuple[int, Fact]]]


@dataclass(slots=True)
class Unit:
    """The state of one unit of work: accounts in hand, purchases and facts looked up, what will be written."""

    conn: psycopg.Connection
    registry: Registry
    booking: Booking
    accounts: dict[str, Account] = field(default_factory=dict)
    purchases: Purchases = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    reversed_facts: set[int] = field(default_factory=set)
    pending: dict[int, list[tuple[int, Fact]]] = field(default_factory=lambda: defaultdict(list))
    issued: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.booking.today, 0, self.registry.terms, self.registry.terms_ids, self.registry.merchants,
            self.registry.categories, self.purchases, self.facts, self.reversed_facts,
        )  # fmt: skip

    def run(self, commands: Sequence[c.Command], hashes: Sequence[bytes]) -> list[Answer]:
        """Answer commands with new keys, in order, and write everything."""
        self.load(commands)
        command_ids = allocate(self.conn, "store_command_id", len(commands)).tolist()
        fact_ids = iter(allocate_fact_ids(self.conn, FACTS_PER_COMMAND * len(commands)).tolist())
        answers = [
            self.answer(command, command_id, fact_ids)
            for command, command_id in zip(commands, command_ids, strict=True)
        ]
        self.booking.write(self.conn, self.registry.bundle_ids)
        self.write_holds()
        save_commands(
            self.conn, [command.key for command in commands], hashes, [msgspec.json.encode(answer) for answer in answers], command_ids
        )  # fmt: skip
        return answers

    def load(self, commands: Sequence[c.Command]) -> None:
        """Look up names, lock accounts in one order, let their days pass, read the purchases in question."""
        opening = sorted({command.customer for command in commands if isinstance(command, c.OpenAccount)})
        refs = {command.customer for command in commands}
        self.registry.learn_accounts(self.conn, refs)
        orders = [command for command in commands if isinstance(command, c.BuyNow | c.AuthorisePurchase)]
        currency = self.registry.terms[max(self.registry.terms)].currency
        self.registry.learn_merchants(self.conn, (order.merchant for order in orders), currency)
        self.registry.learn_categories(self.conn, (order.category for order in orders))
        ids = np.array(sorted({self.registry.accounts[ref] for ref in refs if ref in self.registry.accounts}), np.int64)
        rows = store.load_accounts(self.conn, ids, lock=True)
        for i in range(len(rows)):
            account = rows.account(i, self.registry.terms_rows)
            self.accounts[account.customer_ref] = account
            if not account.quarantined:
                self.pass_days(account)
        self.prepare_openings([ref for ref in opening if ref not in self.accounts], currency)
        self.load_purchases(commands)

    def prepare_openings(self, refs: Sequence[str], currency: str) -> None:
        """Give customers without an account an empty one to open."""
        if not refs:
            return
        ids = ledger.open_owners(self.conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency=currency)
        for ref, account_id in zip(refs, ids.tolist(), strict=True):
            self.accounts[ref] = Account(account_id, ref, self.registry.terms_rows)

    def load_purchases(self, commands: Sequence[c.Command]) -> None:
        """Facts of the purchases that commands name, and all facts of accounts where one is to be reversed or goods come back."""
        purchase_ids = {
            command.purchase_id for command in commands if isinstance(command, c.CapturePurchase | c.VoidAuthorisation | c.RefundPurchase)
        }  # fmt: skip
        reversals = [command for command in commands if isinstance(command, c.ReverseFact | c.RefundPurchase)]
        ids = sorted(
            {self.accounts[command.customer].account_id for command in reversals if command.customer in self.accounts}
        )
        for fact_id, fact in (
            *each_fact(read_facts(self.conn, np.array(ids, np.int64)) if ids else None),
            *each_fact(
                read_facts_of_purchases(self.conn, np.array(sorted(purchase_ids), np.int64)) if purchase_ids else None
            ),
        ):
            if fact_id not in self.facts:
                self.remember(fact_id, fact)

    def remember(self, fact_id: int, fact: Fact) -> None:
        """Make a fact visible to the handlers of later commands of this batch."""
        self.facts[fact_id] = fact
        if fact.purchase_id:
            self.purchases.setdefault(fact.purchase_id, []).append((fact_id, fact))
        if fact.reverses_fact_id:
            self.reversed_facts.add(fact.reverses_fact_id)

    def pass_days(self, account: Account) -> None:
        """Close every day of an account that lies before the business date: online work never waits for end of day."""
        today = self.booking.today
        while account.needs_days(today):
            stop = account.next_stop(today)
            lines, statement = account.pass_days(stop)
            self.booking.touched[account.account_id] = account
            self.booking.post(account, self.currency(account), lines, Cause(FactKind.DAY_CLOSED, stop))
            if statement is not None:
                self.issued[account.account_id][int(statement[S_SEQ])] = int(statement[S_OWN_MINIMUM])
                self.booking.statements.append(
                    (account.account_id, statement, account.snapshot(), account.last_fact_id)
                )

    def currency(self, account: Account) -> str:
        """Currency of the account's terms."""
        return self.registry.terms[int(account.head[2])].currency

    def answer(self, command: c.Command, command_id: int, fact_ids: Iterable[int]) -> Answer:
        """Decide one command on its account and take its facts into the unit."""
        account = self.accounts.get(command.customer)
        if account is None:
            return refusal("ACCOUNT_UNKNOWN")
        desk = self.desk
        desk.command_id = command_id
        result = handle(command, account, desk)
        if result.decision is not None:
            self.booking.decide(account.account_id, command_id, result.decision)
        booked = self.book(account, result, command_id, fact_ids)
        if booked and result.answer["outcome"] != "refused":
            result.answer["fact_id"] = booked[0]
            if len(booked) > 1:
                result.answer["fact_ids"] = booked
        return result.answer

    def book(self, account: Account, result: Result, command_id: int, fact_ids: Iterable[int]) -> list[int]:
        """Apply a result's facts to the account and collect what they write."""
        booked = []
        for fact in result.facts:
            fact_id = next(iter(fact_ids))
            booked.append(fact_id)
            self.booking.record(fact_id, fact, command_id)
            self.remember(fact_id, fact)
            self.pending[account.account_id].append((fact_id, fact))
            if fact.kind is not FactKind.PURCHASE_REFUSED:
                self.apply(account, fact_id, fact)
            account.last_fact_id = fact_id
            self.booking.touched[account.account_id] = account
        return booked

    def apply(self, account: Account, fact_id: int, fact: Fact) -> None:
        """Move the account: on its day at once, an earlier or reversed fact by folding anew and posting the difference."""
        if fact.kind is FactKind.ACCOUNT_OPENED:
            self.booking.opened[account.account_id] = account
            lines = account.apply(event_row(fact), terms_id=fact.args[2])
        elif fact.kind is FactKind.FACT_REVERSED or fact.effective_on < self.booking.today:
            issued = self.issued[account.account_id]
            again = refold_account(self.conn, account, self.pending[account.account_id], issued, to=self.booking.today)
            lines = account.replace(again)
        else:
            lines = account.apply(event_row(fact))
        cause = Cause(int(fact.kind), fact.value_on, fact_id, fact.counterparty_id)
        self.booking.post(account, self.currency(account), lines, cause)

    def write_holds(self) -> None:
        """Bring the pending holds of the purchases touched up to date."""
        touched = {
            fact.purchase_id
            for _, fact, _ in self.booking.facts
            if fact.kind in HOLD_KINDS and (fact.kind is not FactKind.PURCHASE_CAPTURED or fact.args[0])
        }
        changes = []
        for purchase_id in sorted(touched & self.purchases.keys()):
            facts = self.purchases[purchase_id]
            view = view_purchase(facts, self.reversed_facts)
            expires_on = next((fact.args[0] for _, fact in facts if fact.kind is FactKind.PURCHASE_AUTHORISED), None)
            if view is not None and expires_on is not None:
                changes.append((purchase_id, view.account_id, view.held_minor, expires_on))
        store.change_holds(self.conn, changes)


def each_fact(columns: FactColumns | None) -> list[tuple[int, Fact]]:
    """Facts as records, with their ids."""
    if columns is None:
        return []
    ends: NDArray[np.int64] = columns.args_offsets
    return [
        (
            int(columns.fact_id[i]),
            Fact(
                FactKind(int(columns.kind[i])), int(columns.account_id[i]), int(columns.value_on[i]), int(columns.effective_on[i]),
                int(columns.amount_minor[i]), tuple(columns.args_values[ends[i] : ends[i + 1]].tolist()),
                int(columns.counterparty_id[i]), int(columns.purchase_id[i]), int(columns.reverses_fact_id[i]),
                columns.reference[i], decode(columns.detail[i]),
            ),
        )
        for i in range(len(columns))
    ]  # fmt: skip


def decode(text: str | None) -> Any:
    """JSON text to values, None for None."""
    return None if text is None else msgspec.json.decode(text)


__all__ = ["Unit", "each_fact"]
