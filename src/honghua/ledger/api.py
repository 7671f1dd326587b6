"""The journal's door: open owners, post entries, read balances, seal, check, export.

Nothing commits here: every function works inside the caller's transaction. `check_ledger` and `write_beancount` are
written in modules of their own and entered through here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.base.money import currency_digits
from honghua.ledger import store
from honghua.ledger.beancount import write_beancount as write_beancount
from honghua.ledger.core.chain import FIRST_PREVIOUS, BlockFigures, compute_digest
from honghua.ledger.core.chart import Component, OwnerKind, component_of, owner_of
from honghua.ledger.core.entries import EntryBatch, compute_balance_change, require_sound
from honghua.ledger.daily import DayOfBooks as DayOfBooks
from honghua.ledger.daily import list_days_of_books as list_days_of_books
from honghua.ledger.invariants import check_ledger as check_ledger
from honghua.store.finality import read_final_txid
from honghua.store.ids import allocate

Connection = psycopg.Connection

ENTRY_SEQUENCE: Final = "ledger_entry_id"
OWNERS_AT_ONCE: Final = 50_000  # rows of one INSERT; more are opened in parts
ENTRIES_PER_BLOCK_MAX: Final = 1_000_000
LIST_MAX: Final = 10_000
REF_LENGTH_MAX: Final = 200
NAMES_IN_ERROR_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class OwnerView:
    """One owner with its balances, for people."""

    owner_id: int
    kind: OwnerKind
    ref: str
    currency: str
    opened_at: dt.datetime
    balances_minor: dict[Component, int]


@dataclass(frozen=True, slots=True)
class LineView:
    """One line; `balance_minor` is the owner's balance of that component after it, None for lines of somebody else."""

    owner_id: int
    ref: str
    component: Component
    amount_minor: int
    balance_minor: int | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry with its lines, for people."""

    entry_id: int
    owner_id: int
    kind: int
    value_on: dt.date
    booked_on: dt.date
    fact_id: int | None
    currency: str
    recorded_at: dt.datetime
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class SealResult:
    """What one call of `seal` did; block_no is 0 when there was nothing to seal."""

    block_no: int
    entries: int
    lines: int
    digest: bytes


@dataclass(frozen=True, slots=True, eq=False)
class ComponentLines:
    """What entries did to one component, in order of entry, a row per entry and owner of the lines. All int64[n].

    owner_id: of the lines; entry_owner_id: of the entry. fact_id: 0 = none. booked_on: day number. amount_minor: debit +, credit −,
    summed. recorded_at: microseconds since 1970 UTC.
    """

    owner_id: NDArray[np.int64]
    entry_id: NDArray[np.int64]
    entry_owner_id: NDArray[np.int64]
    fact_id: NDArray[np.int64]
    kind: NDArray[np.int64]
    booked_on: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    recorded_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.entry_id)


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """What one entry of an owner did to its own components, minor units, debit +. fact_id: 0 = none; booked_on: day number."""

    owner_id: int
    entry_id: int
    kind: int
    fact_id: int
    booked_on: int
    changes_minor: dict[Component, int]


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the journal is sealed."""

    blocks: int
    entries_sealed: int
    entries_open: int
    digest: bytes


