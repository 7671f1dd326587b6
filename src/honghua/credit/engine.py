"""The risk engine in the credit room: units of work fold their facts into it, in the order in which they commit.

One unit at a time (the deciders' lock): it first learns what others booked, then senses its own orders, judges each with its
account as it then stands, and records. When a unit fails its orders mostly come again, and are known; when others come instead,
the state is built again from the last snapshot and the facts since. Every unit folds in one order: its purchases as their facts
stand, then everything else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros
from honghua.base.errors import NotFound
from honghua.credit import store_risk
from honghua.credit.core.hearing import Brought, Hearing, Word, close_hearings
from honghua.credit.registry import Registry, SensedOrders
from honghua.credit.risk.learning import Learner, Names
from honghua.credit.risk.setup import MANIFEST, RiskSetup
from honghua.credit.risk.unbooked import Lesson, SensedRows, Unbooked
from honghua.decision import api as decision
from honghua.decision.api import (
    DecisionEngine,
    EngineSettings,
    Judge,
    Sensed,
    Watch,
    load_newest,
    read_model_files,
    save_snapshot,
    unpack_model,
)
from honghua.decision.api import keep_model as keep_with
from honghua.decision.core import ACCOUNT_INPUTS, LIVE_SCHEMA, BrakeChange, EventMaker, JudgedColumns
from honghua.facts.kinds import SCENE, Fact
from honghua.features.core import ABSENT
from honghua.fraud.api import FraudModel
from honghua.fraud.core import RiskPlan
from honghua.store.facts import find_last_fact_id, read_facts_after

Ints = NDArray[np.int64]
AMOUNT: Final = ACCOUNT_INPUTS.index("amount_minor")
Booked = tuple[int, Fact, int]  # fact id, fact, command id
FACTS_AT_ONCE: Final = 50_000
SLICE: Final = 1_000  # facts that a successor learns between two units: some 20 ms
SNAPSHOT_EVERY: Final = 1_000_000  # facts
LEARNT_MUCH: Final = 100_000  # facts at a start: the next one shall not learn them again


Observer = Callable[[Ints, Sensed], None]  # decision ids int64[n] and how they were sensed


@dataclass(frozen=True, slots=True)
class Ending:
    """A unit about to commit: its last fact, how many orders it sensed, what else it teaches."""

    cursor: int
    sensed: int
    lesson: Lesson | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The records of one unit, to be written with what it books."""

    judge: Judge
    columns: JudgedColumns
    changes: list[tuple[int, BrakeChange]]
    now_us: int

    def write(self, conn: psycopg.Connection) -> None:
        """In the caller's transaction."""
        decision.record_judged(conn, self.judge, self.columns, self.changes, now=from_micros(self.now_us))


