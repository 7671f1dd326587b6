"""Plain purchases booked by one kernel: debt at once and whole, approved on an account that stands as was foreseen.

Whatever is not plain (refused, suspended, approved with less, an account that moved) is left to the handlers, one by one, in its
turn. A test lives through the same stream both ways and finds the same books, to the last column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.credit.booking import Booking, Purchases
from honghua.credit.core.account import Lines
from honghua.credit.core.deciding import RULE_INPUTS
from honghua.credit.core.desk import Answer
from honghua.credit.core.kernels.buying import IN_AMOUNT, buy_many
from honghua.credit.core.kernels.measures import COMPONENTS
from honghua.credit.core.layout import EVENT, OK
from honghua.credit.plain.orders import Survey, is_plain
from honghua.credit.plain.table import AccountTable
from honghua.credit.registry import SensedOrders
from honghua.decision.core import DecisionRow, Outcome
from honghua.facts.kinds import SCENE, FactKind
from honghua.store.facts import FactBatch

Ints = NDArray[np.int64]
FIXED: Final = 6  # arguments of a captured purchase before its scene


class FactIds:
    """Numbers for a unit's facts, given out in rising order: one by one, or many as an array."""

    __slots__ = ("at", "ids")

    def __init__(self, ids: Ints) -> None:
        self.ids, self.at = ids, 0

    def take(self, n: int) -> Ints:
        """The next n."""
        self.at += n
        assert self.at <= len(self.ids), "no more facts than a command may book"
        return self.ids[self.at - n : self.at]


class PlainRun:
    """Orders surveyed together, of which `book` takes as many as it can. approved bool[n]: by a judge who saw what is foreseen.

    stirred: customers of whom the batch brings other commands, too; what is said about them may look at their purchases of this unit.
    """

    def __init__(
        self, survey: Survey, orders: SensedOrders, approved: NDArray[np.bool_], table: AccountTable, stirred: set[str]
    ) -> None:
        n = len(orders)
        self.commands, self.orders, self.table = survey.commands, orders, table
        plain = [is_plain(o) and o.customer not in stirred for o in survey.commands]
        self.approved = approved & (orders.places >= 0) & plain
        self.rows = {spot: row for row, spot in enumerate(survey.spots)}
        gaps = np.flatnonzero(np.diff(survey.spots) != 1)
        self.ends = np.append(gaps + 1, n)[np.searchsorted(gaps, np.arange(n))]  # of the orders without a gap, by row
        self.terms = table.terms()
        self.event, self.after = np.zeros(EVENT, np.int64), np.zeros(COMPONENTS, np.int64)
        self.days, self.counts, self.fact_ids = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.codes, self.amounts = np.zeros((n, COMPONENTS), np.int64), np.zeros((n, COMPONENTS), np.int64)

    def forsake(self, place: int) -> None:
        """A handler left the account of this place with a state of its own: what else it buys is not plain."""
        self.approved &= self.orders.places != place

    def book(self, spot: int, fact_ids: FactIds, today: int) -> slice:
        """Book plain purchases from a place of the batch on; gives the rows booked, which may be none."""
        row = self.rows.get(spot, -1)
        if row < 0 or not self.approved[row]:
            return slice(0, 0)
        table, orders, end = self.table, self.orders, int(self.ends[row])
        stop, status = buy_many(
            row, self.approved[:end], orders.places[:end], orders.category_ids, orders.inputs, today,
            table.heads, table.dues, table.plans, table.balances, self.terms, self.event, self.after, self.days, self.counts,
            self.codes, self.amounts,
        )  # fmt: skip
        if status != OK:  # its handler will meet the same, and set the account aside
            self.forsake(int(orders.places[stop]))
        rows = slice(row, int(stop))
        if stop > row:
            self.fact_ids[rows] = fact_ids.take(int(stop) - row)
            table.touched[orders.places[rows]] = True
            table.last_fact_ids[orders.places[rows]] = self.fact_ids[rows]
        return rows

    def close(self, booking: Booking, currency: str) -> None:
        """Collect what was booked."""
        rows = np.flatnonzero(self.fact_ids)
        if not len(rows):
            return
        orders, fact_ids = self.orders, self.fact_ids[rows]
        places, value_on = rows.tolist(), np.full(len(rows), booking.today, np.int64)
        args, offsets = _arguments(orders.category_ids[rows], [orders.scenes[k] for k in places])
        booking.plain.append(FactBatch(
            fact_id=fact_ids, kind=np.full(len(rows), int(FactKind.PURCHASE_CAPTURED)),
            account_id=orders.account_ids[rows], value_on=value_on, effective_on=self.days[rows], happened_at=orders.at_us[rows],
            amount_minor=orders.inputs[rows, IN_AMOUNT], counterparty_id=orders.merchant_ids[rows],
            purchase_id=orders.command_ids[rows], command_id=orders.command_ids[rows], args_values=args, args_offsets=offsets,
            reference=[self.commands[k].order for k in places],
        ))  # fmt: skip
        shown = np.arange(COMPONENTS)[None, :] < self.counts[rows, None]
        booking.post_many(
            currency, Purchases(fact_ids, orders.account_ids[rows], orders.merchant_ids[rows], self.counts[rows]),
            Lines(self.codes[rows][shown], self.amounts[rows][shown]),
        )  # fmt: skip

    def answers(self, rows: slice) -> list[Answer]:
        """What buyers are told, one each."""
        orders = self.orders
        told = zip(
            orders.command_ids[rows].tolist(),
            orders.inputs[rows, IN_AMOUNT].tolist(),
            self.fact_ids[rows].tolist(),
            strict=True,
        )
        return [
            {"outcome": "approved", "purchase_id": number, "amount_minor": amount, "fee_minor": 0, "fact_id": fact_id}
            for number, amount, fact_id in told
        ]

    def decisions(self, rows: slice) -> list[DecisionRow]:
        """What the account rules leave on record, where they judged alone."""
        orders = self.orders
        heads = zip(orders.account_ids[rows].tolist(), orders.command_ids[rows].tolist(), strict=True)
        vectors = map(tuple, orders.inputs[rows, :RULE_INPUTS].tolist())
        return [
            DecisionRow(account_id, number, int(Outcome.APPROVE), "", vector)
            for (account_id, number), vector in zip(heads, vectors, strict=True)
        ]


def _arguments(categories: Ints, scenes: Sequence[tuple[int, ...]]) -> tuple[Ints, Ints]:
    """Arguments of captured purchases, flat with offsets: nothing released, no plan, the category, and the scene where one is told."""
    n = len(categories)
    flat = np.zeros((n, FIXED + len(SCENE)), np.int64)
    flat[:, FIXED - 1] = categories
    told = np.array(list(map(bool, scenes)), np.bool_)
    if told.any():
        flat[told, FIXED:] = [scene for scene in scenes if scene]
    widths = np.where(told, FIXED + len(SCENE), FIXED)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(widths, out=offsets[1:])
    return flat[np.arange(flat.shape[1])[None, :] < widths[:, None]], offsets


__all__ = ["FactIds", "PlainRun"]
