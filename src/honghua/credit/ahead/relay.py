"""Units in a row: each is judged, on what the one before it leaves behind, while that is still being written by another thread.

One process judges and writes in its turn (the deciders' lock, held by the writing connection over several transactions), so nothing can
come in between. What a unit ahead may not do (open an account, look into an older purchase, set an account aside) raises `NotAhead`
before anything is written; then it goes alone, by `api.execute`, when the one before it is on disk. The risk engine knows again what it
sensed for a unit that is given up or fails (`credit.risk.unbooked`).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import from_day, to_day
from honghua.base.errors import Conflict
from honghua.credit.ahead.recalling import Batch
from honghua.credit.booking import Booking
from honghua.credit.core import commands as c
from honghua.credit.core.desk import Answer
from honghua.credit.core.layout import H_NEXT_ACTION
from honghua.credit.core.persons.others import OtherLines
from honghua.credit.engine import Judgement, RiskDesk
from honghua.credit.guarding import StoredLines, is_any_guarded
from honghua.credit.plain.opening import are_unmoved, give_turn, is_turn_awaited, read_accounts, take_turn
from honghua.credit.plain.orders import is_plain
from honghua.credit.plain.table import AccountTable
from honghua.credit.registry import Registry
from honghua.credit.store import AccountRows
from honghua.credit.unit import Unit
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.store.commands import find_commands
from honghua.store.ids import allocate_each
from honghua.store.server.overlapping import overlapped

Ints = NDArray[np.int64]
LOOK_S: Final = 0.05  # between two looks whether somebody else waits for a turn, and whether another policy is in force


class NotAhead(Exception):
    """This batch has to wait until the one before it is on disk."""


class Nowhere:
    """Stands where a unit has its connection: whoever needs it cannot go ahead."""

    def __getattr__(self, name: str) -> Any:
        raise NotAhead(f"a unit ahead has no connection of its own ({name})")


NOWHERE: Final = cast("psycopg.Connection", Nowhere())


@dataclass(slots=True)
class Turn:
    """What nobody else may change while it lasts: the business date, and the last fact when it began."""

    today: int
    last_fact_id: int
    looked_at: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A unit judged and not yet written. answers: of the whole batch, to be told when it is on disk."""

    unit: Unit
    judgement: Judgement | None
    answers: list[Answer]
    keys: list[str]
    hashes: list[bytes]
    fresh: list[Answer]

    def write(self, conn: psycopg.Connection) -> None:
        """Book it, in one transaction, in any thread, on the connection that has the turn. Raises what goes wrong; then nothing is booked,
        or nobody knows."""
        table = self.unit.table
        touched = np.flatnonzero(table.touched)
        with conn.transaction(), overlapped(conn):
            if not are_unmoved(conn, table.ids[touched], table.facts_before[touched]):
                raise Conflict("an account moved since it was read", code="ACCOUNT_MOVED")
            if self.judgement is not None:
                self.judgement.write(conn)
            self.unit.write(conn, self.keys, self.hashes, self.fresh)


