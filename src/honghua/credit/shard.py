"""Close one shard of accounts for one day in the caller's transaction: columns in, one compiled call, columns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import from_day
from honghua.base.errors import HonghuaError
from honghua.credit import store
from honghua.credit.core.kernels.fold import close_shard
from honghua.credit.core.kernels.measures import COMPONENTS
from honghua.credit.core.kernels.packing import gather_rows, pack_snapshots, spread_rows
from honghua.credit.core.layout import (
    DUE,
    FULL,
    H_AS_OF,
    H_CUT_DAY,
    H_DUE_DAY,
    H_DUES,
    H_NEXT_CUT,
    H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY,
    H_PLANS,
    H_TERMS,
    HEAD,
    OK,
    P_BILLED,
    P_PERIODS,
    PLAN,
    STATEMENT,
)  # fmt: skip
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.credit.store import AccountRows
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import EntryBatch, account_keys

Ints = NDArray[np.int64]
LAST_PAIR_DAY: Final = 28
ROWS_MAX: Final = 4096  # open statements or plans of one account; beyond that a person must look


@dataclass(slots=True)
class Counts:
    """What closing brought: accounts moved, statements, journal entries and lines, accounts quarantined."""

    accounts: int = 0
    statements: int = 0
    entries: int = 0
    lines: int = 0
    quarantined: int = 0

    def add(self, other: Counts) -> None:
        """Sum up."""
        for name in ("accounts", "statements", "entries", "lines", "quarantined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Shard:
    """Accounts side by side, before and after the kernel.

    heads int64[n, HEAD], dues int64[n, d, DUE], plans int64[n, p, PLAN].
    """

    rows: AccountRows
    heads: Ints
    dues: Ints
    plans: Ints
    statements: Ints
    has_statement: NDArray[np.bool_]
    codes: Ints
    amounts: Ints
    line_counts: Ints
    statuses: Ints


def close_accounts(
    conn: psycopg.Connection, terms: Mapping[int, ProductTerms], *, low_id: int, high_id: int, to: int
) -> Counts:
    """Close the day before `to` for the accounts low_id … high_id on which time acts; failing ones go to quarantine."""
    rows = store.load_due_range(conn, low_id=low_id, high_id=high_id, to=to)
    counts = Counts()
    if len(rows):
        _close_rows(conn, terms, rows, np.arange(len(rows)), to, counts)
    return counts


def _close_rows(
    conn: psycopg.Connection,
    terms: Mapping[int, ProductTerms],
    rows: AccountRows,
    chosen: Ints,
    to: int,
    counts: Counts,
) -> None:
    """Close the chosen rows together; when one can't be, halve until the account at fault stands alone."""
    part = rows.select(chosen)
    errors = find_implausible(part, terms)
    for i, error in errors.items():
        store.quarantine(conn, int(part.ids[i]), day=from_day(to - 1), error=error)
    counts.quarantined += len(errors)
    good = np.array([i for i in range(len(part)) if i not in errors], np.int64)
    if len(good) == 0:
        return
    try:
        with conn.transaction():
            closed = close_sound(conn, terms, part.select(good), to)
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError, ArithmeticError, HonghuaError) as error:
        if isinstance(error, HonghuaError) and error.retryable:
            raise
        if len(good) == 1:
            store.quarantine(conn, int(part.ids[good[0]]), day=from_day(to - 1), error=str(error))
            counts.quarantined += 1
            return
        middle = len(good) // 2
        for half in (good[:middle], good[middle:]):
            _close_rows(conn, terms, rows, chosen[half], to, counts)
        return
    counts.add(closed)


def close_sound(conn: psycopg.Connection, terms: Mapping[int, ProductTerms], rows: AccountRows, to: int) -> Counts:
    """Close plausible rows in the caller's transaction; those that the kernel gives back go into quarantine."""
    shard = run_kernel(rows, terms, to)
    counts = Counts()
    for i in np.flatnonzero(shard.statuses != OK):
        store.quarantine(conn, int(rows.ids[i]), day=from_day(to - 1), error=f"kernel status {shard.statuses[i]}")
        counts.quarantined += 1
    keep = np.flatnonzero(shard.statuses == OK)
    if len(keep):
        counts.add(write_shard(conn, terms, shard, keep, to))
    return counts


def find_implausible(rows: AccountRows, terms: Mapping[int, ProductTerms]) -> dict[int, str]:
    """Rows that no fold makes and that the kernel must not see (it checks no bounds): row → what is wrong."""
    heads = rows.heads
    pairs = heads[:, [H_CUT_DAY, H_DUE_DAY, H_NEXT_CUT_DAY, H_NEXT_DUE_DAY]]
    checks = {
        "unknown terms": ~np.isin(heads[:, H_TERMS], list(terms)),
        "next cut is not ahead": heads[:, H_NEXT_CUT] <= heads[:, H_AS_OF],
        "day pair out of range": ((pairs < [1, 1, 0, 0]) | (pairs > LAST_PAIR_DAY)).any(axis=1),
        "open statements do not match their count": np.diff(rows.dues_at) != heads[:, H_DUES] * DUE,
        "plans do not match their count": np.diff(rows.plans_at) != heads[:, H_PLANS] * PLAN,
        "too many open statements or plans": np.maximum(heads[:, H_DUES], heads[:, H_PLANS]) > ROWS_MAX,
    }
    found = {int(i): what for what, bad in checks.items() for i in np.flatnonzero(bad)}
    return found | {i: "a plan with all its periods billed" for i in find_ended_plans(rows) if i not in found}


