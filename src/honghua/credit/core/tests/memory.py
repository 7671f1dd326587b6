"""A book of credit accounts in memory: the unit of work without a database, for handlers, fold and refold alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from honghua.base.dates import from_day, to_day
from honghua.credit.core.account import Account, Ints, Lines, event_row, refold
from honghua.credit.core.commands import AuthorisePurchase, BuyNow, Command
from honghua.credit.core.desk import Desk
from honghua.credit.core.dispatch import handle
from honghua.credit.core.kernels.measures import COMPONENTS
from honghua.credit.core.layout import EVENT, S_OWN_MINIMUM, S_SEQ, STATEMENT_COLUMNS
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind


@dataclass
class MemoryBook:
    """Commands in, answers out; facts, statements and journal balances are kept in lists."""

    terms: ProductTerms = field(default_factory=ProductTerms)
    today: int = to_day(dt.date(2026, 1, 1))
    accounts: dict[str, Account] = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    purchases: dict[int, list[tuple[int, Fact]]] = field(default_factory=lambda: defaultdict(list))
    reversed_facts: set[int] = field(default_factory=set)
    statements: dict[str, dict[int, Ints]] = field(default_factory=lambda: defaultdict(dict))
    snapshots: dict[str, list[tuple[int, int, Ints]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # cut, last fact, state
    ledger: dict[str, Ints] = field(default_factory=lambda: defaultdict(lambda: np.zeros(COMPONENTS, np.int64)))
    merchants: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    last_id: int = 100

    def __post_init__(self) -> None:
        self.terms_rows = terms_matrix({1: self.terms})

    @property
    def on(self) -> dt.date:
        """The business date."""
        return from_day(self.today)

    def pass_days(self, days: int) -> None:
        """Move the business date; accounts follow when they are touched or read."""
        self.today += days

    def account(self, customer: str) -> Account:
        """The account, closed up to the business date; an unopened one for a new customer."""
        account = self.accounts.get(customer)
        if account is None:
            account = self.accounts[customer] = Account(len(self.accounts) + 1, customer, self.terms_rows)
        while account.needs_days(self.today):
            lines, statement = account.pass_days(account.next_stop(self.today))
            self.post(customer, lines)
            if statement is not None:
                self.statements[customer][int(statement[S_SEQ])] = statement
                self.snapshots[customer].append((int(statement[1]), account.last_fact_id, account.snapshot()))
        return account

    def post(self, customer: str, lines: Lines) -> None:
        """Add journal lines; each entry sums to zero."""
        assert int(lines.amounts.sum()) == 0, f"{customer}: an entry of {lines.amounts.tolist()}"
        self.ledger[customer][lines.codes] += lines.amounts

    def execute(self, command: Command) -> dict[str, Any]:
        """Answer a command and book what it leads to."""
        account = self.account(command.customer)
        command_id = self.next_id()
        if isinstance(command, BuyNow | AuthorisePurchase):
            self.merchants.setdefault(command.merchant, 1000 + len(self.merchants))
            self.categories.setdefault(command.category, 1 + len(self.categories))
        desk = Desk(
            self.today,
            command_id,
            {1: self.terms},
            {self.terms.name: 1},
            self.merchants,
            self.categories,
            self.purchases,
            self.facts,
            frozenset(self.reversed_facts),
        )
        result = handle(command, account, desk)
        answer = dict(result.answer)
        for fact in result.facts:
            fact_id = self.next_id()
            answer.setdefault("fact_id", fact_id)
            self.take(account, fact_id, fact)
        return answer

    def take(self, account: Account, fact_id: int, fact: Fact) -> None:
        """Remember a fact and let it move the account, anew from its day when it comes late."""
        customer = account.customer_ref
        self.facts[fact_id] = fact
        if fact.purchase_id:
            self.purchases[fact.purchase_id].append((fact_id, fact))
        if fact.reverses_fact_id:
            self.reversed_facts.add(fact.reverses_fact_id)
        account.last_fact_id = fact_id
        if fact.kind in PASSED_OVER and fact.kind is not FactKind.FACT_REVERSED:
            return
        if fact.kind is FactKind.ACCOUNT_OPENED:
            self.post(customer, account.apply(event_row(fact), terms_id=fact.args[2]))
        elif fact.kind is FactKind.FACT_REVERSED or fact.effective_on < self.today:
            again, _ = refold(
                Account(account.account_id, customer, self.terms_rows),
                self.events(account.account_id),
                self.issued(customer),
                self.today,
            )
            self.post(customer, account.replace(again))
        else:
            self.post(customer, account.apply(event_row(fact)))

    def events(self, account_id: int, *, since: int = 0) -> Ints:
        """Standing facts of an account in fold order, as the kernel reads them."""
        rows = [
            (fact.effective_on, fact_id, event_row(fact))
            for fact_id, fact in self.facts.items()
            if fact.account_id == account_id
            and fact.kind not in PASSED_OVER
            and fact_id not in self.reversed_facts
            and fact.effective_on >= since
        ]
        rows.sort(key=lambda row: row[:2])
        return np.array([row[2] for row in rows], np.int64).reshape(-1, EVENT)

    def issued(self, customer: str) -> Ints:
        """Own minimums of the bills that were cut, by number; −1 where none was."""
        known = self.statements[customer]
        issued = np.full(max(known, default=-1) + 1, -1, np.int64)
        for number, statement in known.items():
            issued[number] = statement[S_OWN_MINIMUM]
        return issued

    def statement(self, customer: str, number: int) -> dict[str, int]:
        """A bill by its number, as named figures."""
        return dict(zip(STATEMENT_COLUMNS, self.statements[customer][number].tolist(), strict=True))

    def next_id(self) -> int:
        """Ids rise, as the store's do."""
        self.last_id += 1
        return self.last_id
