"""The port to the world's banks: how money is asked for and what may come of it. Real banks are adapters of `Bank`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from honghua.credit.core.debiting import Source


class DeclineReason(StrEnum):
    """Why a bank took nothing. Stored: never change a word."""

    FUNDS_SHORT = "funds_short"
    SOURCE_CLOSED = "source_closed"
    SOURCE_UNKNOWN = "source_unknown"
    MANDATE_MISSING = "mandate_missing"


@dataclass(frozen=True, slots=True)
class Paid:
    """The bank took `taken_minor` > 0, which may be less than asked for when less was allowed."""

    taken_minor: int


@dataclass(frozen=True, slots=True)
class Declined:
    """The bank took nothing, and never will under this key."""

    reason: DeclineReason


DebitAnswer = Paid | Declined


class Bank(Protocol):
    """Whoever can take money from a customer's sources. Under one key money moves at most once, however often asked."""

    @property
    def name(self) -> str:
        """What to call it in reports; a fake says that it is one."""
        ...

    def debit(
        self, *, key: str, source: Source, amount_minor: int, currency: str, at_least_minor: int | None = None
    ) -> DebitAnswer:
        """Take `amount_minor`, or, when the source has less, what it has, if that is `at_least_minor` (None = all).

        The same key again gives the first answer. Raises TimedOut: then nobody knows, and `find` tells later.
        """
        ...

    def find(self, key: str) -> DebitAnswer | None:
        """What became of a key; None when the bank has not met it (it may be on its way). Raises TimedOut."""
        ...