def find_ended_plans(rows: AccountRows) -> list[int]:
    """Rows with a plan that has no period left to bill: a fold removes such a plan."""
    if len(rows.plans) % PLAN:
        return []  # which account is to blame, its count tells
    plans = rows.plans.reshape(-1, PLAN)
    ended = np.flatnonzero(plans[:, P_BILLED] >= plans[:, P_PERIODS]) * PLAN
    return [int(i) for i in np.unique(np.searchsorted(rows.plans_at, ended, side="right") - 1)]


def run_kernel(rows: AccountRows, terms: Mapping[int, ProductTerms], to: int) -> Shard:
    """Lay the accounts side by side and let the day pass for all of them."""
    n = len(rows)
    dues = np.zeros((n, int(rows.heads[:, H_DUES].max(initial=0)) + 1, DUE), np.int64)
    plans = np.zeros((n, max(1, int(rows.heads[:, H_PLANS].max(initial=0))), PLAN), np.int64)
    spread_rows(rows.dues, rows.dues_at, DUE, dues)
    spread_rows(rows.plans, rows.plans_at, PLAN, plans)
    shard = Shard(
        rows, rows.heads.copy(), dues, plans, np.zeros((n, STATEMENT), np.int64), np.zeros(n, np.bool_),
        np.zeros((n, COMPONENTS), np.int64), np.zeros((n, COMPONENTS), np.int64), np.zeros(n, np.int64),
        np.full(n, FULL, np.int64),
    )  # fmt: skip
    close_shard(
        shard.heads, dues, plans, terms_matrix(terms), to, shard.statements, shard.has_statement, shard.codes,
        shard.amounts, shard.line_counts, shard.statuses,
    )  # fmt: skip
    return shard


def write_shard(
    conn: psycopg.Connection, terms: Mapping[int, ProductTerms], shard: Shard, keep: Ints, to: int
) -> Counts:
    """Store states, statements and journal entries of the kept accounts."""
    ids, heads = shard.rows.ids[keep], shard.heads[keep]
    dues, plans = shard.dues[keep], shard.plans[keep]
    last_fact_ids = shard.rows.last_fact_ids[keep]
    store.update_account_columns(
        conn, ids, last_fact_ids, heads,
        rows={"dues": gather(dues, heads[:, H_DUES], DUE), "plans": gather(plans, heads[:, H_PLANS], PLAN)},
    )  # fmt: skip
    stated = np.flatnonzero(shard.has_statement[keep])
    if len(stated):
        store.insert_statements(
            conn, ids[stated], shard.statements[keep][stated], booked_on=to, last_fact_ids=last_fact_ids[stated],
            snapshots=snapshots(heads[stated], dues[stated], plans[stated]),
        )  # fmt: skip
    counts = Counts(accounts=len(keep), statements=len(stated))
    currencies = {terms_id: version.currency for terms_id, version in terms.items()}
    for currency in sorted(set(currencies.values())):
        own = [terms_id for terms_id, its in currencies.items() if its == currency]
        posted = keep[(shard.line_counts[keep] > 0) & np.isin(heads[:, H_TERMS], own)]
        if len(posted):
            batch = entries_of(shard, posted, to, currency)
            ledger.post_entries(conn, batch)
            counts.entries += len(posted)
            counts.lines += len(batch.line_accounts)
    return counts


def entries_of(shard: Shard, posted: Ints, to: int, currency: str) -> EntryBatch:
    """One closing entry per account with lines."""
    line_counts = shard.line_counts[posted]
    offsets = np.zeros(len(posted) + 1, np.int64)
    np.cumsum(line_counts, out=offsets[1:])
    mask = np.arange(COMPONENTS)[None, :] < line_counts[:, None]
    ids = shard.rows.ids[posted]
    n = len(posted)
    return EntryBatch(
        owner_id=ids, kind=np.full(n, int(FactKind.DAY_CLOSED), np.int16), value_on=np.full(n, to, np.int64),
        booked_on=np.full(n, to, np.int64), fact_id=np.zeros(n, np.int64), line_offsets=offsets,
        line_accounts=account_keys(ids[:, None], shard.codes[posted])[mask],
        line_amounts=shard.amounts[posted][mask], currency=currency,
    )  # fmt: skip


def gather(blocks: Ints, counts: Ints, width: int) -> tuple[Ints, Ints]:
    """Rows in use, flat, with offsets."""
    offsets = np.zeros(len(blocks) + 1, np.int64)
    np.cumsum(counts * width, out=offsets[1:])
    flat = np.empty(int(offsets[-1]), np.int64)
    gather_rows(blocks, counts, width, offsets, flat)
    return flat, offsets


def snapshots(heads: Ints, dues: Ints, plans: Ints) -> tuple[Ints, Ints]:
    """Flat states with offsets, as statements keep them."""
    offsets = np.zeros(len(heads) + 1, np.int64)
    np.cumsum(HEAD + heads[:, H_DUES] * DUE + heads[:, H_PLANS] * PLAN, out=offsets[1:])
    flat = np.empty(int(offsets[-1]), np.int64)
    pack_snapshots(heads, dues, plans, H_DUES, H_PLANS, offsets, flat)
    return flat, offsets


__all__ = ["Counts", "close_accounts"]
