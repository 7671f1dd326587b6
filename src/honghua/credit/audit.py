"""The auditor's passes over the book: accounts with all that hangs on them, against what it follows from.

Facts are the ground. The stored state must be their fold, statements what was known at their cuts, holds and decisions
what the purchases say, and the journal the components of the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of
from honghua.base.errors import NotFound
from honghua.credit.core.kernels.audit import audit_accounts, state_components
from honghua.credit.core.kernels.measures import COMPONENTS, FAR
from honghua.credit.core.layout import (
    D_INSTALMENT,
    D_REVOLVING,
    DUE,
    E_A0,
    H_AS_OF,
    H_DUES,
    H_HELD,
    H_LIMIT,
    H_OPENED,
    H_PLANS,
    H_TEMPORARY,
    H_TERMS,
    H_UNBILLED,
    P_LEFT,
    PLAN,
    S_CUT,
    S_DUE,
    S_SEQ,
    STATEMENT,
    STATEMENT_COLUMNS,
)  # fmt: skip
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.credit.guarding.auditing import NAMES as BOUNDS
from honghua.credit.guarding.auditing import check_bounds
from honghua.credit.guarding.purposes import NAMES as PURPOSE_NAMES
from honghua.credit.guarding.purposes import check_purposes
from honghua.credit.limiting.store import FEED, read_place
from honghua.credit.refold import event_matrix
from honghua.credit.store import ACCOUNT_KINDS, ACCOUNT_SELECT, AccountRows, ragged
from honghua.decision.api import read_outcomes
from honghua.decision.core import Outcome
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.copybin import Date, Int8, Int8Array, copy_out
from honghua.store.facts import FactColumns, read_facts

Connection = psycopg.Connection
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ACCOUNTS_AT_ONCE: Final = 2_000
MONTHS_MAX: Final = 40_000  # a planted year 9999 must not ask for more memory than this many rows
PLAN_KINDS: Final = (FactKind.PURCHASE_CAPTURED, FactKind.BILL_INSTALLED, FactKind.HARDSHIP_AGREED)
JUDGED_KINDS: Final = (
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED,
)  # fmt: skip
BOOKED, REFUSED, SET_ASIDE = 1, 2, 3  # what becomes of a judged purchase
# What an outcome may come to; a proof that was brought turns an order set aside into a booked one, and the desk refuses whom the
# account's own rules bar, whatever a policy said
COMES_TO: Final[dict[int, tuple[int, ...]]] = {
    Outcome.APPROVE: (BOOKED, REFUSED), Outcome.APPROVE_LESS: (BOOKED, REFUSED), Outcome.TEMPORARY_LIMIT: (BOOKED, REFUSED),
    Outcome.STEP_UP: (SET_ASIDE, BOOKED, REFUSED), Outcome.DELAY: (SET_ASIDE, BOOKED, REFUSED),
    Outcome.REVIEW: (SET_ASIDE, BOOKED, REFUSED), Outcome.REFUSE: (REFUSED,),
}  # fmt: skip
NAMES: Final = (
    "credit.limit_available", "credit.state_is_fold", "credit.components_are_balances", "credit.entries_have_facts",
    "credit.statements_complete", "credit.statements_unchanged", "credit.statements_add_up",
    "credit.statements_monthly", "credit.holds_are_facts", "credit.facts_in_order", "credit.purchases_decided", *BOUNDS, *PURPOSE_NAMES,
)  # fmt: skip
STATEMENTS: Final = (
    f"SELECT account_id, {', '.join(STATEMENT_COLUMNS)}, booked_on, last_fact_id, snapshot FROM credit_statement"  # noqa: S608
    " WHERE account_id = ANY(%(ids)s::bigint[]) ORDER BY account_id, seq"
)
STATEMENT_KINDS: Final = [
    Int8, *(Date if name.endswith("_on") else Int8 for name in STATEMENT_COLUMNS), Date, Int8, Int8Array,
]  # fmt: skip
HOLDS: Final = (
    "SELECT purchase_id, account_id, held_minor, expires_on FROM credit_hold WHERE account_id = ANY(%(ids)s::bigint[])"
    " ORDER BY purchase_id"
)


@dataclass(slots=True)
class Tally:
    """Counts and offenders by check name, summed over batches; at most `BROKEN_IDS_MAX` offenders a name are kept."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    broken: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in NAMES})

    def add(self, name: str, count: int, broken: Iterable[str]) -> None:
        """Count what was looked at and remember who breaks it."""
        self.counts[name] += count
        found = self.broken[name]
        for one in broken:
            if len(found) >= BROKEN_IDS_MAX:
                break
            if one not in found:
                found.append(one)

    def checks(self) -> tuple[Check, ...]:
        """One check a name."""
        return tuple(check_of(name, self.counts[name], self.broken[name]) for name in NAMES)


