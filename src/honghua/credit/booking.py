"""One unit of work in the making: facts, entries, statements and decisions collected as columns, written in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import store
from honghua.credit.core.account import Account, Lines
from honghua.credit.core.desk import DecisionDraft
from honghua.decision.api import BundleIds, DecisionRow, record_decisions
from honghua.facts.kinds import Fact, FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, EntryBatch, account_keys
from honghua.store.facts import FactBatch, append_facts

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an entry is made: fact or entry kind, value day, the fact (0 = time itself) and the merchant whose account it touches."""

    kind: int
    value_on: int
    fact_id: int = 0
    merchant_id: int = 0


@dataclass(frozen=True, slots=True)
class Purchases:
    """Captured purchases in a row, int64[n] each: fact, account, merchant, and how many lines each entry has."""

    fact_ids: Ints
    account_ids: Ints
    merchant_ids: Ints
    counts: Ints


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a booking had come: facts, statements, decisions, lines; entries and parts of their lines by currency."""

    counts: tuple[int, int, int, int]
    entries: dict[str, tuple[int, int]]


@dataclass(slots=True)
class EntryColumns:
    """Entries of one currency, growing."""

    owner_id: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    value_on: list[int] = field(default_factory=list)
    fact_id: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    merchant_id: list[int] = field(default_factory=list)
    codes: list[Ints] = field(default_factory=list)
    amounts: list[Ints] = field(default_factory=list)

    def batch(self, currency: str, booked_on: int) -> EntryBatch:
        """As the journal takes them: in the order of their facts, whatever the order in which they were collected."""
        self._sort()
        n = len(self.owner_id)
        offsets = np.zeros(n + 1, np.int64)
        np.cumsum(self.ends, out=offsets[1:])
        owners = np.array(self.owner_id, np.int64)
        codes = np.concatenate(self.codes)
        to_merchant = np.where(
            codes == Component.MERCHANT_PAYABLE, np.repeat(self.merchant_id, self.ends), np.repeat(owners, self.ends)
        )
        return EntryBatch(
            owner_id=owners, kind=np.array(self.kind, np.int16),
            value_on=np.array(self.value_on, np.int64), booked_on=np.full(n, booked_on, np.int64),
            fact_id=np.array(self.fact_id, np.int64), line_offsets=offsets, line_accounts=account_keys(to_merchant, codes),
            line_amounts=np.concatenate(self.amounts), currency=currency,
        )  # fmt: skip

    def marks(self) -> tuple[int, int]:
        """How many entries and parts of lines there are."""
        return len(self.owner_id), len(self.codes)

    def cut(self, entries: int, parts: int) -> None:
        """Keep so many."""
        for column in (self.owner_id, self.kind, self.value_on, self.fact_id, self.ends, self.merchant_id):
            del column[entries:]
        del self.codes[parts:], self.amounts[parts:]

    def _sort(self) -> None:
        order = np.argsort(self.fact_id, kind="stable").tolist()
        if order == list(range(len(order))):
            return
        codes = np.split(np.concatenate(self.codes), np.cumsum(self.ends)[:-1])
        amounts = np.split(np.concatenate(self.amounts), np.cumsum(self.ends)[:-1])
        self.codes, self.amounts = [codes[k] for k in order], [amounts[k] for k in order]
        for name in ("owner_id", "kind", "value_on", "fact_id", "ends", "merchant_id"):
            column = getattr(self, name)
            setattr(self, name, [column[k] for k in order])


@dataclass(slots=True)
class Booking:
    """What one transaction will write. Nothing reaches the database before `write`."""

    today: int
    happened_at: int
    facts: list[tuple[int, Fact, int]] = field(default_factory=list)  # fact id, fact, command id
    entries: dict[str, EntryColumns] = field(default_factory=dict)
    statements: list[tuple[int, Ints, Ints, int]] = field(
        default_factory=list
    )  # account, statement, snapshot, last fact
    decisions: list[DecisionRow] = field(default_factory=list)
    touched: dict[int, Account] = field(default_factory=dict)
    opened: dict[int, Account] = field(default_factory=dict)
    lines: int = 0
    entry_ids: Ints | None = None  # numbers that wait for the entries; None, or too few: they are asked for
    plain: list[FactBatch] = field(
        default_factory=list
    )  # purchases booked many at once (`credit.plain`), apart from `facts`

    def post(self, account: Account, currency: str, lines: Lines, cause: Cause) -> None:
        """Collect an entry; lines of the merchant's component go to the merchant's own account when the cause names one."""
        n = len(lines.codes)
        if n == 0:
            return
        columns = self.entries.setdefault(currency, EntryColumns())
        columns.owner_id.append(account.account_id)
        columns.kind.append(cause.kind)
        columns.value_on.append(cause.value_on)
        columns.fact_id.append(cause.fact_id)
        columns.merchant_id.append(cause.merchant_id or account.account_id)
        columns.ends.append(n)
        columns.codes.append(lines.codes)
        columns.amounts.append(lines.amounts)
        self.lines += n

    def post_many(self, currency: str, bought: Purchases, lines: Lines) -> None:
        """Collect entries of purchases of today, their lines one behind the other."""
        some = bought.counts > 0
        columns = self.entries.setdefault(currency, EntryColumns())
        n = int(np.count_nonzero(some))
        columns.owner_id += bought.account_ids[some].tolist()
        columns.kind += [int(FactKind.PURCHASE_CAPTURED)] * n
        columns.value_on += [self.today] * n
        columns.fact_id += bought.fact_ids[some].tolist()
        columns.merchant_id += bought.merchant_ids[some].tolist()
        columns.ends += bought.counts[some].tolist()
        columns.codes.append(lines.codes)
        columns.amounts.append(lines.amounts)
        self.lines += len(lines.codes)

    def mark(self) -> Mark:
        """How much was collected so far."""
        entries = {currency: columns.marks() for currency, columns in self.entries.items()}
        return Mark((len(self.facts), len(self.statements), len(self.decisions), self.lines), entries)

    def back_to(self, mark: Mark) -> None:
        """Forget what was collected since a mark."""
        facts, statements, decisions, self.lines = mark.counts
        del self.facts[facts:], self.statements[statements:], self.decisions[decisions:]
        for currency, columns in self.entries.items():
            columns.cut(*mark.entries.get(currency, (0, 0)))

    def last_fact_id(self) -> int:
        """The highest number of all facts collected, 0 = none."""
        return max(
            [number for number, _, _ in self.facts] + [int(batch.fact_id[-1]) for batch in self.plain], default=0
        )

    def record(self, fact_id: int, fact: Fact, command_id: int) -> None:
        """Collect a fact."""
        self.facts.append((fact_id, fact, command_id))

    def decide(self, account_id: int, decision_id: int, draft: DecisionDraft) -> None:
        """Collect a decision of the account rules; the risk engine records its own."""
        if draft.by_engine:
            return
        self.decisions.append(DecisionRow(account_id, decision_id, draft.outcome, draft.reason, draft.vector))

    def write(self, conn: psycopg.Connection, bundle_ids: BundleIds) -> None:
        """Write everything, in the caller's transaction."""
        self._write_facts(conn)
        for batch in self.plain:
            append_facts(conn, batch)
        self._write_statements(conn)
        store.insert_accounts(conn, list(self.opened.values()))
        rest = [
            account
            for account_id, account in sorted(self.touched.items())
            if account_id not in self.opened and account.place < 0
        ]
        if rest:
            store.update_account_columns(
                conn, np.array([a.account_id for a in rest], np.int64), np.array([a.last_fact_id for a in rest], np.int64),
                np.stack([a.head for a in rest]),
                rows={"dues": store.ragged(a.flat_dues() for a in rest), "plans": store.ragged(a.flat_plans() for a in rest)},
            )  # fmt: skip
        for currency, columns in sorted(self.entries.items()):
            if not columns.owner_id:
                continue
            ledger.post_entries(
                conn, columns.batch(currency, self.today), ids=self._take_entry_ids(len(columns.owner_id))
            )
        record_decisions(conn, bundle_ids, self.decisions)

    def count_entries(self) -> int:
        """How many entries were collected so far."""
        return sum(len(columns.owner_id) for columns in self.entries.values())

    def _take_entry_ids(self, n: int) -> Ints | None:
        """The next n of those that wait, if there are so many."""
        if self.entry_ids is None or len(self.entry_ids) < n:
            return None
        taken, self.entry_ids = self.entry_ids[:n], self.entry_ids[n:]
        return taken

    def _write_facts(self, conn: psycopg.Connection) -> None:
        if not self.facts:
            return
        facts = [fact for _, fact, _ in self.facts]

        def column(name: str) -> Ints:
            return np.array([getattr(fact, name) for fact in facts], np.int64)

        values, offsets = store.ragged(np.array(fact.args, np.int64) for fact in facts)
        has_detail = any(fact.detail for fact in facts)
        batch = FactBatch(
            fact_id=np.array([fact_id for fact_id, _, _ in self.facts], np.int64), kind=column("kind"),
            account_id=column("account_id"), value_on=column("value_on"), effective_on=column("effective_on"),
            happened_at=np.array([fact.happened_at_us or self.happened_at for fact in facts], np.int64),
            amount_minor=column("amount_minor"),
            counterparty_id=column("counterparty_id"), purchase_id=column("purchase_id"),
            reverses_fact_id=column("reverses_fact_id"),
            command_id=np.array([command_id for _, _, command_id in self.facts], np.int64), args_values=values,
            args_offsets=offsets, reference=[fact.reference for fact in facts],
            detail=[to_json(fact.detail) for fact in facts] if has_detail else None,
        )  # fmt: skip
        append_facts(conn, batch)

    def _write_statements(self, conn: psycopg.Connection) -> None:
        if not self.statements:
            return
        ids, statements, snapshots, last_facts = zip(*self.statements, strict=True)
        store.insert_statements(
            conn, np.array(ids, np.int64), np.stack(statements), booked_on=self.today,
            last_fact_ids=np.array(last_facts, np.int64), snapshots=store.ragged(snapshots),
        )  # fmt: skip


def to_json(value: Any) -> str | None:
    """Compact JSON, None for None."""
    return None if value is None else msgspec.json.encode(value).decode()


__all__ = ["Booking", "EntryColumns", "to_json"]
