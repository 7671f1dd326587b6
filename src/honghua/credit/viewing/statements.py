"""Closed statements with what stands on them, and an account's history in the order in which it was recorded."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros, to_micros
from honghua.base.dates import from_day, to_day
from honghua.base.errors import NotFound
from honghua.credit import store as credit_store
from honghua.credit.core.account import Account, refold, restore
from honghua.credit.core.layout import (
    D_SEQ,
    H_DUES,
    H_PLANS,
    H_TERMS,
    P_BILLED,
    P_FEE_LEFT,
    P_ID,
    P_KIND,
    P_LEFT,
    P_PERIODS,
)
from honghua.credit.core.words import FACT_WORDS, PLAN_WORDS, SOURCE_WORDS, Words
from honghua.credit.refold import each_fact, event_matrix, standing
from honghua.credit.registry import Registry
from honghua.credit.viewing import store
from honghua.credit.viewing.reading import find_current, one_moment
from honghua.credit.viewing.views import next_part
from honghua.facts.kinds import Fact, FactKind
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_facts

Ints = NDArray[np.int64]
STATEMENTS_MAX: Final = 1_000
HISTORY_MAX: Final = 10_000
NO_ENTRY: Final = 2**62  # happenings that booked nothing come after those of their moment that did
MONEY_KINDS: Final = frozenset(
    {
        FactKind.PURCHASE_CAPTURED,
        FactKind.PURCHASE_REFUNDED,
        FactKind.REPAYMENT_RECEIVED,
        FactKind.OVERPAYMENT_RETURNED,
        FactKind.BILL_INSTALLED,
        FactKind.PLAN_SETTLED,
        FactKind.WRITTEN_OFF,
        FactKind.RECOVERY_RECEIVED,
        FactKind.HARDSHIP_AGREED,
        FactKind.CHARGES_WAIVED,
    }
)
OWES_MORE: Final = frozenset({FactKind.PURCHASE_CAPTURED, FactKind.OVERPAYMENT_RETURNED})


@dataclass(frozen=True, slots=True)
class StatementView:
    """A closed statement as it was issued; amounts minor units.

    total = carried + purchases billed + instalments + fee + interest + penalty − own money used. `unpaid_minor`: what
    of it is open today under this number (an unpaid rest whose minimum was paid moves to the next one).
    """

    number: int
    from_on: dt.date
    cut_on: dt.date
    due_on: dt.date
    carried_minor: int
    purchases_minor: int
    refunds_minor: int
    repaid_minor: int
    revolving_minor: int
    instalment_minor: int
    fee_minor: int
    interest_minor: int
    penalty_minor: int
    overpayment_used_minor: int
    total_minor: int
    minimum_minor: int
    overdue_minor: int
    booked_on: dt.date
    last_fact_id: int
    unpaid_minor: int = 0


@dataclass(frozen=True, slots=True)
class StatementItem:
    """One thing on a statement. `amount_minor`: positive raises what is owed, negative lowers it.

    `late`: it counts for an earlier cycle but was recorded after that cycle's statement was closed. `undone`: reversed
    since. `text` says in one line what `subject` (merchant and order), `periods` and `source` say in parts.
    """

    on: dt.date
    kind: Words
    amount_minor: int
    text: str
    fact_id: int = 0
    late: bool = False
    undone: bool = False
    subject: str = ""
    periods: int = 0
    source: Words | None = None


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The part of a plan that a statement billed."""

    plan_id: int
    kind: Words
    number: int
    periods: int
    principal_minor: int
    fee_minor: int


@dataclass(frozen=True, slots=True)
class StatementDetail:
    """A statement with its items in order and the plan parts that it billed."""

    statement: StatementView
    currency: str
    items: tuple[StatementItem, ...]
    parts: tuple[PlanPart, ...]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A fact with its journal entry, an entry that time caused, or a fact that moved no money."""

    recorded_at: dt.datetime
    value_on: dt.date
    kind: Words
    amount_minor: int | None
    text: str
    fact_id: int
    entry_id: int
    lines: tuple[tuple[str, int], ...]
    undone: bool


def list_statements(
    conn: psycopg.Connection, registry: Registry, customer: str, *, limit: int = 12, before: int | None = None
) -> list[StatementView]:
    """A customer's closed statements, newest first, with numbers below `before`; empty for an unknown customer."""
    with one_moment(conn):
        account = find_current(conn, registry, customer)
        if account is None:
            return []
        rows = store.list_statement_rows(conn, account.account_id, limit=min(limit, STATEMENTS_MAX), before=before)
    unpaid = unpaid_by_number(account)
    return [StatementView(**row, unpaid_minor=unpaid.get(row["number"], 0)) for row in rows]


