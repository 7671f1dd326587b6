"""How far contracts have come: which of the twelve steps were ever taken, and which accounts no contract opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.credit.core.journey import Step
from honghua.credit.journey import store

NAMED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Coverage:
    """passed: rows that passed each step; without_contract: accounts opened by a plain OpenAccount, the first of them by number."""

    passed: dict[Step, int]
    accounts_without: int
    without_contract: tuple[int, ...]

    @property
    def steps_covered(self) -> int:
        """How many of the twelve steps were passed at least once."""
        return sum(count > 0 for count in self.passed.values())


def measure_coverage(conn: psycopg.Connection) -> Coverage:
    """The report over the whole book."""
    passed = store.count_passed(conn)
    count, ids = store.list_without_contract(conn, limit=NAMED_MAX)
    return Coverage({step: passed.get(step, 0) for step in Step}, count, tuple(ids))
