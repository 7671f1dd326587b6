"""What a house knows of its purchases: which were reported or refused by a person, and which went through in silence long enough.

Labels are the facts that arrived. Both kinds are taken from the same time: where frauds are known up to this morning and clear purchases
only up to the week before last, whatever tells the date tells the label, and a fitted model takes everything new for a fraud.
Facts are read once: a table of what they said goes on where it stopped, on disk too, and forgets what is older than a fit looks at.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.decision.core import Outcome
from honghua.facts.kinds import FactKind
from honghua.store.facts import FactColumns, read_facts_after

Ints = NDArray[np.int64]
PAGE: Final = 200_000  # facts read at once
HISTORY_DAYS: Final = 400  # purchases longer ago teach nothing: a year, and the season before
FORMAT: Final = 1
BOUGHT: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED)
FRAUD: Final = 1  # first argument of FRAUD_REPORTED; 0 = cleared
DENIED: Final = 2  # second argument of SUSPENSION_SETTLED
REFUSED_BY_PERSON: Final = (FactKind.SUSPENSION_SETTLED, (int(Outcome.REVIEW), DENIED))


@dataclass(frozen=True, slots=True)
class Known:
    """Purchases whose labels are in: decision_ids rising, labels 1 = fraud, weight: how many purchases a row stands for, at_us."""

    decision_ids: Ints
    labels: NDArray[np.int8]
    weight: NDArray[np.float64]
    at_us: Ints

    def take(self, rows: Ints) -> Known:
        """Some of them."""
        return Known(self.decision_ids[rows], self.labels[rows], self.weight[rows], self.at_us[rows])


def _no_pairs() -> Ints:
    return np.zeros((0, 2), np.int64)


@dataclass(slots=True)
class FactTable:
    """What the facts up to the cursor said: purchases and suspensions as (purchase, time) in rising order of purchase, and frauds.

    last: the fact at the cursor, as (id, unit, purchase, time): by this a table on disk knows whose book it is of.
    """

    bought: Ints = field(default_factory=_no_pairs)
    held: Ints = field(default_factory=_no_pairs)
    frauds: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    last: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def cursor(self) -> int:
        """The last fact that was read."""
        return self.last[0]

    def read_on(self, conn: psycopg.Connection, *, page: int = PAGE) -> int:
        """Read the facts after the cursor; how many there were. Facts become visible in the order of their numbers."""
        read = 0
        while len(facts := read_facts_after(conn, self.cursor, limit=page)):
            told = np.stack([facts.purchase_id, facts.happened_at], axis=1)
            is_bought = np.isin(facts.kind, BOUGHT) & (facts.command_id == facts.purchase_id)
            self.bought = merge_pairs(self.bought, told[is_bought])
            self.held = merge_pairs(self.held, told[facts.kind == FactKind.PURCHASE_SUSPENDED])
            reported = find_frauds(facts, FactKind.FRAUD_REPORTED, (FRAUD,))
            self.frauds = np.union1d(self.frauds, np.concatenate([reported, find_frauds(facts, *REFUSED_BY_PERSON)]))
            self.last = describe_last(facts)
            read += len(facts)
        return read

    def forget_before(self, at_us: int) -> None:
        """Drop purchases before a moment, and what was said of them."""
        numbers = np.concatenate([self.bought[:, 0], self.held[:, 0]])
        self.bought, self.held = (pairs[pairs[:, 1] >= at_us] for pairs in (self.bought, self.held))
        left = np.concatenate([self.bought[:, 0], self.held[:, 0]])
        self.frauds = np.setdiff1d(self.frauds, np.setdiff1d(numbers, left), assume_unique=True)

    def known(self, *, now_us: int, silent_days: int, one_in: int, history_days: int = HISTORY_DAYS) -> Known:
        """Of purchases so long ago, and no longer: those that were reported or refused by a reviewer, and one in so many of those that
        went through in silence."""
        rows = merge_pairs(self.bought, self.held[np.isin(self.held[:, 0], self.frauds)])
        is_fraud = np.isin(rows[:, 0], self.frauds)
        in_time = (rows[:, 1] < now_us - silent_days * DAY_US) & (rows[:, 1] >= now_us - history_days * DAY_US)
        kept = in_time & (is_fraud | draw_one_in(rows[:, 0], one_in))
        weight = np.where(is_fraud[kept], 1.0, float(one_in))
        return Known(rows[kept, 0], is_fraud[kept].astype(np.int8), weight, rows[kept, 1])

    def save(self, path: Path) -> None:
        """Write the table beside, then rename: a torn file is never taken for a table."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            np.savez(
                file, allow_pickle=False, format=FORMAT, last=self.last, bought=self.bought, held=self.held, frauds=self.frauds
            )  # fmt: skip
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path, conn: psycopg.Connection) -> FactTable:
        """The table that was saved; an empty one, which reads all anew, where there is none, it is damaged, or it is of another book."""
        try:
            with path.open("rb") as file, np.load(file) as told:
                one, two, three, four = told["last"].tolist()
                found = cls(told["bought"], told["held"], told["frauds"], (one, two, three, four))
                is_sound = int(told["format"]) == FORMAT
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return cls()
        facts = read_facts_after(conn, found.cursor - 1, limit=1)
        is_of_this_book = found.cursor > 0 and len(facts) > 0 and describe_last(facts) == found.last
        return found if is_sound and is_of_this_book else cls()


def read_known(
    conn: psycopg.Connection,
    *,
    now_us: int,
    silent_days: int,
    one_in: int,
    history_days: int = HISTORY_DAYS,
    path: Path | None = None,
) -> Known:
    """What is known at a moment. path: where the table of earlier readings lies, so that only new facts are read; None reads all."""
    table = FactTable() if path is None else FactTable.load(path, conn)
    read = table.read_on(conn)
    if path is not None and read:
        table.forget_before(now_us - history_days * DAY_US)
        table.save(path)
    return table.known(now_us=now_us, silent_days=silent_days, one_in=one_in, history_days=history_days)


def merge_pairs(old: Ints, new: Ints) -> Ints:
    """Pairs int64[n, 2] by rising first number, of equal ones the first that came."""
    if not len(new):
        return old
    pairs = np.concatenate([old, new])
    found: Ints = pairs[np.unique(pairs[:, 0], return_index=True)[1]]
    return found


def find_frauds(facts: FactColumns, kind: FactKind, begins: tuple[int, ...]) -> Ints:
    """The purchases of facts of a kind whose arguments begin so."""
    says = np.flatnonzero(facts.kind == kind)
    for place, value in enumerate(begins):
        says = says[facts.args_values[facts.args_offsets[says] + place] == value]
    return facts.purchase_id[says]


def describe_last(facts: FactColumns) -> tuple[int, int, int, int]:
    """The last of some facts: its id, unit of work, purchase and time."""
    return int(facts.fact_id[-1]), int(facts.txid[-1]), int(facts.purchase_id[-1]), int(facts.happened_at[-1])


def draw_one_in(numbers: Ints, one_in: int) -> NDArray[np.bool_]:
    """One in so many, bool[n]: by the numbers alone, so the same ones in every run."""
    found: NDArray[np.bool_] = (numbers * 2_654_435_761 % 2**32 >> 12) % one_in == 0
    return found


__all__ = ["FactTable", "Known", "draw_one_in", "read_known"]