class RiskDesk:
    """The engine with its cursor. Implements `registry.RiskLink`; one per process and database, not shared between threads."""

    def __init__(self, setup: RiskSetup, *, observer: Observer | None = None) -> None:
        self.setup, self.observer = setup, observer
        self.engine = DecisionEngine(setup.plan, settings=setup.settings)
        self.maker = EventMaker(setup.plan.schema, offset_us=setup.offset_us)
        self.watch = Watch(self.engine.terms(), choose=self._choose)
        self.lineup: decision.LineupRow | None = None  # who judges here
        self.successor: Successor | None = None  # learns to serve the line-up in force
        self.needs: dict[bytes, tuple[frozenset[str], RiskSetup | None]] = {}  # of models that are not scored with here
        self.names = Names()
        self.model_digest = b""
        self.cursor = 0  # the last fact that the state has learnt
        self.saved_at = 0
        self.conn: psycopg.Connection | None = None  # of the unit under way
        self.is_sound = False  # whether the state is that of the facts up to the cursor and of what was sensed since
        self.current: Judge | None = None
        self.hearings: list[Hearing] = []  # of the unit under way
        self.unbooked = Unbooked()
        self.ending: Ending | None = None  # of a unit that is about to commit
        self.unheard: Ending | None = None  # of one that failed, or whose commit nobody heard of
        self.ahead: list[tuple[Ending, list[SensedRows]]] = []  # units judged and learnt, and not known to be on disk

    @property
    def learner(self) -> Learner:
        """What teaches the engine as it is now."""
        return Learner(self.engine, self.maker, self.names)

    @property
    def reached(self) -> int:
        """The last fact of all that was judged, ahead of the disk or not."""
        return self.ahead[-1][0].cursor if self.ahead else self.cursor

    def prepare(self, conn: psycopg.Connection) -> None:
        """Before a unit's transaction: see what is in force by now, and with which model.

        A model that reads what this engine does not sense needs another engine: that learns the book's facts a slice at a time, here,
        between units; until it has, those judge who judged before. Whoever has time to spare may call this as often as he likes.
        """
        if self.successor is not None and self.successor.study(conn):
            self._hand_over(self.successor.desk)
        judge = self.watch.judge(conn)
        self.current = judge
        wanted = judge.force.champion.model_digest
        if wanted != self.model_digest:
            self.engine.use(self._place(unpack_model(read_model_files(conn, wanted))) if wanted else None)
            self.model_digest = wanted

    def _place(self, model: FraudModel) -> FraudModel:
        sensor = self.engine.sensor
        return model if model.names == sensor.names else model.placed(sensor.values)

    def _choose(self, conn: psycopg.Connection, lineup: decision.LineupRow) -> decision.LineupRow:
        """The newest line-up, or the one before while its engine is not ready. Shadows are waited for by nobody: until an engine that has
        learnt their values takes over they are not asked (`decision.find_warming`), and a credit model's chance is missing."""
        digest = decision.get_release(conn, lineup.champion).model_digest
        setup, is_served = self.setup, True
        if self.lineup is not None and digest not in (b"", self.model_digest):
            reads, theirs = self._read_needs(conn, digest)
            wanted = self.setup if theirs is None else theirs
            if not reads <= set(self.engine.sensor.names) or not set(wanted.settings.values) <= set(
                self.setup.settings.values
            ):
                setup, is_served = wanted, False
        beside = (*lineup.shadows, *(() if lineup.challenger is None else (lineup.challenger,)))
        for other in [decision.get_release(conn, number).model_digest for number in beside]:
            if other not in (b"", digest):
                reads, theirs = self._read_needs(conn, other)
                if theirs is not None and not reads <= set(setup.plan.names):
                    setup = setup.serving(replace(theirs, plan=theirs.plan.reading(reads)))
        for slot in [decision.get_release(conn, number).credit_digest for number in (lineup.champion, *beside)]:
            reads, theirs = self._read_needs(conn, slot) if slot else (frozenset(), None)
            if theirs is not None and (sensed := reads & set(theirs.plan.names)) - set(setup.plan.names):
                setup = setup.serving(replace(theirs, plan=theirs.plan.reading(sensed)))
        key = setup.manifest()
        if key == self.setup.manifest():
            self.successor = None
        elif self.successor is None or self.successor.key != key:
            self.successor = Successor(key, RiskDesk(setup))
        if self.lineup is None or is_served:
            self.lineup = lineup
        return self.lineup

    def _read_needs(self, conn: psycopg.Connection, digest: bytes) -> tuple[frozenset[str], RiskSetup | None]:
        """What a kept model reads, and the setup that it was fitted with, if that was kept; looked up once."""
        if digest not in self.needs:
            files = read_model_files(conn, digest)
            setup = RiskSetup.read(files[MANIFEST], self.setup.folder) if MANIFEST in files else None
            slot = decision.find_slot_model(files)
            self.needs[digest] = frozenset(unpack_model(files).reads if slot is None else slot.names), setup
        return self.needs[digest]

    def _hand_over(self, to: RiskDesk) -> None:
        """From this unit on the other engine's state is ours."""
        self.setup, self.engine, self.maker, self.names = to.setup, to.engine, to.maker, to.names
        self.cursor, self.saved_at, self.is_sound = to.cursor, to.saved_at, to.is_sound
        self.watch = Watch(self.engine.terms(), choose=self._choose)
        self.lineup, self.successor, self.ending, self.unheard, self.model_digest = None, None, None, None, b""
        self.unbooked.clear()

    def resume(self, conn: psycopg.Connection) -> None:
        """At a start: where the newest snapshot is of an engine that senses for shadows too, go on with that one."""
        if self.successor is None or self.setup.folder is None:
            return
        other = self.successor.desk
        for desk in (self, other):
            desk._rebuild(conn)
        if other.cursor > self.cursor:
            self._hand_over(other)
            self.prepare(conn)

    def begin(self, conn: psycopg.Connection, last: int) -> None:
        """Our turn has come (the transaction holds the deciders' lock): learn what others booked, up to the last fact there is."""
        assert not self.ahead, "a unit that is judged ahead is settled before another one goes alone"
        self.unbooked.put_back()
        if self.unheard is not None and self.cursor < self.unheard.cursor == last:
            self._finish(self.unheard)  # nobody heard its commit, but here are its facts
        self.ending, self.unheard, self.conn, self.hearings = None, None, conn, []
        if last > self.cursor and self.unbooked.left:
            self.is_sound = False
        if not self.is_sound:
            self._rebuild(conn)
        if last > self.cursor:
            self._catch_up(conn)

    def sense(self, orders: SensedOrders) -> NDArray[np.bool_]:
        """Take orders into the state, in order, and judge them ahead; row i is order i. Which are approved as foreseen, bool[n]."""
        assert self.current is not None, "prepare comes first"
        ids, events = orders.command_ids, self._events(orders)
        sensed = self.engine.score(events, self._absorb(events, ids), judge=self.current)
        assert sensed.prepared is not None, "sensed for a judge"
        brought = Brought(np.stack([orders.account_ids, ids], axis=1), sensed.prepared, sensed.values, sensed.events)
        hearing = Hearing(self.current, brought, orders.inputs)
        self.hearings.append(hearing)
        if self.observer is not None:
            self.observer(ids, sensed)
        return hearing.approved()

    def _absorb(self, events: Ints, ids: Ints) -> NDArray[np.float32]:
        """Values of orders: of those that a failed unit brought before, as they were sensed then."""
        before = self.unbooked.meet(events)
        if before is None:  # others were sensed in vain
            assert self.conn is not None, "a unit is under way"
            done = self.unbooked.done
            self._rebuild(self.conn)
            self._catch_up(self.conn)
            self.unbooked.done = [
                SensedRows(rows.ids, rows.events, self.engine.absorb(rows.events, rows.ids)) for rows in done
            ]
            before = self.unbooked.meet(events)
            assert before is not None, "nothing was sensed in vain any more"
        n = len(before.ids)
        if n and self.engine.clearing is not None:
            self.engine.clearing.rename(before.ids, ids[:n])
        values = before.values
        if n < len(events):
            self.is_sound = False  # until it is written down what was taken in
            fresh = self.engine.absorb(events[n:], ids[n:])
            values = np.concatenate([before.values, fresh]) if n else fresh
            self.is_sound = True
        self.unbooked.done.append(SensedRows(ids, events, values))
        return values

    def hear(self, rows: slice) -> None:
        """These orders of the newest hearing were booked as they were judged ahead."""
        self.hearings[-1].hear(rows)

    def _events(self, orders: SensedOrders) -> Ints:
        """Orders as events, and their names learnt on the way."""
        names = self.names
        entities = {
            "customer": names.keys_of(orders.customers),
            "merchant": names.keys_of(orders.merchants),
            "category": names.keys_of(orders.categories),
        }
        names.customers.update(zip(orders.account_ids.tolist(), entities["customer"], strict=True))
        names.merchants.update(zip(orders.merchant_ids.tolist(), entities["merchant"], strict=True))
        names.categories.update(zip(orders.category_ids.tolist(), entities["category"], strict=True))
        if any(orders.scenes):
            nowhere = (ABSENT,) * len(SCENE)
            entities.update(
                zip(SCENE, map(list, zip(*(scene or nowhere for scene in orders.scenes), strict=True)), strict=True)
            )
        return self.maker.purchases(
            orders.at_us, orders.inputs[:, AMOUNT], {name: column(keys) for name, keys in entities.items()},
            {"available_minor": orders.available_minor, "limit_minor": orders.limit_minor},
        )  # fmt: skip

    def judge(self, row: int, account_inputs: Sequence[int]) -> Word:
        """The word on an order of the newest hearing."""
        return self.hearings[-1].speak(row, account_inputs)

    def end(self, conn: psycopg.Connection, facts: Sequence[Booked], now_us: int, *, last_fact_id: int) -> None:
        """Write the unit's decisions down; what else it booked is learnt when it is on disk."""
        self.ending, judgement = self._close(conn, facts, now_us, last_fact_id or self.cursor)
        if judgement is not None:
            judgement.write(conn)

    def _close(
        self, conn: psycopg.Connection, facts: Sequence[Booked], now_us: int, cursor: int
    ) -> tuple[Ending, Judgement | None]:
        """A unit is over: what it teaches, and what is to be recorded of its orders."""
        lesson = self.learner.read(conn, [(fact, fact.happened_at_us or now_us) for _, fact, _ in facts])
        judgement = None
        if self.hearings:
            assert self.current is not None, "prepare comes first"
            judgement = Judgement(self.current, *close_hearings(self.current, self.hearings), now_us)
            self.hearings = []
        sensed = sum(len(rows.ids) for rows in self.unbooked.done)
        return Ending(cursor, sensed, lesson), judgement

    def may_go_ahead(self) -> bool:
        """Whether the next unit may be judged before the one before it is on disk: nothing is to be learnt, replaced or saved first."""
        is_ready = self.current is not None and self.is_sound and not self.unbooked.left and self.successor is None
        return is_ready and self.reached - self.saved_at < SNAPSHOT_EVERY

    def is_in_force(self, conn: psycopg.Connection) -> bool:
        """Whether whoever judges here still is in force; else `prepare` puts the next one in his place, between units."""
        newest = decision.list_changes(conn, limit=1)
        return self.current is not None and (newest[0].change_id if newest else 0) == self.current.force.change_id

    def begin_ahead(self) -> None:
        """A unit begins whose writer's turn goes on: nobody else has booked since the last fact that we know."""
        assert self.is_sound, "only a sound state goes ahead"
        assert not self.unbooked.left, "nothing was sensed in vain"
        self.unbooked.put_back()
        assert not self.unbooked.left, "every unit that senses ends, or is given up"
        self.ending, self.unheard, self.conn, self.hearings = None, None, None, []

    def end_ahead(
        self, conn: psycopg.Connection, facts: Sequence[Booked], now_us: int, *, last_fact_id: int
    ) -> Judgement | None:
        """The unit is judged, and learnt at once, for the next one's sake; `booked_ahead` when it is on disk, `forget` when it failed."""
        ending, judgement = self._close(conn, facts, now_us, last_fact_id or self.reached)
        self.ahead.append((ending, self.unbooked.done))
        self.unbooked.done = []
        if ending.lesson is not None:
            self.is_sound = False
            self.engine.follow(ending.lesson.events, ending.lesson.labelled)
            self.is_sound = True
        return judgement

    def booked_ahead(self) -> None:
        """The earliest unit that was judged ahead is on disk."""
        ending, _ = self.ahead.pop(0)
        self.cursor = ending.cursor

    def committed(self) -> None:
        """The unit is on disk: the state holds. Where every answer was known already, there was no unit."""
        if self.ending is None:
            return
        self.unbooked.put_back()
        self._finish(self.ending)
        self.ending = self.conn = None
        if self.cursor - self.saved_at >= SNAPSHOT_EVERY:
            self.snapshot()

    def _finish(self, ending: Ending) -> None:
        """A unit's facts are there: what it sensed is booked, what else it taught is learnt."""
        self.unbooked.drop(ending.sensed)
        self.cursor = ending.cursor
        was_learnt = self.unbooked.meet_lesson(ending.lesson)
        if was_learnt is None:
            self.is_sound = False  # it was taught something that did not happen
        elif ending.lesson is not None and not was_learnt:
            self.is_sound = False  # what is left was sensed before it, but is booked after it, if at all
            self.engine.follow(ending.lesson.events, ending.lesson.labelled)
            self.is_sound = not self.unbooked.left

    def forget(self) -> None:
        """The unit was rolled back, or nobody knows: what it sensed waits to come again (`Unbooked`), and all that was judged ahead."""
        self.unbooked.put_back()
        self.unheard = self.ending or self.unheard
        self.ending = None
        if self.ahead:
            self.unheard = self.ahead[0][0]
            learnt: list[SensedRows | Lesson] = []
            for ending, rows in self.ahead:
                learnt += rows if ending.lesson is None else [*rows, ending.lesson]
            self.unbooked.left = [*learnt, *self.unbooked.left]
            self.ahead = []
        self.watch.forget()

    def snapshot(self) -> Path | None:
        """Write the state down, if there is a place for it."""
        if self.setup.folder is None or not self.is_sound or self.unbooked.left or self.ahead:
            return None
        self.saved_at = self.cursor
        return save_snapshot(self.setup.folder, self.engine.save, fact_id=self.cursor)

    def catch_up(self, conn: psycopg.Connection) -> None:
        """Bring the state up to all facts there are, outside of a unit: what start-up does."""
        with conn.transaction():
            store_risk.lock_deciders(conn)
            if not self.is_sound or self.unbooked.left:
                self._rebuild(conn)
            self._catch_up(conn)

    def _rebuild(self, conn: psycopg.Connection) -> None:
        """From the newest snapshot, else from nothing."""
        self.unbooked.clear()
        setup, model = self.setup, self.engine.model
        found = None
        if setup.folder is not None:
            found = load_newest(
                setup.folder,
                lambda path: DecisionEngine.restore(path, setup.plan, settings=setup.settings, model=model),
                up_to=find_last_fact_id(conn),
            )
        if found is None:
            found = DecisionEngine(setup.plan, settings=setup.settings, model=model), 0
        self.engine, self.cursor = found
        self.saved_at, self.is_sound = self.cursor, True

    def _catch_up(self, conn: psycopg.Connection, *, limit: int = FACTS_AT_ONCE, pages: int | None = None) -> bool:
        """Learn the facts after the cursor, so many pages of whole units of work at most; whether there are no more of them."""
        while pages is None or pages > 0:
            facts = read_facts_after(conn, self.cursor, limit=limit)
            if not len(facts):
                return True
            whole = len(facts) if len(facts) < limit else int(np.searchsorted(facts.txid == facts.txid[-1], True))
            if whole == 0:  # one unit fills the page
                limit *= 2
                continue
            self.is_sound = False
            self.learner.fold(conn, facts, whole)
            self.cursor, self.is_sound = int(facts.fact_id[whole - 1]), True
            if len(facts) < limit:
                return True
            pages = pages - 1 if pages is not None else None
        return False

    def study(self, conn: psycopg.Connection) -> bool:
        """Learn a slice of the facts, outside of units; whether that were the last. Facts become visible in the order of their numbers."""
        if not self.is_sound:
            self._rebuild(conn)
        return self._catch_up(conn, limit=SLICE, pages=1)


