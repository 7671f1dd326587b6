"""The result of checking one invariant: what every room's `invariants.py` returns and `honghua verify` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

BROKEN_IDS_MAX: Final = 100  # a broken invariant lists this many offenders at most: enough to look, never a flood


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant looked at: its stable name, how many things were checked, and the ids of those that break it.

    At most `BROKEN_IDS_MAX` ids are kept, so `broken` says *whether* and *where*, not how many.
    """

    name: str
    checked: int
    broken: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.broken) > BROKEN_IDS_MAX:
            object.__setattr__(self, "broken", self.broken[:BROKEN_IDS_MAX])

    @property
    def ok(self) -> bool:
        """Whether nothing breaks it."""
        return not self.broken


def check_of(name: str, checked: int, broken: Iterable[object]) -> Check:
    """A `Check` whose offenders may be ids of any kind."""
    return Check(name, int(checked), tuple(str(one) for one in broken))
