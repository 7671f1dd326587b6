"""One account in hand: its state arrays with room to grow, its components, and the two ways a fact reaches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honghua.base.dates import from_day
from honghua.credit.core.kernels.days import advance
from honghua.credit.core.kernels.fold import difference, fold, step
from honghua.credit.core.kernels.measures import COMPONENTS, components
from honghua.credit.core.layout import (
    ARGS,
    DUE,
    E_A2,
    E_KIND,
    EVENT,
    FULL,
    H_AS_OF,
    H_DUES,
    H_NEXT_ACTION,
    H_PLANS,
    H_STATUS,
    H_TERMS,
    HEAD,
    OK,
    PLAN,
    S_SEQ,
    STATEMENT,
    STATUS_ACTIVE,
    STATUS_FROZEN,
    STATUS_NONE,
)  # fmt: skip
from honghua.credit.core.terms import ProductTerms
from honghua.facts.kinds import Fact, FactKind

Ints = NDArray[np.int64]
SPARE_ROWS = 3
FOLD_ROWS_MAX = 4096
NOTHING_ISSUED: Ints = np.zeros(0, np.int64)


def roomy(flat: Ints, width: int, used: int, *, spare: int = SPARE_ROWS) -> Ints:
    """Rows from storage (flat int64) with free rows behind them."""
    rows = np.zeros((used + spare, width), np.int64)
    rows[:used] = flat[: used * width].reshape(used, width)
    return rows


@dataclass(slots=True)
class State:
    """The arrays of `layout`: head int64[HEAD], dues int64[k, DUE], plans int64[k, PLAN], with free rows at the end."""

    head: Ints
    dues: Ints
    plans: Ints

    @classmethod
    def empty(cls) -> State:
        """The state of an account not yet opened."""
        return cls(np.zeros(HEAD, np.int64), roomy(NOTHING_ISSUED, DUE, 0), roomy(NOTHING_ISSUED, PLAN, 0))


class AccountBroken(AssertionError):
    """An account whose state its own kernel refuses: a bug or rotten data. customer: whose it is, so that others need not wait."""

    def __init__(self, customer: str, why: str) -> None:
        super().__init__(f"account of {customer}: {why}")
        self.customer = customer


@dataclass(slots=True)
class Lines:
    """Journal lines of one step: component codes and amounts in minor units, debit positive, summing to zero."""

    codes: Ints
    amounts: Ints


class Account:
    """The working state of one credit account inside one unit of work.

    `balance` always equals `components(state)`. Methods that pass time or apply facts return the journal lines of the change.
    """

    __slots__ = ("account_id", "after", "amounts", "balance", "codes", "customer_ref", "dues", "head", "last_fact_id", "place",
                 "plans", "quarantined", "terms_rows")  # fmt: skip

    def __init__(
        self,
        account_id: int,
        customer_ref: str,
        terms_rows: Ints,
        *,
        state: State | None = None,
        last_fact_id: int = 0,
        quarantined: bool = False,
    ) -> None:
        state = state or State.empty()
        self.account_id = account_id
        self.customer_ref = customer_ref
        self.terms_rows = terms_rows
        self.last_fact_id = last_fact_id
        self.quarantined = quarantined
        self.place = -1
        self.head, self.dues, self.plans = state.head, state.dues, state.plans
        self.balance = np.zeros(COMPONENTS, np.int64)
        self.after = np.zeros(COMPONENTS, np.int64)
        self.codes = np.zeros(COMPONENTS, np.int64)
        self.amounts = np.zeros(COMPONENTS, np.int64)
        components(self.head, self.dues, self.plans, self.balance)

    @classmethod
    def of_row(
        cls, place: int, names: tuple[int, str], terms_rows: Ints, state: State, vectors: tuple[Ints, Ints, Ints, Ints]
    ) -> Account:
        """An account whose arrays are rows of a table: names are its id and customer, vectors its components and three of scratch."""
        account = cls.__new__(cls)
        account.place, (account.account_id, account.customer_ref), account.terms_rows = place, names, terms_rows
        account.head, account.dues, account.plans = state.head, state.dues, state.plans
        account.balance, account.after, account.codes, account.amounts = vectors
        return account

    def known(self, last_fact_id: int, *, quarantined: bool) -> Account:
        """Itself, with what stands beside its state."""
        self.last_fact_id, self.quarantined = last_fact_id, quarantined
        return self

    @property
    def is_open(self) -> bool:
        """Whether the account exists and is neither written off nor closed."""
        return int(self.head[H_STATUS]) in (STATUS_ACTIVE, STATUS_FROZEN)

    @property
    def exists(self) -> bool:
        """Whether the account was ever opened."""
        return int(self.head[H_STATUS]) != STATUS_NONE

    @property
    def terms(self) -> Ints:
        """The terms vector of this account's version."""
        row: Ints = self.terms_rows[self.head[H_TERMS]]
        return row

    def needs_days(self, to: int) -> bool:
        """Whether days must pass before a fact of day `to` can be applied."""
        return self.exists and int(self.head[H_AS_OF]) < to

    def next_stop(self, to: int) -> int:
        """The next day, at most `to`, on which time alone changes this account."""
        return min(int(self.head[H_NEXT_ACTION]), to)

    def ensure_room(self) -> None:
        """Keep free rows for a statement and two plans, which is the most that one step can add."""
        if int(self.head[H_DUES]) + 1 >= len(self.dues):
            self.dues = np.vstack([self.dues, np.zeros((SPARE_ROWS, DUE), np.int64)])
        if int(self.head[H_PLANS]) + 1 >= len(self.plans):
            self.plans = np.vstack([self.plans, np.zeros((SPARE_ROWS, PLAN), np.int64)])

    def pass_days(self, to: int) -> tuple[Lines, Ints | None]:
        """Let days pass until the start of day `to` (at most one day of action ahead): lines, and the statement if one was cut."""
        self.ensure_room()
        statements = np.zeros((1, STATEMENT), np.int64)
        status, count = advance(self.head, self.dues, self.plans, self.terms, NOTHING_ISSUED, to, statements, 0)
        if status != OK:
            raise AccountBroken(self.customer_ref, f"kernel status {status} on {from_day(to)}")
        return self._lines(), statements[0] if count else None

    def apply(self, event: Ints, *, terms_id: int | None = None) -> Lines:
        """Apply one fact of the day that the state has reached."""
        self.ensure_room()
        terms = self.terms if terms_id is None else self.terms_rows[terms_id]
        status, n = step(
            self.head, self.dues, self.plans, terms, event, self.balance, self.after, self.codes, self.amounts
        )
        if status != OK:
            raise AccountBroken(self.customer_ref, f"kernel status {status} on event {event.tolist()}")
        return Lines(self.codes[:n].copy(), self.amounts[:n].copy())

    def replace(self, other: Account) -> Lines:
        """Take over a state folded anew; returns the difference that makes the journal agree with it."""
        self.head, self.dues, self.plans = other.head, other.dues, other.plans
        return self._lines()

    def _lines(self) -> Lines:
        components(self.head, self.dues, self.plans, self.after)
        n = difference(self.balance, self.after, self.codes, self.amounts)
        self.balance[:] = self.after
        return Lines(self.codes[:n].copy(), self.amounts[:n].copy())

    def flat_dues(self) -> Ints:
        """Rows in use, flat, for storage."""
        return self.dues[: int(self.head[H_DUES])].ravel()

    def flat_plans(self) -> Ints:
        """Rows in use, flat, for storage."""
        return self.plans[: int(self.head[H_PLANS])].ravel()

    def snapshot(self) -> Ints:
        """The whole state, flat: head, dues, plans."""
        return np.concatenate([self.head, self.flat_dues(), self.flat_plans()])


