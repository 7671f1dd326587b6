"""A payout bank that is not one: it moves no real money, and times out, repeats itself and lies, by a seed.

It keeps the two promises of the port (one key moves money once; statements are true) and breaks everything else that it is told to break.
Its day is set by whoever plays with it (`close_day`): a fake has no clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from honghua.base.errors import BadInput, TimedOut
from honghua.base.faults import require_known, strikes
from honghua.merchants.core.payouts import Said, StatementRow
from honghua.merchants.payouts.port import BankStatement, PayoutAnswer

FAULTS: Final = (
    "timeout_before",  # no answer, nothing done
    "timeout_after",  # no answer, but done
    "delayed",  # no answer, done when somebody next asks anything
    "pending",  # it says "being done", though it is done
    "refused",  # truly rejected: for good under its key
    "wrong_amount",  # it says another amount than it moved
    "moves_other",  # it truly moves another amount than ordered
    "says_paid",  # it says paid, and has not even kept the order
    "says_refused",  # it says refused, but has moved the money
    "notice_late",  # a notice comes a round later
    "notice_twice",  # a notice comes twice
    "notice_unknown",  # a notice of an order that nobody made
    "statement_timeout",  # the statement is not to be had
)
DAY_ONE: Final = dt.date(2026, 1, 5)
CLOSED: Final = "the merchant's account is closed"


@dataclass(slots=True)
class FakePayoutBank:
    """faults: chance per call of each of `FAULTS`. refused_minor_max, statements and moved_minor are what truly happened."""

    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    label: str = ""
    day: dt.date = DAY_ONE
    paid_minor: dict[str, int] = field(default_factory=dict)  # by merchant
    _rows: dict[str, tuple[dt.date, StatementRow]] = field(default_factory=dict)
    _queue: list[tuple[str, str, int, str]] = field(default_factory=list)
    _notices: list[PayoutAnswer] = field(default_factory=list)
    _late: list[PayoutAnswer] = field(default_factory=list)
    _asked: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return f"fake payout bank{self.label} (moves no real money)"

    def pay(self, *, key: str, merchant: str, amount_minor: int, currency: str) -> PayoutAnswer:
        """See `PayoutBank.pay`; one key with another question is BadInput, as at any bank."""
        self._run_queue()
        wanted = (merchant, amount_minor, currency)
        if self._asked.setdefault(key, wanted) != wanted:
            raise BadInput(f"key {key!r} was used for another payout", code="BANK_KEY_REUSED")
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        if self._happens(key, "delayed"):
            self._queue.append((key, merchant, amount_minor, currency))
            raise TimedOut(f"{self.name} did not answer")
        if key not in self._rows and self._happens(key, "says_paid"):
            return PayoutAnswer(key, Said.PAID, amount_minor)
        self._do(key, merchant, amount_minor, currency)
        if self._happens(key, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")
        return self._tell(key)

    def find(self, key: str) -> PayoutAnswer | None:
        """See `PayoutBank.find`."""
        self._run_queue()
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        return self._tell(key) if key in self._rows else None

    def take_notices(self) -> list[PayoutAnswer]:
        """See `PayoutBank.take_notices`; the newest first, as if they had overtaken each other."""
        self._run_queue()
        now = self._late
        self._late = [one for one in self._notices if self._happens(one.key, "notice_late")]
        now += [one for one in self._notices if one not in self._late]
        self._notices = []
        now += [one for one in now if self._happens(one.key, "notice_twice")]
        if self._happens("notices", "notice_unknown"):
            now.append(PayoutAnswer(f"stray:{self.seed}:{self._calls['notices']}", Said.PAID, 4_200))
        return now[::-1]

    def read_statement(self, day: dt.date) -> BankStatement:
        """See `PayoutBank.read_statement`; BadInput for a day that is not over at the bank."""
        self._run_queue()
        if day >= self.day:
            raise BadInput(f"{day} is not over at {self.name}: its day is {self.day}", code="BANK_DAY_OPEN")
        if self._happens("statement", "statement_timeout"):
            raise TimedOut(f"{self.name} did not answer")
        rows = tuple(row for on, row in self._rows.values() if on == day)
        moved = [row.amount_minor for row in rows if row.is_moved]
        return BankStatement(day, rows, len(moved), sum(moved))

    def close_day(self) -> dt.date:
        """Its day is over: what lies in its queue is done first; the day that ended."""
        self._run_queue()
        ended, self.day = self.day, self.day + dt.timedelta(days=1)
        return ended

    def count_moved(self, key: str) -> int:
        """How much truly moved under a key, minor units; 0 when nothing did."""
        row = self._rows[key][1] if key in self._rows else None
        return row.amount_minor if row is not None and row.is_moved else 0

    def total_moved(self) -> int:
        """All that truly moved, minor units."""
        return sum(row.amount_minor for _, row in self._rows.values() if row.is_moved)

    def _run_queue(self) -> None:
        waiting, self._queue = self._queue, []
        for order in waiting:
            self._do(*order)

    def _do(self, key: str, merchant: str, amount_minor: int, currency: str) -> None:
        """Once under a key, for good."""
        if key in self._rows:
            return
        refused = self._happens(key, "refused")
        moved = amount_minor
        if not refused and self._happens(key, "moves_other"):
            moved = max(1, amount_minor + (7 if len(key) % 2 else -7))
        row = StatementRow(
            key=key, merchant=merchant, amount_minor=moved, currency=currency, is_moved=not refused, reference=f"F{len(self._rows) + 1}"
        )  # fmt: skip
        self._rows[key] = (self.day, row)
        if row.is_moved:
            self.paid_minor[merchant] = self.paid_minor.get(merchant, 0) + moved
        self._notices.append(self._truth(key))

    def _truth(self, key: str) -> PayoutAnswer:
        row = self._rows[key][1]
        if row.is_moved:
            return PayoutAnswer(key, Said.PAID, row.amount_minor)
        return PayoutAnswer(key, Said.REFUSED, 0, CLOSED)

    def _tell(self, key: str) -> PayoutAnswer:
        """What it says of a key that it has done: mostly the truth."""
        truth = self._truth(key)
        if self._happens(key, "pending"):
            return PayoutAnswer(key, Said.PENDING)
        if truth.said is Said.PAID and self._happens(key, "says_refused"):
            return PayoutAnswer(key, Said.REFUSED, 0, "no reason given")
        if truth.said is Said.PAID and self._happens(key, "wrong_amount"):
            return PayoutAnswer(key, Said.PAID, truth.amount_minor + 100)
        return truth

    def _happens(self, key: str, fault: str) -> bool:
        """By seed, key and how often this was drawn for the key: the same in every order of calls."""
        drawn = self._calls[key] = self._calls.get(key, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(key, fault, drawn))
