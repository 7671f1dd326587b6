"""The rush: messages go out at their times, answers come in when they come, and clients do what clients do."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.city.town import Town
from honghua.app.drill.calls import AGAIN, OK, Answer, Order, Signer, read_answer, write_asked
from honghua.app.drill.following import follow_purchase, prove_later
from honghua.app.drill.lane import Lane, Told
from honghua.base.clock import SystemClock
from honghua.base.rng import derive_rng
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

Ints = NDArray[np.int64]
PROOF_PLACES: Final = 2 / (24 * 60)  # of the day: two minutes until a code is read and typed in
TAKEN_MAX: Final = 1_000  # messages that go out between two looks at the answers
IDLE_SECONDS: Final = 0.002
SILENT_SECONDS_MAX: Final = 120.0  # without a single new answer: then the drill has failed, and says so
COUNTED: Final = (
    "messages",
    "repeated",
    "contradicted",
    "unavailable",
    "resent",
    "step_ups",
    "proofs_expired",
    "judged",
)


@dataclass(slots=True)
class Rush:
    """One day under way. answers: the first answer to each key, as its client heard it. rows: orders so far, the crowd's first; heard,
    granted, wanted, first_word: of each. wave: of the crooks, the next that comes. compute_code: what a phone shows for a token."""

    town: Town
    day: DrillDay
    seconds: float
    seed: int
    signer: Signer
    compute_code: Callable[[str], str]
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
    statuses: dict[int, int] = field(default_factory=dict)
    wave: int = 0
    raided: tuple[int, int] = (0, 0)  # the rows of the last wave, from and until before
    sent: dict[int, Message] = field(default_factory=dict)  # under way, by number
    numbers: int = 0
    patient: list[tuple[float, int]] = field(
        default_factory=list
    )  # a heap: when a client loses patience with which number
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

    # The day itself.

    def begin(self) -> None:
        """Now."""
        self.began = time.perf_counter()

    def run(self, lane: Lane) -> None:
        """Until every message has its answer, or nobody answers any more."""
        heard_at = self.elapsed()
        while self.send_raiders() or self.sent or self.traffic.next_at() is not None:
            now = self.elapsed()
            for message in self.traffic.take(now, TAKEN_MAX):
                self.send(lane, message)
            self.lose_patience(now)
            answered = len(self.answers)
            for one in lane.take(self.find_wait(now)):
                self.take_told(one)
            if len(self.answers) > answered:
                heard_at = self.elapsed()
            elif self.elapsed() > heard_at + SILENT_SECONDS_MAX:
                return

    def find_wait(self, now: float) -> float:
        """Seconds until something may be due, unless an answer comes before."""
        next_at = self.traffic.next_at()
        return IDLE_SECONDS if next_at is None else min(max(next_at - now, 0.0), IDLE_SECONDS)

    def write(self, number: int) -> bytes:
        """The bytes of a message under way, signed now. In the lane's thread."""
        asked = write_asked(self.sent[number].command)
        return self.signer.write(asked, now_s=int(SystemClock().now().timestamp()))

    def send(self, lane: Lane, message: Message) -> None:
        """Over the lane, under a number of its own."""
        number = self.numbers
        self.numbers += 1
        self.sent[number] = message
        self.counts["messages"] += 1
        if message.tries == 1 and not message.is_copy:
            heapq.heappush(self.patient, (message.arrives_at + PATIENCE_SECONDS, number))
        lane.send(number)

    def lose_patience(self, now: float) -> None:
        """Clients who have waited for long send the same key once more."""
        while self.patient and self.patient[0][0] <= now:
            _, number = heapq.heappop(self.patient)
            message = self.sent.get(number)
            if message is not None:
                self.counts["resent"] += 1
                self.traffic.send(replace(message, arrives_at=now, is_copy=True, tries=message.tries + 1))

    def take_told(self, told: Told) -> None:
        """An answer, or that there is none and the client has to come again."""
        message = self.sent.pop(told.number)
        self.statuses[told.status] = self.statuses.get(told.status, 0) + 1
        if told.status in AGAIN:
            self.counts["unavailable"] += 1
            self.send_again(message)
        else:
            self.take_answer(message, read_answer(told.status, told.body), told)

    def send_again(self, message: Message) -> None:
        """Who was not answered backs off and sends the same key again."""
        if message.command.key in self.answers:
            return  # the other copy came through
        self.counts["resent"] += 1
        wait = derive_rng(self.seed, "back off", self.counts["resent"]).uniform(*BACK_OFF_SECONDS)
        self.traffic.send(replace(message, arrives_at=self.elapsed() + wait, tries=message.tries + 1))

    def take_answer(self, message: Message, answer: Answer, told: Told) -> None:
        """An answer reaches its client; the second answer to a key must say the same."""
        key = message.command.key
        known = self.answers.get(key)
        if known is not None:
            self.counts["repeated"] += 1
            self.counts["contradicted"] += known != answer
            return
        self.answers[key] = answer
        done = told.at - self.began
        self.clock.first_at.append(message.first_at)
        self.clock.done_at.append(done)
        self.clock.purpose.append(int(message.purpose))
        if message.purpose in (Purpose.ORDER, Purpose.PROOF):
            self.go_on(message, answer, done)

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
        order, follows = self.orders[row], None
        if outcome == "step_up" and message.purpose is Purpose.ORDER:
            self.counts["step_ups"] += 1
            if self.may_pass[row]:
                code = self.compute_code(str(answer["token"]))
                at = done + PROOF_PLACES * self.seconds
                follows = prove_later(order, answer, code, at=at, day=self.day, seconds=self.seconds)
        self.counts["proofs_expired"] += answer.get("code") == "SUSPENSION_EXPIRED"
        if outcome == "approved":
            follows = follow_purchase(order, answer, self.draw[row], done=done, seconds=self.seconds)
        if follows is not None:
            self.traffic.send(replace(follows, row=row))

    # What came of it.

    def answered_after(self, moment: float) -> float | None:
        """When the first answer came to something that was sent after a moment."""
        found = [done for first, done in zip(self.clock.first_at, self.clock.done_at, strict=True) if first > moment]
        return min(found, default=None)

    def figures(self) -> dict[str, Any]:
        """Counts of messages, and the platform's first words on orders."""
        words: dict[str, int] = {}
        for word in self.first_word:
            words[word] = words.get(word, 0) + 1
        others = {str(status): count for status, count in sorted(self.statuses.items()) if status != OK}
        return {**self.counts, "first_words": words, "reasons": self.codes, "other_statuses": others}

    def judged(self) -> tuple[np.ndarray, ...]:
        """Columns of `Judged`."""
        return self.heard, self.wanted, self.granted, self.rows["crime"], self.rows["ring"]


__all__ = ["Rush"]
