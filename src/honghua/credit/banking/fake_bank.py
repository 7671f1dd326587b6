"""A bank that is not one: it moves no real money, and fails in all the ways in which banks fail, by a seed.

Under one key it takes money once, like the real ones it stands for. With `path` it writes what it did to a file before
it answers, so that it survives our being killed: one JSON object a line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from honghua.base.errors import BadInput, TimedOut
from honghua.base.faults import require_known, strikes
from honghua.credit.banking.bank import DebitAnswer, Declined, DeclineReason, Paid
from honghua.credit.core.debiting import Source, SourceKind

PLENTY_MINOR: Final = 10**12
FAULTS: Final = ("timeout_before", "timeout_after", "timeout_under_way", "find_timeout", "answers_twice")


@dataclass(slots=True)
class FakeBank:
    """Balances per source reference, and how often which fault happens (probability per call).

    timeout_before      times out and has taken nothing, nor ever heard of the key
    timeout_after       times out after it has taken the money
    timeout_under_way   times out; it hears of the key only after the next `find`, which still knows nothing
    find_timeout        does not answer the question what became of a key
    answers_twice       says the same again by itself, later: see `take_callbacks`
    """

    seed: int
    funds_minor: dict[str, int] = field(default_factory=dict)
    funds_minor_default: int = PLENTY_MINOR
    faults: Mapping[str, float] = field(default_factory=dict)
    path: Path | None = None
    answers: dict[str, DebitAnswer] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    _asked: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    _under_way: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _callbacks: list[tuple[str, DebitAnswer]] = field(default_factory=list)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)
        if self.path is not None and self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._remember_line(line)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake bank (moves no real money)"

    @property
    def taken_minor(self) -> int:
        """All the money it took: what the books must show as repaid through it."""
        return sum(answer.taken_minor for answer in self.answers.values() if isinstance(answer, Paid))

    def debit(
        self, *, key: str, source: Source, amount_minor: int, currency: str, at_least_minor: int | None = None
    ) -> DebitAnswer:
        """See `Bank.debit`; one key with another question is BadInput, as at any bank."""
        wanted = (source.reference, amount_minor, currency)
        if self._asked.setdefault(key, wanted) != wanted:
            raise BadInput(f"key {key!r} was used for another debit", code="BANK_KEY_REUSED")
        if source.kind is SourceKind.CREDIT_CARD:
            raise BadInput("a credit card cannot be debited for a credit bill", code="BANK_SOURCE_WRONG")
        least = amount_minor if at_least_minor is None else at_least_minor
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        if key not in self.answers and self._happens(key, "timeout_under_way"):
            self._under_way[key] = (source.reference, amount_minor, least)
            raise TimedOut(f"{self.name} did not answer")
        answer = self._take(key, source.reference, amount_minor, least)
        if self._happens(key, "answers_twice"):
            self._callbacks.append((key, answer))
        if self._happens(key, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")
        return answer

    def find(self, key: str) -> DebitAnswer | None:
        """See `Bank.find`."""
        if self._happens(key, "find_timeout"):
            raise TimedOut(f"{self.name} did not answer")
        answer = self.answers.get(key)
        if key in self._under_way:
            self._take(key, *self._under_way.pop(key))
        return answer

    def take_callbacks(self) -> list[tuple[str, DebitAnswer]]:
        """Answers that it gives by itself, long after: each was given before."""
        found, self._callbacks = self._callbacks, []
        return found

    def _take(self, key: str, reference: str, amount_minor: int, least_minor: int) -> DebitAnswer:
        known = self.answers.get(key)
        if known is not None:
            return known
        there = self.funds_minor.get(reference, self.funds_minor_default)
        part = min(amount_minor, there)
        answer: DebitAnswer = Declined(DeclineReason.FUNDS_SHORT) if part < max(least_minor, 1) else Paid(part)
        taken = answer.taken_minor if isinstance(answer, Paid) else 0
        if self.path is not None:
            self._write(key, reference, taken)
        self._apply(key, reference, answer, taken)
        return answer

    def _apply(self, key: str, reference: str, answer: DebitAnswer, taken: int) -> None:
        self.answers[key] = answer
        self.funds_minor[reference] = self.funds_minor.get(reference, self.funds_minor_default) - taken

    def _write(self, key: str, reference: str, taken: int) -> None:
        assert self.path is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode({"key": key, "reference": reference, "taken_minor": taken}) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _remember_line(self, line: str) -> None:
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return  # killed while writing: that money was not taken
        taken = int(row["taken_minor"])
        answer: DebitAnswer = Paid(taken) if taken else Declined(DeclineReason.FUNDS_SHORT)
        self._apply(row["key"], row["reference"], answer, taken)

    def _happens(self, key: str, fault: str) -> bool:
        """By seed, key and how often this was drawn for the key: the same in every order of calls."""
        drawn = self.calls[key] = self.calls.get(key, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(key, fault, drawn))