@dataclass(frozen=True, slots=True)
class Successor:
    """An engine on its way to serve other models: its setup as a manifest, and the desk whose state learns."""

    key: bytes
    desk: RiskDesk

    def study(self, conn: psycopg.Connection) -> bool:
        """Learn a slice; whether it is ready."""
        return self.desk.study(conn)


def column(values: Sequence[int]) -> Ints:
    """As int64[n]."""
    return np.array(values, np.int64)


def keep_model(conn: psycopg.Connection, model: FraudModel, setup: RiskSetup) -> bytes:
    """Keep a model with the plan that it was fitted on, in the caller's transaction; returns its digest."""
    return keep_with(conn, model, beside={MANIFEST: setup.manifest()})


def attach(
    conn: psycopg.Connection, registry: Registry, setup: RiskSetup, *, observer: Observer | None = None
) -> RiskDesk:
    """From here on the risk engine judges this book's purchases, in this process and in all others. NotFound when no policy is in force."""
    desk = RiskDesk(setup, observer=observer)
    desk.prepare(conn)
    desk.resume(conn)
    with conn.transaction():
        store_risk.switch_risk_on(conn)
    desk.catch_up(conn)
    if desk.cursor - desk.saved_at >= LEARNT_MUCH:
        desk.snapshot()
    registry.risk = desk
    return desk


