"""What the journey needs of the books: somebody who executes commands, and a look at one contract's account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import psycopg

from honghua.base.dates import NO_DAY, to_day
from honghua.base.errors import NotFound
from honghua.credit import store
from honghua.credit.core.account import Account
from honghua.credit.core.commands import Command
from honghua.credit.core.journey import Looked
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import H_CHARGED_OFF, H_DUES, H_LIMIT, H_NEXT_DUE, H_OVERPAID, H_TEMPORARY
from honghua.credit.registry import Registry
from honghua.credit.viewing.reading import find_current
from honghua.ledger import api as ledger
from honghua.ledger.core import CLAIM, Component

Answer = dict[str, Any]
OWED = frozenset(list(Component)[CLAIM])


class Books(Protocol):
    """Whoever executes commands of the credit room and answers when they are on disk: `credit.api.execute`, or a desk."""

    def submit(self, command: Command) -> Answer:
        """One command's answer; the same key gives the same answer."""
        ...


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """A contract's own books. sum_minor: of all lines of all its entries, must be 0; unlike: components whose balance the fold denies."""

    entries: int
    lines: int
    sum_minor: int
    unlike: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether it holds."""
        return self.sum_minor == 0 and not self.unlike


@dataclass(frozen=True, slots=True)
class Spread:
    """Where money that came in went, minor units: received by the bank, its parts in all, of that the customer's own, by component."""

    received_minor: int
    total_minor: int
    overpaid_minor: int
    parts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is owed and what was paid too much, minor units; written_off: still claimed beside the books."""

    owed_minor: int
    overpaid_minor: int
    written_off_minor: int


def compute_trial_balance(conn: psycopg.Connection, registry: Registry, account_id: int) -> TrialBalance:
    """Every entry of an account sums to zero, and its balances are what its state says. NotFound without an account."""
    rows = store.load_accounts(conn, np.array([account_id], np.int64), lock=False)
    if not len(rows):
        raise NotFound(f"no account {account_id}", code="ACCOUNT_UNKNOWN")
    state = rows.account(0, registry.learn_terms_of(conn, rows)).balance
    kept = ledger.read_balances(conn, np.array([account_id], np.int64))[0]
    entries = ledger.list_entries(conn, account_id, limit=ledger.LIST_MAX)
    merchants = int(Component.MERCHANT_PAYABLE)
    unlike = [Component(k).name.lower() for k in range(len(state)) if k != merchants and int(state[k]) != int(kept[k])]
    return TrialBalance(
        len(entries),
        sum(len(entry.lines) for entry in entries),
        sum(abs(sum(line.amount_minor for line in entry.lines)) for entry in entries),
        tuple(unlike),
    )


def read_spread(conn: psycopg.Connection, account_id: int, fact_id: int) -> Spread:
    """How the books spread the money of one fact. NotFound where the fact wrote no entry among the account's newest."""
    entry = next((one for one in ledger.list_entries(conn, account_id) if one.fact_id == fact_id), None)
    if entry is None:
        raise NotFound(f"fact {fact_id} wrote no entry lately", code="ENTRY_UNKNOWN")
    moved = {line.component: line.amount_minor for line in entry.lines if line.owner_id == account_id}
    owed = {component: -minor for component, minor in moved.items() if component in OWED and minor < 0}
    extra = -moved.get(Component.OVERPAYMENT, 0)
    recovered = -moved.get(Component.RECOVERY_INCOME, 0)
    parts = {component.name.lower(): minor for component, minor in sorted(owed.items())}
    parts |= {name: minor for name, minor in (("overpayment", extra), ("recovery", recovered)) if minor}
    return Spread(moved.get(Component.BANK_CLEARING, 0), sum(parts.values()), extra, parts)


def get_account(conn: psycopg.Connection, registry: Registry, customer: str) -> Account:
    """The customer's account as it stands on the business date; NotFound without one."""
    account = find_current(conn, registry, customer)
    if account is None:
        raise NotFound(f"{customer} has no credit account", code="ACCOUNT_UNKNOWN")
    return account


def read_claim(account: Account) -> Claim:
    """What is owed on an account."""
    return Claim(int(account.balance[CLAIM].sum()), int(account.head[H_OVERPAID]), int(account.head[H_CHARGED_OFF]))


def look_at(conn: psycopg.Connection, account: Account, *, shares_identity: bool) -> Looked:
    """What monitoring sees of an account on the business date."""
    today = to_day(store.get_business_day(conn))
    due = int(account.head[H_NEXT_DUE])
    return Looked(
        days_past_due=int(days_past_due(account.head)),
        used_minor=int(account.balance[Component.LIMIT_USED]),
        limit_minor=int(account.head[H_LIMIT]) + int(account.head[H_TEMPORARY]),
        due_unpaid_minor=int(account.balance[Component.PRINCIPAL_BILLED]),
        days_to_due=None if due == NO_DAY else due - today,
        bills_carried=int(account.head[H_DUES]),
        shares_identity=shares_identity,
    )