def open_owners(conn: Connection, *, kind: OwnerKind, refs: Sequence[str], currency: str) -> NDArray[np.int64]:
    """Ids of the owners called `refs`, opened with zero balances where they are new; int64[len(refs)] in their order.

    Idempotent per (kind, ref), also between programs that open the same at once. Raises BadInput for an empty ref or a
    currency that is none, Conflict when an owner exists with another currency.
    """
    currency_digits(currency)  # refuses what is no currency
    if any(not 1 <= len(ref) <= REF_LENGTH_MAX or "\0" in ref for ref in refs):
        raise BadInput(f"an owner's ref has 1 to {REF_LENGTH_MAX} characters and no zero byte", code="REF_INVALID")
    wanted = sorted(set(refs))
    known: dict[str, tuple[int, str]] = {}
    for start in range(0, len(wanted), OWNERS_AT_ONCE):
        part = wanted[start : start + OWNERS_AT_ONCE]
        found = store.find_owner_rows(conn, kind=kind, refs=part)
        missing = [ref for ref in part if ref not in found]
        if missing:
            ids = allocate(conn, "ledger_owner_id", len(missing))
            store.insert_owners(conn, kind=kind, refs=missing, owner_ids=ids, currency=currency)
            found |= store.find_owner_rows(conn, kind=kind, refs=missing)
        known |= found
    for ref, (_, theirs) in known.items():
        if theirs != currency:
            raise Conflict(f"owner {ref!r} keeps its balances in {theirs}, not {currency}", code="OWNER_CURRENCY")
    return np.array([known[ref][0] for ref in refs], dtype=np.int64)


def find_owners(conn: Connection, *, kind: OwnerKind, refs: Sequence[str]) -> dict[str, int]:
    """ref -> owner id of those that exist."""
    return {ref: owner_id for ref, (owner_id, _) in store.find_owner_rows(conn, kind=kind, refs=refs).items()}


def find_refs(conn: Connection, *, owner_ids: Sequence[int]) -> dict[int, str]:
    """owner id -> ref of those that exist: what the outside calls them."""
    return store.find_refs(conn, owner_ids)


