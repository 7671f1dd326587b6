"""A town that lives on the platform: its people act through the door, and what the operator does by the clock happens around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from honghua.app.robots import refitting
from honghua.app.robots.alarm_budget import AlarmBudget, Band
from honghua.base.clock import DAY_US, HOUR_US, to_micros
from honghua.base.rng import derive_rng
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.sim.api import Actor, Diary, Names, Platform, Screens, Wiring, is_crime, name_person
from honghua.store.database import Database, connect

SILENT_DAYS: Final = 12  # without a report a purchase is taken for clear
ONE_IN: Final = 4  # clear purchases that a fit looks at
OFFSET_US: Final = 8 * HOUR_US
DUE_DAY: Final = 10  # of the first pair of the terms
DEBIT_DAYS: Final = 3  # that the bank is asked
DEBIT_HOURS: Final = (12, 19)
REVIEWERS: Final = 40  # purchases that they can look at on a day
REVIEW_RIGHT: Final = 0.9  # they phone people: how often they find out what is true
KNOWN_FILE: Final = "known.npz"  # what robots have read of the facts so far, beside the engine's snapshots
REVIEWER: Final = "city reviewer (simulated)"
BUDGET: Final = AlarmBudget((
    Band("small", 300_00, 4_000, 10_000), Band("middle", 2_000_00, 10_000, 20_000), Band("dear", 10_000_000_00, 25_000, 40_000),
))  # fmt: skip
SCHEMA: Final = Schema(
    ("customer", "merchant", "device", "address", "category", "region"),
    ("available_minor", "limit_minor", "hour", "weekday"),
)


@dataclass(frozen=True, slots=True)
class TownPlan:
    """What a town is made of. limit_minor, online: see Platform; refit_days: on which days of the plan the robots fit anew."""

    names: Names
    limit_minor: np.ndarray
    online: np.ndarray
    refit_days: tuple[int, ...]
    silent_days: int = SILENT_DAYS
    one_in: int = ONE_IN
    events: int = 200_000  # that the engine may have to remember
    budget: AlarmBudget = BUDGET
    autopay: np.ndarray | None = None  # bool[people]: who lets the bank pay bills from the due day on
    incomplete: refitting.Incomplete | None = None  # what the house knows of frauds that nobody reports


@dataclass(slots=True)
class Town:
    """One town under way. day: the next day of the plan that has not begun."""

    database: Database
    conn: psycopg.Connection
    plan: TownPlan
    actor: Actor
    platform: Platform
    desk: credit.RiskDesk
    bank: jobs.FakeBank | None = None  # None: nobody lets the bank pay
    debits: jobs.DebitReport = field(default_factory=lambda: jobs.DebitReport("fake bank (moves no real money)"))
    refits: list[refitting.Refit] = field(default_factory=list)
    day: int = 0
    told: Callable[[str], None] = print

    @property
    def is_over(self) -> bool:
        """Whether the platform has closed this day before."""
        return self.day < self.platform.live_from

    def live_day(self, *, has_begun: bool = False) -> None:
        """One whole day, and its end. has_begun: this morning was lived through before."""
        if not has_begun:
            self.begin_day()
        rows = self.actor.wants(self.day)
        self.actor.hear(self.day, rows, self.platform.settle(self.day, rows))
        self.end_day()

    def begin_day(self) -> None:
        """Bills are read, parcels arrive, reviewers have decided, and on some days the robots fit."""
        self.platform.turn(self.day)
        for asked_on, row, outcomes in self.platform.resume(self.review(), day=self.day):
            self.actor.hear(asked_on, row, outcomes)
        if self.day in self.plan.refit_days and not self.is_over:
            self.refit()
        self.actor.look(self.day, self.platform.screens)

    def end_day(self) -> None:
        """The business date moves on; what nobody went on with lapses."""
        if not self.is_over:
            self.debit()
            now = self.platform.names.day_end(self.day)
            jobs.close_day(self.database, day=self.platform.names.date(self.day))
            jobs.lapse_expired(self.conn, self.platform.registry, now=now)
        self.day += 1

    def debit(self) -> None:
        """From the due day on the bank is asked for those who let it pay, at noon and in the evening; what it says twice is booked once."""
        platform, autopay = self.platform, self.plan.autopay
        date = platform.names.date(self.day)
        if self.bank is None or autopay is None or not DUE_DAY <= date.day < DUE_DAY + DEBIT_DAYS:
            return
        screens = platform.screens
        owing = np.flatnonzero(autopay & screens.opened & (screens.due_minor > 0))
        for who in owing.tolist() if date.day == DUE_DAY else []:
            name = name_person(who)
            kinds = (c.SourceKind.BALANCE, c.SourceKind.DEBIT_CARD)
            jobs.set_sources(
                self.conn,
                platform.registry,
                name,
                [c.Source(kind, f"{kind.value}-{name}", c.Pays.FULL) for kind in kinds],
            )
        before = screens.due_minor.copy()
        for slot, hour in enumerate(DEBIT_HOURS, start=1):
            now = platform.names.at(self.day * DAY_US + hour * HOUR_US)
            self.debits.add(jobs.run_debits(self.conn, platform.registry, self.bank, slot=slot, now=now))
            jobs.accept_answers(self.conn, platform.registry, dict(self.bank.take_callbacks()), now=now)
        platform.read_bills(self.day)
        screens.free_minor += np.maximum(before - screens.due_minor, 0)

    def review(self) -> list[int]:
        """What reviewers let pass of yesterday's suspended purchases. They ask the customers, and mostly find out what is true."""
        waiting = sorted(self.platform.reviewed)
        if self.is_over:
            keys = {number: self.platform.names.keys(self.platform.reviewed[number][0]["act"])[0] for number in waiting}
            return [number for number in waiting if f"{keys[number]}:passed" in self.platform.known]
        passed = []
        now = self.platform.names.at(self.day * DAY_US + DAY_US // 3)
        for number in waiting[:REVIEWERS]:
            row, _ = self.platform.reviewed[number]
            is_right = derive_rng(self.platform.names.seed, "review", int(row["act"][0])).random() < REVIEW_RIGHT
            approve = bool(is_crime(row)[0]) != bool(is_right)
            if (
                jobs.claim(self.conn, reviewer=REVIEWER, now=now, suspension_id=number) is None
            ):  # lapsed, or taken by a person
                continue
            jobs.decide_review(self.conn, self.platform.registry, number, reviewer=REVIEWER, approve=approve, now=now)
            if approve:
                passed.append(number)
            else:
                del self.platform.reviewed[number]
        return passed

    def refit(self) -> None:
        """Fit on what the platform knows by this morning, and release."""
        now_us = to_micros(self.platform.names.at(self.day * DAY_US))
        folder = self.desk.setup.folder
        known = refitting.read_known(
            self.conn, now_us=now_us, silent_days=self.plan.silent_days, one_in=self.plan.one_in,
            path=None if folder is None else folder / KNOWN_FILE,
        )  # fmt: skip
        name = f"{refitting.POLICY} {self.platform.names.prefix}day {self.day}"
        found = robots_of(self.plan).refit(self.conn, self.desk, known, name=name, day=self.day)
        if found is not None:
            self.refits.append(found)
            said = "released" if found.released else "not released: " + "; ".join(found.problems)
            self.told(
                f"refit on day {self.day}: {found.rows:,} rows, {found.positives} frauds, {found.seconds:.1f} s; {said}"
            )


@contextmanager
def open_town(
    database: Database, plan: TownPlan, actor: Actor, *, folder: Path | None, told: Callable[[str], None] = print
) -> Iterator[Town]:
    """Attach engine and prover to the book (started on the plan's first day if it is new) and look up what was lived before."""
    with connect(database) as conn:
        names = plan.names
        credit.start_book(conn, day=names.date(0))
        registry = credit.open_registry(conn)
        prover = jobs.FakeProver()
        registry.prover = prover
        setup = make_setup(plan, folder=folder)
        robots_of(plan).start_policy(conn, setup, name=f"{refitting.POLICY} {names.prefix}without a model")
        released = credit.attach_released(conn, registry, folder=folder)
        desk = (
            released
            if isinstance(released, credit.RiskDesk) and has_model(released)
            else credit.attach(conn, registry, setup)
        )
        wiring = Wiring(
            send_codes=lambda now: jobs.send_step_ups(conn, prover, now=now),
            read_code=lambda token: prover.sent[token][2] if token in prover.sent else "",
        )
        platform = Platform(conn, registry, names, wiring, Screens(plan.limit_minor), plan.online, Diary())
        platform.recall()
        platform.live_from = (credit.get_business_day(conn) - names.first_day).days
        platform.autopay = plan.autopay
        town = Town(database, conn, plan, actor, platform, desk, told=told)
        try:
            yield town
        finally:
            town.conn.close()  # a drill has changed it for another


def robots_of(plan: TownPlan) -> refitting.Robots:
    """Who fits and releases in a city."""
    return refitting.Robots(
        decision.Act("city robot 1 (maker; no person)", "refit of a simulated city"),
        decision.Act("city robot 2 (checker; no person)", "the refit passed its checks"),
        plan.names.seed,
        plan.budget,
        incomplete=plan.incomplete,
    )


def has_model(desk: credit.RiskDesk) -> bool:
    """Whether a fitted model scores."""
    return bool(desk.model_digest)


def make_setup(plan: TownPlan, *, folder: Path | None) -> credit.RiskSetup:
    """An engine for what the town tells, with memory for as many as it has."""
    people, shops = len(plan.limit_minor), len(plan.online)
    nodes = 8 * (people + shops) + 10_000
    size = SensorSize(entities=nodes, nodes=nodes, edges=max(100_000, 4 * plan.events), keys=4 * plan.events + 1_000)
    return credit.RiskSetup(RiskPlan(SCHEMA), EngineSettings(size, plan.silent_days), OFFSET_US, folder)


__all__ = ["BUDGET", "Town", "TownPlan", "make_setup", "open_town", "robots_of"]
