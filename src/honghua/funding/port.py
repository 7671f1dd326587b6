"""The port to partners' systems, and a fake of it that loses, doubles and changes rows, by a seed.

Real partners are adapters of `PartnerSystem`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from honghua.base.errors import TimedOut
from honghua.base.faults import require_known, strikes

FAULTS: Final = ("timeout_before", "timeout_after", "loses_row", "doubles_row", "changes_amount", "invents_row")


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """One movement as a partner books it. key: of the event; what: loan and kind. Minor units."""

    key: str
    what: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PartnerStatement:
    """Everything that a partner booked for a day, with its own control sum."""

    day: dt.date
    rows: tuple[PartnerRow, ...]
    total_minor: int


class PartnerSystem(Protocol):
    """A partner's books."""

    @property
    def name(self) -> str:
        """What to call it; a fake says that it is one."""
        ...

    def deliver(self, day: dt.date, rows: Sequence[PartnerRow]) -> None:
        """Tell it what happened to its parts on a day; a row under a known key replaces what it says. Raises TimedOut."""
        ...

    def read_statement(self, day: dt.date) -> PartnerStatement:
        """What it has booked for a day. Raises TimedOut."""
        ...


@dataclass(slots=True)
class FakePartner:
    """A partner that is not one. faults: chance per call or row of each of `FAULTS`; what it got wrong it mends when told again."""

    lender: str
    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    books: dict[dt.date, list[PartnerRow]] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return f"fake partner {self.lender}"

    def deliver(self, day: dt.date, rows: Sequence[PartnerRow]) -> None:
        """See `PartnerSystem.deliver`."""
        if self._happens(str(day), "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        told = {row.key for row in rows}
        booked = [row for row in self.books.get(day, []) if row.key not in told and not row.key.startswith("invented")]
        for row in rows:
            if self._happens(row.key, "loses_row"):
                continue
            changed = self._happens(row.key, "changes_amount")
            booked.append(PartnerRow(row.key, row.what, row.amount_minor + 1) if changed else row)
            if self._happens(row.key, "doubles_row"):
                booked.append(booked[-1])
        if self._happens(str(day), "invents_row"):
            booked.append(PartnerRow(f"invented {day}", "nothing", 100))
        self.books[day] = booked
        if self._happens(str(day), "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")

    def read_statement(self, day: dt.date) -> PartnerStatement:
        """See `PartnerSystem.read_statement`."""
        if self._happens(str(day), "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        rows = tuple(self.books.get(day, ()))
        return PartnerStatement(day, rows, sum(row.amount_minor for row in rows))

    def _happens(self, key: str, fault: str) -> bool:
        drawn = self._calls[key] = self._calls.get(key, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(self.lender, key, fault, drawn))
