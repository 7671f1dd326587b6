"""People's lines month by month, at a house whose limits somebody moves: what a lender sees of each month, and what is lost.

Nothing about the people is assumed here beyond the city's own life (`core/life`): they buy what their limit bears, pay by means, will and
memory, and a larger limit is used. Who falls `DEFAULT_DAYS` behind has defaulted: what stands then is lost, and the line is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.draft import Ints
from honghua.sim.core.life import Cell, Crowd, Registry
from honghua.sim.core.life.accounts import Accounts
from honghua.sim.core.life.house import Settled
from honghua.sim.core.outcomes import Heard
from honghua.sim.core.people_truth import DEFAULT_DAYS, settle_apart

MONTH_DAYS: Final = 30
NEVER: Final = -1


class Month(NamedTuple):
    """What a lender sees of one month of k people, at its end. int64[k] each, minor units where it says so.

    purchases: how many on credit; refused: how many went beyond the limit; dpd: days past due now; dpd_most: the most of the month.
    """

    limit_minor: Ints
    used_minor: Ints
    bought_minor: Ints
    paid_minor: Ints
    purchases: Ints
    refused: Ints
    dpd: Ints
    dpd_most: Ints


@dataclass(frozen=True, slots=True)
class Lived:
    """months: in order; default_day int64[k]: of the life, NEVER = none; lost_minor int64[k]: what stood on it."""

    months: tuple[Month, ...]
    default_day: Ints
    lost_minor: Ints

    @property
    def bought_minor(self) -> Ints:
        """All that each bought on credit."""
        return np.asarray(sum(month.bought_minor for month in self.months), np.int64)


# From the months so far (the newest last) to the limits of the next, int64[k]: what it does not want to move it gives back as it stands.
Mover = Callable[[tuple[Month, ...]], Ints]


def keep_limits(months: tuple[Month, ...]) -> Ints:
    """Everybody's limit stays: the static policy."""
    return months[-1].limit_minor


def live_months(
    registry: Registry, who: Ints, limit_minor: Ints, *, months: int, future: tuple[int, int], move: Mover = keep_limits
) -> Lived:
    """The life of some people (ascending ids) who begin with these limits and owe nothing. The same for the same future.

    Cost: about 10 ms of CPU a person and year.
    """
    life, house = settle_apart(registry, who, limit_minor, seed=("months", *future), days=months * MONTH_DAYS)
    life.accounts.used_minor[:] = 0
    return _live(Cell(Crowd([life]), house), life.accounts, months, move)


def _live(cell: Cell, accounts: Accounts, months: int, move: Mover) -> Lived:
    k = len(accounts)
    default_day, lost = np.full(k, NEVER, np.int64), np.zeros(k, np.int64)
    seen: tuple[Month, ...] = ()
    for month in range(months):
        tally = np.zeros((4, k), np.int64)
        most, dpd = np.zeros(k, np.int64), np.zeros(k, np.int64)
        for day in range(month * MONTH_DAYS, (month + 1) * MONTH_DAYS):
            _count(tally, accounts, cell.play(day))
            dpd = np.where(accounts.minimum_minor > 0, np.maximum(day - accounts.due_day, 0), 0).astype(np.int64)
            np.maximum(most, dpd, out=most)
            gone = (dpd >= DEFAULT_DAYS) & (default_day == NEVER)
            default_day[gone], lost[gone] = day, accounts.used_minor[gone]
            accounts.limit_minor[default_day != NEVER] = 0
        seen = (
            *seen,
            Month(
                accounts.limit_minor.copy(),
                accounts.used_minor.copy(),
                tally[0],
                tally[1],
                tally[2],
                tally[3],
                dpd,
                most,
            ),
        )
        accounts.limit_minor[:] = np.where(default_day == NEVER, move(seen), 0)
    return Lived(seen, default_day, lost)


def _count(tally: Ints, accounts: Accounts, settled: Settled) -> None:
    """Bought and paid in minor units, purchases and refusals by number, of one day."""
    rows, heard = settled.rows, settled.outcomes
    places = accounts.rows_of(rows["customer"])
    ours = (places >= 0) & settled.kept
    bought = ours & (rows["kind"] == EventKind.PURCHASE) & (rows["credit"] > 0) & (heard.code == Heard.APPROVED)
    paid = ours & (rows["kind"] == EventKind.REPAYMENT)
    refused = (places >= 0) & (heard.code == Heard.REFUSED_LIMIT)
    for row, chosen, amounts in (
        (0, bought, rows["amount_minor"]),
        (1, paid, rows["amount_minor"]),
        (2, bought, None),
        (3, refused, None),
    ):
        np.add.at(tally[row], places[chosen], 1 if amounts is None else amounts[chosen])


__all__ = ["MONTH_DAYS", "NEVER", "Lived", "Month", "Mover", "keep_limits", "live_months"]
