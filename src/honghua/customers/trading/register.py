"""The port to the register of businesses, and a fake that is none. A real register is an adapter of `BusinessRegister`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from honghua.base.errors import TimedOut
from honghua.base.faults import require_known, strikes
from honghua.customers.core.businesses import BusinessStanding, RegisterAnswer

FAULTS: Final = ("timeout", "lies")
FAKE_SINCE: Final = dt.date(2020, 1, 1)
Entry = tuple[BusinessStanding, str, dt.date | None]
NOBODY: Final[Entry] = (BusinessStanding.UNKNOWN, "", None)


class BusinessRegister(Protocol):
    """Whoever can say which business stands under a licence."""

    @property
    def name(self) -> str:
        """What to call it in records; a fake says that it is one."""
        ...

    @property
    def is_fake(self) -> bool:
        """Whether it is no register."""
        ...

    def ask(self, licence: str, *, claimed_by: str) -> RegisterAnswer:
        """What stands there. claimed_by: the name of whoever says that it is theirs. Raises TimedOut."""
        ...


@dataclass(slots=True)
class FakeBusinessRegister:
    """A register that is none. known: licence → (standing, owner, since); without any, every licence belongs to whoever claims it.

    faults, chance per call: timeout (no answer), lies (says of a licence that nobody knows it, and the other way round).
    """

    seed: int
    known: Mapping[str, Entry] | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake register of businesses (knows none)"

    @property
    def is_fake(self) -> bool:
        """It is."""
        return True

    def ask(self, licence: str, *, claimed_by: str) -> RegisterAnswer:
        """See `BusinessRegister.ask`."""
        self.calls += 1
        if self._happens(licence, "timeout"):
            raise TimedOut(f"{self.name} did not answer")
        found = self._look_up(licence, claimed_by)
        if self._happens(licence, "lies"):
            found = NOBODY if found[0] is BusinessStanding.ACTIVE else (BusinessStanding.ACTIVE, claimed_by, FAKE_SINCE)
        return RegisterAnswer(standing=found[0], register=self.name, is_fake=True, owner=found[1], since_on=found[2])

    def _look_up(self, licence: str, claimed_by: str) -> Entry:
        return (
            (BusinessStanding.ACTIVE, claimed_by, FAKE_SINCE) if self.known is None else self.known.get(licence, NOBODY)
        )

    def _happens(self, licence: str, fault: str) -> bool:
        return strikes(self.faults, fault, seed=self.seed, labels=(licence, fault, self.calls))


__all__ = ["BusinessRegister", "FakeBusinessRegister"]
