"""The port to the bank through which lenders pay each other, and a fake of it that times out, repeats itself and lies, by a seed.

What is asked of a bank, and nothing more: under one key money moves at most once, however often it is sent; and the statement of a day,
taken after the day, shows every key that moved or was rejected on it. Everything else that a bank says is hearsay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from honghua.base.errors import BadInput, TimedOut
from honghua.base.faults import require_known, strikes
from honghua.funding.core.settling import LenderLine, LenderOrder, sign_of

FAULTS: Final = (
    "timeout_before",  # no answer, nothing done
    "timeout_after",  # no answer, but done
    "delayed",  # no answer, done when somebody next asks anything
    "refused",  # truly rejected: for good under its key
    "moves_other",  # it truly moves another amount than ordered
    "says_paid",  # it says that it moved, and has not even kept the order
    "says_refused",  # it says that it refused, but has moved the money
    "statement_timeout",  # the statement is not to be had
)


@dataclass(frozen=True, slots=True)
class LenderAnswer:
    """What a bank says of a key. said: "moved", "refused" or "pending"; amount_minor: what it says that it moved."""

    key: str
    said: str
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class LenderStatement:
    """All that the bank ended between lenders on a day. total_minor: paid less collected, as the bank states it."""

    day: dt.date
    lines: tuple[LenderLine, ...]
    total_minor: int


class LenderBank(Protocol):
    """Moves money between us and partners: pays them, or collects under the agreement."""

    @property
    def name(self) -> str:
        """What to call it, and under which its statements are kept; a fake says that it is one."""
        ...

    def transfer(self, order: LenderOrder) -> LenderAnswer:
        """Move money. Raises TimedOut: then nobody knows, and `find` may tell."""
        ...

    def find(self, key: str) -> LenderAnswer | None:
        """What became of a key; None when the bank has not met it (it may be on its way). Raises TimedOut."""
        ...

    def read_statement(self, day: dt.date) -> LenderStatement:
        """The statement of a day that is over at the bank; the same whenever asked. BadInput (BANK_DAY_OPEN), TimedOut."""
        ...


@dataclass(slots=True)
class FakeLenderBank:
    """A bank that is not one: it moves no real money. It keeps the two promises of the port and breaks everything else that it is told to.

    faults: chance per call of each of `FAULTS`. day: the bank's, set by whoever plays with it.
    """

    seed: int
    day: dt.date
    faults: Mapping[str, float] = field(default_factory=dict)
    _lines: dict[str, tuple[dt.date, LenderLine]] = field(default_factory=dict)
    _orders: dict[str, LenderOrder] = field(default_factory=dict)
    _queue: list[LenderOrder] = field(default_factory=list)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake bank of lenders"

    def transfer(self, order: LenderOrder) -> LenderAnswer:
        """See `LenderBank.transfer`."""
        self._run_queue()
        known = self._orders.setdefault(order.key, order)
        if known != order:
            raise BadInput(f"{order.key} ordered something else before", code="BANK_KEY_REUSED")
        if self._happens(order.key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        if order.key not in self._lines and self._happens(order.key, "says_paid"):
            return LenderAnswer(order.key, "moved", order.amount_minor)
        if self._happens(order.key, "delayed"):
            self._queue.append(order)
            raise TimedOut(f"{self.name} did not answer")
        self._do(order)
        if self._happens(order.key, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")
        return self._tell(order.key)

    def find(self, key: str) -> LenderAnswer | None:
        """See `LenderBank.find`."""
        self._run_queue()
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        return self._tell(key) if key in self._lines else None

    def read_statement(self, day: dt.date) -> LenderStatement:
        """See `LenderBank.read_statement`."""
        self._run_queue()
        if day >= self.day:
            raise BadInput(f"{day} is not over at {self.name}: its day is {self.day}", code="BANK_DAY_OPEN")
        if self._happens("statement", "statement_timeout"):
            raise TimedOut(f"{self.name} did not answer")
        lines = tuple(line for on, line in self._lines.values() if on == day)
        return LenderStatement(
            day, lines, sum(sign_of(one.direction) * one.amount_minor for one in lines if one.is_moved)
        )

    def close_day(self) -> None:
        """Its day is over: what lies in its queue is done first."""
        self._run_queue()
        self.day += dt.timedelta(days=1)

    def moved_minor(self, lender: str) -> int:
        """All that truly moved with a lender: paid less collected."""
        mine = [line for _, line in self._lines.values() if line.lender == lender and line.is_moved]
        return sum(sign_of(one.direction) * one.amount_minor for one in mine)

    def _run_queue(self) -> None:
        waiting, self._queue = self._queue, []
        for order in waiting:
            self._do(order)

    def _do(self, order: LenderOrder) -> None:
        """Once under a key, for good."""
        if order.key in self._lines:
            return
        is_moved = not self._happens(order.key, "refused")
        other = is_moved and self._happens(order.key, "moves_other")
        amount = max(1, order.amount_minor + (7 if len(order.key) % 2 else -7)) if other else order.amount_minor
        line = LenderLine(
            key=order.key, lender=order.lender, direction=order.direction, amount_minor=amount, is_moved=is_moved
        )
        self._lines[order.key] = (self.day, line)

    def _tell(self, key: str) -> LenderAnswer:
        line = self._lines[key][1]
        if not line.is_moved or self._happens(key, "says_refused"):
            return LenderAnswer(key, "refused")
        return LenderAnswer(key, "moved", line.amount_minor)

    def _happens(self, key: str, fault: str) -> bool:
        """By seed, key and how often this was drawn for the key: the same in every order of calls."""
        drawn = self._calls[key] = self._calls.get(key, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(key, fault, drawn))


__all__ = ["FAULTS", "FakeLenderBank", "LenderAnswer", "LenderBank", "LenderStatement"]