@dataclass(slots=True)
class Batch:
    """Accounts side by side with their facts, statements and entries, ordered by account: what the checks read once."""

    accounts: AccountRows
    facts: FactColumns
    events: Ints
    statement_accounts: Ints
    statements: Ints
    booked_on: Ints
    known: Ints
    snapshots: Ints
    snapshot_at: Ints
    causes: tuple[Ints, ...]  # entries: owner, fact id or 0, day booked, what they owe to merchants
    fact_booked: Ints

    @property
    def ids(self) -> Ints:
        """Account ids, rising."""
        return self.accounts.ids

    def names(self, bad: Bools) -> list[str]:
        """Marked accounts as offenders."""
        return [f"account {account_id}" for account_id in self.ids[bad][:BROKEN_IDS_MAX].tolist()]

    def statement_names(self, bad: Bools) -> list[str]:
        """Marked statements as offenders: account/number."""
        pairs = zip(self.statement_accounts[bad].tolist(), self.statements[bad, S_SEQ].tolist(), strict=True)
        return [f"statement {account_id}/{seq}" for account_id, seq in pairs]

    def select(self, chosen: Ints) -> Batch:
        """Some of the accounts with what is theirs."""
        ids = self.ids[chosen]
        mine = np.isin(self.statement_accounts, ids)
        flat, at = ragged(
            self.snapshots[self.snapshot_at[j] : self.snapshot_at[j + 1]] for j in np.flatnonzero(mine).tolist()
        )
        return Batch(
            self.accounts.select(chosen), self.facts, self.events, self.statement_accounts[mine], self.statements[mine],
            self.booked_on[mine], self.known[mine], flat, at, self.causes, self.fact_booked,
        )  # fmt: skip


def iterate_batches(conn: Connection) -> Iterator[Batch]:
    """All accounts, `ACCOUNTS_AT_ONCE` at a time, in order of id."""
    query = ACCOUNT_SELECT + " WHERE account_id > %(after)s ORDER BY account_id LIMIT %(n)s"
    after = -(2**62)
    while True:
        accounts = AccountRows(copy_out(conn, query, ACCOUNT_KINDS, {"after": after, "n": ACCOUNTS_AT_ONCE}))
        if len(accounts) == 0:
            return
        after = int(accounts.ids[-1])
        facts = read_facts(conn, accounts.ids)
        columns = copy_out(conn, STATEMENTS, STATEMENT_KINDS, {"ids": accounts.ids})
        rows = np.ascontiguousarray(np.stack(columns[1 : 1 + STATEMENT], axis=1))
        booked_on, known, (snapshots, snapshot_at) = columns[1 + STATEMENT :]
        causes = ledger.read_causes(conn, accounts.ids, Component.MERCHANT_PAYABLE)
        yield Batch(
            accounts, facts, event_matrix(facts)[0], columns[0], rows, booked_on, known, snapshots, snapshot_at, causes,
            find_days_booked(facts, causes),
        )  # fmt: skip


