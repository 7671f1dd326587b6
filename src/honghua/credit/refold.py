"""Fold an account anew when a fact arrives late or is reversed: from the last snapshot that no later knowledge has overtaken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import store
from honghua.credit.core.account import Account, event_row, refold, restore
from honghua.credit.core.layout import EVENT
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind
from honghua.store.facts import FactColumns, read_fact_days, read_facts

Ints = NDArray[np.int64]
NOT_FOLDED = tuple(int(kind) for kind in PASSED_OVER)


def event_matrix(facts: FactColumns) -> tuple[Ints, Ints, Ints]:
    """Stored facts as kernel events int64[n, EVENT], their ids, and the ids that they reverse."""
    n = len(facts)
    events = np.zeros((n, EVENT), np.int64)
    events[:, 0] = facts.kind
    events[:, 1] = facts.effective_on
    events[:, 2] = facts.amount_minor
    starts, ends = facts.args_offsets[:-1], facts.args_offsets[1:]
    for k in range(EVENT - 3):
        has = ends - starts > k
        events[has, 3 + k] = facts.args_values[starts[has] + k]
    return events, facts.fact_id, facts.reverses_fact_id


def standing(events: Ints, fact_ids: Ints, reverses: Ints) -> Ints:
    """Events that count, in fold order: without those reversed, and without the kinds that move nothing."""
    keep = ~np.isin(events[:, 0], NOT_FOLDED)
    undone = reverses[reverses != 0]
    if len(undone):
        keep &= ~np.isin(fact_ids, undone)
    order = np.lexsort((fact_ids, events[:, 1]))
    ordered: Ints = events[order[keep[order]]]
    return ordered


def find_base(conn: psycopg.Connection, account_id: int, day: int) -> tuple[Ints, int]:
    """The latest snapshot from which a fact effective on `day` can be folded: (flat state, cut day); empty and 0 = from the start.

    A snapshot serves while every fact that counts before its cut was known at its cut.
    """
    days, fact_ids = read_fact_days(conn, account_id)
    newest = np.maximum.accumulate(fact_ids) if len(fact_ids) else fact_ids
    for seq, cut_on, last_fact_id in reversed(store.list_cuts(conn, account_id)):
        before = int(np.searchsorted(days, cut_on, side="left"))
        if cut_on <= day and (before == 0 or newest[before - 1] <= last_fact_id):
            return store.get_snapshot(conn, account_id, seq), cut_on
    return np.zeros(0, np.int64), 0


def refold_account(
    conn: psycopg.Connection,
    account: Account,
    pending: Sequence[tuple[int, Fact]],
    issued_now: Mapping[int, int],
    *,
    to: int,
) -> Account:
    """The account as its stored and pending facts make it, at the start of day `to`. Nothing is written.

    pending: facts of this unit of work, not stored yet; issued_now: own minimums of statements cut in it.
    """
    day = min(fact.effective_on for _, fact in pending)
    snapshot, cut_on = find_base(conn, account.account_id, day)
    base = restore(account.account_id, account.customer_ref, account.terms_rows, snapshot)
    stored, ids, reverses = event_matrix(read_facts(conn, np.array([account.account_id], np.int64)))
    new = [event_row(fact) for _, fact in pending]
    events = np.vstack([stored, *new]) if new else stored
    ids = np.concatenate([ids, np.array([fact_id for fact_id, _ in pending], np.int64)])
    reverses = np.concatenate([reverses, np.array([fact.reverses_fact_id for _, fact in pending], np.int64)])
    events = standing(events, ids, reverses)
    if cut_on:
        events = events[events[:, 1] >= cut_on]
    again, _ = refold(base, events, known_minimums(conn, account.account_id, issued_now), to)
    return again


def known_minimums(conn: psycopg.Connection, account_id: int, issued_now: Mapping[int, int]) -> Ints:
    """Own minimums of all statements issued so far, by number; −1 where none was."""
    issued = store.load_issued(conn, account_id)
    if issued_now:
        grown = np.full(max(len(issued), max(issued_now) + 1), -1, np.int64)
        grown[: len(issued)] = issued
        for seq, minimum in issued_now.items():
            grown[seq] = minimum
        return grown
    return issued


def each_fact(columns: FactColumns | None, *, rows: Ints | None = None) -> list[tuple[int, Fact]]:
    """Facts as records, with their ids: all of them, or these rows."""
    if columns is None:
        return []
    wanted = slice(None) if rows is None else rows
    ends = columns.args_offsets.tolist()
    values = columns.args_values.tolist()
    numbers = (
        columns.kind, columns.account_id, columns.value_on, columns.effective_on, columns.amount_minor, columns.counterparty_id,
        columns.purchase_id, columns.reverses_fact_id, columns.happened_at, columns.fact_id, np.arange(len(columns)),
    )  # fmt: skip
    return [
        (
            fact_id,
            Fact(
                FactKind(kind), account_id, value_on, effective_on, amount, tuple(values[ends[i] : ends[i + 1]]), counterparty,
                purchase, reverses, columns.reference[i], decode(columns.detail[i]), at_us,
            ),
        )
        for kind, account_id, value_on, effective_on, amount, counterparty, purchase, reverses, at_us, fact_id, i in zip(
            *(column[wanted].tolist() for column in numbers), strict=True
        )
    ]  # fmt: skip


def decode(text: str | None) -> Any:
    """JSON text to values, None for None."""
    return None if text is None else msgspec.json.decode(text)