def unpaid_by_number(account: Account) -> dict[int, int]:
    """What is open today of each statement: revolving … penalty stand in columns 3 to 7 of a row of dues."""
    rows = account.dues[: int(account.head[H_DUES])]
    return {int(row[D_SEQ]): int(row[3:8].sum()) for row in rows}


def get_statement(conn: psycopg.Connection, registry: Registry, customer: str, number: int) -> StatementDetail:
    """One closed statement with its items; raises NotFound.

    Items are those known when it was closed; what arrived later for its cycle stands, marked late, on the statement
    after.
    """
    with one_moment(conn):
        account = find_current(conn, registry, customer)
        row = store.find_statement_row(conn, account.account_id, number) if account is not None else None
        if account is None or row is None:
            raise NotFound(f"customer {customer!r} has no statement {number}", code="STATEMENT_UNKNOWN")
        earlier = store.list_statement_rows(conn, account.account_id, limit=1, before=number)
        facts = read_facts(conn, np.array([account.account_id], np.int64))
        issued = credit_store.load_issued(conn, account.account_id)
        names = find_merchants(conn, facts)
    statement = StatementView(**row, unpaid_minor=unpaid_by_number(account).get(number, 0))
    known_before = earlier[0]["last_fact_id"] if earlier else 0
    return StatementDetail(
        statement,
        registry.terms[int(account.head[H_TERMS])].currency,
        tuple(list_items(statement, facts, names, known_before)),
        tuple(list_parts(account, statement, facts, issued)),
    )


def find_merchants(conn: psycopg.Connection, facts: FactColumns) -> dict[int, str]:
    """Merchants' references by id, of those that facts name."""
    return ledger.find_refs(conn, owner_ids=sorted({int(x) for x in facts.counterparty_id if x}))


def list_items(
    statement: StatementView, facts: FactColumns, names: dict[int, str], known_before: int
) -> Iterable[StatementItem]:
    """Facts that count in the statement's cycle and were known at its cut, and those too late for the one before."""
    undone = {int(x): int(f) for x, f in zip(facts.reverses_fact_id, facts.fact_id, strict=True) if x}
    first, cut = to_day(statement.from_on), to_day(statement.cut_on)
    for fact_id, fact in each_fact(facts):
        known = fact_id <= statement.last_fact_id
        late = fact.effective_on < first and fact_id > known_before
        if (
            not known
            or fact.kind not in MONEY_KINDS
            or fact.effective_on >= cut
            or (fact.effective_on < first and not late)
        ):
            continue
        reversal = undone.get(fact_id)
        if reversal is not None and reversal <= statement.last_fact_id:
            continue  # undone before the statement was closed: as if it had never happened
        yield make_item(fact_id, fact, names, late=late, undone=reversal is not None)


def make_item(fact_id: int, fact: Fact, names: dict[int, str], *, late: bool, undone: bool) -> StatementItem:
    """A fact as it stands on a statement."""
    args, is_repayment = fact.named_args(), fact.kind is FactKind.REPAYMENT_RECEIVED
    subject = [] if is_repayment else [names.get(fact.counterparty_id, ""), fact.reference or ""]
    return StatementItem(
        on=from_day(fact.value_on),
        kind=FACT_WORDS[fact.kind],
        amount_minor=signed_amount(fact),
        text=describe(fact, names),
        fact_id=fact_id,
        late=late,
        undone=undone,
        subject=" · ".join(part for part in subject if part),
        periods=args.get("periods", 0),
        source=SOURCE_WORDS.get(args.get("source", 0), SOURCE_WORDS[0]) if is_repayment else None,
    )


def list_parts(account: Account, statement: StatementView, facts: FactColumns, issued: Ints) -> Iterable[PlanPart]:
    """Parts billed at the cut: fold what was known up to the evening before and look at the plans."""
    events, ids, reverses = event_matrix(facts)
    known = ids <= statement.last_fact_id
    rows = standing(events[known], ids[known], reverses[known])
    evening = to_day(statement.cut_on) - 1
    empty = restore(account.account_id, account.customer_ref, account.terms_rows, np.zeros(0, np.int64))
    before, _ = refold(empty, rows[rows[:, 1] <= evening], issued[: statement.number], evening)
    for plan in before.plans[: int(before.head[H_PLANS])].tolist():
        left = plan[P_PERIODS] - plan[P_BILLED]
        yield PlanPart(
            plan[P_ID],
            PLAN_WORDS[plan[P_KIND]],
            plan[P_BILLED] + 1,
            plan[P_PERIODS],
            next_part(plan[P_LEFT], left),
            next_part(plan[P_FEE_LEFT], left),
        )