def find_days_booked(facts: FactColumns, causes: tuple[Ints, ...]) -> Ints:
    """The day on which each fact was booked: its entry's; what moved nothing came on the day that it counts for."""
    booked = facts.effective_on.copy()
    _, fact_ids, days, _ = causes
    order = np.argsort(fact_ids, kind="stable")
    place = np.searchsorted(fact_ids[order], facts.fact_id)
    inside = np.flatnonzero(place < len(order))
    at = order[place[inside]]
    hit = fact_ids[at] == facts.fact_id[inside]
    booked[inside[hit]] = days[at[hit]]
    return booked


def check_accounts(conn: Connection, terms: Mapping[int, ProductTerms], *, today: int, tally: Tally) -> Iterator[Ints]:
    """Audit all accounts into `tally`; yields the ids of each batch. today: the business date, a day number."""
    matrix = terms_matrix(terms)
    for batch in iterate_batches(conn):
        check_folds(batch, matrix, tally)
        check_statement_days(batch, terms, today, tally)
        check_facts(batch, today, tally)
        check_holds(conn, batch, tally)
        check_decisions(conn, batch, tally)
        check_journal(conn, batch, tally)
        refs = dict(zip(batch.ids.tolist(), batch.accounts.refs, strict=True))
        for name, count, broken in check_bounds(conn, refs, batch.facts, place=read_place(conn, FEED)):
            tally.add(name, count, broken)
        for name, count, broken in check_purposes(conn, refs, batch.accounts.heads[:, H_TERMS], batch.facts, terms):
            tally.add(name, count, broken)
        yield batch.ids


def well_formed(rows: AccountRows) -> Bools:
    """Accounts whose arrays have the lengths that their counts say."""
    same: Bools = np.diff(rows.dues_at) == rows.heads[:, H_DUES] * DUE
    same &= np.diff(rows.plans_at) == rows.heads[:, H_PLANS] * PLAN
    return same


def flat_states(rows: AccountRows) -> tuple[Ints, Ints]:
    """Stored states, flat (head, dues, plans), with offsets."""
    dues, plans = np.split(rows.dues, rows.dues_at[1:-1]), np.split(rows.plans, rows.plans_at[1:-1])
    return ragged(np.concatenate([rows.heads[i], dues[i], plans[i]]) for i in range(len(rows)))


