"""The auditor's look at what binds accounts: caps, uses of grants and noted changes are what facts say, neither more nor less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import psycopg

from honghua.base.dates import from_day
from honghua.facts.kinds import FactKind
from honghua.limits import api as limits
from honghua.store.facts import FactColumns

NAMES: Final = ("credit.caps_are_facts", "credit.bound_uses_are_facts", "credit.limit_changes_noted")
LIMIT_KINDS: Final = (FactKind.ACCOUNT_OPENED, FactKind.LIMIT_CHANGED, FactKind.TEMPORARY_LIMIT_GRANTED)
Found = tuple[str, int, list[str]]


def check_bounds(
    conn: psycopg.Connection, refs: Mapping[int, str], facts: FactColumns, *, place: tuple[int, int]
) -> Iterator[Found]:
    """(check, how many, who breaks it) for accounts (id → customer) with all their facts. place: how far the follower of limits came."""
    told = list(_rows(facts))
    caps = {
        (fact_id, account_id, amount, from_day(args[0]))
        for kind, fact_id, account_id, amount, args, _ in told
        if kind == FactKind.SPENDING_CAP_SET
    }
    query = (
        "SELECT fact_id, account_id, cap_minor, from_on FROM credit_spending_cap WHERE account_id = ANY(%s::bigint[])"
    )
    kept = set(conn.execute(query, [list(refs)]).fetchall())
    yield NAMES[0], len(caps), [f"fact {row[0]}" for row in sorted(caps ^ kept)]

    used = {
        (fact_id, args[0], amount) for kind, fact_id, _, amount, args, _ in told if kind == FactKind.BOUND_LIMIT_USED
    }
    borne = limits.read_uses(conn, list(refs.values()))
    yield NAMES[1], len(used), [f"fact {row[0]}" for row in sorted(used ^ borne)]

    moved = {
        (fact_id, refs[account_id], amount)
        for kind, fact_id, account_id, amount, _, txid in told
        if kind in LIMIT_KINDS and (txid, fact_id) <= place
    }
    amounts = {fact_id: amount for _, fact_id, _, amount, _, _ in told}
    noted = limits.read_changes(conn, list(refs.values()))
    wrong = sorted((moved - noted) | {row for row in noted if amounts.get(row[0]) != row[2]})
    yield NAMES[2], len(moved), [f"fact {row[0]}" for row in wrong]


def _rows(facts: FactColumns) -> Iterator[tuple[int, int, int, int, list[int], int]]:
    """(kind, fact, account, amount, arguments, transaction) of each fact that may matter here."""
    wanted = {*LIMIT_KINDS, FactKind.SPENDING_CAP_SET, FactKind.BOUND_LIMIT_USED}
    for i, kind in enumerate(facts.kind.tolist()):
        if kind in wanted:
            args = facts.args_values[facts.args_offsets[i] : facts.args_offsets[i + 1]].tolist()
            yield (
                kind,
                int(facts.fact_id[i]),
                int(facts.account_id[i]),
                int(facts.amount_minor[i]),
                args,
                int(facts.txid[i]),
            )


__all__ = ["NAMES", "check_bounds"]