def signed_amount(fact: Fact) -> int:
    """Positive raises what the customer owes."""
    return fact.amount_minor if fact.kind in OWES_MORE else -fact.amount_minor


def describe(fact: Fact, names: dict[int, str]) -> str:
    """The words that make a fact recognisable: merchant and order, periods, source, reason."""
    args = fact.named_args()
    parts = [names.get(fact.counterparty_id, ""), fact.reference or ""]
    if fact.kind is FactKind.REPAYMENT_RECEIVED:
        parts = [SOURCE_WORDS.get(args.get("source", 0), SOURCE_WORDS[0])[1]]
    if args.get("periods"):
        parts.append(f"{args['periods']} periods")
    if fact.detail and fact.detail.get("reason"):
        parts.append(str(fact.detail["reason"]))
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class HistoryPlace:
    """A place in a history: in front of the happening with these marks. entry_bound: newer pages have used the entries from here on."""

    recorded_us: int
    fact_id: int
    entry_id: int
    entry_bound: int

    @property
    def order(self) -> tuple[dt.datetime, bool, int, int]:
        """As `order_of` has it."""
        return (from_micros(self.recorded_us), self.fact_id > 0, self.entry_id or NO_ENTRY, self.fact_id)


def list_history(
    conn: psycopg.Connection, registry: Registry, customer: str, *, limit: int = 50, before: HistoryPlace | None = None
) -> list[HistoryItem]:
    """The newest `limit` happenings of an account, or of those before a place, oldest of them first; empty for an unknown customer."""
    with one_moment(conn):
        account = find_current(conn, registry, customer)
        if account is None:
            return []
        limit = min(limit, HISTORY_MAX)
        facts = read_facts(conn, np.array([account.account_id], np.int64))
        # Every happening has one entry at most, and entries are numbered as they happen: no page needs more of them than it has rows.
        entries = ledger.list_entries(
            conn, account.account_id, limit=limit, before=None if before is None else before.entry_bound
        )
        names = find_merchants(conn, facts)
    undone = {int(x) for x in facts.reverses_fact_id if x}
    by_fact = {entry.fact_id: entry for entry in entries if entry.fact_id}
    items = []
    for fact_id, fact, recorded_us in zip_facts(facts):
        entry = by_fact.get(fact_id)
        items.append(
            HistoryItem(
                from_micros(recorded_us),
                from_day(fact.value_on),
                FACT_WORDS[fact.kind],
                fact.amount_minor,
                describe(fact, names),
                fact_id,
                entry.entry_id if entry else 0,
                lines_of(entry) if entry else (),
                fact_id in undone,
            )
        )
    items += [
        HistoryItem(
            entry.recorded_at,
            entry.value_on,
            FACT_WORDS.get(entry.kind, ("", "")),
            None,
            "",
            0,
            entry.entry_id,
            lines_of(entry),
            False,
        )
        for entry in entries
        if not entry.fact_id
    ]
    # Within one transaction, time passes before the facts of its day: entries without a fact come first.
    items.sort(key=order_of)
    if before is not None:
        items = items[: bisect_left(items, before.order, key=order_of)]
    return items[-limit:]


def order_of(item: HistoryItem) -> tuple[dt.datetime, bool, int, int]:
    """Where a happening stands in the history."""
    return (item.recorded_at, item.fact_id > 0, item.entry_id or NO_ENTRY, item.fact_id)


def place_before(items: Sequence[HistoryItem], *, before: HistoryPlace | None = None) -> HistoryPlace:
    """The place in front of a page that was read from `before` on: there the next one ends."""
    numbers = [item.entry_id for item in items if item.entry_id]
    bound = min(numbers) if numbers else NO_ENTRY if before is None else before.entry_bound
    return HistoryPlace(to_micros(items[0].recorded_at), items[0].fact_id, items[0].entry_id, bound)


def zip_facts(facts: FactColumns) -> Iterable[tuple[int, Fact, int]]:
    """Facts with their ids and the instants at which they were recorded."""
    for (fact_id, fact), recorded_us in zip(each_fact(facts), facts.recorded_at.tolist(), strict=True):
        yield fact_id, fact, recorded_us


def lines_of(entry: ledger.EntryView) -> tuple[tuple[str, int], ...]:
    """An entry's lines as (component, signed amount)."""
    return tuple((line.component.name.lower(), line.amount_minor) for line in entry.lines)