def fold_room(batch: Batch, facts_at: Ints) -> Ints:
    """Rows that suffice for dues, plans, statements of each account, int64[n, 3]: a cut a month, a plan an event."""
    n = len(batch.ids)
    has = np.diff(facts_at) > 0
    first = np.zeros(n, np.int64)
    first[has] = batch.facts.effective_on[facts_at[:-1][has]]
    until = batch.accounts.heads[:, H_AS_OF].copy()
    owner = np.searchsorted(batch.ids, batch.statement_accounts)
    np.maximum.at(until, owner, batch.statements[:, S_CUT])
    months = np.clip((until - first) // 28 + 3, 3, MONTHS_MAX)
    plans = np.full(n, 2, np.int64)
    mine = slice(int(facts_at[0]), int(facts_at[-1]))
    makes = np.isin(batch.events[mine, 0], PLAN_KINDS)
    np.add.at(plans, np.searchsorted(batch.ids, batch.facts.account_id[mine][makes]), 1)
    return np.stack([months, plans, months], axis=1)


def find_days_entered(batch: Batch) -> Ints:
    """The day on which each account came into this book: that of its first entry; a far one when it has none."""
    entered = np.full(len(batch.ids), FAR, np.int64)
    owners, _, days, _ = batch.causes
    mine = np.isin(owners, batch.ids)
    np.minimum.at(entered, np.searchsorted(batch.ids, owners[mine]), days[mine])
    return entered


def run_audit(batch: Batch, matrix: Ints) -> tuple[Bools, Bools, Bools, Bools]:
    """(state is fold bool[n], no statement missing bool[n], statement is fold bool[m], statement adds up bool[m]).

    A fact that makes the fold divide by zero condemns its account only: the batch is then audited one by one.
    """
    n, m = len(batch.ids), len(batch.known)
    good = np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.zeros(m, np.bool_), np.zeros(m, np.bool_)
    facts_at = np.append(np.searchsorted(batch.facts.account_id, batch.ids), 0)
    facts_at[-1] = np.searchsorted(batch.facts.account_id, batch.ids[-1], side="right")
    statement_at = np.append(np.searchsorted(batch.statement_accounts, batch.ids), m)
    states, state_at = flat_states(batch.accounts)
    days = np.stack([batch.accounts.heads[:, H_AS_OF], find_days_entered(batch)], axis=1)
    try:
        audit_accounts(
            matrix, facts_at, statement_at, states, state_at, days,
            fold_room(batch, facts_at), batch.events, batch.facts.fact_id, batch.facts.reverses_fact_id,
            batch.fact_booked, batch.statements, batch.known, batch.snapshots, batch.snapshot_at, good,
        )  # fmt: skip
    except ZeroDivisionError:
        if n == 1:
            return np.zeros(1, np.bool_), np.zeros(1, np.bool_), np.zeros(m, np.bool_), good[3]
        owner = np.searchsorted(batch.ids, batch.statement_accounts)
        for i in range(n):
            good[0][i], good[1][i], good[2][owner == i], good[3][owner == i] = run_audit(
                batch.select(np.array([i])), matrix
            )
    return good


def check_folds(batch: Batch, matrix: Ints, tally: Tally) -> None:
    """State = fold of all facts; statement = fold of what was known at its cut, total = sum of its parts."""
    state_ok, complete, rows_ok, sums_ok = run_audit(batch, matrix)
    tally.add("credit.state_is_fold", len(state_ok), batch.names(~state_ok))
    tally.add("credit.statements_complete", len(complete), batch.names(~complete))
    tally.add("credit.statements_unchanged", len(rows_ok), batch.statement_names(~rows_ok))
    tally.add("credit.statements_add_up", len(sums_ok), batch.statement_names(~sums_ok))


def check_statement_days(batch: Batch, terms: Mapping[int, ProductTerms], today: int, tally: Tally) -> None:
    """Numbers rise with the month, one cut each; cut and due day are a pair on offer; nothing lies ahead."""
    cut_on, due_on, seq = batch.statements[:, S_CUT], batch.statements[:, S_DUE], batch.statements[:, S_SEQ]
    accounts = batch.statement_accounts
    months = cut_on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    origin = months - seq
    same = accounts[1:] == accounts[:-1]
    bad = (
        (cut_on > today)
        | (batch.booked_on > today)
        | (batch.booked_on < cut_on)
        | (due_on <= cut_on)
        | (due_on > cut_on + 31)
    )
    bad[1:] |= same & (origin[1:] != origin[:-1])
    offered = {terms_id * 10_000 + c * 100 + d for terms_id, version in terms.items() for c, d in version.pairs}
    owner = np.searchsorted(batch.ids, accounts)
    pair = batch.accounts.heads[owner, H_TERMS] * 10_000 + day_of_month(cut_on) * 100 + day_of_month(due_on)
    bad |= ~np.isin(pair, sorted(offered))
    tally.add("credit.statements_monthly", len(bad), batch.statement_names(bad))


def day_of_month(days: Ints) -> Ints:
    """1 … 31 of day numbers."""
    dates = days.astype("datetime64[D]")
    found: Ints = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    return found


def check_facts(batch: Batch, today: int, tally: Tally) -> None:
    """The first fact opens the account, no other does; none counts before it or after today; the newest is known."""
    facts, n = batch.facts, len(batch.ids)
    owner = np.searchsorted(batch.ids, facts.account_id)
    opens = facts.kind == FactKind.ACCOUNT_OPENED
    openings, newest = np.zeros(n, np.int64), np.zeros(n, np.int64)
    np.add.at(openings, owner[opens], 1)
    np.maximum.at(newest, owner, facts.fact_id)
    bad = (openings != 1) | (newest != batch.accounts.last_fact_ids)
    early = (
        (facts.effective_on < batch.accounts.heads[owner, H_OPENED])
        | (facts.value_on > today)
        | (facts.effective_on > today)
    )
    first = np.ones(len(facts), np.bool_)
    first[1:] = owner[1:] != owner[:-1]
    early |= first & ~opens
    bad[owner[early]] = True
    tally.add("credit.facts_in_order", len(facts), batch.names(bad))


def check_holds(conn: Connection, batch: Batch, tally: Tally) -> None:
    """Holds = authorised − captured − released by purchase, with their last day; the account holds their sum."""
    facts, kinds = batch.facts, batch.facts.kind
    counts = (facts.purchase_id != 0) & ~np.isin(facts.fact_id, facts.reverses_fact_id[facts.reverses_fact_id != 0])
    held = np.where(kinds == FactKind.PURCHASE_AUTHORISED, facts.amount_minor, 0)
    held -= np.where(kinds == FactKind.AUTHORISATION_RELEASED, facts.amount_minor, 0)
    held -= np.where(kinds == FactKind.PURCHASE_CAPTURED, batch.events[:, E_A0], 0)
    begun = np.flatnonzero(counts & (kinds == FactKind.PURCHASE_AUTHORISED))
    purchases, place = np.unique(facts.purchase_id[begun], return_index=True)
    begun = begun[place]
    sums = np.zeros(len(purchases), np.int64)
    where = np.searchsorted(purchases, facts.purchase_id)
    inside = counts & (where < len(purchases))
    inside[inside] = purchases[where[inside]] == facts.purchase_id[inside]
    np.add.at(sums, where[inside], held[inside])
    wanted = np.stack([purchases, facts.account_id[begun], sums, batch.events[begun, E_A0]], axis=1)[sums > 0]
    stored = np.stack(copy_out(conn, HOLDS, [Int8, Int8, Int8, Date], {"ids": batch.ids}), axis=1)
    unlike = set(map(tuple, wanted.tolist())) ^ set(map(tuple, stored.tolist()))
    by_account = np.zeros(len(batch.ids), np.int64)
    np.add.at(by_account, np.searchsorted(batch.ids, stored[:, 1]), stored[:, 2])
    names = [f"purchase {row[0]}" for row in sorted(unlike)] + batch.names(
        by_account != batch.accounts.heads[:, H_HELD]
    )
    tally.add("credit.holds_are_facts", len(purchases), names)


def check_decisions(conn: Connection, batch: Batch, tally: Tally) -> None:
    """Every purchase approved or refused by us has its decision record that says so, and every record its purchase."""
    facts = batch.facts
    judged = np.isin(facts.kind, JUDGED_KINDS) & (facts.command_id != 0) & (facts.command_id == facts.purchase_id)
    became = np.select(
        [facts.kind[judged] == FactKind.PURCHASE_REFUSED, facts.kind[judged] == FactKind.PURCHASE_SUSPENDED],
        [REFUSED, SET_ASIDE],
        BOOKED,
    )
    proven = set(facts.command_id[facts.kind == FactKind.SUSPENSION_SETTLED].tolist())
    places = zip(facts.account_id[judged].tolist(), facts.purchase_id[judged].tolist(), strict=True)
    wanted = dict(zip(places, became.tolist(), strict=True))
    rows = zip(*(column.tolist() for column in read_outcomes(conn, batch.ids)), strict=True)
    stored = {(account, decision): outcome for account, decision, outcome in rows}
    unlike = {
        place for place in wanted.keys() | stored.keys()
        if not fits(wanted.get(place), stored.get(place), has_proof=place[1] in proven)
    }  # fmt: skip
    tally.add("credit.purchases_decided", len(wanted), [f"decision {decision}" for _, decision in sorted(unlike)])


def fits(became: int | None, outcome: int | None, *, has_proof: bool) -> bool:
    """Whether what became of a purchase is what its decision allows."""
    if became is None or outcome is None:
        return False
    allowed = COMES_TO.get(outcome, ())
    return became in allowed and (has_proof or became != BOOKED or SET_ASIDE not in allowed)


def check_journal(conn: Connection, batch: Batch, tally: Tally) -> None:
    """Balances = components of the state; available = limit + temporary − used − held ≥ 0; entries name own facts."""
    owners, fact_ids, _, payable = batch.causes
    place = np.searchsorted(batch.ids, owners)
    caused = fact_ids != 0
    order = np.argsort(batch.facts.fact_id, kind="stable")
    at = (
        order[np.minimum(np.searchsorted(batch.facts.fact_id[order], fact_ids[caused]), len(order) - 1)]
        if len(order)
        else None
    )
    stray = np.ones(int(caused.sum()), np.bool_)
    if at is not None:
        stray = (batch.facts.fact_id[at] != fact_ids[caused]) | (batch.facts.account_id[at] != owners[caused])
    once, times = np.unique(fact_ids[caused], return_counts=True)
    names = [f"fact {fact_id}" for fact_id in {*fact_ids[caused][stray].tolist(), *once[times > 1].tolist()}]
    tally.add("credit.entries_have_facts", len(owners), names)

    owed = np.zeros(len(batch.ids), np.int64)
    np.add.at(owed, place, payable)
    kept, missing = read_known_balances(conn, batch.ids)
    sound = well_formed(batch.accounts) & ~missing
    rows = batch.accounts.select(np.flatnonzero(sound))
    states, state_at = flat_states(rows)
    parts = np.zeros((len(rows), COMPONENTS), np.int64)
    state_components(states, state_at, parts)
    kept, owed = kept[sound], owed[sound]
    kept[:, Component.MERCHANT_PAYABLE] = owed  # booked on the merchants' own rows
    unlike = ~sound
    unlike[sound] = (parts != kept).any(axis=1)
    tally.add("credit.components_are_balances", len(unlike), batch.names(unlike))
    short = ~sound
    short[sound] = find_wrong_limits(rows, kept)
    tally.add("credit.limit_available", len(short), batch.names(short))


def find_wrong_limits(rows: AccountRows, balances: Ints) -> Bools:
    """Accounts whose limit components do not follow from their columns, reckoned without the kernels."""
    used = rows.heads[:, H_UNBILLED].copy()
    dues, plans = rows.dues.reshape(-1, DUE), rows.plans.reshape(-1, PLAN)
    np.add.at(
        used, np.repeat(np.arange(len(rows)), rows.heads[:, H_DUES]), dues[:, D_REVOLVING] + dues[:, D_INSTALMENT]
    )
    np.add.at(used, np.repeat(np.arange(len(rows)), rows.heads[:, H_PLANS]), plans[:, P_LEFT])
    room = rows.heads[:, H_LIMIT] + rows.heads[:, H_TEMPORARY] - used - rows.heads[:, H_HELD]
    c = Component
    bad: Bools = balances[:, c.LIMIT_AVAILABLE] != np.maximum(room, 0)
    bad |= balances[:, c.LIMIT_OVER] != np.minimum(room, 0)
    bad |= (balances[:, c.LIMIT_USED] != used) | (balances[:, c.LIMIT_HELD] != rows.heads[:, H_HELD])
    return bad | (balances[:, c.LIMIT_AVAILABLE] < 0) | (used < 0)


def read_known_balances(conn: Connection, ids: Ints) -> tuple[Ints, Bools]:
    """Balances int64[n, 24] of accounts, and who has none."""
    missing = np.zeros(len(ids), np.bool_)
    try:
        return ledger.read_balances(conn, ids), missing
    except NotFound:
        kept = np.zeros((len(ids), COMPONENTS), np.int64)
        for i in range(len(ids)):
            try:
                kept[i] = ledger.read_balances(conn, ids[i : i + 1])[0]
            except NotFound:
                missing[i] = True
        return kept, missing


__all__ = ["Batch", "Tally", "check_accounts"]
