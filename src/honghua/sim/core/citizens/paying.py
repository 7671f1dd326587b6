"""Repayment: what people pay us of a bill, and when – by means, by will, by memory, and by what reminds them.

Ability and will are apart: who cannot pay waits for income, whatever is meant; who does not mean to pay has the money. Forgetting is a
third thing, which a reminder or an automatic debit heals.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.citizens.records import Citizens, Column, Flags
from honghua.sim.core.citizens.responses import Lift
from honghua.sim.core.citizens.standing import Rng, Standing
from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]

EARLY_DAYS: Final = 8  # before the due day, when bills begin to be looked at
EARLY: Final = -2.6  # log-odds of paying on such a day
AT_DUE: Final = 1.0  # on the last two days
LATE: Final = -1.1  # on a day after it
UNWILLING: Final = -4.2  # on a day after it, of those who did not mean to pay: collections find some
BURDEN: Final = 1.1  # log of unwillingness per month of income that a bill asks for
USUAL_BURDEN: Final = 0.4
MOST_BURDEN: Final = 3.0
TRUST_WILL: Final = 0.02
RESERVE_DAYS: Final = 6  # of spending that is kept back from a bill: who has little eats first


class Bills(NamedTuple):
    """Our bills that are open, k rows as in the standing: both amounts are what is still unpaid; reminded: today."""

    unpaid_minor: Ints
    minimum_minor: Ints
    due_day: Column
    reminded: Flags


def repays(citizens: Citizens, standing: Standing, bills: Bills, day: int, rng: Rng) -> Ints:
    """int64[k]: what each pays us today; their wallets are lighter by it."""
    pays = np.zeros(len(standing), np.int64)
    rows = np.flatnonzero((bills.unpaid_minor > 0) & (bills.due_day - day <= EARLY_DAYS))
    if not len(rows):
        return pays
    _make_up_minds(citizens, standing, bills, rows, rng)
    acts = rows[rng.random(len(rows)) < _chance(citizens, standing, bills, day, rows)]
    pays[acts] = _amount(citizens, standing, bills, acts)
    standing.wallet_minor -= pays
    return pays


def _make_up_minds(citizens: Citizens, standing: Standing, bills: Bills, rows: Ints, rng: Rng) -> None:
    """A new bill is meant to be paid or not, once; trust that was hurt and a bill that is large against the income cost will."""
    new = rows[standing.bill_day[rows] != bills.due_day[rows]]
    who = standing.who[new]
    burden = np.minimum(bills.unpaid_minor[new] / citizens.base_minor[who], MOST_BURDEN)
    unwilling = (1.0 - citizens.will[who]) * np.exp(BURDEN * (burden - USUAL_BURDEN))
    will = 1.0 - unwilling - TRUST_WILL * (1 - np.minimum(standing.trust[new], 1.0))
    standing.means_to_pay[new] = rng.random(len(new)) < will
    standing.bill_day[new] = bills.due_day[new]


def _chance(citizens: Citizens, standing: Standing, bills: Bills, day: int, rows: Ints) -> Floats:
    """The chance to act on the bill today."""
    who = standing.who[rows]
    left = bills.due_day[rows] - day
    mindful = citizens.mindful[who].astype(np.float64)
    odds = np.select([left > 1, left >= 0], [EARLY, AT_DUE], LATE) + 2.0 * (mindful - 0.8)
    odds = odds + np.where(bills.reminded[rows], citizens.lifts[who, Lift.REMINDER], 0.0)
    unwilling = UNWILLING + np.where(bills.reminded[rows], 0.5 * citizens.lifts[who, Lift.REMINDER], 0.0)
    odds = np.where(standing.means_to_pay[rows], odds, np.where(left < 0, unwilling, -9.0))
    chance = 1 / (1 + np.exp(-odds))
    debited = citizens.autopay[who] & (left <= 0) & standing.means_to_pay[rows]
    return np.asarray(np.where(debited, 1.0, chance), np.float64)


def _amount(citizens: Citizens, standing: Standing, bills: Bills, rows: Ints) -> Ints:
    """What those who act can and will pay: the whole, a part, at least the minimum, or what there is."""
    wallet = np.maximum(standing.wallet_minor[rows], 0)
    reserve = citizens.spend_minor[standing.who[rows]].astype(np.int64) * RESERVE_DAYS // 30
    unpaid, minimum = bills.unpaid_minor[rows], np.minimum(bills.minimum_minor[rows], bills.unpaid_minor[rows])
    wished = np.maximum((unpaid * standing.manner[rows]).astype(np.int64), minimum)
    wished = np.where(standing.manner[rows] >= 1.0, unpaid, wished)
    spare = np.maximum(wallet - reserve, 0)
    paid = np.where(spare >= wished, wished, spare)
    return np.asarray(paid, np.int64)


__all__ = ["Bills", "repays"]