class Relay:
    """Judges in one thread, on a connection that only reads; what it judged is written elsewhere, one unit at a time, in order.

    conn: the writer's connection, touched here only while nothing is being written. reader: autocommit, of this thread alone.
    """

    def __init__(self, conn: psycopg.Connection, reader: psycopg.Connection, registry: Registry) -> None:
        self.conn, self.reader, self.registry = conn, reader, registry
        self.turn: Turn | None = None
        # Judged, and not known to be on disk; at most one while the next one is judged.
        self.under_way: list[Judged] = []

    def judge(self, commands: Sequence[c.Command], hashes: Sequence[bytes], *, now: dt.datetime) -> Judged | None:
        """A unit of these commands, at most one ahead of what is on disk; None: they must go alone, after what is being written."""
        risk = self.registry.risk
        if not isinstance(risk, RiskDesk) or not all(map(is_plain, commands)) or not self._is_our_turn(risk):
            return None
        assert self.turn is not None, "it is our turn"
        assert len(risk.ahead) == len(self.under_way) <= 1, "one unit at a time is being written"
        try:
            return self._judge(risk, self.turn, commands, hashes, now)
        except NotAhead:
            return None

    def booked(self) -> None:
        """The earlier one of what was judged is on disk."""
        assert isinstance(self.registry.risk, RiskDesk), "it judged"
        self.under_way.pop(0)
        self.registry.risk.booked_ahead()

    def fail(self) -> None:
        """What was judged is not on disk, or nobody knows; or judging broke. Nothing is being written any more."""
        self.under_way.clear()
        self.registry.forget()
        self.rest()

    def rest(self) -> None:
        """Let others book. Nothing is being written."""
        assert not self.under_way, "a turn ends when everything is on disk"
        if self.turn is not None:
            self.turn = None
            if not self.conn.closed:
                give_turn(self.conn)

    def _is_our_turn(self, risk: RiskDesk) -> bool:
        """Whether we have it, or could take it; it ends when somebody else waits, or another policy has come into force."""
        if self.turn is None:
            assert not self.under_way, "nothing is being written"
            book, last = take_turn(self.conn)
            if book is None or not book[1]:
                give_turn(self.conn)
                return False
            self.turn = Turn(to_day(book[0]), last, 0.0)
        if time.monotonic() - self.turn.looked_at > LOOK_S:
            self.turn.looked_at = time.monotonic()
            if is_turn_awaited(self.reader) or not risk.is_in_force(self.reader):
                return False
        return risk.reached >= self.turn.last_fact_id and risk.may_go_ahead()

    def _judge(
        self, risk: RiskDesk, turn: Turn, commands: Sequence[c.Command], hashes: Sequence[bytes], now: dt.datetime
    ) -> Judged:
        keys = {command.key for command in commands if command.key}
        if any(not keys.isdisjoint(one.keys) for one in self.under_way):
            raise NotAhead("a key that is just being written")
        batch = Batch(commands, hashes, find_commands(self.reader, sorted(keys)))
        mine = [commands[i] for i in batch.fresh]
        if not mine:
            raise NotAhead("nothing is new")
        unit = Unit(NOWHERE, self.registry, Booking(today=turn.today, happened_at=int(now.timestamp() * 1_000_000)))
        risk.begin_ahead()
        unit.desk.decider = risk
        self._load(unit, mine)
        fresh = unit.decide(mine, allocate_each(self.reader, unit.count_numbers(len(mine))))
        booking = unit.booking
        answers = batch.answer(fresh)
        judgement = risk.end_ahead(NOWHERE, booking.facts, unit.desk.now_us, last_fact_id=booking.last_fact_id())
        judged = Judged(
            unit, judgement, answers, [command.key for command in mine], [hashes[i] for i in batch.fresh], fresh
        )
        self.under_way.append(judged)
        return judged

    def _load(self, unit: Unit, commands: Sequence[c.Command]) -> None:
        """The accounts of these orders as they stand behind the unit that is being written."""
        self._look_up(commands)
        known = self.registry.accounts
        refs = {command.customer for command in commands}
        ids = np.array(sorted({known[ref] for ref in refs if ref in known}), np.int64)
        carried = None
        if self.under_way:
            carried = self.under_way[-1].unit.table.carry(ids)
            if carried is None:
                raise NotAhead("an account that stands alone is just being written")
            ids = np.setdiff1d(ids, carried.ids, assume_unique=True)
        rows = read_accounts(self.reader, ids, self.registry.find_strangers(refs))
        known.update(zip(rows.refs, rows.ids.tolist(), strict=True))
        today = unit.booking.today
        terms_rows = self.registry.learn_terms_of(self.reader, rows)
        table = AccountTable(rows if carried is None else join(rows, carried), terms_rows, today)
        late = table.late(today)
        if table.alone or table.broken or table.quarantined.any() or (table.heads[late, H_NEXT_ACTION] <= today).any():
            raise NotAhead("an account that more than an order has to be done for")
        if is_any_guarded(
            self.reader, dict(zip(table.ids.tolist(), table.refs, strict=True)), commands, on=from_day(today)
        ):
            raise NotAhead("a cap or a grant that other orders may just be moving")
        unit.table = table
        tables = [table, *(one.unit.table for one in self.under_way)]  # newest first; nobody else books in our turn
        unit.desk.guards.others = OtherLines(
            StoredLines(self.reader),
            lambda line: next((one for known in tables if (one := known.peek(line)) is not None), None),
        )
        unit.reach_today()

    def _look_up(self, commands: Sequence[c.Command]) -> None:
        """Names of shops and goods; what nobody has named before is opened by a unit that goes alone."""
        registry = self.registry
        orders = [command for command in commands if isinstance(command, c.Order)]
        missing = sorted({order.merchant for order in orders if order.merchant} - registry.merchants.keys())
        if missing:
            registry.merchants.update(ledger.find_owners(self.reader, kind=OwnerKind.MERCHANT, refs=missing))
        shops = {order.merchant for order in orders if order.merchant}
        goods = {order.category for order in orders if order.category}
        if not (shops <= registry.merchants.keys() and goods <= registry.categories.keys()):
            raise NotAhead("a name that nobody has used before")


def join(rows: AccountRows, more: AccountRows) -> AccountRows:
    """Both, one behind the other."""
    both = AccountRows.__new__(AccountRows)
    both.ids, both.refs = np.concatenate([rows.ids, more.ids]), [*rows.refs, *more.refs]
    both.heads = np.concatenate([rows.heads, more.heads])
    both.last_fact_ids = np.concatenate([rows.last_fact_ids, more.last_fact_ids])
    both.quarantined = np.concatenate([rows.quarantined, more.quarantined])
    both.dues, both.dues_at = chain((rows.dues, rows.dues_at), (more.dues, more.dues_at))
    both.plans, both.plans_at = chain((rows.plans, rows.plans_at), (more.plans, more.plans_at))
    return both


def chain(first: tuple[Ints, Ints], second: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Two ragged columns, one behind the other."""
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1][1:] + first[1][-1]])


__all__ = ["Judged", "Relay"]
