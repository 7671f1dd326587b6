"""The house of the files: a lender with one rule, so that a year of a city can be made without a platform.

Within the limit yes, beyond it no; a bill a month, a tenth of it as the least; who is late buys nothing on credit until the minimum
is paid. It charges nothing and knows no risk: whoever wants to see what risk control does lets the real platform settle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.almanac import Calendar
from honghua.sim.core.draft import Draft, Ints
from honghua.sim.core.kernels import settle_day
from honghua.sim.core.life.accounts import NEVER_DUE, Accounts
from honghua.sim.core.outcomes import Heard, Outcomes

Flags = NDArray[np.bool_]

GRACE_DAYS: Final = 10  # from the bill to its due day
MINIMUM_SHARE: Final = 10  # a tenth
MINIMUM_MINOR: Final = 10_000
LATE_DAYS: Final = 2  # after the due day, until the line is blocked


@dataclass(frozen=True, slots=True)
class Settled:
    """What wants came to. Rows are those of the wants, in their order.

    rows: the wants with `amount_minor`, `credit` and `kind` as they happened (a refused purchase that nobody pays otherwise is
    EventKind.REFUSED, with the amount that was wished); available_minor, limit_minor int64[n] before the event; kept bool[n]: is an event.
    """

    rows: Draft
    outcomes: Outcomes
    available_minor: Ints
    limit_minor: Ints
    kept: Flags


class Settler(Protocol):
    """Whoever answers wants: a house of the files, one with a risk engine, a platform."""

    def turn(self, day: int) -> None:
        """Begin a day: issue bills, count who is late."""
        ...

    def settle(self, day: int, rows: Draft) -> Settled:
        """Answer one day's wants, which come by (at_us, act)."""
        ...


@dataclass(slots=True)
class House:
    """The plain house of one cell, all arrays with a row for each account.

    bill_day int8: the day of the month, 1 … 28, on which the bill is due; first_limit_minor: what the house gives; line_day int32:
    when it opens the line, a day of the plan.
    """

    accounts: Accounts
    bill_day: NDArray[np.int8]
    first_limit_minor: Ints
    line_day: NDArray[np.int32]
    calendar: Calendar
    deferred_minor: Ints = field(init=False)
    release_minor: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.deferred_minor = np.zeros(len(self.accounts), np.int64)
        self.release_minor = np.zeros(len(self.accounts), np.int64)

    def turn(self, day: int) -> None:
        """Lines are opened; bills that are due in GRACE_DAYS are issued; whoever owes a minimum after its day is late."""
        accounts = self.accounts
        opened = np.flatnonzero(self.line_day == day)
        accounts.limit_minor[opened] = np.maximum(accounts.limit_minor[opened], self.first_limit_minor[opened])
        accounts.blocked = (accounts.minimum_minor > 0) & (day > accounts.due_day + LATE_DAYS)
        due = day + GRACE_DAYS
        billed = np.flatnonzero(self.bill_day == self.calendar.date(due).day)
        if len(billed):
            asked = np.minimum(self.release_minor[billed], self.deferred_minor[billed])
            self.deferred_minor[billed] -= asked
            self.release_minor[billed] = np.where(self.deferred_minor[billed] > 0, self.release_minor[billed], 0)
            unpaid = accounts.used_minor[billed] - self.deferred_minor[billed]
            least = np.minimum(
                np.maximum(unpaid // MINIMUM_SHARE, MINIMUM_MINOR) + accounts.minimum_minor[billed], unpaid
            )
            owing = (accounts.minimum_minor[billed] > 0) & (
                accounts.due_day[billed] < due
            )  # still late: the old day counts
            accounts.due_day[billed] = np.where(owing, accounts.due_day[billed], np.where(unpaid > 0, due, NEVER_DUE))
            accounts.unpaid_minor[billed], accounts.minimum_minor[billed] = unpaid, least

    def settle(self, day: int, rows: Draft) -> Settled:
        """Answer one day's wants, which come by (at_us, act)."""
        n = len(rows)
        accounts = self.accounts
        amount, credit, kind = rows["amount_minor"].copy(), rows["credit"].copy(), rows["kind"].copy()
        code, kept = np.zeros(n, np.int8), np.zeros(n, np.bool_)
        available, limit = np.zeros(n, np.int64), np.zeros(n, np.int64)
        settle_day(
            kind, accounts.rows_of(rows["customer"]), rows["share_ppm"], rows["grid_minor"], rows["instalments"], accounts.limit_minor,
            accounts.used_minor, accounts.unpaid_minor, accounts.minimum_minor, self.deferred_minor, self.release_minor, accounts.blocked,
            amount, credit, code, available, limit, kept,
        )  # fmt: skip
        refused = (code == Heard.REFUSED_LIMIT) & (credit > 0)
        granted = np.where(kept & (code == Heard.APPROVED), amount, 0)
        happened = {
            "amount_minor": amount,
            "credit": credit,
            "kind": np.where(refused, np.int64(EventKind.REFUSED), kind),
        }
        return Settled(Draft({**rows.columns, **happened}), Outcomes(code, granted), available, limit, kept)


__all__ = ["GRACE_DAYS", "House", "Settled", "Settler"]
