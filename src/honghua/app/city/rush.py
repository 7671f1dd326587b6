"""The rush: messages arrive by their times, whatever has arrived is executed in one batch, and clients do what clients do."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.city.town import Town, robots_of
from honghua.app.robots.alarm_budget import AlarmBudget
from honghua.base.errors import HonghuaError
from honghua.base.rng import derive_rng
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs
from honghua.sim.api import (
    BACK_OFF_SECONDS,
    PATIENCE_SECONDS,
    Clockings,
    Draft,
    DrillDay,
    Message,
    Purpose,
    Traffic,
    amount_of,
    draw_delays,
    hear,
    join,
    passes_step_up,
)
from honghua.store.database import Database, connect

Answer = Mapping[str, Any]
Order = c.BuyNow | c.AuthorisePurchase
Ints = NDArray[np.int64]
BATCH_MAX: Final = 1_000
IDLE_SECONDS: Final = 0.002
RECONNECT_TRIES: Final = 200
PROOF_PLACES: Final = 2 / (24 * 60)  # of the day: two minutes
PROOF_WITHIN: Final = dt.timedelta(minutes=14)  # of event time: a step-up ends after fifteen
RECEIVED: Final = (0.60, 0.70)  # of held orders so many are received on the day, so many more given back
COUNTED: Final = (
    "batches", "messages", "repeated", "contradicted", "broken_batches", "resent", "step_ups", "proofs_expired", "redrawn", "judged",
)  # fmt: skip
REDRAW_EVERY: Final = 600  # orders
RETURNED: Final = 0.02  # of the others go back
LATER: Final = (0.03, 0.25)  # of the day until then


@dataclass(slots=True)
class Rush:
    """One day under way. answers: the first answer to each key, as its client heard it. rows: orders so far, the crowd's first; heard,
    granted, wanted, first_word: of each. wave: of the crooks, the next that comes."""

    town: Town
    day: DrillDay
    seconds: float
    seed: int
    budget: AlarmBudget  # of the day: the robots draw its lines anew every so many orders
    traffic: Traffic = field(default_factory=Traffic)
    clock: Clockings = field(default_factory=Clockings)
    answers: dict[str, Answer] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    rows: Draft = field(default_factory=lambda: join([]))
    heard: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    granted: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    wanted: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    may_pass: np.ndarray = field(default_factory=lambda: np.zeros(0, np.bool_))
    draw: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    first_word: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    wave: int = 0
    raided: tuple[int, int] = (0, 0)  # the rows of the last wave, from and until before
    drawn_at: int = 0  # orders that had their first word when lines were drawn last
    began: float = field(init=False)

    def __post_init__(self) -> None:
        raids = self.day.raids
        if raids is not None:
            self.town.platform.open_for(raids.members, self.town.day)
        self.put_on_the_way(self.day.rows)
        self.began = time.perf_counter()

    # Orders as commands, on their way at their times.

    def put_on_the_way(self, rows: Draft) -> None:
        """Orders with their delays and doubles."""
        platform, n, first = self.town.platform, len(rows), len(self.rows)
        platform.open_accounts(rows, self.town.day)
        bought = platform.ask_orders(rows, np.arange(n))
        rng = derive_rng(self.seed, "drill", "way", first)
        delays = draw_delays(rng, n, seconds=self.seconds)
        self.rows = rows if not first else join([self.rows, rows])
        self.wanted = np.concatenate([self.wanted, bought.wanted_minor])
        self.heard, self.granted = (np.concatenate([old, np.zeros(n, np.int64)]) for old in (self.heard, self.granted))
        self.may_pass = np.concatenate([self.may_pass, passes_step_up(rows, seed=self.seed)])
        self.draw = np.concatenate([self.draw, rng.random((n, 2))])
        self.first_word += [""] * n
        self.orders += bought.commands
        at = self.day.places(rows) * self.seconds
        arrives, again = (at + delays.late_by).tolist(), delays.again_after.tolist()
        for k, order in enumerate(bought.commands):
            message = Message(order, Purpose.ORDER, first + k, arrives[k], arrives[k])
            self.traffic.send(message)
            if not math.isnan(again[k]):
                self.traffic.send(replace(message, arrives_at=arrives[k] + again[k], is_copy=True))

    def send_raiders(self) -> bool:
        """When a wave of crooks is due: they hear what became of the last one, and come. False when none is to come any more."""
        raids = self.day.raids
        if raids is None or self.wave >= raids.waves:
            return False
        if self.elapsed() >= raids.begins(self.wave) * self.seconds:
            if self.wave:
                mine = slice(*self.raided)
                raids.hear(self.wave - 1, self.heard[mine], self.granted[mine])
            first = len(self.rows)
            self.put_on_the_way(raids.wants(self.wave))
            self.raided = first, len(self.rows)
            self.wave += 1
        return True

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.began

    def delay_until(self, place: float) -> float:
        """Seconds from now until a place in the day."""
        return max(place * self.seconds - self.elapsed(), 0.0)

    @property
    def database(self) -> Database:
        """Where the book is."""
        return self.town.database

    # The day itself.

    def run(self) -> None:
        """Until every message has its answer."""
        self.began = time.perf_counter()
        while (comes := self.send_raiders()) or self.traffic.next_at() is not None:
            self.draw_lines()
            next_at, now = self.traffic.next_at(), self.elapsed()
            if next_at is None or next_at > now:
                time.sleep(IDLE_SECONDS if comes or next_at is None else min(next_at - now, IDLE_SECONDS))
                continue
            batch = self.traffic.take(now, BATCH_MAX)
            proofs = [one for one in batch if one.purpose is Purpose.PROOF]
            for part in (proofs, [one for one in batch if one.purpose is not Purpose.PROOF]):
                if part:
                    self.serve(part)

    def draw_lines(self) -> None:
        """As an operator's robots would through the day: a policy with new lines, proposed, approved, in force at the next batch."""
        answered = self.counts["judged"]
        if answered - self.drawn_at < REDRAW_EVERY:
            return
        self.drawn_at = answered
        name = f"{self.town.platform.names.prefix}lines after {answered} orders"
        try:
            self.counts["redrawn"] += robots_of(self.town.plan).redraw(
                self.town.conn, self.town.desk, self.budget, name=name
            )
        except (HonghuaError, psycopg.OperationalError):
            self.reconnect()

    def serve(self, batch: list[Message]) -> None:
        """One transaction for all of them; when the connection breaks they come again."""
        begun = self.elapsed()
        commands = [message.command for message in batch]
        try:
            if batch[0].purpose is Purpose.PROOF:
                commands = self.with_proofs(batch)
            answers = credit.execute(self.town.conn, self.town.platform.registry, commands, now=self.time_of(batch))
        except (HonghuaError, psycopg.OperationalError):
            self.counts["broken_batches"] += 1
            self.send_again(batch)
            self.reconnect()
            return
        done = self.elapsed()
        self.clock.batches.append((begun, len(batch), done - begun))
        self.counts["batches"] += 1
        self.counts["messages"] += len(batch)
        for message, answer in zip(batch, answers, strict=True):
            self.take_answer(message, answer, done)

    def time_of(self, batch: list[Message]) -> dt.datetime:
        """The platform's clock: when the newest message arrived; for proofs, in time for every one of them."""
        if batch[0].purpose is Purpose.PROOF:
            asked = [self.orders[one.row].happened_at for one in batch]
            return min(at for at in asked if at is not None) + PROOF_WITHIN
        return self.day.instant(max(one.arrives_at for one in batch) / self.seconds)

    def with_proofs(self, batch: list[Message]) -> list[c.Command]:
        """Challenges go out, and each customer types in what the phone shows."""
        now = self.day.instant(1.0)
        while jobs.send_step_ups(self.town.conn, self.prover(), now=now):
            pass
        commands: list[c.Command] = []
        for message in batch:
            order = message.command
            assert isinstance(order, c.BuyNow | c.AuthorisePurchase)
            assert order.continues is not None
            token = self.answers[self.orders[message.row].key]["token"]
            proof = replace(order.continues, proof=self.town.platform.wiring.read_code(token))
            commands.append(replace(order, continues=proof))
        return commands

    def prover(self) -> jobs.Prover:
        """Who sends challenges."""
        found = self.town.platform.registry.prover
        assert found is not None
        return found

    def send_again(self, batch: list[Message]) -> None:
        """Clients whose connection broke back off and send the same key again."""
        now = self.elapsed()
        wait = derive_rng(self.seed, "back off", self.counts["broken_batches"]).uniform(*BACK_OFF_SECONDS, len(batch))
        for message, seconds in zip(batch, wait.tolist()):
            self.counts["resent"] += 1
            self.traffic.send(replace(message, arrives_at=now + seconds, tries=message.tries + 1))

    def reconnect(self) -> None:
        """Wait for the database to be back. The engine builds its state again from its snapshot and the facts since."""
        self.town.platform.registry.forget()
        self.town.conn.close()
        for _ in range(RECONNECT_TRIES):
            try:
                conn = connect(self.database)
            except HonghuaError:
                time.sleep(0.05)
                continue
            self.town.conn = self.town.platform.conn = conn
            return
        raise AssertionError("the database did not come back")

    def take_answer(self, message: Message, answer: Answer, done: float) -> None:
        """An answer reaches its client; the second answer to a key must say the same."""
        key = message.command.key
        plain = {name: value for name, value in answer.items() if name != "repeated"}
        known = self.answers.get(key)
        if known is not None:
            self.counts["repeated"] += 1
            self.counts["contradicted"] += known != plain
            return
        self.answers[key] = plain
        self.clock.first_at.append(message.first_at)
        self.clock.done_at.append(done)
        self.clock.purpose.append(int(message.purpose))
        if done - message.first_at > PATIENCE_SECONDS and message.tries == 1:  # it had been sent again meanwhile
            self.counts["resent"] += 1
            self.traffic.send(replace(message, arrives_at=done, is_copy=True, tries=2))
        if message.purpose in (Purpose.ORDER, Purpose.PROOF):
            self.go_on(message, plain, done)

    def go_on(self, message: Message, answer: Answer, done: float) -> None:
        """What a client does with the answer to an order."""
        row = message.row
        outcome = str(answer["outcome"])
        if message.purpose is Purpose.ORDER:
            self.first_word[row] = outcome
            self.counts["judged"] += 1
            code = str(answer.get("reason") or answer.get("code") or "")
            if code:
                self.codes[code] = self.codes.get(code, 0) + 1
        self.heard[row] = hear(answer, int(self.wanted[row]), first=self.first_word[row])
        self.granted[row] = amount_of(answer) if outcome == "approved" else 0
        if outcome == "step_up" and message.purpose is Purpose.ORDER:
            self.counts["step_ups"] += 1
            if self.may_pass[row]:
                self.follow(message, done + PROOF_PLACES * self.seconds, Purpose.PROOF, answer)
        if answer.get("code") == "SUSPENSION_EXPIRED":
            self.counts["proofs_expired"] += 1
        if outcome == "approved":
            at = done + (LATER[0] + (LATER[1] - LATER[0]) * float(self.draw[row, 1])) * self.seconds
            if at < self.seconds:
                self.follow_purchase(message, answer, at)

    def follow_purchase(self, message: Message, answer: Answer, at: float) -> None:
        """Held goods are received or given back, others go back now and then."""
        draw = float(self.draw[message.row, 0])
        if "held_minor" in answer:
            if draw < RECEIVED[0]:
                self.follow(message, at, Purpose.RECEIPT, answer)
            elif draw < RECEIVED[1]:
                self.follow(message, at, Purpose.VOID, answer)
        elif draw < RETURNED:
            self.follow(message, at, Purpose.REFUND, answer)

    def follow(self, message: Message, at: float, purpose: Purpose, answer: Answer) -> None:
        """A later command about an order."""
        order = self.orders[message.row]
        named: dict[str, Any] = {"key": f"{order.key}:{purpose.name.lower()}", "customer": order.customer}
        command: c.Command
        if purpose is Purpose.PROOF:
            proof = c.Continuation(suspension_id=int(answer["suspension_id"]))
            command = replace(order, key=named["key"], happened_at=None, continues=proof)
        elif purpose is Purpose.VOID:
            command = c.VoidAuthorisation(**named, purchase_id=int(answer["purchase_id"]))
        elif purpose is Purpose.RECEIPT:
            command = c.CapturePurchase(
                **named, purchase_id=int(answer["purchase_id"]), amount_minor=int(answer["held_minor"])
            )
        else:
            command = c.RefundPurchase(
                **named, purchase_id=int(answer["purchase_id"]), amount_minor=int(answer["amount_minor"])
            )
        self.traffic.send(Message(command, purpose, message.row, at, at))

    # What came of it.

    def figures(self) -> dict[str, Any]:
        """Counts of messages, and the platform's first words on orders."""
        words: dict[str, int] = {}
        for word in self.first_word:
            words[word] = words.get(word, 0) + 1
        return {**self.counts, "first_words": words, "reasons": self.codes}

    def judged(self) -> tuple[np.ndarray, ...]:
        """Columns of `Judged`."""
        return self.heard, self.wanted, self.granted, self.rows["crime"], self.rows["ring"]


__all__ = ["Rush"]