def attach_released(conn: psycopg.Connection, registry: Registry, *, folder: Path | None) -> RiskDesk | None:
    """The engine of the policy in force, if that names a model; None where the account rules judge alone."""
    lineup = decision.find_lineup(conn)
    if lineup is None:
        return None
    digest = decision.get_release(conn, lineup.champion).model_digest
    if not digest:
        if not store_risk.is_risk_on(conn):
            return None
        return attach(conn, registry, RiskSetup(RiskPlan(LIVE_SCHEMA), EngineSettings(), 0, folder))
    manifest = read_model_files(conn, digest).get(MANIFEST)
    if manifest is None:
        raise NotFound(f"model {digest.hex()[:16]} was kept without its plan", code="MODEL_UNKNOWN")
    return attach(conn, registry, RiskSetup.read(manifest, folder))


def zone_offset_us(zone: dt.tzinfo, at: dt.datetime) -> int:
    """How far a zone's time is ahead of UTC at a moment, microseconds."""
    offset = zone.utcoffset(at.astimezone(zone).replace(tzinfo=None))
    return int((offset or dt.timedelta()) / dt.timedelta(microseconds=1))


__all__ = ["MANIFEST", "Observer", "RiskDesk", "RiskSetup", "attach", "attach_released", "keep_model", "zone_offset_us"]