def post_entries(conn: Connection, batch: EntryBatch, *, ids: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Write a batch of entries and bring the balances along; the new entry ids int64[n], rising in the batch's order.

    Inside the caller's transaction. ids: numbers of ENTRY_SEQUENCE, rising, one an entry, where the caller has taken some;
    None = they are taken here. Raises BadInput before any SQL when the batch is not sound (`check_batch`),
    NotFound when a line's owner does not exist or keeps another currency, IntegrityBroken when a balance would leave
    its side; the caller's transaction must then be rolled back. Balance rows are locked in rising order of owner.
    Sketch: 20,000 entries of 3 lines on as many owners = COPY 3 + lock and update 3 + planning 0.5 = 6.5 µs each.
    """
    require_sound(batch)
    if len(batch) == 0:
        return np.empty(0, dtype=np.int64)
    assert ids is None or len(ids) == len(batch), "one number an entry"
    entry_ids = allocate(conn, ENTRY_SEQUENCE, len(batch)) if ids is None else ids
    change = compute_balance_change(batch)
    try:
        changed = store.update_balances(conn, change, currency=batch.currency)
    except psycopg.errors.CheckViolation as error:
        if error.diag.table_name != store.BALANCES:  # of rows that were under way (`store.overlapping`)
            raise
        why = f"{error.diag.constraint_name}: {error.diag.message_detail}"
        raise IntegrityBroken(f"a balance would leave its side, {why}", code="BALANCE_REFUSED") from error
    if changed != change.owner_ids.size:
        unknown = store.list_unknown_owners(conn, change.owner_ids, currency=batch.currency, limit=NAMES_IN_ERROR_MAX)
        raise NotFound(f"no balances in {batch.currency} for owners {unknown}: open_owners first", code="OWNER_UNKNOWN")
    store.insert_entries(conn, batch, entry_ids)
    return entry_ids


def read_balances(conn: Connection, owner_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n, 24]: the balances of these owners, a column per `Component`, minor; NotFound for an unknown owner."""
    rows = store.read_balance_rows(conn, owner_ids)
    if rows.shape[0] != len(owner_ids):
        raise NotFound("some of these owners have no balances", code="OWNER_UNKNOWN")
    return rows


def sum_balances(
    conn: Connection, owner_ids: NDArray[np.int64], places: NDArray[np.int64], *, size: int
) -> NDArray[np.int64]:
    """int64[size, 24]: the balances of owners summed by the place (0 … size − 1) that each is put into; NotFound for an unknown owner."""
    sums, found = np.zeros((size, len(Component)), np.int64), 0
    for place, owners, *balances in store.sum_balance_rows(conn, owner_ids, places):
        sums[place], found = balances, found + owners
    if found != len(owner_ids):
        raise NotFound("some of these owners have no balances", code="OWNER_UNKNOWN")
    return sums


def read_causes(conn: Connection, owner_ids: NDArray[np.int64], component: Component) -> tuple[NDArray[np.int64], ...]:
    """Every entry of these owners as parallel int64 columns: its owner, its fact (0 = none), the day number on which it
    was booked, and what its lines of one component add up to, whoever's lines they are: what an account owes to merchants
    stands on the merchants' accounts.
    """
    return store.read_cause_rows(conn, owner_ids, component=component)


def trial_balance(conn: Connection, *, currency: str | None = None) -> dict[Component, int]:
    """The sum of each component over all owners, minor units; empty while nobody has an account.

    `currency` may be left out when the book knows only one; BadInput when it does not.
    """
    books = store.read_trial_rows(conn)
    if currency is None and len(books) > 1:
        raise BadInput(f"the book has {', '.join(books)}: say which currency", code="UNKNOWN_CURRENCY")
    sums = next(iter(books.values()), None) if currency is None else books.get(currency)
    return {} if sums is None else {Component(place): total for place, total in enumerate(sums)}


def list_currencies(conn: Connection) -> list[str]:
    """The currencies in which somebody keeps balances."""
    return list(store.read_trial_rows(conn))


def list_owners(conn: Connection, *, ref: str | None = None, limit: int = 50) -> list[OwnerView]:
    """Owners in order of opening: those called `ref` (one of each kind at most), or the first `limit` of all."""
    rows = store.list_owner_rows(conn, ref=ref, limit=min(limit, LIST_MAX))
    return [
        OwnerView(owner_id, OwnerKind(kind), name, currency, opened_at, dict(zip(Component, balances, strict=True)))
        for owner_id, kind, name, currency, opened_at, balances in rows
    ]


def count_entries(conn: Connection) -> tuple[int, int]:
    """(entries, lines) in the journal."""
    return store.count_entries(conn)


def count_owners(conn: Connection) -> int:
    """How many owners there are."""
    return store.count_owners(conn)


def list_entries(conn: Connection, owner_id: int, *, limit: int = 50, before: int | None = None) -> list[EntryView]:
    """The newest entries that touch an owner (below entry id `before`), newest first, each line with its balance.

    Entries of a credit account are read by their key; those of anyone else by a scan of the journal. Read inside one
    REPEATABLE READ transaction while others post, or the running balances may be off by what came in between.
    """
    kind = store.find_owner_kind(conn, owner_id)
    if kind is None:
        raise NotFound(f"no owner {owner_id}", code="OWNER_UNKNOWN")
    own = kind == OwnerKind.CREDIT_ACCOUNT
    balances = read_balances(conn, np.array([owner_id], dtype=np.int64))[0].tolist()
    after = dict(zip(Component, balances, strict=True))
    if before is not None:
        for component, total in store.sum_lines_from(conn, owner_id, own=own, from_entry_id=before).items():
            after[Component(component)] -= total
    rows = store.list_entry_rows(conn, owner_id, own=own, limit=min(limit, LIST_MAX), before=before)
    refs = store.find_refs(conn, sorted({owner_of(account) for row in rows for account in row[7]}))
    return [_entry_view(row, owner_id, after, refs) for row in rows]


def _entry_view(row: tuple[Any, ...], owner_id: int, after: dict[Component, int], refs: dict[int, str]) -> EntryView:
    """One entry; `after` holds the balances after it and is taken back to those before it."""
    entry_owner_id, entry_id, kind, value_on, booked_on, fact_id, currency, accounts, amounts, recorded_at = row
    lines: list[LineView] = []
    for account, amount in zip(reversed(accounts), reversed(amounts), strict=True):
        component, mine = component_of(account), owner_of(account) == owner_id
        balance = after[component] if mine else None
        lines.append(LineView(owner_of(account), refs.get(owner_of(account), ""), component, amount, balance))
        if mine:
            after[component] -= amount
    return EntryView(
        entry_id, entry_owner_id, kind, value_on, booked_on, fact_id, currency, recorded_at, tuple(reversed(lines))
    )  # fmt: skip


def read_component_lines(conn: Connection, component: Component, *, from_txid: int, until_txid: int) -> ComponentLines:
    """For followers with a cursor: what the transactions from_txid ≤ txid < until_txid did to one component, whoever's it is.

    Complete where `until_txid` is at most `store.finality.read_final_txid`.
    """
    columns = store.read_component_lines(conn, int(component), from_txid=from_txid, until_txid=until_txid)
    return ComponentLines(*columns)


def read_owner_changes(conn: Connection, from_txids: Mapping[int, int], *, until_txid: int) -> list[OwnerChange]:
    """For followers of some owners: their own entries of transactions from each owner's first one on, below `until_txid`.

    In order of transaction and entry, owner by owner. Complete where `until_txid` is at most `store.finality.read_final_txid`.
    """
    return [
        OwnerChange(owner, entry, kind, fact, to_day(booked_on), dict(zip(map(Component, codes), amounts, strict=True)))
        for owner, entry, kind, fact, booked_on, codes, amounts in store.read_owner_changes(
            conn, list(from_txids), list(from_txids.values()), until_txid=until_txid
        )
    ]


def has_component_lines(conn: Connection, component: Component, *, from_txid: int, booked_until: dt.date) -> bool:
    """Whether a follower that stands at `from_txid` has not seen all that was booked to a component until a day."""
    return store.has_component_lines(conn, int(component), from_txid=from_txid, booked_until=booked_until)


def seal(conn: Connection, *, max_entries: int = ENTRIES_PER_BLOCK_MAX) -> SealResult:
    """Seal the oldest entries that are not sealed yet, about `max_entries` of them, as one block of the hash chain.

    Only entries whose transaction is older than every running one: that set can no longer change, so the chain has no
    gaps and writers never wait for it. A transaction is never split, so a single huge one may exceed `max_entries`.
    Inside the caller's transaction, which should end soon after: other sealers wait for it. Cost: ~1 µs an entry.
    """
    assert 1 <= max_entries <= ENTRIES_PER_BLOCK_MAX
    store.lock_sealer(conn)
    last = store.find_last_seal(conn)
    block_no, from_txid, previous = (last[0] + 1, last[1], last[2]) if last is not None else (1, 0, FIRST_PREVIOUS)
    final_txid = read_final_txid(conn)
    if from_txid > final_txid:
        raise IntegrityBroken(
            f"sealed up to transaction {from_txid}, but this server is only at {final_txid}: the journal was restored "
            "into a server whose transaction counter is behind; move it forward (pg_resetwal -x) before anybody posts",
            code="SEAL_AHEAD",
        )
    first_txid = store.find_txid_at(conn, from_txid, final_txid, offset=0)
    if first_txid is None:
        return SealResult(0, 0, 0, previous)
    edge = store.find_txid_at(conn, first_txid, final_txid, offset=max_entries)
    until_txid = final_txid if edge is None else max(edge, first_txid + 1)
    entries, lines, now_micro = store.read_block_size(conn, first_txid, until_txid)
    figures = BlockFigures(block_no, from_txid, until_txid, entries, lines, now_micro)
    digest = compute_digest(previous, store.stream_block(conn, from_txid, until_txid), figures)
    store.insert_seal(conn, figures, previous=previous, digest=digest)
    return SealResult(block_no, entries, lines, digest)


def read_seal_state(conn: Connection) -> SealState:
    """Blocks and entries sealed, entries waiting, and the newest digest: publish it, and what stands is proven."""
    blocks, entries_sealed, entries_open = store.count_sealed(conn)
    last = store.find_last_seal(conn)
    return SealState(blocks, entries_sealed, entries_open, FIRST_PREVIOUS if last is None else last[2])
