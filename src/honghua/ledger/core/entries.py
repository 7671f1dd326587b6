"""A batch of journal entries as columns: its planner checks, and what it does to each owner's balances.

Everything here happens before any SQL: a batch that passes `check_batch` cannot overflow, cannot point at a component
that does not exist and sums to zero entry by entry. The database checks the same again, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Problem
from honghua.base.money import CURRENCY_DIGITS
from honghua.ledger.core.chart import COMPONENTS, KEY_BITS, KEY_MASK, OWNER_ID_MAX

Int64s = NDArray[np.int64]
Int16s = NDArray[np.int16]

AMOUNT_MAX: Final = 10**15  # minor units of one line, either sign
BATCH_TURNOVER_MAX: Final = 9.0e18  # sum of |amount| over a batch: below 2**63, so no sum of a batch can wrap
ENTRIES_MAX: Final = 1_000_000  # of one batch
LINES_MIN: Final = 2  # of one entry
LINES_MAX: Final = 64
DAY_MAX: Final = 2_932_896  # 9999-12-31
COLUMN_NAMES: Final = (
    "owner_id", "kind", "value_on", "booked_on", "fact_id", "line_offsets", "line_accounts", "line_amounts",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EntryBatch:
    """n entries with m lines in all, in the order in which they get their ids.

    owner_id       int64[n]    whose entry it is: it leads the primary key
    kind           int16[n]    what caused it, ≥ 0
    value_on       int64[n]    day number it counts for
    booked_on      int64[n]    business date (day number) it was booked on
    fact_id        int64[n]    the fact behind it, 0 = none
    line_offsets   int64[n+1]  entry i has lines line_offsets[i] … line_offsets[i+1]-1
    line_accounts  int64[m]    ledger account keys (`account_key`)
    line_amounts   int64[m]    minor units, debit +, credit −, never 0
    """

    owner_id: Int64s
    kind: Int16s
    value_on: Int64s
    booked_on: Int64s
    fact_id: Int64s
    line_offsets: Int64s
    line_accounts: Int64s
    line_amounts: Int64s
    currency: str

    def __len__(self) -> int:
        return int(self.owner_id.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class BalanceChange:
    """What a batch adds to balances: k owners in rising order, and for each touched component its change.

    owner_ids int64[k]   components int64[c], rising   delta_minor int64[c, k]
    """

    owner_ids: Int64s
    components: Int64s
    delta_minor: Int64s


def entry_batch(entries: list[dict[str, Any]], *, currency: str) -> EntryBatch:
    """A batch from single entries: mappings of owner_id, kind, value_on, booked_on, fact_id, lines [(account, amount)].

    For callers with a handful of entries and for tests; a fold fills the columns itself.
    """
    lines = [line for entry in entries for line in entry["lines"]]
    offsets = np.zeros(len(entries) + 1, dtype=np.int64)
    np.cumsum([len(entry["lines"]) for entry in entries], out=offsets[1:])

    def column(name: str) -> Int64s:
        return np.array([entry.get(name, 0) for entry in entries], dtype=np.int64)

    return EntryBatch(
        owner_id=column("owner_id"), kind=column("kind").astype(np.int16), value_on=column("value_on"),
        booked_on=column("booked_on"), fact_id=column("fact_id"), line_offsets=offsets,
        line_accounts=np.array([account for account, _ in lines], dtype=np.int64),
        line_amounts=np.array([amount for _, amount in lines], dtype=np.int64), currency=currency,
    )  # fmt: skip


def check_batch(batch: EntryBatch) -> tuple[Problem, ...]:
    """What is wrong with a batch, the first entry (row, 1-based) of each problem; empty when it may be posted."""
    shape = _check_columns(batch) or _check_lines(batch)
    if shape is not None or len(batch) == 0:
        return (shape,) if shape is not None else ()
    starts, amounts = batch.line_offsets[:-1], batch.line_amounts
    sums = np.add.reduceat(amounts, starts)
    entry_of_line = np.repeat(np.arange(len(batch)), np.diff(batch.line_offsets))
    owners, components = batch.line_accounts >> KEY_BITS, batch.line_accounts & KEY_MASK
    huge = (amounts > AMOUNT_MAX) | (amounts < -AMOUNT_MAX)
    if huge.any():  # before the sums: they may have wrapped
        return (_at(entry_of_line, huge, "AMOUNT_HUGE", f"a line of more than {AMOUNT_MAX} minor units"),)
    if float(np.abs(amounts).sum(dtype=np.float64)) > BATCH_TURNOVER_MAX:
        return (Problem(0, "BATCH_HUGE", "the amounts of one batch add up beyond int64; post it in parts"),)
    everyone = np.arange(len(batch))
    found = (
        (entry_of_line, amounts == 0, "AMOUNT_ZERO", "a line of zero; leave it out"),
        (everyone, sums != 0, "ENTRY_UNBALANCED", "the lines do not sum to zero"),
        (entry_of_line, components >= COMPONENTS, "ACCOUNT_UNKNOWN", "a line on a component that is not in the chart"),
        (entry_of_line, (owners < 1) | (batch.line_accounts < 0), "ACCOUNT_UNKNOWN", "a line with no owner"),
        (everyone, (batch.owner_id < 1) | (batch.owner_id > OWNER_ID_MAX), "OWNER_UNKNOWN", "an owner id out of range"),
        (everyone, batch.kind < 0, "KIND_NEGATIVE", "an entry kind below zero"),
        (everyone, (batch.value_on < 1) | (batch.value_on > DAY_MAX), "DATE_INVALID", "a value date out of range"),
        (everyone, (batch.booked_on < 1) | (batch.booked_on > DAY_MAX), "DATE_INVALID", "a booking date out of range"),
        (everyone, batch.fact_id < 0, "FACT_NEGATIVE", "a fact id below zero"),
    )
    return tuple(_at(entries, bad, code, message) for entries, bad, code, message in found if bad.any())


def require_sound(batch: EntryBatch) -> None:
    """Raise `BadInput` with the first problem of a batch, if it has one."""
    problems = check_batch(batch)
    if problems:
        raise BadInput(f"entry batch, {problems[0]}", code=problems[0].code)


def compute_balance_change(batch: EntryBatch) -> BalanceChange:
    """The change of balances that a sound batch causes, one column per owner; one sort and one scatter of the lines."""
    owner_ids, place = np.unique(batch.line_accounts >> KEY_BITS, return_inverse=True)
    components = batch.line_accounts & KEY_MASK
    touched = np.flatnonzero(np.bincount(components, minlength=COMPONENTS)).astype(np.int64)
    row_of = np.zeros(COMPONENTS, dtype=np.int64)
    row_of[touched] = np.arange(touched.size)
    delta = np.zeros(touched.size * owner_ids.size, dtype=np.int64)
    np.add.at(delta, row_of[components] * owner_ids.size + place, batch.line_amounts)
    return BalanceChange(owner_ids, touched, delta.reshape(touched.size, owner_ids.size))


def _check_columns(batch: EntryBatch) -> Problem | None:
    """The first thing wrong with types and lengths: what must hold before any column may be read."""
    for name in COLUMN_NAMES:
        column, wanted = getattr(batch, name), np.dtype(np.int16 if name == "kind" else np.int64)
        if not isinstance(column, np.ndarray) or column.dtype != wanted or column.ndim != 1:
            return Problem(0, "COLUMN_TYPE", f"must be a one-dimensional {wanted} array", column=name)
        if not name.startswith("line_") and len(column) != len(batch):
            return Problem(0, "COLUMN_LENGTH", f"has {len(column)} rows where owner_id has {len(batch)}", column=name)
    if batch.currency not in CURRENCY_DIGITS:
        return Problem(0, "UNKNOWN_CURRENCY", f"{batch.currency!r} is not an ISO 4217 code")
    if len(batch) > ENTRIES_MAX:
        return Problem(0, "BATCH_HUGE", f"{len(batch)} entries in one batch; at most {ENTRIES_MAX}")
    return None


def _check_lines(batch: EntryBatch) -> Problem | None:
    """The first thing wrong with how entries share out the lines."""
    offsets, n, lines = batch.line_offsets, len(batch), len(batch.line_accounts)
    if len(batch.line_amounts) != lines:
        return Problem(0, "COLUMN_LENGTH", f"has {len(batch.line_amounts)} rows, not {lines}", column="line_amounts")
    if len(offsets) != n + 1 or offsets[0] != 0 or offsets[-1] != lines:
        return Problem(0, "LINE_OFFSETS", f"must be {n + 1} offsets from 0 to {lines}", column="line_offsets")
    lengths = np.diff(offsets)
    if n and int(lengths.min()) < LINES_MIN:
        return Problem(int(np.argmin(lengths)) + 1, "ENTRY_SHORT", f"an entry needs at least {LINES_MIN} lines")
    if n and int(lengths.max()) > LINES_MAX:
        return Problem(int(np.argmax(lengths)) + 1, "ENTRY_LONG", f"an entry has at most {LINES_MAX} lines")
    return None


def _at(entry_of: Int64s, bad: NDArray[np.bool_], code: str, message: str) -> Problem:
    return Problem(int(entry_of[int(np.argmax(bad))]) + 1, code, message)
