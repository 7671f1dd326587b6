"""Facts that were booked, learnt by the engine in the order in which their units of work committed.

Columns all the way for what a restart mostly meets: purchases whose decisions are on record, with the events as they were sensed. Only
facts of other kinds, and purchases that nobody sensed, become records one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.credit import store_risk
from honghua.credit.refold import each_fact
from honghua.credit.risk.unbooked import Lesson
from honghua.decision.api import DecisionEngine, read_events
from honghua.decision.core import PURCHASES, EventMaker, Keys
from honghua.facts.kinds import Fact, FactKind
from honghua.features.core import key_of_text
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LATEST_US: Final = np.iinfo(np.int64).max
TEACHING: Final = frozenset({
    FactKind.PURCHASE_REFUSED, FactKind.FRAUD_REPORTED, FactKind.PURCHASE_REFUNDED, FactKind.REPAYMENT_RECEIVED,
    FactKind.TEMPORARY_LIMIT_GRANTED, FactKind.LIMIT_CHANGED,
})  # fmt: skip


@dataclass(slots=True)
class Names:
    """Entity keys of our own numbers, learnt as they are met: they are keys of the names by which the outside knows them."""

    customers: dict[int, int] = field(default_factory=dict)
    merchants: dict[int, int] = field(default_factory=dict)
    categories: dict[int, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)

    def key(self, text: str) -> int:
        """Each different text is hashed once."""
        known = self.texts.get(text)
        if known is None:
            known = self.texts[text] = key_of_text(text)
        return known

    def keys_of(self, texts: Sequence[str]) -> list[int]:
        """The same for a column."""
        known = self.texts
        return [known.get(text) or self.key(text) for text in texts]

    def keys(self) -> Keys:
        """As the fold of facts asks for them."""
        return Keys(self.customers.__getitem__, self.merchants.__getitem__, self.categories.__getitem__)

    def learn(self, conn: psycopg.Connection, facts: Sequence[Fact]) -> None:
        """Look up the names of numbers not met before."""
        accounts = {fact.account_id for fact in facts} - self.customers.keys()
        if accounts:
            found = store_risk.find_customer_refs(conn, sorted(accounts))
            self.customers.update((number, self.key(ref)) for number, ref in found.items())
        merchants = {fact.counterparty_id for fact in facts if fact.counterparty_id} - self.merchants.keys()
        if merchants:
            refs = ledger.find_refs(conn, owner_ids=sorted(merchants))
            self.merchants.update((number, self.key(ref)) for number, ref in refs.items())
        categories = {fact.named_args().get("category", 0) for fact in facts} - self.categories.keys() - {0}
        if categories:
            names = store_risk.find_category_names(conn, sorted(categories))
            self.categories.update((number, self.key(name)) for number, name in names.items())


@dataclass(frozen=True, slots=True)
class Learner:
    """Teaches an engine what facts say."""

    engine: DecisionEngine
    maker: EventMaker
    names: Names

    def fold(self, conn: psycopg.Connection, facts: FactColumns, whole: int) -> None:
        """The first `whole` facts, which are whole units of work, as their makers folded them: purchases first, then the rest."""
        kinds, commands, purchases = facts.kind[:whole], facts.command_id[:whole], facts.purchase_id[:whole]
        tried = np.isin(kinds, list(PURCHASES)) & ((commands == 0) | (commands == purchases))
        teaching = np.isin(kinds, list(TEACHING))
        attempts = np.flatnonzero(tried)
        events = self._events(conn, facts, attempts)
        taught = [fact for _, fact in each_fact(facts, rows=np.flatnonzero(teaching))]
        done = told = 0
        clearing = self.engine.clearing
        clock_us = clearing.clock_us if clearing is not None else 0
        for start, end in _cut(facts.txid[:whole], teaching, facts.happened_at[:whole], clock_us=clock_us):
            n, k = int(np.count_nonzero(tried[start:end])), int(np.count_nonzero(teaching[start:end]))
            if n:
                self.engine.absorb(events[done : done + n], purchases[attempts[done : done + n]])
            self.follow(conn, [(fact, fact.happened_at_us) for fact in taught[told : told + k]])
            done, told = done + n, told + k

    def follow(self, conn: psycopg.Connection, facts: Sequence[tuple[Fact, int]]) -> None:
        """What facts other than purchases teach, each with its time."""
        lesson = self.read(conn, facts)
        if lesson is not None:
            self.engine.follow(lesson.events, lesson.labelled)

    def read(self, conn: psycopg.Connection, facts: Sequence[tuple[Fact, int]]) -> Lesson | None:
        """That as the engine takes it; None = nothing to learn."""
        taught = [(fact, at_us) for fact, at_us in facts if fact.kind in TEACHING]
        if not taught:
            return None
        self.names.learn(conn, [fact for fact, _ in taught])
        keys = self.names.keys()
        found = [row for fact, at_us in taught if (row := self.maker.follow(fact, keys, at_us)) is not None]
        labelled = [fact.purchase_id for fact, _ in taught if fact.kind is FactKind.FRAUD_REPORTED]
        events = np.array(found, np.int64).reshape(-1, self.maker.schema.width)
        return Lesson(events, np.array(labelled, np.int64))

    def _events(self, conn: psycopg.Connection, facts: FactColumns, rows: Ints) -> Ints:
        """The purchases in these rows as events: as they were sensed, where that is on record, else as far as their facts tell."""
        events = np.zeros((len(rows), self.maker.schema.width), np.int64)
        ids, known = read_events(conn, facts.purchase_id[rows], self.maker.schema.columns)
        place = np.searchsorted(ids, facts.purchase_id[rows])
        found = place < len(ids)
        found[found] = ids[place[found]] == facts.purchase_id[rows[found]]
        events[found] = known[place[found]]
        unknown = np.flatnonzero(~found)
        if len(unknown):
            records = [fact for _, fact in each_fact(facts, rows=rows[unknown])]
            self.names.learn(conn, records)
            keys = self.names.keys()
            events[unknown] = self.maker.attempts(
                [self.maker.purchase_of(fact, keys, fact.happened_at_us) for fact in records]
            )
        return events


def _cut(units: Ints, teaching: Bools, at_us: Ints, *, clock_us: int) -> Iterator[tuple[int, int]]:
    """Rows [start, end) to learn at once: units of work up to one that teaches, so that every event keeps its place.

    units int64[n] number the units that rows are of; clock_us is the latest time known before. A unit a day later than what waits to be
    learnt begins anew: silence about that may come before it (`decision.core.clearing`), and lasts at least a day.
    """
    ends = np.append(np.flatnonzero(np.diff(units)) + 1, len(units))
    starts = np.append(0, ends[:-1])
    earliest = np.minimum.reduceat(at_us, starts)
    clocks = np.maximum(np.maximum.accumulate(np.maximum.reduceat(at_us, starts)), clock_us)
    closing = np.logical_or.reduceat(teaching, starts)
    begun, low = 0, LATEST_US
    for start, end, first, clock, closes in zip(
        starts.tolist(), ends.tolist(), earliest.tolist(), clocks.tolist(), closing.tolist(), strict=True
    ):
        low = min(low, first)
        if clock - low >= DAY_US and start > begun:
            yield begun, start
            begun, low = start, first
        if closes:
            yield begun, end
            begun, low = end, LATEST_US
    if begun < len(units):
        yield begun, len(units)


__all__ = ["TEACHING", "Learner", "Names"]