def event_row(fact: Fact) -> Ints:
    """A fact as the kernel reads it, int64[EVENT]: the first arguments; what follows them is the scene, which moves no money."""
    row = np.zeros(EVENT, np.int64)
    args = fact.args[:ARGS]
    row[0], row[1], row[2] = int(fact.kind), fact.effective_on, fact.amount_minor
    row[3 : 3 + len(args)] = args
    return row


def terms_max(events: Ints) -> int:
    """The highest number of terms that accounts were opened under in events int64[n, EVENT], −1 where none was."""
    return int(events[events[:, E_KIND] == FactKind.ACCOUNT_OPENED, E_A2].max(initial=-1))


def restore(account_id: int, customer_ref: str, terms_rows: Ints, snapshot: Ints) -> Account:
    """An account from a snapshot made by `Account.snapshot`; an empty one gives an account not yet opened."""
    if len(snapshot) == 0:
        return Account(account_id, customer_ref, terms_rows)
    head = snapshot[:HEAD].copy()
    dues_end = HEAD + int(head[H_DUES]) * DUE
    dues = roomy(snapshot[HEAD:dues_end], DUE, int(head[H_DUES]))
    plans = roomy(snapshot[dues_end:], PLAN, int(head[H_PLANS]))
    return Account(account_id, customer_ref, terms_rows, state=State(head, dues, plans))


def refold(base: Account, events: Ints, issued: Ints, to: int) -> tuple[Account, Ints]:
    """Fold events int64[n, EVENT] onto a base state and let days pass to `to`; statements come along, one row a cycle stated.

    The base is not changed. Gives rows of dues and plans room until the fold fits.
    """
    rows = 16
    while rows <= FOLD_ROWS_MAX:
        head = base.head.copy()
        dues = roomy(base.flat_dues(), DUE, int(head[H_DUES]), spare=rows)
        plans = roomy(base.flat_plans(), PLAN, int(head[H_PLANS]), spare=rows)
        statements = np.zeros((rows * 8, STATEMENT), np.int64)
        status, count = fold(head, dues, plans, base.terms_rows, issued, events, statements, 0)
        if status == OK and int(head[H_STATUS]) != STATUS_NONE:
            terms = base.terms_rows[head[H_TERMS]]
            status, count = advance(head, dues, plans, terms, issued, to, statements, count)
        if status == OK:
            account = Account(base.account_id, base.customer_ref, base.terms_rows, state=State(head, dues, plans))
            return account, statements[:count]
        assert status == FULL, f"account {base.account_id}: kernel status {status}"
        rows *= 4
    raise AssertionError(f"account {base.account_id}: more than {FOLD_ROWS_MAX} open rows")


__all__ = [
    "S_SEQ", "Account", "AccountBroken", "Lines", "ProductTerms", "event_row", "refold", "restore", "roomy", "terms_max",
]  # fmt: skip
